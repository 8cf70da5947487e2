/** An app may call its own things as it likes: no name that the compiler needs is taken from it. */
import { assert, suite } from "../harness.js";
import { compile, run } from "./harness.js";

const test = suite("lowering hygiene", { timeout: 120_000 });

/** What the app below itself means by a name. */
const meant = ["i32", "void", "Promise", "yieldNow", "app"];

/** Names that generated code has, or had, besides what is global. */
const generated = [
  "task", "run", "begin", "value", "title", "anonymous", "main~", "keep", "kept", "entry",
  "_start", "_tick", "_abi", "_completions", "memory", "std", "R", "T0", "A",
];

/** An app that is async in every way there is. */
const app = (declarations: string, parameters: string, values: string, locals: string): string => `
import { yieldNow } from "std/rt";
${declarations}
class app<T> {
  n: i32 = 1;
  async method(${parameters}): Promise<i32> {${locals} await yieldNow(); return this.n; }
  static async made(${parameters}): Promise<i32> {${locals} await yieldNow(); return 1; }
  async generic<U>(it: U): Promise<U> {${locals} await yieldNow(); return it; }
}
async function plain(${parameters}): Promise<i32> {${locals} await yieldNow(); return 1; }
async function nothing(${parameters}): Promise<void> {${locals} await yieldNow(); }
async function generic<T>(it: T): Promise<T> {${locals} await yieldNow(); return it; }
export async function main(): Promise<i32> {${locals}
  const it = new app<i32>();
  const arrow = async (${parameters}): Promise<i32> => {${locals} await yieldNow(); return 1; };
  const promise = plain(${values});
  let sum = await plain(${values}) + await generic<i32>(1) + await it.method(${values});
  sum += await app.made(${values}) + await it.generic<i32>(1) + await arrow(${values});
  await nothing(${values});
  it.n += await plain(${values});
  return sum + it.n + await promise;
}`;

/** Apps by the way in which they declare names. */
const ways: Record<string, (names: readonly string[]) => string> = {
  functions: (names) =>
    app(names.map((name) => `function ${name}(): void {}`).join("\n"), "", "", ""),
  classes: (names) =>
    app(names.map((name) => `class ${name} { n: i32 = 1; }`).join("\n"), "", "", ""),
  "generic classes": (names) =>
    app(names.map((name) => `class ${name}<T> { n: i32 = 1; }`).join("\n"), "", "", ""),
  types: (names) => app(names.map((name) => `type ${name} = i32;`).join("\n"), "", "", ""),
  variables: (names) =>
    app(names.map((name) => `let ${name}: i32 = 1;`).join("\n"), "", "", ""),
  parameters: (names) =>
    app("", names.map((name) => `${name}: i32`).join(", "), names.map(() => "1").join(", "), ""),
  locals: (names) => app("", "", "", names.map((name) => ` let ${name}: i32 = 1;`).join("")),
};

const words = new Set(("abstract as async await break case catch class const continue declare " +
  "default delete do else enum export extends false finally for from function if implements " +
  "import in instanceof interface is keyof let module namespace new null of package private " +
  "protected public readonly return static super switch this throw true try type typeof var " +
  "void while with yield constructor get set infer").split(" "));

for (const [way, make] of Object.entries(ways)) {
  test(`the compiler's names and the runtime's as ${way}`, async () => {
    const { globals } = await compile("app.ts", { sources: { "app.ts": app("", "", "", "") } });
    const names = [...new Set([...globals, ...generated])].filter((name) =>
      /^[A-Za-z_]\w*$/.test(name) && !words.has(name) && !meant.includes(name));
    assert.ok(names.includes("isVoid") && names.includes("__create") && names.includes("f64"));
    // A thousand parameters are the most that a function may have.
    const size = way === "parameters" ? 300 : names.length;
    for (let start = 0; start < names.length; start += size) {
      const source = make(names.slice(start, start + size));
      for (const flags of [["--debug"], ["-O1"]]) {
        const { stderr, wasm } = await compile("app.ts", { sources: { "app.ts": source }, flags });
        assert.is(stderr, "");
        assert.is(run(wasm).code, 9);
      }
    }
  });
}

test("a parameter or variable of a static method that is called like its class", async () => {
  const source = `import { yieldNow } from "std/rt";
class task {
  n: i32 = 4;
  async method(task: i32): Promise<i32> { await yieldNow(); return this.n + task; }
  static async made(task: i32): Promise<i32> { await yieldNow(); return task; }
  static async local(): Promise<i32> { const task = 3; await yieldNow(); return task; }
}
export async function main(): Promise<i32> {
  const started = task.made(1);
  return await started + await task.made(2) + await task.local() + await new task().method(5);
}`;
  for (const flags of [["--debug"], ["-O1"]]) {
    const { stderr, wasm } = await compile("app.ts", { sources: { "app.ts": source }, flags });
    assert.is(stderr, "");
    assert.is(run(wasm).code, 15);
  }
});

test("a class Promise where functions are async is refused, as in TypeScript", async () => {
  const source = "class Promise<T> {}\nasync function f(): Promise<void> {}\n";
  const { stderr } = await compile("app.ts", { sources: { "app.ts": source } });
  assert.match(stderr, /ERROR TS2529: 'Promise' is reserved[^]*\(1,7\)/);
});

test.run();
