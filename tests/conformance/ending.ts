/** How tasks end that are cancelled, on every backend: `tests/guest/std/ending.ts` does it. */
import { join } from "node:path";
import { Conversation } from "../conversation.js";
import { assert, root, suite, tempDir } from "../harness.js";
import { compileGuest } from "../std/guest.js";
import type { Variant } from "./backends.js";

const launcher = join(root, "dist/host/launcher.cjs");

/** By case: what it is about, and the lines that it writes to its standard error. */
const cases: Record<string, [title: string, errors: string[]]> = {
  reader: [
    "a loop that reads again after each error, and a timeout in a loop",
    ['read "stdin": cancelled (ECANCELED)'],
  ],
  worker: ["workers whose queue serves others after them", []],
  copy: ["a copy that tells how far it is, and takes away what is not whole", ["copied"]],
  child: ["a child that is ended, and waited for", ["the child: signal SIGKILL"]],
  nested: ["timeouts in timeouts", []],
  held: ["files, listeners and children that only the task had are given back", []],
};

/** Runs the suite on a backend. */
export function endingConformance({ name, env }: Variant): void {
  const test = suite(`how a cancelled task ends on ${name}`, { timeout: 60_000 });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/ending.ts");
  });
  const talk = (...words: string[]): Conversation => new Conversation(
    process.execPath, [launcher, "run", "--allow-all", wasm, ...words],
    { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });

  for (const [which, [title, errors]] of Object.entries(cases)) {
    test(title, async () => {
      const guest = talk(which, tempDir("ending"));
      const lines = errorsOf(guest);
      await guest.expect("ok");
      assert.equal(await guest.end(), { code: 0, signal: null });
      assert.equal([...new Set(await lines)], errors);
    });
  }

  test("an accept loop that is deaf to errors says one, and ends", async () => {
    const guest = talk("accept");
    const lines = errorsOf(guest);
    await guest.expect("ready");
    guest.kill("SIGINT");
    await guest.expect("ok");
    assert.equal(await guest.end(), { code: 0, signal: null });
    assert.match((await lines).join("\n"), /^accept "127\.0\.0\.1:\d+": cancelled \(ECANCELED\)$/);
  });

  for (const signal of ["SIGALRM", "SIGUSR2"] as const) {
    test(`${signal}, which only a cancelled task waited for, has its usual effect`, async () => {
      const guest = talk("lost");
      await guest.expect("left");
      guest.kill("SIGHUP");
      guest.kill(signal);
      assert.equal(await guest.end(), { code: null, signal });
    });
  }

  test("a Ctrl-C that nobody waits for after the first ends the process", async () => {
    const guest = talk("second");
    await guest.expect("ready");
    guest.kill("SIGINT");
    await guest.expect("again");
    guest.kill("SIGINT");
    await guest.expect("busy");
    guest.kill("SIGINT");
    assert.equal(await guest.end(), { code: null, signal: "SIGINT" });
  });
  test.run();
}

/** The lines that it writes to its standard error until it has ended. */
async function errorsOf(guest: Conversation): Promise<string[]> {
  const chunks = await guest.child.stderr!.toArray() as Buffer[];
  return Buffer.concat(chunks).toString().split("\n").filter((line) => line !== "");
}
