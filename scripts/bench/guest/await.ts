// Task switches and awaited calls: `await switch|call|task COUNT`. The peer does exactly the same.
import { args } from "std/env";
import { println } from "std/io";
import { yieldNow } from "std/rt";
import { Instant } from "std/time";

const tasks = 1000;
let sum: i32 = 0;

async function switcher(rounds: i32): Promise<void> {
  for (let round = 0; round < rounds; round++) await yieldNow();
  sum += rounds;
}

async function add(a: i32, b: i32): Promise<i32> {
  return a + b;
}

async function switches(count: i32): Promise<void> {
  const all = new Array<Promise<void>>();
  for (let index = 0; index < tasks; index++) all.push(switcher(count / tasks));
  for (let index = 0; index < tasks; index++) await all[index];
}

async function calls(count: i32): Promise<void> {
  for (let index = 0; index < count; index++) sum = await add(sum, index);
}

/** Calls whose promise is kept for a moment, so that each is a task of its own. */
async function startedCalls(count: i32): Promise<void> {
  for (let index = 0; index < count; index++) {
    const promise = add(sum, index);
    sum = await promise;
  }
}

export async function main(): Promise<void> {
  const given = args();
  const count = I32.parseInt(given[2]);
  const began = Instant.now();
  if (given[1] == "switch") await switches(count);
  else if (given[1] == "call") await calls(count);
  else await startedCalls(count);
  const seconds = began.elapsed().asSecsF64();
  await println(`seconds=${seconds} sum=${sum}`);
}
