/**
 * Directories: what is in them, making them, and removing what one call removes. Part of `std/fs`.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { FileKind, Handle, OpenFlag, StatFlag } from "./abi/flags";
import { DirectoryEntry } from "./abi/layout";
import { Op } from "./abi/op";
import { CLOSED, CloseOperation, HandleOwner, outcome } from "./closing";
import { Error, Result, Unit } from "./error";
import { FileType, Metadata } from "./metadata";
import { toSystem } from "./os-string";
import { join, parent } from "./path";
import { decodeEscapedAt, readNumber } from "./rt/buffer";
import { Flag, State } from "./rt/node";
import { Operation } from "./rt/operation";
import { Promise as PromiseClass } from "./rt/promise";
import { StatOperation } from "./stat";
import { Vec } from "./vec";

/** How many bytes of entries are read at once. */
const BATCH: i32 = 32 << 10;

/** Permission bits of a new directory; the system takes off those of the process's mask. */
const NEW_DIRECTORY: u32 = 0o777;

/**
 * Reads a directory, some entries at a time: however many it has, a reader takes the same memory.
 *
 * ```ts
 * const dir = (await readDir("photos")).unwrap();
 * for (let entry = (await dir.next()).unwrap(); entry; entry = (await dir.next()).unwrap()) {
 *   await println(entry.fileName);
 * }
 * ```
 *
 * It closes itself at the end; who stops before that closes it. The order is the system's; `.` and
 * `..` are left out. What is added or removed meanwhile may come or not.
 */
export class DirReader extends HandleOwner {
  private batch: Vec<u8> = new Vec<u8>();
  private position: i32 = 0;
  private end: i32 = 0;
  private atEnd: bool = false;
  /** What is in flight to fill the batch: one for all who wait. */
  private filling: FillOperation | null = null;
  /** Those who wait for it. */
  private waits: FillWait[] = [];

  /** Use `readDir`. */
  constructor(handle: u32, path: string) {
    super(handle, path);
  }

  /** The path that it was opened with. */
  get path(): string {
    return this.name;
  }

  /**
   * The next entry, or `null` at the end. After an error the reader stands where it stood. Several
   * may be asked for at once.
   */
  async next(): Promise<Result<DirEntry | null>> {
    while (this.position == this.end) {
      if (this.atEnd) return Result.ok<DirEntry | null>(null);
      const failure = await this.fill();
      if (failure !== null) return Result.err<DirEntry | null>(failure);
      if (this.atEnd) await this.close();
    }
    return Result.ok<DirEntry | null>(this.take());
  }

  /** Closes the directory. Entries stay as they are. Doing it again is of no effect. */
  // @ts-ignore: decorator
  @discardable
  async close(): Promise<Result<Unit>> {
    const handle = this.handle;
    if (handle == CLOSED) return Result.unit();
    this.handle = CLOSED;
    return await new CloseOperation(handle, this.path).start();
  }

  private fill(): Promise<Error | null> {
    const wait = new FillWait(this);
    this.waits.push(wait);
    if (this.filling === null) this.startToFill();
    return wait;
  }

  private startToFill(): void {
    if (this.batch.capacity == 0) this.batch = new Vec<u8>(BATCH);
    const filling = new FillOperation(this, this.batch);
    this.filling = filling;
    filling.start();
  }

  /** Somebody does not want to wait any more; the others do. For std alone. */
  leave(wait: FillWait): void {
    wait.isUnwanted = true;
    const waits = this.waits;
    for (let i = 0; i < waits.length; i++) {
      if (!waits[i].isUnwanted) {
        waits.splice(waits.indexOf(wait), 1);
        wait.endEarly(readError(-Errno.ECANCELED, 0, this.path));
        return;
      }
    }
    this.filling!.cancel();
  }

  /** The batch has been filled with so many bytes, or not. For std alone. */
  filled(count: i32, failure: Error | null): void {
    const waits = this.waits;
    this.filling = null;
    this.waits = [];
    const isCancelled = failure !== null && failure.errno == Errno.ECANCELED;
    if (failure === null) {
      this.position = 0;
      this.end = count;
      this.atEnd = count == 0;
      if (this.atEnd) this.batch = new Vec<u8>();
    }
    for (let i = 0; i < waits.length; i++) {
      const wait = waits[i];
      if (!isCancelled) wait.fulfill(failure);
      else if (wait.isUnwanted || this.handle == CLOSED) wait.endEarly(failure!);
      // It came when those before it had given up already.
      else this.waits.push(wait);
    }
    if (this.waits.length > 0) this.startToFill();
  }

