import { join, select, spawn, yieldNow } from "std/rt";
import { Duration, sleep } from "std/time";
import { Vec } from "std/vec";
import { echo, read } from "./operations";

// Many tasks hold graphs of objects while they wait for this and that, and look whether what they
// hold is still what it was; meanwhile others make garbage, and the collector is always at work.

export function collect(): void {
  __collect();
}

let seed: u32 = 12345;

function random(limit: u32): u32 {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed % limit;
}

class Link {
  next: Link | null = null;
  twin: string;

  constructor(readonly value: i32) {
    this.twin = value.toString();
  }
}

function chain(length: i32, value: i32): Link {
  const first = new Link(value);
  let last = first;
  for (let i = 1; i < length; i++) {
    const link = new Link(value + i);
    last.next = link;
    last = link;
  }
  return first;
}

function check(first: Link, length: i32, value: i32): void {
  let link: Link | null = first;
  for (let i = 0; i < length; i++) {
    assert(link != null && link.value == value + i && link.twin == (value + i).toString());
    link = link!.next;
  }
  assert(link == null);
}

function garbage(): void {
  let text = "";
  for (let i = 0; i < 8; i++) text += i.toString();
  chain(4, 1000);
  if (random(64) == 0) __collect();
}

async function waits(): Promise<Link> {
  garbage();
  switch (random(6)) {
    case 0: await yieldNow(); break;
    case 1: await echo(1, random(3)); break;
    case 2: await sleep(Duration.fromNanos(random(5))); break;
    case 3: await select(echo(2), sleep(Duration.fromMillis(1))); break;
    case 4: await join(echo(2, 1), yieldNow()); break;
    default: {
      const buf = Vec.withCapacity<u8>(32);
      const result = await read(buf, 5, random(2));
      assert(result.n == 32 && buf[31] == 36);
    }
  }
  return chain(2, 77);
}

async function holds(depth: i32): Promise<i32> {
  const length = 1 + <i32>random(6);
  const value = <i32>random(1000);
  const first = chain(length, value);
  garbage();
  let sum = 0;
  const text = `text ${value}`;
  for (let i = 0; i < 3; i++) {
    const extra = chain(2, i);
    const got = await waits();
    check(got, 2, 77);
    check(extra, 2, i);
    check(first, length, value);
    // Both operands are held while the second one is awaited.
    sum += chain(3, value).value + (await waits()).value - 77;
    if (depth > 0 && random(3) == 0) sum += (await holds(depth - 1)) & 0;
    assert(text == `text ${value}`);
  }
  assert(sum == 3 * value);
  return sum;
}

async function abandoned(): Promise<void> {
  const kept = chain(50, 1);
  await new Promise<i32>();
  check(kept, 50, 1);
}

async function cancelled(): Promise<void> {
  const kept = chain(50, 1);
  await sleep(Duration.fromSecs(1000));
  check(kept, 50, 1);
}

async function worker(rounds: i32): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    await holds(3);
    spawn(abandoned());
    const task = cancelled();
    if (random(2)) await yieldNow();
    task.cancel();
  }
}

export async function main(): Promise<void> {
  const tasks = new Array<Promise<void>>();
  for (let i = 0; i < 40; i++) tasks.push(worker(25));
  for (let i = 0; i < tasks.length; i++) await tasks[i];
}
