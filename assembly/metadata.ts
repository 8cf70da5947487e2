/**
 * What a file is: the answer of `metadata`, as `std/fs` hands it out.
 *
 * @module
 */
import { FileKind } from "./abi/flags";
import { Stat } from "./abi/layout";
import { readNumber } from "./rt/buffer";
import { SystemTime } from "./time";
import { Vec } from "./vec";

/** What sort of thing a path names. */
export class FileType {
  /** For std alone; `kind` is a `FileKind`. */
  constructor(private kind: u32) {}

  /** A regular file. */
  get isFile(): bool {
    return this.kind == FileKind.File;
  }

  /** A directory. */
  get isDir(): bool {
    return this.kind == FileKind.Directory;
  }

  /** A symbolic link; only ever from `symlinkMetadata`. */
  get isSymlink(): bool {
    return this.kind == FileKind.Symlink;
  }

  /** A device that moves blocks: a disk. */
  get isBlockDevice(): bool {
    return this.kind == FileKind.BlockDevice;
  }

  /** A device that moves characters: a terminal, `/dev/null`. */
  get isCharDevice(): bool {
    return this.kind == FileKind.CharDevice;
  }

  /** A named pipe. */
  get isFifo(): bool {
    return this.kind == FileKind.Fifo;
  }

  /** A socket. */
  get isSocket(): bool {
    return this.kind == FileKind.Socket;
  }
}

/** Who may read, write and execute a file. */
export class Permissions {
  /**
   * `mode`: the permission bits, 0o7777 at most. The bits 0o6000 (set-user-id and set-group-id)
   * cannot be set below a granted directory: that is a `PermissionDenied` error.
   */
  constructor(public mode: u32) {}

  /** Nobody may write. The owner's and root's own ways around that do not count. */
  get isReadonly(): bool {
    return (this.mode & 0o222) == 0;
  }

  /** Takes the right to write from everybody, or gives it to everybody, as Rust does. */
  setReadonly(yes: bool): void {
    this.mode = yes ? this.mode & ~0o222 : this.mode | 0o222;
  }
}

/** What was known of a file at one moment. It does not change when the file does. */
export class Metadata {
  /** For std alone; `record`: a `Stat`. Its fields are read when somebody asks for them. */
  constructor(private record: Vec<u8>) {}

  /** For std alone: a `FileKind`. */
  get kind(): u32 {
    return readNumber<u32>(this.record, Stat.Kind);
  }

  /** What sort of thing it is. */
  get fileType(): FileType {
    return new FileType(this.kind);
  }

  /** It is a regular file. */
  get isFile(): bool {
    return this.kind == FileKind.File;
  }

  /** It is a directory. */
  get isDir(): bool {
    return this.kind == FileKind.Directory;
  }

  /** It is a symbolic link; only ever from `symlinkMetadata`. */
  get isSymlink(): bool {
    return this.kind == FileKind.Symlink;
  }

  /** How many bytes the file has. For what is no regular file the system decides what it says. */
  get length(): u64 {
    return readNumber<u64>(this.record, Stat.Length);
  }

  /** How many bytes it takes on the disk; fewer than its length when it has holes. */
  get allocated(): u64 {
    return readNumber<u64>(this.record, Stat.Allocated);
  }

  /** Who may do what with it. */
  get permissions(): Permissions {
    return new Permissions(readNumber<u32>(this.record, Stat.Mode));
  }

  /** When it was last written. */
  get modified(): SystemTime {
    return SystemTime.fromUnixNanos(readNumber<i64>(this.record, Stat.Modified));
  }

  /** When it was last read, as exactly as the file system keeps that. */
  get accessed(): SystemTime {
    return SystemTime.fromUnixNanos(readNumber<i64>(this.record, Stat.Accessed));
  }

  /** When anything about it, its permissions for instance, last changed. */
  get changed(): SystemTime {
    return SystemTime.fromUnixNanos(readNumber<i64>(this.record, Stat.Changed));
  }

  /** When it was made; `null` where the file system does not keep that. */
  get created(): SystemTime | null {
    const time = readNumber<i64>(this.record, Stat.Created);
    return time == i64.MIN_VALUE ? null : SystemTime.fromUnixNanos(time);
  }

  /** The device that it is on. Together with `inode` it tells files apart. */
  get device(): u64 {
    return readNumber<u64>(this.record, Stat.Device);
  }

  /** Its number on that device. */
  get inode(): u64 {
    return readNumber<u64>(this.record, Stat.Inode);
  }

  /** How many names it has. */
  get links(): u64 {
    return readNumber<u64>(this.record, Stat.Links);
  }

  /** The number of the user that it belongs to. */
  get uid(): u32 {
    return readNumber<u32>(this.record, Stat.Uid);
  }

  /** The number of the group that it belongs to. */
  get gid(): u32 {
    return readNumber<u32>(this.record, Stat.Gid);
  }
}
