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

test("trace and Math.random go to the host", async () => {
  const outcome = run(await build("traces"));
  assert.is(outcome.message, undefined);
  assert.equal(outcome.log, ["trace: hello\n", "trace: numbers 1.5, -2.0\n"]);
});

test("an app carries only what it uses", async () => {
  const module = await build("nothing", "-O3", "--noAssert");
  const imports = WebAssembly.Module.imports(module).map(({ name }) => name);
  assert.equal(imports.sort(), ["abort", "exit", "panic"]);
  assert.is(run(module).code, 3);
});

test.run();
