/** Uses the directories of `std/fs` as apps do. Arguments: the case, and a directory. */
import { args } from "std/env";
import {
  DirBuilder, DirEntry, DirReader, File, createDir, createDirAll, exists, metadata, readDir,
  readToString, removeDir, removeDirAll, removeFile, rename, symlink, write,
} from "std/fs";
import { ErrorKind, Result, Unit, println } from "std/io";
import { join } from "std/path";
import { yieldNow } from "std/rt";
import { Vec } from "std/vec";
import { check, equal, fails, isOfSystem } from "./check";

export async function main(): Promise<i32> {
  const given = args();
  if (given[1] == "all") await all(given[2], given.slice(3));
  else if (!(await perform(given[1], given[2]))) return 3;
  await println("ok");
  return 0;
}

/** Performs cases one after the other, each in a directory of its own. */
async function all(dir: string, cases: string[]): Promise<void> {
  const before = await countOf("/proc/self/fd");
  for (let i = 0; i < cases.length; i++) {
    const path = join(dir, cases[i]);
    check((await createDir(path)).isOk, "createDir " + cases[i]);
    check(await perform(cases[i], path), "there is a case " + cases[i]);
    const removed = await removeDirAll(path);
    check(removed.isOk || removed.error.kind == ErrorKind.NotFound, "removeDirAll " + cases[i]);
  }
  check((await countOf("/proc/self/fd")) <= before + 2, "no descriptor is left");
}

async function perform(name: string, dir: string): Promise<bool> {
  if (name == "make") await make(dir);
  else if (name == "makeAll") await makeAll(dir);
  else if (name == "builder") await builder(dir);
  else if (name == "remove") await remove(dir);
  else if (name == "list") await list(dir);
  else if (name == "empty") await empty(dir);
  else if (name == "shared") await shared(dir);
  else if (name == "closing") await closing(dir);
  else if (name == "errors") await errors(dir);
  else if (name == "cancel") await cancel(dir);
  else if (name == "removeAll") await removeAll(dir);
  else if (name == "deep") await deep(dir);
  else if (name == "many") await many(dir);
  else if (name == "names") await names(dir);
  else if (name == "kinds") await kinds(dir);
  else if (name == "removeLinked") await removeLinked(dir);
  else if (name == "removeTree") (await removeDirAll(join(dir, "tree"))).unwrap();
  else if (name == "swapped") await swapped(dir, I32.parseInt(args()[3]));
  else return false;
  return true;
}

async function make(dir: string): Promise<void> {
  const path = join(dir, "a");
  check((await createDir(path)).isOk, "createDir");
  check((await metadata(path)).unwrap().isDir, "it is one");
  fails(await createDir(path), ErrorKind.AlreadyExists, "create directory a EEXIST");
  check((await createDir(path + "/b/")).isOk, "a slash at the end");
  check((await exists(path + "/b")).unwrap(), "it is there");
  // Several at once.
  const making = new Array<Promise<Result<Unit>>>();
  for (let i = 0; i < 50; i++) making.push(createDir(join(path, i.toString())));
  for (let i = 0; i < 50; i++) check((await making[i]).isOk, "one of many");
}

async function makeAll(dir: string): Promise<void> {
  const path = join(dir, "a/b/c/d");
  check((await createDirAll(path)).isOk, "createDirAll");
  check((await metadata(path)).unwrap().isDir, "it is one");
  check((await createDirAll(path)).isOk, "a second time");
  check((await createDirAll(dir)).isOk, "what was there all the time");
  check((await createDirAll("")).isOk, "nothing to make");
  check((await createDirAll(join(dir, "x/./y//z/"))).isOk, "with dots and slashes");
  check((await exists(join(dir, "x/y/z"))).unwrap(), "it is there");
  await write(join(dir, "file"), Vec.fromString("x"));
  fails(await createDirAll(join(dir, "file")), ErrorKind.AlreadyExists, "create file EEXIST");
  fails(await createDirAll(join(dir, "file/x")), ErrorKind.NotADirectory, "create file/x ENOTDIR");
}

