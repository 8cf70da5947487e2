/** A guest in an application's event loop: what it does, its first argument says. */
import { args } from "std/env";
import { File, readToString } from "std/fs";
import { print, println, stdin } from "std/io";
import { exit } from "std/process";
import { yieldNow } from "std/rt";
import { Duration, sleep, timeout } from "std/time";
import { Vec } from "std/vec";

export async function main(): Promise<i32> {
  const given = args();
  const what = given[1];
  if (what == "sleep") {
    for (let i = 0; i < 5; i++) await sleep(Duration.fromMillis(10));
    return 5;
  }
  if (what == "read") {
    const file = (await File.open(given[2])).unwrap();
    let buffer = Vec.withCapacity<u8>(4096);
    for (let i = 0; i < 20_000; i++) {
      const read = await file.readAt(buffer, 0);
      read.unwrap();
      buffer = read.buf;
    }
    return 6;
  }
  if (what == "print") {
    print("first, ");
    println("x".repeat(i32.parse(given[3])));
    if (given[2] == "exit") exit(3);
    if (given[2] == "trap") unreachable();
    if (given[2] == "panic") throw new Error("of its own");
    return 3;
  }
  if (what == "busy") while (true) await yieldNow();
  if (what == "wait") {
    const read = await stdin().read(Vec.withCapacity<u8>(100));
    const told = await println("read " + read.unwrap().toString());
    return told.isOk ? 7 : 1;
  }
  if (what == "late") {
    const read = await timeout(stdin().read(Vec.withCapacity<u8>(100)), Duration.fromMillis(20));
    return read.isErr ? 8 : 1;
  }
  if (what == "files") {
    const text = await readToString(given[2]);
    const told = await println(text.isOk ? text.unwrap() : text.error.toString());
    return told.isOk ? 9 : 1;
  }
  if (what == "deadlock") await new Promise<void>();
  if (what == "panic") throw new Error("of its own");
  return 0;
}
