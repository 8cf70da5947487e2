import { Errno } from "std/abi/errno";
import { ErrorKind } from "std/error";
import { select, spawn, yieldNow } from "std/rt";
import { Duration, Instant, sleep, timeout } from "std/time";
import { Vec } from "std/vec";
import { close, echo, open, read, Tally } from "./operations";

export function collect(): void {
  __collect();
}

let trace: string = "";

/** Waits until a promise has settled, without awaiting it. */
async function settled<T>(promise: Promise<T>): Promise<void> {
  while (promise.isPending) await yieldNow();
}

async function sleeper(): Promise<i32> {
  trace += "a";
  await sleep(Duration.fromSecs(1000));
  trace += "never";
  return 1;
}

async function outer(inner: Promise<i32>): Promise<i32> {
  const value = await inner;
  trace += "never";
  return value;
}

/** A sleep that is cancelled takes the tasks along that await it, through all levels. */
async function throughTasks(): Promise<void> {
  trace = "";
  const inner = sleeper();
  const task = outer(inner);
  task.cancel();
  await settled(task);
  assert(task.isCancelled && inner.isCancelled && trace == "a", trace);
  task.cancel();
  inner.cancel();
}

/** Where others wait too, the cancelled task leaves alone. */
async function leavesAlone(): Promise<void> {
  trace = "";
  const shared = new Promise<i32>();
  const one = outer(shared);
  const two = outer(shared);
  const three = outer(shared);
  two.cancel();
  assert(two.isCancelled && shared.isPending && one.isPending && three.isPending);
  shared.fulfill(4);
  assert((await one) == 4 && (await three) == 4);
  const last = new Promise<i32>();
  const four = outer(last);
  const five = outer(last);
  five.cancel();
  four.cancel();
  await settled(four);
  assert(four.isCancelled && five.isCancelled && last.isPending, "what is made by hand stays");
}

async function awaitsCancelled(promise: Promise<i32>): Promise<void> {
  const local = new Vec<string>();
  local.push("held");
  await promise;
  trace += "never";
}

/** What awaits something that is cancelled already becomes cancelled too. */
async function alreadyCancelled(): Promise<void> {
  trace = "";
  const gone = new Promise<i32>();
  gone.cancel();
  const task = awaitsCancelled(gone);
  assert(task.isCancelled && trace == "");
  const second = awaitsCancelled(gone);
  await settled(second);
  assert(second.isCancelled);
}

async function reader(buf: Vec<u8>): Promise<i64> {
  const result = await read(buf, 1, 10);
  assert(!buf.isLent, "the buffer is back");
  if (result.isErr) {
    assert(result.error.kind == ErrorKind.Cancelled && result.error.errno == Errno.ECANCELED);
    // The host's code, unless the host never saw it.
    assert(result.error.osCode == 99 || result.error.osCode == 0);
    return -1;
  }
  return result.n;
}

/** An operation completes all the same, with the error or with its result, and gives back. */
async function operations(): Promise<void> {
  for (let i = 0; i < 8; i++) {
    const buf = Vec.withCapacity<u8>(16);
    const task = reader(buf);
    await yieldNow();
    assert(buf.isLent);
    task.cancel();
    task.cancel();
    assert(buf.isLent, "a request does not give it back");
    const n = await task;
    assert(n == -1 || n == 16);
    // Never seen by the host: cancelled before the batch went out.
    const early = Vec.withCapacity<u8>(16);
    const never = reader(early);
    const sent = echo(9);
    never.cancel();
    assert((await never) == -1);
    assert((await sent) == 9);
  }
}

async function persistent(): Promise<string> {
  let isTold = (await echo(1, 9)) != 1;
  if (!isTold) isTold = (await echo(2, 9)) != 2;
  return (isTold ? "told, " : "done, ") + ((await close(9)) == 0 ? "closed" : "not closed");
}

/** A request stays until a wait has ended early, and leaves alone what is shielded. */
async function levelTriggered(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    const task = persistent();
    await yieldNow();
    task.cancel();
    task.cancel();
    const text = await task;
    assert(text == "told, closed", text);
  }
  const closing = close(3);
  closing.cancel();
  assert((await closing) == 0, "closing cannot be cancelled");
}

/** A resource that came too late is disposed of. */
async function lateResources(): Promise<void> {
  Tally.opened = 0;
  Tally.disposed = 0;
  for (let i = 0; i < 16; i++) {
    const opening = open(5);
    await yieldNow();
    opening.cancel();
    assert((await opening) == -Errno.ECANCELED);
  }
  assert(Tally.opened == 0);
  assert((await open(1)) == 7 && Tally.opened == 1);
}

