/**
 * Builds the native helper, `host/native`, and puts it where `node-gyp-build` looks for it:
 * `prebuilds/<platform>-<processor>/`. Through `node-gyp` where that can run; where Python or make
 * is missing, by calling the C compiler itself, since the helper needs nothing else.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, renameSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "host/native");
const stampFile = join(folder, "build/stamp");

/** The part of `binding.gyp` that calling the compiler oneself needs; the file is strict JSON. */
interface Target {
  sources: string[];
  defines: string[];
  cflags: string[];
  ldflags: string[];
  /** What only some processors have: `target_arch=='x64'`, and the flags for it. */
  conditions: [condition: string, only: { cflags: string[]; ldflags: string[] }][];
}

/** The command of the C compiler on this machine, or null. */
export function findCompiler(): string | null {
  const wanted = process.env["CC"];
  for (const name of wanted ? [wanted] : ["cc", "gcc", "clang"]) {
    if (findProgram(name)) return name;
  }
  return null;
}

/**
 * Compiles and links C with the flags that the addon is built with.
 *
 * @param inputs C files and objects.
 * @param flags are added to those of `binding.gyp`.
 * @throws with the compiler's own words when it finds an error.
 */
export function compileC(
  compiler: string, output: string, inputs: readonly string[], flags: readonly string[],
): void {
  const { defines, cflags } = readTarget();
  mkdirSync(dirname(output), { recursive: true });
  const names = defines.map((name) => `-D${name}`);
  run(compiler, [...names, ...cflags, ...flags, ...inputs, "-pthread", "-o", output]);
}

/** The sources of the helper: all of them, or those that need no Node. */
export function helperSources(withoutNode = false): string[] {
  const sources = readTarget().sources.filter((file) => !withoutNode || file !== "addon.c");
  return sources.map((file) => join(folder, file));
}

/** Compiles the addon without node-gyp. @throws like `compileC`. */
export function compileAddon(
  compiler: string, output: string, flags: readonly string[] = [],
): void {
  const headers = headersFolder();
  if (headers === null) throw new Error("Node's headers (node_api.h) are not installed");
  const all = ["-I", headers, "-shared", "-fPIC", ...readTarget().ldflags, ...flags];
  compileC(compiler, output, helperSources(), all);
}

/** Where `node-gyp-build` finds the helper of this platform, from the root of the package. */
export function prebuildPath(): string {
  const libc = existsSync("/etc/alpine-release") ? "musl" : "glibc";
  const name = process.platform === "linux" ? `node.napi.${libc}.node` : "node.napi.node";
  return join("prebuilds", `${process.platform}-${process.arch}`, name);
}

/** `include/node` beside this very Node, or below `nodedir`, if the headers are there. */
function headersFolder(): string | null {
  const wanted = process.env["npm_config_nodedir"];
  const beside = dirname(dirname(realpathSync(process.execPath)));
  for (const base of wanted ? [wanted, beside] : [beside]) {
    const found = join(base, "include/node");
    if (existsSync(join(found, "node_api.h"))) return found;
  }
  return null;
}

function readTarget(): Target {
  const text = readFileSync(join(folder, "binding.gyp"), "utf8");
  const { targets } = JSON.parse(text) as { targets: Target[] };
  const [target] = targets;
  if (!target) throw new Error("binding.gyp has no target");
  for (const [condition, only] of target.conditions) {
    if (condition !== `target_arch=='${process.arch}'`) continue;
    target.cflags.push(...only.cflags);
    target.ldflags.push(...only.ldflags);
  }
  return target;
}

function findProgram(name: string): string | null {
  for (const base of (process.env["PATH"] ?? "").split(delimiter)) {
    const file = resolve(base, name);
    if (existsSync(file)) return file;
  }
  return null;
}

/** npm brings node-gyp; inside its scripts it says where, outside it lies beside npm itself. */
function findNodeGyp(): string | null {
  const said = process.env["npm_config_node_gyp"];
  if (said && existsSync(said)) return said;
  const npm = findProgram("npm");
  if (npm === null) return null;
  const beside = "node_modules/node-gyp/bin/node-gyp.js";
  const file = join(dirname(dirname(realpathSync(npm))), beside);
  return existsSync(file) ? file : null;
}

function run(command: string, args: readonly string[]): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} failed:\n${stdout}${stderr}`);
}

/** Everything that decides what comes out. */
function stamp(compiler: string): string {
  const hash = createHash("sha256").update(`${compiler} ${process.arch} ${prebuildPath()}\n`);
  for (const file of readdirSync(folder).filter((name) => /\.(c|h|def|gyp)$/.test(name)).sort()) {
    hash.update(file).update(readFileSync(join(folder, file)));
  }
  return hash.digest("hex");
}

/** Compiles the addon; where it is then, or null when this machine lacks Node's headers. */
function compile(compiler: string): string | null {
  const gyp = findNodeGyp();
  const headers = headersFolder();
  if (gyp !== null && findProgram("make") && findProgram("python3")) {
    const nodedir = headers === null ? [] : [`--nodedir=${dirname(dirname(headers))}`];
    try {
      // Where the headers do not lie beside Node, this step fetches them, or fails.
      run(process.execPath, [gyp, "configure", "--release", ...nodedir]);
    } catch (error) {
      if (headers === null) return null;
      throw error;
    }
    run(process.execPath, [gyp, "build", "--release", ...nodedir]);
    return join(folder, "build/Release/native.node");
  }
  if (headers === null) return null;
  const output = join(folder, "build/native.node");
  compileAddon(compiler, output);
  return output;
}

function useNone(why: string): void {
  console.log(`${why}: no native helper is built, and without one no program runs`);
}

/**
 * Builds the helper when its sources are newer than what was built last.
 *
 * @throws when the sources do not compile.
 */
export function buildNative(): void {
  const compiler = findCompiler();
  if (process.platform !== "linux") return useNone(`no native helper for ${process.platform} yet`);
  if (compiler === null) return useNone("no C compiler found");
  const output = join(root, prebuildPath());
  const wanted = stamp(compiler);
  const built = existsSync(stampFile) ? readFileSync(stampFile, "utf8") : "";
  if (built === wanted && existsSync(output)) return;
  const addon = compile(compiler);
  if (addon === null) return useNone("the headers of Node (node_api.h) were not found");
  mkdirSync(dirname(output), { recursive: true });
  // Whoever runs with the old one keeps it: a loaded library must not change under its process.
  copyFileSync(addon, output + ".new");
  renameSync(output + ".new", output);
  writeFileSync(stampFile, wanted);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    buildNative();
  } catch (error) {
    console.error(`native: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
