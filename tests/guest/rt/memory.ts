import { yieldNow } from "std/rt";
import { Duration, sleep } from "std/time";
import { Vec } from "std/vec";
import { echo, read } from "./operations";

// How much memory tasks take, and that none is lost: the host reads the size of the memory.

// @ts-ignore: decorator
@external("std", "which")
declare function which(): i32;

let awake: i32 = 0;

async function sleeper(): Promise<void> {
  await sleep(Duration.fromSecs(1));
  awake++;
}

async function reader(buf: Vec<u8>): Promise<i32> {
  const result = await read(buf, 0, 3);
  awake++;
  return result.n;
}

async function many(count: i32): Promise<void> {
  awake = 0;
  for (let i = 0; i < count; i++) sleeper();
  await sleep(Duration.fromSecs(2));
  assert(awake == count);
}

async function readers(count: i32): Promise<void> {
  awake = 0;
  const empty = new Array<Vec<u8>>();
  for (let i = 0; i < 64; i++) empty.push(Vec.withCapacity<u8>(0));
  // Only so many Vecs, so that they do not count: each is given back before it is lent again.
  while (awake < count) {
    const before = awake;
    for (let i = 0; i < 64; i++) reader(empty[i]);
    while (awake < before + 64) await yieldNow();
  }
}

async function reads(count: i32): Promise<void> {
  awake = 0;
  for (let i = 0; i < count; i++) waitsForEcho();
  while (awake < count) await yieldNow();
}

async function waitsForEcho(): Promise<void> {
  await echo(0, 3);
  awake++;
}

async function garbage(): Promise<void> {
  const kept = Vec.withCapacity<u8>(1000);
  await new Promise<i32>();
  kept.push(1);
}

export async function main(): Promise<void> {
  switch (which()) {
    case 1: await many(100_000); break;
    case 2: await reads(20_000); break;
    case 3: await readers(200_000); break;
    case 4: for (let i = 0; i < 200_000; i++) garbage(); break;
    case 5: for (let i = 0; i < 200_000; i++) sleep(Duration.fromSecs(9)).cancel(); break;
    case 6: for (let i = 0; i < 20; i++) await many(2_000); break;
    case 7: for (let i = 0; i < 200_000; i++) await waitsForEcho(); break;
  }
}
