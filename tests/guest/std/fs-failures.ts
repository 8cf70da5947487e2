/** What goes wrong with files, and passes. Arguments: the case, and a directory to work in. */
import { args } from "std/env";
import {
  File, FileTimes, OpenOptions, Permissions, copy, createDir, createDirAll, exists, hardLink,
  metadata, read, readDir, removeDirAll, removeFile, rename, setPermissions, symlink, write,
} from "std/fs";
import { BufResult, ErrorKind, println } from "std/io";
import { join } from "std/path";
import { Command } from "std/process";
import { SystemTime } from "std/time";
import { Vec } from "std/vec";
import { check, equal, expectError, fails, failsToTransfer, isDone, pattern } from "./check";
import { Deed, Effect, countOf, deeds, describe, makeWorld } from "./world";

/** The size of the disk that is full. */
const DISK = 1 << 20;

export async function main(): Promise<i32> {
  const given = args();
  const name = given[1];
  const dir = given[2];
  if (name == "full") await full(dir);
  else if (name == "fullTogether") await fullTogether(dir);
  else if (name == "fullCopy") await fullCopy(dir, given[3]);
  else if (name == "inodes") await inodes(dir);
  else if (name == "readOnly") await readOnly(dir);
  else if (name == "descriptors") await descriptors(dir, given[3] == "beneath");
  else if (name == "lastDescriptor") await lastDescriptor(dir);
  else if (name == "unreadable") await unreadable(join(dir, "world"));
  else if (name == "unwritable") await unwritable(join(dir, "world"));
  else if (name == "unsearchable") await unsearchable(join(dir, "world"));
  else if (name == "foreign") await foreign(dir);
  else if (name == "own") await own(dir);
  else return 3;
  await println("ok");
  return 0;
}

/** Writes what does not fit; of the last write that took something there is less than was given. */
async function fill(file: File, what: Vec<u8>): Promise<u64> {
  let total: u64 = 0;
  while (true) {
    const written = await file.write(what);
    check(!written.buf.isLent && written.buf.length == what.length, "the buffer came back");
    total += written.n;
    if (written.isErr) {
      failsToTransfer(written, ErrorKind.StorageFull, `write "${file.name}" ENOSPC`);
      return total;
    }
    check(written.n > 0, "a write that takes nothing says why");
  }
}

/** The disk has `DISK` bytes and is empty. */
async function full(dir: string): Promise<void> {
  const path = join(dir, "file");
  const ballast = join(dir, "ballast");
  (await write(ballast, pattern(300_000))).unwrap();
  const file = (await File.create(path)).unwrap();
  // A length that the disk is no multiple of, so that the last write is a short one.
  const piece = pattern(77_777);
  const total = await fill(file, piece);
  equal<u64>((await metadata(path)).unwrap().length, total, "what was said to be written");
  check(total % 77_777 != 0, "the last write was short");
  // Nothing else fits either, and what is there stays as it is.
  const whole = await write(join(dir, "other"), pattern(10));
  failsToTransfer(whole, ErrorKind.StorageFull, "write other ENOSPC");
  check((await file.setLen(100 << 20)).isOk, "a hole takes no room");
  check((await file.setLen(total)).isOk, "and goes away");
  check((await file.syncAll()).isOk, "sync");
  check((await createDir(join(dir, "folder"))).isOk, "what takes no room");
  // Room for more: the same file goes on where it stopped.
  check((await removeFile(ballast)).isOk, "removeFile");
  const more = await fill(file, piece);
  check(more >= 290_000, `${more} bytes more`);
  equal<u64>((await metadata(path)).unwrap().length, total + more, "length");
  equal<u64>(total + more, DISK, "all of the disk");
  check((await file.close()).isOk, "close");
  const begin = (await read(path)).unwrap();
  for (let i = 0; i < 77_777; i++) check(begin[i] == piece[i], "the contents");
  for (let i: i32 = <i32>total; i < <i32>total + 77_777; i++) {
    check(begin[i] == piece[i - <i32>total], "the contents from where it went on");
  }
}

