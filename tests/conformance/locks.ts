/** What `std/fs` must do with locks and clones: `tests/guest/std/locks.ts` does it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, suite, tempDir, type ExecResult } from "../harness.js";
import { compileGuest, runGuest } from "../std/guest.js";
import type { Variant } from "./backends.js";

/** Cases that need nothing but an empty directory. */
const cases = {
  exclude: "locks exclude each other, shared ones do not",
  turns: "those who wait do not keep the one from getting on who has the lock",
  cancelled: "a lock that is cancelled is nobody's",
  clones: "clones have one cursor and one lock",
} as const;

/** Runs the suite on a backend. */
export function lockConformance({ name, env }: Variant): void {
  const test = suite(`locks on ${name}`, { timeout: 60_000 });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/locks.ts");
  });
  for (const [name, title] of Object.entries(cases)) {
    test(title, async () => {
      const dir = tempDir("locks");
      isOk(await runGuest(wasm, { args: [name, dir], env, grants: ["--dir", "/"] }));
    });
  }
  test("what was granted for reading is not kept from others", async () => {
    const dir = tempDir("locks");
    writeFileSync(join(dir, "file"), "x");
    isOk(await runGuest(wasm, { args: ["readOnly", dir], env, grants: ["--dir-ro", dir] }));
  });
  test.run();
}

function isOk({ code, stdout, stderr }: ExecResult): void {
  assert.is(stderr, "");
  assert.is(stdout, "ok\n");
  assert.is(code, 0);
}
