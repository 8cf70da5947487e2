/** Cancels every operation of `std/fs`. Arguments: the case, and a directory to work in. */
import { args } from "std/env";
import {
  DirEntry, DirReader, File, FileTimes, OpenOptions, Permissions, SeekFrom, UNCHANGED, copy, read,
  readDir, readToString, removeFile, write,
} from "std/fs";
import { Error, ErrorKind, Result, println, writeAll } from "std/io";
import { join } from "std/path";
import { yieldNow } from "std/rt";
import { Duration, SystemTime, timeout } from "std/time";
import { Vec } from "std/vec";
import { BY_TIMEOUT, MOMENTS, TIMED_OUT, cancelAt, outcomeAt } from "./cancelling";
import { check, equal, expectError, fails, isDone, pattern } from "./check";
import { Deed, countOf, deeds, describe, ended, makeWorld, opened, written } from "./world";

export async function main(): Promise<i32> {
  const given = args();
  const name = given[1];
  const dir = given[2];
  if (name == "paths") await paths(dir, given[3]);
  else if (name == "handles") await handles(dir, given[3]);
  else if (name == "waiting") await waiting(dir, given[3]);
  else if (name == "half") await half(dir);
  else if (name == "late") await late(dir);
  else if (name == "meeting") await meeting(dir);
  else return 3;
  await println("ok");
  return 0;
}

/**
 * Every operation that takes a path. What was cancelled and is one step has not happened; whatever
 * it was, done again it has the outcome that it always has.
 */
async function paths(dir: string, descriptors: string): Promise<void> {
  const all = deeds();
  const world = join(dir, "world");
  const before = await countOf(descriptors);
  for (let i = 0; i < all.length; i++) {
    const deed = all[i];
    await makeWorld(world);
    const fresh = await describe(world);
    isDone(await deed.begin(world), deed.name);
    const done = await describe(world);
    for (let moment = 0; moment < MOMENTS; moment++) {
      await makeWorld(world);
      // A copy is several steps, each of which names what it is about.
      const words = deed.name.startsWith("copy") ? "" : deed.words;
      const error = await cancelAt(moment, deed.begin(world), words);
      const found = await describe(world);
      if (error === null) equal(found, done, deed.name + " was done");
      else await again(deed, world, moment, found == done, found == fresh, done);
    }
  }
  equal(await countOf(descriptors), before, "descriptors");
}

/** Once more, after it was cancelled. */
async function again(
  deed: Deed, world: string, moment: i32, isThere: bool, isFresh: bool, done: string,
): Promise<void> {
  const name = deed.name;
  if (deed.isOneStep || moment == 0) check(isFresh, name + " was cancelled, and is not done");
  const error = await deed.begin(world);
  // What was made, or removed, by one whose end nobody wanted any more.
  if (error !== null && isThere && name == "createNew") {
    equal<ErrorKind>(error.kind, ErrorKind.AlreadyExists, name);
  } else if (error !== null && isThere && name == "removeDirAll") {
    equal<ErrorKind>(error.kind, ErrorKind.NotFound, name);
  } else {
    isDone(error, name + " once more");
  }
  equal(await describe(world), done, name + " once more");
}

/** An operation on something open; it may keep what it needs. */
class Holder {
  constructor(readonly file: File, readonly reader: DirReader, readonly entry: DirEntry) {}
}

class Act {
  constructor(readonly words: string, readonly begin: (on: Holder) => Promise<Error | null>) {}
}

