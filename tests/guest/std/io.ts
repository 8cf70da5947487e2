/** Uses `std/io` as apps do. Argument: the case. */
import { args } from "std/env";
import { File } from "std/fs";
import {
  AsyncRead, AsyncWrite, BufReader, BufResult, BufWriter, Error as IoError, ErrorKind, copy, eprint,
  eprintln, print, println, readExact, readLines, readToEnd, readToString, stderr, stdin, stdout,
  withoutLineEnd, writeAll,
} from "std/io";
import { exit } from "std/process";
import { yieldNow } from "std/rt";
import { Duration, sleep, timeout } from "std/time";
import { Vec } from "std/vec";
import { check, equal, fails, failsToTransfer, pattern, text } from "./check";

export async function main(): Promise<i32> {
  const name = args()[1];
  if (name == "cat") return await cat();
  if (name == "lines") return await lines();
  if (name == "order") return await order();
  if (name == "given up") return await givenUp();
  if (name == "flood") return await flood();
  if (name == "broken") return await broken();
  if (name == "terminal") return await terminal();
  if (name == "patience") return await patience();
  if (name == "left") return await left(args()[2], i32.parse(args()[3]));
  if (name == "bufReader") await bufReader();
  else if (name == "bufReaderErrors") await bufReaderErrors();
  else if (name == "lineLimit") await lineLimit();
  else if (name == "toEnd") await toEnd();
  else if (name == "exactly") await exactly();
  else if (name == "readLines") await linesOf();
  else if (name == "bufWriter") await bufWriter();
  else if (name == "writers") await writers();
  else if (name == "copies") await copies();
  else if (name == "closed") await closedStreams();
  else if (name == "traces") traces();
  else return 3;
  await println("ok");
  return 0;
}

/** Prints without ever waiting for it, and ends in one of the ways there are. */
async function left(way: string, lines: i32): Promise<i32> {
  for (let i = 0; i < lines; i++) println(`line ${i}`);
  eprint("said");
  // Then a write is in flight, or was, and what comes now waits behind it.
  if (way.startsWith("late ")) {
    await sleep(Duration.fromMillis(20));
    println("late");
    way = way.slice(5);
  }
  if (way == "exit") exit(7);
  if (way == "throw") throw new RangeError("thrown");
  if (way == "unwrap") (await File.open("")).unwrap();
  if (way == "trap") unreachable();
  if (way == "deadlock") await new Promise<void>();
  return 7;
}

/** Says something, and dies of it. */
function traces(): void {
  for (let i = 0; i < 100; i++) trace("line", 2, i, 0.5);
  trace("long ".repeat(20_000));
  unreachable();
}

/** Gives some bytes, a few at a time; fails once at `failAt`, if that is not negative. */
class Pieces implements AsyncRead {
  position: i32 = 0;
  calls: i32 = 0;

  constructor(private bytes: Vec<u8>, private size: i32, private failAt: i32 = -1) {}

  async read(buf: Vec<u8>): Promise<BufResult> {
    this.calls++;
    await sleep(Duration.fromNanos(0));
    if (this.position == this.failAt) {
      this.failAt = -1;
      return new BufResult(0, buf, new IoError(ErrorKind.Interrupted, "once"));
    }
    let end = min(this.position + min(this.size, buf.capacity), this.bytes.length);
    if (this.failAt > this.position) end = min(end, this.failAt);
    buf.clear();
    buf.extend(this.bytes.slice(this.position, end));
    this.position = end;
    return new BufResult(buf.length, buf);
  }
}

/** Takes a few bytes at a time, up to a limit and then none. */
class Narrow implements AsyncWrite {
  taken: Vec<u8> = new Vec<u8>();

  constructor(private size: i32, public limit: i32 = i32.MAX_VALUE) {}

  async write(buf: Vec<u8>): Promise<BufResult> {
    const n = min(min(this.size, buf.length), this.limit - this.taken.length);
    this.taken.extend(buf.slice(0, n));
    return new BufResult(n, buf);
  }
}

