/** Hostile modules, by what is said of them: nothing of it is more to a terminal than text. */
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GuestFailure } from "../../host/failure.js";
import { checkImports } from "../../host/link.js";
import { safeMessage, safeName } from "../../host/safe-text.js";
import { explain } from "../../host/trap.js";
import { assert, launch, suite, tempDir } from "../harness.js";
import { binary, compile, guest } from "./wat.js";

const test = suite("host: messages", { timeout: 60_000 });

const folder = tempDir("messages");

/** What must reach nobody, apart from new lines: C0, DEL, C1, format characters, separators. */
const UNSAFE = /[\0-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

test("what a terminal acts on is written as text", () => {
  for (const [text, said] of [
    ["a\x1b[2Jb", "a\\u{1b}[2Jb"],
    ["\x9b31m", "\\u{9b}31m"],
    ["\0\x07\b\t\r\x7f\x85", "\\u{0}\\u{7}\\u{8}\\u{9}\\u{d}\\u{7f}\\u{85}"],
    ["\u202eevil\u2066", "\\u{202e}evil\\u{2066}"],
    ["\u2028\u2029\ufeff\u200b\u061c", "\\u{2028}\\u{2029}\\u{feff}\\u{200b}\\u{61c}"],
    ["\ud800x\udfff", "\\u{d800}x\\u{dfff}"],
    ["\u{e0041}", "\\u{e0041}"],
    ["grüße 日本 👩‍👧 C:\\dir", "grüße 日本 👩‍👧 C:\\dir"],
  ] as const) {
    assert.is(safeName(text), said);
    assert.is(new GuestFailure("panic", text).message, said);
  }
  assert.is(safeName("a\nb"), "a\\u{a}b");
  assert.is(safeName("x".repeat(1e6)), `${"x".repeat(200)}…`);
  assert.is(safeName(`${"x".repeat(199)}👧👧`), `${"x".repeat(199)}…`);
  assert.ok(safeMessage("\x1b".repeat(1e6)).length < 1e6);
});

test("the lines of a message stay lines, and are none of the host's", () => {
  const said = (text: string): string => new GuestFailure("panic", text).message;
  assert.is(said("a\nb\r\n    in main (app.ts:1:1)\n"), "a\n    b\n    in main (app.ts:1:1)");
  assert.is(said("a\rb"), "a\\u{d}b");
  assert.is(said("\n\nrusticated: x"), "\n    \n    rusticated: x");
  const failure = new GuestFailure("panic",
    "x\n    at forged (wasm://wasm/0:wasm-function[0]:0x12)\n");
  const frames = explain(failure).split("\n").slice(2);
  assert.equal(frames, [], "a line of a message is no frame of the stack");
});

/** A module with a section of names that wat cannot write: those of functions 0, 1, …. */
function named(text: string, ...names: string[]): Uint8Array<ArrayBuffer> {
  const functions = [...leb(names.length),
    ...names.flatMap((name, index) => [...leb(index), ...string(name)])];
  const content = [...string("name"), 1, ...leb(functions.length), ...functions];
  return Uint8Array.from([...binary(text, false), 0, ...leb(content.length), ...content]);
}

function leb(value: number): number[] {
  return value < 128 ? [value] : [value & 127 | 128, ...leb(value >>> 7)];
}

function string(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)];
  return [...leb(bytes.length), ...bytes];
}

/** Writes a module, runs it, and takes what was said. */
async function said(bytes: Uint8Array, name = "app.wasm"): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const { code, stdout, stderr } = await launch(["run", path]);
  assert.ok(code === 134 || code === 1, `exit code ${code}`);
  assert.is(stdout, "");
  assert.not.match(stderr, UNSAFE);
  return stderr;
}

const EVIL = "\x1b]0;evil\x07\x9b2J\u202e\nrusticated: all is well";
const ESCAPED = "\\u{1b}]0;evil\\u{7}\\u{9b}2J\\u{202e}";

