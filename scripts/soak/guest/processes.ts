/** Children: talked to, waited for, killed, detached, and programs that are not there. */
import { ErrorKind, readToEnd, writeAll } from "std/io";
import { Child, Command, Stdio } from "std/process";
import { Duration, sleep, timeout } from "std/time";
import { Vec } from "std/vec";
import { below, check, done, isPattern, isRunning, pattern, sound, soundTransfer } from "./state";

/** One child after the other. */
export async function useProcesses(): Promise<void> {
  while (isRunning()) {
    await converse();
    await giveUp();
    check(sound(await new Command("true").status(), "status").success, "true");
    const missing = await new Command("/there/is/no/such/program").spawn();
    check(missing.isErr && missing.error.kind == ErrorKind.NotFound, "no such program");
    // It ends as soon as its input does, which is after nobody cares for it any more.
    sound(await new Command("cat").stdin(Stdio.piped()).spawn(), "spawn").detach();
    done("children");
  }
}

/** What goes into `cat` comes out again. */
async function converse(): Promise<void> {
  const length = below(200_000) + 1;
  const command = new Command("cat").stdin(Stdio.piped()).stdout(Stdio.piped());
  const child = sound(await command.spawn(), "spawn");
  const writing = feed(child, length);
  const all = soundTransfer(await readToEnd(child.stdout!, new Vec<u8>()), "read");
  await writing;
  check(all.buf.length == length && isPattern(all.buf, length, 0, length), "what cat said");
  check(sound(await child.wait(), "wait").success, "cat");
  sound(await child.stdout!.close(), "close");
}

async function feed(child: Child, length: i32): Promise<void> {
  const input = child.stdin!;
  child.stdin = null;
  soundTransfer(await writeAll(input, pattern(length, length)), "write");
  sound(await input.close(), "close");
}

/** A child that does not end by itself, and whoever waits for it. */
async function giveUp(): Promise<void> {
  const child = sound(await new Command("sleep").arg("1000").spawn(), "spawn");
  check((await timeout(child.wait(), Duration.fromMicros(below(3000)))).isErr, "it sleeps");
  sound(await child.kill(), "kill");
  check(!sound(await child.wait(), "wait").success, "it was killed");
  await sleep(Duration.fromMicros(below(1000)));
}
