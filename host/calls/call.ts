/**
 * What a call is: it reads the fields of one record, checks them, writes the submission, and does
 * no I/O. What it refuses is simply not committed.
 */
import { Errno } from "../abi.js";
import { INDEX_MASK, Right } from "../handles.js";
import type { Loop } from "../loop.js";

/** What becomes of a submission. A negative number is an `Errno` that refuses it. */
export const enum Verdict {
  /** The submission in the stage is ready for the backend; `loop.target` is its handle. */
  Staged = 0,
  /** It has completed with 0. */
  Finished = 1,
  /** The handle `loop.target` is to be closed. */
  Closing = 2,
}

/** Serves the record whose first word has the index `at`; it lies inside guest memory. */
export type Call = (loop: Loop, at: number) => number;

/** Whether (ptr0, len0) is set, for an op that has no first range. */
export function hasRange0({ memory }: Loop, at: number): boolean {
  return (memory.pointer0(at) | memory.length0(at)) !== 0;
}

/** Whether (ptr1, len1) is set, for an op that has no second range. */
export function hasRange1({ memory }: Loop, at: number): boolean {
  return (memory.pointer1(at) | memory.length1(at)) !== 0;
}

/** Whether `offset` is set, for an op that has none. */
export function hasOffset({ memory }: Loop, at: number): boolean {
  return (memory.offsetLow(at) | memory.offsetHigh(at)) !== 0;
}

const HIGHEST_MODE = 0o7777;
/** The bits by which whoever starts a file acts as its owner or its group. */
const SET_ID = 0o6000;

/**
 * Whether the guest may give a file the permission bits in the halves of `offset`. A guest that was
 * given directories may not lend others the rights of who runs it: they have them outside, too.
 *
 * @returns 0 or a negative `Errno`.
 */
export function checkMode({ namespace }: Loop, low: number, high: number): number {
  if (low > HIGHEST_MODE || high !== 0) return -Errno.EINVAL;
  return (low & SET_ID) !== 0 && !namespace.isAmbient ? -Errno.EPERM : 0;
}

/**
 * Takes a handle as what the submission works on.
 *
 * @returns its descriptor, which is never negative; or a negative `Errno` when it is not open, or
 *   lacks a right.
 */
export function useHandle(loop: Loop, handle: number, rights: number): number {
  const index = loop.handles.require(handle, rights);
  if (index < 0) {
    if (index === -Errno.EACCES && (rights & Right.Change) !== 0) noteReadOnly(loop, handle);
    return index;
  }
  loop.target = index;
  return loop.handles.descriptor(index);
}

/** Notes that what is open by `handle` was not to be changed, if that is for want of a grant. */
function noteReadOnly({ handles, refusals }: Loop, handle: number): void {
  if (handles.rights(handle & INDEX_MASK) === Right.ReadOnly) refusals.add("read-only", "");
}
