/** Programs of a list that the guest could exchange for others, by whatever it was given. */
import {
  chmodSync, closeSync, linkSync, mkdirSync, openSync, symlinkSync, writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ContextBuilder } from "../../host/context.js";
import { ProgramError } from "../../host/locate.js";
import { NativeDir } from "../../host/resource/dir.js";
import { NativeFile } from "../../host/resource/file.js";
import { assert, launch, suite, tempDir } from "../harness.js";
import { binary, guest } from "./wat.js";

const test = suite("host: programs of a list");

/** `own/` is the guest's, `system/` is not. */
function world(): { own: string; system: string; at: (path: string) => string } {
  const folder = tempDir("list");
  const at = (path: string): string => join(folder, path);
  for (const name of ["own/bin", "system/bin", "system/lib"]) {
    mkdirSync(at(name), { recursive: true });
  }
  return { own: at("own"), system: at("system"), at };
}

function program(path: string, contents = "#!/bin/sh\n"): string {
  writeFileSync(path, contents);
  chmodSync(path, 0o755);
  return path;
}

/** What the guest may start by the name `tool`. */
function granted(
  own: string, searchPath: string, file = "tool", isReadOnly = false, stdout = -1,
): string | null | undefined {
  const dir = NativeDir.open(own);
  try {
    const builder = new ContextBuilder().dir(dir, "/own", { isReadOnly }).searchPath(searchPath);
    if (stdout >= 0) builder.stdout(new NativeFile(stdout, false));
    return builder.run("tool", file).build().grants.run?.programs?.get("tool");
  } finally {
    dir.close();
  }
}

function refuses(pattern: RegExp, build: () => unknown): void {
  assert.throws(build, (error: unknown) => {
    if (!(error instanceof ProgramError)) throw error;
    assert.match(error.message, pattern);
    return true;
  });
}

test("what lies where the guest may write is refused, with the reason", () => {
  const { own, system, at } = world();
  const mine = program(at("own/bin/tool"));
  const good = program(at("system/bin/tool"));
  const where = /own\/bin\/tool lies where the app may write: .*own$/;
  refuses(where, () => granted(own, `${own}/bin:${system}/bin`));
  refuses(where, () => granted(own, "/bin", mine));
  refuses(where, () => granted(own, "/bin", at("system/../own/./bin//tool")));
  refuses(/may write/, () => granted(at("own/bin"), `${own}/bin`));
  refuses(/may write/, () => granted("/", `${system}/bin`));
  assert.is(granted(own, `${own}/bin:${system}/bin`, "tool", true), mine, "for reading only");
  assert.is(granted(own, `${system}/bin:${own}/bin`), good, "the first one counts");
  mkdirSync(at("system/bin/data"));
  assert.is(granted(at("system/bin/data"), `${system}/bin`), good, "below it there is no harm");
});

test("links lead nowhere else than their targets do", () => {
  const { own, system, at } = world();
  const good = program(at("system/lib/tool"));
  program(at("own/bin/tool"));
  symlinkSync("../../system/lib/tool", at("own/bin/planted"));
  symlinkSync("../lib/tool", at("system/bin/tool"));
  symlinkSync("../../own/bin/tool", at("system/bin/out"));
  symlinkSync("../../own/bin", at("system/bin/folder"));
  symlinkSync("../own/../system/lib", at("system/through"));
  symlinkSync("loop", at("system/bin/loop"));
  symlinkSync(own, at("alias"));
  assert.is(granted(own, `${system}/bin`), at("system/bin/tool"), "by links that are not its");
  for (const [folder, file] of [
    ["own/bin", "planted"], ["system/bin", "out"], ["system/bin/folder", "tool"],
    ["alias/bin", "tool"],
  ] as const) {
    refuses(/may write/, () => granted(own, at(folder), file));
    refuses(/may write/, () => granted(at("alias"), at(folder), file));
  }
  const past = granted(own, at("system/through"));
  assert.is(past, at("system/through/tool"), "past a folder that it cannot take away");
  assert.is(granted(own, `${system}/bin`, "loop"), null);
  assert.is(granted(own, "/bin", good), good);
});

