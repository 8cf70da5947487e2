/** What `std/signal` must do on every backend: `tests/guest/std/signal.ts` does it. */
import { join } from "node:path";
import { ContextBuilder, Instance, inherited } from "../../host/index.js";
import { Conversation } from "../conversation.js";
import { assert, root, suite, type Suite } from "../harness.js";
import { compileGuest, wasmBytes } from "../std/guest.js";
import type { Variant } from "./backends.js";

const launcher = join(root, "dist/host/launcher.cjs");

type Start = (name: string) => Conversation;

/** Runs the suite on a backend. */
export function signalConformance(variant: Variant): void {
  const test = suite(`std/signal on ${variant.name}`, { timeout: 60_000 });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/signal.ts");
  });
  const start: Start = (name) => new Conversation(
    process.execPath, [launcher, "run", wasm, name], { env: { ...process.env, ...variant.env } });
  addToldCases(test, start);
  addCancelledCases(test, start);
  addEndingCases(test, start);

  test("an embedder that gives no signals keeps them", () => {
    const module = new WebAssembly.Module(new Uint8Array(wasmBytes(wasm)));
    const context = new ContextBuilder().args(["app", "denied"]).stderr(inherited(2)).build();
    assert.is(new Instance(module, context).runBlocking(), 7);
  });
  test.run();
}

async function isOk(guest: Conversation): Promise<void> {
  await guest.expect("ok");
  assert.equal(await guest.end(), { code: 0, signal: null });
}

function addToldCases(test: Suite, start: Start): void {
  test("Ctrl-C is told", async () => {
    const guest = start("told");
    await guest.expect("ready");
    guest.kill("SIGINT");
    await isOk(guest);
  });

  test("each signal that can be watched is told", async () => {
    const guest = start("each");
    const names = [
      "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM", "SIGCONT",
      "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGWINCH",
    ] as const;
    for (const name of names) {
      await guest.expect(name);
      guest.kill(name);
    }
    await isOk(guest);
  });

  test("all who wait are told, and nobody who waits for another signal", async () => {
    const guest = start("several");
    await guest.expect("ready");
    guest.kill("SIGINT");
    await isOk(guest);
  });

  test("what comes while nobody waits is kept for the next wait", async () => {
    const guest = start("kept");
    await guest.expect("ready");
    guest.kill("SIGUSR2");
    await guest.expect("busy");
    guest.kill("SIGUSR2");
    guest.say("go");
    await guest.expect("third");
    guest.say("go");
    await guest.expect("last");
    guest.kill("SIGUSR2");
    await isOk(guest);
  });
}

function addCancelledCases(test: Suite, start: Start): void {
  test("when the last wait is cancelled the signal has its usual effect", async () => {
    const guest = start("restored");
    guest.say("go");
    await guest.expect("restored");
    guest.kill("SIGINT");
    assert.equal(await guest.end(), { code: null, signal: "SIGINT" });
  });

  test("when one of two waits is cancelled the other goes on", async () => {
    const guest = start("others");
    guest.say("go");
    await guest.expect("left");
    guest.kill("SIGINT");
    await isOk(guest);
  });

  test("a wait that was cancelled can be begun again", async () => {
    const guest = start("again");
    await guest.expect("ready");
    guest.kill("SIGINT");
    await isOk(guest);
  });

  test("a wait can have a timeout", async () => {
    const guest = start("timeouts");
    await guest.expect("ready");
    guest.kill("SIGUSR1");
    await isOk(guest);
  });

  test("what cannot be watched is refused", () => isOk(start("refused")));
}

function addEndingCases(test: Suite, start: Start): void {
  test("other signals have their usual effect", async () => {
    const guest = start("told");
    await guest.expect("ready");
    guest.kill("SIGTERM");
    assert.equal(await guest.end(), { code: null, signal: "SIGTERM" });
  });

  test("an app that ends with a signal it did not take ends as it says", async () => {
    const guest = start("ends");
    await guest.expect("ready");
    guest.kill("SIGUSR2");
    await guest.expect("busy");
    guest.kill("SIGUSR2");
    guest.kill("SIGTERM");
    guest.say("go");
    await isOk(guest);
  });
}