/** Twice as much as there is room for, by writes that are all in flight at once. */
async function fullTogether(dir: string): Promise<void> {
  const path = join(dir, "file");
  const piece = 64 << 10;
  const count = 2 * DISK / piece;
  const file = (await new OpenOptions().read().write().create().open(path)).unwrap();
  const writing = new Array<Promise<BufResult>>();
  for (let i = 0; i < count; i++) {
    writing.push(file.writeAllAt(pattern(piece, i), <u64>i * piece));
  }
  let total = 0;
  let failures = 0;
  for (let i = 0; i < count; i++) {
    const written = await writing[i];
    total += written.n;
    if (written.isErr) {
      expectError(written.error, ErrorKind.StorageFull, "write file ENOSPC");
      failures++;
    }
    // What was said to be written can be read.
    const found = await file.readAt(Vec.withCapacity<u8>(piece), <u64>i * piece);
    check(found.n >= written.n, "length");
    for (let n = 0; n < written.n; n++) check(found.buf[n] == written.buf[n], "contents");
  }
  equal(total, DISK, "all of the disk");
  check(failures >= count / 2, `${failures} of ${count} failed`);
  check((await file.setLen(0)).isOk, "setLen makes room");
  const again = await file.writeAllAt(pattern(DISK), 0);
  equal(again.unwrap(), DISK, "and then all of it fits");
  check((await file.close()).isOk, "close");
}

/** `large` is a file of another disk, and larger than this one. */
async function fullCopy(dir: string, large: string): Promise<void> {
  const target = join(dir, "target");
  const length = (await metadata(large)).unwrap().length;
  check(length > <u64>DISK, "it does not fit");
  fails(await copy(large, target), ErrorKind.StorageFull, `copy "${large}" "${target}" ENOSPC`);
  // A part of it is there, and can be removed.
  const part = (await read(target)).unwrap();
  check(part.length > 0 && part.length <= DISK, `${part.length} bytes`);
  const whole = (await read(large)).unwrap();
  for (let i = 0; i < part.length; i++) check(part[i] == whole[i], "the part is a beginning");
  check((await removeFile(target)).isOk, "removeFile");
  // The same from one file to another on the disk that is full.
  const source = join(dir, "source");
  (await write(source, pattern(DISK / 4 * 3))).unwrap();
  fails(await copy(source, target), ErrorKind.StorageFull, "copy source target ENOSPC");
  const copied = (await metadata(target)).unwrap().length;
  check(copied <= <u64>DISK / 4, "no more than there was room for");
  equal<u64>((await metadata(source)).unwrap().length, DISK / 4 * 3, "the source stays");
  const shorter = (await new OpenOptions().write().open(source)).unwrap();
  check((await shorter.setLen(DISK / 2)).isOk, "setLen");
  check((await shorter.close()).isOk, "close");
  equal<u64>((await copy(source, target)).unwrap(), DISK / 2, "with room it is copied over that");
}

/** The disk has room, but not for many files. */
async function inodes(dir: string): Promise<void> {
  const file = (await File.create(join(dir, "first"))).unwrap();
  let count = 0;
  while (true) {
    const made = await createDir(join(dir, count.toString()));
    if (made.isErr) {
      fails(made, ErrorKind.StorageFull, `create directory ${count} ENOSPC`);
      break;
    }
    count++;
    check(count < 1000, "there is a limit");
  }
  const path = join(dir, "new");
  const kind = ErrorKind.StorageFull;
  fails(await createDirAll(join(dir, "0/a/b")), kind, "create directory 0/a ENOSPC");
  fails(await File.create(path), kind, "open new ENOSPC");
  failsToTransfer(await write(path, pattern(10)), kind, "open new ENOSPC");
  fails(await copy(join(dir, "first"), path), kind, "open new ENOSPC");
  fails(await symlink("first", path), kind, "symbolic link first new ENOSPC");
  fails(await hardLink(join(dir, "first"), path), kind, "hard link first new ENOSPC");
  check(!(await exists(path)).unwrap(), "nothing was made");
  // What needs no new one goes on.
  equal((await file.write(pattern(100_000))).unwrap(), 100_000, "contents");
  check((await rename(join(dir, "first"), path)).isOk, "rename");
  check((await removeFile(path)).isOk, "removeFile");
  check((await file.close()).isOk, "close");
  check((await createDirAll(join(dir, "0/a"))).isOk, "with one less there is room for one");
  fails(await createDir(path), kind, "create directory new ENOSPC");
}

async function remount(dir: string, how: string): Promise<void> {
  const output = (await new Command("mount").args(["-o", "remount," + how, dir]).output()).unwrap();
  check(output.status.success, output.stderr.toString());
}

