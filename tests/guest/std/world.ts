/**
 * Every operation of `std/fs` that takes a path, in one table, and a small world of files for them.
 * What goes wrong with all of them, and what all of them survive, others try out.
 */
import {
  DirBuilder, DirReader, File, FileTimes, OpenOptions, Permissions, UNCHANGED, canonicalize, chown,
  copy, createDir, createDirAll, exists, hardLink, lchown, metadata, read, readDir, readLink,
  readToString, removeDir, removeDirAll, removeFile, rename, setPermissions, setTimes,
  setTimesNofollow, symlink, symlinkMetadata, write, writeString,
} from "std/fs";
import { BufResult, Error, ErrorKind, Result } from "std/io";
import { join } from "std/path";
import { SystemTime } from "std/time";
import { Vec } from "std/vec";
import { check, pattern } from "./check";

/** Whom the files of the world belong to. */
let owner: u32 = 0;

/** What an operation does, and so who may refuse it. */
export const enum Effect {
  /** It looks at what there is. */
  Looks,
  /** It changes a file, or opens it in order to. */
  Changes,
  /** It adds or removes a name. */
  Names,
}

/** An operation on the world in `dir`; its end is the error, or `null`. */
type Begin = (dir: string) => Promise<Error | null>;

/** One operation of `std/fs`. */
export class Deed {
  constructor(
    readonly name: string,
    /** What the message of each of its errors names. */
    readonly words: string,
    readonly effect: Effect,
    /** Whether it is one step of the system's, so that an error means that nothing was done. */
    readonly isOneStep: bool,
    readonly begin: Begin,
  ) {}
}

/** How it has ended: with an error, or with `null`. */
export async function ended<T>(promise: Promise<Result<T>>): Promise<Error | null> {
  const result = await promise;
  return result.isErr ? result.error : null;
}

/** The same; what was opened is closed. */
export async function opened(promise: Promise<Result<File>>): Promise<Error | null> {
  const result = await promise;
  if (result.isErr) return result.error;
  check((await result.unwrap().close()).isOk, "close");
  return null;
}

async function listed(promise: Promise<Result<DirReader>>): Promise<Error | null> {
  const result = await promise;
  if (result.isErr) return result.error;
  check((await result.unwrap().close()).isOk, "close");
  return null;
}

/** The same of a transfer, whose buffer must have come back. */
export async function written(promise: Promise<BufResult>): Promise<Error | null> {
  const result = await promise;
  check(!result.buf.isLent, "the buffer came back");
  return result.isErr ? result.error : null;
}

/** All of them. Each can be done once in a fresh world. */
export function deeds(): Deed[] {
  return reading().concat(changing()).concat(naming());
}

function reading(): Deed[] {
  const is = Effect.Looks;
  return [
    new Deed("open", "open world/file", is, true, (dir) => opened(File.open(join(dir, "file")))),
    new Deed("metadata", "metadata file", is, true, (dir) => ended(metadata(join(dir, "file")))),
    new Deed("symlinkMetadata", "metadata link", is, true,
      (dir) => ended(symlinkMetadata(join(dir, "link")))),
    new Deed("exists", "metadata file", is, true, (dir) => ended(exists(join(dir, "file")))),
    new Deed("read", "file", is, true, (dir) => ended(read(join(dir, "file")))),
    new Deed("readToString", "text", is, true, (dir) => ended(readToString(join(dir, "text")))),
    new Deed("readDir", "open directory tree", is, true,
      (dir) => listed(readDir(join(dir, "tree")))),
    new Deed("readLink", "read link", is, true, (dir) => ended(readLink(join(dir, "link")))),
    new Deed("createDirAll of what is there", "create directory inner", is, true,
      (dir) => ended(createDirAll(join(dir, "tree/inner")))),
    new Deed("canonicalize", "canonicalize link", is, true,
      (dir) => ended(canonicalize(join(dir, "link")))),
  ];
}

function changing(): Deed[] {
  const is = Effect.Changes;
  return [
    new Deed("append", "open file", is, true,
      (dir) => opened(new OpenOptions().append().open(join(dir, "file")))),
    new Deed("update", "open file", is, true,
      (dir) => opened(new OpenOptions().read().write().open(join(dir, "file")))),
    new Deed("truncate", "open file", is, false,
      (dir) => opened(new OpenOptions().write().truncate().open(join(dir, "file")))),
    new Deed("overwrite", "file", is, false,
      (dir) => written(write(join(dir, "file"), pattern(100_000)))),
    new Deed("copyOver", "text", is, false,
      (dir) => ended(copy(join(dir, "file"), join(dir, "text")))),
    new Deed("setPermissions", "set permissions file", is, true,
      (dir) => ended(setPermissions(join(dir, "file"), new Permissions(0o640)))),
    new Deed("setTimes", "set times file", is, true,
      (dir) => ended(setTimes(join(dir, "file"), someTimes()))),
    new Deed("setTimesNofollow", "set times link", is, true,
      (dir) => ended(setTimesNofollow(join(dir, "link"), someTimes()))),
    new Deed("chown", "change owner file", is, true,
      (dir) => ended(chown(join(dir, "file"), owner, UNCHANGED))),
    new Deed("lchown", "change owner link", is, true,
      (dir) => ended(lchown(join(dir, "link"), owner, UNCHANGED))),
  ];
}

