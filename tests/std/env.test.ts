/** `std/env`, `std/random` and `std/os-string`. */
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, suite, tempDir } from "../harness.js";
import { compileGuest, runGuest } from "./guest.js";

const test = suite("std/env", { timeout: 60_000 });
let wasm = "";
test.before(async () => {
  wasm = await compileGuest("std/env.ts");
});

const os = { linux: "linux", darwin: "macos", win32: "windows" }[process.platform as string];
const arch = { x64: "x86_64", arm64: "aarch64" }[process.arch as string];

test("arguments, and what was granted of the environment", async () => {
  const variables = ["NAME=a=b", "EMPTY=", "SECOND=grüße", "TMPDIR=/a/place"];
  const grants = variables.flatMap((variable) => ["--env", variable]);
  const args = ["one", "", "drei grüße", "--env"];
  const { stdout, stderr, code } = await runGuest(wasm, { grants, args });
  assert.is(stderr, "");
  assert.is(stdout, [
    "one||drei grüße|--env", ...variables, "a=b", "empty", `${os} ${arch}`, "/a/place", "ok", "",
  ].join("\n"));
  assert.is(code, 0);
});

test("nothing of the environment unless it is granted", async () => {
  const hidden = { NAME: "hidden", TMPDIR: "/hidden" };
  const { stdout } = await runGuest(wasm, { grants: [], env: hidden });
  assert.ok(stdout.startsWith("\n<null>\n<null>\n"));
  assert.ok(stdout.endsWith("\n/tmp\nok\n"), stdout);
});

test("the current directory is the guest's own", async () => {
  const dir = realpathSync(tempDir("env"));
  mkdirSync(join(dir, "inner"));
  writeFileSync(join(dir, "inner/file"), "");
  for (const grants of [["--allow-all"], ["--dir", "."]]) {
    const ran = await runGuest(wasm, { grants, args: ["dirs", dir], cwd: dir });
    assert.equal([ran.stderr, ran.stdout, ran.code], ["", "ok\n", 0]);
  }
});

test("randomness", async () => {
  const ran = await runGuest(wasm, { grants: [], args: ["random"] });
  assert.equal([ran.stderr, ran.stdout], ["", "ok\n"]);
});

test("strings of the system survive whatever their bytes are", async () => {
  const ran = await runGuest(wasm, { grants: [], args: ["strings"] });
  assert.equal([ran.stderr, ran.stdout], ["", "ok\n"]);
});

test.run();
