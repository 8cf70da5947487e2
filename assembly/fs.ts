/**
 * Files by path and by handle. The names and their meaning are those of Rust's `std::fs`.
 *
 * A path is resolved in what the app was given: a path outside of that is "permission denied". A
 * file name that is not UTF-8 comes and goes as a string with escapes, see `std/os-string`.
 *
 * Every error names the operation and the path, and keeps the number of the system.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import {
  FileKind, Handle, LockFlag, Offset, OpenFlag, SeekFlag, StatFlag, SyncFlag,
} from "./abi/flags";
import { CopyTarget, Stat } from "./abi/layout";
import { Op } from "./abi/op";
import { FileTimes, ownerRecord } from "./attributes";
import { CLOSED, CloseOperation, outcome } from "./closing";
import { BufResult, Error, ErrorKind, Result, Unit } from "./error";
import { AsyncRead, AsyncWrite, readToEnd, textOf, writeAll } from "./io";
import { PathsError } from "./links";
import { LockOperation, TryLockOperation } from "./lock";
import { Metadata, Permissions } from "./metadata";
import { toSystem } from "./os-string";
import { SeekOperation, sharePosition } from "./position";
import { writeNumber } from "./rt/buffer";
import { Operation } from "./rt/operation";
import { StatOperation } from "./stat";
import { Stream, startTransfer } from "./transfer";
import { Vec } from "./vec";

export {
  FileTimes, UNCHANGED, chown, lchown, setPermissions, setTimes, setTimesNofollow,
} from "./attributes";
export {
  DirBuilder, DirEntry, DirReader, createDir, createDirAll, readDir, removeDir, removeFile,
} from "./directory";
export { canonicalize, hardLink, readLink, rename, symlink } from "./links";
export { FileType, Metadata, Permissions } from "./metadata";
export { removeDirAll } from "./removal";

/** Permission bits of a new file; the system takes off those of the process's mask. */
const NEW_FILE: u32 = 0o666;

/**
 * An open file. Close it: nothing else does, before the app ends.
 *
 * `read` and `write` continue at the cursor of the file, which begins at 0; `readAt` and `writeAt`
 * know no cursor, and any number of them may be in flight. A child that is given the file has the
 * same cursor (`Stdio.from`). For what has no positions (a FIFO, a terminal, a socket) offsets mean
 * nothing, and all four take what comes next.
 */
export class File extends Stream implements AsyncRead, AsyncWrite {
  /** Use `File.open`, `File.create` or `OpenOptions`. */
  constructor(handle: u32, path: string, private flags: u32) {
    super(handle, path, 0);
  }

  /** Opens a file for reading. */
  static open(path: string): Promise<Result<File>> {
    return new OpenOperation(path, OpenFlag.Read, 0).start();
  }

  /** Opens a file for writing: makes it if it does not exist, and empties it if it does. */
  static create(path: string): Promise<Result<File>> {
    const flags = OpenFlag.Write | OpenFlag.Create | OpenFlag.Truncate;
    return new OpenOperation(path, flags, NEW_FILE).start();
  }

  /**
   * Reads at the cursor: see `AsyncRead.read`. The cursor moves by `n`. Of several reads in
   * flight each continues where the one before it ends, provided that that one is not short.
   */
  // @ts-ignore: decorator
  @fresh
  read(buf: Vec<u8>): Promise<BufResult> {
    return this.transfer(Op.Read, buf, buf.capacity);
  }

  /**
   * Writes at the cursor: see `AsyncWrite.write`. The cursor moves by `n`. A file that is open for
   * appending writes at its end instead, and the cursor stays.
   */
  // @ts-ignore: decorator
  @fresh
  write(buf: Vec<u8>): Promise<BufResult> {
    if (this.flags & OpenFlag.Append) {
      return startTransfer(this, Op.Write, buf, buf.length, Offset.Current, 0);
    }
    return this.transfer(Op.Write, buf, buf.length);
  }