/** The disk can be made read-only, and writable again. */
async function readOnly(disk: string): Promise<void> {
  const dir = join(disk, "world");
  await makeWorld(dir);
  const before = await describe(dir);
  const all = deeds();
  const file = (await File.open(join(dir, "file"))).unwrap();
  await remount(disk, "ro");
  for (let i = 0; i < all.length; i++) await isRefused(all[i], dir);
  const kind = ErrorKind.ReadOnlyFilesystem;
  const times = new FileTimes().setModified(SystemTime.fromUnixNanos(0));
  fails(await file.setTimes(times), kind, "set times file EROFS");
  fails(await file.setPermissions(new Permissions(0o600)), kind, "set permissions file EROFS");
  equal(await describe(dir), before, "nothing has changed");
  await remount(disk, "rw");
  check((await file.setTimes(times)).isOk, "setTimes");
  check((await file.setPermissions(new Permissions(0o600))).isOk, "setPermissions");
  check((await file.close()).isOk, "close");
  for (let i = 0; i < all.length; i++) {
    await makeWorld(dir);
    isDone(await all[i].begin(dir), all[i].name);
  }
}

async function isRefused(deed: Deed, dir: string): Promise<void> {
  const error = await deed.begin(dir);
  if (deed.effect == Effect.Looks) isDone(error, deed.name);
  else {
    check(error !== null, deed.name + " should have failed");
    expectError(error!, ErrorKind.ReadOnlyFilesystem, deed.words + " EROFS");
  }
}

/** The words of an operation's error; a copy has several steps, each with a name of its own. */
function wordsOf(deed: Deed): string {
  return deed.name.startsWith("copy") ? "" : deed.words;
}

/** Opens a file until that fails; closes `spare` of them again. */
async function exhaust(path: string, spare: i32): Promise<File[]> {
  const files = new Array<File>();
  while (true) {
    const opened = await File.open(path);
    if (opened.isErr) {
      fails(opened, ErrorKind.TooManyOpenFiles, "open file many EMFILE");
      break;
    }
    files.push(opened.unwrap());
    check(files.length < 1000, "there is a limit");
  }
  check(files.length > 10, "some could be opened");
  for (let i = 0; i < spare; i++) check((await files.pop().close()).isOk, "close");
  return files;
}

async function closeAll(files: File[]): Promise<void> {
  while (files.length > 0) check((await files.pop().close()).isOk, "close");
}

/**
 * What needs a descriptor fails without one, and has done nothing. Where only a part of the tree
 * was granted (`all`) every path needs one.
 */
async function descriptors(dir: string, all: bool): Promise<void> {
  const world = join(dir, "world");
  const list = deeds();
  const before = await countOf("/proc/self/fd");
  for (let i = 0; i < list.length; i++) {
    const deed = list[i];
    await makeWorld(world);
    const fresh = await describe(world);
    const files = await exhaust(join(world, "file"), 0);
    const error = await deed.begin(world);
    await closeAll(files);
    if (error === null) {
      check(!all && !OPENS.includes(deed.name), deed.name + " needs a descriptor");
      continue;
    }
    check(all || OPENS.includes(deed.name), deed.name + " needs no descriptor");
    expectError(error, ErrorKind.TooManyOpenFiles, wordsOf(deed) + " many EMFILE");
    equal(await describe(world), fresh, deed.name + " has done nothing");
    isDone(await deed.begin(world), deed.name + " when there are some again");
  }
  equal(await countOf("/proc/self/fd"), before, "descriptors");
}

/** Those that open something even where every path can be named. */
const OPENS: StaticArray<string> = [
  "open", "read", "readToString", "readDir", "readLink", "append", "update", "truncate",
  "overwrite", "copyOver", "setPermissions", "setTimes", "setTimesNofollow", "chown", "lchown",
  "create", "createNew", "write", "writeString", "copy", "removeDirAll", "removeDirAll of a link",
];

/** With one descriptor left: what needs two gives it back, and what is open goes on. */
async function lastDescriptor(dir: string): Promise<void> {
  const world = join(dir, "world");
  await makeWorld(world);
  const reader = (await readDir(join(world, "tree"))).unwrap();
  const files = await exhaust(join(world, "file"), 1);
  const file = files[0];
  for (let round = 0; round < 3; round++) {
    const copied = await copy(join(world, "file"), join(world, "new"));
    fails(copied, ErrorKind.TooManyOpenFiles, "open world/new many EMFILE");
    const removed = await removeDirAll(join(world, "tree"));
    fails(removed, ErrorKind.TooManyOpenFiles, "open directory tree/inner many EMFILE");
    equal((await read(join(world, "text"))).unwrap().length, 4, "one is enough to read");
    equal((await file.readAt(Vec.withCapacity<u8>(100), 0)).unwrap(), 100, "read");
    check((await file.metadata()).isOk && (await file.syncAll()).isOk, "what needs none");
  }
  check((await reader.next()).isOk && (await reader.close()).isOk, "a directory that is open");
  await closeAll(files);
  check((await removeDirAll(join(world, "tree"))).isOk, "removeDirAll");
  check((await copy(join(world, "file"), join(world, "new"))).isOk, "copy");
}

