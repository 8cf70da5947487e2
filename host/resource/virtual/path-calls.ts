/** Operations of the ABI on virtual directories, and on what paths in them lead to. */
import {
  DirectoryEntry, Errno, FileKind, FileOwner, FileTimes, OpenFlag, Stat, StatFlag,
} from "../../abi.js";
import { firstPath, secondPath, type Submission } from "../../backend/submission.js";
import { fail, get, type Steps } from "./answer.js";
import {
  dirOf, DONE, missing, MOST_BYTES, type Desk, type Listing, type Outcome,
} from "./desk.js";
import { decodeName, encodeName } from "./names.js";
import type { DirEntry, FileStat, HostDir, HostFile, OpenOptions } from "./resource.js";
import { Last, walk, type Found } from "./walk.js";

/** A time that is not set, or not known. */
const NO_TIME = -(1n << 63n);

const SET_ID = 0o6000;

/** `Op.Open`. */
export function* open(desk: Desk): Steps<Outcome> {
  const { submission, node, memory, adopt } = desk;
  const { flags } = submission;
  const has = (flag: OpenFlag): boolean => (flags & flag) !== 0;
  const isExclusive = has(OpenFlag.CreateNew);
  const last = isExclusive || has(OpenFlag.NoFollow) ? Last.Keep : Last.Follow;
  const found = yield* walk(dirOf(node(submission.descriptor)), pathOf(submission, memory), last);
  const isChanging = has(OpenFlag.Write) || has(OpenFlag.Append);
  if (found.name === null || found.stat?.kind === FileKind.Directory) {
    if (isExclusive) fail(Errno.EEXIST);
    if (isChanging || has(OpenFlag.Create)) fail(Errno.EISDIR);
    const dir = found.name === null ? found.dir : yield* get(found.dir.dir(found.name));
    return { result: adopt({ kind: "dir", dir, listing: null, uses: 0 }) };
  }
  const { stat } = found;
  if (stat === null && found.hasSlash) {
    fail(has(OpenFlag.Create) || isExclusive ? Errno.EISDIR : Errno.ENOENT);
  }
  if (stat !== null && isExclusive) fail(Errno.EEXIST);
  if (stat?.kind === FileKind.Symlink) fail(Errno.ELOOP);
  if (stat !== null && (found.hasSlash || has(OpenFlag.Directory))) fail(Errno.ENOTDIR);
  if (stat === null && has(OpenFlag.Directory)) fail(Errno.ENOENT);
  const options: OpenOptions = {
    read: has(OpenFlag.Read),
    write: has(OpenFlag.Write),
    append: has(OpenFlag.Append),
    create: has(OpenFlag.Create) || isExclusive,
    exclusive: isExclusive,
    truncate: has(OpenFlag.Truncate),
    mode: Number(submission.offset) & ~SET_ID,
  };
  const file = yield* get(found.dir.open(found.name, options));
  return { result: adopt({ kind: "file", file, uses: 0 }) };
}

/** `Op.Stat`. */
export function* stat(desk: Desk): Steps<Outcome> {
  const { submission, node, memory } = desk;
  const pointer = submission.pointer1;
  if (!hasPath(submission)) {
    const open = node(submission.descriptor);
    const facts = open.kind === "dir"
      ? yield* get(open.dir.stat())
      : yield* get(open.file.stat?.() ?? fail(Errno.ENOTSUP));
    return { result: 0, bytes: statRecord(facts), pointer };
  }
  const found = yield* walk(dirOf(node(submission.descriptor)), pathOf(submission, memory),
    lastOf(submission));
  const facts = found.name === null ? yield* get(found.dir.stat()) : existing(found);
  return { result: 0, bytes: statRecord(facts), pointer };
}

/** `Op.SetPermissions`. */
export function* setPermissions(desk: Desk): Steps<Outcome> {
  const mode = Number(desk.submission.offset) & ~SET_ID;
  yield* change(desk,
    (file) => (file.setMode ?? missing).call(file, mode),
    (dir, name) => (dir.setMode ?? missing).call(dir, name, mode));
  return DONE;
}