async function bufReader(): Promise<void> {
  lineEnds();
  const long = "x".repeat(100_000);
  const input = "a\r\n\nüb\0c\n" + long + "\nlast";
  const sizes: i32[] = [1, 2, 7, 100_000, 1_000_000];
  for (let i = 0; i < sizes.length; i++) {
    const inner = new Pieces(Vec.fromString(input), sizes[i] == 1 ? 61 : sizes[i]);
    const reader = new BufReader(inner, sizes[i]);
    equal((await reader.readLine()).unwrap(), "a\r\n", "CR LF stays");
    equal((await reader.readLine()).unwrap(), "\n", "an empty line is not the end");
    equal((await reader.readLine()).unwrap(), "üb\0c\n", "NUL");
    equal((await reader.readLine()).unwrap(), long + "\n", "a long line");
    equal((await reader.readLine()).unwrap(), "last", "the last line has no end");
    equal((await reader.readLine()).unwrap(), "", "the end");
    equal((await reader.readLine()).unwrap(), "", "the end again");
  }
  const few = new Pieces(Vec.fromString("one;two;three"), 100);
  const words = new BufReader(few, 16);
  const word = new Vec<u8>();
  equal((await words.readUntil(0x3b, word)).unwrap(), 4, "n");
  equal((await words.readUntil(0x3b, word)).unwrap(), 4, "n");
  equal(text(word), "one;two;", "readUntil appends");
  const some = await words.read(Vec.withCapacity<u8>(3));
  equal(text(some.buf), "thr", "what is left of the last read");
  equal(text((await words.read(Vec.withCapacity<u8>(100))).buf), "ee", "and no more");
  equal(few.calls, 1, "one read of the inner stream for all of it");
  check((await words.read(some.buf)).n == 0, "the end");
  equal((await words.readUntil(0x3b, word)).unwrap(), 0, "the end");
  const large = new BufReader(new Pieces(pattern(5000), 5000), 100);
  equal((await large.read(Vec.withCapacity<u8>(5000))).n, 5000, "a large read goes through");
}

function lineEnds(): void {
  const lines: string[] = ["a", "a\n", "a\r\n", "a\r", "\n", "\r\n", "", "a\n\n", "a \t\n"];
  const wanted: string[] = ["a", "a", "a", "a", "", "", "", "a\n", "a \t"];
  for (let i = 0; i < lines.length; i++) equal(withoutLineEnd(lines[i]), wanted[i], "line end");
}

async function bufReaderErrors(): Promise<void> {
  const reader = new BufReader(new Pieces(Vec.fromString("begun and ended\nrest"), 3, 6), 8);
  fails(await reader.readLine(), ErrorKind.Interrupted, "once");
  equal((await reader.readLine()).unwrap(), "begun and ended\n", "nothing was lost");
  const nowhere = await new BufReader(stdin()).read(new Vec<u8>());
  failsToTransfer(nowhere, ErrorKind.InvalidInput, "stdin");
  const bytes = Vec.from<u8>([0x61, 0xff, 0x0a, 0x62, 0x0a]);
  const broken = new BufReader(new Pieces(bytes, 5));
  fails(await broken.readLine(), ErrorKind.InvalidData, "UTF-8");
  equal((await broken.readLine()).unwrap(), "b\n", "the next line");
  const small = new BufReader(new Pieces(pattern(10), 10, 0), 8);
  failsToTransfer(await small.read(Vec.withCapacity<u8>(4)), ErrorKind.Interrupted, "once");
  equal((await small.read(Vec.withCapacity<u8>(4))).n, 4, "after the error");
}

async function toEnd(): Promise<void> {
  const bytes = pattern(300_000);
  const sizes: i32[] = [1000, 8192, 70_000, 1_000_000];
  const rooms: i32[] = [0, 10, 299_999, 300_000, 300_001];
  for (let i = 0; i < sizes.length; i++) {
    for (let k = 0; k < rooms.length; k++) {
      const all = await readToEnd(new Pieces(bytes, sizes[i]), Vec.withCapacity<u8>(rooms[k]));
      equal(all.unwrap(), 300_000, "n");
      check(all.buf.equals(bytes), "the bytes");
    }
  }
  const begun = await readToEnd(new Pieces(bytes, 999), Vec.fromString("begun"));
  equal(begun.unwrap(), 300_000, "n counts what was appended");
  check(begun.buf.slice(5).equals(bytes) && text(begun.buf.slice(0, 5)) == "begun", "appended");
  const failed = await readToEnd(new Pieces(bytes, 1000, 5000), new Vec<u8>());
  check(failed.isErr && failed.n == 5000, "an error on the way");
  equal(failed.buf.length, 5000, "what came before the error");
  const atOnce = await readToEnd(new Pieces(bytes, 1000, 0), Vec.withCapacity<u8>(100));
  check(atOnce.isErr && atOnce.n == 0 && atOnce.buf.length == 0, "nothing came before the error");
  equal((await readToString(new Pieces(Vec.fromString("grüße"), 2))).unwrap(), "grüße", "text");
  fails(await readToString(new Pieces(Vec.from<u8>([0xc3]), 2)), ErrorKind.InvalidData, "UTF-8");
}

