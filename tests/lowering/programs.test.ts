/** Async programs behave as in JavaScript, at every level of optimisation and in any order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assert, root, suite } from "../harness.js";
import { linesInNode } from "./in-node.js";
import { compile, compileGuest, inOrder, newestFirst, run, shuffled } from "./harness.js";

const test = suite("lowering programs", { timeout: 60_000 });

const positions = `131
24 13
123 1223
a-2-c
or
and
-5false
1,2,3
5,9,3 3
16
7,5 7
5
442.0
1
2
last!
if
else
333
two falls
three
loop 0
loop 2
at 0 0
at 1 0
at 1 1
6
1
134
parentP
8 text
said
1.5
earlylate
1099511627780.75`.split("\n");

const declarations = `d.read
21
l.read
1021
20
<derivedo
(sync)
24
boxed1.5
200
48
text1099511627776
x
1 3 4 d|1 1 2 d|1 2 3 e
hellohi hello annhi ann HELLO BOBHI BOB heyhey youhoarrowarrow sab
67
truefalse
2
42
same
5
11
ab! 6`.split("\n");

const levels = [["--debug"], ["-O1"], ["-O3"], ["-Oz", "--converge"]];
const orders = { inOrder, newestFirst, shuffled: shuffled(12345) };

for (const flags of levels) {
  test(`await stands anywhere (${flags.join(" ")})`, async () => {
    const { wasm } = await compileGuest("positions", ...flags);
    for (const pick of Object.values(orders)) {
      const { lines, code, death } = run(wasm, { pick });
      assert.is(death, undefined);
      assert.equal(lines, positions);
      assert.is(code, 42);
    }
  });

  test(`everything that can be async (${flags.join(" ")})`, async () => {
    const { wasm } = await compileGuest("declarations", ...flags);
    for (const pick of Object.values(orders)) {
      const { lines, code, death } = run(wasm, { pick });
      assert.is(death, undefined);
      assert.equal(lines, declarations);
      assert.is(code, 0);
    }
  });
}

const asInNode: [guest: string, what: string][] = [
  ["compound", "compound assignments compute their target once"],
  ["returns", "what an async function returns may be a promise"],
  ["captures", "a name is captured only where it means what is declared around"],
];

for (const [guest, what] of asInNode) {
  test(`${what}, as in JavaScript`, async () => {
    const source = readFileSync(join(root, `tests/guest/lowering/${guest}.ts`), "utf8");
    const wanted = await linesInNode(source);
    for (const flags of [["--debug"], ["-O3"]]) {
      const { wasm } = await compileGuest(guest, ...flags);
      const { lines, code, death } = run(wasm);
      assert.is(death, undefined);
      assert.equal(lines, wanted);
      assert.is(code, 0);
    }
  });
}

const mains: [what: string, source: string, code: number][] = [
  ["void", "export function main(): void { new Vec<u8>().push(1); }", 0],
  ["i32", "export function main(): i32 { return Vec.fromString('abc').length; }", 3],
  ["Promise<void>", "export async function main(): Promise<void> { await yieldNow(); }", 0],
  ["Promise<i32>", "export async function main(): Promise<i32> { return 7; }", 7],
  ["i32 under another name", "function run(): i32 { return 5; } export { run as main };", 5],
  ["void under another name", "function run(): void {} export { run as main };", 0],
];

for (const [what, source, wanted] of mains) {
  test(`main returns ${what}`, async () => {
    const imports = 'import { yieldNow } from "std/rt"; import { Vec } from "std/vec";\n';
    const { wasm, stderr } = await compile("app.ts", { sources: { "app.ts": imports + source } });
    const { code, death } = run(wasm, {});
    assert.equal([death, code], [undefined, wanted], stderr);
  });
}

const elsewhere: [what: string, source: string, code: number][] = [
  ["from", `export { main } from "./other";`, 5],
  ["from, under another name", `export { go as main } from "./other";`, 0],
  ["*", `export * from "./other";`, 5],
  ["*, twice", `export * from "./folder";`, 5],
  ["imported", `import { main } from "./other"; export { main };`, 5],
  ["imported, void", `import { go as run } from "./folder"; export { run as main };`, 0],
];

for (const [what, source, wanted] of elsewhere) {
  test(`main is another file's (${what})`, async () => {
    const sources = {
      "app.ts": source,
      "other.ts": "export async function main(): Promise<i32> { return 5; }\n" +
        "export function go(): void {}",
      "folder/index.ts": `export * from "../other";`,
    };
    const { wasm, stderr } = await compile("app.ts", { sources });
    assert.is(stderr, "");
    const { code, death } = run(wasm, {});
    assert.equal([death, code], [undefined, wanted]);
  });
}

test("functions without a name inside of each other", async () => {
  const source = `export async function main(): Promise<i32> {
    const outer = async (n: i32): Promise<i32> => {
      const add = (a: i32): i32 => a + 1;
      const inner = async (a: i32): Promise<i32> => a * 2;
      return add(await inner(n));
    };
    return await outer(3);
  }`;
  const { wasm, stderr } = await compile("app.ts", { sources: { "app.ts": source } });
  assert.is(stderr, "");
  assert.is(run(wasm, {}).code, 7);
});

test("an app that runs out of memory says so", async () => {
  const source = `export async function main(): Promise<void> {
    const all: StaticArray<u8>[] = [];
    for (;;) all.push(new StaticArray<u8>(all.length < 20 ? 40_000 : 8));
  }`;
  for (const flags of [["--debug"], ["-O3"]]) {
    const options = { sources: { "app.ts": source }, flags: [...flags, "--maximumMemory", "24"] };
    const { wasm, stderr } = await compile("app.ts", options);
    assert.is(stderr, "");
    assert.match(run(wasm, {}).death ?? "", /^abort: out of memory/);
  }
});

test("an app without main runs its top-level code", async () => {
  const source = 'import { Vec } from "std/vec"; Vec.fromString("abc")[3];';
  const { wasm } = await compile("app.ts", { sources: { "app.ts": source } });
  assert.match(run(wasm, {}).death ?? "", /index 3 is out of range/);
});

test.run();
