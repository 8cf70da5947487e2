/**
 * What `std/net` and `std/process` must do when the world fails them, and when it is well again:
 * `tests/guest/std/net-failures.ts` does it.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { findNetwork } from "../confined.js";
import { Conversation } from "../conversation.js";
import { assert, exec, root, suite, tempDir, type ExecResult } from "../harness.js";
import { compileGuest, runGuest } from "../std/guest.js";
import type { Variant } from "./backends.js";

const launcher = join(root, "dist/host/launcher.cjs");

/** Routes of a network in which one host cannot be reached, and one must not. */
const ROUTES = [
  "ip link set lo up",
  "ip route add unreachable 192.0.2.1/32",
  "ip route add prohibit 192.0.2.2/32",
];

/** How many descriptors the guest may have, when it says that it wants few or many. */
const LIMITS: Readonly<Record<string, number>> = { few: 1, many: 1024 };

const network = findNetwork(ROUTES);

/** Runs the suite on a backend. */
export function netFailureConformance({ name, env }: Variant): void {
  const test = suite(`failures of sockets and children on ${name}`, { timeout: 60_000 });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/net-failures.ts");
  });

  test("descriptors that run out, and come back, while it runs", async () => {
    const words = [launcher, "run", "--allow-all", wasm, "exhausted", join(tempDir("net"), "s")];
    const guest = new Conversation(process.execPath, words, { env: { ...process.env, ...env } });
    let line = await guest.line();
    for (; LIMITS[line] !== undefined; line = await guest.line()) {
      execFileSync("prlimit", [`--pid=${guest.child.pid}`, `--nofile=${LIMITS[line]}:`]);
      guest.say("go");
    }
    assert.is(line, "ok");
    assert.equal(await guest.end(), { code: 0, signal: null });
  });

  const unreachable = "hosts and networks that cannot be reached are different errors";
  if ("why" in network) {
    test.skip(unreachable, network.why);
  } else {
    test(unreachable, async () => {
      const command = [process.execPath, launcher, "run", "--net=all", wasm, "routes"];
      const words = network.ok(command);
      isOk(await exec(words[0] as string, words.slice(1), { env }));
    });
  }

  test("a connect that nobody answers can be given up", async () => {
    const args = ["full"];
    isOk(await runGuest(wasm, { args, env }));
  });

  test("so can one to a Unix socket, and meanwhile others are served", async () => {
    const args = ["fullUnix", join(tempDir("net"), "socket")];
    isOk(await runGuest(wasm, { args, env }));
  });
  test.run();
}

function isOk({ code, stdout, stderr }: ExecResult): void {
  assert.is(stderr, "");
  assert.is(stdout, "ok\n");
  assert.is(code, 0);
}
