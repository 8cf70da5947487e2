/** What goes wrong with files, and passes. Arguments: the case, and a directory to work in. */
import { args } from "std/env";
import {
  File, FileTimes, OpenOptions, Permissions, copy, createDir, createDirAll, exists, hardLink,
  metadata, read, removeFile, rename, symlink, write,
} from "std/fs";
import { BufResult, ErrorKind, println } from "std/io";
import { join } from "std/path";
import { Command } from "std/process";
import { SystemTime } from "std/time";
import { Vec } from "std/vec";
import { check, equal, expectError, fails, failsToTransfer, isDone, pattern } from "./check";
import { Deed, Effect, deeds, describe, makeWorld } from "./world";

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