/** `Op.SetTimes`. */
export function* setTimes(desk: Desk): Steps<Outcome> {
  const view = recordOf(desk, FileTimes.Size);
  const time = (offset: FileTimes): bigint | null => {
    const value = view.getBigInt64(offset, true);
    return value === NO_TIME ? null : value;
  };
  const times = { accessed: time(FileTimes.Accessed), modified: time(FileTimes.Modified) };
  yield* change(desk,
    (file) => (file.setTimes ?? missing).call(file, times),
    (dir, name) => (dir.setTimes ?? missing).call(dir, name, times));
  return DONE;
}

/** A copy of the record at (ptr1, len1). */
function recordOf({ memory, submission }: Desk, size: number): DataView {
  const { pointer1 } = submission;
  return new DataView(memory.slice(pointer1, pointer1 + size).buffer);
}

/** `Op.SetOwner`. */
export function* setOwner(desk: Desk): Steps<Outcome> {
  const view = recordOf(desk, FileOwner.Size);
  const number = (offset: FileOwner): number | null => {
    const value = view.getUint32(offset, true);
    return value === FileOwner.Unchanged ? null : value;
  };
  const owner = { uid: number(FileOwner.User), gid: number(FileOwner.Group) };
  yield* change(desk,
    (file) => (file.setOwner ?? missing).call(file, owner),
    (dir, name) => (dir.setOwner ?? missing).call(dir, name, owner));
  return DONE;
}

/** Changes the open file of the descriptor, or what is at the path. */
function* change(
  { submission, node, memory }: Desk,
  ofFile: (file: HostFile) => void | PromiseLike<void>,
  ofName: (dir: HostDir, name: string | null) => void | PromiseLike<void>,
): Steps<void> {
  const open = node(submission.descriptor);
  if (!hasPath(submission)) {
    yield* get(open.kind === "file" ? ofFile(open.file) : ofName(open.dir, null));
    return;
  }
  const found = yield* walk(dirOf(open), pathOf(submission, memory), lastOf(submission));
  if (found.name !== null) existing(found);
  yield* get(ofName(found.dir, found.name));
}

/** `Op.ReadDirectory`. */
export function* readDirectory({ submission, node }: Desk): Steps<Outcome> {
  const open = node(submission.descriptor);
  if (open.kind !== "dir") fail(Errno.ENOTDIR);
  const listing = open.listing ??= yield* listingOf(open.dir);
  const bytes = new Uint8Array(Math.min(submission.length, MOST_BYTES));
  let end = 0;
  for (;;) {
    const entry = listing.left ?? (yield* get(listing.next()));
    listing.left = entry;
    if (entry === null) break;
    const size = putEntry(bytes, end, entry);
    if (size === 0) break;
    end += size;
    listing.left = null;
  }
  return { result: end, bytes: bytes.subarray(0, end), pointer: submission.pointer };
}

function* listingOf(dir: HostDir): Steps<Listing> {
  const cursor = yield* get(dir.list());
  return { next: () => cursor.next(), close: () => cursor.close?.(), left: null };
}

/** Writes an entry at `at`. @returns its bytes, 0 if there is no room. */
function putEntry(bytes: Uint8Array, at: number, { name, kind, inode }: DirEntry): number {
  const text = encodeName(name);
  const size = DirectoryEntry.Name + text.length;
  if (at + size > bytes.length) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, size);
  view.setBigUint64(DirectoryEntry.Inode, inode, true);
  view.setUint32(DirectoryEntry.Next, size, true);
  view.setUint16(DirectoryEntry.NameLength, text.length, true);
  view.setUint16(DirectoryEntry.Kind, kind, true);
  bytes.set(text, at + DirectoryEntry.Name);
  return size;
}

