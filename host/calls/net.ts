/**
 * `std/net`: sockets. An address is read out of guest memory once, checked against what the guest
 * was given, and the checked copy goes to the backend through the stage.
 */
import {
  Errno, Op, ShutdownFlag, SocketAddress, SocketNameFlag, SocketOption,
} from "../abi.js";
import { Right } from "../handles.js";
import type { Loop } from "../loop.js";
import { Use } from "../network.js";
import { hasOffset, hasRange0, hasRange1, useHandle, Verdict } from "./call.js";

/** The longest queue of connections to be accepted that can be asked for. */
const LONGEST_BACKLOG = 0xffff;

/** `Op.Listen`. */
export function listen(loop: Loop, at: number): number {
  const { memory } = loop;
  if ((memory.flags(at) | memory.handle(at)) !== 0 || hasRange1(loop, at)) return -Errno.EINVAL;
  const backlog = memory.offsetLow(at);
  if (backlog > LONGEST_BACKLOG || memory.offsetHigh(at) !== 0) return -Errno.EINVAL;
  return makeSocket(loop, at, Op.Listen, Use.Listen, backlog);
}

/** `Op.Connect`. */
export function connect(loop: Loop, at: number): number {
  const { memory } = loop;
  if ((memory.flags(at) | memory.handle(at)) !== 0 || hasRange1(loop, at) ||
    hasOffset(loop, at)) return -Errno.EINVAL;
  return makeSocket(loop, at, Op.Connect, Use.Connect, 0);
}

/** `Op.Accept`. */
export function accept(loop: Loop, at: number): number {
  const { memory, staging } = loop;
  const pointer = memory.pointer1(at);
  const length = memory.length1(at);
  if (memory.flags(at) !== 0 || hasRange0(loop, at) || hasOffset(loop, at)) return -Errno.EINVAL;
  if (length === 0 ? pointer !== 0 : !isRecord(pointer, length)) return -Errno.EINVAL;
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  if (!loop.hasRoomForHandle) return -Errno.EMFILE;
  const descriptor = useHandle(loop, memory.handle(at), Right.Read);
  if (descriptor < 0) return descriptor;
  staging.write(Op.Accept, descriptor, 0, 0, 0, 0, 0, 0);
  if (length !== 0) staging.range1(pointer, length);
  return Verdict.Staged;
}

/** `Op.Shutdown`. */
export function shutdown(loop: Loop, at: number): number {
  const flags = loop.memory.flags(at);
  if (flags === 0 || (flags & ~ShutdownFlag.All) !== 0 || hasOffset(loop, at)) return -Errno.EINVAL;
  return useSocket(loop, at, Op.Shutdown, flags, Right.Write, 0);
}

/** `Op.SocketName`. */
export function socketName(loop: Loop, at: number): number {
  const { memory, staging } = loop;
  const flags = memory.flags(at);
  const pointer = memory.pointer1(at);
  const length = memory.length1(at);
  if (flags > SocketNameFlag.Peer || hasRange0(loop, at) || hasOffset(loop, at) ||
    !isRecord(pointer, length)) return -Errno.EINVAL;
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  const descriptor = useHandle(loop, memory.handle(at), 0);
  if (descriptor < 0) return descriptor;
  staging.write(Op.SocketName, descriptor, 0, flags, 0, 0, 0, 0);
  staging.range1(pointer, length);
  return Verdict.Staged;
}

/** `Op.SetSocketOption`. */
export function setSocketOption(loop: Loop, at: number): number {
  const { memory } = loop;
  const option = memory.flags(at);
  const value = memory.offsetLow(at);
  if (option > SocketOption.KeepAlive || value > 0x7fffffff || memory.offsetHigh(at) !== 0) {
    return -Errno.EINVAL;
  }
  return useSocket(loop, at, Op.SetSocketOption, option, Right.Change, value);
}

/** `Op.GetSocketOption`. */
export function getSocketOption(loop: Loop, at: number): number {
  const option = loop.memory.flags(at);
  if (option > SocketOption.KeepAlive || hasOffset(loop, at)) return -Errno.EINVAL;
  return useSocket(loop, at, Op.GetSocketOption, option, 0, 0);
}

function isRecord(pointer: number, length: number): boolean {
  return length === SocketAddress.Size && (pointer & 7) === 0;
}

/** An op on the socket `handle` that has no ranges. */
function useSocket(
  loop: Loop, at: number, op: Op, flags: number, rights: number, offset: number,
): number {
  if (hasRange0(loop, at) || hasRange1(loop, at)) return -Errno.EINVAL;
  const descriptor = useHandle(loop, loop.memory.handle(at), rights);
  if (descriptor < 0) return descriptor;
  loop.staging.write(op, descriptor, 0, flags, 0, 0, offset, 0);
  return Verdict.Staged;
}

/** An op that makes a socket for the address (ptr0, len0). */
function makeSocket(loop: Loop, at: number, op: Op, use: Use, offset: number): number {
  const { memory, staging } = loop;
  const address = takeAddress(loop, memory.pointer0(at), memory.length0(at), use);
  if (typeof address === "number") return address;
  if (!loop.hasRoomForHandle) return -Errno.EMFILE;
  staging.write(op, 0, 0, 0, 0, 0, offset, 0);
  staging.prefix(address);
  return Verdict.Staged;
}

/** A copy of the record at `pointer` that has been checked; or a negative `Errno`. */
function takeAddress(loop: Loop, pointer: number, length: number, use: Use): Uint8Array | number {
  const { memory, network } = loop;
  if (!isRecord(pointer, length)) return -Errno.EINVAL;
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  const record = memory.copyOut(pointer, length);
  const bad = network.check(record, use);
  return bad === 0 ? record : bad;
}
