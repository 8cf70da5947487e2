/**
 * `std/net`: sockets. An address is read out of guest memory once, checked against what the guest
 * was given, and the checked copy goes to the backend through the stage.
 */
import {
  BindFlag, Errno, MembershipFlag, Op, ReceiveFlag, ShutdownFlag, SocketAddress, SocketNameFlag,
  SocketOption,
} from "../abi.js";
import { Right } from "../handles.js";
import type { Loop } from "../loop.js";
import { patternOf } from "../net-pattern.js";
import { Use } from "../network.js";
import { hasOffset, hasRange0, hasRange1, useHandle, Verdict } from "./call.js";
import { Effect, findPath, usePlace } from "./path.js";

/** The longest queue of connections to be accepted that can be asked for. */
const LONGEST_BACKLOG = 0xffff;
/** The longest host name there is, in bytes (`NI_MAXHOST` without its NUL). */
const LONGEST_NAME = 1024;
/** How many addresses of one name can be asked for. */
const MOST_ADDRESSES = 64;

/** `Op.Listen`. */
export function listen(loop: Loop, at: number): number {
  const { memory } = loop;
  const backlog = memory.offsetLow(at);
  if (backlog > LONGEST_BACKLOG || memory.offsetHigh(at) !== 0) return -Errno.EINVAL;
  return makeSocket(loop, at, Op.Listen, Use.Listen, BindFlag.Ipv6Only, backlog);
}

/** `Op.Connect`. */
export function connect(loop: Loop, at: number): number {
  if (hasOffset(loop, at)) return -Errno.EINVAL;
  return makeSocket(loop, at, Op.Connect, Use.Connect, 0, 0);
}

/** `Op.ListenUnix`. */
export function listenUnix(loop: Loop, at: number): number {
  const backlog = loop.memory.offsetLow(at);
  if (backlog > LONGEST_BACKLOG || loop.memory.offsetHigh(at) !== 0) return -Errno.EINVAL;
  return makeUnixSocket(loop, at, Op.ListenUnix, backlog);
}

/** `Op.ConnectUnix`. */
export function connectUnix(loop: Loop, at: number): number {
  if (hasOffset(loop, at)) return -Errno.EINVAL;
  return makeUnixSocket(loop, at, Op.ConnectUnix, 0);
}

/** `Op.BindDatagram`. */
export function bindDatagram(loop: Loop, at: number): number {
  if (hasOffset(loop, at)) return -Errno.EINVAL;
  const allowed = BindFlag.Ipv6Only | BindFlag.Shared;
  return makeSocket(loop, at, Op.BindDatagram, Use.Listen, allowed, 0);
}

/** `Op.ConnectDatagram`. */
export function connectDatagram(loop: Loop, at: number): number {
  const { memory, staging } = loop;
  if (memory.flags(at) !== 0 || hasRange1(loop, at) || hasOffset(loop, at)) return -Errno.EINVAL;
  const address = takeAddress(loop, memory.pointer0(at), memory.length0(at), Use.Connect);
  if (typeof address === "number") return address;
  const descriptor = useHandle(loop, memory.handle(at), Right.Change);
  if (descriptor < 0) return descriptor;
  staging.write(Op.ConnectDatagram, descriptor, 0, 0, 0, 0, 0, 0);
  staging.prefix(address);
  return Verdict.Staged;
}

/** `Op.SendTo`. */
export function sendTo(loop: Loop, at: number): number {
  const { memory, staging } = loop;
  if (memory.flags(at) !== 0 || hasOffset(loop, at)) return -Errno.EINVAL;
  const pointer = memory.pointer0(at);
  const length = memory.length0(at);
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  const address = takeAddress(loop, memory.pointer1(at), memory.length1(at), Use.Connect);
  if (typeof address === "number") return address;
  const descriptor = useHandle(loop, memory.handle(at), Right.Write);
  if (descriptor < 0) return descriptor;
  staging.write(Op.SendTo, descriptor, 0, 0, pointer, length, 0, 0);
  staging.prefix(address);
  return Verdict.Staged;
}

/** `Op.ReceiveFrom`. */
export function receiveFrom(loop: Loop, at: number): number {
  const { memory, staging } = loop;
  const pointer = memory.pointer0(at);
  const length = memory.length0(at);
  const pointer1 = memory.pointer1(at);
  const length1 = memory.length1(at);
  const flags = memory.flags(at);
  if ((flags & ~ReceiveFlag.All) !== 0 || hasOffset(loop, at) ||
    !isRecordOrNone(pointer1, length1)) return -Errno.EINVAL;
  if (!memory.contains(pointer, length) || !memory.contains(pointer1, length1)) {
    return -Errno.EFAULT;
  }
  const descriptor = useHandle(loop, memory.handle(at), Right.Read);
  if (descriptor < 0) return descriptor;
  staging.write(Op.ReceiveFrom, descriptor, 0, flags, pointer, length, 0, 0);
  if (length1 !== 0) staging.range1(pointer1, length1);
  return Verdict.Staged;
}

