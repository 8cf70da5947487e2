/**
 * Programs as people write them, whose tasks are cancelled: argument 1 is the case, argument 2 a
 * directory. What they say tells the test when to go on.
 */
import { args } from "std/env";
import { File, metadata, removeFile } from "std/fs";
import { BufReader, ErrorKind, Result, Unit, eprintln, println, stdin, writeAll } from "std/io";
import { TcpListener } from "std/net";
import { Command, Stdio } from "std/process";
import { join, select, shielded, spawn } from "std/rt";
import { Signal, ctrlC, signalWait } from "std/signal";
import { Duration, sleep, timeout } from "std/time";
import { Vec } from "std/vec";
import { sameDescriptors, descriptors } from "./cancelling";
import { check, equal, fails } from "./check";

export async function main(): Promise<i32> {
  const name = args()[1];
  if (name == "accept") await accept();
  else if (name == "reader") await reader();
  else if (name == "worker") await worker();
  else if (name == "copy") await copying(args()[2]);
  else if (name == "child") await child();
  else if (name == "nested") await nested();
  else if (name == "held") await held(args()[2]);
  else if (name == "lost") await lost();
  else if (name == "second") await second();
  else return 3;
  await println("ok");
  return 0;
}

/** Waits until something has come to be. */
async function until(holds: () => bool): Promise<void> {
  while (!holds()) await sleep(millis(1));
}

function millis(count: i64): Duration {
  return Duration.fromMillis(count);
}

const LONG = Duration.fromSecs(1000);

// ── An accept loop ──

async function accept(): Promise<void> {
  const listener = (await TcpListener.bind("127.0.0.1:0")).unwrap();
  const stop = ctrlC();
  await println("ready");
  await select(stop, acceptAll(listener));
  (await listener.close()).unwrap();
}

async function acceptAll(listener: TcpListener): Promise<void> {
  while (true) {
    const accepted = await listener.accept();
    if (accepted.isErr) {
      await eprintln(accepted.error.message);
      continue;
    }
    await accepted.unwrap().close();
  }
}

// ── A loop that tries again ──

async function reader(): Promise<void> {
  const ended = await timeout(readLines(), millis(20));
  fails(ended, ErrorKind.TimedOut, "timed out");
  const outer = await timeout(limited(), millis(60));
  fails(outer, ErrorKind.TimedOut, "timed out");
}

async function readLines(): Promise<void> {
  const lines = new BufReader(stdin());
  while (true) {
    const line = await lines.readLine();
    if (line.isErr) await eprintln(line.error.message);
    else if (line.unwrap().length == 0) return;
  }
}

/** Each of its attempts has a limit, and it does not care how they end. */
async function limited(): Promise<void> {
  while (true) {
    const ended = await timeout(readLines(), millis(10));
    if (ended.isOk) return;
  }
}

// ── Workers with a queue ──

class Queue {
  private items: i32[] = [];
  private filled: Promise<void> = new Promise<void>();

  put(item: i32): void {
    this.items.push(item);
    const filled = this.filled;
    this.filled = new Promise<void>();
    filled.fulfillVoid();
  }

  async take(): Promise<i32> {
    while (this.items.length == 0) await this.filled;
    return this.items.shift();
  }
}

let sum: i32 = 0;
let goal: i32 = 0;

async function work(queue: Queue): Promise<void> {
  while (true) {
    const item = await queue.take();
    await sleep(millis(1));
    sum += item;
  }
}

async function worker(): Promise<void> {
  const queue = new Queue();
  for (let round = 1; round <= 3; round++) {
    const workers = [work(queue), work(queue), work(queue)];
    for (let item = 1; item <= 10; item++) queue.put(item);
    goal += 55;
    await select(until(() => sum >= goal), Promise.all(workers));
    for (let i = 0; i < workers.length; i++) check(workers[i].isCancelled, "a worker ended");
    equal(sum, goal, "what was done");
  }
  const next = queue.take();
  queue.put(7);
  equal(await next, 7, "the queue is as good as before");
}

// ── A copy that tells how far it is, and takes away what is not whole ──

let moved: u64 = 0;
let told: u64 = 0;

async function copying(dir: string): Promise<void> {
  const path = dir + "/copy";
  const before = await descriptors();
  for (let round = 0; round < 5; round++) {
    moved = 0;
    told = 0;
    await select(until(() => told > 0), join(copyAll("/dev/zero", path), progress()));
    fails(await metadata(path), ErrorKind.NotFound, "copy");
  }
  await sameDescriptors(before);
}

async function copyAll(from: string, to: string): Promise<Result<Unit>> {
  const source = (await File.open(from)).unwrap();
  const target = (await File.create(to)).unwrap();
  const done = await move(source, target);
  await source.close();
  await target.close();
  if (done.isErr) (await shielded(removeFile(to))).unwrap();
  return done;
}

