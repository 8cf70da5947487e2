/** Compiles and runs the programs that are compared. They answer with `key=value` pairs. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, statSync, writeSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout. */
export const root = fileURLToPath(new URL("../../..", import.meta.url));
const sources = join(root, "scripts/bench");
/** Where benchmarks keep what they compile and make. */
export const folder = join(root, "build/bench");

/** The launcher's command line after `node`. */
export const launcher = join(root, "dist/host/launcher.cjs");

/** The command line of plain AssemblyScript after `node`. */
export const asc = join(root, "node_modules/assemblyscript/bin/asc.js");

/** The file of all read benchmarks: what each block holds is in `makeBlocks`. */
export const blockFile = join(folder, "blocks.bin");
export const blockSize = 4096;
export const blockCount = 65_536;

/** What the README says to build with where speed counts more than size. */
export const forSpeed: readonly string[] = ["--optimizeLevel", "3", "--shrinkLevel", "0"];

/** What a program reports. */
export type Answers = Record<string, number>;

/**
 * The environment of every contestant: ours, without what slows the start of Node on some machines
 * only.
 */
export const environment: NodeJS.ProcessEnv = { ...process.env };
delete environment["NODE_EXTRA_CA_CERTS"];
delete environment["NODE_OPTIONS"];

/** Runs a program that must succeed, in a folder. */
export function command(name: string, args: string[], cwd = root): void {
  const { status, error, stdout, stderr } = spawnSync(name, args, {
    cwd, env: environment, encoding: "utf8",
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${name} ${args.join(" ")}:\n${stdout}${stderr}`);
}

/** When the newest file below a folder was changed. */
function newest(path: string): number {
  if (!statSync(path).isDirectory()) return statSync(path).mtimeMs;
  return Math.max(...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Compiles an app with our target unless that was done, and gives the path of the wasm. */
export function guest(source: string, options: readonly string[] = []): string {
  const name = [source, ...options].join("").replaceAll("/", "-").replace(".ts", "");
  const target = join(folder, name + ".wasm");
  const inputs = [source, "assembly", "dist/std-shim", "asconfig.json"].map((x) => join(root, x));
  const stale = !existsSync(target) || newest(target) < Math.max(...inputs.map(newest));
  mkdirSync(folder, { recursive: true });
  const args = [launcher, "build", join(root, source), "-o", target, ...options];
  if (stale) command(process.execPath, args, folder);
  return target;
}

/** Compiles a peer that is written in C and gives the path of the program. */
export function compileC(name: string): string {
  const source = join(sources, "peers", name + ".c");
  const target = join(folder, name);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(target) || newest(target) < newest(source)) {
    command("cc", ["-O2", "-std=gnu11", "-o", target, source]);
  }
  return target;
}

/** The path of a peer for Node; tsc has compiled it. */
export function nodePeer(name: string): string {
  return fileURLToPath(new URL(`peers/${name}.js`, import.meta.url));
}

/** Compiles plain AssemblyScript, without our target and its asconfig.json: the size in bytes. */
export function plainSize(source: string): number {
  const target = join(folder, "plain.wasm");
  mkdirSync(folder, { recursive: true });
  command(process.execPath, [asc, join(sources, source), "-o", target, "--optimize"], folder);
  return readFileSync(target).length;
}

/** Makes the 256 MiB file unless it is there, and reads it once so that it is cached. */
export function makeBlocks(): void {
  mkdirSync(folder, { recursive: true });
  const length = blockSize * blockCount;
  if (!existsSync(blockFile) || statSync(blockFile).size !== length) {
    const file = openSync(blockFile, "w");
    const bytes = Buffer.alloc(blockSize * 1024);
    for (let block = 0; block < blockCount; block += 1024) {
      for (let index = 0; index < 1024; index++) {
        bytes.writeUInt32LE(block + index, index * blockSize);
        bytes[(index + 1) * blockSize - 1] = (block + index) * 31 + 7;
      }
      writeSync(file, bytes);
    }
    closeSync(file);
  }
  readFileSync(blockFile);
}

/** A contestant's process while it runs. */
export interface Running {
  child: ChildProcess;
  /** Resolves with the first line of the program's that begins with the word. */
  said(word: string): Promise<string>;
  /** Resolves with what was answered when it has ended; rejects when it failed. */
  end: Promise<Answers>;
}

/** Starts a program. Its standard input is a pipe that never delivers and never ends. */
export function start(
  program: string,
  args: readonly (string | number)[],
  env: NodeJS.ProcessEnv = {},
): Running {
  const child = spawn(program, args.map(String), {
    env: { ...environment, ...env }, stdio: "pipe",
  });
  let output = "";
  let errors = "";
  const watchers: (() => void)[] = [];
  child.stdout.on("data", (bytes: Buffer) => {
    output += bytes.toString();
    for (const watcher of watchers) watcher();
  });
  child.stderr.on("data", (bytes: Buffer) => { errors += bytes.toString(); });
  const end = new Promise<Answers>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0 || signal === "SIGTERM") return resolve(parse(output));
      reject(new Error(`${program} ${args.join(" ")}: ${signal ?? code}\n${output}${errors}`));
    });
  });
  const find = (word: string): string | undefined =>
    output.split("\n").slice(0, -1).find((line) => line.startsWith(word));
  const said = (word: string): Promise<string> => {
    const heard = new Promise<string>((resolve) => {
      const look = (): void => {
        const line = find(word);
        if (line !== undefined) resolve(line);
      };
      watchers.push(look);
      look();
    });
    return Promise.race([heard, end.then(() => {
      const line = find(word);
      if (line === undefined) throw new Error(`${program} never said ${word}`);
      return line;
    })]);
  };
  return { child, said, end };
}

/** Runs a program to its end and gives its answers. */
export function run(program: string, args: readonly (string | number)[]): Promise<Answers> {
  return start(program, args).end;
}

/** Runs one of our apps, trusted like a native program, by the launcher. */
export function runGuest(
  wasm: string,
  args: readonly (string | number)[],
  env: NodeJS.ProcessEnv = {},
): Promise<Answers> {
  return startGuest(wasm, args, env).end;
}

/** Has the launcher use epoll where it would use io_uring. */
export const epoll: NodeJS.ProcessEnv = { STD_BACKEND: "epoll" };

/** Starts one of our apps without waiting for its end. */
export function startGuest(
  wasm: string,
  args: readonly (string | number)[],
  env: NodeJS.ProcessEnv = {},
): Running {
  return start(process.execPath, [launcher, "run", "--allow-all", wasm, ...args], env);
}

function parse(output: string): Answers {
  const answers: Answers = {};
  for (const [, key, value] of output.matchAll(/(\w+)=(\S+)/g)) {
    answers[key as string] = Number(value);
  }
  return answers;
}

/** One of the answers; a program that does not give it is broken. */
export function answer(answers: Answers, key: string): number {
  const value = answers[key];
  if (value === undefined || !Number.isFinite(value)) throw new Error(`no ${key} in the answers`);
  return value;
}

/** Milliseconds of processor time that a process has used, in all its threads. Linux only. */
export function cpuMilliseconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.reduce((sum, thread) => sum
    + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]), 0);
  return nanoseconds / 1e6;
}

/** MiB of memory that are resident for a process. Linux only. */
export function residentMebibytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found?.[1]) / 1024;
}
