/**
 * A tree of files in memory with the semantics of POSIX: names and files are different things, so
 * a file that is open outlives its last name, renaming replaces what is there at once, and times,
 * permissions and links are those that a program expects.
 */
import { Errno, FileKind } from "../../abi.js";
import { systemClock, type SystemClock } from "../clock.js";
import { fail, type Answer } from "./answer.js";
import { FileLock, type LockKind } from "./file-lock.js";
import { MemoryContent, Quota } from "./memory-content.js";
import { encodeName } from "./names.js";
import type {
  DirCursor, DirEntry, FileStat, FileTimesChange, HostDir, HostFile, OpenOptions, OwnerChange,
  Waiting,
} from "./resource.js";

/** What a tree in memory may be told. */
export interface MemoryOptions {
  /** How many bytes all of its files take at most, in parts of up to 64 KiB; else `ENOSPC`. */
  readonly maxBytes?: number;
  /** How many files, directories and links it holds at most; else `ENOSPC`. */
  readonly maxFiles?: number;
  /** Where its times come from; the system's clock by default. */
  readonly clock?: SystemClock;
  /**
   * Whose everything new is, 0 by default. Whoever is not 0 keeps to the permission bits of the
   * owner, as a user does who owns the whole tree; 0 may do everything, as root.
   */
  readonly uid?: number;
  readonly gid?: number;
  /** Permission bits that nothing new has; 0o022 by default. */
  readonly umask?: number;
}

/** A tree to begin with: contents by name, directories as objects. */
export interface MemoryFiles {
  readonly [name: string]: string | Uint8Array | MemoryFiles;
}

/** What a whole tree shares. */
class MemoryTree {
  readonly device = nextDevice++;
  readonly quota: Quota;
  readonly clock: SystemClock;
  readonly uid: number;
  readonly gid: number;
  readonly umask: number;
  private readonly maxFiles: number;
  /** The root counts for nothing. */
  private files = -1;
  private nextInode = 1n;

  constructor({ maxBytes, maxFiles, clock, uid, gid, umask }: MemoryOptions) {
    this.quota = new Quota(maxBytes ?? Infinity);
    this.maxFiles = maxFiles ?? Infinity;
    this.clock = clock ?? systemClock;
    this.uid = uid ?? 0;
    this.gid = gid ?? 0;
    this.umask = umask ?? 0o022;
  }

  /** The number of a new file. @throws `ENOSPC` where there are too many. */
  newInode(): bigint {
    if (this.files >= this.maxFiles) fail(Errno.ENOSPC);
    this.files++;
    return this.nextInode++;
  }

  /** A file is gone. */
  release(): void {
    this.files--;
  }
}

/** Tells trees apart, as the number of a device does. */
let nextDevice = 0x6d656d00n;

/** Permission bits of the owner. */
const enum Access {
  Read = 0o400,
  Write = 0o200,
  Search = 0o100,
}

/** Set-user-id and set-group-id: gone when somebody writes to the file. */
const SET_ID = 0o6000;

/** A file, directory or link, whatever its names. */
abstract class Node {
  abstract readonly kind: FileKind;
  readonly tree: MemoryTree;
  readonly inode: bigint;
  mode: number;
  uid: number;
  gid: number;
  links = 0;
  accessed: bigint;
  modified: bigint;
  changed: bigint;
  readonly created: bigint;

  constructor(tree: MemoryTree, mode: number) {
    this.tree = tree;
    this.inode = tree.newInode();
    this.mode = mode;
    this.uid = tree.uid;
    this.gid = tree.gid;
    this.created = this.accessed = this.modified = this.changed = tree.clock.now();
  }

  abstract get length(): number;

  get allocated(): number {
    return 0;
  }

  /** Whether its owner may do this; of root nobody asks. */
  allows(access: Access): boolean {
    return this.tree.uid === 0 || (this.mode & access) !== 0;
  }

  require(access: Access): void {
    if (!this.allows(access)) fail(Errno.EACCES);
  }

  stat(): FileStat {
    const { kind, inode, mode, links, uid, gid, length, allocated } = this;
    const { accessed, modified, changed, created } = this;
    const device = this.tree.device;
    return {
      kind, device, inode, mode, links, uid, gid, length, allocated,
      accessed, modified, changed, created,
    };
  }

  setMode(mode: number): void {
    this.mode = mode;
    this.changed = this.tree.clock.now();
  }

  setTimes({ accessed, modified }: FileTimesChange): void {
    this.accessed = accessed ?? this.accessed;
    this.modified = modified ?? this.modified;
    this.changed = this.tree.clock.now();
  }

