/** What cannot be is refused at the token that is wrong, with advice, in asc's own format. */
import { assert, suite } from "../harness.js";
import { compile, places } from "./harness.js";

const test = suite("lowering errors", { timeout: 60_000 });

async function refused(source: string, expected: string[], ...words: RegExp[]): Promise<void> {
  const { code, stderr, files } = await compile("app.ts", { sources: { "app.ts": source } });
  assert.equal(places(stderr), expected, stderr);
  for (const word of words) assert.match(stderr, word);
  assert.is(code, 1);
  assert.is(files.size, 0);
}

test("await where nothing is async", () =>
  refused(
    `async function ok(): Promise<i32> { return 1; }
export function main(): void {
  const x = 1 + await ok();
}
class A {
  static value: Promise<i32> = await ok();
  sync(): void { await ok(); }
  async fine(a: i32 = await ok()): Promise<void> {
    const callback = (): void => { await ok(); };
  }
}
await ok();
const top = await ok();
`,
    [
      "TS1308 3:17", "TS1308 6:32", "TS1308 7:18", "TS2524 8:23", "TS1308 9:36",
      "TS1378 12:1", "TS1378 13:13",
    ],
    /only possible in an async function/,
    /top level of a file.*main/,
    /default value of a parameter/,
    /initial value of a field/,
  ));

test("what cannot be async", () =>
  refused(
    `abstract class A {
  async get value(): Promise<i32> { return 1; }
  static async set value(v: i32) {}
  async constructor() {}
  async field: i32 = 3;
  async *generate(): Promise<i32> { return 1; }
  abstract async nothing(): Promise<void>;
}
async function* generator(): Promise<i32> { return 1; }
async function rest(...a: i32[]): Promise<void> {}
`,
    [
      "TS1042 2:3", "TS1042 3:10", "TS1089 4:3", "TS1042 5:3", "AS100 6:9",
      "TS1040 7:12", "AS100 9:15", "AS100 10:21",
    ],
    /async method instead/,
    /async static method that makes the object/,
    /generators are not supported/,
  ));

test("return types", () =>
  refused(
    `async function a(): i32 { return 1; }
async function b(): Promise { }
class C { async c(): Promise<i32> | null { return null; } async d(): void {} }
`,
    ["TS1064 1:21", "TS1064 2:21", "TS1064 3:22", "TS1064 3:70"],
    /Did you mean Promise<i32>/,
    /Did you mean Promise<void>/,
  ));

test("no return type: one message each", () =>
  refused(
    `export async function main() {}
class A {
  async a() {}
  static async b(x: i32) { await x; }
  sync() {}
}
const f = async () => {};
`,
    ["TS1064 1:23", "TS1064 3:9", "TS1064 4:16", "TS1110 5:9", "TS1064 7:11"],
  ));

test("an async function inside of another one is known only below its declaration", () =>
  refused(
    `export async function main(): Promise<void> {
  await f(1);
  async function f(a: i32): Promise<i32> { return await f(a - 1); }
  async function g(): Promise<void> { await f(2); }
  await f(3);
}
class A {
  a(): void { h(); async function h(): Promise<void> {} }
}
const e = async (): Promise<void> => { i(); async function i(): Promise<void> {} i(); };
`,
    ["AS100 2:9", "AS100 3:57", "AS100 4:45", "AS100 8:15", "AS100 10:40"],
    /'f' is used above its declaration.*Declare it at the top level/,
    /would capture 'f'\. Declare it at the top level/,
  ));

test("inner functions of the same name, in a block each", () =>
  refused(
    `export async function main(): Promise<i32> {
  async function inner(n: i32): Promise<i32> { return n; }
  if (await inner(1)) {
    async function inner(n: i32): Promise<i32> { return n * 10; }
    return await inner(2);
  }
  return 0;
}
`,
    ["TS2393 4:20"],
  ));

test("for await, and closures", () =>
  refused(
    `async function all(list: i32[]): Promise<i32> {
  let sum = 0;
  for await (const x of list) sum += x;
  const add = async (n: i32): Promise<i32> => n + sum;
  return sum;
}
class A {
  private n: i32 = 1;
  async m(): Promise<void> {
    const f = async (): Promise<i32> => this.n;
  }
}
`,
    ["TS1103 3:7", "AS100 4:51", "AS100 10:41"],
    /would capture 'sum'/,
    /would capture 'this'/,
  ));

test("errors in the body of an async function stand at the user's own tokens", () =>
  refused(
    `export async function main(): Promise<i32> {
  const text: string = 5;
  const n = await other( 1);
  return missing + n;
}
class A {
  async method(a: i32 = nowhere): Promise<string> {
    return a;
  }
}
async function other(a: i32): Promise<i32> {
  await new A().method();
  return a.b;
}
`,
    ["TS2322 2:24", "TS2304 4:10", "TS2304 7:25", "TS2322 8:12", "TS2339 13:12"],
  ));

