/** What `std/tty` must do on every backend: `tests/guest/std/tty.ts` does it, on a terminal. */
import { join } from "node:path";
import { assert, root, suite, type Suite } from "../harness.js";
import { compileGuest, runGuest } from "../std/guest.js";
import { hasTerminals, Terminal } from "../terminal.js";
import type { Variant } from "./backends.js";

const launcher = join(root, "dist/host/launcher.cjs");

/** Has a person sit at the terminal on which the guest runs this case. */
type Sit = (name: string, person: (terminal: Terminal) => Promise<void>) => Promise<void>;

/** Runs the suite on a backend. */
export function ttyConformance({ name, env }: Variant): void {
  const test = suite(`std/tty on ${name}`, { timeout: 60_000 });
  if (!hasTerminals()) {
    test.skip("all of it", "no C compiler");
    test.run();
    return;
  }
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/tty.ts");
  });
  const sit: Sit = async (name, person) => {
    const words = [launcher, "run", "--allow-all", wasm, name];
    const terminal = new Terminal(process.execPath, words, env);
    try {
      await person(terminal);
    } finally {
      await terminal.close();
    }
  };
  addInputCases(test, sit);
  addWayOutCases(test, sit);
  addStopCases(test, sit);

  test("what is no terminal says so", async () => {
    const { stdout, stderr } = await runGuest(wasm, { args: ["none"], env });
    assert.is(stdout, "ok\n", stderr);
  });
  test.run();
}

async function isOk(terminal: Terminal): Promise<void> {
  await terminal.shows("ok\r\n");
  assert.is(await terminal.ends(), 0);
  assert.is(await terminal.mode(), "cooked");
}

function addInputCases(test: Suite, sit: Sit): void {
  test("raw: every key as it is typed", () => sit("keys", async (terminal) => {
    await terminal.shows("ready\r\n");
    const keys = ["a", "\x03", "\x04", "\r", "\x1b[A", "\x1a"];
    for (const [index, key] of keys.entries()) {
      terminal.type(key);
      // Nothing of what was typed is shown.
      assert.is(await terminal.shows("\r\n"), `key ${index}\r\n`);
    }
    await isOk(terminal);
  }));

  test("cooked: a line at a time", () => sit("lines", async (terminal) => {
    await terminal.shows("ready\r\n");
    terminal.type("onf\x7fe\n");
    await terminal.shows("e\r\n");
    terminal.type("two\n\x04");
    await isOk(terminal);
  }));

  test("the size, and that it has changed", () => sit("sizes", async (terminal) => {
    await terminal.shows("80x24\r\n");
    terminal.resize(100, 30);
    await terminal.shows("100x30\r\n");
    terminal.resize(132, 50);
    await terminal.shows("132x50\r\n");
    for (const [columns, rows] of [[0, 0], [80, 0], [0, 24]] as const) {
      terminal.resize(columns, rows);
      await terminal.shows("no size\r\n");
    }
    await isOk(terminal);
  }));

  test("what nobody reads stays for the next reader", () => sit("typed", async (terminal) => {
    await terminal.shows("ready\r\n");
    terminal.type("abc\n");
    await terminal.shows("ok\r\n");
    assert.is(await terminal.ends(), 0);
    assert.is(await terminal.left(), "bc\n");
  }));

  test("a read that is given up takes nothing", () => sit("given up", async (terminal) => {
    await terminal.shows("ready\r\n");
    for (const key of "abcdefghijklmnopqrstuvwxyz") terminal.type(key);
    await isOk(terminal);
  }));

  test("two reads at once", () => sit("two", async (terminal) => {
    await terminal.shows("ready\r\n");
    terminal.type("x");
    await terminal.shows("one\r\n");
    terminal.type("y");
    await isOk(terminal);
  }));

  test("the controlling terminal, opened", () => sit("device", async (terminal) => {
    await terminal.shows("ready\r\n");
    assert.is(await terminal.mode(), "raw");
    terminal.type("x");
    await terminal.shows("closed");
    // Closing puts it back.
    assert.is(await terminal.mode(), "cooked");
    terminal.type("\n");
    await isOk(terminal);
  }));
}

function addWayOutCases(test: Suite, sit: Sit): void {
  const ways = { exit: 0, panic: 134, trap: 134 } as const;
  for (const [way, code] of Object.entries(ways)) {
    test(`${way}: the terminal is as it was`, () => sit(way, async (terminal) => {
      await terminal.shows("ready\r\n");
      assert.is(await terminal.mode(), "raw");
      terminal.type("x");
      assert.is(await terminal.ends(), code);
      assert.is(await terminal.mode(), "cooked");
    }));
  }

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const) {
    test(`${signal}: the terminal is as it was`, () => sit("waits", async (terminal) => {
      await terminal.shows("ready\r\n");
      assert.is(await terminal.mode(), "raw");
      terminal.kill(signal);
      assert.is(await terminal.ends(), signal);
      assert.is(await terminal.mode(), "cooked");
    }));
  }

  test("the app itself can put it back", () => sit("cooked", async (terminal) => {
    await terminal.shows("ready\r\n");
    assert.is(await terminal.mode(), "raw");
    terminal.type("x");
    await terminal.shows("cooked");
    assert.is(await terminal.mode(), "cooked");
    terminal.type("line\n");
    await isOk(terminal);
  }));

  test("a terminal that hangs up ends the app", () => sit("waits", async (terminal) => {
    await terminal.shows("ready\r\n");
    terminal.hang();
    assert.is(await terminal.ends(), "SIGHUP");
  }));
}

function addStopCases(test: Suite, sit: Sit): void {
  test("stopped, it lends the terminal to the shell", () => sit("waits", async (terminal) => {
    await terminal.shows("ready\r\n");
    for (let round = 0; round < 2; round++) {
      terminal.kill("SIGTSTP");
      await terminal.stops();
      assert.is(await terminal.mode(), "cooked");
      terminal.put("back");
      terminal.put("front");
      terminal.kill("SIGCONT");
      await terminal.becomes("raw");
    }
    terminal.kill("SIGTSTP");
    await terminal.stops();
    terminal.kill("SIGTERM");
    terminal.kill("SIGCONT");
    assert.is(await terminal.ends(), "SIGTERM");
    assert.is(await terminal.mode(), "cooked");
  }));

  // Other programs stop as soon as they ask (SIGTTIN); an app when there is what it asked for.
  test("in the background it stops before it takes a line", () => sit("line", async (terminal) => {
    await terminal.shows("ready\r\n");
    terminal.put("back");
    terminal.type("line\n");
    await terminal.stops();
    terminal.put("front");
    terminal.kill("SIGCONT");
    await isOk(terminal);
  }));
}
