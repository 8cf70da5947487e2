import { ErrorKind } from "std/error";
import { File } from "std/fs";
import { AsyncRead, BufResult } from "std/io";
import { join, yieldNow } from "std/rt";
import { Vec } from "std/vec";

// `await file.readAt(…)` gives the promise back for the next transfer, since nobody else has it.
// Whoever does have one must never see it change. The host fills byte i with offset + i, and
// completes after as many turns as the handle says, and some more.

export function collect(): void {
  __collect();
}

function file(delay: u32): File {
  return new File(delay, "nowhere", 0);
}

function buffer(): Vec<u8> {
  return Vec.withCapacity<u8>(32);
}

function check(result: BufResult, offset: i32): void {
  assert(result.isOk && result.n == 32 && result.buf.length == 32);
  for (let i = 0; i < 32; i++) assert(result.buf[i] == <u8>(offset + i));
}

/** Nobody has the promise: the same few serve all of these reads. */
async function direct(offset: i32, rounds: i32): Promise<void> {
  const source = file(offset % 3);
  let buf = buffer();
  for (let i = 0; i < rounds; i++) {
    const result = await source.readAt(buf, offset + i);
    check(result, offset + i);
    buf = result.buf;
  }
}

/** Nobody has the results either, whatever else happens in the block: one serves all of these. */
async function looked(offset: i32, rounds: i32): Promise<i32> {
  const source = file(offset % 3);
  let buf = buffer();
  let sum = 0;
  for (let i = 0; i < rounds; i++) {
    const first = await source.readAt(buf, offset + i);
    if (first.isErr) continue;
    const second = await source.readAt(first.buf, offset + i + 1);
    if (i == 3) await direct(2, 2);
    assert(first.n == 32 && second.n == 32 && second.buf[0] == <u8>(offset + i + 1));
    sum += first.n + second.n;
    buf = second.buf;
  }
  return sum;
}

/** Results that somebody has, in whatever way, stay what they are. */
async function had(): Promise<void> {
  const source = file(1);
  const listed = new Array<BufResult>();
  for (let i = 0; i < 5; i++) {
    const result = await source.readAt(buffer(), 20 + i);
    listed.push(result);
  }
  let last: BufResult | null = null;
  for (let i = 0; i < 5; i++) {
    const result = await source.readAt(buffer(), 30 + i);
    if (i == 2) last = result;
  }
  const chosen = await choose(source);
  const own = await keeps(source);
  await looked(13, 8);
  for (let i = 0; i < 5; i++) check(listed[i], 20 + i);
  check(last!, 32);
  check(chosen, 41);
  check(own, 45);
  const keeper = new Keeper();
  keeper.cursor = 46;
  {
    const result = await keeper.read(buffer());
    assert(result.n == 32);
  }
  await looked(14, 8);
  check(keeper.last!.unwrap(), 46);
}

async function choose(source: File): Promise<BufResult> {
  const first = await source.readAt(buffer(), 40);
  const second = await source.readAt(buffer(), 41);
  return first.isErr ? first : second;
}

/** The value of a call that is no operation is its function's, which may have it still. */
let keptResult: BufResult | null = null;

async function keeps(source: File): Promise<BufResult> {
  {
    const result = await remembers(source);
    assert(result.n == 32);
  }
  await looked(15, 3);
  return keptResult!;
}

async function remembers(source: File): Promise<BufResult> {
  const result = await source.readAt(buffer(), 45);
  keptResult = result;
  return result;
}

/** A promise that was kept is what it was, however many reads come after it. */
async function kept(): Promise<void> {
  const source = file(1);
  const first = source.readAt(buffer(), 50);
  const second = source.readAt(buffer(), 60);
  await direct(3, 5);
  const result = await first;
  check(result, 50);
  await direct(4, 5);
  assert(first.unwrap() == result && (await first) == result);
  check(await second, 60);
  await direct(5, 5);
  check(second.unwrap(), 60);
}

/** Two wait for one: it is nobody's alone. */
async function shared(): Promise<void> {
  const reading = file(2).readAt(buffer(), 70);
  const pair = await join(waits(reading), waits(reading));
  assert(pair.first.unwrap() == pair.second.unwrap());
}

