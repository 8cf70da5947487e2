// What operations in flight cost, on a standard input that never delivers.
// `in-flight memory`: guest memory for each task that awaits a read.
// `in-flight turns FILE WAITING COUNT`: COUNT short reads in a row while WAITING others wait.
import { args } from "std/env";
import { File } from "std/fs";
import { println, stdin } from "std/io";
import { Instant } from "std/time";
import { Vec } from "std/vec";

const pageSize = 65_536;

async function waiter(): Promise<void> {
  await stdin().read(Vec.withCapacity<u8>(1));
}

/** Starts waiters until the memory has grown, and gives their number. */
function fill(): i32 {
  const before = memory.size();
  let started = 0;
  for (; memory.size() == before; started++) waiter();
  return started;
}

async function measureMemory(): Promise<void> {
  // What was there before a growth is unknown; from one growth to the next the waiters fill exactly
  // the pages that were added. Small growths would round too much.
  let added = 0;
  while (added < 8) {
    const before = memory.size();
    fill();
    added = memory.size() - before;
  }
  const bytes = <f64>(added * pageSize) / <f64>fill();
  await println(`bytes=${bytes}`);
}

async function measureTurns(path: string, waiting: i32, count: i32): Promise<void> {
  for (let index = 0; index < waiting; index++) waiter();
  const file = (await File.open(path)).unwrap();
  let buf = Vec.withCapacity<u8>(64);
  let bad = 0;
  const began = Instant.now();
  for (let index = 0; index < count; index++) {
    const read = await file.readAt(buf, 0);
    buf = read.buf;
    if (read.n != 64) bad++;
  }
  const seconds = began.elapsed().asSecsF64();
  if (bad > 0) throw new Error("short reads");
  await println(`seconds=${seconds}`);
}

export async function main(): Promise<void> {
  const given = args();
  if (given[1] == "memory") await measureMemory();
  else await measureTurns(given[2], I32.parseInt(given[3]), I32.parseInt(given[4]));
}
