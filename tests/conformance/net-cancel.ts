/**
 * Every operation of `std/net`, `std/process` and `std/signal` can be cancelled:
 * `tests/guest/std/net-cancel.ts` does it. For `std/tty` see `tty.ts`.
 */
import { join } from "node:path";
import { assert, suite, tempDir } from "../harness.js";
import { compileGuest, runGuest } from "../std/guest.js";
import type { Variant } from "./backends.js";

const cases = {
  net: "sockets: done or cancelled, once, and nothing is lost or left",
  process: "children: what is given up ends, what is not goes on",
  signal: "signals: nobody goes on waiting",
} as const;

/** Runs the suite on a backend. */
export function netCancelConformance({ name, env }: Variant): void {
  const test = suite(`cancelling sockets, children and signals on ${name}`, { timeout: 60_000 });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/net-cancel.ts");
  });
  for (const [which, title] of Object.entries(cases)) {
    test(title, async () => {
      const args = [which, join(tempDir("net"), "socket")];
      const { code, stdout, stderr } = await runGuest(wasm, { args, env });
      assert.is(stderr, "");
      assert.is(stdout, "ok\n");
      assert.is(code, 0);
    });
  }
  test.run();
}
