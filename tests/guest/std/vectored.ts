/** Writes several buffers as one. Arguments: the case, and a directory. */
import { args } from "std/env";
import { File, OpenOptions, readToString, SeekFrom } from "std/fs";
import {
  AsyncWrite, BufResult, ErrorKind, VectoredResult, println, readToEnd, stdout, writeAllVectored,
} from "std/io";
import { Shutdown, TcpListener, TcpStream, UnixListener, UnixStream } from "std/net";
import { join } from "std/path";
import { Child, Command, Stdio } from "std/process";
import { Duration, timeout } from "std/time";
import { Vec } from "std/vec";
import { check, equal, expectError, pattern, text } from "./check";

export async function main(): Promise<i32> {
  const name = args()[1];
  const dir = args()[2];
  if (name == "files") await files(dir);
  else if (name == "positions") await positions(dir);
  else if (name == "many") await many(dir);
  else if (name == "fileErrors") await fileErrors(dir);
  else if (name == "pipes") await pipes();
  else if (name == "broken") await broken();
  else if (name == "sockets") await sockets(dir);
  else if (name == "streams") await streams();
  else if (name == "cancel") await cancel();
  else if (name == "writers") await writers();
  else if (name == "print") return await greet();
  else if (name == "lent") await lent(dir);
  else if (name == "twice") await twice();
  else return 3;
  await println("ok");
  return 0;
}

function words(list: string[]): Array<Vec<u8>> {
  const bufs: Array<Vec<u8>> = [];
  for (let i = 0; i < list.length; i++) bufs.push(Vec.fromString(list[i]));
  return bufs;
}

/** Pieces of very different length, some of them empty, and what they are together. */
class Pieces {
  readonly bufs: Array<Vec<u8>> = [];
  readonly all: Vec<u8>;

  constructor(size: i32, most: i32) {
    this.all = pattern(size);
    let from = 0;
    for (let length = 1; from < size; length = length * 7 % most) {
      const to = min(size, from + length);
      this.bufs.push(this.all.slice(from, to));
      if (length % 3 == 0) this.bufs.push(new Vec<u8>());
      from = to;
    }
  }

  /** Everything was written, and the buffers are as they were. */
  expectDone(written: VectoredResult): void {
    equal<u64>(written.unwrap(), this.all.length, "n");
    check(written.bufs === this.bufs, "the array comes back");
    const again = new Vec<u8>();
    for (let i = 0; i < this.bufs.length; i++) again.extend(this.bufs[i]);
    check(again.equals(this.all), "the buffers come back unchanged");
  }
}

function failsAt(written: VectoredResult, n: u64, kind: ErrorKind, names: string): void {
  check(written.isErr, names + " should have failed");
  equal<u64>(written.n, n, "n of what failed");
  expectError(written.error, kind, names);
}

async function openAt(path: string): Promise<File> {
  return (await new OpenOptions().read().write().create().open(path)).unwrap();
}

async function files(dir: string): Promise<void> {
  const path = join(dir, "file");
  const file = (await File.create(path)).unwrap();
  const written = await writeAllVectored(file, words(["head ", "", "body ", "tail"]));
  equal<u64>(written.unwrap(), 14, "n");
  equal(text(written.bufs[2]), "body ", "a buffer");
  equal<u64>((await writeAllVectored(file, [])).unwrap(), 0, "no buffers");
  equal<u64>((await writeAllVectored(file, words(["", ""]))).unwrap(), 0, "empty buffers");
  await file.write(Vec.fromString("!"));
  equal((await readToString(path)).unwrap(), "head body tail!", "the file");
  await file.close();

  const log = (await new OpenOptions().append().open(path)).unwrap();
  equal<u64>((await writeAllVectored(log, words(["\n", "more"]))).unwrap(), 5, "n");
  equal((await readToString(path)).unwrap(), "head body tail!\nmore", "appended");
  await log.close();

  const large = await openAt(join(dir, "large"));
  const pieces = new Pieces(5_000_000, 1_000_003);
  pieces.expectDone(await writeAllVectored(large, pieces.bufs));
  await large.seek(SeekFrom.start(0));
  check((await readToEnd(large, new Vec<u8>())).buf.equals(pieces.all), "a large one");
  await large.close();
}