  private take(): DirEntry {
    const batch = this.batch;
    const at = this.position;
    const length = <i32>readNumber<u16>(batch, at + DirectoryEntry.NameLength);
    const name = decodeEscapedAt(batch, at + DirectoryEntry.Name, length);
    const kind = <u32>readNumber<u16>(batch, at + DirectoryEntry.Kind);
    const inode = readNumber<u64>(batch, at + DirectoryEntry.Inode);
    this.position = at + readNumber<i32>(batch, at + DirectoryEntry.Next);
    return new DirEntry(this, name, inode, kind);
  }
}

/** Something in a directory. */
export class DirEntry {
  /** For std alone. */
  constructor(
    private dir: DirReader,
    /** Its name, without the directory's. Bytes that are not UTF-8 are escapes: `std/os-string`. */
    readonly fileName: string,
    /** Its number on the device; that of a mount point may be the one of what it hides. */
    readonly inode: u64,
    /** For std alone: a `FileKind`. */
    readonly kind: u32,
  ) {}

  /** The path of the directory, as it was given to `readDir`, with the name. */
  get path(): string {
    return join(this.dir.path, this.fileName);
  }

  /**
   * What sort of thing it is; a symbolic link is not followed. Most file systems tell it with the
   * name, so that this asks nobody.
   */
  async fileType(): Promise<Result<FileType>> {
    if (this.kind != FileKind.Unknown) return Result.ok<FileType>(new FileType(this.kind));
    const found = await this.metadata();
    if (found.isErr) return Result.err<FileType>(found.error);
    return Result.ok<FileType>(found.unwrap().fileType);
  }

  /**
   * What the file is, how long, whose, …; a symbolic link is not followed. While the reader is open
   * it is looked for in that very directory, wherever that has been moved; later by its path.
   */
  metadata(): Promise<Result<Metadata>> {
    const path = this.path;
    const handle = this.dir.handle;
    if (handle == CLOSED) {
      return new StatOperation(Handle.Root, path, path, StatFlag.NoFollow).start();
    }
    return new StatOperation(handle, this.fileName, path, StatFlag.NoFollow).start();
  }
}

/** Opens a directory to read what is in it. */
export function readDir(path: string): Promise<Result<DirReader>> {
  return new OpenDirOperation(Handle.Root, path, path, 0).start();
}

/** Opens a directory. One that is open when nobody wants it any more is closed again. */
// @ts-ignore: decorator
@final
export class OpenDirOperation extends Operation<Result<DirReader>> {
  /** `path` is relative to `handle`; `name`: what messages call it; `flags`: more `OpenFlag`s. */
  constructor(handle: u32, path: string, private name: string, flags: u32) {
    super(Op.Open);
    const bytes = toSystem(path);
    this.handle = handle;
    this.flagBits = OpenFlag.Read | OpenFlag.Directory | flags;
    this.lend0(bytes, bytes.length);
  }

  protected settle(result: i64, osError: u32): Result<DirReader> {
    if (result >= 0) return Result.ok<DirReader>(new DirReader(<u32>result, this.name));
    const error = Error.fromResult(result, osError, "open directory", this.name);
    return Result.err<DirReader>(error);
  }

  protected disposeLate(result: i64): bool {
    new CloseOperation(<u32>result, this.name).start();
    return true;
  }
}

/** Reads the next entries into a buffer, and tells the reader, which tells those who wait. */
// @ts-ignore: decorator
@final
class FillOperation extends Operation<i32> {
  constructor(private dir: DirReader, batch: Vec<u8>) {
    super(Op.ReadDirectory);
    this.handle = dir.handle;
    this.lend0(batch, batch.capacity);
  }

  protected settle(result: i64, osError: u32): i32 {
    const dir = this.dir;
    dir.filled(<i32>result, result < 0 ? readError(result, osError, dir.path) : null);
    return <i32>result;
  }
}

