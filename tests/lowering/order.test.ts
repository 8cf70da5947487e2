/** Tasks go on in one order at every level, and in JavaScript's where that is promised. */
import { assert, suite } from "../harness.js";
import { run } from "../rt/fake-host.js";
import { compile } from "./harness.js";
import { asApp, makeProgram, runInNode } from "./order-programs.js";

const test = suite("lowering order", { timeout: 300_000 });

const likeJavaScript = Array.from({ length: 6 }, (_, seed) => makeProgram(seed, true));
const ours = Array.from({ length: 8 }, (_, seed) => makeProgram(seed + 100, false));

async function linesOf(source: string, count: number, flags: string[]): Promise<string[][]> {
  const { wasm, stderr } = await compile("app.ts", { sources: { "app.ts": source }, flags });
  assert.is(stderr, "");
  const module = new WebAssembly.Module(wasm as BufferSource);
  return Array.from({ length: count }, (_, which) => {
    const { message, log } = run(module, { which });
    return message === undefined ? log : [...log, message];
  });
}

test("programs go on in one order at every level, and in that of JavaScript", async () => {
  const programs = [...likeJavaScript, ...ours];
  const source = asApp(programs);
  const debug = await linesOf(source, programs.length, ["--debug"]);
  assert.ok(debug.every((lines) => lines.length > 8));
  for (const [index, program] of likeJavaScript.entries()) {
    assert.equal(debug[index], await runInNode(program), program.text);
  }
  for (const flags of [["-O1"], ["-O3"], ["-Oz"]]) {
    const lines = await linesOf(source, programs.length, flags);
    for (const [index, { text }] of programs.entries()) {
      assert.equal(lines[index], debug[index], `${flags.join(" ")}\n${text}`);
    }
  }
});

test("a chain of callers goes on before another task that was woken after it", async () => {
  const source = `import { yieldNow } from "std/rt";
@external("std", "log") declare function log(message: string): void;
async function inner(): Promise<void> { await yieldNow(); }
async function mid(): Promise<void> { await inner(); }
async function a(): Promise<void> { await mid(); log("a"); }
async function b(): Promise<void> { await yieldNow(); log("b"); }
export async function main(): Promise<void> { await Promise.all<void>([a(), b()]); }`;
  for (const flags of [["--debug"], ["-O1"], ["-O3"]]) {
    assert.equal(await linesOf(source, 1, flags), [["a", "b"]]);
  }
});

test.run();