async function positions(dir: string): Promise<void> {
  const path = join(dir, "file");
  const file = await openAt(path);
  const first = writeAllVectored(file, words(["one ", "two "]));
  const second = writeAllVectored(file, words(["three ", "four "]));
  const third = file.write(Vec.fromString("five"));
  check((await third).isOk && (await second).isOk && (await first).isOk, "three at once");
  equal((await readToString(path)).unwrap(), "one two three four five", "each where it belongs");

  const clone = (await file.tryClone()).unwrap();
  await clone.seek(SeekFrom.start(4));
  equal<u64>((await writeAllVectored(file, words(["2", "!!"]))).unwrap(), 3, "n");
  equal<u64>((await writeAllVectored(clone, words(["", "&", "3"]))).unwrap(), 2, "n");
  equal((await readToString(path)).unwrap(), "one 2!!&3hree four five", "one cursor for both");
  equal<u64>((await clone.seek(SeekFrom.current(0))).unwrap(), 9, "where they stand");
}

/** More buffers than one operation of the system takes. */
async function many(dir: string): Promise<void> {
  const bufs: Array<Vec<u8>> = [];
  const expected = new Vec<u8>();
  for (let i = 0; i < 5000; i++) {
    const isEmpty = i < 1500 || (i > 2000 && i < 4000);
    bufs.push(isEmpty ? new Vec<u8>() : pattern(1 + i % 7, i));
    expected.extend(bufs[i]);
  }
  const file = await openAt(join(dir, "many"));
  await file.seek(SeekFrom.start(3));
  equal<u64>((await writeAllVectored(file, bufs)).unwrap(), expected.length, "n");
  equal<u64>((await file.seek(SeekFrom.current(0))).unwrap(), 3 + expected.length, "the cursor");
  await file.seek(SeekFrom.start(3));
  check((await readToEnd(file, new Vec<u8>())).buf.equals(expected), "the bytes");
}

async function fileErrors(dir: string): Promise<void> {
  const path = join(dir, "file");
  await (await File.create(path)).unwrap().close();
  const reader = (await File.open(path)).unwrap();
  const bufs = words(["a", "b"]);
  failsAt(await writeAllVectored(reader, bufs), 0, ErrorKind.InvalidHandle, "write file EBADF");
  equal(text(bufs[1]), "b", "the buffer comes back");
  equal<u64>((await reader.seek(SeekFrom.current(0))).unwrap(), 0, "the cursor stays");
  await reader.close();
  failsAt(await writeAllVectored(reader, bufs), 0, ErrorKind.InvalidHandle, "write file EBADF");
  const full = (await new OpenOptions().write().open("/dev/full")).unwrap();
  failsAt(await writeAllVectored(full, bufs), 0, ErrorKind.StorageFull, "write /dev/full ENOSPC");
}

async function spawnPiped(program: string): Promise<Child> {
  const command = new Command(program).stdin(Stdio.piped()).stdout(Stdio.piped());
  return (await command.spawn()).unwrap();
}

/** A pipe takes 64 KiB at a time: each write is short, and goes on in the middle of a buffer. */
async function pipes(): Promise<void> {
  const child = await spawnPiped("cat");
  const input = child.stdin!;
  const reading = readToEnd(child.stdout!, new Vec<u8>());
  const pieces = new Pieces(3_000_000, 400_009);
  pieces.expectDone(await writeAllVectored(input, pieces.bufs));
  await input.close();
  check((await reading).buf.equals(pieces.all), "what came back");
  check((await child.wait()).unwrap().success, "cat");
}

async function broken(): Promise<void> {
  const child = await spawnPiped("true");
  const input = child.stdin!;
  child.stdin = null;
  await child.wait();
  const bufs = words(["nobody ", "reads"]);
  failsAt(await writeAllVectored(input, bufs), 0, ErrorKind.BrokenPipe, "write EPIPE");
  equal(text(bufs[0]), "nobody ", "the buffer comes back");
  const pair = await Pair.tcp();
  await pair.client.shutdown(Shutdown.Write);
  failsAt(await writeAllVectored(pair.client, bufs), 0, ErrorKind.BrokenPipe, "write EPIPE");
}

class Pair {
  constructor(readonly client: TcpStream, readonly server: TcpStream) {}

  static async tcp(): Promise<Pair> {
    const listener = (await TcpListener.bind("127.0.0.1:0")).unwrap();
    const address = (await listener.localAddr()).unwrap();
    const accepting = listener.accept();
    const client = (await TcpStream.connectAddr(address)).unwrap();
    return new Pair(client, (await accepting).unwrap());
  }
}

