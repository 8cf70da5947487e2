/** Which call serves which op. A missing row is a compile error. */
import { Errno, Op } from "../abi.js";
import type { Call } from "./call.js";
import {
  duplicate, lock, open, seek, setLength, setOwner, setPermissions, setTimes, stat, sync,
} from "./fs.js";
import { close, nop, read, write, writeVectored } from "./io.js";
import {
  accept, bindDatagram, connect, connectDatagram, connectUnix, getSocketOption, listen, listenUnix,
  lookupHost, receiveFrom, sendTo, setMembership, setSocketOption, shutdown, socketName,
} from "./net.js";
import { kill, pipe, spawn, wait } from "./process.js";
import { watchSignal } from "./signal.js";
import {
  canonicalize, copyRange, createDirectory, hardLink, readDirectory, readLink, removeDirectory,
  removeFile, rename, symbolicLink,
} from "./tree.js";

export { Verdict } from "./call.js";

const CALLS = {
  [Op.Nop]: nop,
  [Op.Open]: open,
  [Op.Close]: close,
  [Op.Read]: read,
  [Op.Write]: write,
  [Op.Sync]: sync,
  [Op.Stat]: stat,
  [Op.SetLength]: setLength,
  [Op.SetPermissions]: setPermissions,
  [Op.SetTimes]: setTimes,
  [Op.ReadDirectory]: readDirectory,
  [Op.CreateDirectory]: createDirectory,
  [Op.RemoveFile]: removeFile,
  [Op.RemoveDirectory]: removeDirectory,
  [Op.Rename]: rename,
  [Op.HardLink]: hardLink,
  [Op.SymbolicLink]: symbolicLink,
  [Op.ReadLink]: readLink,
  [Op.Canonicalize]: canonicalize,
  [Op.CopyRange]: copyRange,
  [Op.Listen]: listen,
  [Op.Connect]: connect,
  [Op.ListenUnix]: listenUnix,
  [Op.ConnectUnix]: connectUnix,
  [Op.Accept]: accept,
  [Op.BindDatagram]: bindDatagram,
  [Op.ConnectDatagram]: connectDatagram,
  [Op.SendTo]: sendTo,
  [Op.ReceiveFrom]: receiveFrom,
  [Op.Shutdown]: shutdown,
  [Op.SocketName]: socketName,
  [Op.SetSocketOption]: setSocketOption,
  [Op.GetSocketOption]: getSocketOption,
  [Op.LookupHost]: lookupHost,
  [Op.Pipe]: pipe,
  [Op.Spawn]: spawn,
  [Op.Wait]: wait,
  [Op.Kill]: kill,
  [Op.WatchSignal]: watchSignal,
  [Op.Seek]: seek,
  [Op.SetOwner]: setOwner,
  [Op.Lock]: lock,
  [Op.Duplicate]: duplicate,
  [Op.WriteVectored]: writeVectored,
  [Op.SetMembership]: setMembership,
} satisfies Record<Op, Call>;

// An array, since the keys are dense: looking one up is then one load.
const CALL_TABLE: readonly Call[] = Object.values(CALLS);

function unknown(): number {
  return -Errno.ENOSYS;
}

/** Ops whose result is one new handle. */
const GIVES_HANDLE: readonly Op[] = [
  Op.Open, Op.Listen, Op.Connect, Op.ListenUnix, Op.ConnectUnix, Op.Accept, Op.BindDatagram,
  Op.Spawn, Op.WatchSignal, Op.Duplicate,
];

/** How many ops there are. */
export const OP_COUNT = CALL_TABLE.length;

/** How many handles each op gives; two are the halves of its result. */
const HANDLES = Uint8Array.from(CALL_TABLE, (_, op) =>
  op === Op.Pipe ? 2 : GIVES_HANDLE.includes(op) ? 1 : 0);

/** How many handles an op gives, by which a result of descriptors becomes one of handles. */
export function handlesOf(op: number): number {
  return HANDLES[op]!;
}

/** The call that serves an opcode; one that refuses with `ENOSYS` if there is none. */
export function callOf(op: number): Call {
  return op < OP_COUNT ? CALL_TABLE[op]! : unknown;
}
