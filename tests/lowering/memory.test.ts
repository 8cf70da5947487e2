/** Garbage collection, deep recursion and how much a suspended task costs. */
import { assert, suite } from "../harness.js";
import { compile, compileGuest, newestFirst, run, shuffled } from "./harness.js";

const test = suite("lowering memory", { timeout: 60_000 });

function expected(id: number): string {
  const words = [`thing ${id}`];
  for (let i = 0; i < 3; i++) {
    words.push(`thing ${i}`, String(`thing ${id + 100} and thing ${i} and thing 50`.length));
  }
  return [...words, `thing ${id + 1}`].join(",");
}

for (const flags of [["--debug"], ["-O3"], ["-Os"]]) {
  test(`the collector keeps what tasks hold, and only that (${flags.join(" ")})`, async () => {
    const { wasm } = await compileGuest("garbage", ...flags);
    for (const pick of [newestFirst, shuffled(7), shuffled(99)]) {
      const { lines, code, death } = run(wasm, { pick, extra: { live: () => 0 } });
      assert.is(death, undefined);
      assert.equal(lines, [expected(10), expected(20), expected(30), "0+1+2+3", "bounded"]);
      assert.is(code, 0);
    }
  });
}

// The first part of a task runs on the stack of its caller, the rest on that of the scheduler: what
// `await` gives must be rooted where the task stands when it has it, not where it stood before.
const moved = `
import { pause } from "./tests/guest/lowering/support";
class Thing { constructor(public value: i32) {} }
async function make(value: i32): Promise<Thing> {
  await pause();
  return new Thing(value);
}
async function hold(): Promise<i32> {
  const first = new Thing(1);
  const second = await make(2);
  await pause();
  __collect();
  for (let i = 0; i < 500; i++) new Thing(-1);
  return first.value + second.value;
}
async function below(n: i32, text: string): Promise<i32> {
  const mine = text + n.toString();
  const held = n == 0 ? hold() : below(n - 1, mine);
  return (await held) + (mine.length > 0 ? 0 : 100);
}
export async function main(): Promise<i32> {
  return await below(3, "");
}
`;

test("what await gives is rooted wherever the task goes on", async () => {
  for (const flags of [["--debug"], ["-O1"], ["-O3"], ["-Os"]]) {
    const sources = { "moved.ts": moved };
    const { wasm, stderr } = await compile("moved.ts", { sources, flags });
    const { code, death } = run(wasm);
    assert.equal([death, code], [undefined, 3], flags.join(" ") + stderr);
  }
});

const deep = `
import { pause } from "./tests/guest/lowering/support";
// @ts-ignore: decorator
@external("test", "depth") declare function depth(): i32;
async function down(n: i32, text: string): Promise<i32> {
  if (n == 0) return await pause(1);
  const mine = text + "x";
  const below = await down(n - 1, text);
  return below + mine.length;
}
export async function main(): Promise<i32> {
  return (await down(depth(), "")) == depth() + 1 ? 0 : 1;
}
`;

async function compileDeep(...flags: string[]): Promise<Uint8Array> {
  const sources = { "deep.ts": deep };
  const { wasm, code, stderr } = await compile("deep.ts", { sources, flags });
  assert.is(code, 0, stderr);
  return wasm;
}

test("recursion tens of thousands deep", async () => {
  for (const flags of [["-O3"], ["-Os"], ["--debug"]]) {
    const wasm = await compileDeep(...flags);
    for (const depth of [10, 1000, 50_000]) {
      const { code, death } = run(wasm, { extra: { depth: () => depth } });
      assert.is(death, undefined, `at ${depth}`);
      assert.is(code, 0);
    }
  }
});

test("a stack that is too small gives a clear error", async () => {
  const wasm = await compileDeep("-O3", "--stackSize", "6144");
  const { death } = run(wasm, { extra: { depth: () => 1000 } });
  assert.match(death ?? "", /frames do not fit/);
});

test("a task that awaits one operation costs under 600 bytes", async () => {
  const source = `
import { pause } from "./tests/guest/lowering/support";
// @ts-ignore: decorator
@external("test", "pages") declare function pages(size: i32): void;
async function one(): Promise<i32> { return await pause(1); }
async function many(count: i32): Promise<i32> {
  const tasks = new Array<Promise<i32>>();
  for (let i = 0; i < count; i++) tasks.push(one());
  pages(memory.size());
  let sum = 0;
  for (let i = 0; i < count; i++) sum += await tasks[i];
  return sum;
}
export async function main(): Promise<i32> {
  await many(10);
  pages(memory.size());
  return (await many(20000)) == 20000 ? 0 : 1;
}
`;
  const sources = { "app.ts": source };
  const { wasm, code, stderr } = await compile("app.ts", { sources, flags: ["-O3"] });
  assert.is(code, 0, stderr);
  const sizes: number[] = [];
  const extra = { pages: (size: number) => sizes.push(size) };
  const result = run(wasm, { extra, most: 1000 });
  assert.is(result.death, undefined);
  assert.is(result.code, 0);
  const [, before = 0, after = 0] = sizes;
  const each = ((after - before) * 65536) / 20000;
  assert.ok(each < 600, `${each} bytes`);
});

test.run();
