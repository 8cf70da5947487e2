/** The generic classes of std are constructible wherever code stands, and import nothing else. */
import { assert, suite } from "../harness.js";
import { compile } from "./harness.js";

const test = suite("lowering generics", { timeout: 120_000 });

/** An expression that makes one, its type, and what both take. */
const constructions: [name: string, type: string, made: string, imports: string][] = [
  ["BufReader", "BufReader<Source>", "new BufReader(source)", "std/io"],
  ["BufReader", "BufReader<Source>", "new BufReader(source, 10)", "std/io"],
  ["BufReader", "BufReader", "new BufReader<AsyncRead>(source)", "std/io"],
  ["BufReader", "BufReader", "new BufReader(source)", "std/io"],
  ["Vec", "Vec<u8>", "new Vec<u8>()", "std/vec"],
  ["Promise", "Promise<i32>", "new Promise<i32>()", ""],
  ["Promise", "Promise<void>", "Promise.resolve()", ""],
];

/** Every place where an expression may stand. */
function places(number: number, type: string, made: string): string {
  return `
const global${number}: ${type} = ${made};
export function plain${number}(): void { const it: ${type} = ${made}; keep(it); keep(${made}); }
async function later${number}(): Promise<void> { keep(${made}); await yieldNow(); keep(${made}); }
function generic${number}<T>(value: T): void { keep(${made}); keep(value); }
class Place${number}<T> {
  static all: ${type} = ${made};
  field: ${type} = ${made};
  made: ${type};
  constructor(readonly value: T) { this.made = ${made}; keep(${made}); }
  static make(): void { keep(${made}); }
  get property(): ${type} { return ${made}; }
  method(): void { keep(${made}); const it: ${type} = ${made}; keep(it); }
  generic<U>(value: U): void { keep(${made}); keep(value); }
  async later(): Promise<void> { await yieldNow(); const it: ${type} = ${made}; keep(it); }
}
async function use${number}(): Promise<void> {
  const arrow = (): void => { keep(${made}); const it: ${type} = ${made}; keep(it); };
  const waiting = async (): Promise<void> => { await yieldNow(); keep(${made}); };
  arrow();
  await waiting();
  plain${number}();
  generic${number}<i32>(1);
  await later${number}();
  const place = new Place${number}<string>("");
  place.method();
  place.generic<f64>(1);
  await place.later();
  Place${number}.make();
  keep(place.property);
  keep(global${number});
}`;
}

test("in functions, methods, constructors, fields and arrows, generic or not", async () => {
  const importsAsyncRead = constructions.some(([, , made]) => made.includes("<AsyncRead>"));
  assert.ok(importsAsyncRead);
  for (const withInterface of [false, true]) {
    const chosen = constructions.filter(([, , made]) => made.includes("<AsyncRead>") ===
      withInterface);
    const names = new Set(chosen.map(([name, , , from]) => from && `{ ${name} } from "${from}"`));
    const source = `
import { yieldNow } from "std/rt";
import { Source } from "./source";
${withInterface ? 'import { AsyncRead } from "std/io";' : ""}
${[...names].filter(Boolean).map((one) => `import ${one};`).join("\n")}
function keep<T>(value: T): void {}
const source = new Source();
${chosen.map(([, type, made], index) => places(index, type, made)).join("\n")}
export async function main(): Promise<void> {
${chosen.map((_, index) => `  await use${index}();`).join("\n")}
}`;
    const sources = {
      "app.ts": source,
      "source.ts": `import { AsyncRead, BufResult } from "std/io";
import { Vec } from "std/vec";
export class Source implements AsyncRead {
  async read(buf: Vec<u8>): Promise<BufResult> { return new BufResult(0, buf); }
}`,
    };
    const { stderr, code } = await compile("app.ts", { sources, flags: ["--debug"] });
    assert.is(stderr, "");
    assert.is(code, 0);
  }
});

test.run();
