/** Uses `std/tty` as apps do. Argument: the case. What it shows tells the test when to go on. */
import { args } from "std/env";
import { Error, ErrorKind, Result, println, stdin, stdout, writeAll } from "std/io";
import { select } from "std/rt";
import { Mode, Size, Tty, isTerminal, setMode, size } from "std/tty";
import { Duration, sleep, timeout } from "std/time";
import { Vec } from "std/vec";
import { MOMENTS, cancelAt, ended, moved } from "./cancelling";
import { check, equal, fails, text } from "./check";

export async function main(): Promise<i32> {
  const name = args()[1];
  if (name == "keys") await keys();
  else if (name == "lines") await lines();
  else if (name == "line") await line();
  else if (name == "sizes") await sizes();
  else if (name == "waits") await waits();
  else if (name == "exit") await raw();
  else if (name == "panic") await panics();
  else if (name == "trap") await traps();
  else if (name == "cooked") await cooked();
  else if (name == "typed") await typed();
  else if (name == "given up") await givenUp();
  else if (name == "device") await device();
  else if (name == "two") await two();
  else if (name == "none") await none();
  else return 3;
  await println("ok");
  return 0;
}

function terminal(): Tty {
  return Tty.stdio().unwrap();
}

async function say(line: string): Promise<void> {
  (await println(line)).unwrap();
}

async function read(tty: Tty, room: i32 = 100): Promise<string> {
  const came = await tty.read(Vec.withCapacity<u8>(room));
  check(came.isOk, came.isErr ? came.error.message : "");
  return text(came.buf);
}

/** Every key as it is typed, Ctrl-C and Ctrl-D among them. */
async function keys(): Promise<void> {
  const tty = terminal();
  tty.setMode(Mode.Raw).unwrap();
  await say("ready");
  const typed: string[] = ["a", "\x03", "\x04", "\r", "\x1b[A", "\x1a"];
  for (let i = 0; i < typed.length; i++) {
    equal(await read(tty), typed[i], "what was typed");
    await writeAll(tty, Vec.fromString(`key ${i}\n`));
  }
  tty.setMode(Mode.Cooked).unwrap();
}

async function lines(): Promise<void> {
  const tty = terminal();
  await say("ready");
  equal(await read(tty), "one\n", "a line");
  equal(await read(tty, 2), "tw", "the beginning of a line");
  equal(await read(tty), "o\n", "its rest");
  equal(await read(tty), "", "Ctrl-D is the end");
}

/** Reads while the test has somebody else in front. */
async function line(): Promise<void> {
  const reading = read(terminal());
  await say("ready");
  equal(await reading, "line\n", "the line, once it is in front");
}

function told(found: Size): string {
  return `${found.columns}x${found.rows}`;
}

async function sizes(): Promise<void> {
  const tty = terminal();
  equal(told(size().unwrap()), "80x24", "the size");
  const first = tty.resized();
  await say(told(tty.size().unwrap()));
  await say(told((await first).unwrap()));
  await say(told((await tty.resized()).unwrap()));
  for (let i = 0; i < 3; i++) {
    const words = "size stdout terminal does not know its size";
    fails(await tty.resized(), ErrorKind.Unsupported, words);
    fails(size(), ErrorKind.Unsupported, words);
    await say("no size");
  }
  const none = await select(tty.resized(), sleep(Duration.fromMillis(1)));
  check(none.isSecond, "nothing has changed");
}

async function raw(): Promise<void> {
  terminal().setMode(Mode.Raw).unwrap();
  await say("ready");
  await read(terminal(), 1);
}

async function waits(): Promise<void> {
  await raw();
  await sleep(Duration.fromSecs(1000));
}

async function panics(): Promise<void> {
  await raw();
  throw new Error("on purpose");
}

async function traps(): Promise<void> {
  await raw();
  unreachable();
}