async function builder(dir: string): Promise<void> {
  check((await new DirBuilder().mode(0o700).create(join(dir, "private"))).isOk, "mode");
  check((await new DirBuilder().create(join(dir, "usual"))).isOk, "the usual mode");
  fails(await new DirBuilder().create(join(dir, "a/b/c")), ErrorKind.NotFound, "create ENOENT");
  check((await new DirBuilder().recursive().create(join(dir, "a/b/c"))).isOk, "recursive");
  const wrong = new DirBuilder().mode(0o10000).create(join(dir, "b"));
  fails(await wrong, ErrorKind.InvalidInput, "create directory b");
}

async function remove(dir: string): Promise<void> {
  const file = join(dir, "file");
  const folder = join(dir, "folder");
  await write(file, Vec.fromString("x"));
  await createDirAll(join(folder, "inner"));
  fails(await removeDir(file), ErrorKind.NotADirectory, "remove directory file ENOTDIR");
  fails(await removeFile(folder), ErrorKind.IsADirectory, "remove file folder EISDIR");
  fails(await removeDir(folder), ErrorKind.DirectoryNotEmpty, "remove folder ENOTEMPTY");
  fails(await removeFile(file + "/"), ErrorKind.NotADirectory, "remove file/ ENOTDIR");
  check((await removeDir(join(folder, "inner/"))).isOk, "removeDir");
  check((await removeDir(folder)).isOk, "removeDir");
  // An open file stays readable.
  const open = (await File.open(file)).unwrap();
  check((await removeFile(file)).isOk, "removeFile");
  equal((await open.read(Vec.withCapacity<u8>(8))).n, 1, "what was removed while it was open");
  await open.close();
  fails(await removeFile(file), ErrorKind.NotFound, "remove file ENOENT");
  fails(await removeDir(folder), ErrorKind.NotFound, "remove folder ENOENT");
  check(!(await exists(file)).unwrap(), "it is gone");
}

async function collect(path: string): Promise<DirEntry[]> {
  const dir = (await readDir(path)).unwrap();
  const found = new Array<DirEntry>();
  for (let entry = (await dir.next()).unwrap(); entry; entry = (await dir.next()).unwrap()) {
    found.push(entry);
  }
  return found;
}

async function list(dir: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const path = join(dir, `entry-${i}`);
    if (i % 3 == 0) await createDir(path);
    else await write(path, Vec.fromString("x".repeat(i)));
  }
  const found = await collect(dir);
  equal(found.length, 300, "entries");
  const seen = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const entry = found[i];
    const number = <i32>parseInt(entry.fileName.substring(6));
    seen.add(entry.fileName);
    equal(entry.path, join(dir, entry.fileName), "path");
    equal((await entry.fileType()).unwrap().isDir, number % 3 == 0, "type of " + entry.fileName);
    if (number % 3) equal((await entry.metadata()).unwrap().length, number, "length");
  }
  equal(seen.size, 300, "each of them once");
}

async function empty(dir: string): Promise<void> {
  const reader = (await readDir(dir)).unwrap();
  check((await reader.next()).unwrap() === null, "no entry");
  check((await reader.next()).unwrap() === null, "and none after that");
  check((await reader.close()).isOk, "close");
}

async function drain(reader: DirReader, into: Set<string>): Promise<i32> {
  let count = 0;
  for (let entry = (await reader.next()).unwrap(); entry; entry = (await reader.next()).unwrap()) {
    into.add(entry.fileName);
    count++;
  }
  return count;
}

async function shared(granted: string): Promise<void> {
  const dir = join(granted, "shared");
  check((await createDir(dir)).isOk, "createDir");
  for (let i = 0; i < 1500; i++) {
    await write(join(dir, `a-rather-long-name-${i}`), new Vec<u8>());
  }
  const reader = (await readDir(dir)).unwrap();
  const seen = new Set<string>();
  const first = drain(reader, seen);
  const second = drain(reader, seen);
  equal((await first) + (await second), 1500, "together they see all");
  equal(seen.size, 1500, "and nothing twice");
  check((await removeDirAll(dir)).isOk, "removeDirAll");
}

