/** The package as a user gets it: packed, installed in an unrelated folder, used. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, exec, root, suite, tempDir, type ExecOptions } from "./harness.js";

const test = suite("package", { timeout: 180_000 });
const packed = tempDir("packed");
/** A folder that knows nothing of this checkout. */
const user = tempDir("user");
let contents: string[] = [];

const app = `
import { args } from "std/env";
import { readToString } from "std/fs";
import { println } from "std/io";

export async function main(): Promise<i32> {
  const text = (await readToString("note.txt")).unwrap();
  await println(args().slice(1).join("+") + ": " + text);
  return 7;
}
`;

/** Runs a command in the user's folder and fails with all that it said unless it exits with 0. */
async function run(command: string, args: string[], options: ExecOptions = {}): Promise<string> {
  const all = { cwd: user, timeout: 170_000, ...options };
  const { code, signal, stdout, stderr } = await exec(command, args, all);
  assert.is(code, 0, `${command} ${args.join(" ")}: ${signal ?? code}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Runs `app.wasm` with the installed launcher and checks that it did what the source says. */
async function expectAppRuns(wasm: string): Promise<void> {
  const options = { cwd: user, timeout: 60_000 };
  const args = ["--no", "rusticated", "run", "--dir", ".", wasm, "one", "two"];
  const { code, stdout, stderr } = await exec("npx", args, options);
  assert.equal([code, stdout], [7, "one+two: kept\n"], stderr);
}

test("npm pack carries what was built and nothing else", async () => {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", packed];
  const [listing] = JSON.parse(await run("npm", args, { cwd: root })) as [
    { filename: string; files: { path: string }[] },
  ];
  contents = listing.files.map((file) => file.path);
  for (const path of [
    "asconfig.json", "LICENSE", "assembly/fs.ts", "assembly/abi/op.ts", "demo/last-byte.ts",
    "dist/host/launcher.cjs", "dist/host/index.js", "dist/host/index.d.ts",
    "dist/std-shim/index.js",
  ]) assert.ok(contents.includes(path), `${path} is missing`);
  assert.ok(contents.some((path) => /^prebuilds\/.*\.node$/.test(path)), "no native helper");
  const unwanted = contents.filter((path) =>
    /^(dist\/)?(tests|scripts|build)\/|\.map$|\.test\.|node_modules|^host\//.test(path));
  assert.equal(unwanted, []);
});

test("the tarball installs without running any script", async () => {
  writeFileSync(join(user, "package.json"), `{ "name": "user", "private": true }\n`);
  writeFileSync(join(user, "app.ts"), app);
  writeFileSync(join(user, "note.txt"), "kept");
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    version: string;
  };
  await run("npm", [
    "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline",
    join(packed, `rusticated-${version}.tgz`),
  ]);
  assert.ok(existsSync(join(user, "node_modules/rusticated/dist/host/launcher.cjs")));
});

test("npx rusticated build, then run", async () => {
  await run("npx", ["--no", "rusticated", "build", "app.ts", "-o", "built.wasm"]);
  await expectAppRuns("built.wasm");
});

test("plain asc with our asconfig.json", async () => {
  writeFileSync(join(user, "asconfig.json"), `{ "extends": "rusticated/asconfig.json" }\n`);
  await run("npx", ["--no", "asc", "app.ts", "-o", "plain.wasm"]);
  await expectAppRuns("plain.wasm");
});

test("a main without async and std is an app, too", async () => {
  const source = `export function main(): i32 { assert(memory.size() > 0, "memory"); return 9; }`;
  writeFileSync(join(user, "hello.ts"), source);
  for (const command of ["rusticated build", "asc"]) {
    await run("npx", ["--no", ...command.split(" "), "hello.ts", "-o", "hello.wasm"]);
    const ran = await exec("npx", ["--no", "rusticated", "run", "hello.wasm"], { cwd: user });
    assert.equal([ran.code, ran.stderr.replace(/^npm warn.*\n/gm, "")], [9, ""]);
  }
});

test("an app in a folder of its own finds the std as well", async () => {
  mkdirSync(join(user, "apps/deep"), { recursive: true });
  writeFileSync(join(user, "apps/deep/app.ts"), app);
  const wasm = join(user, "deep.wasm");
  await run("npx", ["--no", "rusticated", "build", "apps/deep/app.ts", "-o", wasm]);
  await expectAppRuns(wasm);
});

test("an editor understands the app with our tsconfig.json", async () => {
  const config = { extends: "rusticated/std-shim/tsconfig.json", include: ["app.ts"] };
  writeFileSync(join(user, "tsconfig.json"), JSON.stringify(config));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  assert.is(await run(process.execPath, [compiler, "--noEmit", "-p", "."]), "");
});

test("without a grant the installed app reads nothing", async () => {
  const args = ["--no", "rusticated", "run", "built.wasm"];
  const { code, stderr } = await exec("npx", args, { cwd: user, timeout: 60_000 });
  assert.is(code, 134);
  assert.match(stderr, /note\.txt.*permission denied/i);
});

test("an embedder can import the package", async () => {
  await run(process.execPath, ["--input-type=module", "-e", `
    const host = await import("rusticated");
    if (!Object.keys(host).length) throw new Error("exports nothing");`]);
});

test.run();
