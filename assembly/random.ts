/**
 * Randomness from the host: the system's generator, fit for keys, unless an embedder has put a
 * deterministic one in its place. Nothing here waits.
 *
 * Use it as `import * as random from "std/random"`: an `u32` imported by its name would hide the
 * type.
 *
 * @module
 */
import { Error, Result, Unit } from "./error";
import { hostRandom, hostRandomU64 } from "./rt/host";
import { Vec } from "./vec";

/**
 * Fills `buf` with random bytes up to its capacity, and sets its length to that, as a read would.
 * Fails only where the host has no randomness to give.
 */
export function fill(buf: Vec<u8>): Result<Unit> {
  buf.setLength(buf.capacity);
  const errno = hostRandom(buf);
  if (errno != 0) return Result.err<Unit>(Error.fromResult(errno, 0, "random"));
  return Result.unit();
}

function nextU32(): u32 {
  return <u32>hostRandomU64();
}

function nextU64(): u64 {
  return hostRandomU64();
}

// Declared under other names: inside this module, too, `u32` is a type.
export {
  /** A uniformly distributed number of 32 bits. */
  nextU32 as u32,
  /** A uniformly distributed number of 64 bits. */
  nextU64 as u64,
};
