/** What the README shows works as it is shown. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { assert, exec, launch, root, suite, tempDir } from "./harness.js";

const test = suite("readme", { timeout: 150_000 });
const readme = readFileSync(join(root, "README.md"), "utf8");

test("the first app of one's own", async () => {
  const [, app] = /```ts\n([^]*?)```/.exec(readme) ?? [];
  assert.ok(app, "the README shows no app");
  const cwd = tempDir("readme");
  writeFileSync(join(cwd, "hello.ts"), app);
  writeFileSync(join(cwd, "notes.txt"), "grüße\n");
  // It compiles an app with all its optimisations, which takes some seconds of an idle processor.
  const built = await launch(["build", "hello.ts", "-o", "hello.wasm"], { cwd, timeout: 120_000 });
  assert.is(built.code, 0, built.stdout + built.stderr);
  const good = await launch(["run", "--dir", ".", "hello.wasm"], { cwd, input: "notes.txt\n" });
  assert.equal([good.code, good.stdout], [0, "Which file? ...6 characters\n"], good.stderr);
  const bad = await launch(["run", "--dir", ".", "hello.wasm"], { cwd, input: "nope.txt\n" });
  const message = `open "nope.txt": not found (ENOENT)`;
  assert.equal([bad.code, bad.stdout], [1, `Which file? ...${message}\n`], bad.stderr);
});

test("the app inside of an application", async () => {
  const [app, host] = [...readme.matchAll(/```ts\n([^]*?)```/g)]
    .map(([, text]) => text!).filter((text) => /async function main|new Instance/.test(text));
  assert.match(host ?? "", /new Instance/);
  const cwd = tempDir("readme");
  writeFileSync(join(cwd, "hello.ts"), app!);
  const index = pathToFileURL(join(root, "dist/host/index.js")).href;
  writeFileSync(join(cwd, "host.mjs"), host!.replace('"rusticated"', JSON.stringify(index)));
  const built = await launch(["build", "hello.ts", "-o", "hello.wasm"], { cwd });
  assert.is(built.code, 0, built.stdout + built.stderr);
  const { stdout, stderr } = await exec(process.execPath, ["host.mjs"], { cwd });
  assert.is(stdout, "0 Which file? ...17 characters\n\n", stderr);
});

test("every file that it links to is there, and every npm script that it names", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  for (const [, name] of readme.matchAll(/npm run (?:--silent )?([\w-]+)/g)) {
    assert.ok(scripts[name!], `npm run ${name}`);
  }
  for (const [, path] of readme.matchAll(/\]\((?!http)([^)#]+)\)/g)) {
    readFileSync(join(root, path!));
  }
});

test.run();