  setOwner({ uid, gid }: OwnerChange): void {
    const isOwn = (uid ?? this.uid) === this.uid && (gid ?? this.gid) === this.gid;
    if (this.tree.uid !== 0 && !isOwn) fail(Errno.EPERM);
    this.uid = uid ?? this.uid;
    this.gid = gid ?? this.gid;
    this.changed = this.tree.clock.now();
  }

  /** It was given a name. */
  hold(): void {
    this.links++;
    this.changed = this.tree.clock.now();
  }

  /** A name was taken from it. */
  drop(): void {
    this.links--;
    this.changed = this.tree.clock.now();
    this.freeIfUnused();
  }

  freeIfUnused(): void {
    if (this.links <= 0) this.tree.release();
  }
}

/** A file. */
class FileNode extends Node {
  readonly kind = FileKind.File;
  readonly content: MemoryContent;
  readonly lock = new FileLock();
  /** How many have it open. */
  private opened = 0;

  constructor(tree: MemoryTree, mode: number) {
    super(tree, mode);
    this.content = new MemoryContent(tree.quota);
  }

  get length(): number {
    return this.content.length;
  }

  override get allocated(): number {
    return this.content.allocated;
  }

  open(): void {
    this.opened++;
  }

  close(): void {
    this.opened--;
    this.freeIfUnused();
  }

  override freeIfUnused(): void {
    if (this.links > 0 || this.opened > 0) return;
    this.content.free();
    super.freeIfUnused();
  }

  /** Its contents have changed, and so do its times. */
  touch(): void {
    this.modified = this.changed = this.tree.clock.now();
  }
}

/** A symbolic link. */
class LinkNode extends Node {
  readonly kind = FileKind.Symlink;
  readonly target: string;

  constructor(tree: MemoryTree, target: string) {
    super(tree, 0o777);
    this.target = target;
  }

  get length(): number {
    return encodeName(this.target).length;
  }
}

/** A directory. Its links are its name, its own `.`, and the `..` of each directory in it. */
class DirNode extends Node {
  readonly kind = FileKind.Directory;
  readonly entries = new Map<string, Node>();
  /** The directory that it is in; null for the root and for what was removed. */
  parent: DirNode | null;
  isRemoved = false;

  constructor(tree: MemoryTree, mode: number, parent: DirNode | null) {
    super(tree, mode);
    this.parent = parent;
    this.links = parent === null ? 2 : 1;
  }

  get length(): number {
    return this.entries.size;
  }

  find(name: string): Node {
    return this.entries.get(name) ?? fail(Errno.ENOENT);
  }

  /** Gives a node a name, in place of whatever had it. */
  enter(name: string, node: Node): void {
    this.entries.set(name, node);
    node.hold();
    if (node instanceof DirNode) {
      node.parent = this;
      this.links++;
    }
    this.modified = this.changed = this.tree.clock.now();
  }

  /** Takes a name away. */
  leave(name: string, node: Node): void {
    this.entries.delete(name);
    if (node instanceof DirNode) this.links--;
    node.drop();
    this.modified = this.changed = this.tree.clock.now();
  }

  /** Whether `other` is this directory or lies above it. */
  isWithin(other: DirNode): boolean {
    for (let dir: DirNode | null = this; dir !== null; dir = dir.parent) {
      if (dir === other) return true;
    }
    return false;
  }

  /** It has lost its name, and nothing can be made in it any more. */
  remove(): void {
    this.isRemoved = true;
    this.parent = null;
    this.links = 0;
    this.freeIfUnused();
  }

  /** Whether something may be made, renamed or removed here. */
  requireChange(): void {
    if (this.isRemoved) fail(Errno.ENOENT);
    this.require(Access.Write);
    this.require(Access.Search);
  }
}

/** A file that was opened: contents, and where the stream is. */
export class MemoryFile implements HostFile {
  readonly kind = "file";
  private readonly node: FileNode;
  private readonly mayRead: boolean;
  private readonly mayWrite: boolean;
  private readonly isAppending: boolean;
  private position = 0;

  private constructor(node: FileNode, { read, write, append }: OpenOptions) {
    this.node = node;
    this.mayRead = read;
    this.mayWrite = write || append;
    this.isAppending = append;
    node.open();
  }

  /** A file of its own, in no directory: for a standard stream, say. */
  static of(contents: string | Uint8Array = "", options: MemoryOptions = {}): MemoryFile {
    const node = new FileNode(new MemoryTree(options), 0o600);
    node.content.write(bytesOf(contents), 0);
    return new MemoryFile(node, BOTH);
  }

  /** Opens a node of a tree. */
  static open(node: FileNode, options: OpenOptions): MemoryFile {
    return new MemoryFile(node, options);
  }

