/** Operations of the ABI on what is open: a virtual file, or a directory as a whole. */
import { CopyTarget, Errno, LockFlag, SeekFlag } from "../../abi.js";
import type { Submission } from "../../backend/submission.js";
import { fail, get, type Steps } from "./answer.js";
import {
  DONE, fileOf, MOST_BYTES, positionOf, requireCount, type Desk, type Outcome,
} from "./desk.js";
import type { HostFile } from "./resource.js";

const LARGEST_HOLE = 2 ** 30;

/** `Op.Read`. */
export function* read({ submission, node, buffer, waiting }: Desk): Steps<Outcome> {
  const file = fileOf(node(submission.descriptor), Errno.EISDIR);
  if (file.read === undefined) fail(Errno.EBADF);
  const bytes = buffer(Math.min(submission.length, MOST_BYTES));
  const count = yield* get(file.read(bytes, positionOf(submission), waiting));
  requireCount(count, bytes.length);
  return { result: count, bytes: bytes.subarray(0, count), pointer: submission.pointer };
}

/** `Op.Write`. */
export function write(desk: Desk): Steps<Outcome> {
  const { pointer, length } = desk.submission;
  return writeRanges(desk, Uint32Array.of(pointer, length));
}

/** `Op.WriteVectored`. */
export function writeVectored(desk: Desk): Steps<Outcome> {
  return writeRanges(desk, new Uint32Array(desk.submission.prefix.buffer));
}

/** Writes what pairs of an address and a length name, as one. */
function* writeRanges(
  { submission, node, memory, buffer, waiting }: Desk,
  ranges: Uint32Array,
): Steps<Outcome> {
  const file = fileOf(node(submission.descriptor), Errno.EBADF);
  if (file.write === undefined) fail(Errno.EBADF);
  let total = 0;
  for (let at = 1; at < ranges.length; at += 2) total += ranges[at]!;
  const bytes = buffer(Math.min(total, MOST_BYTES));
  for (let at = 0, filled = 0; filled < bytes.length; at += 2) {
    const length = Math.min(ranges[at + 1]!, bytes.length - filled);
    bytes.set(memory.subarray(ranges[at]!, ranges[at]! + length), filled);
    filled += length;
  }
  const count = yield* get(file.write(bytes, positionOf(submission), waiting));
  requireCount(count, bytes.length);
  return { result: count };
}

/** `Op.Close`. */
export function* close({ submission, node }: Desk): Steps<Outcome> {
  const open = node(submission.descriptor);
  // The descriptor that is closed still counts.
  if (open.uses > 1) return DONE;
  if (open.kind === "file") yield* get(open.file.close?.());
  else open.listing?.close?.();
  return DONE;
}

const ORIGINS = {
  [SeekFlag.Start]: "start", [SeekFlag.Current]: "current", [SeekFlag.End]: "end",
} as const;

/** `Op.Seek`. */
export function* seek({ submission, node }: Desk): Steps<Outcome> {
  const file = fileOf(node(submission.descriptor), Errno.EISDIR);
  const origin = ORIGINS[submission.flags as SeekFlag];
  return { result: yield* get(file.seek?.(Number(submission.offset), origin) ?? espipe()) };
}

function espipe(): never {
  return fail(Errno.ESPIPE);
}

/** `Op.Sync`. */
export function* sync({ submission, node }: Desk): Steps<Outcome> {
  const open = node(submission.descriptor);
  yield* get(open.kind === "file" ? open.file.sync?.() : open.dir.sync?.());
  return DONE;
}

/** `Op.SetLength`. */
export function* setLength({ submission, node }: Desk): Steps<Outcome> {
  const file = fileOf(node(submission.descriptor), Errno.EINVAL);
  if (file.setLength === undefined) fail(Errno.EINVAL);
  yield* get(file.setLength(Number(submission.offset)));
  return DONE;
}

/** `Op.Lock`. */
export function* lock({ submission, node, waiting }: Desk): Steps<Outcome> {
  const { flags } = submission;
  const file = fileOf(node(submission.descriptor), Errno.ENOTSUP);
  if (file.lock === undefined) fail(Errno.ENOTSUP);
  const kind = (flags & LockFlag.Exclusive) !== 0 ? "exclusive"
    : (flags & LockFlag.Shared) !== 0 ? "shared" : "none";
  yield* get(file.lock(kind, (flags & LockFlag.Try) !== 0, waiting));
  return DONE;
}

/** `Op.Duplicate`. */
export function* duplicate({ submission, node, adopt }: Desk): Steps<Outcome> {
  return { result: adopt(node(submission.descriptor)) };
}

/** `Op.CopyRange`. */
export function* copyRange({ submission, node, buffer, waiting }: Desk): Steps<Outcome> {
  const { from, to, length, at, targetAt } = copyOf(submission, node);
  if (from.read === undefined || to.write === undefined) fail(Errno.EBADF);
  const { hole, most } = yield* copyHole(from, to, { at, targetAt, length });
  if (hole > 0) return { result: hole };
  const bytes = buffer(Math.min(most, MOST_BYTES));
  const count = yield* get(from.read(bytes, at, waiting));
  requireCount(count, bytes.length);
  for (let done = 0; done < count;) {
    const part = bytes.subarray(done, count);
    const written = yield* get(to.write(part, targetAt + done, waiting));
    requireCount(written, part.length);
    if (written === 0) fail(Errno.EIO);
    done += written;
  }
  return { result: count };
}

/**
 * Makes a hole of the target where the source has one and the target ends.
 *
 * @returns the bytes of that, 0 where there is data; and how many may be copied as data.
 */
function* copyHole(
  from: HostFile, to: HostFile, range: { at: number; targetAt: number; length: number },
): Steps<{ hole: number; most: number }> {
  const { at, targetAt, length } = range;
  const data = { hole: 0, most: length };
  if (from.extent === undefined || from.stat === undefined || to.stat === undefined ||
    to.setLength === undefined) return data;
  if (at >= (yield* get(from.stat())).length) return data;
  const { isHole, end } = yield* get(from.extent(at));
  const most = Math.min(end - at, length);
  if (!isHole) return { hole: 0, most };
  if ((yield* get(to.stat())).length > targetAt) return data;
  const hole = Math.min(most, LARGEST_HOLE);
  yield* get(to.setLength(targetAt + hole));
  return { hole, most: 0 };
}

/** What a `CopyTarget` record, which the host has made its own, asks for. */
function copyOf(
  { descriptor, offset, prefix }: Submission,
  node: Desk["node"],
): { from: HostFile; to: HostFile; length: number; at: number; targetAt: number } {
  const view = new DataView(prefix.buffer, prefix.byteOffset);
  const from = fileOf(node(descriptor), Errno.EISDIR);
  const to = fileOf(node(view.getInt32(CopyTarget.Handle, true)), Errno.EISDIR);
  const length = Number(view.getBigUint64(CopyTarget.Length, true));
  return {
    from, to, length, at: Number(offset),
    targetAt: Number(view.getBigInt64(CopyTarget.Offset, true)),
  };
}
