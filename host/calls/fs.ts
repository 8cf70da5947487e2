/** `std/fs`: files and directories, by handle and by path. */
import { Errno, FileTimes, Handle, OpenFlag, Stat, StatFlag, SyncFlag } from "../abi.js";
import { StageArgument, StageDescriptor, SubmissionWord } from "../backend/stage.js";
import { Right } from "../handles.js";
import type { Loop } from "../loop.js";
import { MAX_PATH } from "../namespace.js";
import {
  hasOffset,
  hasOtherFlags,
  hasRange0,
  hasRange1,
  isMode,
  useHandle,
  Verdict,
} from "./call.js";

const ACCESS = OpenFlag.Read | OpenFlag.Write | OpenFlag.Append;

/** `Op.Open`. */
export function open(loop: Loop, at: number): number {
  const words = loop.staging.words;
  if (hasOtherFlags(words, at, OpenFlag.All) || hasRange1(words, at) || !isMode(words, at) ||
    (words[at + SubmissionWord.Flags]! & ACCESS) === 0) return -Errno.EINVAL;
  if (words[at + SubmissionWord.Length0] === 0) return -Errno.ENOENT;
  if (!loop.hasRoomForHandle) return -Errno.EMFILE;
  return usePath(loop, at);
}

/** `Op.Sync`. */
export function sync(loop: Loop, at: number): number {
  const words = loop.staging.words;
  if (hasOtherFlags(words, at, SyncFlag.Data) || hasRange0(words, at) || hasRange1(words, at) ||
    hasOffset(words, at)) return -Errno.EINVAL;
  return useHandle(loop, at, 0);
}

/** `Op.Stat`. */
export function stat(loop: Loop, at: number): number {
  const words = loop.staging.words;
  if (hasOtherFlags(words, at, StatFlag.NoFollow) || hasOffset(words, at)) return -Errno.EINVAL;
  const bad = checkRecord(loop, at, Stat.Size);
  return bad !== 0 ? bad : useFile(loop, at, 0);
}

/** `Op.SetLength`. */
export function setLength(loop: Loop, at: number): number {
  const words = loop.staging.words;
  if (hasOtherFlags(words, at, 0) || hasRange0(words, at) || hasRange1(words, at) ||
    words[at + SubmissionWord.OffsetHigh]! > 0x7fffffff) return -Errno.EINVAL;
  return useHandle(loop, at, Right.Change);
}

/** `Op.SetPermissions`. */
export function setPermissions(loop: Loop, at: number): number {
  const words = loop.staging.words;
  if (hasOtherFlags(words, at, StatFlag.NoFollow) || hasRange1(words, at) || !isMode(words, at)) {
    return -Errno.EINVAL;
  }
  return useFile(loop, at, Right.Change);
}

/** `Op.SetTimes`. */
export function setTimes(loop: Loop, at: number): number {
  const words = loop.staging.words;
  if (hasOtherFlags(words, at, StatFlag.NoFollow) || hasOffset(words, at)) return -Errno.EINVAL;
  const bad = checkRecord(loop, at, FileTimes.Size);
  return bad !== 0 ? bad : useFile(loop, at, Right.Change);
}

/** Whether (ptr1, len1) is an aligned record of `size` bytes inside guest memory. */
function checkRecord(loop: Loop, at: number, size: number): number {
  const words = loop.staging.words;
  const pointer = words[at + SubmissionWord.Pointer1]!;
  if (words[at + SubmissionWord.Length1] !== size || (pointer & 7) !== 0) return -Errno.EINVAL;
  return loop.memory.contains(pointer, size) ? 0 : -Errno.EFAULT;
}

/** The file that the submission means: that of the handle, or one at a path. */
function useFile(loop: Loop, at: number, rights: number): number {
  const words = loop.staging.words;
  if (words[at + SubmissionWord.Length0] !== 0) return usePath(loop, at);
  words[at + SubmissionWord.Pointer0] = 0;
  return useHandle(loop, at, rights);
}

/** Resolves the path (ptr0, len0), which is not empty, to a directory and what it is asked for. */
function usePath(loop: Loop, at: number): number {
  const words = loop.staging.words;
  const pointer = words[at + SubmissionWord.Pointer0]!;
  const length = words[at + SubmissionWord.Length0]!;
  if (!loop.memory.contains(pointer, length)) return -Errno.EFAULT;
  if (length > MAX_PATH) return -Errno.ENAMETOOLONG;
  if (words[at + SubmissionWord.Descriptor] !== Handle.Root) {
    const verdict = useHandle(loop, at, Right.At);
    words[at + SubmissionWord.Argument] = beneath(loop);
    return verdict;
  }
  const { namespace } = loop;
  const bad = namespace.resolve(loop.memory, pointer, length);
  if (bad !== 0) return bad;
  if (namespace.prefix.length + length > MAX_PATH) return -Errno.ENAMETOOLONG;
  if (namespace.prefix.length !== 0) loop.staging.prefix(at, namespace.prefix);
  const dir = namespace.dir;
  words[at + SubmissionWord.Descriptor] = dir?.descriptor ?? StageDescriptor.CurrentDir;
  words[at + SubmissionWord.Argument] = beneath(loop);
  words[at + SubmissionWord.Pointer0] = pointer + namespace.consumed;
  words[at + SubmissionWord.Length0] = length - namespace.consumed;
  return Verdict.Staged;
}

function beneath(loop: Loop): number {
  return loop.namespace.isAmbient ? 0 : StageArgument.Beneath;
}