async function waits(reading: Promise<BufResult>): Promise<BufResult> {
  const result = await reading;
  await direct(6, 2);
  check(result, 70);
  return result;
}

/** A method that overrides a fresh one may keep what it returns, and is found out. */
class Keeper extends File {
  last: Promise<BufResult> | null = null;

  constructor() {
    super(1, "nowhere", 0);
  }

  read(buf: Vec<u8>): Promise<BufResult> {
    const reading = super.read(buf);
    this.last = reading;
    return reading;
  }
}

async function overridden(): Promise<void> {
  const keeper = new Keeper();
  keeper.cursor = 80;
  const source: File = keeper;
  const result = await source.read(buffer());
  await direct(7, 5);
  check(result, 80);
  assert(keeper.last!.unwrap() == result);
  const other: AsyncRead = keeper;
  check(await other.read(buffer()), 112);
}

/** Whatever stands behind it makes a promise for each call, and keeps none. */
interface Positioned {
  readAt(buf: Vec<u8>, offset: u64): Promise<BufResult>;
}

class Direct implements Positioned {
  file: File = file(1);

  // @ts-ignore: decorator
  @fresh
  readAt(buf: Vec<u8>, offset: u64): Promise<BufResult> {
    return this.file.readAt(buf, offset);
  }
}

class Careful implements Positioned {
  file: File = file(2);
  last: Promise<BufResult> | null = null;

  async readAt(buf: Vec<u8>, offset: u64): Promise<BufResult> {
    const reading = this.file.readAt(buf, offset);
    this.last = reading;
    const result = await reading;
    check(result, <i32>offset);
    return result;
  }
}

/** Nothing but async functions stand behind this one, and they have no value. */
interface Step {
  run(): Promise<void>;
}

class Yielding implements Step {
  async run(): Promise<void> {
    await yieldNow();
  }
}

async function behindInterface(careful: bool): Promise<void> {
  const step: Step = new Yielding();
  await step.run();
  const source: Positioned = careful ? new Careful() : new Direct();
  let buf = buffer();
  for (let i = 0; i < 20; i++) {
    const result = await source.readAt(buf, 11 + i);
    await direct(9, 2);
    check(result, 11 + i);
    if (source instanceof Careful) assert((source as Careful).last!.unwrap() == result);
    buf = result.buf;
  }
}

/** One that is cancelled completes before it serves again. */
async function cancelled(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const task = reads(i);
    if (i & 1) await yieldNow();
    task.cancel();
    const other = direct(8, 3);
    const result = await task;
    if (result.isErr) assert(result.error.kind == ErrorKind.Cancelled && !result.buf.isLent);
    else check(result, i);
    await other;
  }
}

async function reads(offset: i32): Promise<BufResult> {
  return await file(2).readAt(buffer(), offset);
}

/** It calls itself, and so by a promise that nobody else has, which has no value. */
async function recursive(depth: i32): Promise<void> {
  await direct(depth, 2);
  if (depth > 0) await recursive(depth - 1);
}

export async function main(): Promise<void> {
  for (let i = 0; i < 3; i++) await had();
  const tasks = new Array<Promise<void>>();
  for (let i = 0; i < 40; i++) tasks.push(direct(i, 50));
  for (let i = 0; i < 10; i++) tasks.push(kept());
  for (let i = 0; i < 10; i++) tasks.push(had());
  const sums = new Array<Promise<i32>>();
  for (let i = 0; i < 20; i++) sums.push(looked(i, 30));
  for (let i = 0; i < 10; i++) tasks.push(shared());
  for (let i = 0; i < 5; i++) tasks.push(overridden());
  for (let i = 0; i < 10; i++) tasks.push(behindInterface((i & 1) == 0));
  for (let i = 0; i < 5; i++) tasks.push(cancelled());
  for (let i = 0; i < 5; i++) tasks.push(recursive(i));
  for (let i = 0; i < tasks.length; i++) await tasks[i];
  for (let i = 0; i < sums.length; i++) assert(await sums[i] == 30 * 64);
}
