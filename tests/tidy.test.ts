/** The rules of the source tree that a program can check. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { assert, exec, root, suite } from "./harness.js";
import { functionsOf, withoutText } from "./tidy.js";

const test = suite("tidy");

/** All files that are, or could be, committed. */
const files = execFileSync(
  "git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root },
).toString().split("\n").filter((path) => path && existsSync(join(root, path)));
const typescript = files.filter((path) => /\.m?ts$/.test(path));
const c = files.filter((path) => /\.(c|h|def)$/.test(path));
const code = [...typescript, ...c, ".ci/run"];

const texts = new Map<string, string>();

function read(path: string): string {
  let text = texts.get(path);
  if (text === undefined) texts.set(path, text = readFileSync(join(root, path), "utf8"));
  return text;
}

/** Fails with a list of places, one a line. */
function expectNone(places: string[], advice: string): void {
  if (places.length) throw new Error(`${advice}:\n${places.join("\n")}`);
}

/** The places where lines match; strings and comments are not code, and are left out on request. */
function places(paths: string[], pattern: RegExp, only: "code" | "text" = "text"): string[] {
  return paths.flatMap((path) => {
    const text = only === "code" ? withoutText(read(path)) : read(path);
    return text.split("\n").flatMap((line, index) =>
      pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 80)}`] : []);
  });
}

test("lines have at most 100 columns, no tabs and no blanks at their end", () => {
  expectNone(places(code, /^.{101,}$/u), "longer than 100 columns");
  expectNone(places(code, /[ \t]$|^ *\t/), "blanks at the end, or tabs");
});

test("functions have fewer than 70 lines", () => {
  const long = [...typescript, ...c].flatMap((path) => functionsOf(read(path))
    .filter((one) => one.lines >= 70)
    .map((one) => `${path}:${one.line}: ${one.lines} lines`));
  expectNone(long, "split these functions");
});

test("the checker of functions itself sees what it should", () => {
  const body = "x();\n".repeat(80);
  const lines = (text: string): number[] => functionsOf(text).map((one) => one.lines);
  assert.equal(lines(`function f(a: number): void {\n${body}}`), [82]);
  assert.equal(lines(`test("a) {", async () => {\n${body}});`), [82]);
  assert.equal(lines(`class A {\n  m(a: string = "}"): Promise<void> {\n${body}}\n}`), [82]);
  assert.equal(lines(`if (a) {\n${body}}`), []);
  assert.equal(lines(`static int f(int a)\n{\n${body}}`), [83]);
  assert.equal(lines("const a = `}${b(() => {\n})}{`; /* { */ // {"), [2]);
  assert.equal(lines("const a = /[{/]\\//; function f() {\n}"), [2]);
});

test("no `any`", () => {
  const pattern = /(:|\bas|[<|&,(])\s*any\b(?!\s*[(:=])/;
  expectNone(places(typescript, pattern, "code"), "say what it is, or `unknown`");
});

test("no notes to self and no debris", () => {
  const marks = ["FIX" + "ME", "X" + "XX", "HA" + "CK", "TO" + "DO"].join("|");
  expectNone(places(code, new RegExp(`\\b(${marks})\\b`)), "do it or write an issue");
  const debris = /\b(debugger);|\.(only)\(/;
  expectNone(places(typescript, debris, "code"), "left over");
});

test("only host/memory.ts touches the guest's memory", () => {
  const host = typescript.filter((path) => path.startsWith("host/") && path !== "host/memory.ts");
  expectNone(places(host, /\bmemory\.buffer\b/i, "code"), "go through host/memory.ts");
});

test("the guest's std and the demos are safe code outside abi/ and rt/", () => {
  const safe = typescript.filter((path) => /^(assembly|demo)\//.test(path)
    && !/^assembly\/(abi|rt)\//.test(path));
  const pattern = /\bchangetype\b|\b(load|store)<|\bmemory\.|\b__(new|pin|unpin|renew|visit)\b/;
  expectNone(places(safe, pattern, "code"), "belongs in assembly/rt");
});

test("Node-API stays in addon.c, and the kernel out of it", () => {
  const native = c.filter((path) => path.startsWith("host/native/"));
  const others = native.filter((path) => basename(path) !== "addon.c");
  expectNone(places(others, /#include\s*<(node_api|js_native_api)/), "only addon.c");
  const addon = native.filter((path) => basename(path) === "addon.c");
  expectNone(places(addon, /#include\s*<(linux|sys|asm)\//), "addon.c knows no kernel");
});

test("nothing names a machine or a person's folder", () => {
  const pattern = /(^|[^A-Za-z0-9_.])\/(work|farm|root|home\/[a-z]+)\//;
  const text = files.filter((path) => !/\.(wasm|png|node)$/.test(path));
  expectNone(places(text, pattern), "machine paths");
});

test("the lock file records no download addresses", () => {
  expectNone(places(["package-lock.json"], /"resolved":/), "npm's omit-lockfile-registry-resolved");
});

test("the top level holds what was agreed", () => {
  const agreed = new Set([
    "package.json", "package-lock.json", "asconfig.json", "tsconfig.json", "binding.gyp",
    "assembly", "host", "std-shim", "demo", "tests", "scripts",
    "README.md", "ARCHITECTURE.md", "LICENSE",
  ]);
  const top = new Set(files.map((path) => path.split("/")[0] as string));
  const stray = [...top].filter((name) => !agreed.has(name) && !name.startsWith("."));
  expectNone(stray, "not in the agreed layout");
});

test("what is generated is fresh", async () => {
  const generate = join(root, "dist/scripts/generate.js");
  const { code, stdout, stderr } = await exec(process.execPath, [generate, "--check"]);
  assert.is(code, 0, stdout + stderr);
});

// A suite outside of a *.test.ts file is one with a parameter; that somebody uses it, and that it
// is run whenever it is made, others check.
test("every file that makes a suite runs it", () => {
  const suites = typescript.filter((path) => path.startsWith("tests/")
    && path !== "tests/harness.ts" && /\bsuite\(/.test(withoutText(read(path))));
  const forgotten = suites.filter((path) => !/\.run\(\)/.test(withoutText(read(path))));
  expectNone(forgotten, "the suite is never run");
});

/** Files that are used by their place, not by an import. */
const entries = [
  /^demo\/[^/]+\.ts$/, /^scripts\/[^/]+\.ts$/, /\.test\.ts$/, /^std-shim\/types\//,
  /^assembly\/[^/]+\.ts$/,
];

/** The files that `path` names: imports, includes, and quoted paths of guests and fixtures. */
function mentions(path: string): string[] {
  const folder = dirname(path);
  const found: string[] = [];
  const pattern = /(?:from|import|import\(|#include|URL\()\s*\(?"([^"]+)"/g;
  for (const [, target] of read(path).matchAll(pattern)) {
    const name = (target as string).replace(/\.js$/, ".ts");
    const std = /^(?:~lib\/)?std\/(.*)$/.exec(name)?.[1];
    const base = std === undefined ? normalize(join(folder, name)) : join("assembly", std);
    found.push(base, base + ".ts", base + "/index.ts", base + ".d.ts");
  }
  return found;
}

test("no file that nobody uses", () => {
  const known = JSON.stringify(read("package.json")) + read("tsconfig.json");
  const imported = new Set([...typescript, ...c].flatMap(mentions));
  // Guests, fixtures and peers are named by the program that compiles or runs them.
  const users = [...typescript, ...files.filter((path) => path.endsWith(".gyp"))];
  const named = (path: string): boolean => {
    const stem = basename(path).replace(/\.\w+$/, "");
    const pattern = new RegExp(`["'/\`]${stem.replace(/[^\w-]/g, ".")}(\\.\\w+)?["'\`]`);
    return users.some((user) => user !== path && pattern.test(read(user)));
  };
  const unused = [...typescript, ...c].filter((path) => {
    if (entries.some((entry) => entry.test(path)) || imported.has(path)) return false;
    if (known.includes(path.replace(/\.ts$/, ""))) return false;
    return !(/\/(guest|guests|fixtures|peers)\/|\.c$/.test(path) && named(path));
  });
  expectNone(unused, "nobody imports or runs");
});

test.run();
