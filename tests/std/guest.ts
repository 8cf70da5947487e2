/** Compiles guest programs of `tests/guest` and runs them by the launcher. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type ExecOptions, type ExecResult, exec, launch, root, tempDir } from "../harness.js";

/** What this process has compiled: suites run one guest on one backend after the other. */
const compiled = new Map<string, Promise<string>>();

/** Compiles a source below `tests/guest` (or `demo/…` from the root); the answer is the wasm. */
export function compileGuest(source: string): Promise<string> {
  let wasm = compiled.get(source);
  if (wasm === undefined) compiled.set(source, wasm = compile(source));
  return wasm;
}

async function compile(source: string): Promise<string> {
  const path = join(root, source.startsWith("demo/") ? "" : "tests/guest", source);
  const folder = tempDir("guest");
  const wasm = join(folder, `${basename(source, ".ts")}.wasm`);
  const args = ["build", path, "-o", wasm];
  const { code, stdout, stderr } = await launch(args, { cwd: folder, timeout: 60_000 });
  if (code !== 0 || !existsSync(wasm)) {
    throw new Error(`${path} does not compile:\n${stdout}${stderr}`);
  }
  return wasm;
}

export interface RunOptions extends ExecOptions {
  /** Options of `run` that come before the wasm; everything is allowed unless given. */
  grants?: readonly string[];
  /** Arguments of the app. */
  args?: readonly string[];
}

/** Runs a compiled guest to its end. */
export function runGuest(wasm: string, options: RunOptions = {}): Promise<ExecResult> {
  const { grants = ["--allow-all"], args = [], ...rest } = options;
  return launch(["run", ...grants, wasm, ...args], rest);
}

/** Runs a compiled guest on a pseudo terminal; its output and its errors come as one text. */
export function runOnTerminal(wasm: string, options: RunOptions = {}): Promise<ExecResult> {
  const { grants = ["--allow-all"], args = [], ...rest } = options;
  const launcher = join(root, "dist/host/launcher.cjs");
  const words = [process.execPath, launcher, "run", ...grants, wasm, ...args];
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return exec("script", ["-qec", quoted, "/dev/null"], rest);
}

/** The bytes of a compiled guest. */
export function wasmBytes(wasm: string): Buffer {
  return readFileSync(wasm);
}