function acts(): Act[] {
  return [
    new Act("read file", (on) => written(on.file.read(Vec.withCapacity<u8>(100)))),
    new Act("read file", (on) => written(on.file.readAt(Vec.withCapacity<u8>(100_000), 3))),
    new Act("write file", (on) => written(on.file.write(pattern(100)))),
    new Act("write file", (on) => written(on.file.writeAt(pattern(100_000), 7))),
    new Act("write file", (on) => written(on.file.writeAllAt(pattern(100_000), 7))),
    new Act("write file", (on) => written(writeAll(on.file, pattern(100)))),
    new Act("seek file", (on) => ended(on.file.seek(SeekFrom.end(-1)))),
    new Act("metadata file", (on) => ended(on.file.metadata())),
    new Act("set length file", (on) => ended(on.file.setLen(77))),
    new Act("sync file", (on) => ended(on.file.syncAll())),
    new Act("sync file", (on) => ended(on.file.syncData())),
    new Act("set permissions file",
      (on) => ended(on.file.setPermissions(new Permissions(0o600)))),
    new Act("set times file",
      (on) => ended(on.file.setTimes(new FileTimes().setModified(SystemTime.fromUnixNanos(5))))),
    new Act("change owner file", (on) => ended(on.file.chown(UNCHANGED, UNCHANGED))),
    new Act("read directory tree", (on) => ended(on.reader.next())),
    new Act("metadata", (on) => ended(on.entry.metadata())),
  ];
}

/** Every operation on a handle: cancelled alone, and beside another one that is left alone. */
async function handles(dir: string, descriptors: string): Promise<void> {
  const world = join(dir, "world");
  await makeWorld(world);
  const before = await countOf(descriptors);
  const all = acts();
  const options = new OpenOptions().read().write();
  const listing = (await readDir(world)).unwrap();
  const entry = (await listing.next()).unwrap()!;
  check((await listing.close()).isOk, "close");
  for (let i = 0; i < all.length; i++) {
    for (let moment = 0; moment < MOMENTS; moment++) {
      const file = (await options.open(join(world, "file"))).unwrap();
      const on = new Holder(file, (await readDir(join(world, "tree"))).unwrap(), entry);
      const other = all[i].begin(on);
      await cancelAt(moment, all[i].begin(on), all[i].words);
      isDone(await other, all[i].words + " beside one that was cancelled");
      isDone(await all[i].begin(on), all[i].words + " afterwards");
      const next = on.reader.next();
      check((await on.reader.close()).isOk, "close while it reads");
      await next;
      // Closing cannot be cancelled.
      const closing = ended(file.close());
      isDone(await outcomeAt(moment, closing, "close"), "close");
    }
  }
  equal(await countOf(descriptors), before, "descriptors");
}

/** What waits for somebody else as long as nobody cancels it. */
function waits(): Deed[] {
  const is = 0;
  return [
    new Deed("open", "open fifo", is, true, (dir) => opened(File.open(join(dir, "fifo")))),
    new Deed("create", "open fifo", is, true, (dir) => opened(File.create(join(dir, "fifo")))),
    new Deed("append", "open fifo", is, true,
      (dir) => opened(new OpenOptions().append().open(join(dir, "fifo")))),
    new Deed("read", "open fifo", is, true, (dir) => ended(read(join(dir, "fifo")))),
    new Deed("readToString", "open fifo", is, true,
      (dir) => ended(readToString(join(dir, "fifo")))),
    new Deed("write", "open fifo", is, true,
      (dir) => written(write(join(dir, "fifo"), pattern(10)))),
    new Deed("copy", "open fifo", is, true,
      (dir) => ended(copy(join(dir, "file"), join(dir, "fifo")))),
  ];
}

/** There is a FIFO that nobody else opens, so that opening it lasts until it is cancelled. */
async function waiting(dir: string, descriptors: string): Promise<void> {
  (await write(join(dir, "file"), pattern(10))).unwrap();
  const before = await countOf(descriptors);
  const all = waits();
  for (let i = 0; i < all.length; i++) {
    for (let moment = 0; moment < MOMENTS; moment++) {
      // A copy first looks what it copies, and may be cancelled doing so.
      const words = all[i].name == "copy" ? "" : all[i].words;
      const error = await cancelAt(moment, all[i].begin(dir), words);
      check(error !== null, all[i].name + " of a FIFO that nobody else opens");
      // Two of them, of which one is cancelled, and then the other.
      const other = all[i].begin(dir);
      await cancelAt(moment, all[i].begin(dir), words);
      check(other.isPending, "the other one still waits");
      check((await cancelAt(moment, other, words)) !== null, "until it is cancelled as well");
    }
    await releaseAll(join(dir, "fifo"));
  }
  // A source that is no file is an error, however early that was cancelled.
  for (let moment = 0; moment < MOMENTS; moment++) {
    const copying = ended(copy(join(dir, "fifo"), join(dir, "new")));
    const error = await outcomeAt(moment, copying, "copy");
    check(error !== null, "copying a FIFO is refused, or was cancelled");
  }
  equal(await countOf(descriptors), before, "descriptors");
}

