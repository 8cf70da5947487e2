import { assert, suite } from "../harness.js";
import { build, run } from "./fake-host.js";

const test = suite("rt memory", { timeout: 120_000 });
const kilobyte = 1024;

/** Runs a case of the guest; bytes of memory at its end. */
async function memory(which: number): Promise<number> {
  const outcome = run(await build("memory", "-O3"), { which });
  assert.is(outcome.message, undefined);
  return outcome.memory;
}

test("a sleeping task takes less than 550 bytes, all told", async () => {
  const bytes = (await memory(1)) - (await memory(0));
  assert.ok(bytes / 100_000 < 550, `${bytes / 100_000} bytes`);
});

test("a suspended task that awaits an operation takes less than 600 bytes, all told", async () => {
  const bytes = (await memory(2)) - (await memory(0));
  assert.ok(bytes / 20_000 < 600, `${bytes / 20_000} bytes`);
});

test("nothing is lost: reads, garbage tasks, cancelled sleeps, generations of tasks", async () => {
  const idle = await memory(0);
  for (const which of [3, 4, 5, 6, 7]) {
    const bytes = (await memory(which)) - idle;
    assert.ok(bytes <= 2048 * kilobyte, `case ${which}: ${bytes} bytes more`);
  }
});

test.run();
