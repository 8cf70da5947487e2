/** Compiles guest programs of `tests/guest` and runs them by the launcher. */
import { mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type ExecOptions, type ExecResult, exec, launch, root, tempDir } from "../harness.js";

/** Compiles a source below `tests/guest` (or `demo/…` from the root); the answer is the wasm. */
export async function compileGuest(source: string): Promise<string> {
  const path = source.startsWith("demo/") ? source : join("tests/guest", source);
  const wasm = join(tempDir("guest"), `${basename(source, ".ts")}.wasm`);
  mkdirSync(dirname(wasm), { recursive: true });
  const { code, stdout, stderr } = await launch(["build", path, "-o", wasm], { cwd: root });
  if (code !== 0) throw new Error(`${path} does not compile:\n${stdout}${stderr}`);
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
  const launcher = join(root, "dist/host/launcher.js");
  const words = [process.execPath, launcher, "run", ...grants, wasm, ...args];
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return exec("script", ["-qec", quoted, "/dev/null"], rest);
}

/** The bytes of a compiled guest. */
export function wasmBytes(wasm: string): Buffer {
  return readFileSync(wasm);
}
