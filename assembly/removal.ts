/**
 * Removing a directory with all that is in it. Part of `std/fs`.
 *
 * What is removed is looked for in directories that are held open, never by a path that somebody
 * may have changed meanwhile. Of a deep tree only the lowest levels are held, and the first one.
 * One that was let go is opened again, from the first one on, when everything below it is gone; and
 * used only if it is the directory that it was.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { FileKind, Handle, OpenFlag, StatFlag } from "./abi/flags";
import { Op } from "./abi/op";
import { DirReader, OpenDirOperation, PathOperation, removeDir, removeFile } from "./directory";
import { Error, Result, Unit } from "./error";
import { join } from "./path";
import { shielded } from "./rt";
import { StatOperation } from "./stat";

/** How many files are being removed at once. */
const REMOVALS = 32;

/** How many levels are held open, besides the first one. */
const HELD = 16;

/** How many units a path of several names may have: each is at most three bytes of 4095. */
const PATH_MOST = 1365;

/** A directory that is being emptied. */
class Level {
  /** Which one it is, once it has been let go. */
  private device: u64 = 0;
  private inode: u64 = 0;

  constructor(
    /** Reads it; `null` while it is let go. */
    public dir: DirReader | null,
    /** What it is called in the one above. */
    readonly name: string,
  ) {}

  /** Closes it, and notes which one it is. */
  async letGo(): Promise<Error | null> {
    const dir = this.dir!;
    const found = await new StatOperation(dir.handle, "", dir.path, 0).start();
    if (found.isErr) return found.error;
    this.device = found.unwrap().device;
    this.inode = found.unwrap().inode;
    this.dir = null;
    await dir.close();
    return null;
  }

  /** Takes a directory that was opened in its place; `false` when it is another one. */
  async takeBack(dir: DirReader): Promise<Result<bool>> {
    const found = await new StatOperation(dir.handle, "", dir.path, 0).start();
    const isSame = found.isOk && found.unwrap().inode == this.inode &&
      found.unwrap().device == this.device;
    if (isSame) this.dir = dir;
    else await dir.close();
    return found.isErr ? Result.err<bool>(found.error) : Result.ok<bool>(isSame);
  }
}

/**
 * Removes a directory with everything below it. Symbolic links are removed, never followed, even
 * when one takes the place of a directory meanwhile. It takes some twenty descriptors, however deep
 * the tree is.
 *
 * What others remove meanwhile is no error. After an error a part of it may be gone.
 */
export async function removeDirAll(path: string): Promise<Result<Unit>> {
  const opened = await new OpenDirOperation(Handle.Root, path, path, OpenFlag.NoFollow).start();
  if (opened.isErr) return await removeLink(path, opened.error);
  const levels = [new Level(opened.unwrap(), "")];
  const failure = await empty(levels);
  while (levels.length > 0) {
    const dir = levels.pop().dir;
    if (dir !== null) await dir.close();
  }
  if (failure !== null) return Result.err<Unit>(failure);
  return await removeDir(path);
}

/** `path` is no directory: a symbolic link is removed itself, anything else is an error. */
async function removeLink(path: string, error: Error): Promise<Result<Unit>> {
  if (error.errno != Errno.ELOOP && error.errno != Errno.ENOTDIR) return Result.err<Unit>(error);
  const found = await new StatOperation(Handle.Root, path, path, StatFlag.NoFollow).start();
  if (found.isErr && found.error.errno == Errno.ECANCELED) {
    return Result.err<Unit>(found.error.in("remove file", path));
  }
  if (found.isErr || !found.unwrap().isSymlink) return Result.err<Unit>(error);
  return await removeFile(path);
}

/** Empties the first of the levels, going down and up again. */
async function empty(levels: Level[]): Promise<Error | null> {
  while (true) {
    const top = levels.length - 1;
    const opened = await reopen(levels);
    if (opened.isErr) return opened.error;
    const dir = opened.unwrap();
    // Whoever took it away has put something in its place, or not: the one above tells.
    if (dir === null) {
      levels.pop();
      continue;
    }
    const below = await removeFiles(dir);
    if (below.isErr) return below.error;
    const name = below.unwrap();
    const failure = name !== null ? await descend(levels, dir, name) : await ascend(levels);
    if (failure !== null || levels.length == 0) return failure;
  }
}

/** Makes the directory of this name the last level. */
async function descend(levels: Level[], dir: DirReader, name: string): Promise<Error | null> {
  const opened = await openBelow(dir, name);
  if (opened.isErr) return opened.error;
  const below = opened.unwrap();
  if (below === null) return null;
  levels.push(new Level(below, name));
  const highest = levels.length - 1 - HELD;
  return highest > 0 && levels[highest].dir !== null ? await levels[highest].letGo() : null;
}