async function move(source: File, target: File): Promise<Result<Unit>> {
  let buf = Vec.withCapacity<u8>(64 * 1024);
  while (true) {
    const came = await source.read(buf);
    if (came.isErr) return Result.err<Unit>(came.error);
    const gone = await writeAll(target, came.buf);
    if (gone.isErr) return Result.err<Unit>(gone.error);
    buf = gone.buf;
    moved += gone.n;
    if (moved % (1 << 24) == 0) (await target.setLen(0)).unwrapOr(new Unit());
  }
}

async function progress(): Promise<void> {
  while (true) {
    await sleep(millis(1));
    if (moved == 0) continue;
    await eprintln("copied");
    told = moved;
  }
}

// ── A child that writes ──

let lines: i32 = 0;

async function child(): Promise<void> {
  // What waits for the first child that is let go is kept for the next ones: one descriptor.
  const before = (await descriptors()) + 1;
  const first = (await new Command("cat").stdin(Stdio.piped()).spawn()).unwrap();
  const input = first.takeStdin()!;
  first.detach();
  await input.close();
  await sameDescriptors(before);
  for (let round = 0; round < 3; round++) {
    lines = 0;
    await select(until(() => lines == 2), follow());
    // Ends the child by itself.
    const output = new Command("sh").args(["-c", "yes | head -n 10; exec sleep 1000"]).output();
    fails(await timeout(output, millis(20)), ErrorKind.TimedOut, "timed out");
  }
  await sameDescriptors(before);
}

async function follow(): Promise<void> {
  const started = await new Command("sh").args(["-c", "echo one; echo two; exec sleep 1000"])
    .stdout(Stdio.piped()).spawn();
  const process = started.unwrap();
  const output = new BufReader(process.stdout!);
  while (true) {
    const line = await output.readLine();
    if (line.isErr) break;
    lines++;
  }
  await process.kill();
  const ended = await shielded(process.wait());
  await process.stdout!.close();
  await eprintln("the child: " + ended.unwrap().toString());
}

// ── Timeouts in timeouts ──

let trace: string = "";

async function cleansUp(span: Duration): Promise<void> {
  await stdin().read(Vec.withCapacity<u8>(1));
  trace += "told ";
  await shielded(sleep(span));
  trace += "cleaned ";
  await sleep(LONG);
  trace += "never ";
}

async function inTime(inner: Duration, cleaning: Duration): Promise<void> {
  const ended = await timeout(cleansUp(cleaning), inner);
  trace += ended.isErr ? "inner " : "done ";
}

async function nested(): Promise<void> {
  // The outer one is far away: the inner one waits until all is clean.
  check((await timeout(inTime(millis(5), millis(20)), LONG)).isOk, "in time");
  equal(trace, "told cleaned inner ", "the inner one");
  // The outer one asks first: the inner one passes it on.
  trace = "";
  fails(await timeout(inTime(LONG, millis(20)), millis(5)), ErrorKind.TimedOut, "timed out");
  equal(trace, "told cleaned ", "the outer one");
  // The outer one asks while the inner one cleans up: that ends as well.
  trace = "";
  fails(await timeout(inTime(millis(5), LONG), millis(50)), ErrorKind.TimedOut, "timed out");
  equal(trace, "told inner ", "both");
}

// ── What is left ──

async function holds(dir: string): Promise<void> {
  const files = [(await File.create(dir + "/one")).unwrap()];
  files.push((await File.create(dir + "/two")).unwrap());
  const listener = (await TcpListener.bind("127.0.0.1:0")).unwrap();
  const sleeper = (await new Command("sleep").arg("0").stdout(Stdio.piped()).spawn()).unwrap();
  kept = (await File.create(dir + "/kept")).unwrap();
  await sleep(LONG);
  await listener.close();
  await files[0].close();
  await sleeper.wait();
}

let kept: File | null = null;

async function held(dir: string): Promise<void> {
  const before = await descriptors();
  for (let round = 0; round < 20; round++) {
    await select(until(() => kept !== null), holds(dir));
    (await kept!.close()).unwrap();
    kept = null;
  }
  // The first child that is let go leaves some, for those that follow.
  let now = await descriptors();
  for (let i = 0; i < 1000 && now > before + 4; i++) now = await descriptors();
  check(now <= before + 4, `descriptors: ${now} where there were ${before}`);
}

async function watches(): Promise<void> {
  const wait = signalWait(Signal.Alarm);
  spawn(signalWait(Signal.User2));
  await sleep(LONG);
  await wait;
}

/** A wait of a task that goes on stays. */
async function lost(): Promise<void> {
  spawn(signalWait(Signal.Hangup));
  await timeout(watches(), millis(20));
  await sleep(millis(50));
  await println("left");
  await sleep(LONG);
}

// ── A second Ctrl-C ──

async function second(): Promise<void> {
  const ended = await select(ctrlC(), ready());
  check(ended.isFirst, "Ctrl-C came");
  let next = ctrlC();
  await println("again");
  await next;
  await println("busy");
  await sleep(LONG);
}

async function ready(): Promise<void> {
  await println("ready");
  await sleep(LONG);
}
