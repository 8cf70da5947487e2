/** Editors: TypeScript accepts the demos, std and the programs of these tests with our types. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, exec, root, suite, tempDir } from "../harness.js";

const test = suite("lowering types", { timeout: 60_000 });
const compiler = join(root, "node_modules/typescript/bin/tsc");

async function check(folder: string, include: string[]): Promise<string> {
  const config = { extends: join(root, "std-shim/tsconfig.json"), include };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const { stdout } = await exec(process.execPath, [compiler, "--noEmit", "-p", "."], {
    cwd: folder,
  });
  return stdout.trim();
}

test("tsc --noEmit accepts demos, std and guests", async () => {
  const folder = tempDir("types");
  const include = ["demo/*.ts", "assembly/*.ts", "tests/guest/lowering/*.ts"];
  assert.is(await check(folder, include.map((path) => join(root, path))), "");
});

test("and finds what is wrong in an app", async () => {
  const folder = tempDir("types-wrong");
  const app = `import { args } from "std/env";
async function number(): Promise<i32> { return 1; }
export async function main(): Promise<i32> {
  const wrong: string = await number();
  const right: i32 = await number();
  return args().length + right;
}
`;
  writeFileSync(join(folder, "app.ts"), app);
  assert.match(await check(folder, ["app.ts"]), /^app\.ts\(4,9\): error TS2322: .*\n?$/);
});

test.run();
