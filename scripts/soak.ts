/**
 * `npm run soak [-- SECONDS] [BACKEND…]`: does everything that std can do, all at once, for so long
 * (ten minutes) on each backend, and looks whether memory and descriptors stay as they were.
 *
 * The guest works in rounds. Between two of them it holds nothing, and is measured.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { nativeNames } from "../host/backend/native.js";
import { judge, type Sample } from "./soak/judge.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const launcher = join(root, "dist/host/launcher.cjs");

const usage = "usage: npm run soak [-- SECONDS] [BACKEND…]";

/** How long a round lasts at most, and how much longer it may take to come to rest, in seconds. */
const longestRound = 10;
const patience = 60;

/** What the descriptors of a process stand for, without the numbers that tell sockets apart. */
function descriptorsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((name) => readlinkSync(`/proc/${pid}/fd/${name}`).replace(/:\[\d+\]/, ""))
    .sort();
}

function childrenOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean)).length;
}

async function look(pid: number, line: string): Promise<Sample> {
  const [, pages, counts = ""] = /^pages=(\d+)(.*)$/.exec(line) ?? [];
  if (pages === undefined) throw new Error(`the guest said ${JSON.stringify(line)}`);
  // Children that the guest let go of end by themselves, in a moment.
  for (let i = 0; i < 200 && childrenOf(pid) > 0; i++) await sleep(10);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    pages: Number(pages),
    mebibytes: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024,
    descriptors: descriptorsOf(pid),
    children: childrenOf(pid),
    counts: counts.trim(),
  };
}

/** Asks for a line within so many seconds. */
async function within<T>(seconds: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One guest on one backend. */
class Soak {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private readonly ended: Promise<number | NodeJS.Signals | null>;

  constructor(wasm: string, folder: string, backend: string) {
    this.child = spawn(process.execPath, [launcher, "run", "--allow-all", wasm, folder], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, STD_BACKEND: backend },
    });
    this.child.stdin!.on("error", () => {});
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
    this.ended = new Promise((resolve) => {
      this.child.on("exit", (code, signal) => resolve(code ?? signal));
    });
  }

  async round(seconds: number): Promise<Sample> {
    this.child.stdin!.write(`${Math.ceil(seconds * 1000)}\n`);
    const limit = seconds + patience;
    const next = await within(limit, this.lines.next(), "the guest did not come to rest");
    if (next.done) throw new Error(`the guest ended: ${String(await this.ended)}`);
    return look(this.child.pid!, next.value);
  }

  async end(): Promise<void> {
    this.child.stdin!.end();
    const end = await within(patience, this.ended, "the guest did not end");
    if (end !== 0) throw new Error(`the guest ended: ${String(end)}`);
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }
}

function print(second: number, sample: Sample): void {
  const { pages, mebibytes, descriptors, children, counts } = sample;
  const columns = [
    `${second.toFixed().padStart(5)} s`, `${(pages / 16).toFixed(1)} MiB guest`,
    `${mebibytes.toFixed()} MiB resident`, `${descriptors.length} descriptors`,
    `${children} children`, counts,
  ];
  console.log(columns.join("  "));
}

/** @returns whether all stayed as it was. */
async function soak(wasm: string, backend: string, seconds: number): Promise<boolean> {
  console.log(`${backend}, ${seconds} s`);
  const folder = mkdtempSync(join(tmpdir(), "std-soak-"));
  execFileSync("mkfifo", [join(folder, "fifo")]);
  const guest = new Soak(wasm, folder, backend);
  const samples: Sample[] = [];
  try {
    const length = Math.min(longestRound, seconds / 10);
    for (let second = length; second < seconds + length / 2; second += length) {
      const sample = await guest.round(length);
      print(second, sample);
      samples.push(sample);
    }
    await guest.end();
  } finally {
    guest.kill();
    rmSync(folder, { recursive: true, force: true });
  }
  const found = judge(samples);
  console.log(found.length ? `NOT FLAT: ${found.join("; ")}` : "flat");
  return found.length === 0;
}

function compile(folder: string): string {
  const wasm = join(folder, "soak.wasm");
  const source = join(root, "scripts/soak/guest/main.ts");
  const args = [launcher, "build", source, "-o", wasm];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return wasm;
}

async function main(args: string[]): Promise<void> {
  const seconds = Number(/^\d+$/.test(args[0] ?? "") ? args.shift() : 600);
  const known = nativeNames();
  const unknown = args.find((name) => !known.includes(name));
  if (unknown !== undefined || seconds < 1) throw new Error(usage);
  const folder = mkdtempSync(join(tmpdir(), "std-soak-"));
  try {
    const wasm = compile(folder);
    for (const name of args.length ? args : known) {
      if (!await soak(wasm, name, seconds)) process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
