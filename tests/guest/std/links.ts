/** Renames, links and copies by `std/fs` as apps do. Arguments: the case, and a directory. */
import { args } from "std/env";
import {
  File, FileTimes, OpenOptions, Permissions, UNCHANGED, canonicalize, chown, copy, createDir,
  createDirAll, exists, hardLink, lchown, metadata, readDir, readLink, readToString, removeDir,
  removeDirAll, removeFile, rename, setPermissions, setTimes, setTimesNofollow, symlink,
  symlinkMetadata, write,
} from "std/fs";
import { ErrorKind, Result, Unit, println } from "std/io";
import { join } from "std/path";
import { SystemTime } from "std/time";
import { Vec } from "std/vec";
import { check, equal, fails, failsToTransfer, pattern } from "./check";

export async function main(): Promise<i32> {
  const given = args();
  const name = given[1];
  if (name == "all") await all(given[2], given.slice(3));
  else if (name == "copy") check((await copy(given[2], given[3])).isOk, "copy");
  else if (name == "grants") await grants();
  else if (name == "readOnly") await readOnly();
  else if (name == "tooLarge") await tooLarge(given[2]);
  else if (!(await perform(name, given[2]))) return 3;
  await println("ok");
  return 0;
}

/** Performs cases one after the other, each in a directory of its own. */
async function all(dir: string, cases: string[]): Promise<void> {
  for (let i = 0; i < cases.length; i++) {
    const path = join(dir, cases[i]);
    check((await createDir(path)).isOk, "createDir " + cases[i]);
    check(await perform(cases[i], path), "there is a case " + cases[i]);
  }
}

async function perform(name: string, dir: string): Promise<bool> {
  if (name == "renames") await renames(dir);
  else if (name == "renameErrors") await renameErrors(dir);
  else if (name == "hard") await hard(dir);
  else if (name == "symbolic") await symbolic(dir);
  else if (name == "canonical") await canonical(dir);
  else if (name == "permissions") await permissions(dir);
  else if (name == "times") await times(dir);
  else if (name == "owners") await owners(dir);
  else if (name == "copies") await copies(dir);
  else if (name == "copyErrors") await copyErrors(dir);
  else if (name == "sparse") await sparse(dir);
  else if (name == "together") await together(dir);
  else if (name == "cancelled") await cancelled(dir);
  else return false;
  return true;
}

function put(path: string, text: string): Promise<void> {
  return putIn(path, text);
}

async function putIn(path: string, text: string): Promise<void> {
  (await write(path, Vec.fromString(text))).unwrap();
}

async function is(path: string, text: string): Promise<void> {
  equal((await readToString(path)).unwrap(), text, "contents of " + path);
}

async function renames(dir: string): Promise<void> {
  const a = join(dir, "a");
  const b = join(dir, "b");
  await put(a, "first");
  check((await rename(a, b)).isOk, "to a new name");
  check(!(await exists(a)).unwrap(), "the old name is gone");
  await put(a, "second");
  check((await rename(a, b)).isOk, "over an existing file");
  await is(b, "second");
  check((await rename(b, b)).isOk, "to its own name");
  await createDirAll(join(dir, "full/inner"));
  await createDir(join(dir, "empty"));
  check((await rename(join(dir, "full"), join(dir, "empty/"))).isOk, "over an empty directory");
  check((await exists(join(dir, "empty/inner"))).unwrap(), "with what is in it");
  // A link itself moves.
  check((await symlink("nowhere", join(dir, "link"))).isOk, "symlink");
  check((await rename(join(dir, "link"), join(dir, "moved"))).isOk, "a dangling link");
  equal((await readLink(join(dir, "moved"))).unwrap(), "nowhere", "the link as it was");
  check((await rename(b, join(dir, "moved"))).isOk, "over a link");
  check((await symlinkMetadata(join(dir, "moved"))).unwrap().isFile, "the link is replaced");
}