test("an optional number", () =>
  refused(
    `class A { async a(b: i32, c?: f64): Promise<void> {} }
export async function main(): Promise<void> {
  await new A().a(1);
  await either<string>("a");
  await either<i32>(3);
}
async function either<T>(a: T, b?: T): Promise<void> {}
`,
    ["AS100 1:27", "AS204 7:36"],
    /'c: f64 = 0'/,
  ));

test("what a browser or Node.js would do", async () => {
  const uses = `import { yieldNow } from "std/rt";\n`;
  const main = (body: string): string =>
    `${uses}export async function main(): Promise<void> { await yieldNow(); ${body} }\n`;
  const cases: [body: string, advice: RegExp][] = [
    [`console.log("a");`, /'console.log' is not there. Write with 'println'/],
    [`crypto.getRandomValues(new Uint8Array(8));`, /Take 'fill' of "std\/random"/],
    ["Date.now(); Date.now();", /Take 'SystemTime.now\(\)' of "std\/time"/],
  ];
  for (const [body, advice] of cases) await refused(main(body), ["AS100 2:65"], advice);
});

test("a module that does not exist", () =>
  refused(
    `import { File } from "std/fs2";
import { nope } from "std/rt/nope";
export function main(): void {}
`,
    ["TS2307 1:22", "TS2307 2:22"],
    /There is no module 'std\/fs2'\. There are: .*std\/rt/,
  ));

test("a main that cannot be", async () => {
  await refused(
    "export async function main(args: string[]): Promise<void> {}\n",
    ["AS100 1:28"],
    /std\/env/,
  );
  await refused("export async function main(): Promise<string> { return ''; }\n", ["AS100 1:31"]);
});

test("a main that is no function, here or in another file", async () => {
  const uses = `import { yieldNow } from "std/rt";\n`;
  const advice = /Write: export async function main\(\): Promise<void>/;
  await refused(`${uses}export const main = 3;\n`, ["AS100 2:14"], advice);
  await refused(`${uses}const a = 3;\nexport { a as main };\n`, ["AS100 3:15"], advice);
  const sources = {
    "app.ts": `export { run as main } from "./other";\n`,
    "other.ts": "export async function run(a: i32): Promise<void> {}\n",
  };
  const { code, stderr } = await compile("app.ts", { sources });
  assert.is(code, 1);
  assert.match(stderr, /'main' has no parameters[^]*in other\.ts\(1,27\)/);
});

test("runtimes without a collector that knows of suspended functions", async () => {
  const source = "\n export async function main(): Promise<void> {}\n";
  for (const runtime of ["minimal", "stub"]) {
    const flags = ["--runtime", runtime];
    const { code, stderr } = await compile("app.ts", { sources: { "app.ts": source }, flags });
    assert.is(code, 1);
    assert.equal(places(stderr), ["AS100 2:9"]);
  }
});

test("the runtime without a collector, with std but without async functions", async () => {
  const source = 'import { Vec } from "std/vec";\nexport function main(): void { new Vec<u8>(); }';
  const options = { sources: { "app.ts": source }, flags: ["--runtime", "stub"] };
  const { code, stderr } = await compile("app.ts", options);
  assert.is(code, 1);
  assert.equal(places(stderr), ["AS100 1:21"]);
  assert.match(stderr, /std needs '--runtime incremental'/);
});

test("what async functions in functions capture, whatever else has that name", () =>
  refused(
    `class P { q: i32 = 0; }
function use(x: i32): void {}
export async function main(): Promise<void> {
  const q = 1;
  const a = async (): Promise<void> => { const p: P = { q: q }; };
  const b = async (): Promise<void> => { const p: P = { q }; };
  const c = async (): Promise<void> => { { const q = 2; use(q); } use(q); };
  const d = async (): Promise<void> => { for (let q = 0; q < 1; q++) {} use(q); };
  const e = async (): Promise<void> => { const f = (q: i32): i32 => q; f(q); };
  const f = async (): Promise<void> => { use(q); const q = 3; };
  const g = async (): Promise<void> => { const q = q; };
  if (q) { const z = 1; const h = async (): Promise<void> => { use(z); }; }
  switch (q) { case 1: const s = 1; const i = async (): Promise<void> => { use(s); }; }
}
`,
    [
      "AS100 5:60", "AS100 6:57", "AS100 7:71", "AS100 8:77", "AS100 9:74", "AS100 10:46",
      "AS100 11:52", "AS100 12:68", "AS100 13:80",
    ],
  ));

test("a promise or a result of a v128, in the app's own file", async () => {
  const source = `import { Result } from "std/io";
class A { value: Promise<v128> | null = null; }
async function f(): Promise<v128> { return i32x4.splat(1); }
export async function main(): Promise<void> {
  new A();
  void f();
  const result: Result<v128> | null = null;
  new Promise<v128>();
}
`;
  const flags = ["--enable", "simd"];
  const { stderr } = await compile("app.ts", { sources: { "app.ts": source }, flags });
  assert.equal(places(stderr), ["AS100 2:18", "AS100 3:21", "AS100 7:17", "AS100 8:3"], stderr);
  assert.not.match(stderr, /~lib/);
});

test.run();