async function closing(dir: string): Promise<void> {
  for (let i = 0; i < 10; i++) await createDir(join(dir, i.toString()));
  for (let i = 0; i < 500; i++) {
    const reader = (await readDir(dir)).unwrap();
    const entry = (await reader.next()).unwrap()!;
    check((await entry.metadata()).unwrap().isDir, "metadata while it is open");
    check((await reader.close()).isOk, "close");
    check((await reader.close()).isOk, "close again");
    check((await entry.metadata()).unwrap().isDir, "metadata when it is closed");
  }
  for (let i = 0; i < 300; i++) equal((await collect(dir)).length, 10, "to the end");
  const reader = (await readDir(dir)).unwrap();
  await reader.close();
  fails(await reader.next(), ErrorKind.InvalidHandle, "read directory EBADF");
}

async function errors(dir: string): Promise<void> {
  await write(join(dir, "file"), Vec.fromString("x"));
  fails(await readDir(join(dir, "nope")), ErrorKind.NotFound, "open directory nope ENOENT");
  fails(await readDir(join(dir, "file")), ErrorKind.NotADirectory, "open directory file ENOTDIR");
  fails(await readDir(""), ErrorKind.NotFound, "open directory");
  fails(await createDir(""), ErrorKind.NotFound, "create directory");
  fails(await createDir(join(dir, "no/where")), ErrorKind.NotFound, "create directory no/where");
  fails(await createDir(join(dir, "file/x")), ErrorKind.NotADirectory, "create directory file/x");
  fails(await createDir(join(dir, "x".repeat(256))), ErrorKind.InvalidFilename, "create xxx");
  fails(await createDir(join(dir, "x/".repeat(3000))), ErrorKind.InvalidFilename, "create x/x");
  fails(await createDir(join(dir, "a\0b")), ErrorKind.InvalidInput, "create directory");
  fails(await createDir(join(dir, ".")), ErrorKind.AlreadyExists, "create directory EEXIST");
  fails(await removeFile(join(dir, "nope")), ErrorKind.NotFound, "remove file nope ENOENT");
  fails(await removeDir(join(dir, "nope")), ErrorKind.NotFound, "remove directory nope ENOENT");
  fails(await removeDirAll(join(dir, "nope")), ErrorKind.NotFound, "directory nope ENOENT");
  fails(await removeDirAll(join(dir, "file")), ErrorKind.NotADirectory, "directory file ENOTDIR");
  check((await exists(join(dir, "file"))).unwrap(), "the file is still there");
  const code = (await createDir(join(dir, "file"))).error.osCode;
  equal(code, isOfSystem() ? 17 : 0, "the system's own number");
}

async function cancel(dir: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const making = createDir(join(dir, i.toString()));
    making.cancel();
    fails(await making, ErrorKind.Cancelled, "create directory");
    const opening = readDir(dir);
    opening.cancel();
    fails(await opening, ErrorKind.Cancelled, "open directory");
  }
  for (let i = 0; i < 500; i++) {
    const opening = readDir(dir);
    const other = createDir(join(dir, "a"));
    await removeDir(join(dir, "b"));
    opening.cancel();
    other.cancel();
    const opened = await opening;
    if (opened.isOk) await opened.unwrap().close();
    const made = await other;
    if (made.isOk) check((await removeDir(join(dir, "a"))).isOk, "what was made is there");
    else if (made.error.kind != ErrorKind.Cancelled) throw new Error(made.error.message);
  }
  await createDirAll(join(dir, "x/y"));
  const reader = (await readDir(dir)).unwrap();
  const next = reader.next();
  next.cancel();
  await reader.close();
  await cancelRemoval(join(dir, "tree"));
}

