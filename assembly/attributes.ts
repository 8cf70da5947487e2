/**
 * What belongs to a file beside its contents and its names, and can be changed. Part of `std/fs`.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { Handle, StatFlag } from "./abi/flags";
import { FileOwner, FileTimes as TimesLayout } from "./abi/layout";
import { Op } from "./abi/op";
import { Error, Result, Unit } from "./error";
import { Permissions } from "./metadata";
import { toSystem } from "./os-string";
import { writeNumber } from "./rt/buffer";
import { Operation } from "./rt/operation";
import { SystemTime } from "./time";
import { Vec } from "./vec";

/** For `chown`: the user, or the group, stays who it is. */
export const UNCHANGED: u32 = FileOwner.Unchanged;

/** When a file was last read and written, for `setTimes`. What is not set stays as it is. */
export class FileTimes {
  private accessed: i64 = i64.MIN_VALUE;
  private modified: i64 = i64.MIN_VALUE;

  /** When it was last read. */
  setAccessed(time: SystemTime): this {
    this.accessed = time.nanos;
    return this;
  }

  /** When it was last written. */
  setModified(time: SystemTime): this {
    this.modified = time.nanos;
    return this;
  }

  /** For std alone. */
  toRecord(): Vec<u8> {
    const record = Vec.withCapacity<u8>(TimesLayout.Size);
    writeNumber<i64>(record, TimesLayout.Accessed, this.accessed);
    writeNumber<i64>(record, TimesLayout.Modified, this.modified);
    return record;
  }
}

/** For std alone: what `Op.SetOwner` reads. */
export function ownerRecord(uid: u32, gid: u32): Vec<u8> {
  const record = Vec.withCapacity<u8>(FileOwner.Size);
  writeNumber<u32>(record, FileOwner.User, uid);
  writeNumber<u32>(record, FileOwner.Group, gid);
  return record;
}

/** Changes something about what is at a path. */
// @ts-ignore: decorator
@final
class PathChange extends Operation<Result<Unit>> {
  /** `flags`: `StatFlag`s; `record`: what the opcode reads, if it does. */
  constructor(
    opcode: u32, private verb: string, private path: string, flags: u32, record: Vec<u8> | null,
  ) {
    super(opcode);
    const bytes = toSystem(path);
    this.handle = Handle.Root;
    this.flagBits = flags;
    this.lend0(bytes, bytes.length);
    if (record !== null) this.lend1(record, record.capacity);
  }

  /** Sets a number that the opcode reads. */
  withNumber(value: u32): this {
    this.offset = value;
    return this;
  }

  protected settle(result: i64, osError: u32): Result<Unit> {
    if (result >= 0) return Result.unit();
    // To the host an empty path is none: it has looked for a handle, and there was none either.
    if (this.path.length == 0) result = -Errno.ENOENT;
    return Result.err<Unit>(Error.fromResult(result, osError, this.verb, this.path));
  }
}

/** Changes who may read, write and execute the file at `path`. A symbolic link is followed. */
export function setPermissions(path: string, permissions: Permissions): Promise<Result<Unit>> {
  const change = new PathChange(Op.SetPermissions, "set permissions", path, 0, null);
  return change.withNumber(permissions.mode).start();
}

/** Changes when the file at `path` was last read and written. A symbolic link is followed. */
export function setTimes(path: string, times: FileTimes): Promise<Result<Unit>> {
  return new PathChange(Op.SetTimes, "set times", path, 0, times.toRecord()).start();
}

/** The same; of a symbolic link, the times of the link itself. */
export function setTimesNofollow(path: string, times: FileTimes): Promise<Result<Unit>> {
  const flags = StatFlag.NoFollow;
  return new PathChange(Op.SetTimes, "set times", path, flags, times.toRecord()).start();
}

/**
 * Gives the file at `path` to the user and the group of these numbers; `UNCHANGED` leaves one of
 * them as it is. A symbolic link is followed. To give a file away takes the rights of root; its
 * owner may give it to a group that they belong to. Otherwise it is a `PermissionDenied` error.
 */
export function chown(path: string, uid: u32, gid: u32): Promise<Result<Unit>> {
  return new PathChange(Op.SetOwner, "change owner", path, 0, ownerRecord(uid, gid)).start();
}

/** The same; of a symbolic link, the owner of the link itself. */
export function lchown(path: string, uid: u32, gid: u32): Promise<Result<Unit>> {
  const flags = StatFlag.NoFollow;
  return new PathChange(Op.SetOwner, "change owner", path, flags, ownerRecord(uid, gid)).start();
}
