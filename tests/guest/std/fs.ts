/** Uses `std/fs` as apps do. Arguments: the case, and an empty directory to work in. */
import { args } from "std/env";
import {
  File, FileTimes, OpenOptions, Permissions, SeekFrom, exists, metadata, read, readToString,
  symlinkMetadata, write,
} from "std/fs";
import { BufResult, ErrorKind, println, readToString as allText, writeAll } from "std/io";
import { fromSystem, toSystem } from "std/os-string";
import { join } from "std/path";
import { Duration, SystemTime, sleep, timeout } from "std/time";
import { Vec } from "std/vec";
import { check, equal, fails, failsToTransfer, isOfSystem, pattern, text } from "./check";

export async function main(): Promise<i32> {
  const given = args();
  const name = given[1];
  const dir = given[2];
  if (name == "cursor") await cursor(dir);
  else if (name == "positions") await positions(dir);
  else if (name == "seek") await seek(dir);
  else if (name == "append") await append(dir);
  else if (name == "options") await options(dir);
  else if (name == "badOptions") await badOptions(dir);
  else if (name == "setLen") await setLen(dir);
  else if (name == "large") await large(dir);
  else if (name == "metadata") await describes(dir);
  else if (name == "changes") await changes(dir);
  else if (name == "errors") await errors(dir);
  else if (name == "closed") await closed(dir);
  else if (name == "wholes") await wholes(dir);
  else if (name == "names") await names(dir);
  else if (name == "parallel") await parallel(dir);
  else if (name == "stream") await stream(given[2]);
  else if (name == "devices") await devices();
  else if (name == "full") await full();
  else if (name == "cancelOpen") await cancelOpen(given[2]);
  else if (name == "cancelRead") await cancelRead(given[2]);
  else if (name == "descriptors") await descriptors(dir);
  else if (name == "denied") await denied(given[2]);
  else if (name == "lent") await lent(dir);
  else return 3;
  await println("ok");
  return 0;
}

async function cursor(dir: string): Promise<void> {
  const path = join(dir, "a");
  const file = (await File.create(path)).unwrap();
  equal((await file.write(Vec.fromString("hello "))).unwrap(), 6, "first write");
  equal((await file.write(Vec.fromString("world"))).unwrap(), 5, "second write");
  check((await file.close()).isOk, "close");
  const again = (await File.open(path)).unwrap();
  let r = await again.read(Vec.withCapacity<u8>(8));
  equal(text(r.buf), "hello wo", "read up to the capacity");
  r = await again.read(r.buf);
  equal(r.n, 3, "the rest");
  equal(text(r.buf), "rld", "the buffer begins at 0 again");
  r = await again.read(r.buf);
  check(r.isOk && r.n == 0 && r.buf.length == 0, "the end");
  failsToTransfer(await again.read(new Vec<u8>()), ErrorKind.InvalidInput, "read a");
  failsToTransfer(await again.write(Vec.fromString("x")), ErrorKind.InvalidHandle, "write a EBADF");
  check((await again.close()).isOk, "close");
}

async function positions(dir: string): Promise<void> {
  const path = join(dir, "a");
  const file = (await new OpenOptions().read().write().create().open(path)).unwrap();
  await file.write(Vec.fromString("0123456789"));
  let r = await file.readAt(Vec.withCapacity<u8>(4), 3);
  equal(text(r.buf), "3456", "readAt");
  r = await file.readAt(r.buf, 8);
  equal(text(r.buf), "89", "readAt near the end");
  r = await file.readAt(r.buf, 10);
  check(r.isOk && r.n == 0, "readAt the end");
  r = await file.readAt(r.buf, 1 << 40);
  check(r.isOk && r.n == 0, "readAt past the end");
  failsToTransfer(await file.readAt(r.buf, u64.MAX_VALUE), ErrorKind.InvalidInput, "read a");
  failsToTransfer(await file.writeAt(pattern(1), 1 << 63), ErrorKind.InvalidInput, "write a");
  equal((await file.writeAt(Vec.fromString("xy"), 12)).unwrap(), 2, "writeAt leaves a hole");
  await file.write(Vec.fromString("A"));
  equal(text((await read(path)).unwrap()), "0123456789A\0xy", "the cursor was left alone");
  const empty = await file.write(new Vec<u8>());
  check(empty.isOk && empty.n == 0, "writing nothing");
  await file.close();
}

