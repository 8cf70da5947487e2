/** Locks and clones files of `std/fs` as apps do. Arguments: the case, and a directory. */
import { args } from "std/env";
import { File, OpenOptions, SeekFrom, readToString, writeString } from "std/fs";
import { Error, ErrorKind, Result, Unit, println, readExact } from "std/io";
import { join } from "std/path";
import { Duration, timeout } from "std/time";
import { Vec } from "std/vec";
import { MOMENTS, cancelAt, descriptors, ended, opened, sameDescriptors } from "./cancelling";
import { check, equal, fails, isDone } from "./check";

export async function main(): Promise<i32> {
  const name = args()[1];
  const dir = args()[2];
  if (name == "exclude") await exclude(dir);
  else if (name == "turns") await turns(dir);
  else if (name == "cancelled") await cancelled(dir);
  else if (name == "clones") await clones(dir);
  else if (name == "readOnly") await readOnly(dir);
  else return 3;
  await println("ok");
  return 0;
}

async function openAt(path: string): Promise<File> {
  return (await new OpenOptions().read().write().create().open(path)).unwrap();
}

async function exclude(dir: string): Promise<void> {
  const a = await openAt(join(dir, "file"));
  const b = await openAt(join(dir, "file"));
  (await a.lock()).unwrap();
  check(!(await b.tryLock()).unwrap() && !(await b.tryLockShared()).unwrap(), "it is taken");
  const waiting = b.lockShared();
  check((await timeout(b.lock(), Duration.fromMillis(20))).isErr, "it waits");
  check(waiting.isPending, "and so does the other one");
  (await a.unlock()).unwrap();
  (await waiting).unwrap();
  check((await a.tryLockShared()).unwrap(), "two may share it");
  check(!(await a.tryLock()).unwrap(), "or one alone has it");
  check((await a.unlock()).isOk && (await b.unlock()).isOk, "unlock");
  check((await a.unlock()).isOk, "what is not locked");
  check((await a.tryLock()).unwrap(), "tryLock");
  // Closing ends it.
  check((await a.close()).isOk, "close");
  (await b.lock()).unwrap();
  check((await b.close()).isOk, "close");
  fails<Unit>(await b.lock(), ErrorKind.InvalidHandle, "lock file EBADF");
  fails<bool>(await b.tryLock(), ErrorKind.InvalidHandle, "lock file EBADF");
  fails<Unit>(await b.unlock(), ErrorKind.InvalidHandle, "unlock file EBADF");
  fails<File>(await b.tryClone(), ErrorKind.InvalidHandle, "clone file EBADF");
}

/** Adds one to the number in the file. */
async function addOne(path: string): Promise<Error | null> {
  const file = await openAt(path);
  (await file.lock()).unwrap();
  const number = I32.parseInt((await readToString(path)).unwrap());
  (await file.setLen(0)).unwrap();
  (await file.write(Vec.fromString((number + 1).toString()))).unwrap();
  (await file.syncAll()).unwrap();
  return await ended(file.close());
}

/** More of them wait than there are threads, and whoever has the lock still gets on. */
async function turns(dir: string): Promise<void> {
  const path = join(dir, "number");
  (await writeString(path, "0")).unwrap();
  const adding = new Array<Promise<Error | null>>();
  for (let i = 0; i < 40; i++) adding.push(addOne(path));
  for (let i = 0; i < 40; i++) isDone(await adding[i], "one of many");
  equal((await readToString(path)).unwrap(), "40", "each in its turn");
}

