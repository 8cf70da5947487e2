/**
 * Names of files: renaming, links, and what a name leads to. Part of `std/fs`.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { Handle } from "./abi/flags";
import { Op } from "./abi/op";
import { Error, ErrorKind, Result, Unit, describeErrno } from "./error";
import { fromSystem, toSystem } from "./os-string";
import { Operation } from "./rt/operation";
import { shortened } from "./rt/shortened";
import { Vec } from "./vec";

/** The longest path, in bytes; a longer one is an `InvalidFilename` error. */
const LONGEST_PATH: i32 = 4096;

/** The error of an operation on two paths: `rename "a" to "b": not found (ENOENT)`. */
export class PathsError extends Error {
  constructor(
    result: i64, osError: u32, verb: string, path: string, private readonly other: string,
  ) {
    super(ErrorKind.Other, "");
    this.errno = -(<i32>result);
    this.osCode = osError;
    this.operation = verb;
    this.path = path;
  }

  get message(): string {
    const path = this.path;
    const names = path === null ? "" : ` "${shortened(path)}" to "${shortened(this.other)}"`;
    return `${this.operation}${names}: ${describeErrno(this.errno)}`;
  }
}

/** An operation on two paths, or on a path and a text. */
// @ts-ignore: decorator
@final
class PathsOperation extends Operation<Result<Unit>> {
  /** `first` and `second` in the order of the ABI; in messages the one is done to the other. */
  constructor(
    opcode: u32,
    private verb: string,
    first: string,
    second: string,
    private subject: string,
    private other: string,
  ) {
    super(opcode);
    const path = toSystem(first);
    const more = toSystem(second);
    this.handle = Handle.Root;
    if (opcode != Op.SymbolicLink) this.offset = <i64>(<u32>Handle.Root);
    this.lend0(path, path.length);
    this.lend1(more, more.length);
  }

  protected settle(result: i64, osError: u32): Result<Unit> {
    if (result >= 0) return Result.unit();
    const error = new PathsError(result, osError, this.verb, this.subject, this.other);
    return Result.err<Unit>(error);
  }
}

/**
 * Gives a file or directory another name. What has that name already is replaced: a file by a file,
 * an empty directory by a directory. Both must be on one device, else `CrossesDevices`.
 */
export function rename(from: string, to: string): Promise<Result<Unit>> {
  return new PathsOperation(Op.Rename, "rename", from, to, from, to).start();
}

/**
 * Gives the file `original` a second name, `link`. Both must be on one device. Of a symbolic link
 * it is the link itself that gets a second name.
 */
export function hardLink(original: string, link: string): Promise<Result<Unit>> {
  return new PathsOperation(Op.HardLink, "hard link", original, link, original, link).start();
}

/**
 * Makes the symbolic link `link`, which leads to `original`: that need not exist, and is relative
 * to the directory of the link. Where the app was granted directories, rather than everything,
 * `original` must not be an absolute path; one that leads out of the directory can be made, but not
 * followed.
 */
export function symlink(original: string, link: string): Promise<Result<Unit>> {
  const op = Op.SymbolicLink;
  return new PathsOperation(op, "symbolic link", link, original, original, link).start();
}

/** An operation on a path whose outcome is a path. */
// @ts-ignore: decorator
@final
class AskOperation extends Operation<Result<string>> {
  private answer: Vec<u8>;

  constructor(opcode: u32, private verb: string, private path: string) {
    super(opcode);
    const bytes = toSystem(path);
    this.answer = Vec.withCapacity<u8>(LONGEST_PATH);
    this.handle = Handle.Root;
    this.lend0(bytes, bytes.length);
    this.lend1(this.answer, LONGEST_PATH);
  }

  protected settle(result: i64, osError: u32): Result<string> {
    // As long as the buffer: there may have been more.
    if (result == LONGEST_PATH) result = -Errno.ENAMETOOLONG;
    if (result < 0) {
      return Result.err<string>(Error.fromResult(result, osError, this.verb, this.path));
    }
    this.answer.setLength(<i32>result);
    return Result.ok<string>(fromSystem(this.answer));
  }
}

/** Where a symbolic link leads, as it was made. `InvalidInput` when it is none. */
export function readLink(path: string): Promise<Result<string>> {
  return new AskOperation(Op.ReadLink, "read link", path).start();
}

/**
 * The absolute path of what there is at `path`, without symbolic links, `.` and `..`. It is a path
 * of the app's: a directory that was granted under another name has that name in it.
 */
export function canonicalize(path: string): Promise<Result<string>> {
  return new AskOperation(Op.Canonicalize, "canonicalize", path).start();
}