/** Opens both ends, so that whoever still hangs in an open of either returns. */
async function releaseAll(fifo: string): Promise<void> {
  const both = (await new OpenOptions().read().write().open(fifo)).unwrap();
  check((await both.close()).isOk, "close");
}

/** Transfers on a FIFO that is open: those that are cancelled transfer nothing, others go on. */
async function half(dir: string): Promise<void> {
  const file = (await new OpenOptions().read().write().open(join(dir, "fifo"))).unwrap();
  for (let moment = 0; moment < MOMENTS; moment++) {
    const kept = file.read(Vec.withCapacity<u8>(10));
    const reading = written(file.read(Vec.withCapacity<u8>(10)));
    const error = await cancelAt(moment, reading, "read fifo");
    check(error !== null, "there is nothing to read");
    equal((await file.write(Vec.fromString("kept"))).unwrap(), 4, "write");
    equal((await kept).buf.toString(), "kept", "what the other one reads");
  }
  // Until it takes no more, and so the last write waits.
  const room = Vec.withCapacity<u8>(1 << 20);
  for (let moment = 0; moment < MOMENTS; moment++) {
    const writing = file.writeAllAt(pattern(1 << 20), 0);
    if (moment == BY_TIMEOUT) check((await timeout(writing, Duration.zero())).isErr, TIMED_OUT);
    for (let turn = 0; turn < moment; turn++) await yieldNow();
    writing.cancel();
    const stopped = await writing;
    check(stopped.isErr && !stopped.buf.isLent, "it could not write all");
    expectError(stopped.error, ErrorKind.Cancelled, "write fifo");
    // As much as it says that it wrote is there to be read, and not more.
    let found = 0;
    while (found < stopped.n) found += (await file.read(room)).unwrap();
    equal(found, stopped.n, "bytes in the FIFO");
    fails(await timeout(file.read(room), Duration.fromMillis(1)), ErrorKind.TimedOut, "");
  }
  check((await file.close()).isOk, "close");
}

/** What was cancelled has no effect later: not on what is at that path by then. */
async function late(dir: string): Promise<void> {
  const path = join(dir, "file");
  const precious = Vec.fromString("precious");
  for (let i = 0; i < 300; i++) {
    const creating = new Array<Promise<Error | null>>();
    for (let n = 0; n < 12; n++) creating.push(opened(File.create(path)));
    for (let turn = 0; turn < i % 3; turn++) await yieldNow();
    for (let n = 0; n < 12; n++) creating[n].cancel();
    for (let n = 0; n < 12; n++) await creating[n];
    check((await write(path, precious)).isOk, "write");
    await yieldNow();
    equal((await readToString(path)).unwrap(), "precious", "what was written afterwards");
    check((await removeFile(path)).isOk, "removeFile");
    await yieldNow();
    fails(await readToString(path), ErrorKind.NotFound, "open file ENOENT");
  }
}

/** Those who wait for others do not keep these from coming. */
async function meeting(dir: string): Promise<void> {
  const readers = new Array<Promise<Result<string>>>();
  for (let i = 0; i < 3; i++) readers.push(readToString(join(dir, `fifo-${i}`)));
  for (let turn = 0; turn < 5; turn++) await yieldNow();
  for (let i = 0; i < 3; i++) {
    check((await write(join(dir, `fifo-${i}`), Vec.fromString(i.toString()))).isOk, "write");
  }
  for (let i = 0; i < 3; i++) equal((await readers[i]).unwrap(), i.toString(), "what it has read");
}
