/** Every operation of `std/fs` can be cancelled: `tests/guest/std/fs-cancel.ts` does it. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { assert, suite, tempDir, type ExecResult } from "../harness.js";
import { compileGuest, runGuest } from "../std/guest.js";
import type { Variant } from "./backends.js";

/** The cases, and how many FIFOs there must be for each. */
const cases = {
  paths: [0, "whatever takes a path is cancelled or done, and says which"],
  handles: [0, "so is whatever is done to an open file, and others on it go on"],
  waiting: [1, "what waits to open a FIFO waits no longer"],
  half: [1, "transfers that are cancelled tell how much they transferred"],
  late: [0, "what was cancelled does nothing later"],
  meeting: [3, "those who wait to open do not keep the others from opening"],
} as const;

/** Runs the suite on a backend. */
export function fsCancelConformance({ name, env }: Variant): void {
  const test = suite(`cancelling in std/fs on ${name}`, { timeout: 60_000 });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/fs-cancel.ts");
  });
  for (const [which, [fifos, title]] of Object.entries(cases)) {
    test(title, async () => {
      for (const isAll of [true, false]) {
        const dir = tempDir("cancel");
        const beneath = ["--dir", dir, "--dir-ro", "/proc/self/fd::/fds"];
        for (let index = 0; index < fifos; index++) {
          execFileSync("mkfifo", [join(dir, fifos === 1 ? "fifo" : `fifo-${index}`)]);
        }
        const grants = isAll ? ["--allow-all"] : beneath;
        const args = [which, dir, isAll ? "/proc/self/fd" : "/fds"];
        isOk(await runGuest(wasm, { args, grants, env }));
      }
    });
  }
  test.run();
}

function isOk({ code, stdout, stderr }: ExecResult): void {
  assert.is(stderr, "");
  assert.is(stdout, "ok\n");
  assert.is(code, 0);
}
