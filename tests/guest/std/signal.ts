/** Uses `std/signal` as apps do. Argument: the case. What it says tells the test when to go on. */
import { args } from "std/env";
import { BufReader, ErrorKind, Stdin, println, stdin } from "std/io";
import { select, spawn } from "std/rt";
import { Signal, ctrlC, signalName, signalWait } from "std/signal";
import { Duration, sleep, timeout } from "std/time";
import { check, equal, fails } from "./check";

const input = new BufReader(stdin());

export async function main(): Promise<i32> {
  const name = args()[1];
  if (name == "told") await told();
  else if (name == "each") await each();
  else if (name == "several") await several();
  else if (name == "kept") await kept();
  else if (name == "restored") await restored();
  else if (name == "others") await others();
  else if (name == "again") await again();
  else if (name == "timeouts") await timeouts();
  else if (name == "refused") await refused();
  else if (name == "ends") await ends();
  else if (name == "denied") return await denied();
  else return 3;
  await println("ok");
  return 0;
}

async function denied(): Promise<i32> {
  fails(await ctrlC(), ErrorKind.PermissionDenied, "SIGINT");
  return 7;
}

async function say(line: string): Promise<void> {
  (await println(line)).unwrap();
}

/** Waits until the test says to go on. */
async function go(): Promise<void> {
  equal((await input.readLine()).unwrap(), "go\n", "the test goes on");
}

async function told(): Promise<void> {
  const wait = ctrlC();
  await say("ready");
  (await wait).unwrap();
}

async function each(): Promise<void> {
  const signals: Signal[] = [
    Signal.Hangup, Signal.Interrupt, Signal.Quit, Signal.User1, Signal.User2, Signal.Alarm,
    Signal.Terminate, Signal.Continue, Signal.TerminalStop, Signal.TerminalInput,
    Signal.TerminalOutput, Signal.WindowChange,
  ];
  for (let i = 0; i < signals.length; i++) {
    const wait = signalWait(signals[i]);
    await say(signalName(signals[i]));
    (await wait).unwrap();
  }
}

async function several(): Promise<void> {
  const waits = [ctrlC(), ctrlC(), ctrlC()];
  const other = signalWait(Signal.User2);
  await say("ready");
  const all = await Promise.all(waits);
  for (let i = 0; i < all.length; i++) all[i].unwrap();
  check(other.isPending, "another signal has not come");
  other.cancel();
  fails(await other, ErrorKind.Cancelled, "SIGUSR2");
}

/** What comes while nobody waits is kept for the next wait, but for Ctrl-C. */
async function kept(): Promise<void> {
  const first = signalWait(Signal.User2);
  await say("ready");
  (await first).unwrap();
  await say("busy");
  await go();
  (await signalWait(Signal.User2)).unwrap();
  const third = signalWait(Signal.User2);
  await say("third");
  await go();
  check(third.isPending, "each signal fulfils one wait");
  await say("last");
  (await third).unwrap();
}

async function restored(): Promise<void> {
  const first = await select(ctrlC(), go());
  check(first.isSecond, "the work is done first");
  await say("restored");
  await sleep(Duration.fromSecs(1000));
}

/** One of two gives up: the other goes on waiting. */
async function others(): Promise<void> {
  const one = ctrlC();
  const two = ctrlC();
  await go();
  one.cancel();
  one.cancel();
  const early = await one;
  fails(early, ErrorKind.Cancelled, "SIGINT");
  equal(early.error.message, 'wait for signal "SIGINT": cancelled (ECANCELED)', "the message");
  check(one.endedEarly, "it ended early");
  await say("left");
  (await two).unwrap();
  check(!two.endedEarly, "it was told");
}

/** Cancelled, and wanted again, at each moment. */
async function again(): Promise<void> {
  const unseen = ctrlC();
  unseen.cancel();
  const meanwhile = ctrlC();
  fails(await unseen, ErrorKind.Cancelled, "SIGINT");
  check(meanwhile.isPending, "a new wait is not cancelled with the old one");
  await sleep(Duration.fromMillis(1));
  meanwhile.cancel();
  const next = ctrlC();
  fails(await meanwhile, ErrorKind.Cancelled, "SIGINT");
  next.cancel();
  fails(await next, ErrorKind.Cancelled, "SIGINT");
  for (let i = 0; i < 200; i++) {
    const wait = ctrlC();
    if (i % 2 == 0) await sleep(Duration.fromNanos(1));
    wait.cancel();
    fails(await wait, ErrorKind.Cancelled, "SIGINT");
  }
  await told();
}

async function timeouts(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const early = await timeout(signalWait(Signal.User1), Duration.fromMillis(1));
    fails(early, ErrorKind.TimedOut, "timed");
  }
  const wait = timeout(signalWait(Signal.User1), Duration.fromSecs(1000));
  await say("ready");
  (await wait).unwrap().unwrap();
}

async function refused(): Promise<void> {
  const signals: Signal[] = [Signal.Kill, Signal.Stop, Signal.Child, Signal.Pipe, Signal.Abort, 0];
  for (let i = 0; i < signals.length; i++) {
    fails(await signalWait(signals[i]), ErrorKind.InvalidInput, signalName(signals[i]));
    fails(await signalWait(signals[i]), ErrorKind.InvalidInput, "wait for signal");
  }
}

/** Ends while it waits, and with a signal that it did not take. */
async function ends(): Promise<void> {
  const first = signalWait(Signal.User2);
  spawn(signalWait(Signal.Terminate));
  await say("ready");
  (await first).unwrap();
  await say("busy");
  await go();
}