  /** All that is in it, as a copy. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.node.length);
    this.node.content.read(bytes, 0);
    return bytes;
  }

  /** All that is in it, as UTF-8. */
  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  /** @inheritdoc */
  read(into: Uint8Array, at: number | null): number {
    if (!this.mayRead) fail(Errno.EBADF);
    const count = this.node.content.read(into, at ?? this.position);
    if (at === null) this.position += count;
    if (count > 0) this.node.accessed = this.node.tree.clock.now();
    return count;
  }

  /** @inheritdoc */
  write(from: Uint8Array, at: number | null): number {
    if (!this.mayWrite) fail(Errno.EBADF);
    if (from.length === 0) return 0;
    // As on Linux, a file that is appended to takes no notice of positions.
    const start = this.isAppending ? this.node.length : at ?? this.position;
    const count = this.node.content.write(from, start);
    if (at === null) this.position = start + count;
    this.node.mode &= ~SET_ID;
    this.node.touch();
    return count;
  }

  /** @inheritdoc */
  seek(offset: number, origin: "start" | "current" | "end"): number {
    const from = { start: 0, current: this.position, end: this.node.length }[origin];
    if (from + offset < 0) fail(Errno.EINVAL);
    return this.position = from + offset;
  }

  /** @inheritdoc */
  stat(): FileStat {
    return this.node.stat();
  }

  /** @inheritdoc */
  extent(at: number): { isHole: boolean; end: number } {
    return this.node.content.extent(at);
  }

  /** @inheritdoc */
  setLength(length: number): void {
    if (!this.mayWrite) fail(Errno.EINVAL);
    this.node.content.setLength(length);
    this.node.touch();
  }

  /** @inheritdoc */
  setMode(mode: number): void {
    this.node.setMode(mode);
  }

  /** @inheritdoc */
  setTimes(times: FileTimesChange): void {
    this.node.setTimes(times);
  }

  /** @inheritdoc */
  setOwner(owner: OwnerChange): void {
    this.node.setOwner(owner);
  }

  /** @inheritdoc */
  lock(kind: LockKind, isTry: boolean, waiting: Waiting): Answer<void> {
    return this.node.lock.set(this, kind, isTry, waiting);
  }

  /** @inheritdoc */
  close(): void {
    this.node.lock.release(this);
    this.node.close();
  }
}

const BOTH: OpenOptions = {
  read: true, write: true, append: false, create: false, exclusive: false, truncate: false, mode: 0,
};

/** A directory in memory. */
export class MemoryDir implements HostDir {
  readonly kind = "dir";
  private readonly node: DirNode;

  private constructor(node: DirNode) {
    this.node = node;
  }

  /** Makes a tree of its own, with these files to begin with. */
  static of(files: MemoryFiles = {}, options: MemoryOptions = {}): MemoryDir {
    const tree = new MemoryTree(options);
    const root = new MemoryDir(new DirNode(tree, 0o755, null));
    root.addAll(files);
    return root;
  }