async function losers(): Promise<void> {
  const buf = Vec.withCapacity<u8>(8);
  const won = await select(sleep(Duration.fromMillis(1)), read(buf, 3, 50));
  assert(won.index == 0 || won.second.n == 8);
  assert(!buf.isLent, "the loser has been waited for");
  const gone = new Promise<i32>();
  gone.cancel();
  const task = spawn(Promise.race([gone, gone]));
  await settled(task);
  assert(task.isCancelled, "nobody won");
  const pending = new Promise<i32>();
  const all = Promise.all([pending, gone]);
  await settled(all);
  assert(all.isCancelled && pending.isPending);
  const lost = new Promise<i64>();
  lost.cancel();
  const rest = await Promise.race<i64>([lost, slow(3), lost]);
  assert(rest == 5, "one that is cancelled cannot win");
  const other = await select(gone, echo(6));
  assert(other.isSecond && other.second == 6);
  const soon = new Promise<i32>();
  const none = select(gone, soon);
  await yieldNow();
  assert(none.isPending);
  soon.cancel();
  await settled(none);
  assert(none.isCancelled, "there is nobody left");
  const one = new Promise<i32>();
  const either = select(one, sleep(Duration.fromSecs(50)));
  either.cancel();
  await settled(either);
  assert(either.isCancelled && one.isPending);
}

async function slow(turns: u32): Promise<i64> {
  return await echo(5, turns);
}

async function timeouts(): Promise<void> {
  const fine = await timeout(slow(1), Duration.fromSecs(1));
  assert(fine.isOk && fine.unwrap() == 5);
  const late = await timeout(new Promise<i32>(), Duration.fromMillis(1));
  assert(late.isErr && late.error.kind == ErrorKind.TimedOut, late.error.message);
  const nothing = await timeout(sleep(Duration.fromNanos(10)), Duration.fromSecs(1));
  assert(nothing.isOk);
  nothing.unwrap();
  const buf = Vec.withCapacity<u8>(8);
  const raced = await timeout(read(buf, 3, 0), Duration.fromNanos(0));
  // Either it came too late to be cancelled, and is told, or it timed out.
  assert(!buf.isLent);
  if (raced.isOk) assert(raced.unwrap().n == 8);
}

/** What will never be is not waited for: the rest of the test ends before any of these spans. */
async function cancelledTimeouts(): Promise<void> {
  const span = Duration.fromSecs(1_000_000);
  const start = Instant.now();
  const gone = new Promise<i32>();
  gone.cancel();
  const never = await timeout(gone, span);
  assert(never.isErr && never.error.kind == ErrorKind.Cancelled, "it was cancelled before");
  const promise = new Promise<i32>();
  const waiting = timeout(promise, span);
  await yieldNow();
  promise.cancel();
  assert((await waiting).error.kind == ErrorKind.Cancelled, "it is cancelled meanwhile");
  const task = sleep(span);
  const inner = timeout(task, span);
  const outer = timeout(inner, span);
  task.cancel();
  const told = await outer;
  assert(told.unwrap().error.kind == ErrorKind.Cancelled, "the outer one is told the inner's end");
  const buf = Vec.withCapacity<u8>(8);
  const reading = read(buf, 3, 50);
  const limited = timeout(reading, span);
  await yieldNow();
  reading.cancel();
  const partial = await limited;
  assert(partial.isOk && !buf.isLent, "an operation that was cancelled has a result to tell");
  const whole = timeout(sleep(span), span);
  await yieldNow();
  whole.cancel();
  await settled(whole);
  assert(whole.isCancelled, "the whole was cancelled, not what it waits for");
  assert(start.elapsed() < span, "nobody waited");
}

async function selfCancelling(box: Array<Promise<void>>): Promise<void> {
  await yieldNow();
  box[0].cancel();
  trace += "x";
  await sleep(Duration.fromSecs(10));
  trace += "never";
}

async function itself(): Promise<void> {
  trace = "";
  const box = new Array<Promise<void>>();
  const task = selfCancelling(box);
  box.push(task);
  await settled(task);
  assert(task.isCancelled && trace == "x", trace);
}

async function forever(): Promise<void> {
  while (true) await yieldNow();
}

export async function main(): Promise<void> {
  await throughTasks();
  await leavesAlone();
  await alreadyCancelled();
  await operations();
  await levelTriggered();
  await lateResources();
  await losers();
  await timeouts();
  await cancelledTimeouts();
  await itself();
  const endless = forever();
  await yieldNow();
  endless.cancel();
  assert(endless.isCancelled, "a task that yields can be cancelled");
}