  /** For std alone. */
  get writePosition(): i64 {
    return this.flags & OpenFlag.Append ? Offset.Current : this.cursor;
  }

  /** Reads at `offset`, in bytes: otherwise as `AsyncRead.read`. Past the end, `n` is 0. */
  // @ts-ignore: decorator
  @fresh
  readAt(buf: Vec<u8>, offset: u64): Promise<BufResult> {
    return this.transferAt(Op.Read, buf, buf.capacity, offset);
  }

  /**
   * Writes at `offset`, in bytes: otherwise as `AsyncWrite.write`. Past the end, what lies between
   * is zeros. A file that is open for appending writes at its end, wherever `offset` is.
   */
  // @ts-ignore: decorator
  @fresh
  writeAt(buf: Vec<u8>, offset: u64): Promise<BufResult> {
    return this.transferAt(Op.Write, buf, buf.length, offset);
  }

  /**
   * Writes all of `buf` at `offset`, by as many writes as that takes. With an error `n` says how
   * much was written.
   */
  writeAllAt(buf: Vec<u8>, offset: u64): Promise<BufResult> {
    return this.transferAll(buf, offset);
  }

  /**
   * Moves the cursor. The result is where it stands then, in bytes from the beginning, which may
   * be past the end. Fails with `InvalidInput` before the beginning, and with `NotSeekable` for a
   * FIFO or socket. Do it while no `read` or `write` is in flight.
   */
  seek(position: SeekFrom): Promise<Result<u64>> {
    if (this.cursor < 0) return new SeekOperation(this, position.origin, position.offset).start();
    return new CursorOperation(this, position).start();
  }

  /** What the file is, how long, whose, … as of now. */
  metadata(): Promise<Result<Metadata>> {
    return new StatOperation(this.handle, "", this.name, 0).start();
  }

  /** Cuts the file off after `length` bytes, or extends it by zeros. The cursor stays. */
  setLen(length: u64): Promise<Result<Unit>> {
    return new ChangeOperation(Op.SetLength, "set length", this, 0, length).start();
  }

  /** Returns once contents and metadata are where a crash of the system leaves them alone. */
  syncAll(): Promise<Result<Unit>> {
    return new ChangeOperation(Op.Sync, "sync", this, 0, 0).start();
  }

  /** The same for the contents alone, and what is needed to read them. */
  syncData(): Promise<Result<Unit>> {
    return new ChangeOperation(Op.Sync, "sync", this, SyncFlag.Data, 0).start();
  }

  /** Changes who may read, write and execute the file. */
  setPermissions(permissions: Permissions): Promise<Result<Unit>> {
    const mode = permissions.mode;
    return new ChangeOperation(Op.SetPermissions, "set permissions", this, 0, mode).start();
  }

  /** Changes when the file was last read and written. */
  setTimes(times: FileTimes): Promise<Result<Unit>> {
    return new RecordOperation(Op.SetTimes, "set times", this, times.toRecord()).start();
  }

  /** Gives the file to the user and the group of these numbers; see the function `chown`. */
  chown(uid: u32, gid: u32): Promise<Result<Unit>> {
    return new RecordOperation(Op.SetOwner, "change owner", this, ownerRecord(uid, gid)).start();
  }

  /**
   * Locks the file, all of it, and waits as long as others have a lock on it. Who has it open with
   * the same `File`, a clone of it (`tryClone`) or as a child's stream has the lock, too; another
   * opening has not, be it the same app's. It keeps from the file only those who ask for a lock,
   * and lasts until `unlock`, or until all who have it have closed the file. A shared lock that one
   * has is given up first. Cancelling it waits no longer; among those who wait there is no order.
   */
  lock(): Promise<Result<Unit>> {
    return new LockOperation(this, LockFlag.Exclusive).start();
  }

  /** The same, together with all others who want a shared lock. */
  lockShared(): Promise<Result<Unit>> {
    return new LockOperation(this, LockFlag.Shared).start();
  }

