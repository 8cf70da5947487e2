/**
 * Asking what a file is: for `std/fs`, whatever it has of the file.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { Stat } from "./abi/layout";
import { Op } from "./abi/op";
import { Error, Result } from "./error";
import { Metadata } from "./metadata";
import { toSystem } from "./os-string";
import { Operation } from "./rt/operation";
import { Vec } from "./vec";

/** Describes the file at a path, relative to a handle; or with an empty path that of the handle. */
// @ts-ignore: decorator
@final
export class StatOperation extends Operation<Result<Metadata>> {
  private stat: Vec<u8>;

  /** `name`: what messages call the file; `flags`: `StatFlag`s. */
  constructor(handle: u32, path: string, private name: string, flags: u32) {
    super(Op.Stat);
    this.stat = Vec.withCapacity<u8>(Stat.Size);
    this.flagBits = flags;
    this.handle = handle;
    if (path.length) {
      const bytes = toSystem(path);
      this.lend0(bytes, bytes.length);
    }
    this.lend1(this.stat, Stat.Size);
  }

  protected settle(result: i64, osError: u32): Result<Metadata> {
    if (result < 0) {
      // To the host an empty path is none: it has looked for a handle, and there was none either.
      if (this.name.length == 0) result = -Errno.ENOENT;
      return Result.err<Metadata>(Error.fromResult(result, osError, "metadata", this.name));
    }
    return Result.ok<Metadata>(new Metadata(this.stat));
  }
}