/** The last level is empty: removes it from the one above. */
async function ascend(levels: Level[]): Promise<Error | null> {
  const name = levels.pop().name;
  if (levels.length == 0) return null;
  const opened = await reopen(levels);
  if (opened.isErr) return opened.error;
  const dir = opened.unwrap();
  if (dir === null) return null;
  const removed = await removeAt(Op.RemoveDirectory, dir, name);
  return removed.isErr && !isGone(removed.error) ? removed.error : null;
}

/** What reads the last of the levels; `null` when that is not where it was any more. */
async function reopen(levels: Level[]): Promise<Result<DirReader | null>> {
  const top = levels.length - 1;
  if (levels[top].dir !== null) return Result.ok<DirReader | null>(levels[top].dir);
  let from = levels[0].dir!;
  for (let next = 1; next <= top; ) {
    let path = levels[next++].name;
    while (next <= top && path.length + levels[next].name.length < PATH_MOST) {
      path += "/" + levels[next++].name;
    }
    const name = join(from.path, path);
    const opened = await new OpenDirOperation(from.handle, path, name, OpenFlag.NoFollow).start();
    if (from !== levels[0].dir) await from.close();
    if (opened.isErr) {
      // A link that leads out of what was granted is as good as none.
      const isLost = isElsewhere(opened.error) || opened.error.errno == Errno.EACCES;
      if (!isLost) return Result.err<DirReader | null>(opened.error);
      return Result.ok<DirReader | null>(null);
    }
    from = opened.unwrap();
  }
  const taken = await levels[top].takeBack(from);
  if (taken.isErr) return Result.err<DirReader | null>(taken.error);
  return Result.ok<DirReader | null>(levels[top].dir);
}

/** Removes files up to the next directory, whose name it gives; `null` at the end. */
async function removeFiles(dir: DirReader): Promise<Result<string | null>> {
  const removals = new Array<Promise<Result<Unit>>>();
  let failure: Error | null = null;
  let below: string | null = null;
  while (failure === null) {
    const next = await dir.next();
    if (next.isErr) {
      failure = next.error;
      break;
    }
    const entry = next.unwrap();
    if (entry === null) break;
    if (entry.kind == FileKind.Directory || entry.kind == FileKind.Unknown) {
      below = entry.fileName;
      break;
    }
    removals.push(removeAt(Op.RemoveFile, dir, entry.fileName));
    if (removals.length == REMOVALS) failure = await allOf(removals, null);
  }
  failure = await allOf(removals, failure);
  if (failure !== null) return Result.err<string | null>(failure);
  return Result.ok<string | null>(below);
}

/** Waits for all of them, after `first` has failed; the first failure, if there is one. */
async function allOf(
  removals: Array<Promise<Result<Unit>>>, first: Error | null,
): Promise<Error | null> {
  let failure = first;
  for (let i = 0; i < removals.length; i++) {
    // Whoever was told to end early waits for the rest all the same: each of them has been begun.
    const removal = removals[i];
    const removed = await (failure === null ? removal : shielded(removal));
    if (removed.isErr && failure === null && !isGone(removed.error)) failure = removed.error;
  }
  removals.length = 0;
  return failure;
}

/** Opens the directory of this name; removes what is none and gives `null`. */
async function openBelow(dir: DirReader, name: string): Promise<Result<DirReader | null>> {
  const path = join(dir.path, name);
  const opened = await new OpenDirOperation(dir.handle, name, path, OpenFlag.NoFollow).start();
  if (opened.isOk) return Result.ok<DirReader | null>(opened.unwrap());
  if (isGone(opened.error)) return Result.ok<DirReader | null>(null);
  if (!isElsewhere(opened.error)) return Result.err<DirReader | null>(opened.error);
  const removed = await removeAt(Op.RemoveFile, dir, name);
  if (removed.isErr && !isGone(removed.error)) return Result.err<DirReader | null>(removed.error);
  return Result.ok<DirReader | null>(null);
}

function removeAt(op: u32, dir: DirReader, name: string): Promise<Result<Unit>> {
  const path = join(dir.path, name);
  const verb = op == Op.RemoveFile ? "remove file" : "remove directory";
  return new PathOperation(op, verb, dir.handle, name, path, 0).start();
}

function isGone(error: Error): bool {
  return error.errno == Errno.ENOENT;
}

/** There is no directory at a path where there was one. */
function isElsewhere(error: Error): bool {
  const errno = error.errno;
  return errno == Errno.ENOENT || errno == Errno.ENOTDIR || errno == Errno.ELOOP;
}