  /** Locks the file as `lock` does if that can be done at once; otherwise the value is `false`. */
  tryLock(): Promise<Result<bool>> {
    return new TryLockOperation(this, LockFlag.Exclusive).start();
  }

  /** The same, together with all others who want a shared lock. */
  tryLockShared(): Promise<Result<bool>> {
    return new TryLockOperation(this, LockFlag.Shared).start();
  }

  /** Ends the lock, if there is one. */
  unlock(): Promise<Result<Unit>> {
    return new LockOperation(this, LockFlag.Unlock).start();
  }

  /**
   * Gives a second `File` for this opening, to be closed by itself. Both have one cursor, and one
   * lock. Do it while no `read`, `write` or `seek` is in flight: from then on the order of several
   * of these in flight is the system's.
   */
  async tryClone(): Promise<Result<File>> {
    const shared = await sharePosition(this);
    if (shared.isErr) return Result.err<File>(shared.error.in("clone", this.name));
    return await new CloneOperation(this, this.flags).start();
  }

  /**
   * Closes the file. Whatever is in flight on it is cancelled first. Closing cannot be cancelled
   * itself. Using the file later is an error of the system ("bad file descriptor").
   */
  // @ts-ignore: decorator
  @discardable
  close(): Promise<Result<Unit>> {
    const closing = new CloseOperation(this.handle, this.name);
    this.handle = CLOSED;
    return closing.start();
  }
}

/** Where `File.seek` goes. */
export class SeekFrom {
  private constructor(
    /** For std alone. */
    readonly origin: u32,
    /** For std alone. */
    readonly offset: i64,
  ) {}

  /** So many bytes from the beginning. */
  static start(offset: u64): SeekFrom {
    return new SeekFrom(SeekFlag.Start, <i64>offset);
  }

  /** So many bytes from where the cursor is; negative ones go back. */
  static current(offset: i64): SeekFrom {
    return new SeekFrom(SeekFlag.Current, offset);
  }

  /** So many bytes from the end; negative ones lie before it. */
  static end(offset: i64): SeekFrom {
    return new SeekFrom(SeekFlag.End, offset);
  }
}

/**
 * How to open a file: `new OpenOptions().read().write().open(path)`. Without any of `read`,
 * `write` and `append` nothing can be opened.
 */
export class OpenOptions {
  private flags: u32 = 0;
  private bits: u32 = NEW_FILE;

  /** Allows reading. */
  read(yes: bool = true): this {
    return this.set(OpenFlag.Read, yes);
  }

  /** Allows writing. The contents stay, unless `truncate` says otherwise. */
  write(yes: bool = true): this {
    return this.set(OpenFlag.Write, yes);
  }

  /** Allows writing, always at the end of the file, wherever others have moved that meanwhile. */
  append(yes: bool = true): this {
    return this.set(OpenFlag.Append, yes);
  }

  /** Empties the file. Needs `write`. */
  truncate(yes: bool = true): this {
    return this.set(OpenFlag.Truncate, yes);
  }

  /** Makes the file if it does not exist. Needs `write` or `append`. */
  create(yes: bool = true): this {
    return this.set(OpenFlag.Create, yes);
  }

  /**
   * Makes the file, and fails with `AlreadyExists` if there is one, even a dangling symbolic
   * link. Needs `write` or `append`. `create` and `truncate` have no meaning then.
   */
  createNew(yes: bool = true): this {
    return this.set(OpenFlag.CreateNew, yes);
  }

  /** Permission bits for a file that is made, 0o777 at most; 0o666 unless given. */
  mode(bits: u32): this {
    this.bits = bits;
    return this;
  }