async function sockets(dir: string): Promise<void> {
  const pair = await Pair.tcp();
  const first = writeAllVectored(pair.client, words(["one ", "two "]));
  const second = writeAllVectored(pair.client, words(["three"]));
  check((await first).isOk && (await second).isOk, "two at once");
  await pair.client.shutdown(Shutdown.Write);
  equal(text((await readToEnd(pair.server, new Vec<u8>())).buf), "one two three", "in order");

  const path = join(dir, "socket");
  const listener = (await UnixListener.bind(path)).unwrap();
  const accepting = listener.accept();
  const client = (await UnixStream.connect(path)).unwrap();
  const server = (await accepting).unwrap();
  check((await writeAllVectored(client, words(["over ", "Unix"]))).isOk, "Unix");
  await client.close();
  equal(text((await readToEnd(server, new Vec<u8>())).buf), "over Unix", "Unix");
}

/** The system takes less than all of it while nobody reads. */
async function streams(): Promise<void> {
  const pair = await Pair.tcp();
  const pieces = new Pieces(20_000_000, 3_000_017);
  const writing = writeAllVectored(pair.client, pieces.bufs);
  // Whoever asked may do with the array what they like: the operation has its own.
  const bufs = pieces.bufs.slice();
  pieces.bufs.length = 0;
  const reading = readToEnd(pair.server, new Vec<u8>());
  const written = await writing;
  for (let i = 0; i < bufs.length; i++) pieces.bufs.push(bufs[i]);
  pieces.expectDone(written);
  await pair.client.close();
  check((await reading).buf.equals(pieces.all), "what came");
}

async function cancel(): Promise<void> {
  const pair = await Pair.tcp();
  const pieces = new Pieces(30_000_000, 3_000_017);
  const writing = writeAllVectored(pair.client, pieces.bufs);
  check((await timeout(writing, Duration.fromMillis(50))).isErr, "nobody reads");
  const written = await writing;
  check(written.isErr && written.error.kind == ErrorKind.Cancelled, "cancelled");
  check(written.n < <u64>pieces.all.length, "not all of it");
  check(!pieces.bufs[0].isLent && !pieces.bufs[pieces.bufs.length - 1].isLent, "given back");
  await pair.client.shutdown(Shutdown.Write);
  const came = (await readToEnd(pair.server, new Vec<u8>())).buf;
  check(<u64>came.length >= written.n, "what was said to be written arrives");
  check(came.equals(pieces.all.slice(0, came.length)), "in order, and nothing twice");

  // Before the host has seen it.
  const early = writeAllVectored(pair.server, words(["not ", "sent"]));
  early.cancel();
  failsAt(await early, 0, ErrorKind.Cancelled, "write");
  await pair.server.close();
  equal((await readToEnd(pair.client, new Vec<u8>())).n, 0, "nothing was sent");
}

/** Takes a few bytes at a time, up to a limit and then none. */
class Narrow implements AsyncWrite {
  taken: Vec<u8> = new Vec<u8>();

  constructor(private size: i32, private limit: i32) {}

  async write(buf: Vec<u8>): Promise<BufResult> {
    const n = min(min(this.size, buf.length), this.limit - this.taken.length);
    this.taken.extend(buf.slice(0, n));
    return new BufResult(n, buf);
  }
}

/** What is no stream of the system's gets one buffer after the other. */
async function writers(): Promise<void> {
  const pieces = new Pieces(10_000, 997);
  const all = new Narrow(100, i32.MAX_VALUE);
  pieces.expectDone(await writeAllVectored(all, pieces.bufs));
  check(all.taken.equals(pieces.all), "the bytes");
  const few = new Narrow(100, 1234);
  failsAt(await writeAllVectored(few, pieces.bufs), 1234, ErrorKind.WriteZero, "write");
}

async function greet(): Promise<i32> {
  const said = await writeAllVectored(stdout(), words(["Hello, ", "", "world", "!\n"]));
  return said.n == 14 ? 0 : 1;
}

/** Dies: what is being written is not the app's. */
async function lent(dir: string): Promise<void> {
  const file = await openAt(join(dir, "file"));
  const bufs = words(["one", "two"]);
  const writing = writeAllVectored(file, bufs);
  check(bufs[0].isLent && bufs[1].isLent, "both are lent");
  bufs[1].push(1);
  await writing;
}

/** Dies: one buffer cannot be lent twice. */
async function twice(): Promise<void> {
  const buf = Vec.fromString("again");
  await writeAllVectored(stdout(), [buf, buf]);
}