async function renameErrors(dir: string): Promise<void> {
  const file = join(dir, "file");
  const full = join(dir, "full");
  await put(file, "x");
  await createDirAll(join(full, "inner"));
  await createDir(join(dir, "other"));
  const gone = await rename(join(dir, "nope"), file);
  fails(gone, ErrorKind.NotFound, `rename "${join(dir, "nope")}" to "${file}" ENOENT`);
  equal(gone.error.path!, join(dir, "nope"), "path of the error");
  equal(gone.error.operation, "rename", "operation of the error");
  fails(await rename(file, join(dir, "no/where")), ErrorKind.NotFound, "rename ENOENT");
  fails(await rename(file, full), ErrorKind.IsADirectory, "rename EISDIR");
  fails(await rename(full, file), ErrorKind.NotADirectory, "rename ENOTDIR");
  fails(await rename(join(dir, "other"), full), ErrorKind.DirectoryNotEmpty, "rename ENOTEMPTY");
  fails(await rename(full, join(full, "inner/x")), ErrorKind.InvalidInput, "rename EINVAL");
  fails(await rename(file + "/", join(dir, "x")), ErrorKind.NotADirectory, "rename ENOTDIR");
  fails(await rename(file, join(dir, "x/")), ErrorKind.NotADirectory, "rename ENOTDIR");
  fails(await rename("", file), ErrorKind.NotFound, "rename ENOENT");
  fails(await rename(file, ""), ErrorKind.NotFound, "rename ENOENT");
  fails(await rename(join(full, "."), join(dir, "x")), ErrorKind.ResourceBusy, "rename EBUSY");
  fails(await rename(file, join(dir, "x".repeat(256))), ErrorKind.InvalidFilename, "rename");
  fails(await rename(file, join(dir, "x/".repeat(3000))), ErrorKind.InvalidFilename, "rename");
  fails(await rename(file, join(dir, "a\0b")), ErrorKind.InvalidInput, "rename EINVAL");
  await is(file, "x");
}

async function hard(dir: string): Promise<void> {
  const a = join(dir, "a");
  const b = join(dir, "b");
  await put(a, "one");
  check((await hardLink(a, b)).isOk, "hardLink");
  equal((await metadata(a)).unwrap().links, 2, "links");
  equal((await metadata(a)).unwrap().inode, (await metadata(b)).unwrap().inode, "inode");
  await put(b, "changed");
  await is(a, "changed");
  fails(await hardLink(a, b), ErrorKind.AlreadyExists, "hard link EEXIST");
  fails(await hardLink(join(dir, "nope"), join(dir, "c")), ErrorKind.NotFound, "hard link ENOENT");
  fails(await hardLink(dir, join(dir, "c")), ErrorKind.PermissionDenied, "hard link EPERM");
  fails(await hardLink(a + "/", join(dir, "c")), ErrorKind.NotADirectory, "hard link ENOTDIR");
  check((await symlink("nowhere", join(dir, "link"))).isOk, "symlink");
  check((await hardLink(join(dir, "link"), join(dir, "same"))).isOk, "of a link");
  equal((await readLink(join(dir, "same"))).unwrap(), "nowhere", "it is the link");
  check((await removeFile(a)).isOk, "removeFile");
  await is(b, "changed");
}

async function symbolic(dir: string): Promise<void> {
  const link = join(dir, "link");
  await put(join(dir, "file"), "text");
  check((await symlink("file", link)).isOk, "symlink");
  equal((await readLink(link)).unwrap(), "file", "readLink");
  await is(link, "text");
  check((await symlinkMetadata(link)).unwrap().isSymlink, "isSymlink");
  fails(await symlink("other", link), ErrorKind.AlreadyExists, "symbolic link EEXIST");
  fails(await symlink("", join(dir, "x")), ErrorKind.NotFound, "symbolic link ENOENT");
  fails(await symlink("x", join(dir, "no/x")), ErrorKind.NotFound, "symbolic link ENOENT");
  fails(await readLink(join(dir, "file")), ErrorKind.InvalidInput, "read link file EINVAL");
  fails(await readLink(dir), ErrorKind.InvalidInput, "read link EINVAL");
  fails(await readLink(join(dir, "nope")), ErrorKind.NotFound, "read link nope ENOENT");
  const odd = "\udcff-\udc80 grüße";
  check((await symlink(odd, join(dir, "odd"))).isOk, "a target that is not UTF-8");
  equal((await readLink(join(dir, "odd"))).unwrap(), odd, "comes out as it went in");
  const long = "x/".repeat(2000);
  check((await symlink(long, join(dir, "long"))).isOk, "a long target");
  equal((await readLink(join(dir, "long"))).unwrap(), long, "comes out whole");
  fails(await symlink("x/".repeat(3000), join(dir, "y")), ErrorKind.InvalidFilename, "symbolic");
}