test("names of functions, imports and exports, as the launcher says them", async () => {
  const trap = guest({ more: "(func $f unreachable)", start: "(call $f) (f64.const 0)" });
  assert.match(await said(named(trap, "evil\x1b[2J\u202e")), /at evil\\u\{1b\}\[2J\\u\{202e\} \(/);
  for (const line of (await said(named(trap, EVIL))).trimEnd().split("\n").slice(1)) {
    assert.match(line, /^    at /);
  }
  const forged = "x (wasm://wasm/0:wasm-function[7]:0x77)";
  assert.not.match(await said(named(trap, forged)), /0x77/);
  // A name like this made a search for its end try every place for every other.
  const slow = await said(named(trap, " (wasm://".repeat(10_000)));
  assert.match(slow, /trap: unreachable/);
  assert.ok(slow.length < 2000);

  const escape = (text: string): string =>
    [...new TextEncoder().encode(text)].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`)
      .join("");
  const importing = await said(binary(`(module (import "${escape(EVIL)}" "x" (func)))`));
  assert.ok(importing.includes(`${ESCAPED}\\u{a}rusticated: all is well.x (function)`));
  const twice = binary(`(module (func (export "a")) (func (export "b")))`);
  const broken = Uint8Array.from(twice, (byte) => byte === 0x61 || byte === 0x62 ? 0x1b : byte);
  broken.set(twice.subarray(0, 8));
  assert.match(await said(broken), /not a wasm module: .*\\u\{1b\}/);
});

test("panics, and the name of the file", async () => {
  const text = `${EVIL}\n    at main`;
  const bytes = [...new TextEncoder().encode(text)].map((byte) =>
    `\\${byte.toString(16).padStart(2, "0")}`).join("");
  const panic = binary(guest({
    imports: `(import "std" "panic" (func $panic (param i32 i32)))`,
    more: `(data (i32.const 64) "${bytes}")`,
    start: `(call $panic (i32.const 64) (i32.const ${new TextEncoder().encode(text).length}))
      (f64.const 0)`,
  }));
  const lines = (await said(panic, "evil\x1b[2J\n.wasm")).split("\n");
  assert.ok(lines[0]!.endsWith(`evil\\u{1b}[2J\\u{a}.wasm: panic: ${ESCAPED}`), lines[0]);
  assert.equal(lines.slice(1, 3), ["    rusticated: all is well", "    at main"]);
  assert.ok(lines.slice(3, -1).every((line) => line.startsWith("    at ")));
});

test("a module that imports very much is told a little of it", () => {
  const many = Array.from({ length: 1000 }, (_, index) =>
    `(import "env" "${"x".repeat(1000)}${index}" (func))`).join("\n");
  try {
    checkImports(compile(`(module ${many})`), {});
    assert.unreachable();
  } catch (error) {
    if (!(error instanceof GuestFailure)) throw error;
    assert.match(error.message, /and 992 more/);
    assert.ok(error.message.length < 3000);
  }
});

test("of source maps only a regular file beside the app is read, and never for long", async () => {
  const evil = { version: 3, sources: [`app${EVIL}.ts`], names: [], mappings: "AAWE" };
  const map = JSON.stringify(evil);
  const outside = tempDir("messages-outside");
  writeFileSync(join(outside, "secret"), map);
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "sub/map"), map);
  writeFileSync(join(folder, "good"), map);
  symlinkSync(join(outside, "secret"), join(folder, "link"));
  symlinkSync("/dev/zero", join(folder, "zero"));
  execFileSync("mkfifo", [join(folder, "fifo")]);
  writeFileSync(join(folder, "huge"), "");
  truncateSync(join(folder, "huge"), 2 ** 33);
  const trap = binary(guest({ start: "(unreachable)" }));
  const where = async (url: string): Promise<string> => {
    const content = [...string("sourceMappingURL"), ...string(url)];
    return said(Uint8Array.from([...trap, 0, ...leb(content.length), ...content]));
  };
  for (const url of ["good", "./good"]) {
    assert.ok((await where(url)).includes(`(app${ESCAPED}\\u{a}rusticated: all is well.ts:12:3)`));
  }
  for (const url of [
    "link", "zero", "fifo", "huge", "sub", "sub/map", "/dev/zero", "/dev/stdin", ".", "..", "",
    "../x", `../${outside.split("/").at(-1)}/secret`, join(outside, "secret"), "good\0", "good/",
    `file://${join(folder, "good")}`, "x".repeat(10_000), "\x1b[2J",
  ]) {
    assert.match(await where(url), /trap: unreachable\n    at _start \(byte 0x/, url);
  }
  // Maps that are no maps.
  for (const text of [
    "", "null", "[]", "{}", `{"version":3,"sources":[5,{}],"names":[],"mappings":"AAWE"}`,
    `{"version":3,"sources":["a"],"names":[],"mappings":"${"z".repeat(1e5)}"}`,
    `{"sections":${"[".repeat(50_000)}`,
  ]) {
    writeFileSync(join(folder, "good"), text);
    assert.match(await where("good"), /trap: unreachable\n    at _start \(/, text.slice(0, 60));
  }
  // Another name of the same file is as good as a copy.
  rmSync(join(folder, "good"));
  linkSync(join(outside, "secret"), join(folder, "good"));
  assert.match(await where("good"), /:12:3\)/);
});

test.run();