test("the file itself, and the interpreter of a script", () => {
  const { own, system, at } = world();
  const good = program(at("system/bin/tool"));
  linkSync(good, at("system/lib/second"));
  for (const path of [good, at("system/lib/second")]) {
    const file = openSync(path, "r+");
    refuses(/is open for the app to write to/, () =>
      granted(own, `${system}/bin`, "tool", false, file));
    closeSync(file);
  }
  const mine = program(at("own/bin/sh"));
  const scripts = {
    direct: `#!${mine}\n`, spaced: `#! \t${mine} -x\n`, link: `#!${at("system/lib/sh")}`,
    twice: `#!${at("system/bin/direct")}\n`,
  };
  symlinkSync(mine, at("system/lib/sh"));
  for (const [name, text] of Object.entries(scripts)) {
    program(at(`system/bin/${name}`), text);
    refuses(/own\/bin\/sh interprets|lib\/sh interprets/, () =>
      granted(own, `${system}/bin`, name));
  }
  program(at("system/bin/here"), "#!bin/sh\n");
  refuses(/interpreted by whatever is bin\/sh/, () => granted(own, `${system}/bin`, "here"));
  const self = program(at("system/bin/self"), `#!${at("system/bin/self")}\n`);
  assert.is(granted(own, `${system}/bin`, "self"), self, "an endless one ends");
});

test("what is not there does not become there", () => {
  const { own, system, at } = world();
  assert.is(granted(own, `${own}/bin:${system}/bin:relative::.`), null);
  assert.is(granted(own, "/bin", at("own/bin/tool")), null);
  mkdirSync(at("system/bin/tool"));
  writeFileSync(at("system/lib/tool"), "");
  assert.is(granted(own, `${system}/bin:${system}/lib`), null, "a folder, and no program");
});

test("of a PATH, a program gets what the guest cannot write to", () => {
  const { own, system, at } = world();
  symlinkSync("../own/bin", at("system/link"));
  const path = `${own}/bin:${system}/bin:${system}/link:.:${own}:/nowhere:${own}/new`;
  const dir = NativeDir.open(own);
  const context = new ContextBuilder().dir(dir, "/own").env("PATH", path).run("sh").build();
  dir.close();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  assert.equal(context.env.map(text), [`PATH=${path}`], "the guest's own stays");
  const { variables } = context.grants.run!.environment;
  assert.equal(variables.map(text), [`PATH=${system}/bin:/nowhere`]);
  const none = NativeDir.open(own);
  const builder = new ContextBuilder().dir(none, "/own").env("PATH", `${own}/bin:.`).run("sh");
  const empty = builder.build();
  none.close();
  assert.is(empty.grants.run!.environment.variables.length, 0);
});

test("the launcher says so before anything runs, as under npx", async () => {
  const { own, system, at } = world();
  mkdirSync(at("own/node_modules/.bin"), { recursive: true });
  program(at("own/node_modules/.bin/tool"));
  program(at("system/bin/tool"));
  const wasm = at("exit.wasm");
  writeFileSync(wasm, binary(guest({
    imports: `(import "std" "exit" (func $exit (param i32)))`,
    start: "(call $exit (i32.const 7)) (f64.const 0)",
  })));
  const env = { PATH: `${own}/node_modules/.bin:${system}/bin:${process.env["PATH"]}` };
  const run = (...options: string[]) => launch(["run", ...options, wasm], { env, cwd: own });
  const { code, stderr } = await run("--dir", ".", "--allow-run=tool");
  assert.is(code, 2);
  assert.match(stderr,
    /^rusticated: --allow-run: .*\.bin\/tool lies where the app may write: .*own \(see/);
  assert.is((await run("--dir-ro", ".", "--allow-run=tool")).code, 7);
  assert.is((await run("--dir", ".", "--allow-run=sh,nothing-like-it")).code, 7);
  assert.is((await run("--dir", ".", "--allow-run")).code, 7);
  assert.is((await run("--allow-all", "--allow-run=tool")).code, 7);
});

test.run();