async function seek(dir: string): Promise<void> {
  const file = (await new OpenOptions().read().write().create().open(join(dir, "a"))).unwrap();
  await file.write(Vec.fromString("0123456789"));
  equal((await file.seek(SeekFrom.current(0))).unwrap(), 10, "where it stands");
  equal((await file.seek(SeekFrom.start(2))).unwrap(), 2, "start");
  equal(text((await file.read(Vec.withCapacity<u8>(2))).buf), "23", "read there");
  equal((await file.seek(SeekFrom.current(-3))).unwrap(), 1, "current");
  equal((await file.seek(SeekFrom.end(-1))).unwrap(), 9, "end");
  equal(text((await file.read(Vec.withCapacity<u8>(2))).buf), "9", "read there");
  fails(await file.seek(SeekFrom.current(-11)), ErrorKind.InvalidInput, "seek a");
  fails(await file.seek(SeekFrom.start(u64.MAX_VALUE)), ErrorKind.InvalidInput, "seek a");
  fails(await file.seek(SeekFrom.current(i64.MAX_VALUE)), ErrorKind.InvalidInput, "seek a");
  equal((await file.seek(SeekFrom.current(0))).unwrap(), 10, "a refused seek moves nothing");
  equal((await file.seek(SeekFrom.end(5))).unwrap(), 15, "past the end");
  await file.write(Vec.fromString("z"));
  equal((await file.metadata()).unwrap().length, 16, "a hole");
  await file.close();
}

async function append(dir: string): Promise<void> {
  const path = join(dir, "a");
  (await write(path, Vec.fromString("one "))).unwrap();
  const file = (await new OpenOptions().read().append().open(path)).unwrap();
  equal((await file.write(Vec.fromString("two "))).unwrap(), 4, "append");
  equal(text((await file.read(Vec.withCapacity<u8>(4))).buf), "one ", "reads from the cursor");
  const other = (await new OpenOptions().append().open(path)).unwrap();
  await other.write(Vec.fromString("three "));
  await file.write(Vec.fromString("four"));
  equal((await readToString(path)).unwrap(), "one two three four", "always at the end");
  equal(text((await file.read(Vec.withCapacity<u8>(4))).buf), "two ", "the cursor only reads");
  await file.close();
  await other.close();
}

async function options(dir: string): Promise<void> {
  const path = join(dir, "a");
  fails(await new OpenOptions().write().open(path), ErrorKind.NotFound, "open a");
  const made = (await new OpenOptions().write().createNew().mode(0o600).open(path)).unwrap();
  await made.write(Vec.fromString("ABCDEFGH"));
  equal<u32>((await made.metadata()).unwrap().permissions.mode & 0o777, 0o600, "mode");
  await made.close();
  fails(await new OpenOptions().write().createNew().open(path), ErrorKind.AlreadyExists, "open a");
  const kept = (await new OpenOptions().write().create().open(path)).unwrap();
  await kept.write(Vec.fromString("xy"));
  await kept.close();
  equal((await readToString(path)).unwrap(), "xyCDEFGH", "create keeps what there is");
  const cut = (await new OpenOptions().write().truncate().open(path)).unwrap();
  await cut.close();
  equal((await metadata(path)).unwrap().length, 0, "truncate");
  const both = (await new OpenOptions().write().truncate().createNew().open(join(dir, "b")));
  check(both.isOk, "createNew makes truncate meaningless");
  await both.unwrap().close();
  const off = new OpenOptions().read().write(true).write(false);
  const reader = (await off.open(path)).unwrap();
  failsToTransfer(await reader.write(pattern(1)), ErrorKind.InvalidHandle, "write EBADF");
  await reader.close();
}

async function badOptions(dir: string): Promise<void> {
  const path = join(dir, "a");
  const bad = [
    new OpenOptions(),
    new OpenOptions().create(),
    new OpenOptions().read().create(),
    new OpenOptions().read().createNew(),
    new OpenOptions().read().truncate(),
    new OpenOptions().append().truncate(),
    new OpenOptions().write().append().truncate(),
    new OpenOptions().truncate(),
  ];
  for (let i = 0; i < bad.length; i++) {
    fails(await bad[i].open(path), ErrorKind.InvalidInput, "open a");
  }
  check(!(await exists(path)).unwrap(), "nothing was made");
}

