/** What is done where size counts more than speed, and that it changes nothing else. */
import { assert, suite } from "../harness.js";
import { FAILURE_SECTION } from "../../host/failure-section.js";
import { compile, run } from "./harness.js";

const test = suite("lowering size", { timeout: 180_000 });

/** Strings of every kind that is kept in another way, and what lies between them. */
const literals = [
  "", "a", "plain words", "Latin-1: äöü ÿ", "beyond: Ā 🙂", "\\0\\n\\u00ff", "x".repeat(254),
  "y".repeat(255), "z".repeat(300), "w".repeat(5000), "after a long one",
];

const source = `
// @ts-ignore: decorator
@external("test", "print") declare function print(text: string): void;
import { yieldNow } from "std/rt";
const table: i32[] = [${Array.from({ length: 3000 }, (_, index) => index + 65536).join(", ")}];
const texts: string[] = [${literals.map((text) => `"${text}"`).join(", ")}];
export async function main(): Promise<i32> {
  await yieldNow();
  for (let i = 0; i < texts.length; i++) print(texts[i]);
  print("tail" + table[2999].toString());
  __collect();
  const joined = texts.join("|");
  return joined.length == joined.split("|").join("+").length ? 0 : 1;
}
`;

test("literals are what they are, however they are kept", async () => {
  const outcomes = [];
  const sizes: number[] = [];
  for (const flags of [["-O3"], ["-Os"], ["-Os", "--debug"]]) {
    const compiled = await compile("app.ts", { sources: { "app.ts": source }, flags });
    assert.is(compiled.code, 0, compiled.stderr);
    const { lines, code, death } = run(compiled.wasm);
    outcomes.push({ lines, code, death });
    sizes.push(compiled.wasm.length);
  }
  const lines = literals.map((text) => JSON.parse(`"${text}"`.replace("\\0", "\\u0000")) as string);
  const expected = { lines: [...lines, "tail68535"], code: 0, death: undefined };
  for (const outcome of outcomes) assert.equal(outcome, expected);
  const [wide = 0, short = 0] = sizes;
  assert.ok(short < wide - 4000, `${short} against ${wide} bytes`);
});

test("what does not fit on the stack stays as it is", async () => {
  const many = Array.from({ length: 40 }, (_, index) => `"${`text ${index} `.repeat(20)}"`);
  const sources = { "app.ts": source.replace("export async", `const all = [${many.join(", ")}];
export async`).replace("__collect();", "print(all.join('').length.toString()); __collect();") };
  const flags = ["-Os", "--stackSize", "6144"];
  const compiled = await compile("app.ts", { sources, flags });
  assert.is(compiled.code, 0, compiled.stderr);
  const { lines, code, death } = run(compiled.wasm);
  assert.equal([death, code, lines.at(-1)], [undefined, 0, "6200"]);
});

const deaths: [statement: string, death: RegExp][] = [
  ["assert(list.length == 0, 'my own words');", /^abort: my own words at app.ts:\d+:\d+$/],
  ["assert(list.length == 0);", /^abort:  at app.ts:\d+:\d+$/],
  ["throw new Error('thrown: ä');", /^abort: thrown: ä at app.ts:\d+:\d+$/],
  ["throw new Error('so many: ' + list.length.toString());", /^abort: so many: 1 at app.ts:\d+/],
  ["if (list[7] == 3) return 1;", /^abort: Index out of range at ~lib\/array.ts:\d+:\d+$/],
  ["fromNull(null);", /^abort: Unexpected 'null' \(not assigned or failed cast\) at app.ts:/],
  ["abort('words', 'some.ts', 3, 4);", /^abort: words at some.ts:3:4$/],
  ["new Vec<u8>(-1);", /^panic: a Vec cannot have a negative capacity$/],
  ["new Vec<u8>()[3] = 1;", /^panic: index 3 is out of range of a Vec with length 0$/],
  ["new StaticArray<u8>(i32.MAX_VALUE);", /^abort: Invalid length at ~lib\/staticarray.ts:/],
];

const deadly = `import { Vec } from "std/vec";
import { yieldNow } from "std/rt";
// @ts-ignore: decorator
@external("test", "which") declare function which(): i32;
class Thing { constructor(public value: i32) {} }
function fromNull(thing: Thing | null): i32 { return thing!.value; }
export async function main(): Promise<i32> {
  const list: i32[] = [1];
  await yieldNow();
  switch (which()) {
${deaths.map(([statement], index) => `    case ${index}: ${statement}`).join("\n")}
  }
  return new Vec<u8>().length + fromNull(new Thing(1));
}
`;

test("an app dies with the same words", async () => {
  const sources = { "app.ts": deadly };
  const [wide, short] = await Promise.all([["-O3"], ["-Os"]].map(async (flags) =>
    (await compile("app.ts", { sources, flags })).wasm));
  for (const [index, [statement, death]] of deaths.entries()) {
    const extra = { which: () => index };
    const said = run(short!, { extra }).death;
    assert.match(said ?? "nothing", death, statement);
    assert.is(said, run(wide!, { extra }).death);
  }
});

test("only what can happen is in the section, and only where size counts", async () => {
  const sources = { "app.ts": `import { yieldNow } from "std/rt";
export async function main(): Promise<void> {
  await yieldNow();
  if (isDefined(never)) assert(false, "in dead code");
  assert(memory.size() > 0, "in living code");
}
` };
  for (const [level, expected] of [["-O3", 0], ["-Os", 1]] as const) {
    const { wasm, code, stderr } = await compile("app.ts", { sources, flags: [level] });
    assert.is(code, 0, stderr);
    const module = new WebAssembly.Module(wasm as BufferSource);
    const sections = WebAssembly.Module.customSections(module, FAILURE_SECTION);
    assert.is(sections.length, expected);
    const text = sections.map((section) => Buffer.from(section).toString()).join();
    assert.is(text.includes("in living code"), expected === 1);
    assert.not.match(text, /in dead code/);
  }
});

test.run();
