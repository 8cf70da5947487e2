/** Checks for guest programs: the app dies with what was wrong. */
import { getVar } from "std/env";
import { BufResult, Error as IoError, ErrorKind, Result } from "std/io";
import { Vec } from "std/vec";

export function check(holds: bool, what: string): void {
  if (!holds) throw new Error("check failed: " + what);
}

export function equal<T>(got: T, wanted: T, what: string): void {
  if (got == wanted) return;
  throw new Error("check failed: " + what + `: got ${got}, wanted ${wanted}`);
}

/** The result must be an error of this kind whose message names all the words. */
export function fails<T>(result: Result<T>, kind: ErrorKind, words: string): void {
  check(result.isErr, words + " should have failed");
  expectError(result.error, kind, words);
}

export function failsToTransfer(result: BufResult, kind: ErrorKind, words: string): void {
  check(result.isErr, words + " should have failed");
  equal<i32>(result.n, 0, "n of a failed transfer");
  expectError(result.error, kind, words);
}

/** The error must be of this kind, and its message must name all the words. */
export function expectError(error: IoError, kind: ErrorKind, words: string): void {
  equal<ErrorKind>(error.kind, kind, "kind of the error: " + error.message);
  const list = words.split(" ");
  for (let i = 0; i < list.length; i++) {
    check(error.message.includes(list[i]), `"${error.message}" does not name ${list[i]}`);
  }
}

/** There must be no error. */
export function isDone(error: IoError | null, what: string): void {
  if (error !== null) throw new Error("check failed: " + what + ": " + error.message);
}

/** Bytes that tell where they stand. */
export function pattern(length: i32, seed: i32 = 0): Vec<u8> {
  const bytes = Vec.withCapacity<u8>(length);
  for (let i = 0; i < length; i++) bytes.push(<u8>((i + seed) * 31 + ((i + seed) >> 8) * 7));
  return bytes;
}

export function text(bytes: Vec<u8>): string {
  return bytes.toString();
}

/** Whether files are the operating system's, which has numbers of its own for errors. */
export function isOfSystem(): bool {
  return getVar("STD_TEST_VIRTUAL") === null;
}
