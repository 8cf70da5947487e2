/** `std/fs`: directories, links and copies. */
import { CopyTarget, DirectoryEntry, Errno, Handle, Op } from "../abi.js";
import { Right } from "../handles.js";
import { NONE } from "../inflight.js";
import type { Loop } from "../loop.js";
import { MAX_PATH } from "../namespace.js";
import { checkMode, hasOffset, hasRange0, hasRange1, useHandle, Verdict } from "./call.js";
import { Effect, findPath, usePlace, type Place } from "./path.js";

/** `Op.ReadDirectory`. */
export function readDirectory(loop: Loop, at: number): number {
  const { memory, staging } = loop;
  const pointer = memory.pointer0(at);
  const length = memory.length0(at);
  if (memory.flags(at) !== 0 || hasRange1(loop, at) || hasOffset(loop, at) ||
    length < DirectoryEntry.LeastBuffer) return -Errno.EINVAL;
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  const descriptor = useHandle(loop, memory.handle(at), Right.Read);
  if (descriptor < 0) return descriptor;
  staging.write(Op.ReadDirectory, descriptor, 0, 0, pointer, length, 0, 0);
  return Verdict.Staged;
}

/** `Op.CreateDirectory`. */
export function createDirectory(loop: Loop, at: number): number {
  const { memory } = loop;
  const mode = memory.offsetLow(at);
  const bad = checkMode(loop, mode, memory.offsetHigh(at));
  if (bad !== 0) return bad;
  return onePath(loop, at, Op.CreateDirectory, mode, Effect.Changes);
}

/** `Op.RemoveFile`. */
export function removeFile(loop: Loop, at: number): number {
  if (hasOffset(loop, at)) return -Errno.EINVAL;
  return onePath(loop, at, Op.RemoveFile, 0, Effect.Removes);
}

/** `Op.RemoveDirectory`. */
export function removeDirectory(loop: Loop, at: number): number {
  if (hasOffset(loop, at)) return -Errno.EINVAL;
  return onePath(loop, at, Op.RemoveDirectory, 0, Effect.Removes);
}

/** `Op.Rename`. */
export function rename(loop: Loop, at: number): number {
  return twoPaths(loop, at, Op.Rename, Effect.Removes);
}

/** `Op.HardLink`. A second name is as good for changing the file as the first. */
export function hardLink(loop: Loop, at: number): number {
  return twoPaths(loop, at, Op.HardLink, Effect.Changes);
}

/** `Op.SymbolicLink`. */
export function symbolicLink(loop: Loop, at: number): number {
  if (hasOffset(loop, at)) return -Errno.EINVAL;
  const { memory, staging } = loop;
  const pointer = memory.pointer1(at);
  const length = memory.length1(at);
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  if (length > MAX_PATH) return -Errno.ENAMETOOLONG;
  const place = firstPlace(loop, at, memory.handle(at), Effect.Changes);
  if (typeof place === "number") return place;
  staging.range1(pointer, length);
  return usePlace(loop, Op.SymbolicLink, place, 0, 0);
}

/** `Op.ReadLink`. */
export function readLink(loop: Loop, at: number): number {
  return outPath(loop, at, Op.ReadLink, loop.memory.handle(at));
}

/** `Op.Canonicalize`. */
export function canonicalize(loop: Loop, at: number): number {
  const handle = loop.memory.handle(at);
  // Where the guest sees a directory that it has opened is not known.
  if (handle !== Handle.Root) return -Errno.EINVAL;
  const verdict = outPath(loop, at, Op.Canonicalize, handle);
  if (verdict === Verdict.Staged && !loop.namespace.isAmbient) {
    loop.staging.secondPrefix(loop.namespace.mountPath);
  }
  return verdict;
}

/** `Op.CopyRange`. */
export function copyRange(loop: Loop, at: number): number {
  const { memory, staging } = loop;
  const low = memory.offsetLow(at);
  const high = memory.offsetHigh(at);
  const pointer = memory.pointer1(at);
  if (memory.flags(at) !== 0 || hasRange0(loop, at) || high > 0x7fffffff ||
    memory.length1(at) !== CopyTarget.Size || (pointer & 7) !== 0) return -Errno.EINVAL;
  if (!memory.contains(pointer, CopyTarget.Size)) return -Errno.EFAULT;
  const record = memory.copyOut(pointer, CopyTarget.Size);
  const view = new DataView(record.buffer);
  if (view.getInt32(CopyTarget.Offset + 4, true) < 0 ||
    view.getUint32(CopyTarget.Reserved, true) !== 0) return -Errno.EINVAL;
  const target = useHandle(loop, view.getUint32(CopyTarget.Handle, true), Right.Write);
  if (target < 0) return target;
  // The operation belongs to its source; the backend keeps the target open by itself.
  const source = useHandle(loop, memory.handle(at), Right.Read);
  if (source < 0) return source;
  view.setInt32(CopyTarget.Handle, target, true);
  staging.write(Op.CopyRange, source, 0, 0, 0, 0, low, high);
  staging.prefix(record);
  return Verdict.Staged;
}

/** The place of the path (ptr0, len0), relative to `handle`, which the caller has read. */
function firstPlace(loop: Loop, at: number, handle: number, effect: Effect): Place | number {
  const { memory } = loop;
  if (memory.flags(at) !== 0) return -Errno.EINVAL;
  const length = memory.length0(at);
  if (length === 0) return -Errno.ENOENT;
  return findPath(loop, handle, memory.pointer0(at), length, effect);
}

/** An op that has nothing but a path. */
function onePath(loop: Loop, at: number, op: Op, offset: number, effect: Effect): number {
  if (hasRange1(loop, at)) return -Errno.EINVAL;
  const place = firstPlace(loop, at, loop.memory.handle(at), effect);
  return typeof place === "number" ? place : usePlace(loop, op, place, 0, offset);
}

/** An op on two paths, the second of which is relative to the handle in `offset`. */
function twoPaths(loop: Loop, at: number, op: Op, effect: Effect): number {
  const { memory, staging } = loop;
  if (memory.offsetHigh(at) !== 0) return -Errno.EINVAL;
  const length = memory.length1(at);
  if (length === 0) return -Errno.ENOENT;
  // The second one first: the operation belongs to the handle of the other.
  const to = findPath(loop, memory.offsetLow(at), memory.pointer1(at), length, effect);
  if (typeof to === "number") return to;
  loop.target = NONE;
  const from = firstPlace(loop, at, memory.handle(at), effect);
  if (typeof from === "number") return from;
  staging.range1(to.pointer, to.length);
  if (to.prefix !== null) staging.secondPrefix(to.prefix);
  return usePlace(loop, op, from, 0, to.descriptor);
}

/** An op on a path, relative to `handle`, that writes into (ptr1, len1). */
function outPath(loop: Loop, at: number, op: Op, handle: number): number {
  const { memory, staging } = loop;
  const pointer = memory.pointer1(at);
  const length = memory.length1(at);
  if (hasOffset(loop, at) || length === 0) return -Errno.EINVAL;
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  const place = firstPlace(loop, at, handle, Effect.None);
  if (typeof place === "number") return place;
  staging.range1(pointer, length);
  return usePlace(loop, op, place, 0, 0);
}