async function writers(): Promise<void> {
  const bytes = pattern(200_000);
  const sizes: i32[] = [77, 65_536, 150_000, 1_000_000];
  for (let i = 0; i < sizes.length; i++) {
    const writer = new Narrow(sizes[i]);
    const written = await writeAll(writer, bytes);
    equal(written.unwrap(), 200_000, "n");
    check(writer.taken.equals(bytes) && written.buf.length == 200_000, "the bytes");
  }
  const full = await writeAll(new Narrow(77, 1000), bytes);
  check(full.isErr && full.error.kind == ErrorKind.WriteZero && full.n == 1000, "WriteZero");
  equal((await writeAll(new Narrow(1), new Vec<u8>())).unwrap(), 0, "nothing");
}

async function copies(): Promise<void> {
  const bytes = pattern(400_000);
  const writer = new Narrow(10_000);
  equal((await copy(new Pieces(bytes, 33_333), writer)).unwrap(), 400_000, "n");
  check(writer.taken.equals(bytes), "the bytes");
  fails(await copy(new Pieces(bytes, 1000, 5000), writer), ErrorKind.Interrupted, "once");
  fails(await copy(new Pieces(bytes, 1000), new Narrow(9, 9)), ErrorKind.WriteZero, "write");
}

async function cat(): Promise<i32> {
  const moved = await copy(stdin(), stdout());
  if (moved.isOk) return 0;
  await eprintln(moved.error.message);
  return 1;
}

async function lines(): Promise<i32> {
  const input = new BufReader(stdin());
  while (true) {
    const line = await input.readLine();
    if (line.isErr) await println("error: " + line.error.message);
    else if (line.unwrap().length == 0) return 0;
    else await println(`${line.unwrap().length}:${line.unwrap().trim()}`);
  }
}

async function printer(name: string): Promise<void> {
  for (let i = 0; i < 3; i++) await println(name + i.toString());
}

/** Whatever is awaited and whatever is not, the order is that of the calls. */
async function order(): Promise<i32> {
  print("a");
  print("");
  print("b");
  await print("c");
  for (let i = 0; i < 2000; i++) println(i.toString());
  eprint("x");
  eprintln("y");
  const one = printer("p");
  const two = printer("q");
  await one;
  await two;
  await println("end");
  await eprintln();
  return 0;
}

/** A text that is given up, as a full pipe holds it up, and what others say after it. */
async function givenUp(): Promise<i32> {
  const first = print("x".repeat(1 << 20));
  await yieldNow();
  println("kept");
  first.cancel();
  const cancelled = await first;
  const told = await println("last");
  return cancelled.isErr && told.isOk ? 0 : 1;
}

async function flood(): Promise<i32> {
  const line = "0123456789abcdef".repeat(1 << 12);
  let last = print("");
  for (let i = 0; i < 320; i++) last = print(line);
  return (await last).isOk ? 0 : 1;
}

async function broken(): Promise<i32> {
  for (let i = 0; i < 100; i++) {
    const printed = await print("x".repeat(100_000));
    if (printed.isErr) {
      await eprintln(printed.error.message);
      return printed.error.kind == ErrorKind.BrokenPipe ? 7 : 1;
    }
  }
  return 0;
}

async function terminal(): Promise<i32> {
  const all = [stdin().isTerminal(), stdout().isTerminal(), stderr().isTerminal()];
  await println(all.map<string>((yes) => (yes ? "yes" : "no")).join(" "));
  return 0;
}

/** A read of the console can be given up, and what is typed later is not lost. */
async function patience(): Promise<i32> {
  const input = new BufReader(stdin());
  const early = await timeout(input.readLine(), Duration.fromMillis(30));
  check(early.isErr && early.error.kind == ErrorKind.TimedOut, "nothing came");
  await println("waiting");
  await println((await input.readLine()).unwrap());
  return 0;
}

/** Gives the same letter for ever. */
class Endless implements AsyncRead {
  async read(buf: Vec<u8>): Promise<BufResult> {
    buf.resize(buf.capacity, 0x61);
    return new BufResult(buf.length, buf);
  }
}

async function lineLimit(): Promise<void> {
  // By few bytes at a time, and all at once.
  const sizes: i32[] = [1, 3, 100];
  for (let i = 0; i < sizes.length; i++) {
    const inner = new Pieces(Vec.fromString("1234567\n12345678\nrest"), sizes[i]);
    const reader = new BufReader(inner, 4 + sizes[i], 8);
    equal((await reader.readLine()).unwrap(), "1234567\n", "a line of just that length");
    for (let again = 0; again < 2; again++) {
      const long = await reader.readLine();
      check(long.isErr && long.error.kind == ErrorKind.InvalidData, "a longer one");
      equal(long.error.message, "read: line is too long", "the message");
    }
    let rest = "";
    while (rest.length < 13) {
      const more = await reader.read(Vec.withCapacity<u8>(5));
      check(more.isOk && more.n > 0, "what came can be read");
      rest += text(more.buf);
    }
    equal(rest, "12345678\nrest", "nothing is lost");
  }
  const kept = Vec.fromString("kept");
  const last = new BufReader(new Pieces(Vec.fromString("12345678"), 8), 8, 8);
  equal((await last.readUntil(0x0a, kept)).unwrap(), 8, "an end of just that length");
  const endless = await new BufReader(new Endless()).readLine();
  check(endless.isErr && endless.error.kind == ErrorKind.InvalidData, "a line without an end");
}