  /** Opens a file so. A contradiction among the options is an `InvalidInput` error. */
  open(path: string): Promise<Result<File>> {
    let flags = this.flags;
    if (flags & OpenFlag.CreateNew) flags &= ~(OpenFlag.Create | OpenFlag.Truncate);
    const makes = OpenFlag.Create | OpenFlag.CreateNew;
    let isSound = (flags & (OpenFlag.Read | OpenFlag.Write | OpenFlag.Append)) != 0;
    if (flags & makes && !(flags & (OpenFlag.Write | OpenFlag.Append))) isSound = false;
    // To empty a file in order to append to it is a mistake, says Rust too.
    if (flags & OpenFlag.Truncate && (flags & OpenFlag.Append || !(flags & OpenFlag.Write))) {
      isSound = false;
    }
    if (!isSound) return Promise.resolve(invalidOptions(path));
    return new OpenOperation(path, flags, flags & makes ? this.bits : 0).start();
  }

  private set(flag: u32, yes: bool): this {
    this.flags = yes ? this.flags | flag : this.flags & ~flag;
    return this;
  }
}

function invalidOptions(path: string): Result<File> {
  return Result.err<File>(Error.fromResult(-Errno.EINVAL, 0, "open", path));
}

/** Opens a file. One that is open when nobody wants it any more is closed again. */
// @ts-ignore: decorator
@final
class OpenOperation extends Operation<Result<File>> {
  constructor(private path: string, private access: u32, mode: u32) {
    super(Op.Open);
    const bytes = toSystem(path);
    this.handle = Handle.Root;
    this.flagBits = access;
    this.offset = mode;
    this.lend0(bytes, bytes.length);
  }

  protected settle(result: i64, osError: u32): Result<File> {
    if (result < 0) return Result.err<File>(Error.fromResult(result, osError, "open", this.path));
    return Result.ok<File>(new File(<u32>result, this.path, this.access));
  }

  protected disposeLate(result: i64): bool {
    new CloseOperation(<u32>result, this.path).start();
    return true;
  }
}

/** Duplicates a handle. One that nobody wants any more is closed again. */
// @ts-ignore: decorator
@final
class CloneOperation extends Operation<Result<File>> {
  constructor(private file: File, private access: u32) {
    super(Op.Duplicate);
    this.handle = file.handle;
  }

  protected settle(result: i64, osError: u32): Result<File> {
    const name = this.file.name;
    if (result < 0) return Result.err<File>(Error.fromResult(result, osError, "clone", name));
    const clone = new File(<u32>result, name, this.access);
    clone.cursor = Offset.Current;
    return Result.ok<File>(clone);
  }

  protected disposeLate(result: i64): bool {
    new CloseOperation(<u32>result, this.file.name).start();
    return true;
  }
}

/** An operation on an open file that has nothing to tell but whether it succeeded. */
class ChangeOperation extends Operation<Result<Unit>> {
  private path: string;

  constructor(opcode: u32, private verb: string, file: File, flags: u32, offset: u64) {
    super(opcode);
    this.path = file.name;
    this.handle = file.handle;
    this.flagBits = flags;
    this.offset = <i64>offset;
  }

  protected settle(result: i64, osError: u32): Result<Unit> {
    return outcome(result, osError, this.verb, this.path);
  }
}

/** Such an operation that takes a record. */
// @ts-ignore: decorator
@final
class RecordOperation extends ChangeOperation {
  constructor(opcode: u32, verb: string, file: File, record: Vec<u8>) {
    super(opcode, verb, file, 0, 0);
    this.lend1(record, record.capacity);
  }
}

/** Asks what the file is, and moves its cursor. */
// @ts-ignore: decorator
@final
class CursorOperation extends Operation<Result<u64>> {
  private stat: Vec<u8>;

  constructor(private file: File, private position: SeekFrom) {
    super(Op.Stat);
    this.stat = Vec.withCapacity<u8>(Stat.Size);
    this.handle = file.handle;
    this.lend1(this.stat, Stat.Size);
  }

