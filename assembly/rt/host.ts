import * as host from "../abi/imports";
import { Vec } from "../vec";

// What is synchronous in the surface, for modules that touch no memory themselves.

/** The answer to an `Info`, or `null` past the last one or when the host does not tell. */
export function hostInfo(what: u32, index: u32): Vec<u8> | null {
  let vec = Vec.withCapacity<u8>(64);
  while (true) {
    const length = host.info(what, index, vec.addressOf(0), vec.capacity);
    if (length < 0) return null;
    if (length <= vec.capacity) {
      vec.setLength(length);
      return vec;
    }
    vec = Vec.withCapacity<u8>(length);
  }
}

/** Fills all elements of a buffer with random bytes. 0 or a negative `Errno`. */
export function hostRandom(vec: Vec<u8>): i32 {
  return host.random(vec.addressOf(0), vec.length);
}

/** A random number of 64 bits. */
export function hostRandomU64(): u64 {
  if (host.random(SCRATCH, 8) != 0) unreachable();
  return load<u64>(SCRATCH);
}

// @ts-ignore: decorator
@lazy const SCRATCH: usize = memory.data(8);

/** Says what relative paths start from, whatever is there. 0 or a negative `Errno`. */
export function hostChdir(path: Vec<u8>): i32 {
  return host.chdir(path.addressOf(0), path.length);
}

/** A `Terminal` command on a handle. ≥ 0 the answer, or a negative `Errno`. */
export function hostTerminal(handle: u32, command: u32, argument: u32): i64 {
  return host.terminal(handle, command, argument);
}

/** The time of a `Clock` in nanoseconds, or a negative `Errno`. */
export function hostNow(clock: u32): i64 {
  return host.now(clock);
}

/** Ends the process at once. */
export function hostExit(code: i32): void {
  host.exit(code);
  unreachable();
}

/** What `Math.random` starts from. */
export function seed(): f64 {
  return <f64>(hostRandomU64() >> 11);
}

/**
 * AssemblyScript's `trace`: a line with up to five numbers on the standard error. It is there when
 * this returns, even if the app dies in its next line.
 */
export function trace(
  message: string,
  n: i32 = 0,
  a0: f64 = 0,
  a1: f64 = 0,
  a2: f64 = 0,
  a3: f64 = 0,
  a4: f64 = 0,
): void {
  let line = "trace: " + message;
  if (n > 0) line += ` ${a0}`;
  if (n > 1) line += `, ${a1}`;
  if (n > 2) line += `, ${a2}`;
  if (n > 3) line += `, ${a3}`;
  if (n > 4) line += `, ${a4}`;
  const text = Vec.fromString(line + "\n");
  host.trace(text.addressOf(0), text.length);
}