async function canonical(dir: string): Promise<void> {
  const real = (await canonicalize(dir)).unwrap();
  await createDirAll(join(dir, "a/b"));
  await put(join(dir, "a/b/file"), "x");
  await symlink("a/b", join(dir, "link"));
  const wanted = join(real, "a/b/file");
  equal((await canonicalize(join(dir, "link/../b/./file"))).unwrap(), wanted, "through a link");
  equal((await canonicalize(wanted)).unwrap(), wanted, "what is canonical already");
  equal((await canonicalize(join(dir, "link/"))).unwrap(), join(real, "a/b"), "a directory");
  const odd = join(real, "\udcff (deleted)");
  await put(odd, "x");
  equal((await canonicalize(odd)).unwrap(), odd, "an odd name");
  fails(await canonicalize(join(dir, "nope")), ErrorKind.NotFound, "canonicalize nope ENOENT");
  fails(await canonicalize(""), ErrorKind.NotFound, "canonicalize ENOENT");
  fails(await canonicalize(join(wanted, "x")), ErrorKind.NotADirectory, "canonicalize ENOTDIR");
  await symlink("loop", join(dir, "loop"));
  fails(await canonicalize(join(dir, "loop")), ErrorKind.FilesystemLoop, "canonicalize ELOOP");
}

function timesOf(nanos: i64): FileTimes {
  const time = SystemTime.fromUnixNanos(nanos);
  return new FileTimes().setModified(time).setAccessed(time);
}

/** By path; of a link, its own or those of what it leads to. */
async function times(dir: string): Promise<void> {
  const file = join(dir, "file");
  const link = join(dir, "link");
  await put(file, "x");
  await symlink("file", link);
  const setting = [
    setTimes(link, timesOf(1_000_000_001)), setTimesNofollow(link, timesOf(-5)),
    setTimes(dir, timesOf(7)),
  ];
  for (let i = 0; i < setting.length; i++) check((await setting[i]).isOk, "three at once");
  equal((await metadata(file)).unwrap().modified.nanos, 1_000_000_001, "through the link");
  equal((await symlinkMetadata(link)).unwrap().modified.nanos, -5, "of the link");
  equal((await metadata(dir)).unwrap().modified.nanos, 7, "of a directory");
  check((await setTimesNofollow(file, new FileTimes())).isOk, "nothing to set");
  equal((await metadata(file)).unwrap().modified.nanos, 1_000_000_001, "it stays");
  fails(await setTimes(join(dir, "no"), timesOf(0)), ErrorKind.NotFound, "set times no ENOENT");
  fails(await setTimes("", timesOf(0)), ErrorKind.NotFound, "set times ENOENT");
  await symlink("nowhere", join(dir, "dangling"));
  const dangling = join(dir, "dangling");
  fails(await setTimes(dangling, timesOf(0)), ErrorKind.NotFound, "set times dangling ENOENT");
  check((await setTimesNofollow(dangling, timesOf(0))).isOk, "a link that leads nowhere");
}

/** Only root can give files away. */
async function owners(dir: string): Promise<void> {
  const file = join(dir, "file");
  const link = join(dir, "link");
  await put(file, "x");
  await symlink("file", link);
  const own = (await metadata(file)).unwrap();
  fails(await chown(join(dir, "no"), 1, 1), ErrorKind.NotFound, "change owner no ENOENT");
  fails(await lchown("", 1, 1), ErrorKind.NotFound, "change owner ENOENT");
  check((await chown(file, UNCHANGED, own.gid)).isOk, "what it is already");
  const open = (await File.open(file)).unwrap();
  if (own.uid == 0) {
    const changing = [chown(link, 1234, UNCHANGED), lchown(link, 77, 88)];
    for (let i = 0; i < changing.length; i++) check((await changing[i]).isOk, "two at once");
    const target = (await metadata(file)).unwrap();
    check(target.uid == 1234 && target.gid == own.gid, "the user, through a link");
    const itself = (await symlinkMetadata(link)).unwrap();
    check(itself.uid == 77 && itself.gid == 88, "of the link");
    check((await open.chown(UNCHANGED, 4321)).isOk, "by handle");
    equal<u32>((await open.metadata()).unwrap().gid, 4321, "the group");
  } else {
    fails(await chown(file, 0, UNCHANGED), ErrorKind.PermissionDenied, "change owner file EPERM");
    fails(await open.chown(0, 0), ErrorKind.PermissionDenied, "change owner file EPERM");
  }
  check((await open.close()).isOk, "close");
}

async function permissions(dir: string): Promise<void> {
  const file = join(dir, "file");
  await put(file, "x");
  await symlink("file", join(dir, "link"));
  check((await setPermissions(join(dir, "link"), new Permissions(0o640))).isOk, "through a link");
  equal<u32>((await metadata(file)).unwrap().permissions.mode, 0o640, "mode");
  check((await setPermissions(dir, new Permissions(0o700))).isOk, "of a directory");
  const nope = setPermissions(join(dir, "nope"), new Permissions(0o600));
  fails(await nope, ErrorKind.NotFound, "set permissions nope ENOENT");
  fails(await setPermissions("", new Permissions(0)), ErrorKind.NotFound, "set permissions");
  fails(await setPermissions(file, new Permissions(0o10000)), ErrorKind.InvalidInput, "set file");
}

