/** What `std/fs` must do with names, links and copies: `tests/guest/std/links.ts` does it. */
import { execFileSync } from "node:child_process";
import {
  chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { assert, exec, root, suite, tempDir, type ExecResult, type Suite } from "../harness.js";
import { compileGuest, type RunOptions } from "../std/guest.js";
import type { Variant } from "./backends.js";

/** Cases that need nothing but an empty directory. */
const plainCases = {
  renames: "a file gets another name, and replaces what has it",
  renameErrors: "a rename that cannot be says why, and changes nothing",
  hard: "a file gets a second name",
  symbolic: "symbolic links are made and read",
  canonical: "canonical paths have no links and no dots",
  permissions: "permissions are set by path",
  times: "times are set by path, also those of a link",
  owners: "files and links are given to others, as far as one may",
  copies: "a copy has the contents and the permissions",
  copyErrors: "a copy that cannot be says why",
  sparse: "a copy of 5 GiB with holes keeps the holes",
  together: "many at once",
  cancelled: "what is cancelled says so",
} as const;

type Run = (args: string[], options?: RunOptions) => Promise<ExecResult>;

/** Runs the suite on a backend. */
export function linkConformance(variant: Variant): void {
  const { name, env, skips } = variant;
  const test = suite(`links and copies on ${name}`, { timeout: 60_000, skips });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/links.ts");
  });
  const run: Run = (args, options = {}) => variant.run(wasm, { args, ...options });
  for (const [name, title] of Object.entries(plainCases)) {
    test(title, async () => {
      const dir = tempDir("links");
      isOk(await run([name, dir], { grants: ["--dir", dir] }));
    });
  }
  test("all of that where everything is granted", async () => {
    isOk(await run(["all", tempDir("links"), ...Object.keys(plainCases)]));
  });
  addPreparedCases(test, run);
  test("a copy that does not fit says so", async () => {
    const dir = tempDir("links");
    writeFileSync(join(dir, "from"), Buffer.alloc(3_000_000, "x"));
    const launcher = join(root, "dist/host/launcher.cjs");
    const command = [process.execPath, launcher, "run", "--dir", dir, wasm, "tooLarge", dir];
    isOk(await exec("sh", ["-c", `ulimit -f 1000; exec "$0" "$@"`, ...command], { env }));
  });
  test.run();
}

/** Cases for which there must be something on the disk, or after which one looks there. */
function addPreparedCases(test: Suite, run: Run): void {
  test("a file that does not know its length is copied", async () => {
    const dir = tempDir("links");
    isOk(await run(["copy", "/proc/self/limits", join(dir, "to")]));
    assert.match(readFileSync(join(dir, "to"), "utf8"), /^Limit /);
  });

  test("20 MB are copied as they are", async () => {
    const dir = tempDir("links");
    copyFileSync(process.execPath, join(dir, "from"));
    execFileSync("truncate", ["-s", "20000001", join(dir, "from")]);
    isOk(await run(["copy", join(dir, "from"), join(dir, "to")]));
    assert.ok(readFileSync(join(dir, "to")).equals(readFileSync(join(dir, "from"))));
    assert.is(statSync(join(dir, "to")).mode, statSync(join(dir, "from")).mode);
  });

  test("a copy lends nobody the rights of its owner", async () => {
    const dir = tempDir("links");
    const [from, to] = [join(dir, "from"), join(dir, "to")];
    writeFileSync(from, "x");
    chmodSync(from, 0o6755);
    for (const grants of [["--dir", dir], ["--allow-all"]]) {
      isOk(await run(["copy", from, to], { grants }));
      assert.is(statSync(to).mode & 0o7777, 0o755);
    }
  });

  test("two grants are two worlds, between which files can be moved", async () => {
    const dir = tempDir("links");
    mkdirSync(join(dir, "left"));
    mkdirSync(join(dir, "right"));
    writeFileSync(join(dir, "left/file"), "moved");
    const grants = ["--dir", `${join(dir, "left")}::/a`, "--dir", `${join(dir, "right")}::/b/c`];
    isOk(await run(["grants"], { grants }));
    assert.is(readFileSync(join(dir, "right/file"), "utf8"), "moved");
    assert.not.ok(existsSync(join(dir, "left/file")));
  });

  test("what was granted for reading stays as it is", async () => {
    const dir = tempDir("links");
    mkdirSync(join(dir, "given/inner"), { recursive: true });
    mkdirSync(join(dir, "own"));
    writeFileSync(join(dir, "given/file"), "precious");
    const before = statSync(join(dir, "given/file"));
    const [given, own] = [join(dir, "given"), join(dir, "own")];
    const grants = ["--dir-ro", `${given}::/given`, "--dir", `${own}::/own`];
    isOk(await run(["readOnly"], { grants }));
    const after = statSync(join(dir, "given/file"));
    assert.is(readFileSync(join(dir, "given/file"), "utf8"), "precious");
    assert.equal([after.mode, after.nlink, after.mtimeMs], [before.mode, 1, before.mtimeMs]);
    assert.ok(existsSync(join(dir, "given/inner")));
  });
}

function isOk({ code, stdout, stderr }: ExecResult): void {
  assert.is(stderr, "");
  assert.is(stdout, "ok\n");
  assert.is(code, 0);
}