/** One who waits for a batch, among others perhaps: its end is an error or `null`. */
// @ts-ignore: decorator
@final
class FillWait extends PromiseClass<Error | null> {
  /** Whoever waited wants it no more. */
  isUnwanted: bool = false;

  constructor(private dir: DirReader) {
    super();
    this.flags = State.Pending;
  }

  cancel(): void {
    if (this.isPending && !this.isUnwanted) this.dir.leave(this);
  }

  /** Ends with what came of cancelling it. */
  endEarly(error: Error): void {
    this.flags |= Flag.CancelTook;
    this.fulfill(error);
  }
}

function readError(result: i64, osError: u32, path: string): Error {
  return Error.fromResult(result, osError, "read directory", path);
}

/** An operation on a path that has nothing to tell but whether it succeeded. */
// @ts-ignore: decorator
@final
export class PathOperation extends Operation<Result<Unit>> {
  /** `path` is relative to `handle`; `name`: what messages call it. */
  constructor(
    opcode: u32, private verb: string, handle: u32, path: string, private name: string, mode: u32,
  ) {
    super(opcode);
    const bytes = toSystem(path);
    this.handle = handle;
    this.offset = mode;
    this.lend0(bytes, bytes.length);
  }

  protected settle(result: i64, osError: u32): Result<Unit> {
    return outcome(result, osError, this.verb, this.name);
  }
}

/** Makes a directory. Fails with `AlreadyExists` when there is something of that name. */
export function createDir(path: string): Promise<Result<Unit>> {
  return createWith(path, NEW_DIRECTORY);
}

function createWith(path: string, mode: u32): Promise<Result<Unit>> {
  const op = Op.CreateDirectory;
  return new PathOperation(op, "create directory", Handle.Root, path, path, mode).start();
}

/**
 * Makes a directory, and those above it that are missing. Succeeds as well when the directory is
 * there already. After an error some of them may have been made.
 */
export function createDirAll(path: string): Promise<Result<Unit>> {
  return createAll(path, NEW_DIRECTORY);
}

async function createAll(path: string, mode: u32): Promise<Result<Unit>> {
  if (path.length == 0) return Result.unit();
  // Upwards until one can be made, and down again.
  const missing = new Array<string>();
  let next = path;
  while (true) {
    const made = await createWith(next, mode);
    if (made.isErr) {
      const above = made.error.errno == Errno.ENOENT ? parent(next) : null;
      if (above !== null && above.length > 0) {
        missing.push(next);
        next = above;
        continue;
      }
      if (made.error.errno == Errno.ECANCELED) return Result.err<Unit>(made.error);
      // Whoever else made it, it is there; and what refuses to make it says why more clearly.
      const found = await new StatOperation(Handle.Root, next, next, 0).start();
      if (found.isErr && found.error.errno == Errno.ECANCELED) {
        return Result.err<Unit>(found.error.in("create directory", next));
      }
      if (found.isErr || !found.unwrap().isDir) return Result.err<Unit>(made.error);
    }
    if (missing.length == 0) return Result.unit();
    next = missing.pop();
  }
}

/** How to make a directory: `new DirBuilder().recursive().mode(0o700).create(path)`. */
export class DirBuilder {
  private all: bool = false;
  private bits: u32 = NEW_DIRECTORY;

  /** Makes those above it that are missing, too, as `createDirAll` does. */
  recursive(yes: bool = true): this {
    this.all = yes;
    return this;
  }

  /** Permission bits of what is made, as for `Permissions`; 0o777 unless given. */
  mode(bits: u32): this {
    this.bits = bits;
    return this;
  }

  /** Makes a directory so. */
  create(path: string): Promise<Result<Unit>> {
    return this.all ? createAll(path, this.bits) : createWith(path, this.bits);
  }
}

/** Removes a file, or whatever else is no directory: a symbolic link itself, a FIFO. */
export function removeFile(path: string): Promise<Result<Unit>> {
  return new PathOperation(Op.RemoveFile, "remove file", Handle.Root, path, path, 0).start();
}

/** Removes an empty directory. */
export function removeDir(path: string): Promise<Result<Unit>> {
  const op = Op.RemoveDirectory;
  return new PathOperation(op, "remove directory", Handle.Root, path, path, 0).start();
}
