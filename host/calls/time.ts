/** `std/time`: the clocks. */
import { Clock, Errno } from "../abi.js";
import type { Parts } from "../parts.js";

/** Nanoseconds since the instance was made. */
export function monotonicNow(parts: Parts): number {
  return parts.context.monotonicClock.now() - parts.origin;
}

/** The import `now`: nanoseconds, or a negative `Errno`. */
export function now(parts: Parts, clock: number): bigint {
  if (clock === Clock.Monotonic) return BigInt(monotonicNow(parts));
  if (clock === Clock.Realtime) return parts.context.systemClock.now();
  return BigInt(-Errno.EINVAL);
}
