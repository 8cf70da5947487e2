/** `std/time` with the clocks of this machine; `tests/rt` has timers with a clock of its own. */
import { assert, suite } from "../harness.js";
import { compileGuest, runGuest } from "./guest.js";

const test = suite("std/time", { timeout: 60_000 });

test("arithmetic, clocks, intervals and timeouts", async () => {
  const wasm = await compileGuest("std/time.ts");
  const { stdout, stderr, code } = await runGuest(wasm, { grants: [] });
  assert.equal([stderr, stdout, code], ["", "ok\n", 0]);
});

test.run();
