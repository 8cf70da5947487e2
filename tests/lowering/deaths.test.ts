/** How an app says that it dies: its own words and, in debug builds, its own lines. */
import { assert, suite } from "../harness.js";
import { explain } from "../../host/trap.js";
import { GuestFailure } from "../../host/failure.js";
import { compile, run } from "./harness.js";

const test = suite("lowering deaths", { timeout: 60_000 });

const wordsOf: [call: string, release: string, debug: string][] = [
  ["abort()", "abort:  at :0:0", "abort: the app aborted without a message"],
  ['abort("words")', "abort: words at :0:0", "abort: words"],
  ['abort("words", "some.ts", 3, 4)', "abort: words at some.ts:3:4", "abort: words (some.ts:3:4)"],
  ['abort("words", null, 3)', "abort: words at :3:0", "abort: words"],
];

for (const [call, release, debug] of wordsOf) {
  test(`the app's own ${call}`, async () => {
    const source = `import { yieldNow } from "std/rt";
export async function main(): Promise<void> { await yieldNow(); ${call}; }`;
    const sources = { "app.ts": source };
    assert.is(run((await compile("app.ts", { sources, flags: ["-O3"] })).wasm).death, release);
    const { death } = run((await compile("app.ts", { sources, flags: ["--debug"] })).wasm);
    assert.is(death, `${debug}\n    in main (app.ts:2:23) at :0:0`);
  });
}

test("a debug build knows where each task waits", async () => {
  const source = `import { yieldNow } from "std/rt";
async function waits(promise: Promise<void>): Promise<void> {
  await promise;
}
class Worker {
  async run(promise: Promise<void>): Promise<void> {
    await yieldNow();
    await promise;
  }
}
async function done(): Promise<void> { await yieldNow(); }
export async function main(): Promise<void> {
  new Worker().run(new Promise<void>());
  for (let i = 0; i < 200; i++) await done();
  await waits(new Promise<void>());
}`;
  const options = { sources: { "app.ts": source }, flags: ["--debug"] };
  const { code, exports } = run((await compile("app.ts", options)).wasm);
  assert.is(code, undefined);
  const { _waiting } = exports as unknown as { _waiting(): number };
  const { buffer } = exports.memory;
  const at = _waiting();
  const length = new DataView(buffer).getUint32(at - 4, true);
  assert.equal(Buffer.from(buffer, at, length).toString("utf16le").split("\n"), [
    "",
    "    in Worker.run (app.ts:6:9)",
    "    and",
    "    in waits (app.ts:2:16)",
    "    in main (app.ts:12:23)",
  ]);
});

test("what asc would refuse as invalid is not optimised into something else", async () => {
  const source = `import { yieldNow } from "std/rt";
// @ts-ignore: decorator
@inline function make(n: i32 = 3): i32 { return n + 1; }
// @ts-ignore: decorator
@lazy const value: i32 = make();
export async function main(): Promise<i32> { await yieldNow(); return value; }`;
  for (const level of ["--debug", "-O3"]) {
    const options = { sources: { "app.ts": source }, flags: [level] };
    const { code, stderr, files } = await compile("app.ts", options);
    assert.is(code, 1);
    assert.match(stderr, /AS100: AssemblyScript has compiled this program to a module that is not/);
    assert.is(files.size, 0);
  }
});

/** What the launcher prints of an app that dies. */
async function explained(source: string, ...flags: string[]): Promise<string> {
  const { wasm, files, stderr } = await compile("app.ts", { sources: { "app.ts": source }, flags });
  const { error } = run(wasm);
  assert.ok(error, stderr);
  const kind = error instanceof WebAssembly.RuntimeError ? "trap" : "panic";
  const failure = new GuestFailure(kind, error.message, { cause: error });
  const module = new WebAssembly.Module(wasm as BufferSource);
  return explain(failure, module, () => Buffer.from(files.get("out.wasm.map")!).toString());
}

const chained = `import { yieldNow } from "std/rt";
import { BufReader, stdin } from "std/io";
class Reader {
  async read(list: i32[]): Promise<i32> {
    await yieldNow();
    const value = find(list);
    return value;
  }
}
function find(list: i32[]): i32 {
  return list[7];
}
export async function main(): Promise<i32> {
  return await new Reader().read([1]);
}
`;

test("a debug build tells the chain of calls in the app's own lines alone", async () => {
  const lines = (await explained(chained, "--debug", "--sourceMap")).split("\n").slice(1);
  assert.equal(lines, [
    "    in Reader.read (app.ts:4:9)",
    "    in main (app.ts:13:23) at :0:0",
    "    at app/find (app.ts:11:10)",
    "    at app/Reader#read (app.ts:6:19)",
  ]);
});

test("a call whose value nobody takes has its line", async () => {
  const source = `import { Vec } from "std/vec";
function other(): string {
  if (memory.size() < 0) return "x";
  unreachable();
  return "";
}
export function main(): void {
  other();
  Vec.fromString(other());
}
`;
  const text = await explained(source, "--debug", "--sourceMap");
  assert.equal(text.split("\n"), [
    "trap: unreachable",
    "    at app/other (app.ts:4:3)",
    "    at app/main (app.ts:8:3)",
  ]);
});

test("without names and lines there is nothing to choose from: all is told", async () => {
  const text = await explained(chained, "-O3", "--sourceMap");
  assert.match(text, /^panic: abort: Index out of range at ~lib[^\n]*\n    at function/);
});

test.run();
