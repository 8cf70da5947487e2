/** What the compiled wasm is made of. */
import { assert, suite } from "../harness.js";
import wabt from "wabt";
import { compile, compileGuest, run } from "./harness.js";

const test = suite("lowering wasm", { timeout: 60_000 });
const plain = "tests/guest/lowering/plain.ts";

for (const flags of [[], ["-O3"], ["-Oz", "--converge"], ["--debug", "--sourceMap"]]) {
  test(`without async the bytes are the same (${flags.join(" ") || "no flags"})`, async () => {
    const ours = await compile(plain, { flags });
    const theirs = await compile(plain, { flags, plain: true });
    assert.is(ours.code, 0, ours.stderr);
    assert.equal([...ours.files.keys()], [...theirs.files.keys()]);
    for (const [name, contents] of theirs.files) {
      assert.ok(Buffer.compare(ours.files.get(name)!, contents) === 0, `${name} differs`);
    }
  });
}

for (const flags of [["--debug", "--sourceMap"], ["-O3"]]) {
  test(`imports, exports and names (${flags.join(" ")})`, async () => {
    const { wasm, files } = await compileGuest("declarations", ...flags);
    const { readWasm } = await wabt();
    const parsed = readWasm(wasm, { readDebugNames: true, mutable_globals: true, bulk_memory: true });
    parsed.generateNames();
    parsed.applyNames();
    const text = parsed.toText({ foldExprs: false, inlineExport: false });
    const imported = [...text.matchAll(/\(import "([^"]*)" "([^"]*)"/g)].map(([, from]) => from);
    assert.ok(imported.length > 0);
    // "test" is what the program of the test itself declares.
    for (const from of imported) assert.ok(from === "std" || from === "test", from);
    const exported = [...text.matchAll(/\(export "([^"]*)"/g)].map(([, name]) => name).sort();
    assert.equal(exported, ["_abi", "_completions", "_start", "_tick", "default", "memory", "unused"]);
    assert.not.match(text, /\(start /);
    for (const [name, contents] of files) {
      assert.not.match(Buffer.from(contents).toString("latin1"), /rusticated/i, name);
      assert.not.match(Buffer.from(contents).toString("utf16le"), /rusticated/i, name);
    }
  });
}

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
export async function main(): Promise<i32> { return three().value; }
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
  const { wasm, files, code, stderr } = await compile("app.ts", { sources: { "app.ts": source }, flags });
  assert.is(code, 0, stderr);
  const map = JSON.parse(Buffer.from(files.get("out.wasm.map")!).toString()) as {
    sources: string[];
    sourcesContent: string[];
  };
  assert.ok(map.sources.includes("app.ts"));
  assert.is(map.sourcesContent[map.sources.indexOf("app.ts")], source);
  assert.match(run(wasm).death ?? "", /Index out of range/);
});

test.run();
