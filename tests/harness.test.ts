/** The harness and the runner, tried on files that misbehave. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runFiles, type FileResult, type RunnerOptions } from "../scripts/test/runner.js";
import { assert, exec, fdCount, residentBytes, root, suite, tempDir } from "./harness.js";

const test = suite("harness");
const folder = tempDir("harness");

/** Runs a test file of the given body and gives what the runner made of it. */
async function run(body: string, options: RunnerOptions = {}): Promise<FileResult> {
  const file = join(folder, `fixture-${Math.random().toString(36).slice(2)}.mjs`);
  const harness = JSON.stringify(join(root, "dist/tests/harness.js"));
  writeFileSync(file, `import { assert, exec, suite, tempDir } from ${harness};\n${body}`);
  const [result] = await runFiles([file], options);
  return result as FileResult;
}

function expectFailure(result: FileResult, name: string, message: RegExp): void {
  const all = result.failures.map((failure) => `${failure.name}: ${failure.message}`).join("\n");
  assert.ok(result.failures.some((one) => one.name === name && message.test(one.message)), all);
}

test("good tests pass and are counted", async () => {
  const result = await run(`
    const test = suite("good");
    test("one", () => {});
    test("two", async () => { await null; });
    test.skip("three", "not on this machine");
    test.run();`);
  assert.equal(result.failures, []);
  assert.equal(result.passed, 2);
  assert.equal(result.skipped, ["good > three: not on this machine"]);
});

test("a failing test is named, with its message", async () => {
  const result = await run(`
    const test = suite("bad");
    test("throws", () => { throw new Error("as expected"); });
    test("compares", () => { assert.equal(1, 2); });
    test("passes", () => {});
    test.run();`);
  assert.equal(result.passed, 1);
  assert.equal(result.failures.length, 2);
  expectFailure(result, "bad > throws", /as expected/);
  expectFailure(result, "bad > compares", /Expected values to be deeply equal/);
});

test("a suite that was not run is a failure", async () => {
  const result = await run(`
    const test = suite("complete"); test("one", () => {}); test.run();
    const other = suite("forgotten"); other("two", () => {});`);
  expectFailure(result, "forgotten", /was not run/);
});

test("a file without any suite is a failure", async () => {
  expectFailure(await run(""), "whole file", /no suite was run/);
});

test("an empty suite is a failure", async () => {
  expectFailure(await run(`suite("empty").run();`), "whole file", /ran no test/);
});

test("a test that waits for ever fails by its name, and the next one still runs", async () => {
  const result = await run(`
    const test = suite("waiting", { timeout: 50 });
    test("never", () => new Promise(() => {}));
    test("next", () => {});
    test.run();`);
  expectFailure(result, "waiting > never", /timed out after 0.05 s/);
  assert.equal(result.passed, 1);
});

test("a test that blocks the process is killed by its name", async () => {
  const result = await run(`
    const test = suite("blocking", { timeout: 50 });
    test("spins", () => { for (;;); });
    test.run();`);
  expectFailure(result, "blocking > spins", /blocks the process/);
});

test("a handle that stays open is a failure, and is named", async () => {
  const body = `
    import { createServer } from "node:net";
    const test = suite("open");
    test("listens", () => { createServer().listen(0); });
    test.run();`;
  const result = await run(body, { exitGrace: 2_500 });
  expectFailure(result, "whole file", /does not end: something is still open: .*TCP/);
});

test("a file that takes too long is a failure", async () => {
  const body = `
    const test = suite("long");
    test("sleeps", () => new Promise((resolve) => setTimeout(resolve, 20_000)));
    test.run();`;
  expectFailure(await run(body, { fileTimeout: 4_000 }), "long > sleeps", /still running/);
});

test("a process that ends or dies in a test is a failure", async () => {
  const ending = (how: string): string => `
    const test = suite("ending"); test("early", () => { ${how} }); test.run();`;
  expectFailure(await run(ending("process.exit(0)")), "ending > early", /ended in the middle/);
  const killed = await run(ending(`process.kill(process.pid, "SIGSEGV")`));
  expectFailure(killed, "ending > early", /died of SIGSEGV/);
});

test("a process left behind is a failure, and is ended", async () => {
  const result = await run(`
    import { spawn } from "node:child_process";
    const test = suite("leaving");
    test("sleeps", () => { spawn("sleep", ["77"], { stdio: "ignore" }).unref(); });
    test.run();`);
  expectFailure(result, "whole file", /leaves processes behind: sleep 77/);
});

test("a hook that throws is a failure", async () => {
  for (const hook of ["before", "after", "beforeEach"]) {
    const result = await run(`
      const test = suite("hooks");
      test.${hook}(() => { throw new Error("from the hook"); });
      test("one", () => {});
      test.run();`);
    expectFailure(result, `hooks > ${hook} hook`, /from the hook/);
  }
});

test("tests whose suite is not ready for them fail without being run", async () => {
  const result = await run(`
    const test = suite("unready");
    test.before(() => { throw new Error("no disk"); });
    test("writes", () => {});
    test.run();`);
  expectFailure(result, "unready > writes", /not run, as the before hook failed/);
  assert.is(result.passed, 0);
});

test("an unhandled rejection is a failure", async () => {
  const result = await run(`
    const test = suite("rejecting");
    test("forgets", async () => {
      Promise.reject(new Error("nobody waits"));
      await new Promise((resolve) => setTimeout(resolve, 10));
    });
    test.run();`);
  expectFailure(result, "process > unhandled rejection", /nobody waits/);
});

test("run by hand, a failing file still exits with a code", async () => {
  const file = join(folder, "by-hand.mjs");
  const harness = JSON.stringify(join(root, "dist/tests/harness.js"));
  writeFileSync(file, `import { suite } from ${harness};\nsuite("forgotten")("one", () => {});`);
  const result = await exec(process.execPath, [file]);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /suite "forgotten" was not run/);
});

test("temporary folders have names of their own, and counts are plausible", () => {
  assert.not.equal(tempDir(), tempDir());
  assert.ok(fdCount() >= 3);
  assert.ok(residentBytes() > 10_000_000);
});

test("exec gives the output, the code and the input, and kills what hangs", async () => {
  const echo = await exec("cat", [], { input: "through" });
  assert.equal([echo.code, echo.stdout], [0, "through"]);
  const hung = await exec("sleep", ["30"], { timeout: 100 }).then(() => "", String);
  assert.match(hung, /killed after 0.1 s: sleep 30/);
});

test.run();
