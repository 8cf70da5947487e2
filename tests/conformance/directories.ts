/** What `std/fs` must do with directories: `tests/guest/std/directories.ts` does it. */
import { execFileSync } from "node:child_process";
import {
  closeSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, statSync,
  symlinkSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withDescriptors } from "../confined.js";
import { assert, exec, root, suite, tempDir, type ExecResult, type Suite } from "../harness.js";
import { compileGuest, type RunOptions } from "../std/guest.js";
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

const launcher = join(root, "dist/host/launcher.cjs");

/** Makes a tree of so many levels, each with a file and a directory beside the next one. */
const DIG = `
  const { mkdirSync, writeFileSync } = require("node:fs");
  for (let level = 0; level < Number(process.argv[2]); level++) {
    writeFileSync("file", "x");
    for (const name of ["beside", "a-long-name"]) mkdirSync(name);
    process.chdir("a-long-name");
  }
  writeFileSync("file", "x");`;

function dig(dir: string, levels: number): void {
  mkdirSync(dir);
  execFileSync(process.execPath, ["-e", DIG, "-", String(levels)], { cwd: dir });
}

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
export function directoryConformance(variant: Variant): void {
  const { env } = variant;
  const test = suite(`directories on ${variant.name}`, { timeout: 60_000, skips: variant.skips });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/directories.ts");
  });
  const run: Run = (args, options = {}) => variant.run(wasm, { args, ...options });
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

  test("a tree of 1000 levels, longer than a path, takes few descriptors to remove", async () => {
    const dir = tempDir("directories");
    dig(join(dir, "tree"), 1000);
    const args = ["run", "--dir", "/", wasm, "removeTree", dir];
    const words = withDescriptors(64, [process.execPath, launcher, ...args]);
    isOk(await exec(words[0] as string, words.slice(1), { env }));
    assert.equal(readdirSync(dir), []);
  });

  test("a tree that is changed while it is removed leads nowhere else", async () => {
    const dir = tempDir("directories");
    const [tree, precious] = [join(dir, "tree"), join(dir, "precious")];
    // Where the way up leads through the link, a directory of the same name is the last one.
    dig(precious, 12);
    dig(join(dir, "model"), 40);
    const before = readdirSync(precious, { recursive: true }).length;
    for (let moment = 0; moment < 8; moment++) {
      cpSync(join(dir, "model"), tree, { recursive: true });
      const grants = moment % 2 === 0 ? ["--allow-all"] : ["--dir", "/"];
      isOk(await run(["swapped", dir, String(12 + 4 * moment)], { grants }));
      assert.is(readdirSync(precious, { recursive: true }).length, before);
      for (const path of [tree, join(dir, "aside")]) rmSync(path, { recursive: true, force: true });
    }
  });
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
