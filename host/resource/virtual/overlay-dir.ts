/**
 * Two directories as one: what is read comes from the lower one, what is changed goes to the upper
 * one, and the lower one stays as it is.
 *
 * A file of the lower directory is copied up when it is first changed; one that is removed leaves a
 * *whiteout* in the upper directory, an empty file `.wh.NAME`, and a directory that replaces a
 * removed one has `.wh..wh..opq` in it: the marks of the OCI image format, so that an upper
 * directory can be kept and used again. Names that begin like a mark are not the guest's.
 *
 * What is copied up keeps its device and inode, by which a program knows a file again. Only names
 * that share a file in the lower directory are files of their own from then on.
 */
import { Errno, FileKind } from "../../abi.js";
import { answer, Deferred, fail, get, type Answer, type Steps } from "./answer.js";
import type {
  DirCursor, DirEntry, FileStat, FileTimesChange, HostDir, HostFile, OpenOptions, OwnerChange,
} from "./resource.js";

const MARK = ".wh.";
const OPAQUE = ".wh..wh..opq";

/** Bytes copied up at a time. */
const CHUNK = 65536;

const NEVER = new AbortController().signal;

const READ: OpenOptions = {
  read: true, write: false, append: false, create: false, exclusive: false, truncate: false,
  mode: 0,
};
const MAKE: OpenOptions = { ...READ, write: true, create: true, truncate: true };

/** Where a directory is in the overlay. */
interface Place {
  readonly parent: OverlayDir;
  readonly name: string;
}

/** What tells one file from another. */
type Identity = Pick<FileStat, "device" | "inode">;

function keyOf({ device, inode }: Identity): string {
  return `${device}:${inode}`;
}

/** What all directories of an overlay share: only one thing is done at a time. */
class Overlay {
  /** What something of the upper tree was before it was copied up, by what it is there. */
  private readonly origins = new Map<string, Identity>();
  private last: Deferred<void> | null = null;

  /** Notes that a copy, in the upper tree, stands for what it was made from. */
  keepIdentity(copy: FileStat, { device, inode, kind, links }: FileStat): void {
    if (kind !== FileKind.Directory && links > 1) return;
    this.origins.set(keyOf(copy), { device, inode });
  }

  /** What the guest is told of something in either tree. */
  identified(stat: FileStat): FileStat {
    const origin = this.origins.get(keyOf(stat));
    return origin === undefined ? stat : { ...stat, ...origin };
  }

  /** Whether something was copied up, so that it is told of as what it was before. */
  isCopy(stat: FileStat): boolean {
    return this.origins.has(keyOf(stat));
  }

  /** Does work when what came before is done: what is copied up must not be met half done. */
  *alone<T>(work: Steps<T>): Steps<T> {
    const before = this.last;
    const own = new Deferred<void>();
    this.last = own;
    if (before !== null) yield* get<void>(before.now());
    try {
      return yield* work;
    } finally {
      if (this.last === own) this.last = null;
      own.resolve();
    }
  }
}

/** One directory of both trees, or of one where the other has none. */
export class OverlayDir implements HostDir {
  readonly kind = "dir";
  private readonly overlay: Overlay;
  private readonly lower: HostDir | null;
  private upper: HostDir | null;
  /** Null for the root. */
  private place: Place | null;
  private isRemoved = false;
  /** The directories in it that somebody has asked for: each is one object, wherever it moves. */
  private readonly children = new Map<string, OverlayDir>();

  private constructor(
    overlay: Overlay, lower: HostDir | null, upper: HostDir | null, place: Place | null,
  ) {
    this.overlay = overlay;
    this.lower = lower;
    this.upper = upper;
    this.place = place;
  }

  /**
   * @param lower what is there to begin with.
   * @param upper takes the changes; nobody else changes it meanwhile.
   */
  static of(lower: HostDir, upper: HostDir): OverlayDir {
    return new OverlayDir(new Overlay(), lower, upper, null);
  }

  /** @inheritdoc */
  look(name: string): Answer<FileStat | null> {
    return this.alone(this.find(name));
  }

  /** @inheritdoc */
  stat(): Answer<FileStat> {
    return answer(this.ownStat());
  }

  /** @inheritdoc */
  dir(name: string): Answer<HostDir> {
    return this.alone(this.below(name));
  }

