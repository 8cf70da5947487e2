/** `std/io`: what every stream has. */
import { Errno } from "../abi.js";
import { SubmissionWord } from "../backend/stage.js";
import { Right } from "../handles.js";
import type { Loop } from "../loop.js";
import { hasOffset, hasOtherFlags, hasRange0, hasRange1, useHandle, Verdict } from "./call.js";

const ALL_ONES = 0xffffffff;

/** `Op.Nop`. */
export function nop(loop: Loop, at: number): number {
  const words = loop.staging.words;
  if (words[at + SubmissionWord.Descriptor] !== 0 || hasOtherFlags(words, at, 0) ||
    hasRange0(words, at) || hasRange1(words, at) || hasOffset(words, at)) return -Errno.EINVAL;
  return Verdict.Finished;
}

/** `Op.Close`. */
export function close(loop: Loop, at: number): number {
  const words = loop.staging.words;
  if (hasOtherFlags(words, at, 0) || hasRange0(words, at) || hasRange1(words, at) ||
    hasOffset(words, at)) return -Errno.EINVAL;
  const index = loop.handles.find(words[at + SubmissionWord.Descriptor]!);
  if (index < 0) return index;
  loop.target = index;
  return Verdict.Closing;
}

/** `Op.Read`. */
export function read(loop: Loop, at: number): number {
  return transfer(loop, at, Right.Read);
}

/** `Op.Write`. */
export function write(loop: Loop, at: number): number {
  return transfer(loop, at, Right.Write);
}

function transfer(loop: Loop, at: number, right: Right): number {
  const words = loop.staging.words;
  if (hasOtherFlags(words, at, 0) || hasRange1(words, at)) return -Errno.EINVAL;
  // Negative offsets mean nothing, except `Offset.Current`.
  const high = words[at + SubmissionWord.OffsetHigh]!;
  if (high > 0x7fffffff &&
    (high !== ALL_ONES || words[at + SubmissionWord.OffsetLow] !== ALL_ONES)) return -Errno.EINVAL;
  const pointer = words[at + SubmissionWord.Pointer0]!;
  if (!loop.memory.contains(pointer, words[at + SubmissionWord.Length0]!)) return -Errno.EFAULT;
  return useHandle(loop, at, right);
}
