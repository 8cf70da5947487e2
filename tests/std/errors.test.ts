/** Errors as apps see them: `tests/guest/std/errors.ts` does it. */
import { assert, suite, tempDir } from "../harness.js";
import { compileGuest, runGuest } from "./guest.js";

const test = suite("errors", { timeout: 60_000 });

test("errors have kinds with names, numbers, and messages that end with the reason", async () => {
  const dir = tempDir("errors");
  const args = [dir];
  const run = await runGuest(await compileGuest("std/errors.ts"), { args, grants: ["--dir", "/"] });
  assert.is(run.stderr, "");
  assert.is(run.stdout, "ok\n");
});

test.run();
