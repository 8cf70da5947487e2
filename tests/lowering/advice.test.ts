/** What people write first who know TypeScript, and what they are told: all of it in one run. */
import { assert, suite } from "../harness.js";
import { compile, places } from "./harness.js";

const test = suite("lowering advice", { timeout: 120_000 });

/** A line of a program, what it is refused with there, and words of the advice. */
type Line = readonly [source: string, place: string, advice: RegExp];

const head = `import { println } from "std/io";
async function f(): Promise<i32> { return 1; }
function take(a: i32): void {}
class Point { x: i32 = 0; next: Point | null = null; }
`;

/** Compiles `lines` as the body of a function, and looks at all that is said. */
async function advised(lines: readonly Line[], before: string, after = "}\n"): Promise<void> {
  const source = `${head}${before}\n${lines.map(([line]) => line).join("\n")}\n${after}`;
  const options = { sources: { "app.ts": source }, target: true };
  const { code, stderr, files } = await compile("app.ts", options);
  const first = head.split("\n").length + 1;
  const expected = lines.flatMap(([, place], index) =>
    place.split(" ").filter(Boolean).map((one) =>
      `${one.split("@")[0]} ${first + index}:${one.split("@")[1]}`));
  assert.equal(places(stderr), expected, stderr);
  for (const [, , advice] of lines) assert.match(stderr, advice);
  assert.is(/~lib|~async|~try|~of/.test(stderr), false, stderr);
  assert.is(code, 1);
  assert.is(files.size, 0);
}

const main = "export async function main(): Promise<void> {";

test("promises", () =>
  advised([
    ["f().then((v) => {});", "TS2339@5", /no 'then'\. Await it/],
    ["f().catch((v) => {});", "TS2339@5", /Errors are values: await it, and ask/],
    ["f().finally(() => {});", "TS2339@5", /write below/],
    ["new Promise<i32>((resolve) => { resolve(1); });", "TS2554@1", /done\.fulfill\(value\)/],
    ["new Promise((resolve) => { resolve(1); });", "TS1140@12", /takes no function/],
    ["Promise.reject(3);", "TS2339@9", /return a Result/],
    ["Promise.any([f()]);", "TS2339@9", /Promise\.race/],
    ["Promise.allSettled([f()]);", "TS2339@9", /Promise\.all'/],
  ], main));

test("a forgotten await", () =>
  advised([
    ["const x: i32 = f();", "TS2322@16", /Type 'Promise<i32>' .* 'i32'\. Did you forget 'await'/],
    ["const y = f() + 1; take(y);", "TS2365@11", /types 'Promise<i32>' and/],
    ["const z = f().n;", "TS2339@15", /'n' does not exist on type 'Promise<i32>'\. Did/],
    ["if (f() == 1) {}", "TS2365@5", /Operator '=='/],
    ["let s: string = `${f()}`;", "TS2322@20", /to type 'string'\. Did you/],
    ["switch (f()) { case 1: break; }", "TS2322@21", /Did you forget/],
    ["const list = -f();", "TS2469@14", /The '-' operator .* Did you forget/],
    ["f()[0];", "TS2329@1", /Index signature .* Did you forget/],
    ["const h = (): i32 => f();", "TS2322@22", /The function around it is async then/],
  ], main));

test("what Node.js and a browser have", () =>
  advised([
    ["setTimeout(() => {}, 10);", "TS2304@1", /sleep\(Duration\.fromMillis/],
    ["fetch('http://a');", "TS2304@1", /TcpStream/],
    ["process.exit(1);", "AS100@1", /'exit' of "std\/process"/],
    ["console.log('a');", "AS100@1", /println/],
    ["const r = /abc/g;", "AS100@11", /no regular expressions/],
    ["const fs = require('fs'); fs.x();", "TS2304@12", /Write: import/],
  ], main));

test("exceptions and loops, with all that is in them", () =>
  advised([
    ["try { const x: i32 = f(); } catch (e) { take(e); }",
      "AS100@1 TS2322@22", /Errors are values/],
    ["try { return; } catch { setTimeout(() => {}, 1); } finally { fetch(); }",
      "AS100@1 TS2304@25 TS2304@62", /What 'finally' would do/],
    ["for (const x of [1]) { if (x) continue; const y: i32 = f(); }", "AS100@1 TS2322@56", /Count/],
    ["for (const k in object) { const y: i32 = f(); }", "AS100@1 TS2322@42", /for…in/],
    ["if (nope) {}", "TS2304@5", /Cannot find name 'nope'/],
  ], main));

test("syntax that AssemblyScript cannot read", () =>
  advised([
    ["const a = p?.next; const b = p?.[0]; const c = p?.();",
      "AS100@12 AS100@31 AS100@49", /'\?\.'/],
    ["const d = p ?? q;", "AS100@13", /a !== null \? a : b/],
    ["p ??= q; p ||= q;", "AS100@3 AS100@12", /a = a \|\| b/],
    ["const { x, next: y } = p; take(x + y);", "AS100@7", /one by one/],
    ["const [g, [h = 1]] = p, i: i32 = f();", "AS100@7 TS2322@34", /Destructuring/],
    ["let one = 1; [one, one] = [2, 3];", "TS2540@14", /Destructuring/],
    ["for (const [k, v] of m) { take(k); }", "AS100@1 AS100@12", /for…of/],
    ["list.forEach(({ k }, [v]) => { take(k); });", "AS100@15 AS100@22", /Destruct/],
    ["const j = [...list];", "AS100@12", /concat/],
    ["const l = { ...p };", "AS100@11", /Name the fields/],
    ["const n = { x: 1 };", "TS2322@11", /is of a class that declares them/],
    ["const o: Point = { [n]: 1, e() {} };", "AS100@18", /is of a class/],
    ["const t: { x: i32 } = p;", "AS100@10", /Declare it: class/],
    ["const fine: Point = { x: 3 }; const q = fine.x ? .5 : 1;", "", /./],
  ], "export function parts(m: Map<i32, i32>, list: i32[], p: Point): void {"));

test("what a callback would capture", () =>
  advised([
    ["let sum = 0;", "", /./],
    ["[1].forEach((x) => { sum += x; });", "AS100@22", /would capture 'sum'/],
    ["const g = (): i32 => sum;", "AS100@22", /Write a loop/],
  ], main));

test("what a callback of a method would capture", () =>
  advised([
    ["[1].forEach((x) => { this.n += x; });", "TS2339@22", /would capture 'this'/],
    ["take(this.n); const g = (): i32 => this.n;", "TS2339@36", /hand over an object/],
  ], "class A { n: i32 = 1; async m(): Promise<void> {", `}}
export function use(): void { void new A().m(); }
`));

test("modules of Node.js's", async () => {
  const source = `import { readFile } from "node:fs/promises";
import * as path from "path";
export async function main(): Promise<void> {
  await readFile("a"); path.join(); const x: i32 = f();
}
async function f(): Promise<i32> { return 1; }
`;
  const { stderr } = await compile("app.ts", { sources: { "app.ts": source } });
  assert.equal(places(stderr), ["TS2307 1:26", "TS2307 2:23", "TS2322 4:52"], stderr);
  assert.match(stderr, /Take std\/fs[^]*Take std\/path/);
});

test("what is never compiled may have what is only refused there", async () => {
  const source = `export function main(): void {}
function never(): void { try { for (const x of [1]) {} } catch (e) {} }
`;
  const { code, stderr } = await compile("app.ts", { sources: { "app.ts": source } });
  assert.is(code, 0, stderr);
});

test.run();
