/** What fallible calls return: `Result<T>`, or a `BufResult` where a buffer travels. */

import { Errno } from "./abi/errno";
import { Info } from "./abi/flags";
import { __create } from "./rt/create";
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

/** Which kind an `Errno` is. */
function kindOf(errno: i32): ErrorKind {
  switch (errno) {
    case Errno.ENOENT: return ErrorKind.NotFound;
    case Errno.EACCES:
    case Errno.EPERM:
    case Errno.ENOTCAPABLE: return ErrorKind.PermissionDenied;
    case Errno.EEXIST: return ErrorKind.AlreadyExists;
    case Errno.EINVAL: return ErrorKind.InvalidInput;
    case Errno.EILSEQ: return ErrorKind.InvalidData;
    case Errno.EINTR: return ErrorKind.Interrupted;
    case Errno.ECANCELED: return ErrorKind.Cancelled;
    case Errno.ETIMEDOUT: return ErrorKind.TimedOut;
    case Errno.EAGAIN: return ErrorKind.WouldBlock;
    case Errno.EPIPE: return ErrorKind.BrokenPipe;
    case Errno.EISDIR: return ErrorKind.IsADirectory;
    case Errno.ENOTDIR: return ErrorKind.NotADirectory;
    case Errno.ENOTEMPTY: return ErrorKind.DirectoryNotEmpty;
    case Errno.ELOOP: return ErrorKind.FilesystemLoop;
    case Errno.EROFS: return ErrorKind.ReadOnlyFilesystem;
    case Errno.ENOSPC: return ErrorKind.StorageFull;
    case Errno.EDQUOT: return ErrorKind.QuotaExceeded;
    case Errno.EFBIG: return ErrorKind.FileTooLarge;
    case Errno.ENAMETOOLONG: return ErrorKind.InvalidFilename;
    case Errno.EMLINK: return ErrorKind.TooManyLinks;
    case Errno.EXDEV: return ErrorKind.CrossesDevices;
    case Errno.ETXTBSY: return ErrorKind.ExecutableFileBusy;
    case Errno.EBUSY: return ErrorKind.ResourceBusy;
    case Errno.EDEADLK: return ErrorKind.Deadlock;
    case Errno.ESPIPE: return ErrorKind.NotSeekable;
    case Errno.ESTALE: return ErrorKind.StaleNetworkFileHandle;
    case Errno.ENOMEM: return ErrorKind.OutOfMemory;
    case Errno.ENOSYS:
    case Errno.ENOTSUP: return ErrorKind.Unsupported;
    case Errno.E2BIG: return ErrorKind.ArgumentListTooLong;
    case Errno.ECONNREFUSED: return ErrorKind.ConnectionRefused;
    case Errno.ECONNRESET: return ErrorKind.ConnectionReset;
    case Errno.ECONNABORTED: return ErrorKind.ConnectionAborted;
    case Errno.ENOTCONN: return ErrorKind.NotConnected;
    case Errno.EADDRINUSE: return ErrorKind.AddrInUse;
    case Errno.EADDRNOTAVAIL: return ErrorKind.AddrNotAvailable;
    case Errno.ENETDOWN: return ErrorKind.NetworkDown;
    case Errno.ENETUNREACH: return ErrorKind.NetworkUnreachable;
    case Errno.EHOSTUNREACH: return ErrorKind.HostUnreachable;
    default: return ErrorKind.Other;
  }
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
    if (path != null) text += ` "${path}"`;
    if (text.length) text += ": ";
    return text + (this.errno ? describeErrno(this.errno) : this.detail);
  }

  /** The same as `message`. */
  toString(): string {
    return this.message;
  }
}

/** The host has the texts, so that not every app carries them. */
function describeErrno(errno: i32): string {
  const text = hostInfo(Info.ErrorText, errno);
  return text ? text.toString() : `error ${errno}`;
}

/** The value of a call that has none to return: there is nothing in it. */
export class Unit {}

/** A value, or the error that came instead of it. */
export class Result<T> extends Slot {
  private failure: Error | null = null;

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

/** The outcome of a read or a write: how many bytes, and the buffer, which is the app's again. */
export class BufResult {
  private failure: Error | null;

  constructor(
    /** How many bytes were read or written. 0 from a read without an error: the end. */
    readonly n: i32,
    /** The buffer that was handed over. */
    readonly buf: Vec<u8>,
    failure: Error | null = null,
  ) {
    this.failure = failure;
  }

  /** It succeeded. */
  get isOk(): bool {
    return this.failure == null;
  }

  /** It failed; the buffer came back all the same. */
  get isErr(): bool {
    return this.failure != null;
  }

  /** The error; a bug of the app when there is none. */
  get error(): Error {
    const failure = this.failure;
    if (failure == null) panic("the result is not an error");
    return failure!;
  }

  /** How many bytes; when there is an error the app dies with its message. */
  unwrap(): i32 {
    const failure = this.failure;
    if (failure != null) panic(failure.message);
    return this.n;
  }

  /** How many bytes; when there is an error the app dies with `message` and the error's. */
  expect(message: string): i32 {
    const failure = this.failure;
    if (failure != null) panic(message + ": " + failure.message);
    return this.n;
  }

  /** How many bytes, or `other` when there is an error. */
  unwrapOr(other: i32): i32 {
    return this.failure != null ? other : this.n;
  }
}