  /** @inheritdoc */
  open(name: string, options: OpenOptions): Answer<HostFile> {
    return this.alone(this.opened(name, options));
  }

  /** @inheritdoc */
  list(): Answer<DirCursor> {
    return this.alone(this.listed());
  }

  /** @inheritdoc */
  readLink(name: string): Answer<string> {
    return this.alone(this.linkRead(name));
  }

  /** @inheritdoc */
  createDir(name: string, mode: number): Answer<void> {
    return this.alone(this.made(name, function* (upper) {
      if (upper.createDir === undefined) fail(Errno.ENOTSUP);
      yield* get(upper.createDir(name, mode));
    }));
  }

  /** @inheritdoc */
  createLink(name: string, target: string): Answer<void> {
    return this.alone(this.made(name, function* (upper) {
      if (upper.createLink === undefined) fail(Errno.ENOTSUP);
      yield* get(upper.createLink(name, target));
    }));
  }

  /** @inheritdoc */
  removeFile(name: string): Answer<void> {
    return this.alone(this.removedFile(name));
  }

  /** @inheritdoc */
  removeDir(name: string): Answer<void> {
    return this.alone(this.removedDir(name));
  }

  /** @inheritdoc */
  rename(name: string, to: HostDir, newName: string): Answer<void> {
    return this.alone(this.renamed(name, to, newName));
  }

  /** @inheritdoc */
  link(name: string, to: HostDir, newName: string): Answer<void> {
    return this.alone(this.linked(name, to, newName));
  }

  /** @inheritdoc */
  setMode(name: string | null, mode: number): Answer<void> {
    return this.alone(this.changed(name, (dir, at) =>
      dir.setMode?.(at, mode) ?? absent(dir.setMode)));
  }

  /** @inheritdoc */
  setTimes(name: string | null, times: FileTimesChange): Answer<void> {
    return this.alone(this.changed(name, (dir, at) =>
      dir.setTimes?.(at, times) ?? absent(dir.setTimes)));
  }

  /** @inheritdoc */
  setOwner(name: string | null, owner: OwnerChange): Answer<void> {
    return this.alone(this.changed(name, (dir, at) =>
      dir.setOwner?.(at, owner) ?? absent(dir.setOwner)));
  }

  private alone<T>(work: Steps<T>): Answer<T> {
    return answer(this.overlay.alone(work));
  }

  private *ownStat(): Steps<FileStat> {
    return this.overlay.identified(yield* get((this.upper ?? this.lower!).stat()));
  }

  /** What a name stands for, which must be there. */
  private *looked(name: string): Steps<FileStat> {
    return (yield* this.find(name)) ?? fail(Errno.ENOENT);
  }

  /** What a name stands for, or null. */
  private *find(name: string): Steps<FileStat | null> {
    if (name.startsWith(MARK)) return null;
    const above = yield* statOf(this.upper, name);
    return above === null ? yield* this.findLower(name) : this.overlay.identified(above);
  }

  /** What a name stands for in the lower tree, unless that is hidden. */
  private *findLower(name: string): Steps<FileStat | null> {
    if (this.lower === null || (yield* this.isHidden(name))) return null;
    return yield* statOf(this.lower, name);
  }

  /** Whether the upper tree hides what the lower one has by this name. */
  private *isHidden(name: string): Steps<boolean> {
    if (this.upper === null) return false;
    if ((yield* statOf(this.upper, MARK + name)) !== null) return true;
    return (yield* statOf(this.upper, OPAQUE)) !== null;
  }

  private *below(name: string): Steps<OverlayDir> {
    const known = this.children.get(name);
    if (known !== undefined) return known;
    const above = yield* statOf(this.upper, name);
    const under = yield* this.findLower(name);
    const found = above ?? under;
    if (found === null || name.startsWith(MARK)) fail(Errno.ENOENT);
    if (found.kind !== FileKind.Directory) fail(Errno.ENOTDIR);
    const upper = above === null ? null : yield* get(this.upper!.dir(name));
    const isMerged = under?.kind === FileKind.Directory;
    const lower = isMerged ? yield* get(this.lower!.dir(name)) : null;
    const dir = new OverlayDir(this.overlay, lower, upper, { parent: this, name });
    this.children.set(name, dir);
    return dir;
  }

