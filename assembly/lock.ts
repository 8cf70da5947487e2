/**
 * Locks of files. Part of `std/fs`.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { LockFlag } from "./abi/flags";
import { Op } from "./abi/op";
import { outcome } from "./closing";
import { Error, Result, Unit } from "./error";
import { Operation } from "./rt/operation";
import { Stream } from "./transfer";

/** Locks a file or unlocks it. A lock that nobody wants any more is given back. */
// @ts-ignore: decorator
@final
export class LockOperation extends Operation<Result<Unit>> {
  /** `kind`: a `LockFlag`. */
  constructor(private file: Stream, private kind: u32) {
    super(Op.Lock);
    this.handle = file.handle;
    this.flagBits = kind;
    if (kind == LockFlag.Unlock) this.shield();
  }

  protected settle(result: i64, osError: u32): Result<Unit> {
    const verb = this.kind == LockFlag.Unlock ? "unlock" : "lock";
    return outcome(result, osError, verb, this.file.name);
  }

  protected disposeLate(_result: i64): bool {
    new LockOperation(this.file, LockFlag.Unlock).start();
    return true;
  }
}

/** Tries to lock a file: whether that succeeded. */
// @ts-ignore: decorator
@final
export class TryLockOperation extends Operation<Result<bool>> {
  /** `kind`: a `LockFlag`. */
  constructor(private file: Stream, kind: u32) {
    super(Op.Lock);
    this.handle = file.handle;
    this.flagBits = kind | LockFlag.Try;
  }

  protected settle(result: i64, osError: u32): Result<bool> {
    if (result >= 0) return Result.ok<bool>(true);
    if (result == -Errno.EAGAIN) return Result.ok<bool>(false);
    return Result.err<bool>(Error.fromResult(result, osError, "lock", this.file.name));
  }

  protected disposeLate(_result: i64): bool {
    new LockOperation(this.file, LockFlag.Unlock).start();
    return true;
  }
}