async function cooked(): Promise<void> {
  const tty = terminal();
  tty.setMode(Mode.Cooked).unwrap();
  tty.setMode(Mode.Raw).unwrap();
  tty.setMode(Mode.Raw).unwrap();
  await raw();
  tty.setMode(Mode.Cooked).unwrap();
  await say("cooked");
  await read(tty);
}

/** Takes one key, and leaves the others to whoever reads next. */
async function typed(): Promise<void> {
  const tty = terminal();
  tty.setMode(Mode.Raw).unwrap();
  await say("ready");
  equal(await read(tty, 1), "a", "one key");
}

/** Reads that are cancelled take nothing. */
async function givenUp(): Promise<void> {
  const tty = terminal();
  tty.setMode(Mode.Raw).unwrap();
  for (let i = 0; i < 50; i++) {
    const early = await timeout(tty.read(Vec.withCapacity<u8>(10)), Duration.fromMicros(i * 20));
    fails(early, ErrorKind.TimedOut, "timed out");
  }
  await say("ready");
  let all = "";
  while (all.length < 26) {
    const one = await timeout(tty.read(Vec.withCapacity<u8>(1)), Duration.fromMicros(50));
    if (one.isOk) all += text(one.unwrap().buf);
  }
  equal(all, "abcdefghijklmnopqrstuvwxyz", "every key once");
}

/** Two reads at once: each key goes to one of them, and the other goes on waiting. */
async function two(): Promise<void> {
  const tty = terminal();
  tty.setMode(Mode.Raw).unwrap();
  const reads = [tty.read(Vec.withCapacity<u8>(9)), tty.read(Vec.withCapacity<u8>(9))];
  await say("ready");
  while (reads[0].isPending && reads[1].isPending) await sleep(Duration.fromMillis(1));
  check(reads[0].isPending != reads[1].isPending, "one of them has it");
  await say("one");
  const both = await Promise.all(reads);
  const keys = text(both[0].buf) + text(both[1].buf);
  check(keys == "xy" || keys == "yx", "each has one: " + keys);
}

/** The terminal that controls the process, opened as a file; closed while it is raw. */
async function device(): Promise<void> {
  const opened = (await Tty.open()).unwrap();
  equal(told(opened.size().unwrap()), "80x24", "the size");
  opened.setMode(Mode.Raw).unwrap();
  await writeAll(opened, Vec.fromString("ready\n"));
  equal(await read(opened), "x", "a key");
  const early = timeout(opened.read(Vec.withCapacity<u8>(10)), Duration.fromMillis(1));
  fails(await early, ErrorKind.TimedOut, "timed out");
  (await opened.close()).unwrap();
  check(opened.size().isErr, "it is closed");
  for (let moment = 0; moment < MOMENTS; moment++) {
    await cancelAt(moment, openedTty(Tty.open()), "open /dev/tty");
    const tty = (await Tty.open()).unwrap();
    await cancelAt(moment, moved(tty.write(Vec.fromString("."))), "write /dev/tty");
    const resized = await cancelAt(moment, ended(tty.resized()), "SIGWINCH");
    check(resized !== null, "it has the size that it had");
    check((await tty.close()).isOk, "close");
  }
  await say("closed");
  await read(terminal());
}

async function openedTty(opening: Promise<Result<Tty>>): Promise<Error | null> {
  const result = await opening;
  if (result.isErr) return result.error;
  check((await result.unwrap().close()).isOk, "close");
  return null;
}

async function none(): Promise<void> {
  check(!isTerminal(stdin()) && !isTerminal(stdout()), "pipes are no terminals");
  const wanted = "not a terminal ENOTTY";
  fails(Tty.stdio(), ErrorKind.NotATerminal, 'terminal "stdin": ' + wanted);
  fails(size(), ErrorKind.NotATerminal, 'size "stdout": ' + wanted);
  fails(setMode(stdin(), Mode.Raw), ErrorKind.NotATerminal, 'set mode "stdin": ' + wanted);
}