  private *opened(name: string, options: OpenOptions): Steps<HostFile> {
    const { write, append, create, exclusive, truncate } = options;
    const found = yield* this.find(name);
    if (found === null) {
      if (!create) fail(Errno.ENOENT);
      requireOwn(name);
      const upper = yield* this.ensureUpper();
      const file = yield* get(upper.open(name, options));
      yield* this.unhide(name);
      return file;
    }
    if (create && exclusive) fail(Errno.EEXIST);
    if (found.kind === FileKind.Directory) fail(Errno.EISDIR);
    if (found.kind === FileKind.Symlink) fail(Errno.ELOOP);
    if (write || append || truncate) yield* this.copyUp(name);
    const above = yield* statOf(this.upper, name);
    const file = yield* get((above === null ? this.lower! : this.upper!).open(name, options));
    const isCopy = above !== null && this.overlay.isCopy(above);
    return isCopy ? identifiedFile(file, this.overlay) : file;
  }

  private *listed(): Steps<DirCursor> {
    const entries: DirEntry[] = [];
    const hidden = new Set<string>();
    let isOpaque = false;
    if (this.upper !== null) {
      for (const entry of yield* entriesOf(this.upper)) {
        if (entry.name === OPAQUE) isOpaque = true;
        else if (entry.name.startsWith(MARK)) hidden.add(entry.name.slice(MARK.length));
        else {
          hidden.add(entry.name);
          entries.push({ ...entry, inode: yield* this.inodeOf(entry.name) });
        }
      }
    }
    if (this.lower !== null && !isOpaque) {
      for (const entry of yield* entriesOf(this.lower)) {
        if (!hidden.has(entry.name) && !entry.name.startsWith(MARK)) entries.push(entry);
      }
    }
    const left = entries.values();
    return { next: () => left.next().value ?? null };
  }

  private *inodeOf(name: string): Steps<bigint> {
    return (yield* this.looked(name)).inode;
  }

  private *linkRead(name: string): Steps<string> {
    const found = yield* this.looked(name);
    if (found.kind !== FileKind.Symlink) fail(Errno.EINVAL);
    const home = (yield* statOf(this.upper, name)) === null ? this.lower! : this.upper!;
    return yield* readLinkOf(home, name);
  }

  /** Makes something where nothing is. */
  private *made(name: string, make: (upper: HostDir) => Steps<void>): Steps<void> {
    if ((yield* this.find(name)) !== null) fail(Errno.EEXIST);
    requireOwn(name);
    const upper = yield* this.ensureUpper();
    yield* make(upper);
    const isDirectory = (yield* statOf(upper, name))?.kind === FileKind.Directory;
    // What the lower tree has by that name was removed, and must not shine through.
    if (isDirectory && (yield* statOf(this.lower, name)) !== null) {
      yield* mark(yield* get(upper.dir(name)), OPAQUE);
    }
    yield* this.unhide(name);
  }

  private *removedFile(name: string): Steps<void> {
    const found = yield* this.looked(name);
    if (found.kind === FileKind.Directory) fail(Errno.EISDIR);
    yield* this.hide(name);
    if ((yield* statOf(this.upper, name)) !== null) yield* removeFileOf(this.upper!, name);
  }

  private *removedDir(name: string): Steps<void> {
    const dir = yield* this.below(name);
    if ((yield* get((yield* dir.listed()).next())) !== null) fail(Errno.ENOTEMPTY);
    yield* this.hide(name);
    if (dir.upper !== null) yield* this.removeUpperDir(name, dir.upper);
    dir.isRemoved = true;
    this.children.delete(name);
  }

  /** Removes a directory of the upper tree in which there are marks only. */
  private *removeUpperDir(name: string, dir: HostDir): Steps<void> {
    for (const entry of yield* entriesOf(dir)) yield* removeFileOf(dir, entry.name);
    if (this.upper?.removeDir === undefined) fail(Errno.ENOTSUP);
    yield* get(this.upper.removeDir(name));
  }