function someTimes(): FileTimes {
  return new FileTimes().setModified(SystemTime.fromUnixNanos(1_000_000_007));
}

function naming(): Deed[] {
  const is = Effect.Names;
  return [
    new Deed("create", "open new", is, false, (dir) => opened(File.create(join(dir, "new")))),
    new Deed("createNew", "open new", is, false,
      (dir) => opened(new OpenOptions().write().createNew().open(join(dir, "new")))),
    new Deed("write", "new", is, false, (dir) => written(write(join(dir, "new"), pattern(999)))),
    new Deed("writeString", "new", is, false,
      (dir) => ended(writeString(join(dir, "new"), "text"))),
    new Deed("copy", "new", is, false, (dir) => ended(copy(join(dir, "file"), join(dir, "new")))),
    new Deed("createDir", "create directory new", is, true,
      (dir) => ended(createDir(join(dir, "new")))),
    new Deed("createDirAll", "create directory new", is, false,
      (dir) => ended(createDirAll(join(dir, "new/inner/most")))),
    new Deed("DirBuilder", "create directory new", is, true,
      (dir) => ended(new DirBuilder().mode(0o700).create(join(dir, "new")))),
    new Deed("removeFile", "remove file file", is, true,
      (dir) => ended(removeFile(join(dir, "file")))),
    new Deed("removeDir", "remove directory empty", is, true,
      (dir) => ended(removeDir(join(dir, "empty")))),
    new Deed("removeDirAll", "tree", is, false, (dir) => ended(removeDirAll(join(dir, "tree")))),
    new Deed("removeDirAll of a link", "link", is, true,
      (dir) => ended(removeDirAll(join(dir, "link")))),
    new Deed("rename", "rename file new", is, true,
      (dir) => ended(rename(join(dir, "file"), join(dir, "new")))),
    new Deed("replace", "rename file text", is, true,
      (dir) => ended(rename(join(dir, "file"), join(dir, "text")))),
    new Deed("hardLink", "hard link file new", is, true,
      (dir) => ended(hardLink(join(dir, "file"), join(dir, "new")))),
    new Deed("symlink", "symbolic link file new", is, true,
      (dir) => ended(symlink("file", join(dir, "new")))),
  ];
}

/** Makes the world anew in `dir`, whatever is there. */
export async function makeWorld(dir: string): Promise<void> {
  const gone = await removeDirAll(dir);
  check(gone.isOk || gone.error.kind == ErrorKind.NotFound, "removeDirAll " + dir);
  (await createDirAll(join(dir, "tree/inner"))).unwrap();
  (await createDir(join(dir, "empty"))).unwrap();
  (await write(join(dir, "file"), pattern(5000))).unwrap();
  (await write(join(dir, "text"), Vec.fromString("text"))).unwrap();
  (await write(join(dir, "tree/a"), Vec.fromString("a"))).unwrap();
  (await write(join(dir, "tree/inner/b"), Vec.fromString("b"))).unwrap();
  (await symlink("file", join(dir, "link"))).unwrap();
  owner = (await metadata(dir)).unwrap().uid;
}

/** What there is in a directory and below it, in words: the same words for the same things. */
export async function describe(dir: string): Promise<string> {
  const lines = new Array<string>();
  await describeInto(lines, dir, "");
  return lines.sort().join("\n");
}

async function describeInto(lines: string[], dir: string, below: string): Promise<void> {
  const reader = (await readDir(join(dir, below))).unwrap();
  for (let entry = (await reader.next()).unwrap(); entry; entry = (await reader.next()).unwrap()) {
    const name = join(below, entry.fileName);
    const found = (await entry.metadata()).unwrap();
    const mode = found.permissions.mode.toString(8);
    // The length of a directory is the file system's own affair.
    const length = found.isDir ? "directory" : found.length.toString();
    lines.push(`${name} ${mode} ${length} ${found.isDir ? 0 : found.links}`);
    if (found.isDir) await describeInto(lines, dir, name);
  }
}

/** How many entries a directory has. */
export async function countOf(dir: string): Promise<i32> {
  const reader = (await readDir(dir)).unwrap();
  let count = 0;
  while ((await reader.next()).unwrap() !== null) count++;
  return count;
}
