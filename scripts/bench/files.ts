/** Benchmarks of the file system: a large copy, and a walk through many directories. */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Benchmark } from "./measure.js";
import { answer, environment, epoll, folder, guest, runGuest } from "./programs.js";

const GIBIBYTE = 2 ** 30;
const DIRECTORIES = 1000;
const FILES = 100_000;

/** Runs a program of the system. @returns the seconds that it took, and what it said. */
function timed(command: string, args: readonly string[]): [number, string] {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, {
    env: environment, encoding: "utf8", maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${status}\n${stderr}`);
  return [(performance.now() - began) / 1000, stdout];
}

/** A file of a gibibyte that is cached, in `build/bench`. */
function largeFile(): string {
  const path = join(folder, "large.bin");
  mkdirSync(folder, { recursive: true });
  if (!existsSync(path) || statSync(path).size !== GIBIBYTE) {
    const file = openSync(path, "w");
    for (let at = 0; at < GIBIBYTE; at += 1 << 20) writeSync(file, Buffer.alloc(1 << 20, at >> 20));
    closeSync(file);
  }
  spawnSync("cat", [path], { stdio: "ignore" });
  return path;
}

/** GiB a second from page cache to page cache, to a file that is made each time. */
export const copyLarge: Benchmark = {
  quantities: [{ name: "copy-1g", unit: "GiB/s", better: "higher" }],
  prepare: async () => {
    const from = largeFile();
    const to = join(folder, "copy.bin");
    const app = guest("scripts/bench/guest/copy.ts");
    const ours = async (env: NodeJS.ProcessEnv): Promise<number> =>
      answer(await runGuest(app, [from, to], env), "seconds");
    const sample = async (copy: () => Promise<number>): Promise<number[]> => {
      rmSync(to, { force: true });
      const seconds = await copy();
      if (statSync(to).size !== GIBIBYTE) throw new Error("the copy is not whole");
      rmSync(to);
      return [1 / seconds];
    };
    return [
      { name: "ours", sample: () => sample(() => ours({})) },
      { name: "epoll", sample: () => sample(() => ours(epoll)) },
      { name: "cp", sample: () => sample(async () => timed("cp", [from, to])[0]) },
    ];
  },
};

/** A tree of 100 000 empty files in 1 000 directories, in `build/bench`. */
function largeTree(): string {
  const root = join(folder, "tree");
  const done = join(folder, "tree.done");
  if (existsSync(done)) return root;
  rmSync(root, { recursive: true, force: true });
  for (let index = 0; index < DIRECTORIES; index++) {
    const path = join(root, `group-${index % 10}`, `directory-${index}`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < FILES / DIRECTORIES; file++) {
      closeSync(openSync(join(path, `file-${file}.text`), "w"));
    }
  }
  closeSync(openSync(done, "w"));
  return root;
}

/** Milliseconds to find 100 000 files whose directories are cached. */
export const walkTree: Benchmark = {
  quantities: [{ name: "walk-100k", unit: "ms", better: "lower" }],
  rounds: 9,
  prepare: async () => {
    const root = largeTree();
    const app = guest("scripts/bench/guest/walk.ts");
    const whole = (files: number, seconds: number): number[] => {
      if (files !== FILES) throw new Error(`found ${files} files`);
      return [seconds * 1000];
    };
    const ours = (env: NodeJS.ProcessEnv) => async (): Promise<number[]> => {
      const answers = await runGuest(app, [root], env);
      return whole(answer(answers, "files"), answer(answers, "seconds"));
    };
    return [
      { name: "ours", sample: ours({}) },
      { name: "epoll", sample: ours(epoll) },
      {
        name: "find",
        sample: async () => {
          const [seconds, said] = timed("find", [root, "-type", "f", "-printf", "x"]);
          return whole(said.length, seconds);
        },
      },
    ];
  },
};
