/** What an app can tell of an error. Argument: a directory to work in. */
import { args } from "std/env";
import { File, hardLink, metadata } from "std/fs";
import { Errno, Error as IoError, ErrorKind, println } from "std/io";
import { join } from "std/path";
import { check, equal } from "./check";

/** What no system says of files, streams, sockets and children. */
const RARE: Errno[] = [
  Errno.EIDRM, Errno.EMULTIHOP, Errno.ENOLINK, Errno.ENOMSG, Errno.ENOTRECOVERABLE,
  Errno.EOWNERDEAD,
];

export async function main(): Promise<i32> {
  const dir = args()[1];
  names();
  kinds();
  const missing = (await metadata(join(dir, "none"))).error;
  equal<i32>(missing.errno, Errno.ENOENT, "its number");
  equal(advice(missing.kind), "make it", "what to do");
  await longPaths(dir);
  await println("ok");
  return 0;
}

/** A kind is printed as its name. */
function names(): void {
  equal(`${ErrorKind.NotFound}`, "NotFound", "one");
  equal(ErrorKind.Other.toString(), "Other", "the first");
  equal(ErrorKind.ProtocolError.toString(), "ProtocolError", "the last");
  equal(new IoError(ErrorKind.WriteZero, "x").kind.toString(), "WriteZero", "an app's own");
}

/** Every error that is not rare is of a kind, and that has a name. */
function kinds(): void {
  for (let errno = 1; errno <= Errno.ENOTCAPABLE; errno++) {
    const error = IoError.fromResult(-errno, 0, "");
    const isOther = error.kind == ErrorKind.Other;
    equal(isOther, RARE.includes(errno), "other: " + error.message);
    check(!error.kind.toString().startsWith("error kind"), "a name: " + error.message);
  }
  equal(kind(Errno.EMFILE), "TooManyOpenFiles", "EMFILE");
  equal(kind(Errno.EMSGSIZE), "MessageTooLong", "EMSGSIZE");
  equal(kind(Errno.ENOTTY), "NotATerminal", "ENOTTY");
  equal(kind(Errno.ENODEV), "NoSuchDevice", "ENODEV");
  equal(kind(Errno.ENOEXEC), "NotExecutable", "ENOEXEC");
  equal(kind(Errno.EBADF), "InvalidHandle", "EBADF");
  equal(kind(Errno.EIO), "InputOutput", "EIO");
  equal(kind(Errno.ESRCH), "NoSuchProcess", "ESRCH");
}

function kind(errno: Errno): string {
  return IoError.fromResult(-errno, 0, "").kind.toString();
}

function advice(kind: ErrorKind): string {
  switch (kind) {
    case ErrorKind.PermissionDenied:
      return "ask for it";
    case ErrorKind.NotFound:
      return "make it";
    default:
      return "give up";
  }
}

/** Of a long path the beginning and the end are shown, and behind it the reason. */
async function longPaths(dir: string): Promise<void> {
  const short = "/" + "n".repeat(255);
  equal((await File.open(short)).error.message,
    `open "${short}": not found (ENOENT)`, "as long as can be shown");
  const long = join(dir, "first/" + "/middle".repeat(300) + "/last");
  const message = (await File.open(long)).error.message;
  check(message.length < 300, message);
  check(message.startsWith(`open "${dir}/first/`), message);
  check(message.includes("…") && message.endsWith("/middle/last\": not found (ENOENT)"), message);
  const both = (await hardLink(long, long + "2")).error.message;
  check(both.length < 600 && both.includes("/last\" to \"" + dir), both);
  check(both.endsWith("/last2\": not found (ENOENT)"), both);
}