/** A removal that is cancelled says so, however many files it has begun to remove. */
async function cancelRemoval(path: string): Promise<void> {
  for (let turns = 0; turns < 24; turns++) {
    await createDirAll(path);
    for (let n = 0; n < 40; n++) await write(join(path, n.toString()), Vec.fromString("x"));
    const removing = removeDirAll(path);
    for (let i = 0; i < turns; i++) await yieldNow();
    removing.cancel();
    const removed = await removing;
    if (removed.isErr) fails(removed, ErrorKind.Cancelled, "");
    if ((await exists(path)).unwrap()) check((await removeDirAll(path)).isOk, "it can be removed");
  }
}

async function removeAll(dir: string): Promise<void> {
  const top = join(dir, "top");
  for (let i = 0; i < 10; i++) {
    const path = join(top, `${i}/inner`);
    await createDirAll(path);
    for (let n = 0; n < 50; n++) await write(join(path, n.toString()), Vec.fromString("x"));
  }
  check((await removeDirAll(top)).isOk, "removeDirAll");
  check(!(await exists(top)).unwrap(), "it is gone");
  await createDirAll(top);
  check((await removeDirAll(top + "/")).isOk, "an empty one, with a slash");
  fails(await removeDirAll(top), ErrorKind.NotFound, "directory top ENOENT");
}

async function deep(dir: string): Promise<void> {
  let path = join(dir, "d");
  for (let i = 0; i < 499; i++) path += "/d";
  check((await createDirAll(path)).isOk, "createDirAll");
  check((await removeDirAll(join(dir, "d"))).isOk, "removeDirAll");
  check(!(await exists(join(dir, "d"))).unwrap(), "it is gone");
}

async function countOf(path: string): Promise<i32> {
  const dir = (await readDir(path)).unwrap();
  let count = 0;
  while ((await dir.next()).unwrap() !== null) count++;
  return count;
}

async function many(dir: string): Promise<void> {
  equal(await countOf(join(dir, "small")), 100, "a small one");
  const before = memory.size();
  equal(await countOf(join(dir, "large")), 100_000, "a large one");
  check(memory.size() - before <= 4, `${memory.size() - before} more pages`);
  check((await removeDirAll(dir)).isOk, "removeDirAll");
}

async function names(dir: string): Promise<void> {
  const found = await collect(dir);
  equal(found.length, 7, "all of them");
  for (let i = 0; i < found.length; i++) {
    const contents = (await readToString(found[i].path)).unwrap();
    check(contents.length > 0, "read by its name");
    check((await removeFile(found[i].path)).isOk, "removed by its name");
  }
}

async function kinds(dir: string): Promise<void> {
  const found = await collect(dir);
  equal(found.length, 4, "all of them");
  for (let i = 0; i < found.length; i++) {
    const name = found[i].fileName;
    const type = (await found[i].fileType()).unwrap();
    equal(type.isFile, name == "file", "isFile of " + name);
    equal(type.isDir, name == "directory", "isDir of " + name);
    equal(type.isSymlink, name == "link", "isSymlink of " + name);
    equal(type.isFifo, name == "fifo", "isFifo of " + name);
    check((await found[i].metadata()).unwrap().inode == found[i].inode, "inode of " + name);
  }
}

async function removeLinked(dir: string): Promise<void> {
  check((await removeDirAll(join(dir, "tree"))).isOk, "removeDirAll of a tree with links");
  check((await removeDirAll(join(dir, "link"))).isOk, "removeDirAll of a link");
}

/** While so many levels are there, a directory in the tree becomes a link to a precious one. */
async function swapped(dir: string, level: i32): Promise<void> {
  const removing = removeDirAll(join(dir, "tree"));
  // The file of a level is removed on the way down.
  const file = join(dir, "tree" + "/a-long-name".repeat(level) + "/file");
  while ((await exists(file)).unwrap()) await yieldNow();
  const place = join(dir, "tree/a-long-name");
  const moved = await rename(place, join(dir, "aside"));
  if (moved.isOk) (await symlink("../precious/a-long-name", place)).unwrap();
  const removed = await removing;
  if (removed.isErr) fails(removed, ErrorKind.DirectoryNotEmpty, "remove directory tree ENOTEMPTY");
  else check(!(await exists(join(dir, "tree"))).unwrap(), "it is gone");
}
