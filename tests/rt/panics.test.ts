import { assert, suite } from "../harness.js";
import { build, run } from "./fake-host.js";

const test = suite("rt panics", { timeout: 60_000 });

test("a Vec that is lent cannot be touched in any way", async () => {
  const module = await build("panics", "-O3");
  for (let which = 0; which <= 23; which++) {
    const outcome = run(module, { which });
    assert.is(outcome.message, "buffer is lent", `case ${which}`);
  }
});

const messages: [number, string | RegExp][] = [
  [49, "a Vec cannot have a negative length"],
  [50, "index 2 is out of range of a Vec with length 2"],
  [51, "index -1 is out of range of a Vec with length 2"],
  [52, "index -1 is out of range of a Vec with length 0"],
  [53, "a Vec cannot have a negative capacity"],
  [54, "a Vec cannot be longer than its capacity"],
  [55, 'open "notes.txt": not found (ENOENT)'],
  [56, "the header: read: unexpected end of file"],
  [57, "the result is not an error"],
  [58, "the promise has no value"],
  [59, "main was cancelled"],
  [60, "deadlock"],
  [61, /nested too deeply|stack overflow|Maximum call stack/],
  [62, "a Duration cannot be negative"],
  [63, "Promise.race: there is nothing to wait for"],
  [64, /^thrown at tests\/guest\/rt\/panics.ts:/],
  ...[67, 69, 70, 71].map((which): [number, string] => [which, "a Vec cannot be that large"]),
];

test("what is wrong is said", async () => {
  for (const level of ["-O0", "-O3", "-Os"]) {
    const module = await build("panics", level);
    for (const [which, message] of messages) {
      const outcome = run(module, { which });
      assert.is(outcome.code, undefined, `case ${which}`);
      const said = outcome.message ?? "nothing";
      if (message instanceof RegExp) assert.match(said, message, `case ${which}`);
      else assert.is(said, message, `case ${which}`);
    }
  }
});

test("calls as deep as memory reaches are fine, and main's number is the exit code", async () => {
  const module = await build("panics", "-O3");
  assert.equal(run(module, { which: 65 }).code, 100_000);
  const slept = run(module, { which: 68 });
  assert.is(slept.code, 7);
  assert.is(slept.time, 1_000_001_000n);
});

test.run();
