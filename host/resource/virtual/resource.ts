/**
 * What an embedder implements to give a guest something of its own: files and directories with
 * methods. The two are distinct, after wasi-common: what can be done with one does not exist on the
 * other, and a guest that tries is told `ENOTDIR` or `EISDIR`.
 *
 * Each method answers at once or with a promise (`Answer`). It fails by throwing a `HostError`;
 * whatever else it throws is `EIO` to the guest. An optional method that is missing is `ENOTSUP`,
 * or what is said there. Every method is called at most as often as the guest asks.
 *
 * A directory is only ever asked about names in itself, never about paths: the host walks paths
 * component by component, follows symbolic links and minds that nothing leads out (`walk.ts`). So
 * no implementation can get that wrong. Names are not empty, `.` or `..`, and have no `/` and NUL.
 */
import type { FileKind } from "../../abi.js";
import type { Answer } from "./answer.js";
import type { LockKind } from "./file-lock.js";

/** What there is to know of a file or directory. Times are nanoseconds since 1970. */
export interface FileStat {
  readonly kind: FileKind;
  /** Which file system it is in, and which of the files there: tells files apart. */
  readonly device: bigint;
  readonly inode: bigint;
  /** Permission bits, 0o7777 at most. */
  readonly mode: number;
  /** How many names it has. */
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; of a symbolic link those of its target. */
  readonly length: number;
  /** Bytes that it takes; fewer than the length where there are holes. */
  readonly allocated: number;
  readonly accessed: bigint;
  readonly modified: bigint;
  readonly changed: bigint;
  /** Null where nobody knows. */
  readonly created: bigint | null;
}

/** New times; null leaves one as it is. */
export interface FileTimesChange {
  readonly accessed: bigint | null;
  readonly modified: bigint | null;
}

/** A new owner; null leaves one as it is. */
export interface OwnerChange {
  readonly uid: number | null;
  readonly gid: number | null;
}

/** Of an operation that may wait: how it learns that nobody wants its result any more. */
export interface Waiting {
  /**
   * Aborted when the guest cancels the operation, closes the handle or ends. What rejects then is
   * `ECANCELED` to the guest; what succeeds all the same is a success.
   */
  readonly signal: AbortSignal;
}

/** The side of a terminal that is no stream of bytes. */
export interface HostTerminal {
  /** How large it is, in characters. */
  size(): { readonly columns: number; readonly rows: number };
  /** Whether keys reach the guest one by one and unchanged, or line by line. */
  setRaw(isRaw: boolean): void;
}

/** What was opened: something to read from and write to. It keeps its own position. */
export interface HostFile {
  readonly kind: "file";
  /** What it can do as a terminal, if it is one. */
  readonly terminal?: HostTerminal;

  /**
   * Reads into `into`, which is the host's and only valid until the answer is there.
   *
   * @param at the position in bytes, or null for where the stream is, which then moves on. What
   *   cannot seek fails with `ESPIPE` for a number.
   * @returns how many bytes, 0 only at the end of the stream.
   */
  read?(into: Uint8Array, at: number | null, waiting: Waiting): Answer<number>;

  /**
   * Writes `from`, likewise valid until the answer is there.
   *
   * @returns how many bytes, maybe fewer.
   */
  write?(from: Uint8Array, at: number | null, waiting: Waiting): Answer<number>;

  /**
   * Moves the position of the stream. Without it: `ESPIPE`.
   *
   * @param origin what `offset`, in bytes, counts from. @returns the new position.
   */
  seek?(offset: number, origin: "start" | "current" | "end"): Answer<number>;
  /**
   * What is at a position within the file: a hole, which reads as zeros, or data; and where that
   * ends. Lets a copy keep holes; without it, everything is data.
   */
  extent?(at: number): Answer<{ readonly isHole: boolean; readonly end: number }>;
  /** Describes it. */
  stat?(): Answer<FileStat>;
  /** Cuts it off, or fills it up with zeros. */
  setLength?(length: number): Answer<void>;
  setMode?(mode: number): Answer<void>;
  setTimes?(times: FileTimesChange): Answer<void>;
  setOwner?(owner: OwnerChange): Answer<void>;
  /** Makes what was written durable. Without it: nothing has to be done. */
  sync?(): Answer<void>;
  /**
   * Locks the file for whoever has this opening of it, or gives the lock back; waits as long as
   * others exclude that, unless `isTry`, which fails with `EAGAIN`. Closing gives it back.
   */
  lock?(kind: LockKind, isTry: boolean, waiting: Waiting): Answer<void>;
  /** Called once, when the last handle is closed. Nothing is called afterwards. */
  close?(): Answer<void>;
}

/** How to open a file. */
export interface OpenOptions {
  readonly read: boolean;
  readonly write: boolean;
  /** Every write goes to the end. */
  readonly append: boolean;
  /** Make it if it is not there. */
  readonly create: boolean;
  /** Fail with `EEXIST` if it is there. */
  readonly exclusive: boolean;
  /** Empty it. */
  readonly truncate: boolean;
  /** Permission bits of a new file. */
  readonly mode: number;
}

/** One name in a directory. */
export interface DirEntry {
  readonly name: string;
  readonly kind: FileKind;
  readonly inode: bigint;
}

/** What a directory holds, in any order and each name once; `.` and `..` are not among it. */
export interface DirCursor {
  /** The next entry, or null at the end. */
  next(): Answer<DirEntry | null>;
  /** Called when nobody asks any more. */
  close?(): void;
}

/** Something that paths start from. */
export interface HostDir {
  readonly kind: "dir";

  /** Describes what a name stands for, of a link the link itself; null: it is not there. */
  look(name: string): Answer<FileStat | null>;
  /** Describes the directory itself. */
  stat(): Answer<FileStat>;
  /** The directory of this name. `ENOENT`, or `ENOTDIR` if it is something else. */
  dir(name: string): Answer<HostDir>;
  /** Opens the file of this name, which is no symbolic link. `EISDIR` for a directory. */
  open(name: string, options: OpenOptions): Answer<HostFile>;
  /** Lists the directory from its beginning. */
  list(): Answer<DirCursor>;
  /** Where the symbolic link of this name leads; `EINVAL` if it is none. */
  readLink?(name: string): Answer<string>;

  createDir?(name: string, mode: number): Answer<void>;
  /** Makes a symbolic link. */
  createLink?(name: string, target: string): Answer<void>;
  /** Removes what is no directory; `EISDIR` for one. */
  removeFile?(name: string): Answer<void>;
  /** Removes an empty directory; `ENOTEMPTY`, `ENOTDIR`. */
  removeDir?(name: string): Answer<void>;
  /**
   * Renames as POSIX does, replacing what is there. `EXDEV` if `to` is of another kind or file
   * system; `EINVAL` if a directory would come to lie in itself.
   */
  rename?(name: string, to: HostDir, newName: string): Answer<void>;
  /** Gives a file another name; `EPERM` for a directory. */
  link?(name: string, to: HostDir, newName: string): Answer<void>;
  /** Sets permission bits of what has this name, not followed; null: the directory. */
  setMode?(name: string | null, mode: number): Answer<void>;
  setTimes?(name: string | null, times: FileTimesChange): Answer<void>;
  setOwner?(name: string | null, owner: OwnerChange): Answer<void>;
  sync?(): Answer<void>;
}
