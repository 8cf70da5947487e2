/** What is dropped without a word is a warning; what is meant to be dropped is none. */
import { assert, suite } from "../harness.js";
import { compile, places } from "./harness.js";

const test = suite("lowering dropped", { timeout: 120_000 });

const source = `import { println } from "std/io";
import { spawn } from "std/rt";
import { File, removeFile } from "std/fs";
import { currentDir } from "std/env";
async function f(): Promise<bool> { return true; }
class A { async m(): Promise<i32> { return 1; } }
type P = Promise<bool>;
function alias(): P { return f(); }
function maybe(): Promise<i32> | null { return null; }
function value<T>(x: T): Promise<T> { return Promise.resolve(x); }
export async function main(): Promise<void> {
  f();
  new A().m(); alias(); value<i32>(3);
  Promise.all([f()]);
  await removeFile("a");
  currentDir();
  if (f()) {}
  while (!f()) { break; }
  const t = f() && f();
  [1].forEach((x) => { removeFile("a"); });
}
`;

const meant = `${source.slice(0, source.indexOf("export"))}
export async function main(): Promise<void> {
  await f();
  void f();
  void await removeFile("a");
  void currentDir();
  void new A().m();
  println("a");
  await println("a");
  spawn(f());
  if (await f()) {}
  if (maybe()) {}
  const r = await removeFile("a");
  (await removeFile("a")).unwrap();
  const file = await File.open("a");
  if (file.isOk) await file.unwrap().close();
  const g = (): Promise<bool> => f();
  f().cancel();
  for (let p = f(); p.isPending; p = f()) await p;
}
`;

async function warned(text: string, flags: string[] = []): Promise<string[]> {
  const { code, stderr } = await compile("app.ts", { sources: { "app.ts": text }, flags });
  assert.is(code, 0, stderr);
  return places(stderr);
}

const promises = [
  "AS301 12:3", "AS301 13:3", "AS301 13:16", "AS301 13:25", "AS301 14:3", "AS301 20:24",
];
const results = ["AS302 15:3", "AS302 16:3"];
const conditions = ["TS2801 17:7", "TS2801 18:11", "TS2801 19:13"];

test("promises, results and conditions", async () => {
  assert.equal((await warned(source)).sort(), [...promises, ...results, ...conditions].sort());
  const debug = await warned(source, ["--debug"]);
  assert.equal(debug.sort(), [...promises, ...results, ...conditions].sort());
});

test("what is meant", async () => assert.equal(await warned(meant), []));

test("each kind can be switched off", async () => {
  const left = await warned(source, ["--disableWarning", "301", "--disableWarning", "302"]);
  assert.equal(left.sort(), [...conditions].sort());
});

test("the module is the same with the warnings and without", async () => {
  const options = { sources: { "app.ts": source } };
  const other = { sources: { "app.ts": source.replace("\n  f();", "\n  void f();") } };
  const [one, two] = [await compile("app.ts", options), await compile("app.ts", other)];
  assert.equal(one.wasm, two.wasm);
});

test.run();