  /** Adds files and directories, in place of what has their names. */
  addAll(files: MemoryFiles): void {
    for (const [name, value] of Object.entries(files)) {
      if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) {
        throw new TypeError(`not the name of a file: ${JSON.stringify(name)}`);
      }
      if (typeof value === "string" || value instanceof Uint8Array) this.add(name, bytesOf(value));
      else this.subdirectory(name).addAll(value);
    }
  }

  private add(name: string, bytes: Uint8Array): void {
    const options = { ...BOTH, create: true, truncate: true, mode: 0o644 };
    const file = this.open(name, options);
    try {
      if (file.write(bytes, 0) < bytes.length) fail(Errno.ENOSPC);
    } finally {
      file.close();
    }
  }

  private subdirectory(name: string): MemoryDir {
    if (!this.node.entries.has(name)) this.createDir(name, 0o755);
    return this.dir(name);
  }

  /** @inheritdoc */
  look(name: string): FileStat | null {
    this.node.require(Access.Search);
    return this.node.entries.get(name)?.stat() ?? null;
  }

  /** @inheritdoc */
  stat(): FileStat {
    return this.node.stat();
  }

  /** @inheritdoc */
  dir(name: string): MemoryDir {
    const node = this.at(name);
    if (!(node instanceof DirNode)) fail(Errno.ENOTDIR);
    return new MemoryDir(node);
  }

  /** @inheritdoc */
  open(name: string, options: OpenOptions): MemoryFile {
    const { node } = this;
    node.require(Access.Search);
    const found = node.entries.get(name);
    if (found === undefined) {
      if (!options.create) fail(Errno.ENOENT);
      node.requireChange();
      const made = new FileNode(node.tree, options.mode & ~node.tree.umask);
      node.enter(name, made);
      return MemoryFile.open(made, options);
    }
    if (options.create && options.exclusive) fail(Errno.EEXIST);
    if (found instanceof DirNode) fail(Errno.EISDIR);
    if (!(found instanceof FileNode)) fail(Errno.ELOOP);
    if (options.read) found.require(Access.Read);
    if (options.write || options.append) found.require(Access.Write);
    if (options.truncate) {
      found.content.setLength(0);
      found.touch();
    }
    return MemoryFile.open(found, options);
  }

  /** @inheritdoc */
  list(): DirCursor {
    this.node.require(Access.Read);
    const entries = this.node.entries.entries();
    this.node.accessed = this.node.tree.clock.now();
    return {
      next(): DirEntry | null {
        const next = entries.next();
        if (next.done === true) return null;
        const [name, { kind, inode }] = next.value;
        return { name, kind, inode };
      },
    };
  }

  /** @inheritdoc */
  readLink(name: string): string {
    const node = this.at(name);
    return node instanceof LinkNode ? node.target : fail(Errno.EINVAL);
  }

  /** @inheritdoc */
  createDir(name: string, mode: number): void {
    this.enter(name, () => new DirNode(this.node.tree, mode & ~this.node.tree.umask, this.node));
  }

  /** @inheritdoc */
  createLink(name: string, target: string): void {
    this.enter(name, () => new LinkNode(this.node.tree, target));
  }

  /** @inheritdoc */
  removeFile(name: string): void {
    const node = this.at(name);
    if (node instanceof DirNode) fail(Errno.EISDIR);
    this.node.requireChange();
    this.node.leave(name, node);
  }

  /** @inheritdoc */
  removeDir(name: string): void {
    const node = this.at(name);
    if (!(node instanceof DirNode)) fail(Errno.ENOTDIR);
    this.node.requireChange();
    removeEmpty(this.node, name, node);
  }

  /** @inheritdoc */
  rename(name: string, to: HostDir, newName: string): void {
    const target = this.sameTree(to);
    const moved = this.at(name);
    this.node.requireChange();
    target.requireChange();
    const replaced = target.entries.get(newName);
    if (replaced === moved) return;
    if (moved instanceof DirNode) {
      if (target.isWithin(moved)) fail(Errno.EINVAL);
      if (replaced !== undefined && !(replaced instanceof DirNode)) fail(Errno.ENOTDIR);
    } else if (replaced instanceof DirNode) {
      fail(Errno.EISDIR);
    }
    if (replaced instanceof DirNode) removeEmpty(target, newName, replaced);
    else if (replaced !== undefined) target.leave(newName, replaced);
    target.enter(newName, moved);
    this.node.leave(name, moved);
  }

  /** @inheritdoc */
  link(name: string, to: HostDir, newName: string): void {
    const target = this.sameTree(to);
    const node = this.at(name);
    if (node instanceof DirNode) fail(Errno.EPERM);
    if (target.entries.has(newName)) fail(Errno.EEXIST);
    target.requireChange();
    target.enter(newName, node);
  }

  /** @inheritdoc */
  setMode(name: string | null, mode: number): void {
    const node = this.at(name);
    // A link has no permissions of its own, and there is nothing else to follow here.
    if (node instanceof LinkNode) fail(Errno.ENOTSUP);
    node.setMode(mode);
  }

  /** @inheritdoc */
  setTimes(name: string | null, times: FileTimesChange): void {
    this.at(name).setTimes(times);
  }

  /** @inheritdoc */
  setOwner(name: string | null, owner: OwnerChange): void {
    this.at(name).setOwner(owner);
  }

  private at(name: string | null): Node {
    if (name === null) return this.node;
    this.node.require(Access.Search);
    return this.node.find(name);
  }

  private enter(name: string, make: () => Node): void {
    this.node.require(Access.Search);
    if (this.node.entries.has(name)) fail(Errno.EEXIST);
    this.node.requireChange();
    this.node.enter(name, make());
  }

  private sameTree(dir: HostDir): DirNode {
    if (!(dir instanceof MemoryDir) || dir.node.tree !== this.node.tree) fail(Errno.EXDEV);
    return dir.node;
  }
}

function removeEmpty(parent: DirNode, name: string, node: DirNode): void {
  if (node.entries.size > 0) fail(Errno.ENOTEMPTY);
  parent.entries.delete(name);
  parent.links--;
  parent.modified = parent.changed = parent.tree.clock.now();
  node.remove();
}

function bytesOf(contents: string | Uint8Array): Uint8Array {
  return typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
}
