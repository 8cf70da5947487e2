import { assert, suite } from "../harness.js";
import { build, run } from "./fake-host.js";

const test = suite("rt values and timers", { timeout: 60_000 });

test("Vec, UTF-8, errors and results", async () => {
  for (const level of ["-O0", "-O3"]) {
    const outcome = run(await build("values", level));
    assert.is(outcome.message, undefined);
    assert.is(outcome.code, 3);
  }
});

test("timers fire in order, exactly, and those that were cancelled do not", async () => {
  const module = await build("timers", "-O3");
  for (const collect of [false, true]) {
    const outcome = run(module, { collect });
    assert.is(outcome.message, undefined);
    assert.is(outcome.code, 0);
  }
});

test.run();