async function copies(dir: string): Promise<void> {
  const from = join(dir, "from");
  const to = join(dir, "to");
  await put(from, "hello");
  await setPermissions(from, new Permissions(0o751));
  equal((await copy(from, to)).unwrap(), 5, "bytes");
  await is(to, "hello");
  equal<u32>((await metadata(to)).unwrap().permissions.mode, 0o751, "mode");
  (await write(to, pattern(1000))).unwrap();
  await setPermissions(to, new Permissions(0o600));
  equal((await copy(from, to)).unwrap(), 5, "over a longer file");
  await is(to, "hello");
  equal<u32>((await metadata(to)).unwrap().permissions.mode, 0o751, "mode of an existing file");
  await put(join(dir, "nothing"), "");
  equal((await copy(join(dir, "nothing"), to)).unwrap(), 0, "an empty file");
  await is(to, "");
  await symlink("from", join(dir, "link"));
  equal((await copy(join(dir, "link"), join(dir, "second"))).unwrap(), 5, "through a link");
  check((await symlinkMetadata(join(dir, "second"))).unwrap().isFile, "a file, not a link");
}

async function copyErrors(dir: string): Promise<void> {
  const from = join(dir, "from");
  await put(from, "precious");
  fails(await copy(join(dir, "nope"), join(dir, "to")), ErrorKind.NotFound, "copy nope ENOENT");
  check(!(await exists(join(dir, "to"))).unwrap(), "nothing was made");
  fails(await copy(dir, join(dir, "to")), ErrorKind.InvalidInput, "copy regular");
  fails(await copy(from, dir), ErrorKind.IsADirectory, "open EISDIR");
  fails(await copy(from, join(dir, "no/to")), ErrorKind.NotFound, "open no/to ENOENT");
  fails(await copy(from, from), ErrorKind.InvalidInput, "copy same");
  await hardLink(from, join(dir, "hard"));
  fails(await copy(from, join(dir, "hard")), ErrorKind.InvalidInput, "copy same");
  await symlink("from", join(dir, "link"));
  fails(await copy(join(dir, "link"), from), ErrorKind.InvalidInput, "copy same");
  await is(from, "precious");
}

async function sparse(dir: string): Promise<void> {
  const from = join(dir, "from");
  const to = join(dir, "to");
  const length: u64 = 5 << 30;
  const file = (await File.create(from)).unwrap();
  await file.setLen(length);
  await file.writeAt(Vec.fromString("begin"), 0);
  await file.writeAt(Vec.fromString("middle"), (<u64>4 << 30) + 12345);
  await file.close();
  equal((await copy(from, to)).unwrap(), length, "bytes");
  const copied = (await metadata(to)).unwrap();
  equal(copied.length, length, "length");
  check(copied.allocated < 1 << 20, `${copied.allocated} bytes on the disk`);
  const check4 = (await File.open(to)).unwrap();
  const middle = await check4.readAt(Vec.withCapacity<u8>(8), (<u64>4 << 30) + 12344);
  equal(middle.buf.toString(), "\0middle\0", "beyond 4 GiB");
  await check4.close();
}

async function together(dir: string): Promise<void> {
  const doing = new Array<Promise<Result<Unit>>>();
  for (let i = 0; i < 64; i++) await put(join(dir, `a${i}`), i.toString());
  for (let i = 0; i < 64; i++) doing.push(rename(join(dir, `a${i}`), join(dir, `b${i}`)));
  for (let i = 0; i < 64; i++) check((await doing[i]).isOk, "one of many");
  const copying = new Array<Promise<Result<u64>>>();
  for (let i = 0; i < 64; i++) copying.push(copy(join(dir, `b${i}`), join(dir, `c${i}`)));
  for (let i = 0; i < 64; i++) check((await copying[i]).isOk, "one of many");
  for (let i = 0; i < 64; i++) await is(join(dir, `c${i}`), i.toString());
}