  protected settle(result: i64, osError: u32): Result<u64> {
    const file = this.file;
    if (result >= 0) result = this.target(new Metadata(this.stat));
    if (result < 0) return Result.err<u64>(Error.fromResult(result, osError, "seek", file.name));
    file.cursor = result;
    return Result.ok<u64>(result);
  }

  /** Where the cursor shall stand, or a negative `Errno`. */
  private target(metadata: Metadata): i64 {
    const kind = metadata.kind;
    if (kind == FileKind.Fifo || kind == FileKind.Socket) return -Errno.ESPIPE;
    const origin = this.position.origin;
    let base: i64 = 0;
    if (origin == SeekFlag.Current) base = this.file.cursor;
    else if (origin == SeekFlag.End) base = <i64>metadata.length;
    // Both are within 63 bits, so that a sum which overflows is negative as well.
    const target = base + this.position.offset;
    return target < 0 ? -Errno.EINVAL : target;
  }
}

/** What the file at `path` is, how long, whose, … A symbolic link is followed. */
export function metadata(path: string): Promise<Result<Metadata>> {
  return new StatOperation(Handle.Root, path, path, 0).start();
}

/** The same; of a symbolic link, what the link itself is. */
export function symlinkMetadata(path: string): Promise<Result<Metadata>> {
  return new StatOperation(Handle.Root, path, path, StatFlag.NoFollow).start();
}

/**
 * Whether there is something at `path`, at the end of its symbolic links. An error other than
 * "not found", such as a directory that may not be searched, leaves that open.
 */
export async function exists(path: string): Promise<Result<bool>> {
  const found = await metadata(path);
  if (found.isOk) return Result.ok<bool>(true);
  if (found.error.errno == Errno.ENOENT) return Result.ok<bool>(false);
  return Result.err<bool>(found.error);
}

/** The whole contents of a file. */
export async function read(path: string): Promise<Result<Vec<u8>>> {
  const opened = await File.open(path);
  if (opened.isErr) return Result.err<Vec<u8>>(opened.error);
  const file = opened.unwrap();
  const contents = await readOpen(file);
  await file.close();
  return contents;
}

/** What a Vec holds at most, somewhat rounded. */
const MOST: u64 = 0x3fff0000;

async function readOpen(file: File): Promise<Result<Vec<u8>>> {
  const found = await file.metadata();
  if (found.isErr) return Result.err<Vec<u8>>(found.error);
  const length = found.unwrap().length;
  if (length > MOST) {
    const error = Error.fromResult(-Errno.EFBIG, 0, "read", file.name);
    return Result.err<Vec<u8>>(error);
  }
  const all = await readToEnd(file, Vec.withCapacity<u8>(<i32>length));
  if (all.isErr) return Result.err<Vec<u8>>(all.error);
  return Result.ok<Vec<u8>>(all.buf);
}

/** The whole contents of a file of text. `InvalidData` when it is not UTF-8. */
export async function readToString(path: string): Promise<Result<string>> {
  const contents = await read(path);
  if (contents.isErr) return Result.err<string>(contents.error);
  return textOf(contents.unwrap(), path);
}

/**
 * Makes `contents` the whole contents of a file, which need not exist. After an error there may be
 * a part of them. `contents` comes back unchanged.
 */
export async function write(path: string, contents: Vec<u8>): Promise<BufResult> {
  const opened = await File.create(path);
  if (opened.isErr) return new BufResult(0, contents, opened.error);
  const file = opened.unwrap();
  const written = await writeAll(file, contents);
  const closed = await file.close();
  if (written.isErr || closed.isOk) return written;
  return new BufResult(written.n, contents, closed.error);
}

/** The same for a text, which is written as UTF-8. */
export async function writeString(path: string, text: string): Promise<Result<Unit>> {
  const written = await write(path, Vec.fromString(text));
  return written.isErr ? Result.err<Unit>(written.error) : Result.unit();
}

