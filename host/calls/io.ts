/** `std/io`: what every stream has. */
import { Errno, Handle, MemoryRange, Op } from "../abi.js";
import { Right } from "../handles.js";
import type { Loop } from "../loop.js";
import type { Parts } from "../parts.js";
import { FIRST_VIRTUAL } from "../resource/resource.js";
import { hasOffset, hasRange0, hasRange1, useHandle, Verdict } from "./call.js";

const ALL_ONES = 0xffffffff;

/** `Op.Nop`. */
export function nop(loop: Loop, at: number): number {
  const { memory } = loop;
  if ((memory.flags(at) | memory.handle(at)) !== 0 || hasRange0(loop, at) ||
    hasRange1(loop, at) || hasOffset(loop, at)) return -Errno.EINVAL;
  return Verdict.Finished;
}

/** `Op.Close`. */
export function close(loop: Loop, at: number): number {
  const { memory } = loop;
  if (memory.flags(at) !== 0 || hasRange0(loop, at) || hasRange1(loop, at) ||
    hasOffset(loop, at)) return -Errno.EINVAL;
  const index = loop.handles.require(memory.handle(at), 0);
  if (index < 0) return index;
  loop.target = index;
  return Verdict.Closing;
}

/** `Op.Read`. */
export function read(loop: Loop, at: number): number {
  return transfer(loop, at, Op.Read, Right.Read);
}

/** `Op.Write`. */
export function write(loop: Loop, at: number): number {
  return transfer(loop, at, Op.Write, Right.Write);
}

function transfer(loop: Loop, at: number, op: Op, right: Right): number {
  const { memory, staging } = loop;
  if ((memory.flags(at) | memory.pointer1(at) | memory.length1(at)) !== 0) {
    return -Errno.EINVAL;
  }
  const low = memory.offsetLow(at);
  const high = memory.offsetHigh(at);
  if (!isPlace(low, high)) return -Errno.EINVAL;
  const pointer = memory.pointer0(at);
  const length = memory.length0(at);
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  const descriptor = useHandle(loop, memory.handle(at), right);
  if (descriptor < 0) return descriptor;
  const argument = loop.handles.argument(loop.target);
  staging.write(op, descriptor, argument, 0, pointer, length, low, high);
  return Verdict.Staged;
}

/** Whether it is an offset in a file: negative ones mean nothing, except `Offset.Current`. */
function isPlace(low: number, high: number): boolean {
  return high <= 0x7fffffff || (high === ALL_ONES && low === ALL_ONES);
}

/** `Op.WriteVectored`. The list that is checked is the one that the backend gets: a copy. */
export function writeVectored(loop: Loop, at: number): number {
  const { memory, staging } = loop;
  const low = memory.offsetLow(at);
  const high = memory.offsetHigh(at);
  const pointer = memory.pointer0(at);
  const length = memory.length0(at);
  if (memory.flags(at) !== 0 || hasRange1(loop, at) || !isPlace(low, high) ||
    (pointer & 3) !== 0 || length === 0 || length % MemoryRange.Size !== 0 ||
    length > MemoryRange.Most * MemoryRange.Size) return -Errno.EINVAL;
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  const list = memory.copyOut(pointer, length);
  const words = new Uint32Array(list.buffer);
  for (let index = 0; index < words.length; index += 2) {
    if (!memory.contains(words[index]!, words[index + 1]!)) return -Errno.EFAULT;
  }
  loop.ensureRoomFor(length);
  const descriptor = useHandle(loop, memory.handle(at), Right.Write);
  if (descriptor < 0) return descriptor;
  const argument = loop.handles.argument(loop.target);
  staging.write(Op.WriteVectored, descriptor, argument, 0, 0, 0, low, high);
  staging.prefix(list);
  return Verdict.Staged;
}

/** How long a stream may take nothing of what is traced, in nanoseconds. */
const TRACE_PATIENCE = 5e9;

/**
 * The import `trace`: writes to the guest's standard error, and has written when it returns. What
 * cannot be written is lost: nobody who traces looks at a result. A virtual stream has a copy, and
 * may take it later.
 */
export function trace({ loop }: Parts, pointer: number, length: number): void {
  const text = { pointer: pointer >>> 0, length: length >>> 0 };
  if (!loop.memory.contains(text.pointer, text.length) || loop.isAtLimit) return;
  const stream = useHandle(loop, Handle.Stderr, Right.Write);
  const waits = stream < FIRST_VIRTUAL && loop.backend.canWait;
  for (const wait of writing(loop, Handle.Stderr, text, TRACE_PATIENCE)) {
    if (loop.turn(waits ? wait : 0) === 0 && !waits) return;
  }
}

/** A part of guest memory that lies inside. */
export interface Text {
  pointer: number;
  length: number;
}

/** How much is written at a time, so that a reader who is slow can be told from one who is not. */
const PIECE = 64 * 1024;

/**
 * Writes to a stream as the host's own doing, in turns that the caller takes, as in `closing`. What
 * is left of the text then was not written.
 *
 * @param patience how long the stream may take nothing, in nanoseconds.
 * @returns why not all of it was written, an `Errno`, or 0.
 */
export function* writing(
  loop: Loop,
  handle: number,
  text: Text,
  patience: number,
): Generator<number, number, void> {
  while (text.length > 0) {
    loop.ensureRoom();
    const descriptor = useHandle(loop, handle, Right.Write);
    if (descriptor < 0) return -descriptor;
    const argument = loop.handles.argument(loop.target);
    const count = Math.min(text.length, PIECE);
    loop.staging.write(
      Op.Write, descriptor, argument, 0, text.pointer, count, ALL_ONES, ALL_ONES);
    const written = yield* loop.performing(Op.Write, patience);
    if (written <= 0) return -written || Errno.EIO;
    text.pointer += written;
    text.length -= written;
  }
  return 0;
}