  private *renamed(name: string, to: HostDir, newName: string): Steps<void> {
    const target = this.sameTree(to);
    const moved = yield* this.looked(name);
    requireOwn(newName);
    const replaced = yield* target.find(newName);
    if (replaced !== null) {
      if (isSame(moved, replaced)) return;
      yield* target.requireReplaceable(newName, moved, replaced);
    }
    const dir = moved.kind === FileKind.Directory ? yield* this.below(name) : null;
    if (dir !== null && target.isWithin(dir)) fail(Errno.EINVAL);
    yield* this.copyUp(name);
    const upper = this.upper!;
    if (upper.rename === undefined) fail(Errno.ENOTSUP);
    const targetUpper = yield* target.ensureUpper();
    if (replaced?.kind === FileKind.Directory) yield* target.removedDir(newName);
    yield* get(upper.rename(name, targetUpper, newName));
    if (dir !== null) {
      this.children.delete(name);
      target.children.set(newName, dir);
      dir.place = { parent: target, name: newName };
      if ((yield* statOf(target.lower, newName)) !== null) yield* mark(dir.upper!, OPAQUE);
    }
    yield* target.unhide(newName);
    yield* this.hide(name);
  }

  /** Whether what is there may make room for what comes. */
  private *requireReplaceable(name: string, moved: FileStat, replaced: FileStat): Steps<void> {
    const isDirectory = replaced.kind === FileKind.Directory;
    if (isDirectory && moved.kind !== FileKind.Directory) fail(Errno.EISDIR);
    if (!isDirectory && moved.kind === FileKind.Directory) fail(Errno.ENOTDIR);
    if (!isDirectory) return;
    const dir = yield* this.below(name);
    if ((yield* get((yield* dir.listed()).next())) !== null) fail(Errno.ENOTEMPTY);
  }

  private *linked(name: string, to: HostDir, newName: string): Steps<void> {
    const target = this.sameTree(to);
    const found = yield* this.looked(name);
    if (found.kind === FileKind.Directory) fail(Errno.EPERM);
    if ((yield* target.find(newName)) !== null) fail(Errno.EEXIST);
    requireOwn(newName);
    yield* this.copyUp(name);
    if (this.upper?.link === undefined) fail(Errno.ENOTSUP);
    yield* get(this.upper.link(name, yield* target.ensureUpper(), newName));
    yield* target.unhide(newName);
  }

  /** Changes what has a name, or this directory, in the upper tree. */
  private *changed(
    name: string | null,
    change: (dir: HostDir, name: string | null) => Answer<void>,
  ): Steps<void> {
    if (name === null) yield* this.ensureUpper();
    else yield* this.copyUp(name);
    yield* get(change(this.upper!, name));
  }

  /** Makes sure that this directory is in the upper tree. */
  private *ensureUpper(): Steps<HostDir> {
    if (this.isRemoved) fail(Errno.ENOENT);
    if (this.upper !== null) return this.upper;
    const { parent, name } = this.place!;
    const above = yield* parent.ensureUpper();
    if ((yield* statOf(above, name)) === null) {
      const stat = yield* get(this.lower!.stat());
      if (above.createDir === undefined) fail(Errno.ENOTSUP);
      yield* get(above.createDir(name, stat.mode));
      this.overlay.keepIdentity(yield* copyFacts(above, name, stat), stat);
    }
    return this.upper = yield* get(above.dir(name));
  }

  /** Makes sure that what has this name is in the upper tree; a directory with all below it. */
  private *copyUp(name: string): Steps<void> {
    const stat = yield* this.looked(name);
    if (stat.kind === FileKind.Directory) {
      const dir = yield* this.below(name);
      yield* dir.ensureUpper();
      for (const entry of yield* cursorEntries(yield* dir.listed())) {
        yield* dir.copyUp(entry.name);
      }
      return;
    }
    const upper = yield* this.ensureUpper();
    if ((yield* statOf(upper, name)) !== null) return;
    if (stat.kind === FileKind.Symlink) {
      if (upper.createLink === undefined) fail(Errno.ENOTSUP);
      yield* get(upper.createLink(name, yield* readLinkOf(this.lower!, name)));
    } else if (stat.kind === FileKind.File) {
      yield* copyContents(this.lower!, upper, name, stat.mode);
    } else {
      fail(Errno.ENOTSUP);
    }
    this.overlay.keepIdentity(yield* copyFacts(upper, name, stat), stat);
  }

  /** Leaves a mark where the lower tree has something that is gone. */
  private *hide(name: string): Steps<void> {
    if ((yield* this.findLower(name)) !== null) yield* mark(yield* this.ensureUpper(), MARK + name);
  }

  /** Takes the mark away: the upper tree has something by that name again. */
  private *unhide(name: string): Steps<void> {
    if ((yield* statOf(this.upper, MARK + name)) !== null) {
      yield* removeFileOf(this.upper!, MARK + name);
    }
  }

