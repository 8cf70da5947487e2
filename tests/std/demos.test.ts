/** The demos, driven as people drive them: by a pipe, a terminal, nothing at all. */
import { execFileSync } from "node:child_process";
import {
  chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { findPlain, runPlainly } from "../confined.js";
import { assert, exec, root, suite, tempDir, type ExecResult } from "../harness.js";
import { compileGuest, runGuest, runOnTerminal, wasmBytes } from "./guest.js";

const lastByte = suite("demo/last-byte", { timeout: 60_000 });
let wasm = "";
let dir = "";
lastByte.before(async () => {
  wasm = await compileGuest("demo/last-byte.ts");
  dir = tempDir("last-byte");
  writeFileSync(join(dir, "f.txt"), "hello\nX");
  writeFileSync(join(dir, "newline"), "hello\n");
  writeFileSync(join(dir, "empty"), "");
  writeFileSync(join(dir, "two words"), "\xff", "latin1");
  writeFileSync(join(dir, "grüße-\u{1f600}"), "!");
  mkdirSync(join(dir, "folder"));
  execFileSync("mkfifo", [join(dir, "fifo")]);
  symlinkSync("f.txt", join(dir, "link"));
  writeFileSync(join(dir, "sparse"), "");
  truncateSync(join(dir, "sparse"), 10 * 2 ** 30);
});

/** Runs the demo where it may reach `dir` and nothing else. */
function ask(input: string | Uint8Array): Promise<ExecResult> {
  return runGuest(wasm, { grants: ["--dir", "."], input, cwd: dir });
}

const answers: [what: string, input: string, answer: string][] = [
  ["a line", "f.txt\n", "0x58 = 88 'X'"],
  ["a line that ends with CR LF", "f.txt\r\n", "0x58 = 88 'X'"],
  ["a line without an end", "f.txt", "0x58 = 88 'X'"],
  ["more than one line", "f.txt\nnewline\n", "0x58 = 88 'X'"],
  ["a byte that is not printable", "newline\n", "0x0a = 10"],
  ["a name with a blank, and a byte above ASCII", "two words\n", "0xff = 255"],
  ["a name in UTF-8", "grüße-\u{1f600}\n", "0x21 = 33 '!'"],
  ["a symbolic link", "link\n", "0x58 = 88 'X'"],
  ["10 GiB of nothing", "sparse\n", "0x00 = 0"],
];

for (const [what, input, answer] of answers) {
  lastByte(`answers ${what}`, async () => {
    const { code, stdout, stderr } = await ask(input);
    assert.is(stderr, "");
    assert.is(stdout, `Which file? ${answer}\n`);
    assert.is(code, 0);
  });
}

const complaints: [what: string, input: string | Uint8Array, complaint: string][] = [
  ["no such file", "nope\n", 'metadata "nope": not found (ENOENT)'],
  ["a directory", "folder\n", 'last byte of "folder": is a directory'],
  ["an empty file", "empty\n", 'last byte of "empty": is empty'],
  ["a FIFO, without waiting for it", "fifo\n", 'last byte of "fifo": is not a regular file'],
  ["a file that was not granted", "/etc/passwd\n",
    'metadata "/etc/passwd": permission denied (EACCES)\n' +
    'hint: "/etc/passwd" is not granted; --dir-ro /etc would allow it'],
  ["a way out of the directory", "../x\n",
    'metadata "../x": permission denied (EACCES)\n' +
    'hint: "../x" is not granted; --dir-ro .. would allow it'],
  ["a file as a directory", "f.txt/x\n", 'metadata "f.txt/x": not a directory (ENOTDIR)'],
  ["an empty line", "\n", 'metadata "": not found (ENOENT)'],
  ["the end of the input", "", "end of input: no file was named"],
  ["what is not text", Uint8Array.of(0xff, 0x0a), 'read "stdin": not valid UTF-8'],
];

for (const [what, input, complaint] of complaints) {
  lastByte(`complains about ${what}`, async () => {
    const { code, stdout, stderr } = await ask(input);
    assert.is(stderr, `${complaint}\n`);
    assert.is(stdout, "Which file? ");
    assert.is(code, 1);
  });
}

const plain = findPlain();
if ("why" in plain) {
  lastByte.skip("complains about a file that may not be read", plain.why);
} else {
  const { folder } = plain.ok;
  lastByte.after(() => rmSync(dirname(folder), { recursive: true }));
  lastByte("complains about a file that may not be read", async () => {
    writeFileSync(join(folder, "secret"), "x");
    chmodSync(join(folder, "secret"), 0);
    const { code, stderr } = await runPlainly(plain.ok, wasm, "secret\n");
    assert.is(stderr, 'open "secret": permission denied (EACCES)\n');
    assert.is(code, 1);
  });
}

lastByte("takes </dev/null for the end of the input", async () => {
  const launcher = join(root, "dist/host/launcher.cjs");
  const words = ["-c", `exec "$0" "$@" </dev/null`, process.execPath, launcher, "run", wasm];
  const { code, stderr } = await exec("sh", words);
  assert.is(stderr, "end of input: no file was named\n");
  assert.is(code, 1);
});

lastByte("says that its answer reached nobody", async () => {
  const launcher = join(root, "dist/host/launcher.cjs");
  const script = `echo f.txt | "$0" "$@" >/dev/full`;
  const words = ["-c", script, process.execPath, launcher, "run", "--dir", ".", wasm];
  const { code, stderr } = await exec("sh", words, { cwd: dir });
  assert.is(stderr, 'write "stdout": no space left (ENOSPC)\n');
  assert.is(code, 1);
});

lastByte("talks to a terminal", async () => {
  const { code, stdout } = await runOnTerminal(wasm, { input: "f.txt\n", cwd: dir });
  // The terminal itself shows what was typed, before or after the question.
  assert.ok(stdout.includes("Which file? "));
  assert.ok(stdout.endsWith("0x58 = 88 'X'\r\n"));
  assert.is(code, 0);
});

lastByte("imports from std alone", () => {
  const module = new WebAssembly.Module(new Uint8Array(wasmBytes(wasm)));
  const imports = WebAssembly.Module.imports(module);
  assert.equal([...new Set(imports.map((entry) => entry.module))], ["std"]);
});

lastByte("is small", () => {
  assert.ok(wasmBytes(wasm).length <= 24 * 1024, `${wasmBytes(wasm).length} bytes`);
});

lastByte.run();

const copy = suite("demo/copy", { timeout: 60_000 });
let copyWasm = "";
copy.before(async () => {
  copyWasm = await compileGuest("demo/copy.ts");
});

for (const size of [0, 1, 256 * 1024, 5_000_001]) {
  copy(`copies ${size} bytes`, async () => {
    const folder = tempDir("copy");
    const bytes = Buffer.alloc(size, "0123456789abc");
    writeFileSync(join(folder, "from"), bytes, { mode: 0o751 });
    const grants = ["--dir", "."];
    const ran = await runGuest(copyWasm, { args: ["from", "to"], grants, cwd: folder });
    assert.equal([ran.stdout, ran.stderr, ran.code], ["", "", 0]);
    assert.ok(readFileSync(join(folder, "to")).equals(bytes));
    assert.is(statSync(join(folder, "to")).mode & 0o777, 0o751 & ~process.umask());
  });
}

copy("overwrites a longer file", async () => {
  const folder = tempDir("copy");
  writeFileSync(join(folder, "from"), "new");
  writeFileSync(join(folder, "to"), "something longer");
  assert.is((await runGuest(copyWasm, { args: ["from", "to"], cwd: folder })).code, 0);
  assert.is(readFileSync(join(folder, "to"), "utf8"), "new");
});

copy("leaves the target alone when the source is a directory", async () => {
  const folder = tempDir("copy");
  writeFileSync(join(folder, "to"), "precious");
  assert.is((await runGuest(copyWasm, { args: [".", "to"], cwd: folder })).code, 1);
  assert.is(readFileSync(join(folder, "to"), "utf8"), "precious");
});

copy("leaves nothing of a copy that failed half way, and says so", async () => {
  const folder = tempDir("copy");
  writeFileSync(join(folder, "from"), Buffer.alloc(3_000_000, "x"));
  const launcher = join(root, "dist/host/launcher.cjs");
  const script = `ulimit -f 1000; exec "$0" "$@"`;
  const command = [process.execPath, launcher, "run", "--dir", ".", copyWasm, "from", "to"];
  const { code, stderr } = await exec("sh", ["-c", script, ...command], { cwd: folder });
  assert.is(stderr, 'copy: write "to": file too large (EFBIG); "to" is left empty\n');
  assert.is(code, 1);
  assert.is(statSync(join(folder, "to")).size, 0);
});

copy("copies what does not know its length", async () => {
  const to = join(tempDir("copy"), "to");
  assert.is((await runGuest(copyWasm, { args: ["/proc/self/limits", to] })).stderr, "");
  assert.match(readFileSync(to, "utf8"), /^Limit .*\n(.*\n)+$/);
});

copy("shows a bar on a terminal", async () => {
  const folder = tempDir("copy");
  writeFileSync(join(folder, "from"), Buffer.alloc(3_000_000));
  const { stdout, code } = await runOnTerminal(copyWasm, { args: ["from", "to"], cwd: folder });
  assert.match(stdout, /\r\[#{25}\] 100 %, \d+ MB\/s \r\n$/);
  assert.is(code, 0);
});

const failures: [what: string, args: string[], complaint: RegExp, code: number][] = [
  ["a missing argument", ["from"], /^usage: copy SOURCE TARGET\n$/, 2],
  ["a missing source", ["nope", "to"], /^copy: open "nope": not found \(ENOENT\)\n$/, 1],
  ["a source that is a directory", [".", "to"], /^copy: read "\.": is a directory/, 1],
  ["a target that is a directory", ["from", "."], /^copy: open "\.": is a directory/, 1],
  ["a full target", ["from", "/dev/full"],
    /^copy: write "\/dev\/full": no space left \(ENOSPC\); "\/dev\/full" cannot be emptied: /, 1],
  ["one and the same file", ["from", "./from"], /^copy: source and target are the same file\n$/, 1],
];

for (const [what, args, complaint, wanted] of failures) {
  copy(`complains about ${what}`, async () => {
    const folder = tempDir("copy");
    writeFileSync(join(folder, "from"), "precious");
    const { code, stderr } = await runGuest(copyWasm, { args, cwd: folder });
    assert.match(stderr, complaint);
    assert.is(code, wanted);
    assert.is(readFileSync(join(folder, "from"), "utf8"), "precious");
  });
}

copy.run();

const pipeline = suite("demo/shell-pipeline", { timeout: 60_000 });
let pipelineWasm = "";
pipeline.before(async () => {
  pipelineWasm = await compileGuest("demo/shell-pipeline.ts");
});

/** Runs the demo, which may start programs and do nothing else. */
function pipe(...words: string[]): Promise<ExecResult> {
  return runGuest(pipelineWasm, { grants: ["--allow-run"], args: words });
}

pipeline("connects two programs and collects the output", async () => {
  const folder = tempDir("pipeline");
  for (const name of ["b", "a", "c"]) writeFileSync(join(folder, name), "");
  const { code, stdout, stderr } = await pipe("ls", folder, "--", "sort", "-r");
  assert.is(stdout, "c\nb\na\n");
  assert.is(stderr, "lines: 3\n");
  assert.is(code, 0);
});

pipeline("takes more than pipes hold", async () => {
  const { stdout, code } = await pipe("seq", "200000", "--", "tac");
  const lines = Array.from({ length: 200_000 }, (_, index) => `${200_000 - index}\n`);
  assert.is(stdout, lines.join(""));
  assert.is(code, 0);
});

pipeline("ends when the second program has enough", async () => {
  const { stdout, stderr, code } = await pipe("yes", "--", "head", "-n", "2");
  assert.is(stdout, "y\ny\n");
  assert.is(stderr, "lines: 2\n");
  assert.is(code, 0);
});

pipeline("says which program failed, and how", async () => {
  const failed = await pipe("sh", "-c", "echo x; exit 3", "--", "sh", "-c", "cat; kill -9 $$");
  assert.is(failed.stdout, "x\n");
  assert.is(failed.stderr, "lines: 1\nsh: exit code 3\nsh: signal SIGKILL\n");
  assert.is(failed.code, 1);
  for (const words of [["nope", "--", "cat"], ["yes", "--", "nope"]]) {
    const { stderr, code } = await pipe(...words);
    assert.is(stderr, 'spawn "nope": not found (ENOENT)\n');
    assert.is(code, 1);
  }
});

/** What is said of a program that was not granted: by the demo, and by the launcher. */
function deniedProgram(name: string): string {
  return `spawn "${name}": permission denied (EACCES)\n` +
    `hint: to start "${name}" is not granted; --allow-run=${name} would allow it\n`;
}

pipeline("without a grant nothing is started", async () => {
  const words = ["ls", "--", "cat"];
  const { stderr, code } = await runGuest(pipelineWasm, { grants: ["--dir", "/"], args: words });
  assert.is(stderr, deniedProgram("ls"));
  assert.is(code, 1);
  const listed = await runGuest(pipelineWasm, { grants: ["--allow-run=ls"], args: words });
  assert.is(listed.stderr, deniedProgram("cat"));
  assert.is((await pipe("ls")).code, 2);
});

pipeline.run();