async function setLen(dir: string): Promise<void> {
  const path = join(dir, "a");
  const file = (await new OpenOptions().read().write().create().open(path)).unwrap();
  await file.write(Vec.fromString("0123456789"));
  check((await file.setLen(4)).isOk, "shrink");
  check((await file.setLen(6)).isOk, "grow");
  equal(text((await read(path)).unwrap()), "0123\0\0", "zeros");
  check((await file.syncAll()).isOk, "syncAll");
  check((await file.syncData()).isOk, "syncData");
  check((await file.setLen(u64.MAX_VALUE)).isErr, "too long");
  await file.close();
  const reader = (await File.open(path)).unwrap();
  fails(await reader.setLen(0), ErrorKind.InvalidInput, "set length a");
  await reader.close();
}

async function large(dir: string): Promise<void> {
  const path = join(dir, "sparse");
  const size: u64 = 10 << 30;
  const file = (await new OpenOptions().read().write().create().open(path)).unwrap();
  equal((await file.writeAt(Vec.fromString("Z"), size - 1)).unwrap(), 1, "the last byte");
  const found = (await file.metadata()).unwrap();
  equal(found.length, size, "length");
  check(found.allocated < 1 << 20, "it is sparse");
  equal((await file.readAt(Vec.withCapacity<u8>(8), size - 1)).buf[0], 0x5a, "the last byte");
  equal((await file.seek(SeekFrom.end(-1))).unwrap(), size - 1, "seek");
  equal((await file.read(Vec.withCapacity<u8>(8))).n, 1, "read at the cursor");
  await file.close();
  fails(await read(path), ErrorKind.FileTooLarge, "read sparse");
}

async function describes(dir: string): Promise<void> {
  const file = (await metadata(join(dir, "file"))).unwrap();
  check(file.isFile && !file.isDir && !file.isSymlink, "a file");
  check(file.fileType.isFile && !file.fileType.isFifo, "its type");
  equal(file.length, 5, "length");
  equal<u32>(file.permissions.mode, 0o640, "mode");
  equal(file.links, 2, "links");
  equal(file.modified.nanos, 1_000_000_123_000_000, "modified");
  equal(file.accessed.nanos, -1_500_000_000, "accessed before 1970");
  check(file.changed.nanos > 1_600_000_000_000_000_000, "changed");
  const created = file.created;
  if (created !== null) check(created.nanos > 1_600_000_000_000_000_000, "created");
  const open = (await File.open(join(dir, "file"))).unwrap();
  equal((await open.metadata()).unwrap().inode, file.inode, "the open file is the same one");
  await open.close();
  check((await metadata(dir)).unwrap().isDir, "a directory");
  const link = (await symlinkMetadata(join(dir, "link"))).unwrap();
  check(link.isSymlink && link.fileType.isSymlink && !link.isFile, "a link");
  equal((await metadata(join(dir, "link"))).unwrap().inode, file.inode, "where the link leads");
  check((await symlinkMetadata(join(dir, "dangling"))).isOk, "a dangling link is there");
  fails(await metadata(join(dir, "dangling")), ErrorKind.NotFound, "metadata dangling");
  check(!(await exists(join(dir, "dangling"))).unwrap(), "what it names does not exist");
  check((await exists(join(dir, "link"))).unwrap(), "what the link names exists");
  fails(await exists(join(dir, "file/x")), ErrorKind.NotADirectory, "metadata file/x");
  check((await metadata(join(dir, "fifo"))).unwrap().fileType.isFifo, "a FIFO");
  check((await metadata("/dev/null")).unwrap().fileType.isCharDevice, "a device");
  fails(await metadata(""), ErrorKind.NotFound, "metadata");
}

async function changes(dir: string): Promise<void> {
  const file = (await File.create(join(dir, "a"))).unwrap();
  const permissions = new Permissions(0o751);
  check((await file.setPermissions(permissions)).isOk, "setPermissions");
  equal<u32>((await file.metadata()).unwrap().permissions.mode, 0o751, "mode");
  check(!permissions.isReadonly, "may be written");
  permissions.setReadonly(true);
  check(permissions.isReadonly, "read only");
  equal<u32>(permissions.mode, 0o551, "read only mode");
  const then = SystemTime.fromUnixNanos(1_234_567_890_000_001_000);
  check((await file.setTimes(new FileTimes().setModified(then))).isOk, "setTimes");
  const before = (await file.metadata()).unwrap();
  equal(before.modified.nanos, then.nanos, "modified");
  check(before.accessed.nanos > then.nanos, "accessed was left alone");
  const early = SystemTime.fromUnixNanos(-1);
  check((await file.setTimes(new FileTimes().setAccessed(early))).isOk, "setTimes");
  const after = (await file.metadata()).unwrap();
  equal(after.accessed.nanos, -1, "accessed");
  equal(after.modified.nanos, then.nanos, "modified was left alone");
  await file.close();
}