/** `Op.CreateDirectory`. */
export function* createDirectory({ submission, node, memory }: Desk): Steps<Outcome> {
  const path = pathOf(submission, memory);
  const { dir, name } = yield* vacant(dirOf(node(submission.descriptor)), path, true);
  if (dir.createDir === undefined) fail(Errno.ENOTSUP);
  yield* get(dir.createDir(name, Number(submission.offset) & ~SET_ID));
  return DONE;
}

/** `Op.RemoveFile`. */
export function* removeFile({ submission, node, memory }: Desk): Steps<Outcome> {
  const found = yield* walk(dirOf(node(submission.descriptor)), pathOf(submission, memory),
    Last.Keep);
  if (found.name === null) fail(Errno.EISDIR);
  const { kind } = existing(found);
  if (kind === FileKind.Directory) fail(Errno.EISDIR);
  if (found.hasSlash) fail(Errno.ENOTDIR);
  if (found.dir.removeFile === undefined) fail(Errno.ENOTSUP);
  yield* get(found.dir.removeFile(found.name));
  return DONE;
}

/** `Op.RemoveDirectory`. */
export function* removeDirectory({ submission, node, memory }: Desk): Steps<Outcome> {
  const path = pathOf(submission, memory);
  const found = yield* walk(dirOf(node(submission.descriptor)), path, Last.Keep);
  if (found.name === null) {
    fail(/(^|\/)\.\/*$/.test(path) ? Errno.EINVAL : Errno.ENOTEMPTY);
  }
  if (existing(found).kind !== FileKind.Directory) fail(Errno.ENOTDIR);
  if (found.dir.removeDir === undefined) fail(Errno.ENOTSUP);
  yield* get(found.dir.removeDir(found.name));
  return DONE;
}

/** `Op.Rename`. */
export function* rename(desk: Desk): Steps<Outcome> {
  const { from, to } = yield* bothPaths(desk);
  if (from.name === null || to.name === null) fail(Errno.EBUSY);
  const moved = existing(from);
  const isDirectory = moved.kind === FileKind.Directory;
  if (!isDirectory && (from.hasSlash || to.hasSlash)) fail(Errno.ENOTDIR);
  if (from.dir.rename === undefined) fail(Errno.ENOTSUP);
  yield* get(from.dir.rename(from.name, to.dir, to.name));
  return DONE;
}

/** `Op.HardLink`. */
export function* hardLink(desk: Desk): Steps<Outcome> {
  const { from, to } = yield* bothPaths(desk);
  if (from.name === null) fail(Errno.EPERM);
  if (existing(from).kind === FileKind.Directory) fail(Errno.EPERM);
  if (from.hasSlash) fail(Errno.ENOTDIR);
  if (to.name === null || to.stat !== null) fail(Errno.EEXIST);
  if (to.hasSlash) fail(Errno.ENOENT);
  if (from.dir.link === undefined) fail(Errno.ENOTSUP);
  yield* get(from.dir.link(from.name, to.dir, to.name));
  return DONE;
}

function* bothPaths({ submission, node, memory }: Desk): Steps<{ from: Found; to: Found }> {
  const second = decodeName(secondPath(submission, memory));
  const first = pathOf(submission, memory);
  const target = dirOf(node(Number(BigInt.asIntN(32, submission.offset))));
  const from = yield* walk(dirOf(node(submission.descriptor)), first, Last.Keep);
  const to = yield* walk(target, second, Last.Keep);
  return { from, to };
}

/** `Op.SymbolicLink`. */
export function* symbolicLink({ submission, node, memory }: Desk): Steps<Outcome> {
  const { pointer1, length1 } = submission;
  const target = decodeName(memory.slice(pointer1, pointer1 + length1));
  if (target === "") fail(Errno.ENOENT);
  if (target.includes("\0")) fail(Errno.EINVAL);
  if (target.startsWith("/")) fail(Errno.EACCES);
  const path = pathOf(submission, memory);
  const { dir, name } = yield* vacant(dirOf(node(submission.descriptor)), path, false);
  if (dir.createLink === undefined) fail(Errno.ENOTSUP);
  yield* get(dir.createLink(name, target));
  return DONE;
}

/** `Op.ReadLink`. */
export function* readLink({ submission, node, memory }: Desk): Steps<Outcome> {
  const found = yield* walk(dirOf(node(submission.descriptor)), pathOf(submission, memory),
    Last.Keep);
  if (found.name === null || existing(found).kind !== FileKind.Symlink) fail(Errno.EINVAL);
  if (found.dir.readLink === undefined) fail(Errno.ENOTSUP);
  return outText(submission, encodeName(yield* get(found.dir.readLink(found.name))));
}

/** `Op.Canonicalize`. */
export function* canonicalize({ submission, node, memory }: Desk): Steps<Outcome> {
  const mounted = decodeName(submission.secondPrefix);
  const found = yield* walk(dirOf(node(submission.descriptor)), pathOf(submission, memory),
    Last.Follow);
  const names = [...found.names];
  if (found.name !== null) {
    if (existing(found).kind !== FileKind.Directory && found.hasSlash) fail(Errno.ENOTDIR);
    names.push(found.name);
  }
  const root = mounted === "/" ? "" : mounted;
  return outText(submission, encodeName(`${root}/${names.join("/")}`.replace(/(?<=.)\/$/, "")));
}

/** Text for (ptr1, len1). */
function outText({ pointer1, length1 }: Submission, text: Uint8Array): Outcome {
  if (text.length > length1) fail(Errno.ENAMETOOLONG);
  return { result: text.length, bytes: text, pointer: pointer1 };
}

/** A name for something new. */
function* vacant(
  root: HostDir, path: string, mayHaveSlash: boolean,
): Steps<{ dir: HostDir; name: string }> {
  const { dir, name, stat, hasSlash } = yield* walk(root, path.replace(/\/+$/, ""), Last.Keep);
  if (name === null || stat !== null) fail(Errno.EEXIST);
  if (hasSlash || (path.endsWith("/") && !mayHaveSlash)) fail(Errno.ENOENT);
  return { dir, name };
}

/** What was found, which must be there, and a directory if a slash says so. */
function existing({ stat, hasSlash }: Found): FileStat {
  if (stat === null) fail(Errno.ENOENT);
  const mayHaveSlash = stat.kind === FileKind.Directory || stat.kind === FileKind.Symlink;
  if (hasSlash && !mayHaveSlash) fail(Errno.ENOTDIR);
  return stat;
}

function hasPath({ length, prefix }: Submission): boolean {
  return length + prefix.length > 0;
}

function pathOf(submission: Submission, memory: Uint8Array): string {
  return decodeName(firstPath(submission, memory));
}

function lastOf({ flags }: Submission): Last {
  return (flags & StatFlag.NoFollow) !== 0 ? Last.Keep : Last.Follow;
}

function statRecord(stat: FileStat): Uint8Array {
  const bytes = new Uint8Array(Stat.Size);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(Stat.Device, stat.device, true);
  view.setBigUint64(Stat.Inode, stat.inode, true);
  view.setUint32(Stat.Kind, stat.kind, true);
  view.setUint32(Stat.Mode, stat.mode, true);
  view.setBigUint64(Stat.Links, BigInt(stat.links), true);
  view.setBigInt64(Stat.Length, BigInt(stat.length), true);
  view.setBigInt64(Stat.Accessed, stat.accessed, true);
  view.setBigInt64(Stat.Modified, stat.modified, true);
  view.setBigInt64(Stat.Changed, stat.changed, true);
  view.setBigInt64(Stat.Created, stat.created ?? NO_TIME, true);
  view.setUint32(Stat.Uid, stat.uid, true);
  view.setUint32(Stat.Gid, stat.gid, true);
  view.setBigInt64(Stat.Allocated, BigInt(stat.allocated), true);
  return bytes;
}
