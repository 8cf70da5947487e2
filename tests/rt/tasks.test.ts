import { assert, suite } from "../harness.js";
import { build, run } from "./fake-host.js";

const test = suite("rt tasks", { timeout: 120_000 });
const seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((seed) => seed * 7919);

test("turns, waiters, values of every type, combinators", async () => {
  for (const flags of [["-O0"], ["-O3"]]) {
    const module = await build("tasks", ...flags);
    for (const seed of seeds) {
      const outcome = run(module, { seed, collect: seed % 2 === 0 });
      assert.is(outcome.message, undefined);
      assert.is(outcome.code, 42);
      assert.equal(outcome.log, ["all of it"]);
    }
  }
});

test("cancellation", async () => {
  const module = await build("cancel", "-O3");
  for (const cancelled of [undefined, "cancelled", "done"] as const) {
    for (const seed of seeds) {
      const outcome = run(module, { seed, collect: true, ...(cancelled && { cancelled }) });
      assert.is(outcome.message, undefined);
      assert.is(outcome.code, 0);
    }
  }
});

test("a cancelled task ends, whatever its code does, and leaves nothing open", async () => {
  for (const flags of [["-O0"], ["-O3"], ["-O3", "--debug"]]) {
    const module = await build("ending", ...flags);
    for (const cancelled of [undefined, "cancelled", "done"] as const) {
      for (const seed of seeds.slice(0, 3)) {
        const outcome = run(module, { seed, collect: true, ...(cancelled && { cancelled }) });
        assert.is(outcome.message, undefined);
        assert.is(outcome.code, 0);
        const said = outcome.log.filter((line) => line === "last words\n");
        assert.is(said.length, 1);
        const left = outcome.closed.filter((handle) => handle > 10).sort();
        assert.equal(left, [11, 12, 14]);
        const named = outcome.log.filter((line) => line.includes("held")).sort();
        const names = flags.includes("--debug") ? [11, 12, 14] : [];
        const told = "std: a cancelled task left open, and std has closed: held";
        assert.equal(named, names.map((handle) => `${told} ${handle}\n`));
      }
    }
  }
});

test("a promise that nobody else has serves again, and no other one", async () => {
  for (const flags of [["-O0"], ["-O3"], ["-O3", "--debug"]]) {
    const module = await build("fresh", ...flags);
    for (const seed of seeds) {
      const outcome = run(module, { seed, collect: seed % 2 === 0 });
      assert.is(outcome.message, undefined);
      assert.is(outcome.code, 0);
    }
  }
});

test("a loop that only looks at its results makes no garbage", async () => {
  const outcome = run(await build("savings", "-O3"), { seed: 1, collect: false });
  assert.is(outcome.message, undefined);
  assert.is(outcome.code, 0);
});

test("the collector takes nothing that a task holds, and everything else", async () => {
  const module = await build("churn", "-O3");
  for (const seed of seeds.slice(0, 4)) {
    for (const collect of [false, true]) {
      const outcome = run(module, { seed, collect });
      assert.is(outcome.message, undefined);
      assert.is(outcome.code, 0);
      assert.ok(outcome.memory <= 2 << 20, `${outcome.memory} bytes of memory`);
    }
  }
});

test.run();
