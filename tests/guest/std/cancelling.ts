/** What is shared by guests that cancel every operation of a module. */
import { readDir } from "std/fs";
import { BufResult, Error, ErrorKind, Result } from "std/io";
import { yieldNow } from "std/rt";
import { Duration, timeout } from "std/time";
import { check, equal, expectError } from "./check";

/**
 * When an operation is cancelled: before the host has it, after so many turns, by a timeout that
 * has passed already.
 */
export const MOMENTS: i32 = 6;
/** The last of them. */
export const BY_TIMEOUT: i32 = MOMENTS - 1;

/** What a timeout says. */
export const TIMED_OUT = "timed out";

/** How it has ended: with an error, or with `null`. */
export async function ended<T>(promise: Promise<Result<T>>): Promise<Error | null> {
  const result = await promise;
  return result.isErr ? result.error : null;
}

/** The same; what was opened is closed. */
export async function opened<T>(promise: Promise<Result<T>>): Promise<Error | null> {
  const result = await promise;
  if (result.isErr) return result.error;
  check((await result.unwrap().close()).isOk, "close");
  return null;
}

/** The same of a transfer, whose buffer must have come back. */
export async function moved<T extends BufResult>(promise: Promise<T>): Promise<Error | null> {
  const result = await promise;
  check(!result.buf.isLent, "the buffer came back");
  return result.isErr ? result.error : null;
}

/**
 * Cancels what has begun, at the moment of this number. It has one outcome: an error that says so
 * and names the words, or success.
 */
export async function cancelAt(
  moment: i32, begun: Promise<Error | null>, words: string,
): Promise<Error | null> {
  const error = await outcomeAt(moment, begun, words);
  check(moment > 0 || error !== null, words + ": what the host never saw is no success");
  if (error !== null && error.message != TIMED_OUT) expectError(error, ErrorKind.Cancelled, words);
  return error;
}

/** The same, for what may have another error, or may be done without the host. */
export async function outcomeAt(
  moment: i32, begun: Promise<Error | null>, words: string,
): Promise<Error | null> {
  if (moment == BY_TIMEOUT) {
    const result = await timeout(begun, Duration.zero());
    if (result.isOk) return result.unwrap();
    expectError(result.error, ErrorKind.TimedOut, TIMED_OUT);
    return result.error;
  }
  for (let turn = 0; turn < moment; turn++) await yieldNow();
  begun.cancel();
  const error = await begun;
  check(begun.isFulfilled, words + ": it has an outcome");
  begun.cancel();
  check((await begun) === error, words + ": which stays the same");
  return error;
}

/** How many descriptors the process has. */
export async function descriptors(): Promise<i32> {
  const reader = (await readDir("/proc/self/fd")).unwrap();
  let count = 0;
  while ((await reader.next()).unwrap() !== null) count++;
  check((await reader.close()).isOk, "close");
  return count;
}

/** What was given up is closed a moment later: then there are as many as there were. */
export async function sameDescriptors(before: i32): Promise<void> {
  let now = await descriptors();
  for (let i = 0; i < 1000 && now != before; i++) now = await descriptors();
  equal(now, before, "descriptors");
}
