/** What fallible calls return: `Result<T>`, or a `BufResult` where a buffer travels. */

import { Info } from "./abi/flags";
import { __create, assign, clear } from "./rt/create";
import { hostInfo } from "./rt/host";
import { panic } from "./rt/panic";
import { Promise } from "./rt/promise";
import { Slot } from "./rt/slot";
import { Vec } from "./vec";

/** What sort of error it is, independent of the operating system. Rust's names. */
export const enum ErrorKind {
  /** None of the others. */
  Other,
  NotFound,
  PermissionDenied,
  AlreadyExists,
  /** An argument that makes no sense. */
  InvalidInput,
  /** Data that is not what it should be, such as text that is not UTF-8. */
  InvalidData,
  /** The stream ended before what was expected of it. */
  UnexpectedEof,
  /** A write that took nothing. */
  WriteZero,
  Interrupted,
  /** It was cancelled before it was done. */
  Cancelled,
  TimedOut,
  WouldBlock,
  BrokenPipe,
  IsADirectory,
  NotADirectory,
  DirectoryNotEmpty,
  FilesystemLoop,
  ReadOnlyFilesystem,
  StorageFull,
  QuotaExceeded,
  FileTooLarge,
  InvalidFilename,
  TooManyLinks,
  CrossesDevices,
  ExecutableFileBusy,
  ResourceBusy,
  Deadlock,
  NotSeekable,
  StaleNetworkFileHandle,
  OutOfMemory,
  /** The host, or the operating system, cannot do it. */
  Unsupported,
  ArgumentListTooLong,
  ConnectionRefused,
  ConnectionReset,
  ConnectionAborted,
  NotConnected,
  AddrInUse,
  AddrNotAvailable,
  NetworkDown,
  NetworkUnreachable,
  HostUnreachable,
}