async function errors(dir: string): Promise<void> {
  fails(await File.open(join(dir, "nope")), ErrorKind.NotFound, "open nope ENOENT");
  fails(await File.open(""), ErrorKind.NotFound, "open");
  fails(await File.create(dir), ErrorKind.IsADirectory, "open EISDIR");
  fails(await File.open(join(dir, "file/x")), ErrorKind.NotADirectory, "open file/x");
  fails(await File.open(join(dir, "loop")), ErrorKind.FilesystemLoop, "open loop");
  fails(await File.open(join(dir, "x".repeat(256))), ErrorKind.InvalidFilename, "open xxx");
  fails(await File.open(join(dir, "x/".repeat(5000))), ErrorKind.InvalidFilename, "open x/x/x");
  fails(await File.open(join(dir, "file\0x")), ErrorKind.InvalidInput, "open file");
  const folder = (await File.open(dir)).unwrap();
  failsToTransfer(await folder.read(Vec.withCapacity<u8>(8)), ErrorKind.IsADirectory, "read");
  await folder.close();
  fails(await readToString(join(dir, "nope")), ErrorKind.NotFound, "open nope");
  fails(await readToString(join(dir, "latin1")), ErrorKind.InvalidData, "latin1 UTF-8");
  check((await write(join(dir, "no/where"), pattern(3))).isErr, "write without a directory");
  equal((await write(join(dir, "no/where"), pattern(3))).buf.length, 3, "the buffer comes back");
  check((await exists(join(dir, "nope"))).unwrap() == false, "exists");
  const code = (await File.open(join(dir, "nope"))).error.osCode;
  equal(code, isOfSystem() ? 2 : 0, "the system's own number");
}

async function closed(dir: string): Promise<void> {
  const file = (await File.create(join(dir, "a"))).unwrap();
  check((await file.close()).isOk, "close");
  fails(await file.close(), ErrorKind.InvalidHandle, "close a EBADF");
  failsToTransfer(await file.write(pattern(1)), ErrorKind.InvalidHandle, "write a EBADF");
  fails(await file.metadata(), ErrorKind.InvalidHandle, "metadata a EBADF");
  fails(await file.seek(SeekFrom.start(0)), ErrorKind.InvalidHandle, "seek a EBADF");
}

async function wholes(dir: string): Promise<void> {
  const path = join(dir, "a");
  const bytes = pattern(3_000_001);
  equal((await write(path, bytes)).unwrap(), 3_000_001, "write");
  check((await read(path)).unwrap().equals(bytes), "read");
  equal((await write(path, Vec.fromString("grüße"))).unwrap(), 7, "write again");
  equal((await readToString(path)).unwrap(), "grüße", "it was emptied first");
  await write(path, new Vec<u8>());
  equal((await read(path)).unwrap().length, 0, "an empty file");
  const status = (await readToString("/proc/self/status")).unwrap();
  check(status.includes("Pid:"), "a file that does not know its length");
}

async function names(dir: string): Promise<void> {
  const given = fromSystem((await read(join(dir, "name"))).unwrap());
  check(toSystem(given).equals((await read(join(dir, "name"))).unwrap()), "there and back");
  equal((await readToString(join(dir, given))).unwrap(), "from node", "a name from outside");
  await write(join(dir, "\udcff-\udc80\u{1f600}ü"), Vec.fromString("from guest"));
  check((await exists(join(dir, "\udcff-\udc80\u{1f600}ü"))).unwrap(), "a name from inside");
}

async function parallel(dir: string): Promise<void> {
  const path = join(dir, "a");
  const bytes = pattern(64 * 4096);
  (await write(path, bytes)).unwrap();
  const file = (await File.open(path)).unwrap();
  const reads = new Array<Promise<BufResult>>();
  for (let i = 0; i < 64; i++) reads.push(file.readAt(Vec.withCapacity<u8>(4096), i * 4096));
  for (let i = 63; i >= 0; i--) {
    const r = await reads[i];
    equal(r.unwrap(), 4096, "a whole block");
    check(r.buf.equals(bytes.slice(i * 4096, (i + 1) * 4096)), "the right block");
  }
  // At the cursor each continues where the one before it ends.
  const first = file.read(Vec.withCapacity<u8>(1000));
  const second = file.read(Vec.withCapacity<u8>(500));
  check((await second).buf.equals(bytes.slice(1000, 1500)), "the second of two");
  check((await first).buf.equals(bytes.slice(0, 1000)), "the first of two");
  equal((await file.seek(SeekFrom.current(0))).unwrap(), 1500, "behind both");
  await file.close();
  const out = (await File.create(join(dir, "b"))).unwrap();
  const a = out.write(Vec.fromString("one "));
  const b = out.write(Vec.fromString("two"));
  await b;
  await a;
  await out.close();
  equal((await readToString(join(dir, "b"))).unwrap(), "one two", "two writes in flight");
}

