/** What `std/fs` must do with directories: `tests/guest/std/directories.ts` does it. */
import { execFileSync } from "node:child_process";
import {
  closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, statSync,
  symlinkSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, suite, tempDir, type ExecResult, type Suite } from "../harness.js";
import { compileGuest, runGuest, type RunOptions } from "../std/guest.js";
import type { Variant } from "./backends.js";

/** Cases that need nothing but an empty directory. */
const plainCases = {
  make: "a directory is made, once",
  makeAll: "directories are made with those above them",
  builder: "a DirBuilder makes what it is told to",
  remove: "files and directories are removed, each by its own call",
  list: "a directory tells its entries and what they are",
  empty: "an empty directory has no entries",
  shared: "two that read one directory share its entries",
  closing: "a reader closes at the end, or when it is told to",
  errors: "errors name the operation and the path",
  cancel: "what is cancelled says so, and leaves nothing open",
  removeAll: "a tree is removed",
  deep: "a tree of 500 levels is made and removed",
} as const;

type Run = (args: string[], options?: RunOptions) => Promise<ExecResult>;

/** A directory with a small and a large one, in memory if possible. The guest removes it. */
function crowd(): string {
  const dir = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "crowd-"));
  for (const [name, count] of [["small", 100], ["large", 100_000]] as const) {
    mkdirSync(join(dir, name));
    for (let index = 0; index < count; index++) {
      closeSync(openSync(join(dir, name, `a-file-with-a-number-${index}`), "w"));
    }
  }
  return dir;
}

/** Runs the suite on a backend. */
export function directoryConformance({ name, env }: Variant): void {
  const test = suite(`directories on ${name}`, { timeout: 60_000 });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/directories.ts");
  });
  const run: Run = (args, options = {}) => runGuest(wasm, { args, env, ...options });
  for (const [name, title] of Object.entries(plainCases)) {
    test(title, async () => {
      const dir = tempDir("directories");
      isOk(await run([name, dir], { grants: ["--dir", dir] }));
    });
  }
  test("all of that where everything is granted, and no descriptor is left", async () => {
    isOk(await run(["all", tempDir("directories"), ...Object.keys(plainCases)]));
  });
  addPreparedCases(test, run);
  test.run();
}

/** Cases for which there must be something on the disk, or after which one looks there. */
function addPreparedCases(test: Suite, run: Run): void {
  test("100 000 entries are read in the memory that 100 take, and removed", async () => {
    const dir = crowd();
    try {
      isOk(await run(["many", dir]));
      assert.not.ok(existsSync(dir), "it is gone");
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test("names that are not UTF-8 come out and go in again", async () => {
    const dir = tempDir("directories");
    const names = ["ff2d80", "c3", "eda080", "f09f9880c3bc", "0a", "22", "5c"];
    for (const hex of names) {
      const name = Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(hex, "hex")]);
      writeFileSync(name, hex);
    }
    isOk(await run(["names", dir]));
    assert.equal(readdirSync(dir), []);
  });

  test("every kind of file is told", async () => {
    const dir = tempDir("directories");
    writeFileSync(join(dir, "file"), "");
    mkdirSync(join(dir, "directory"));
    symlinkSync("nowhere", join(dir, "link"));
    execFileSync("mkfifo", [join(dir, "fifo")]);
    isOk(await run(["kinds", dir]));
  });

  test("removing a tree follows no link, and removes a link that it is given itself", async () => {
    const dir = tempDir("directories");
    mkdirSync(join(dir, "precious/inner"), { recursive: true });
    writeFileSync(join(dir, "precious/file"), "");
    mkdirSync(join(dir, "tree/inner"), { recursive: true });
    symlinkSync("../precious", join(dir, "tree/link"));
    symlinkSync(join(dir, "precious"), join(dir, "tree/inner/link"));
    symlinkSync("precious", join(dir, "link"));
    isOk(await run(["removeLinked", dir]));
    assert.equal(readdirSync(dir), ["precious"]);
    assert.equal(readdirSync(join(dir, "precious")), ["file", "inner"]);
  });

  test("new directories have the permissions that were asked for, less the mask", async () => {
    const dir = tempDir("directories");
    isOk(await run(["builder", dir]));
    assert.is(statSync(join(dir, "private")).mode & 0o777, 0o700);
    assert.is(statSync(join(dir, "usual")).mode & 0o777, 0o777 & ~process.umask());
    assert.ok(existsSync(join(dir, "a/b/c")));
  });
}

function isOk({ code, stdout, stderr }: ExecResult): void {
  assert.is(stderr, "");
  assert.is(stdout, "ok\n");
  assert.is(code, 0);
}