/** Which kind each `Errno` is, by its number. */
// @ts-ignore: decorator
@lazy const KINDS: StaticArray<u8> = [
  <u8>ErrorKind.Other, // Success
  <u8>ErrorKind.ArgumentListTooLong, // E2BIG
  <u8>ErrorKind.PermissionDenied, // EACCES
  <u8>ErrorKind.AddrInUse, // EADDRINUSE
  <u8>ErrorKind.AddrNotAvailable, // EADDRNOTAVAIL
  <u8>ErrorKind.Other, // EAFNOSUPPORT
  <u8>ErrorKind.WouldBlock, // EAGAIN
  <u8>ErrorKind.Other, // EALREADY
  <u8>ErrorKind.Other, // EBADF
  <u8>ErrorKind.Other, // EBADMSG
  <u8>ErrorKind.ResourceBusy, // EBUSY
  <u8>ErrorKind.Cancelled, // ECANCELED
  <u8>ErrorKind.Other, // ECHILD
  <u8>ErrorKind.ConnectionAborted, // ECONNABORTED
  <u8>ErrorKind.ConnectionRefused, // ECONNREFUSED
  <u8>ErrorKind.ConnectionReset, // ECONNRESET
  <u8>ErrorKind.Deadlock, // EDEADLK
  <u8>ErrorKind.Other, // EDESTADDRREQ
  <u8>ErrorKind.Other, // EDOM
  <u8>ErrorKind.QuotaExceeded, // EDQUOT
  <u8>ErrorKind.AlreadyExists, // EEXIST
  <u8>ErrorKind.Other, // EFAULT
  <u8>ErrorKind.FileTooLarge, // EFBIG
  <u8>ErrorKind.HostUnreachable, // EHOSTUNREACH
  <u8>ErrorKind.Other, // EIDRM
  <u8>ErrorKind.InvalidData, // EILSEQ
  <u8>ErrorKind.Other, // EINPROGRESS
  <u8>ErrorKind.Interrupted, // EINTR
  <u8>ErrorKind.InvalidInput, // EINVAL
  <u8>ErrorKind.Other, // EIO
  <u8>ErrorKind.Other, // EISCONN
  <u8>ErrorKind.IsADirectory, // EISDIR
  <u8>ErrorKind.FilesystemLoop, // ELOOP
  <u8>ErrorKind.Other, // EMFILE
  <u8>ErrorKind.TooManyLinks, // EMLINK
  <u8>ErrorKind.Other, // EMSGSIZE
  <u8>ErrorKind.Other, // EMULTIHOP
  <u8>ErrorKind.InvalidFilename, // ENAMETOOLONG
  <u8>ErrorKind.NetworkDown, // ENETDOWN
  <u8>ErrorKind.Other, // ENETRESET
  <u8>ErrorKind.NetworkUnreachable, // ENETUNREACH
  <u8>ErrorKind.Other, // ENFILE
  <u8>ErrorKind.Other, // ENOBUFS
  <u8>ErrorKind.Other, // ENODEV
  <u8>ErrorKind.NotFound, // ENOENT
  <u8>ErrorKind.Other, // ENOEXEC
  <u8>ErrorKind.Other, // ENOLCK
  <u8>ErrorKind.Other, // ENOLINK
  <u8>ErrorKind.OutOfMemory, // ENOMEM
  <u8>ErrorKind.Other, // ENOMSG
  <u8>ErrorKind.Other, // ENOPROTOOPT
  <u8>ErrorKind.StorageFull, // ENOSPC
  <u8>ErrorKind.Unsupported, // ENOSYS
  <u8>ErrorKind.NotConnected, // ENOTCONN
  <u8>ErrorKind.NotADirectory, // ENOTDIR
  <u8>ErrorKind.DirectoryNotEmpty, // ENOTEMPTY
  <u8>ErrorKind.Other, // ENOTRECOVERABLE
  <u8>ErrorKind.Other, // ENOTSOCK
  <u8>ErrorKind.Unsupported, // ENOTSUP
  <u8>ErrorKind.Other, // ENOTTY
  <u8>ErrorKind.Other, // ENXIO
  <u8>ErrorKind.Other, // EOVERFLOW
  <u8>ErrorKind.Other, // EOWNERDEAD
  <u8>ErrorKind.PermissionDenied, // EPERM
  <u8>ErrorKind.BrokenPipe, // EPIPE
  <u8>ErrorKind.Other, // EPROTO
  <u8>ErrorKind.Other, // EPROTONOSUPPORT
  <u8>ErrorKind.Other, // EPROTOTYPE
  <u8>ErrorKind.Other, // ERANGE
  <u8>ErrorKind.ReadOnlyFilesystem, // EROFS
  <u8>ErrorKind.NotSeekable, // ESPIPE
  <u8>ErrorKind.Other, // ESRCH
  <u8>ErrorKind.StaleNetworkFileHandle, // ESTALE
  <u8>ErrorKind.TimedOut, // ETIMEDOUT
  <u8>ErrorKind.ExecutableFileBusy, // ETXTBSY
  <u8>ErrorKind.CrossesDevices, // EXDEV
  <u8>ErrorKind.PermissionDenied, // ENOTCAPABLE
];

function kindOf(errno: i32): ErrorKind {
  return <u32>errno < <u32>KINDS.length ? KINDS[errno] : ErrorKind.Other;
}

/** What went wrong, in which operation, and on what. */
export class Error {
  /** WASI's number of the error, the same on every system; 0 when it comes from no system. */
  errno: i32 = 0;
  /** The operating system's own number, or 0. */
  osCode: i32 = 0;
  /** What was being done: `open`, `read`, …; may be empty. */
  operation: string = "";
  /** What it was done to, if that has a name. */
  path: string | null = null;
  private ownKind: ErrorKind;
  private detail: string;

  /** An error of the app's own: `detail` says what is wrong. */
  constructor(kind: ErrorKind, detail: string) {
    this.ownKind = kind;
    this.detail = detail;
  }

  /** The error that an operation completed with. `result`: a negative `Errno`. */
  static fromResult(
    result: i64,
    osCode: u32,
    operation: string,
    path: string | null = null,
  ): Error {
    const error = new Error(ErrorKind.Other, "");
    error.errno = -(<i32>result);
    error.osCode = osCode;
    error.operation = operation;
    error.path = path;
    return error;
  }

  /** The same error, said to come from this operation on this path. */
  in(operation: string, path: string | null = null): Error {
    this.operation = operation;
    this.path = path;
    return this;
  }