/** Reads a FIFO, where there are no offsets, to its end. */
async function stream(path: string): Promise<void> {
  const file = (await File.open(path)).unwrap();
  fails(await file.seek(SeekFrom.start(1)), ErrorKind.NotSeekable, "seek");
  equal((await allText(file)).unwrap(), "first second", "everything that came");
  await file.close();
}

async function devices(): Promise<void> {
  const zero = (await File.open("/dev/zero")).unwrap();
  const r = await zero.read(Vec.withCapacity<u8>(100_000));
  equal(r.unwrap(), 100_000, "zeros");
  equal(r.buf.indexOf(0), 0, "are zero");
  await zero.close();
  equal((await read("/dev/null")).unwrap().length, 0, "nothing");
  const sink = (await new OpenOptions().write().open("/dev/null")).unwrap();
  equal((await writeAll(sink, pattern(100_000))).unwrap(), 100_000, "it takes everything");
  await sink.close();
}

async function full(): Promise<void> {
  const file = (await new OpenOptions().write().open("/dev/full")).unwrap();
  failsToTransfer(await file.write(pattern(10)), ErrorKind.StorageFull, "write /dev/full ENOSPC");
  await file.close();
}

/** Nobody has the FIFO open for writing, so that opening it waits; it is cancelled meanwhile. */
async function cancelOpen(path: string): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const opening = File.open(path);
    await sleep(Duration.fromMillis(1));
    opening.cancel();
    fails(await opening, ErrorKind.Cancelled, "open");
  }
  const late = await timeout(File.open(path), Duration.fromMillis(5));
  fails(late, ErrorKind.TimedOut, "timed out");
}

async function cancelRead(path: string): Promise<void> {
  const file = (await new OpenOptions().read().write().open(path)).unwrap();
  const reading = file.read(Vec.withCapacity<u8>(100));
  await sleep(Duration.fromMillis(5));
  reading.cancel();
  const r = await reading;
  failsToTransfer(r, ErrorKind.Cancelled, "read");
  check(!r.buf.isLent && r.buf.capacity == 100, "the buffer came back");
  // What comes later is not lost.
  await file.write(Vec.fromString("kept"));
  equal(text((await file.read(r.buf)).buf), "kept", "the next read");
  // Closing ends what is in flight.
  const hanging = file.read(Vec.withCapacity<u8>(10));
  await sleep(Duration.fromMillis(5));
  check((await file.close()).isOk, "close");
  failsToTransfer(await hanging, ErrorKind.Cancelled, "read");
}

async function descriptors(dir: string): Promise<void> {
  const path = join(dir, "a");
  await write(path, pattern(10));
  for (let i = 0; i < 3000; i++) {
    const file = await File.open(path);
    check(file.isOk, "open");
    check((await file.unwrap().close()).isOk, "close");
  }
}

/** Only `dir` was granted, and for everything outside the answer is the same. */
async function denied(dir: string): Promise<void> {
  check((await read(join(dir, "inside"))).isOk, "what was granted");
  const outside = ["/etc/passwd", "/", "/nowhere", join(dir, "../x"), join(dir, "escape")];
  for (let i = 0; i < outside.length; i++) {
    fails(await File.open(outside[i]), ErrorKind.PermissionDenied, "open " + outside[i]);
    fails(await metadata(outside[i]), ErrorKind.PermissionDenied, "metadata " + outside[i]);
    check((await write(outside[i], pattern(1))).isErr, "write " + outside[i]);
  }
}

/** Dies: the buffer is the kernel's. */
async function lent(dir: string): Promise<void> {
  const file = (await File.open("/dev/zero")).unwrap();
  const buf = Vec.withCapacity<u8>(8);
  const reading = file.read(buf);
  equal(buf.isLent, true, "it is lent");
  buf.push(1);
  await reading;
}
