// Many tasks asleep at the same time, each for one to two seconds: `sleepers COUNT`.
import { args } from "std/env";
import { println } from "std/io";
import { Duration, sleep } from "std/time";

let awake: i32 = 0;
let state: u32 = 1;

async function sleeper(milliseconds: u32): Promise<void> {
  await sleep(Duration.fromMillis(milliseconds));
  awake++;
}

export async function main(): Promise<void> {
  const count = I32.parseInt(args()[1]);
  const tasks = new Array<Promise<void>>();
  for (let index = 0; index < count; index++) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    tasks.push(sleeper(1000 + state % 1000));
  }
  await println("asleep");
  for (let index = 0; index < count; index++) await tasks[index];
  await println(`awake=${awake}`);
  await sleep(Duration.fromMillis(60_000));
}
