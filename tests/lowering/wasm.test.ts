/** What the compiled wasm is made of. */
import { assert, suite } from "../harness.js";
import wabt from "wabt";
import { compile, compileGuest, run, type CompileOptions } from "./harness.js";

const test = suite("lowering wasm", { timeout: 60_000 });
const plain = "tests/guest/lowering/plain.ts";

async function expectSame(entry: string, options: CompileOptions): Promise<void> {
  const ours = await compile(entry, options);
  const theirs = await compile(entry, { ...options, plain: true });
  assert.is(ours.code, 0, ours.stderr);
  assert.equal([...ours.files.keys()], [...theirs.files.keys()]);
  for (const [name, contents] of theirs.files) {
    assert.ok(Buffer.compare(ours.files.get(name)!, contents) === 0, `${name} differs`);
  }
}

const plainMain = {
  "app.ts": `import { text } from "./${plain.replace(".ts", "")}";
export function main(): i32 { assert(text("a").length == 15, "text"); return 3; }
`,
};

for (const flags of [[], ["-O3"], ["-Oz", "--converge"], ["--debug", "--sourceMap"]]) {
  test(`without async the bytes are the same (${flags.join(" ") || "no flags"})`, async () => {
    await expectSame(plain, { flags });
    await expectSame("app.ts", { flags, sources: plainMain });
    // Nor does the target for apps do anything to what is no app.
    await expectSame(plain, { flags, target: true });
  });
}

for (const flags of [["--debug"], ["-O3"]]) {
  test(`to the target a plain main is an app (${flags.join(" ")})`, async () => {
    const compiled = await compile("app.ts", { flags, sources: plainMain, target: true });
    assert.is(compiled.code, 0, compiled.stderr);
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(compiled.wasm as never));
    assert.equal([...new Set(imports.map(({ module }) => module))], ["std"]);
    assert.is(run(compiled.wasm).code, 3);
    const sources = {
      "app.ts": `export { run as main } from "./other";`,
      "other.ts": `export function run(): void { assert(memory.size() == 0, "no memory"); }`,
    };
    const { wasm } = await compile("app.ts", { flags, sources, target: true });
    assert.match(run(wasm).death ?? "", /^abort: no memory/);
  });
}

for (const flags of [["--debug", "--sourceMap"], ["-O3"]]) {
  test(`imports, exports and names (${flags.join(" ")})`, async () => {
    const { wasm, files } = await compileGuest("declarations", ...flags);
    const { readWasm } = await wabt();
    const features = { mutable_globals: true, bulk_memory: true };
    const parsed = readWasm(wasm, { readDebugNames: true, ...features });
    parsed.generateNames();
    parsed.applyNames();
    const text = parsed.toText({ foldExprs: false, inlineExport: false });
    const imported = [...text.matchAll(/\(import "([^"]*)" "([^"]*)"/g)].map(([, from]) => from);
    assert.ok(imported.length > 0);
    // "test" is what the program of the test itself declares.
    for (const from of imported) assert.ok(from === "std" || from === "test", from);
    const exported = [...text.matchAll(/\(export "([^"]*)"/g)].map(([, name]) => name).sort();
    const ours = ["_abi", "_completions", "_start", "_tick", "memory"];
    if (flags.includes("--debug")) ours.push("_waiting");
    assert.equal(exported, [...ours, "default", "unused"].sort());
    assert.not.match(text, /\(start /);
    for (const [name, contents] of files) {
      assert.not.match(Buffer.from(contents).toString("latin1"), /rusticated/i, name);
      assert.not.match(Buffer.from(contents).toString("utf16le"), /rusticated/i, name);
    }
  });
}

test("our own name appears nowhere, be it in every path", async () => {
  const sources = {
    "node_modules/Rusticated/demo/app.ts": `
import { help } from "./rusticated-help";
export * from "./rusticated-more";
export async function main(): Promise<i32> { return await help([1]); }
`,
    "node_modules/Rusticated/demo/rusticated-help.ts": `
export async function help(list: i32[]): Promise<i32> { return list[5]; }
`,
    "node_modules/Rusticated/demo/rusticated-more.ts": "export const more: i32 = 1;",
  };
  const flags = ["--debug", "--sourceMap", "./rusticated.wasm.map"];
  const entry = "node_modules/Rusticated/demo/app.ts";
  const { code, stderr, wasm } = await compile(entry, { sources, flags });
  assert.is(code, 0, stderr);
  assert.not.match(Buffer.from(wasm).toString("latin1"), /rusticated/i);
  assert.not.match(Buffer.from(wasm).toString("utf16le"), /rusticated/i);
  assert.match(run(wasm).death ?? "", /Index out of range/);
});

test("only what can suspend is instrumented", async () => {
  const { suspension, wasm } = await compileGuest("declarations", "-O3");
  assert.ok(suspension);
  assert.ok(suspension.instrumented > 0);
  assert.ok(suspension.instrumented < suspension.functions, JSON.stringify(suspension));
  assert.is(run(wasm).code, 0);
});

test("an async function that nothing awaits needs no suspension", async () => {
  const source = `
async function three(): Promise<i32> { return 3; }
export async function main(): Promise<i32> { return three().isFulfilled ? 3 : 4; }
`;
  const compiled = await compile("app.ts", { sources: { "app.ts": source }, flags: ["-O3"] });
  assert.is(compiled.code, 0, compiled.stderr);
  assert.is(compiled.suspension, null);
  assert.is(run(compiled.wasm).code, 3);
});

test("a source map leads to the app's own lines", async () => {
  const source = `
async function fails(list: i32[]): Promise<i32> {
  const first = list[0];
  return first + list[7];
}

export async function main(): Promise<i32> {
  return await fails([1]);
}
`;
  const flags = ["--debug", "--sourceMap"];
  const sources = { "app.ts": source };
  const { wasm, files, code, stderr } = await compile("app.ts", { sources, flags });
  assert.is(code, 0, stderr);
  const map = JSON.parse(Buffer.from(files.get("out.wasm.map")!).toString()) as SourceMap;
  assert.ok(map.sources.includes("app.ts"));
  assert.is(map.sourcesContent[map.sources.indexOf("app.ts")], source);
  const { death, deathStack } = run(wasm);
  assert.match(death ?? "", /Index out of range/);
  const lines = deathStack.map((offset) => placeOf(map, offset)).filter((place) => place !== "");
  assert.equal(lines.slice(0, 2), ["app.ts:4", "app.ts:2"]);
});

interface SourceMap {
  sources: string[];
  sourcesContent: string[];
  mappings: string;
}

/** The source and the line (from 1) of a place in the wasm; empty unless it is the app's. */
function placeOf(map: SourceMap, offset: number): string {
  const at = { column: 0, source: 0, line: 0 };
  let found = "";
  for (const segment of map.mappings.split(",")) {
    const [column = 0, source = 0, line = 0] = decode(segment);
    at.column += column;
    if (at.column > offset) break;
    at.source += source;
    at.line += line;
    found = `${map.sources[at.source]}:${at.line + 1}`;
  }
  return found.startsWith("app.ts") ? found : "";
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The numbers of one segment of a source map. */
function decode(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of segment) {
    const digit = digits.indexOf(character);
    value |= (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    value = shift = 0;
  }
  return numbers;
}

test.run();
