/** `std/fs`: files, by handle and by path. */
import {
  Errno, FileOwner, FileTimes, LockFlag, Op, OpenFlag, SeekFlag, Stat, StatFlag, SyncFlag,
} from "../abi.js";
import { Right } from "../handles.js";
import type { Loop } from "../loop.js";
import { checkMode, hasOffset, hasRange0, hasRange1, useHandle, Verdict } from "./call.js";
import { Effect, findPath, usePlace } from "./path.js";

const ACCESS = OpenFlag.Read | OpenFlag.Write | OpenFlag.Append;
/** An open with any of these may change something. */
const CHANGING = OpenFlag.Write | OpenFlag.Append | OpenFlag.Create | OpenFlag.CreateNew |
  OpenFlag.Truncate;

/** `Op.Open`. */
export function open(loop: Loop, at: number): number {
  const { memory } = loop;
  const flags = memory.flags(at);
  const mode = memory.offsetLow(at);
  if ((flags & ~OpenFlag.All) !== 0 || (flags & ACCESS) === 0 || hasRange1(loop, at)) {
    return -Errno.EINVAL;
  }
  const bad = checkMode(loop, mode, memory.offsetHigh(at));
  if (bad !== 0) return bad;
  // A system may well empty a file that it opens for reading.
  if ((flags & OpenFlag.Truncate) !== 0 && (flags & OpenFlag.Write) === 0) return -Errno.EINVAL;
  const length = memory.length0(at);
  if (length === 0) return -Errno.ENOENT;
  if (!loop.hasRoomForHandle) return -Errno.EMFILE;
  const effect = (flags & CHANGING) === 0 ? Effect.None : Effect.Changes;
  const place = findPath(loop, memory.handle(at), memory.pointer0(at), length, effect);
  if (typeof place === "number") return place;
  if (place.isReadOnly) loop.rights = Right.ReadOnly;
  return usePlace(loop, Op.Open, place, flags, mode);
}

/** `Op.Sync`. */
export function sync(loop: Loop, at: number): number {
  const flags = loop.memory.flags(at);
  if ((flags & ~SyncFlag.Data) !== 0 || hasRange0(loop, at) || hasRange1(loop, at) ||
    hasOffset(loop, at)) return -Errno.EINVAL;
  return useFile(loop, at, Op.Sync, flags, 0, 0, 0);
}

/** `Op.Stat`. */
export function stat(loop: Loop, at: number): number {
  return withRecord(loop, at, Op.Stat, Stat.Size, 0);
}

/** `Op.SetLength`. */
export function setLength(loop: Loop, at: number): number {
  const { memory } = loop;
  const high = memory.offsetHigh(at);
  if (memory.flags(at) !== 0 || hasRange0(loop, at) || hasRange1(loop, at) ||
    high > 0x7fffffff) return -Errno.EINVAL;
  return useFile(loop, at, Op.SetLength, 0, Right.Change, memory.offsetLow(at), high);
}

/** `Op.SetPermissions`. */
export function setPermissions(loop: Loop, at: number): number {
  const { memory } = loop;
  const flags = memory.flags(at);
  const mode = memory.offsetLow(at);
  if ((flags & ~StatFlag.NoFollow) !== 0 || hasRange1(loop, at)) return -Errno.EINVAL;
  const bad = checkMode(loop, mode, memory.offsetHigh(at));
  if (bad !== 0) return bad;
  return useFileOrPath(loop, at, Op.SetPermissions, flags, Right.Change, mode);
}

/** `Op.SetTimes`. */
export function setTimes(loop: Loop, at: number): number {
  return withRecord(loop, at, Op.SetTimes, FileTimes.Size, Right.Change);
}

/** `Op.Lock`. */
export function lock(loop: Loop, at: number): number {
  const flags = loop.memory.flags(at);
  const kind = (flags & ~LockFlag.Try) >>> 0;
  if (kind > LockFlag.Exclusive || flags === LockFlag.Try || hasRange0(loop, at) ||
    hasRange1(loop, at) || hasOffset(loop, at)) return -Errno.EINVAL;
  // It keeps everybody else from the file, so it is not for whoever may only look.
  const rights = kind === LockFlag.Exclusive ? Right.Change : 0;
  return useFile(loop, at, Op.Lock, flags, rights, 0, 0);
}

/** `Op.Duplicate`. */
export function duplicate(loop: Loop, at: number): number {
  const { memory, handles } = loop;
  if (memory.flags(at) !== 0 || hasRange0(loop, at) || hasRange1(loop, at) ||
    hasOffset(loop, at)) return -Errno.EINVAL;
  if (!loop.hasRoomForHandle) return -Errno.EMFILE;
  const verdict = useFile(loop, at, Op.Duplicate, 0, 0, 0, 0);
  if (verdict !== Verdict.Staged) return verdict;
  if (handles.resource(loop.target).kind !== "file") return -Errno.ENOTSUP;
  handles.share(loop.target);
  loop.rights = handles.rights(loop.target);
  return verdict;
}

/** `Op.SetOwner`. */
export function setOwner(loop: Loop, at: number): number {
  return withRecord(loop, at, Op.SetOwner, FileOwner.Size, Right.Change);
}

/** `Op.Seek`. */
export function seek(loop: Loop, at: number): number {
  const { memory } = loop;
  const flags = memory.flags(at);
  if (flags > SeekFlag.End || hasRange0(loop, at) || hasRange1(loop, at)) return -Errno.EINVAL;
  const high = memory.offsetHigh(at);
  return useFile(loop, at, Op.Seek, flags, 0, memory.offsetLow(at), high);
}

/** An op on a file whose (ptr1, len1) is an aligned record of `size` bytes, and without offset. */
function withRecord(loop: Loop, at: number, op: Op, size: number, rights: number): number {
  const { memory, staging } = loop;
  const flags = memory.flags(at);
  const pointer = memory.pointer1(at);
  if ((flags & ~StatFlag.NoFollow) !== 0 || hasOffset(loop, at) ||
    memory.length1(at) !== size || (pointer & 7) !== 0) return -Errno.EINVAL;
  if (!memory.contains(pointer, size)) return -Errno.EFAULT;
  const verdict = useFileOrPath(loop, at, op, flags, rights, 0);
  if (verdict === Verdict.Staged) staging.range1(pointer, size);
  return verdict;
}

/** The file that the record means: one at a path, or with an empty path that of the handle. */
function useFileOrPath(
  loop: Loop,
  at: number,
  op: Op,
  flags: number,
  rights: number,
  mode: number,
): number {
  const length = loop.memory.length0(at);
  if (length === 0) return useFile(loop, at, op, flags, rights, mode, 0);
  const effect = (rights & Right.Change) === 0 ? Effect.None : Effect.Changes;
  return usePath(loop, at, op, flags, length, mode, effect);
}

function useFile(
  loop: Loop,
  at: number,
  op: Op,
  flags: number,
  rights: number,
  offsetLow: number,
  offsetHigh: number,
): number {
  const descriptor = useHandle(loop, loop.memory.handle(at), rights);
  if (descriptor < 0) return descriptor;
  loop.staging.write(op, descriptor, 0, flags, 0, 0, offsetLow, offsetHigh);
  return Verdict.Staged;
}

/** An op on what is at the path (ptr0, `length` > 0). */
function usePath(
  loop: Loop,
  at: number,
  op: Op,
  flags: number,
  length: number,
  offset: number,
  effect: Effect,
): number {
  const { memory } = loop;
  const place = findPath(loop, memory.handle(at), memory.pointer0(at), length, effect);
  return typeof place === "number" ? place : usePlace(loop, op, place, flags, offset);
}