  private sameTree(dir: HostDir): OverlayDir {
    if (!(dir instanceof OverlayDir) || dir.overlay !== this.overlay) fail(Errno.EXDEV);
    return dir;
  }

  /** Whether `other` is this directory or lies above it. */
  private isWithin(other: OverlayDir): boolean {
    for (let dir: OverlayDir | undefined = this; dir !== undefined; dir = dir.place?.parent) {
      if (dir === other) return true;
    }
    return false;
  }
}

/** What an optional method that answers nothing has answered: nothing, if it is there. */
function absent(method: unknown): void {
  if (method === undefined) fail(Errno.ENOTSUP);
}

function requireOwn(name: string): void {
  if (name.startsWith(MARK)) fail(Errno.EPERM);
}

function isSame(one: FileStat, other: FileStat): boolean {
  return one.device === other.device && one.inode === other.inode;
}

/** What a directory, if there is one, has by a name; or null. */
function* statOf(dir: HostDir | null, name: string): Steps<FileStat | null> {
  return dir === null ? null : yield* get(dir.look(name));
}

function* entriesOf(dir: HostDir): Steps<DirEntry[]> {
  return yield* cursorEntries(yield* get(dir.list()));
}

function* cursorEntries(cursor: DirCursor): Steps<DirEntry[]> {
  const entries: DirEntry[] = [];
  for (;;) {
    const entry = yield* get(cursor.next());
    if (entry === null) break;
    entries.push(entry);
  }
  cursor.close?.();
  return entries;
}

function* readLinkOf(dir: HostDir, name: string): Steps<string> {
  if (dir.readLink === undefined) fail(Errno.EINVAL);
  return yield* get(dir.readLink(name));
}

function* removeFileOf(dir: HostDir, name: string): Steps<void> {
  if (dir.removeFile === undefined) fail(Errno.ENOTSUP);
  yield* get(dir.removeFile(name));
}

/** Makes an empty file that stands for something. */
function* mark(dir: HostDir, name: string): Steps<void> {
  const file = yield* get(dir.open(name, { ...MAKE, mode: 0o600 }));
  yield* get(file.close?.());
}

/**
 * Gives a copy the owner, permissions and times of what it was made from, where that can be.
 *
 * @returns what the copy is in its own tree.
 */
function* copyFacts(dir: HostDir, name: string, stat: FileStat): Steps<FileStat> {
  const { uid, gid, mode, kind, accessed, modified } = stat;
  const copy = (yield* statOf(dir, name)) ?? fail(Errno.ENOENT);
  if (copy.uid !== uid || copy.gid !== gid) yield* get(dir.setOwner?.(name, { uid, gid }));
  if (kind !== FileKind.Symlink && copy.mode !== mode) yield* get(dir.setMode?.(name, mode));
  yield* get(dir.setTimes?.(name, { accessed, modified }));
  return copy;
}

/** A file that tells of itself what it was before it was copied up. */
function identifiedFile(file: HostFile, overlay: Overlay): HostFile {
  return new Proxy(file, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== "function") return value;
      if (name !== "stat") return value.bind(target) as unknown;
      return () => answer(function* (): Steps<FileStat> {
        return overlay.identified(yield* get(target.stat!()));
      }());
    },
  });
}

/** Copies a file; a copy that could not be finished is removed. */
function* copyContents(from: HostDir, to: HostDir, name: string, mode: number): Steps<void> {
  const source = yield* get(from.open(name, READ));
  try {
    const target = yield* get(to.open(name, { ...MAKE, mode }));
    let isWhole = false;
    try {
      yield* copyAll(source, target);
      isWhole = true;
    } finally {
      yield* get(target.close?.());
      if (!isWhole) yield* removeFileOf(to, name);
    }
  } finally {
    yield* get(source.close?.());
  }
}

function* copyAll(source: HostFile, target: HostFile): Steps<void> {
  if (source.read === undefined || target.write === undefined) fail(Errno.ENOTSUP);
  const buffer = new Uint8Array(CHUNK);
  const waiting = { signal: NEVER };
  for (let at = 0;;) {
    const count = yield* get(source.read(buffer, at, waiting));
    if (count === 0) return;
    for (let done = 0; done < count;) {
      const part = buffer.subarray(done, count);
      done += yield* get(target.write(part, at + done, waiting));
    }
    at += count;
  }
}
