/** `demo/tree.ts`, held against what `find` says of the same directory. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findPlain, runPlainly } from "../confined.js";
import { assert, root, suite, tempDir, type ExecResult } from "../harness.js";
import { compileGuest, runGuest } from "./guest.js";

const test = suite("demo/tree", { timeout: 60_000 });
let wasm = "";
test.before(async () => {
  wasm = await compileGuest("demo/tree.ts");
});

function tree(cwd: string, ...args: string[]): Promise<ExecResult> {
  return runGuest(wasm, { grants: ["--dir", "."], args, cwd });
}

/** A directory with a bit of everything. */
function sample(): string {
  const dir = tempDir("tree");
  fill(dir);
  return dir;
}

function fill(dir: string): void {
  mkdirSync(join(dir, "b/inner"), { recursive: true });
  mkdirSync(join(dir, "empty"));
  writeFileSync(join(dir, "a"), "x".repeat(999));
  writeFileSync(join(dir, "b/large"), "");
  truncateSync(join(dir, "b/large"), 5 * 2 ** 30);
  writeFileSync(join(dir, "b/inner/grüße"), "x".repeat(1024));
  symlinkSync("nowhere", join(dir, "link"));
}

test("draws a tree, with the bytes of files and of what is below a directory", async () => {
  const { code, stdout, stderr } = await tree(sample());
  assert.is(stderr, "");
  assert.equal(stdout.split("\n"), [
    "[  5.0G]  .",
    "├── [   999]  a",
    "├── [  5.0G]  b",
    "│   ├── [  1.0K]  inner",
    "│   │   └── [  1.0K]  grüße",
    "│   └── [  5.0G]  large",
    "├── [     0]  empty",
    "└── [     7]  link -> nowhere",
    "",
    "5.0G in 4 directories, 4 files",
    "",
  ]);
  assert.is(code, 0);
});

test("shows no more levels than it is told to, and counts all", async () => {
  const { stdout } = await tree(sample(), "-L", "1", "b");
  assert.equal(stdout.split("\n"), [
    "[  5.0G]  b",
    "├── [  1.0K]  inner",
    "└── [  5.0G]  large",
    "",
    "5.0G in 2 directories, 2 files",
    "",
  ]);
});

test("finds what find finds", async () => {
  const find = (...words: string[]): string[] =>
    execFileSync("find", ["host", ...words], { cwd: root, encoding: "utf8" }).trim().split("\n");
  const { stdout, stderr } = await tree(root, "host");
  assert.is(stderr, "");
  const lines = stdout.split("\n");
  assert.is(lines.length - 3, find().length);
  const [directories, files] = [find("-type", "d").length, find("!", "-type", "d").length];
  assert.match(stdout, new RegExp(` in ${directories} directories, ${files} files\n$`));
  const names = lines.slice(1, -3).map((line) => /\]  (.*)$/.exec(line)![1]!).sort();
  assert.equal(names, find("-mindepth", "1").map((path) => path.split("/").at(-1)!).sort());
});

test("reports what it cannot read, and shows the rest", async () => {
  const dir = sample();
  const { code, stdout, stderr } = await tree(dir, "empty", "nope", "../x", "a");
  assert.is(stderr, 'tree: metadata "nope": not found (ENOENT)\n' +
    'tree: metadata "../x": permission denied (EACCES)\n' +
    'hint: "../x" is not granted; --dir-ro .. would allow it\n');
  assert.equal(stdout.split("\n"), [
    "[     0]  empty", "[     0]  nope [error]", "[     0]  ../x [error]", "[   999]  a", "",
    "999 in 1 directory, 1 file", "",
  ]);
  assert.is(code, 1);
});

const plain = findPlain();
if ("why" in plain) {
  test.skip("goes on after a directory that may not be read", plain.why);
} else {
  const { folder } = plain.ok;
  test.after(() => rmSync(dirname(folder), { recursive: true }));
  test("goes on after a directory that may not be read", async () => {
    fill(folder);
    chmodSync(join(folder, "b/inner"), 0);
    const { code, stdout, stderr } = await runPlainly(plain.ok, wasm);
    chmodSync(join(folder, "b/inner"), 0o755);
    assert.is(stderr, 'tree: open directory "./b/inner": permission denied (EACCES)\n');
    assert.match(stdout, /inner \[error\]\n[^]*5\.0G in 4 directories, 3 files\n$/);
    assert.is(code, 1);
  });
}

test("says how it is used", async () => {
  for (const args of [["-L"], ["-L", "0"], ["-L", "x"]]) {
    const { code, stderr } = await tree(tempDir("tree"), ...args);
    assert.is(stderr, "usage: tree [-L DEPTH] [DIRECTORY…]\n");
    assert.is(code, 2);
  }
});

test.run();