/** `Op.SetMembership`. */
export function setMembership(loop: Loop, at: number): number {
  const { memory, staging } = loop;
  const flags = memory.flags(at);
  const index = memory.offsetLow(at);
  if (flags > MembershipFlag.Leave || hasRange1(loop, at) || memory.offsetHigh(at) !== 0) {
    return -Errno.EINVAL;
  }
  const address = takeAddress(loop, memory.pointer0(at), memory.length0(at), Use.Join);
  if (typeof address === "number") return address;
  const descriptor = useHandle(loop, memory.handle(at), Right.Change);
  if (descriptor < 0) return descriptor;
  staging.write(Op.SetMembership, descriptor, 0, flags, 0, 0, index, 0);
  staging.prefix(address);
  return Verdict.Staged;
}

/** `Op.LookupHost`. */
export function lookupHost(loop: Loop, at: number): number {
  const { memory, staging, network } = loop;
  const length = memory.length0(at);
  const port = memory.offsetLow(at);
  const pointer1 = memory.pointer1(at);
  const length1 = memory.length1(at);
  if ((memory.flags(at) | memory.handle(at) | memory.offsetHigh(at)) !== 0 || port > 0xffff ||
    length1 === 0 || length1 % SocketAddress.Size !== 0 || (pointer1 & 7) !== 0 ||
    length1 > MOST_ADDRESSES * SocketAddress.Size) return -Errno.EINVAL;
  const pointer = memory.pointer0(at);
  if (!memory.contains(pointer, length) || !memory.contains(pointer1, length1)) {
    return -Errno.EFAULT;
  }
  if (length === 0) return -Errno.ENOENT;
  if (length > LONGEST_NAME) return -Errno.ENAMETOOLONG;
  if (!network.mayLookUp) {
    loop.refusals.add("lookup", `${memory.text(pointer, length, LONGEST_NAME)}:${port}`);
    return -Errno.EACCES;
  }
  staging.write(Op.LookupHost, 0, 0, 0, pointer, length, port, 0);
  staging.range1(pointer1, length1);
  return Verdict.Staged;
}

/** `Op.Accept`. */
export function accept(loop: Loop, at: number): number {
  const { memory, staging } = loop;
  const pointer = memory.pointer1(at);
  const length = memory.length1(at);
  if (memory.flags(at) !== 0 || hasRange0(loop, at) || hasOffset(loop, at) ||
    !isRecordOrNone(pointer, length)) return -Errno.EINVAL;
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
  if (option > SocketOption.MulticastInterface || value > 0x7fffffff ||
    memory.offsetHigh(at) !== 0) return -Errno.EINVAL;
  return useSocket(loop, at, Op.SetSocketOption, option, Right.Change, value);
}

/** `Op.GetSocketOption`. */
export function getSocketOption(loop: Loop, at: number): number {
  const option = loop.memory.flags(at);
  if (option >= SocketOption.MulticastInterface || hasOffset(loop, at)) return -Errno.EINVAL;
  return useSocket(loop, at, Op.GetSocketOption, option, 0, 0);
}

function isRecord(pointer: number, length: number): boolean {
  return length === SocketAddress.Size && (pointer & 7) === 0;
}

/** Whether there is a record, or else nothing at all. */
function isRecordOrNone(pointer: number, length: number): boolean {
  return (pointer | length) === 0 || isRecord(pointer, length);
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

/** An op that makes a socket for the address (ptr0, len0), and may tell what that really is. */
function makeSocket(
  loop: Loop, at: number, op: Op, use: Use, allowed: number, offset: number,
): number {
  const { memory, staging } = loop;
  const flags = memory.flags(at);
  const pointer = memory.pointer1(at);
  const length = memory.length1(at);
  const isFitting = op === Op.Connect ? (pointer | length) === 0 : isRecordOrNone(pointer, length);
  if ((flags & ~allowed) !== 0 || memory.handle(at) !== 0 || !isFitting) return -Errno.EINVAL;
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  const address = takeAddress(loop, memory.pointer0(at), memory.length0(at), use);
  if (typeof address === "number") return address;
  if (!loop.hasRoomForHandle) return -Errno.EMFILE;
  staging.write(op, 0, 0, flags, 0, 0, offset, 0);
  staging.prefix(address);
  if (length !== 0) staging.range1(pointer, length);
  return Verdict.Staged;
}

/** An op that makes a socket for the path (ptr0, len0). */
function makeUnixSocket(loop: Loop, at: number, op: Op, offset: number): number {
  if (loop.memory.flags(at) !== 0 || hasRange1(loop, at)) return -Errno.EINVAL;
  const length = loop.memory.length0(at);
  if (length === 0) return -Errno.ENOENT;
  if (!loop.hasRoomForHandle) return -Errno.EMFILE;
  // To talk to a service is more than to look: what is granted for reading does not allow it.
  const { memory } = loop;
  const handle = memory.handle(at);
  const place = findPath(loop, handle, memory.pointer0(at), length, Effect.Changes);
  return typeof place === "number" ? place : usePlace(loop, op, place, 0, offset);
}

/** A copy of the record at `pointer` that has been checked; or a negative `Errno`. */
function takeAddress(loop: Loop, pointer: number, length: number, use: Use): Uint8Array | number {
  const { memory, network } = loop;
  if (!isRecord(pointer, length)) return -Errno.EINVAL;
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  const record = memory.copyOut(pointer, length);
  const bad = network.check(record, use);
  if (bad === -Errno.EACCES) {
    loop.refusals.add(use === Use.Connect ? "connect" : "listen", patternOf(record));
  }
  return bad === 0 ? record : bad;
}