async function cancelled(dir: string): Promise<void> {
  const path = join(dir, "file");
  const before = await descriptors();
  const a = await openAt(path);
  const b = await openAt(path);
  const c = await openAt(path);
  for (let moment = 0; moment < MOMENTS; moment++) {
    // It waits, beside another one that is left alone.
    (await a.lock()).unwrap();
    const other = c.lock();
    const error = await cancelAt(moment, ended(b.lock()), "lock file");
    check(error !== null && other.isPending, "the lock is another's");
    (await a.unlock()).unwrap();
    (await other).unwrap();
    (await c.unlock()).unwrap();
    // It need not wait; either it was cancelled, and nobody has the lock, or it was not.
    if ((await cancelAt(moment, ended(b.lock()), "lock file")) === null) {
      (await b.unlock()).unwrap();
    }
    await cancelAt(moment, ended(b.tryLockShared()), "lock file");
    (await b.unlock()).unwrap();
    check((await a.tryLock()).unwrap(), "nobody has it");
    (await a.unlock()).unwrap();
    await cancelAt(moment, opened<File>(a.tryClone()), "");
  }
  // Closing ends what waits.
  (await a.lock()).unwrap();
  const waiting = b.lock();
  check((await b.close()).isOk, "close");
  fails<Unit>(await waiting, ErrorKind.Cancelled, "lock file");
  check((await a.close()).isOk && (await c.close()).isOk, "close");
  await sameDescriptors(before);
}

async function next(file: File, length: i32): Promise<string> {
  return (await readExact(file, Vec.withCapacity<u8>(length))).buf.toString();
}

async function clones(dir: string): Promise<void> {
  const path = join(dir, "file");
  const file = await openAt(path);
  (await file.write(Vec.fromString("one two three"))).unwrap();
  const clone = (await file.tryClone()).unwrap();
  equal<u64>((await clone.seek(SeekFrom.current(0))).unwrap(), 13, "where the first one is");
  equal<u64>((await file.seek(SeekFrom.start(0))).unwrap(), 0, "to the beginning");
  equal(await next(clone, 4), "one ", "the clone");
  equal(await next(file, 4), "two ", "the file");
  equal(await next(clone, 5), "three", "the clone");
  (await clone.write(Vec.fromString("!"))).unwrap();
  (await file.write(Vec.fromString("?"))).unwrap();
  equal((await readToString(path)).unwrap(), "one two three!?", "one after the other");
  // Both have the lock, until both are closed.
  const other = await openAt(path);
  (await file.lock()).unwrap();
  check((await clone.tryLock()).unwrap(), "it has it already");
  check((await file.close()).isOk, "close");
  check(!(await other.tryLock()).unwrap(), "the clone still has it");
  equal((await clone.readAt(Vec.withCapacity<u8>(3), 0)).buf.toString(), "one", "it goes on");
  check((await clone.close()).isOk, "close");
  check((await other.tryLock()).unwrap(), "nobody has it");
  check((await other.close()).isOk, "close");
  const log = (await new OpenOptions().append().open(path)).unwrap();
  const same = (await log.tryClone()).unwrap();
  (await log.write(Vec.fromString("a"))).unwrap();
  (await same.write(Vec.fromString("b"))).unwrap();
  equal((await readToString(path)).unwrap(), "one two three!?ab", "appended");
  const reading = await same.read(Vec.withCapacity<u8>(1));
  check(reading.isErr && reading.error.kind == ErrorKind.InvalidHandle, "it may do as much");
  check((await log.close()).isOk && (await same.close()).isOk, "close");
}

/** What was granted for reading cannot be kept from others. */
async function readOnly(dir: string): Promise<void> {
  const file = (await File.open(join(dir, "file"))).unwrap();
  fails<Unit>(await file.lock(), ErrorKind.PermissionDenied, "lock file");
  fails<bool>(await file.tryLock(), ErrorKind.PermissionDenied, "lock file");
  check((await file.lockShared()).isOk && (await file.unlock()).isOk, "lockShared");
  const clone: Result<File> = await file.tryClone();
  fails<Unit>(await clone.unwrap().setLen(0), ErrorKind.PermissionDenied, "set length file");
  check((await clone.unwrap().close()).isOk && (await file.close()).isOk, "close");
}