async function closedStreams(): Promise<void> {
  const r = await stdin().read(Vec.withCapacity<u8>(10));
  check(r.isErr || r.n == 0, "a closed input has nothing");
}

async function exactly(): Promise<void> {
  const bytes = pattern(200_000);
  for (let size = 1; size <= 200_000; size *= 7) {
    const source = new Pieces(bytes, size);
    const wanted = min(size * 20, 150_000);
    const filled = await readExact(source, Vec.withCapacity<u8>(wanted));
    equal(filled.unwrap(), wanted, "n");
    check(filled.buf.equals(bytes.slice(0, wanted)), "the bytes");
    equal(source.position, wanted, "what comes next stays");
  }
  const short = await readExact(new Pieces(bytes, 999), Vec.withCapacity<u8>(200_001));
  check(short.isErr && short.error.kind == ErrorKind.UnexpectedEof, "the end");
  check(short.n == 200_000 && short.buf.equals(bytes), "with all that came");
  const failed = await readExact(new Pieces(bytes, 10, 25), Vec.withCapacity<u8>(100));
  check(failed.isErr && failed.error.kind == ErrorKind.Interrupted, "an error");
  check(failed.n == 25 && failed.buf.equals(bytes.slice(0, 25)), "with what came");
  const none = await readExact(new Pieces(bytes, 10, 0), Vec.fromString("old"));
  check(none.isErr && none.n == 0 && none.buf.length == 0, "nothing came");
}

async function linesOf(): Promise<void> {
  const bytes = Vec.fromString("one\n\ntwo\r\n\xffthree");
  for (let size = 1; size < 20; size++) {
    const lines = readLines(new Pieces(bytes, size));
    const found = new Array<string>();
    for (let line = (await lines.next()).unwrap(); line !== null;
      line = (await lines.next()).unwrap()) found.push(line);
    equal(found.join("|"), "one||two|\xffthree", "lines");
    check((await lines.next()).unwrap() === null, "the end stays the end");
  }
  const broken = new Vec<u8>();
  broken.pushString("a\n");
  broken.push(0xff);
  broken.pushString("\nb\n");
  const lines = readLines<AsyncRead>(new Pieces(broken, 2, 1));
  fails(await lines.next(), ErrorKind.Interrupted, "once");
  equal((await lines.next()).unwrap()!, "a", "what came before");
  fails(await lines.next(), ErrorKind.InvalidData, "UTF-8");
  equal((await lines.next()).unwrap()!, "b", "what comes after");
}

async function bufWriter(): Promise<void> {
  for (let size = 1; size < 300; size *= 3) {
    const target = new Narrow(size);
    const writer = new BufWriter(target, 64);
    const all = new Vec<u8>();
    for (let i = 0; i < 100; i++) {
      const part = pattern(i, i);
      all.extend(part);
      const written = await writeAll(writer, part);
      check(written.isOk && written.buf === part && part.length == i, "taken, and given back");
      check(target.taken.length + 64 >= all.length, "no more than that is kept");
    }
    (await writer.writeString("the ü end")).unwrap();
    all.pushString("the ü end");
    (await writer.flush()).unwrap();
    check(target.taken.equals(all), "everything, in order");
    (await writer.flush()).unwrap();
  }
  // As soon as the target takes something again, it gets what comes next.
  const full = new Narrow(10, 25);
  const writer = new BufWriter<AsyncWrite>(full, 20);
  for (let i = 0; i < 2; i++) (await writeAll(writer, pattern(20, 20 * i))).unwrap();
  const refused = await writer.flush();
  check(refused.isErr && refused.error.kind == ErrorKind.WriteZero, "it takes no more");
  check((await writer.write(pattern(20))).isErr, "and no more is collected");
  full.limit = 1000;
  (await writer.flush()).unwrap();
  check(full.taken.equals(pattern(40)), "nothing is lost, or comes twice");
  equal((await new BufWriter(stdout()).write(Vec.fromString(""))).unwrap(), 0, "nothing");
}
