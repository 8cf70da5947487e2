/** What fallible calls return: `Result<T>`, or a `BufResult` where a buffer travels. */

import { Info } from "./abi/flags";
import { __create, assign, clear } from "./rt/create";
import { ErrorKind } from "./rt/error-kind";
import { hostInfo } from "./rt/host";
import { panic } from "./rt/panic";
import { Promise } from "./rt/promise";
import { shortened } from "./rt/shortened";
import { Slot } from "./rt/slot";
import { Vec } from "./vec";

export { Errno } from "./abi/errno";
export { ErrorKind } from "./rt/error-kind";

/** What went wrong, in which operation, and on what. */
export class Error {
  /** An `Errno`: WASI's, the same on every system; 0 when the error comes from no system. */
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
    return this.errno ? ErrorKind.of(this.errno) : this.ownKind;
  }

  /** All of it in one line: `open "notes.txt": not found (ENOENT)`. */
  get message(): string {
    let text = this.operation;
    const path = this.path;
    if (path != null) text += ' "' + shortened(path) + '"';
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
  return hostInfo(Info.ErrorText, errno)!.toString();
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
