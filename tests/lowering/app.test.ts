/** What `build` takes for an app. */
import { assert, suite } from "../harness.js";
import { compile } from "./harness.js";

const test = suite("lowering app", { timeout: 60_000 });

const mainless: readonly (readonly [string, RegExp])[] = [
  ["export function start(): void {}\nexport function other(): void {}",
    /did you mean 'start'\? Call it 'main'\.[^]*in app\.ts\(1,17\)/],
  ["export function begun(): i32 { return 1; }", /did you mean 'begun'/],
  ["async function main(): Promise<void> {}", /exports its 'main'\. Write 'export'/],
  ["export function a(): void {}\nexport function b(): void {}", /this one has none\. Write: /],
  [`import { println } from "std/io";\nprintln("x");`, /this one has none\. Write: /],
];

test("an app without main is refused, and told what may be meant", async () => {
  for (const [source, pattern] of mainless) {
    const { code, stderr } = await compile("app.ts", { sources: { "app.ts": source }, app: true });
    assert.is(code, 1, source);
    assert.match(stderr, pattern);
  }
});

test("main may come from elsewhere, and nobody but build asks for one", async () => {
  const sources = {
    "app.ts": `export { begin as main } from "./begin";`,
    "begin.ts": "export function begin(): void {}",
  };
  assert.is((await compile("app.ts", { sources, app: true })).code, 0);
  assert.is((await compile("begin.ts", { sources, target: true })).code, 0);
});

test.run();
