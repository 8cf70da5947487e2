/** What waits and is given up: sleeps, reads, accepts, opens; and garbage. */
import { File, OpenOptions } from "std/fs";
import { ErrorKind, Result } from "std/io";
import { TcpListener } from "std/net";
import { select } from "std/rt";
import { Duration, sleep, timeout } from "std/time";
import { Vec } from "std/vec";
import { below, check, done, isPattern, isRunning, pattern, sound, soundTransfer } from "./state";

function millis(limit: i32): Duration {
  return Duration.fromMicros(below(limit * 1000));
}

/** Sleeps of which half are given up. */
export async function useTimers(): Promise<void> {
  while (isRunning()) {
    const both = await select(sleep(millis(3)), sleep(millis(3)));
    check(both.isFirst || both.isSecond, "one of two");
    const sleeps = new Array<Promise<void>>();
    for (let i = 0; i < 100; i++) sleeps.push(sleep(millis(20)));
    for (let i = 0; i < 100; i += 2) sleeps[i].cancel();
    for (let i = 1; i < 100; i += 2) await sleeps[i];
    done("sleeps");
  }
}

/** A FIFO whose bytes come late, early or never: none may get lost to a read that was given up. */
export async function useFifo(path: string): Promise<void> {
  while (isRunning()) {
    await giveUpOpening(path);
    const both = sound(await new OpenOptions().read().write().open(path), "open both");
    let buf = Vec.withCapacity<u8>(100);
    for (let i = 0; i < 20; i++) {
      const reading = both.read(buf);
      const waited = await timeout(reading, millis(2));
      check(waited.isErr, "nothing to read");
      buf = Vec.withCapacity<u8>(100);
      soundTransfer(await both.write(pattern(50, i)), "write");
      const result = soundTransfer(await both.read(buf), "read");
      check(result.n == 50 && isPattern(result.buf, 50, 0, i), "what was written");
      buf = result.buf;
      done("given-up");
    }
    sound(await both.close(), "close");
  }
}

/** An open that waits for a writer. Whoever comes later lets its thread go, where it has one. */
async function giveUpOpening(path: string): Promise<void> {
  const opened: Result<Result<File>> = await timeout(File.open(path), millis(2));
  if (opened.isOk) sound(await sound(opened.unwrap(), "open").close(), "close");
  else check(opened.error.kind == ErrorKind.TimedOut, "open: " + opened.error.message);
}

/** Accepts that nobody comes to. */
export async function useAccepts(): Promise<void> {
  while (isRunning()) {
    const listener = sound(await TcpListener.bind("127.0.0.1:0"), "bind");
    for (let i = 0; i < 5; i++) {
      check((await timeout(listener.accept(), millis(3))).isErr, "nobody came");
    }
    sound(await listener.close(), "close");
    done("accepts");
  }
}

/** Garbage of all sizes, some of it alive for a while. */
export async function useMemory(): Promise<void> {
  const kept = new Array<string>(50);
  while (isRunning()) {
    for (let i = 0; i < 200; i++) kept[below(50)] = "garbage ".repeat(below(200));
    const table = new Map<i32, Vec<u8>>();
    for (let i = 0; i < 50; i++) table.set(below(1000), pattern(below(2000), i));
    check(table.size > 0, "table");
    done("garbage");
    await sleep(millis(5));
  }
}