async function setMode(path: string, mode: u32): Promise<void> {
  check((await setPermissions(path, new Permissions(mode))).isOk, "setPermissions " + path);
}

/** A file that its owner may neither read nor write. */
async function unreadable(world: string): Promise<void> {
  const list = deeds();
  for (let i = 0; i < list.length; i++) {
    await makeWorld(world);
    await setMode(join(world, "file"), 0);
    await setMode(join(world, "text"), 0);
    const deed = list[i];
    const error = await deed.begin(world);
    if (!CONTENTS.includes(deed.name)) {
      isDone(error, deed.name);
      continue;
    }
    check(error !== null, deed.name + " of a file that may not be read");
    expectError(error!, ErrorKind.PermissionDenied, "open permission denied EACCES");
    await setMode(join(world, "file"), 0o600);
    await setMode(join(world, "text"), 0o600);
    isDone(await deed.begin(world), deed.name + " when it may");
  }
}

/** Those that open a file which was there before. */
const CONTENTS: StaticArray<string> = [
  "open", "read", "readToString", "append", "update", "truncate", "overwrite", "copyOver", "copy",
];

/** A directory in which no name may be added or removed. */
async function unwritable(world: string): Promise<void> {
  const list = deeds();
  for (let i = 0; i < list.length; i++) {
    await makeWorld(world);
    await setMode(world, 0o500);
    const deed = list[i];
    const error = await deed.begin(world);
    await setMode(world, 0o700);
    if (deed.effect != Effect.Names) {
      isDone(error, deed.name);
      continue;
    }
    check(error !== null, deed.name + " in a directory that may not be written");
    expectError(error!, ErrorKind.PermissionDenied, deed.words + " denied EACCES");
    isDone(await deed.begin(world), deed.name + " when it may");
  }
}

/** A directory whose names may be read, but not used; and the other way round. */
async function unsearchable(world: string): Promise<void> {
  const list = deeds();
  for (let i = 0; i < list.length; i++) {
    await makeWorld(world);
    const deed = list[i];
    await setMode(world, 0o600);
    const error = await deed.begin(world);
    await setMode(world, 0o700);
    check(error !== null, deed.name + " in a directory that may not be searched");
    expectError(error!, ErrorKind.PermissionDenied, wordsOf(deed) + " denied EACCES");
    isDone(await deed.begin(world), deed.name + " when it may");
  }
  await makeWorld(world);
  await setMode(world, 0o600);
  const reader = (await readDir(world)).unwrap();
  const entry = (await reader.next()).unwrap()!;
  fails(await entry.metadata(), ErrorKind.PermissionDenied, "metadata world EACCES");
  check((await reader.close()).isOk, "close");
  await setMode(world, 0o300);
  fails(await readDir(world), ErrorKind.PermissionDenied, "open directory world EACCES");
  check((await read(join(world, "file"))).isOk, "what one knows the name of");
  await setMode(world, 0o700);
}

/** `file` in the directory is root's, and may be read; so is the directory. */
async function foreign(dir: string): Promise<void> {
  const path = join(dir, "file");
  const denied = ErrorKind.PermissionDenied;
  fails(await setPermissions(path, new Permissions(0o600)), denied, "set permissions file EPERM");
  fails(await removeFile(path), denied, "remove file EACCES");
  fails(await rename(path, join(dir, "new")), denied, "rename file new EACCES");
  fails(await new OpenOptions().append().open(path), denied, "open file EACCES");
  failsToTransfer(await write(path, pattern(1)), denied, "open file EACCES");
  const file = (await File.open(path)).unwrap();
  const times = new FileTimes().setModified(SystemTime.fromUnixNanos(0));
  fails(await file.setPermissions(new Permissions(0o600)), denied, "set permissions file EPERM");
  fails(await file.setTimes(times), denied, "set times file EPERM");
  equal((await file.read(Vec.withCapacity<u8>(100))).unwrap(), 6, "it may be read");
  check((await file.close()).isOk, "close");
}

/** The same, when they are the user's. */
async function own(dir: string): Promise<void> {
  const path = join(dir, "file");
  const file = (await File.open(path)).unwrap();
  const times = new FileTimes().setModified(SystemTime.fromUnixNanos(0));
  check((await file.setTimes(times)).isOk, "setTimes");
  check((await file.setPermissions(new Permissions(0o600))).isOk, "setPermissions");
  check((await file.close()).isOk, "close");
  await setMode(path, 0o640);
  check((await write(path, pattern(1))).isOk, "write");
  check((await rename(path, join(dir, "new"))).isOk, "rename");
  check((await removeFile(join(dir, "new"))).isOk, "removeFile");
}
