import { join, select, spawn, yieldNow } from "std/rt";
import { Duration, sleep } from "std/time";
import { echo, say, stubborn, Tally } from "./operations";

export function collect(): void {
  __collect();
}

let order: string = "";

async function step(name: string, times: i32): Promise<void> {
  for (let i = 0; i < times; i++) {
    order += name;
    await yieldNow();
  }
}

/** Tasks that yield take turns, in the order in which they began. */
async function takesTurns(): Promise<void> {
  order = "";
  const a = step("a", 3);
  const b = step("b", 2);
  const c = step("c", 3);
  assert(order == "abc", "a call runs at once up to its first suspension");
  await c;
  await a;
  await b;
  assert(order == "abcabcac", order);
}

async function waitsFor(promise: Promise<i32>, name: string): Promise<i32> {
  const value = await promise;
  order += name;
  return value;
}

/** Any number of tasks await one promise; they go on in the order in which they came. */
async function manyWaiters(): Promise<void> {
  order = "";
  const promise = new Promise<i32>();
  const tasks = new Array<Promise<i32>>();
  for (let i = 0; i < 26; i++) tasks.push(waitsFor(promise, String.fromCharCode(97 + i)));
  assert(promise.isPending);
  promise.fulfill(5);
  promise.fulfill(6);
  promise.cancel();
  assert(promise.isFulfilled && promise.unwrap() == 5, "settles once");
  assert(order == "", "nobody runs inside of fulfill");
  const values = await Promise.all(tasks);
  assert(order == "abcdefghijklmnopqrstuvwxyz", order);
  for (let i = 0; i < 26; i++) assert(values[i] == 5);
  assert((await promise) == 5 && (await promise) == 5, "may be awaited again");
}

class Shape {
  constructor(public name: string, public size: f64) {}
}

interface Named {
  title(): string;
}

class Person implements Named {
  title(): string {
    return "person";
  }
}

async function later<T>(value: T): Promise<T> {
  await echo(1);
  return value;
}

/** Values of every type come through, those that are two words wide included. */
async function everyType(): Promise<void> {
  assert((await later<i32>(-5)) == -5);
  assert((await later<u8>(250)) == 250);
  assert((await later<bool>(true)) == true);
  assert((await later<i64>(i64.MIN_VALUE + 1)) == i64.MIN_VALUE + 1);
  assert((await later<u64>(u64.MAX_VALUE)) == u64.MAX_VALUE);
  assert((await later<f32>(1.5)) == 1.5);
  assert((await later<f64>(Math.PI)) == Math.PI);
  assert((await later<string>("text")) == "text");
  assert((await later<string | null>(null)) == null);
  assert((await later<Shape>(new Shape("box", 2))).size == 2);
  assert((await later<Named>(new Person())).title() == "person");
  assert((await later<Array<i32>>([1, 2, 3]))[2] == 3);
  assert((await Promise.resolve<f64>(2.5)) == 2.5);
  await Promise.resolve<string>("dropped");
}

async function nothing(): Promise<void> {
  await echo(0, 1);
}

async function deep(depth: i32): Promise<i32> {
  if (depth == 0) {
    await yieldNow();
    return 0;
  }
  const below = deep(depth - 1);
  return (await below) + 1;
}

async function combinators(): Promise<void> {
  const both = await join(later<i32>(1), later<string>("two"));
  assert(both.first == 1 && both.second == "two");
  const either = await select(later<i32>(3), new Promise<string>());
  assert(either.isFirst && !either.isSecond && either.first == 3 && either.index == 0);
  const other = await select(new Promise<i32>(), later<string>("won"));
  assert(other.isSecond && other.second == "won");
  const voids = await select(nothing(), sleep(Duration.fromSecs(100)));
  assert(voids.isFirst);
  voids.first;
  const ready = await select(Promise.resolve<i32>(1), Promise.resolve<i32>(2));
  assert(ready.isFirst, "of those that are ready the first wins");
  assert((await Promise.race([later<i32>(7), new Promise<i32>()])) == 7);
  assert((await Promise.all(new Array<Promise<i32>>())).length == 0);
  const values = await Promise.all([later<string>("x"), Promise.resolve<string>("y")]);
  assert(values[0] == "x" && values[1] == "y");
  const wide = await Promise.all([later<i64>(1 << 40), later<i64>(2)]);
  assert(wide[0] == 1 << 40 && wide[1] == 2);
}

async function retries(): Promise<void> {
  assert((await stubborn()) == 3, "the last try counts");
  assert(Tally.retried == 3);
}

let ended: i32 = 0;

async function background(): Promise<void> {
  await nothing();
  ended++;
}

async function pingPong(mine: Array<Promise<i32>>, theirs: Array<Promise<i32>>): Promise<void> {
  while (!ended) {
    const next = new Promise<i32>();
    mine[0] = next;
    theirs[0].fulfill(1);
    await next;
  }
  theirs[0].fulfill(1);
}

/** Two tasks that go on waking one another do not keep the host from its turn. */
async function noStarving(): Promise<void> {
  ended = 0;
  const a = [new Promise<i32>()];
  const b = [new Promise<i32>()];
  spawn(background());
  const one = pingPong(a, b);
  const two = pingPong(b, a);
  await one;
  await two;
}

export async function main(): Promise<i32> {
  await takesTurns();
  await manyWaiters();
  await everyType();
  assert((await deep(100)) == 100);
  await combinators();
  await retries();
  await noStarving();
  spawn(background());
  await say("all of it");
  return 42;
}
