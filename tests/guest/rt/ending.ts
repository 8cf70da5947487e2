/** How a task that was cancelled ends, whatever its code does. */
import { HandleOwner } from "std/closing";
import { println } from "std/io";
import { join, select, shielded, spawn, yieldNow } from "std/rt";
import { Duration, sleep, timeout } from "std/time";
import { close, echo } from "./operations";

export function collect(): void {
  __collect();
}

let rounds: i32 = 0;
let trace: string = "";

/** Waits until a promise has settled, without awaiting it. */
async function settled<T>(promise: Promise<T>): Promise<void> {
  while (promise.isPending) await yieldNow();
}

/** Long after everything else in this file. */
function never(): Promise<void> {
  return sleep(Duration.fromSecs(1_000_000));
}

// ── Loops that are deaf to errors ──

async function accepts(): Promise<void> {
  while (true) {
    rounds++;
    if ((await echo(1, 50)) < 0) {
      await println("accept: cancelled");
      continue;
    }
  }
}

async function polls(): Promise<void> {
  while (true) {
    rounds++;
    await yieldNow();
  }
}

async function closes(): Promise<void> {
  while (true) {
    rounds++;
    await close(0);
  }
}

async function talks(): Promise<void> {
  while (true) {
    rounds++;
    await println("talk");
  }
}

/** Never settled by anybody, and always at once. */
async function mixes(): Promise<void> {
  while (true) {
    rounds++;
    await Promise.resolve(1);
    await Promise.all([echo(1, 5), echo(2, 5)]);
  }
}

/** Its children are deaf, too, and it is to what becomes of them. */
async function leads(): Promise<void> {
  while (true) {
    rounds++;
    const limited = await timeout(accepts(), Duration.fromSecs(50));
    if (limited.isErr) await Promise.race([accepts(), accepts()]);
  }
}

/** Each attempt begins the next one. */
async function retries(): Promise<void> {
  rounds++;
  const n = await echo(3, 50);
  if (n < 0) await select(retries(), never());
}

/** As a function value, which is always a task of its own. */
async function indirectly(): Promise<void> {
  const attempt: () => Promise<void> = retries;
  while (true) await attempt();
}

async function deafLoops(): Promise<void> {
  const loops: Array<() => Promise<void>> = [accepts, polls, mixes, leads, retries, indirectly];
  for (let i = 0; i < loops.length; i++) {
    for (let turns = 0; turns < 4; turns++) {
      const loop = loops[i]();
      for (let turn = 0; turn < turns; turn++) await yieldNow();
      rounds = 0;
      const ended = await select(yieldNow(), loop);
      assert(ended.isFirst && !loop.isPending, i.toString());
      assert(rounds <= 5, `loop ${i} went round ${rounds} times`);
    }
  }
  const patient: Array<() => Promise<void>> = [closes, talks];
  for (let i = 0; i < patient.length; i++) {
    const loop = patient[i]();
    await yieldNow();
    rounds = 0;
    loop.cancel();
    await settled(loop);
    assert(loop.isCancelled && rounds < 2100, `loop ${i} went round ${rounds} times`);
  }
}

// ── Cleaning up ──

async function cleansUp(): Promise<void> {
  trace = "";
  const n = await echo(1, 50);
  trace += n < 0 ? "told " : "done ";
  if (n == 1) trace += (await echo(2, 50)) < 0 ? "told " : "done ";
  if ((await close(2)) == 0) trace += "closed ";
  if ((await println("last words")).isOk) trace += "said ";
  if ((await shielded(echo(7, 3))) == 7) trace += "waited ";
  if ((await shielded(thorough())) == 5) trace += "more ";
  await join(close(1), close(2));
  trace += "joined";
  await echo(3, 1);
  trace += " never";
}

async function thorough(): Promise<i64> {
  await sleep(Duration.fromMillis(1));
  return await echo(5, 2);
}

async function cleaning(): Promise<void> {
  const task = cleansUp();
  await yieldNow();
  const ended = await select(yieldNow(), task);
  assert(ended.isFirst && task.isCancelled);
  assert(trace.endsWith("told closed said waited more joined"), trace);
}

async function endless(): Promise<void> {
  while (true) {
    rounds++;
    await shielded(never());
  }
}

/** A first request waits for what is shielded, a second one does not. */
async function twice(): Promise<void> {
  rounds = 0;
  const task = endless();
  task.cancel();
  for (let i = 0; i < 10; i++) await yieldNow();
  assert(task.isPending && rounds == 1);
  task.cancel();
  await settled(task);
  assert(task.isCancelled && rounds == 1, "it ends there");
  const inner = timeout(endless(), Duration.fromMillis(1));
  const outer = await timeout(inner, Duration.fromMillis(5));
  assert(outer.isErr || outer.unwrap().isErr, "a timeout in a timeout is a second request");
  const asked = endless();
  asked.cancel();
  asked.cancel();
  await settled(asked);
}

// ── What others have ──

async function waitsFor(flag: Promise<i32>): Promise<i32> {
  return await flag;
}

/** A promise made by hand serves for many rounds. */
async function stopFlag(): Promise<void> {
  const stop = new Promise<i32>();
  for (let round = 0; round < 3; round++) {
    const won = await select(stop, sleep(Duration.fromNanos(1)));
    assert(won.isSecond && stop.isPending);
    assert((await timeout(stop, Duration.fromNanos(1))).isErr && stop.isPending);
    assert((await Promise.race([stop, echoed()])) == 9 && stop.isPending);
    assert((await timeout(waitsFor(stop), Duration.fromNanos(1))).isErr && stop.isPending);
  }
  const waiting = spawn(waitsFor(stop));
  stop.fulfill(6);
  assert((await waiting) == 6 && (await select(stop, never())).first == 6);
  const gone = new Promise<i32>();
  gone.cancel();
  assert(gone.isCancelled, "who cancels it by name does");
}

async function echoed(): Promise<i32> {
  return <i32>(await echo(9, 1));
}

// ── What is left ──

class Held extends HandleOwner {
  constructor(handle: u32) {
    super(handle, `held ${handle}`);
  }
}

let kept: Held | null = null;

async function holds(argument: Held): Promise<void> {
  const own = new Held(12);
  const shared = new Held(13);
  kept = shared;
  const all = [own, shared, new Held(14)];
  await never();
  trace += all.length.toString();
}

/** A function of its own: the caller of `holds` has the argument as long as it runs. */
function begins(): Promise<void> {
  return holds(new Held(11));
}

async function leaves(): Promise<void> {
  const either = await select(sleep(Duration.fromNanos(1)), begins());
  for (let i = 0; i < 40; i++) await yieldNow();
  assert(either.isFirst && kept!.handle == 13);
}

export async function main(): Promise<void> {
  await deafLoops();
  await cleaning();
  await twice();
  await stopFlag();
  await leaves();
}
