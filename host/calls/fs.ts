/** `std/fs`: files and directories, by handle and by path. */
import { Errno, FileTimes, Handle, Op, OpenFlag, Stat, StatFlag, SyncFlag } from "../abi.js";
import { StageArgument, StageDescriptor } from "../backend/stage.js";
import { Right } from "../handles.js";
import type { Loop } from "../loop.js";
import { MAX_PATH } from "../namespace.js";
import { hasOffset, hasRange0, hasRange1, useHandle, Verdict } from "./call.js";

const ACCESS = OpenFlag.Read | OpenFlag.Write | OpenFlag.Append;
const HIGHEST_MODE = 0o7777;

/** `Op.Open`. */
export function open(loop: Loop, at: number): number {
  const { memory } = loop;
  const flags = memory.flags(at);
  const mode = memory.offsetLow(at);
  if ((flags & ~OpenFlag.All) !== 0 || (flags & ACCESS) === 0 || hasRange1(loop, at) ||
    mode > HIGHEST_MODE || memory.offsetHigh(at) !== 0) return -Errno.EINVAL;
  const length = memory.length0(at);
  if (length === 0) return -Errno.ENOENT;
  if (!loop.hasRoomForHandle) return -Errno.EMFILE;
  return usePath(loop, at, Op.Open, flags, length, mode);
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
  if ((flags & ~StatFlag.NoFollow) !== 0 || hasRange1(loop, at) || mode > HIGHEST_MODE ||
    memory.offsetHigh(at) !== 0) return -Errno.EINVAL;
  return useFileOrPath(loop, at, Op.SetPermissions, flags, Right.Change, mode);
}

/** `Op.SetTimes`. */
export function setTimes(loop: Loop, at: number): number {
  return withRecord(loop, at, Op.SetTimes, FileTimes.Size, Right.Change);
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
  return length === 0
    ? useFile(loop, at, op, flags, rights, mode, 0)
    : usePath(loop, at, op, flags, length, mode);
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

/** Resolves the path (ptr0, `length` > 0) to a directory and what that is asked for. */
function usePath(
  loop: Loop,
  at: number,
  op: Op,
  flags: number,
  length: number,
  mode: number,
): number {
  const { memory, namespace, staging } = loop;
  const pointer = memory.pointer0(at);
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  if (length > MAX_PATH) return -Errno.ENAMETOOLONG;
  const argument = namespace.isAmbient ? 0 : StageArgument.Beneath;
  const handle = memory.handle(at);
  if (handle !== Handle.Root) {
    const descriptor = useHandle(loop, handle, Right.At);
    if (descriptor < 0) return descriptor;
    staging.write(op, descriptor, argument, flags, pointer, length, mode, 0);
    return Verdict.Staged;
  }
  const bad = namespace.resolve(memory, pointer, length);
  if (bad !== 0) return bad;
  const { dir, consumed, prefix } = namespace;
  if (prefix.length + length > MAX_PATH) return -Errno.ENAMETOOLONG;
  const descriptor = dir?.descriptor ?? StageDescriptor.CurrentDir;
  const rest = length - consumed;
  staging.write(op, descriptor, argument, flags, pointer + consumed, rest, mode, 0);
  if (prefix.length !== 0) staging.prefix(prefix);
  return Verdict.Staged;
}
