/** What `std/net` must do on every backend: `tests/guest/std/net.ts` does it, this looks on. */
import { assert, suite, type ExecResult } from "../harness.js";
import { compileGuest, runGuest, type RunOptions } from "../std/guest.js";
import type { Variant } from "./backends.js";

/** Cases in which the guest talks to itself. */
const plainCases = {
  echo: "bytes go both ways, and each way ends by itself",
  addresses: "both ends know their addresses, and small writes need not wait",
  refused: "nobody listens there",
  inUse: "an address that is taken, or not of this machine",
  cancelAccept: "an accept that is given up loses no connection",
} as const;

/** Runs the suite on a backend. */
export function netConformance({ name, env }: Variant): void {
  const test = suite(`std/net on ${name}`, { timeout: 60_000 });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/net.ts");
  });
  const run = (args: string[], options: RunOptions = {}): Promise<ExecResult> =>
    runGuest(wasm, { grants: ["--net=all"], args, env, ...options });
  for (const [case_, title] of Object.entries(plainCases)) {
    test(title, async () => isOk(await run([case_])));
  }
  test.run();
}

function isOk({ code, stdout, stderr }: ExecResult): void {
  assert.is(stderr, "");
  assert.is(stdout, "ok\n");
  assert.is(code, 0);
}