  /** What sort of error it is. */
  get kind(): ErrorKind {
    return this.errno ? kindOf(this.errno) : this.ownKind;
  }

  /** All of it in one line: `open "notes.txt": not found (ENOENT)`. */
  get message(): string {
    let text = this.operation;
    const path = this.path;
    if (path != null) text += ' "' + path + '"';
    if (text.length) text += ": ";
    return text + (this.errno ? describeErrno(this.errno) : this.detail);
  }

  /** The same as `message`. */
  toString(): string {
    return this.message;
  }
}

/** What an `Errno` means. The host has the texts, so that not every app carries them. */
export function describeErrno(errno: i32): string {
  const text = hostInfo(Info.ErrorText, errno);
  return text ? text.toString() : "error " + errno.toString();
}

/** The value of a call that has none to return: there is nothing in it. */
export class Unit {}

/** A value, or the error that came instead of it. */
export class Result<T> extends Slot {
  /** For std alone. */
  protected failure: Error | null = null;

  /** A success. */
  static ok<T>(value: T): Result<T> {
    const result = __create<Result<T>>();
    result.put<T>(value);
    return result;
  }

  /** A failure. */
  static err<T>(error: Error): Result<T> {
    const result = __create<Result<T>>();
    result.failure = error;
    return result;
  }

  /** The value of a promise that is fulfilled. Works for `void` too. */
  static fromPromise<T>(promise: Promise<T>): Result<T> {
    const result = __create<Result<T>>();
    if (!isVoid<T>()) result.put<T>(promise.unwrap());
    return result;
  }

  /** A success that has nothing to tell. */
  static unit(): Result<Unit> {
    return Result.ok<Unit>(new Unit());
  }

  /** It has a value. */
  get isOk(): bool {
    return this.failure == null;
  }

  /** It has an error. */
  get isErr(): bool {
    return this.failure != null;
  }

  /** The error; a bug of the app when there is none. */
  get error(): Error {
    const failure = this.failure;
    if (failure == null) panic("the result is not an error");
    return failure!;
  }

  /** The value; when there is an error instead the app dies with its message. */
  unwrap(): T {
    const failure = this.failure;
    if (failure != null) panic(failure.message);
    return this.get<T>();
  }

  /** The value; when there is an error the app dies with `message` and the error's. */
  expect(message: string): T {
    const failure = this.failure;
    if (failure != null) panic(message + ": " + failure.message);
    return this.get<T>();
  }

  /** The value, or `other` when there is an error. */
  unwrapOr(other: T): T {
    return this.failure != null ? other : this.get<T>();
  }
}

/** Those that `recycle` keeps; each has the next one as its value. */
let spare: BufResult | null = null;

/** What the compiler calls when nobody has the value of an awaited operation of std any more. */
// @ts-ignore: decorator
@global @inline
export function __recycle<T>(value: T): void {
  if (value instanceof BufResult) BufResult.recycle(value);
}

/**
 * The outcome of a read or a write: how many bytes, and the buffer, which is the app's again,
 * after an error too.
 */
export class BufResult extends Result<i32> {
  constructor(
    n: i32,
    /** The buffer that was handed over. */
    readonly buf: Vec<u8>,
    failure: Error | null = null,
  ) {
    super();
    this.put<i32>(n);
    this.failure = failure;
  }

  /** A success, without the constructors of all base classes. For std alone. */
  static of(n: i32, buf: Vec<u8>): BufResult {
    let result = spare;
    if (result == null) {
      result = __create<BufResult>();
    } else {
      spare = result.get<BufResult | null>();
    }
    assign(result, offsetof<BufResult>("buf"), buf);
    result.put<i32>(n);
    return result;
  }

  /** Keeps one that nobody has any more for another operation. */
  static recycle(result: BufResult): void {
    result.failure = null;
    clear(result, offsetof<BufResult>("buf"));
    result.put<BufResult | null>(spare);
    spare = result;
  }

  /** How many bytes were read or written. 0 from a read without an error: the end. */
  get n(): i32 {
    return this.get<i32>();
  }
}
