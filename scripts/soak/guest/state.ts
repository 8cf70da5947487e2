/** What all the workers of the soak share: how long they run, what they count, and randomness. */
import { BufResult, Result } from "std/io";
import { Instant } from "std/time";
import { Vec } from "std/vec";

let began: Instant | null = null;
let span: i64 = 0;
let bits: u32 = 0x2545f491;
const counts = new Map<string, i32>();

/** Begins a round of so many milliseconds. */
export function beginRound(millis: i64): void {
  began = Instant.now();
  span = millis;
}

/** Whether the round goes on. */
export function isRunning(): bool {
  return began!.elapsed().asMillis() < span;
}

/** Counts one more of the thing. */
export function done(what: string): void {
  counts.set(what, (counts.has(what) ? counts.get(what) : 0) + 1);
}

/** What was counted since it was asked for last. */
export function takeCounts(): string {
  const keys = counts.keys();
  let text = "";
  for (let i = 0; i < keys.length; i++) text += ` ${keys[i]}=${counts.get(keys[i])}`;
  counts.clear();
  return text;
}

/** A number below `limit`. */
export function below(limit: i32): i32 {
  bits ^= bits << 13;
  bits ^= bits >> 17;
  bits ^= bits << 5;
  return <i32>(bits % <u32>limit);
}

export function check(holds: bool, what: string): void {
  if (!holds) throw new Error("soak: " + what);
}

/** The value; what went wrong ends the soak. */
export function sound<T>(result: Result<T>, what: string): T {
  if (result.isErr) throw new Error(`soak: ${what}: ${result.error.message}`);
  return result.unwrap();
}

export function soundTransfer(result: BufResult, what: string): BufResult {
  if (result.isErr) throw new Error(`soak: ${what}: ${result.error.message}`);
  return result;
}

/** Bytes that tell where they stand. */
export function pattern(length: i32, seed: i32): Vec<u8> {
  const bytes = Vec.withCapacity<u8>(length);
  bytes.setLength(length);
  for (let i = 0; i < length; i++) bytes[i] = <u8>((i + seed) * 31 + ((i + seed) >> 8) * 7);
  return bytes;
}

/** Whether the bytes are those of the pattern from `at` on. */
export function isPattern(bytes: Vec<u8>, length: i32, at: i32, seed: i32): bool {
  for (let i = 0; i < length; i++) {
    const place = i + at + seed;
    if (bytes[i] != <u8>(place * 31 + (place >> 8) * 7)) return false;
  }
  return true;
}
