/**
 * What a call is: it decodes and checks one submission and does no I/O. The loop has copied the
 * record to word `at` of the stage, the guest's handle in place of the descriptor; a call checks it
 * there, puts in the descriptor, and says what becomes of it. What it refuses is simply not
 * committed.
 */
import { Errno } from "../abi.js";
import { StageArgument, SubmissionWord } from "../backend/stage.js";
import type { Loop } from "../loop.js";
import { VIRTUAL } from "../resource/resource.js";

/** What becomes of a submission. A negative number is an `Errno` that refuses it. */
export const enum Verdict {
  /** The submission in the stage is ready for the backend; `loop.target` is its handle. */
  Staged = 0,
  /** It has completed with 0. */
  Finished = 1,
  /** The handle `loop.target` is to be closed. */
  Closing = 2,
}

/** Checks the submission at word `at` of the stage. */
export type Call = (loop: Loop, at: number) => number;

/** Whether any of the words of (ptr0, len0) is set, for an op that has no first range. */
export function hasRange0(words: Uint32Array, at: number): boolean {
  return (words[at + SubmissionWord.Pointer0]! | words[at + SubmissionWord.Length0]!) !== 0;
}

/** Whether any of the words of (ptr1, len1) is set, for an op that has no second range. */
export function hasRange1(words: Uint32Array, at: number): boolean {
  return (words[at + SubmissionWord.Pointer1]! | words[at + SubmissionWord.Length1]!) !== 0;
}

/** Whether `offset` is set, for an op that has none. */
export function hasOffset(words: Uint32Array, at: number): boolean {
  return (words[at + SubmissionWord.OffsetLow]! | words[at + SubmissionWord.OffsetHigh]!) !== 0;
}

/** Whether flags are set that `known` does not have. */
export function hasOtherFlags(words: Uint32Array, at: number, known: number): boolean {
  return (words[at + SubmissionWord.Flags]! & ~known) !== 0;
}

/** Whether `offset` holds permission bits and nothing else. */
export function isMode(words: Uint32Array, at: number): boolean {
  return words[at + SubmissionWord.OffsetLow]! <= 0o7777 &&
    words[at + SubmissionWord.OffsetHigh] === 0;
}

/**
 * Puts the descriptor of the submission's handle in its place.
 *
 * @returns `Verdict.Staged`, or a negative `Errno` when the handle is not open or lacks a right.
 */
export function useHandle(loop: Loop, at: number, rights: number): number {
  const words = loop.staging.words;
  const index = loop.handles.require(words[at + SubmissionWord.Descriptor]!, rights);
  if (index < 0) return index;
  const resource = loop.handles.resource(index);
  if (resource.descriptor === VIRTUAL) return -Errno.ENOTSUP;
  words[at + SubmissionWord.Descriptor] = resource.descriptor;
  if (resource.isTerminal) words[at + SubmissionWord.Argument] = StageArgument.Terminal;
  loop.target = index;
  return Verdict.Staged;
}