async function cancelled(dir: string): Promise<void> {
  await put(join(dir, "a"), "x");
  for (let i = 0; i < 100; i++) {
    const moving = rename(join(dir, "a"), join(dir, "b"));
    if (i % 2) await metadata(dir);
    moving.cancel();
    const moved = await moving;
    if (moved.isErr) fails(moved, ErrorKind.Cancelled, "rename");
    check((await exists(join(dir, "b"))).unwrap() == moved.isOk, "done or not, and told");
    if (moved.isOk) await rename(join(dir, "b"), join(dir, "a"));
  }
  const file = (await File.create(join(dir, "large"))).unwrap();
  for (let i = 0; i < 40; i++) await file.writeAllAt(pattern(1 << 20), <u64>i << 20);
  await file.close();
  const copying = copy(join(dir, "large"), join(dir, "copy"));
  for (let i = 0; i < 6; i++) await metadata(dir);
  copying.cancel();
  const copied = await copying;
  if (copied.isErr) fails(copied, ErrorKind.Cancelled, "");
}

async function tooLarge(dir: string): Promise<void> {
  const copied = await copy(join(dir, "from"), join(dir, "to"));
  fails(copied, ErrorKind.FileTooLarge, "copy from to EFBIG");
}

/** `/a` and `/b/c` were granted. */
async function grants(): Promise<void> {
  check((await rename("/a/file", "/b/c/file")).isOk, "from one to the other");
  check((await copy("/b/c/file", "/a/copy")).isOk, "copy back");
  check((await hardLink("/a/copy", "/b/c/hard")).isOk, "one file in both");
  check((await removeFile("/b/c/hard")).isOk, "removeFile");
  fails(await rename("/a", "/b/c/a"), ErrorKind.ResourceBusy, "rename EBUSY");
  fails(await rename("/a/copy", "/b/c"), ErrorKind.ResourceBusy, "rename EBUSY");
  fails(await removeDir("/a"), ErrorKind.ResourceBusy, "remove EBUSY");
  fails(await removeDir("/a/."), ErrorKind.ResourceBusy, "remove EBUSY");
  check((await removeFile("/a/copy")).isOk, "removeFile");
  fails(await removeDir("/b"), ErrorKind.PermissionDenied, "remove EACCES");
  fails(await rename("/a/x", "/x"), ErrorKind.PermissionDenied, "rename EACCES");
  fails(await createDir("/new"), ErrorKind.PermissionDenied, "create EACCES");
  equal((await canonicalize("/b/c/../c/.")).unwrap(), "/b/c", "canonicalize");
}

/** `/given` was granted for reading, `/own` is the app's. */
async function readOnly(): Promise<void> {
  const kind = ErrorKind.ReadOnlyFilesystem;
  equal((await readToString("/given/file")).unwrap(), "precious", "it may be read");
  check((await readDir("/given")).isOk, "and listed");
  const options = [
    new OpenOptions().write(), new OpenOptions().append(), new OpenOptions().write().truncate(),
    new OpenOptions().read().write().create(), new OpenOptions().write().createNew(),
  ];
  for (let i = 0; i < options.length; i++) {
    fails(await options[i].open("/given/file"), kind, "open /given/file EROFS");
  }
  fails(await createDir("/given/x"), kind, "create directory EROFS");
  check((await createDirAll("/given/inner")).isOk, "what is there need not be made");
  fails(await removeFile("/given/file"), kind, "remove file EROFS");
  fails(await removeDir("/given/inner"), kind, "remove directory EROFS");
  fails(await removeDirAll("/given/inner"), kind, "remove EROFS");
  fails(await setPermissions("/given/file", new Permissions(0o777)), kind, "set EROFS");
  fails(await setTimes("/given/file", timesOf(0)), kind, "set times EROFS");
  fails(await lchown("/given/file", 0, 0), kind, "change owner EROFS");
  fails(await rename("/given/file", "/own/file"), kind, "rename EROFS");
  fails(await symlink("x", "/given/x"), kind, "symbolic link EROFS");
  fails(await hardLink("/given/file", "/own/file"), kind, "hard link EROFS");
  await put("/own/mine", "x");
  fails(await rename("/own/mine", "/given/file"), kind, "rename EROFS");
  fails(await hardLink("/own/mine", "/given/x"), kind, "hard link EROFS");
  fails(await copy("/own/mine", "/given/file"), kind, "open EROFS");
  check((await copy("/given/file", "/own/file")).isOk, "it may be copied");
  const file = (await File.open("/given/file")).unwrap();
  const then = new FileTimes().setModified(SystemTime.fromUnixNanos(0));
  fails(await file.setTimes(then), ErrorKind.PermissionDenied, "set times");
  fails(await file.chown(0, 0), ErrorKind.PermissionDenied, "change owner");
  fails(await file.setPermissions(new Permissions(0)), ErrorKind.PermissionDenied, "set");
  fails(await file.setLen(0), ErrorKind.PermissionDenied, "set length");
  failsToTransfer(await file.write(pattern(1)), ErrorKind.InvalidHandle, "write EBADF");
  await file.close();
}
