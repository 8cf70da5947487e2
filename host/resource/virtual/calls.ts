/**
 * The operations of the ABI on virtual resources: a row for each, in steps. The host has checked
 * what it can without knowing the resource (`host/calls`); what is left is which kind it is, and
 * what the methods of that kind do.
 */
import { Errno, Op } from "../../abi.js";
import { fail, type Steps } from "./answer.js";
import type { Desk, Outcome, VirtualCall } from "./desk.js";
import {
  close, copyRange, duplicate, lock, read, seek, setLength, sync, write, writeVectored,
} from "./file-calls.js";
import {
  canonicalize, createDirectory, hardLink, open, readDirectory, readLink, removeDirectory,
  removeFile, rename, setOwner, setPermissions, setTimes, stat, symbolicLink,
} from "./path-calls.js";

/** Fails with what POSIX says of an operation that makes no sense here. */
function refused(ofFile: Errno, ofDir = ofFile): VirtualCall {
  return function* ({ submission, node }) {
    return fail(node(submission.descriptor).kind === "file" ? ofFile : ofDir);
  };
}

/** Fails where the OS alone could serve. */
function* foreign(): Steps<Outcome> {
  return fail(Errno.ENOTSUP);
}

const CALLS = {
  // These name no resource, or none that could be virtual.
  [Op.Nop]: foreign,
  [Op.Listen]: foreign,
  [Op.Connect]: foreign,
  [Op.BindDatagram]: foreign,
  [Op.LookupHost]: foreign,
  [Op.Pipe]: foreign,
  [Op.WatchSignal]: foreign,
  // A program of the OS can be handed nothing but what the OS knows.
  [Op.Spawn]: foreign,
  [Op.Seek]: seek,
  [Op.SetOwner]: setOwner,
  [Op.Lock]: lock,
  [Op.Duplicate]: duplicate,
  [Op.Open]: open,
  [Op.Close]: close,
  [Op.Read]: read,
  [Op.Write]: write,
  [Op.WriteVectored]: writeVectored,
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
  // No socket file can be made where no system would find it.
  [Op.ListenUnix]: refused(Errno.ENOTSUP),
  [Op.ConnectUnix]: refused(Errno.ENOTSUP),
  [Op.Accept]: refused(Errno.ENOTSOCK),
  [Op.ConnectDatagram]: refused(Errno.ENOTSOCK),
  [Op.SendTo]: refused(Errno.ENOTSOCK),
  [Op.ReceiveFrom]: refused(Errno.ENOTSOCK),
  [Op.Shutdown]: refused(Errno.ENOTSOCK),
  [Op.SocketName]: refused(Errno.ENOTSOCK),
  [Op.SetSocketOption]: refused(Errno.ENOTSOCK),
  [Op.GetSocketOption]: refused(Errno.ENOTSOCK),
  [Op.SetMembership]: refused(Errno.ENOTSOCK),
  [Op.Wait]: refused(Errno.ECHILD),
  [Op.Kill]: refused(Errno.ESRCH),
} satisfies Record<Op, VirtualCall>;

/** The steps of an operation. */
export function virtualCall(desk: Desk): Steps<Outcome> {
  const table: Readonly<Record<number, VirtualCall>> = CALLS;
  return (table[desk.submission.op] ?? foreign)(desk);
}