/** Copies between open files inside of the system, part by part, as one operation. */
// @ts-ignore: decorator
@final
class CopyOperation extends Operation<Result<u64>> {
  private done: u64 = 0;
  private target: Vec<u8>;

  constructor(source: File, private to: File, private from: string) {
    super(Op.CopyRange);
    this.target = Vec.withCapacity<u8>(CopyTarget.Size);
    this.handle = source.handle;
    writeNumber<u64>(this.target, CopyTarget.Length, <u64>i64.MAX_VALUE);
    writeNumber<u32>(this.target, CopyTarget.Handle, to.handle);
    writeNumber<u32>(this.target, CopyTarget.Reserved, 0);
    this.lendTarget();
  }

  private lendTarget(): void {
    writeNumber<u64>(this.target, CopyTarget.Offset, this.done);
    this.offset = <i64>this.done;
    this.lend1(this.target, CopyTarget.Size);
  }

  protected retry(result: i64): bool {
    if (result <= 0) return false;
    this.done += <u64>result;
    this.target.giveBack();
    this.lendTarget();
    return true;
  }

  protected settle(result: i64, osError: u32): Result<u64> {
    if (result == 0) return Result.ok<u64>(this.done);
    // One that was cancelled half way is no success.
    if (result > 0) result = -Errno.ECANCELED;
    return Result.err<u64>(new PathsError(result, osError, "copy", this.from, this.to.name));
  }
}

/**
 * Copies the contents of a regular file, and who may read, write and execute it, to a file that is
 * made, or replaced if it is there. The result is how many bytes that were. The system copies by
 * itself, without the app's memory, and shares the storage of both where the file system can; holes
 * stay holes.
 *
 * Copying a file onto itself is an `InvalidInput` error. After another error the target may have a
 * part of the contents.
 */
export async function copy(from: string, to: string): Promise<Result<u64>> {
  // Before it is opened, which would wait for the other end of a FIFO.
  const found = await metadata(from);
  if (found.isErr) return Result.err<u64>(found.error.in("copy", from));
  if (!found.unwrap().isFile) return refusedCopy(from);
  const opened = await File.open(from);
  if (opened.isErr) return Result.err<u64>(opened.error);
  const source = opened.unwrap();
  const copied = await copyOpen(source, to);
  await source.close();
  return copied;
}

async function copyOpen(source: File, to: string): Promise<Result<u64>> {
  const found = await source.metadata();
  if (found.isErr) return Result.err<u64>(found.error);
  const metadata = found.unwrap();
  if (!metadata.isFile) return refusedCopy(source.name);
  const mode = metadata.permissions.mode & 0o777;
  // It is emptied later, when it is known to be another file.
  const created = await new OpenOptions().write().create().mode(mode).open(to);
  if (created.isErr) return Result.err<u64>(created.error);
  const target = created.unwrap();
  const copied = await copyInto(source, metadata, target);
  const closed = await target.close();
  if (copied.isOk && closed.isErr) return Result.err<u64>(closed.error);
  return copied;
}

async function copyInto(source: File, from: Metadata, target: File): Promise<Result<u64>> {
  const found = await target.metadata();
  if (found.isErr) return Result.err<u64>(found.error);
  const to = found.unwrap();
  if (to.inode == from.inode && to.device == from.device) {
    return refusedCopy(source.name, "source and target are the same file");
  }
  if (to.isFile) {
    const mode = from.permissions.mode & 0o777;
    if (to.length > 0) {
      const emptied = await target.setLen(0);
      if (emptied.isErr) return Result.err<u64>(emptied.error);
    }
    if (to.permissions.mode != mode) {
      const set = await target.setPermissions(new Permissions(mode));
      if (set.isErr) return Result.err<u64>(set.error);
    }
  }
  return await new CopyOperation(source, target, source.name).start();
}

function refusedCopy(name: string, why: string = "is not a regular file"): Result<u64> {
  return Result.err<u64>(new Error(ErrorKind.InvalidInput, why).in("copy", name));
}
