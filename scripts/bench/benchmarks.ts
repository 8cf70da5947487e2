/** The benchmarks: what is measured, by which programs, and against whom. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { builds } from "./builds.js";
import { connections10k, connections10kGuest, echo } from "./echo.js";
import { copyLarge, walkTree } from "./files.js";
import { makeRow, type Benchmark, type Contestant, type Quantity } from "./measure.js";
import {
  answer, blockCount, blockFile, compileC, cpuMilliseconds, environment, epoll, forSpeed, guest,
  launcher, makeBlocks, nodePeer, plainSize, residentMebibytes, run, runGuest, start, startGuest,
  type Answers, type Running,
} from "./programs.js";

const node = process.execPath;
const guests = "scripts/bench/guest/";

/** Reads a second, and refuses the figure of a program that read something else than was asked. */
function readsPerSecond(answers: Answers): number[] {
  const operations = answer(answers, "operations");
  // How many of the blocks that many independent uniform choices hit.
  const expected = blockCount * (1 - Math.exp(-operations / blockCount));
  const distinct = answer(answers, "distinct");
  if (answer(answers, "bad") !== 0) throw new Error("a read gave the wrong bytes");
  if (Math.abs(distinct / expected - 1) > 0.02) {
    throw new Error(`read ${distinct} distinct blocks where ${expected.toFixed()} were expected`);
  }
  return [operations / answer(answers, "seconds")];
}

/** `nodeCount` is smaller where Node is so slow that the same count would take minutes. */
function reads(depth: number, count: number, nodeCount: number): Benchmark {
  const contestant = (name: string, sample: () => Promise<Answers>): Contestant =>
    ({ name, sample: async () => readsPerSecond(await sample()) });
  return {
    quantities: [{ name: `read-4k-qd${depth}`, unit: "reads/s", better: "higher" }],
    rounds: 7,
    prepare: async () => {
      makeBlocks();
      const app = guest(guests + "read.ts", forSpeed);
      const c = compileC("read");
      const peer = nodePeer("read");
      let seed = 1;
      return [
        contestant("ours", () => runGuest(app, [blockFile, depth, count, seed++])),
        contestant("epoll", () => runGuest(app, [blockFile, depth, count, seed++], epoll)),
        contestant("c", () => run(c, [blockFile, depth, count, seed++])),
        contestant("node", () => run(node, [peer, blockFile, depth, nodeCount, seed++])),
      ];
    },
  };
}

/** Nanoseconds for each of `count` rounds of a loop that guest and peer both have. */
function loop(name: string, what: string, count: number): Benchmark {
  const each = (answers: Answers): number[] => [answer(answers, "seconds") / count * 1e9];
  return {
    quantities: [{ name, unit: "ns", better: "lower" }],
    prepare: async () => {
      const app = guest(guests + "await.ts");
      const peer = nodePeer("await");
      return [
        { name: "ours", sample: async () => each(await runGuest(app, [what, count])) },
        { name: "node", sample: async () => each(await run(node, [peer, what, count])) },
      ];
    },
  };
}

/** Processor time and memory of `count` tasks that sleep; the process itself is subtracted. */
async function sleepers(begin: (count: number) => Running, count: number): Promise<number[]> {
  const cost = async (tasks: number): Promise<[number, number]> => {
    const running = begin(tasks);
    const pid = running.child.pid as number;
    await running.said("asleep");
    await sleep(200);
    const memory = residentMebibytes(pid);
    await running.said("awake");
    await sleep(50);
    const time = cpuMilliseconds(pid);
    running.child.kill("SIGTERM");
    await running.end;
    return [time, memory];
  };
  const [idleTime, idleMemory] = await cost(1);
  const [time, memory] = await cost(count);
  return [time - idleTime, memory - idleMemory];
}

const sleepers100k: Benchmark = {
  quantities: [
    { name: "sleepers-100k", unit: "ms of processor time", better: "lower" },
    { name: "sleepers-100k-memory", unit: "MiB", better: "lower" },
  ],
  prepare: async () => {
    const app = guest(guests + "sleepers.ts");
    const peer = nodePeer("sleepers");
    return [
      { name: "ours", sample: () => sleepers((count) => startGuest(app, [count]), 100_000) },
      { name: "node", sample: () => sleepers((count) => start(node, [peer, count]), 100_000) },
    ];
  },
};

/** Milliseconds from the start of a process to its end. */
function lifetime(args: string[]): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(node, args, { env: environment, encoding: "utf8" });
  if (status !== 0) throw new Error(`node ${args.join(" ")}: ${status}\n${stderr}`);
  return performance.now() - began;
}

const startup: Benchmark = {
  quantities: [{ name: "startup", unit: "ms", better: "lower" }],
  rounds: 50,
  prepare: async () => {
    const hello = guest(guests + "hello.ts");
    return [
      { name: "ours", sample: async () => [lifetime([launcher, "run", hello])] },
      { name: "node", sample: async () => [lifetime(["-e", "0"])] },
    ];
  },
  derive: (rows) => rows.map(({ ours, peer }) =>
    makeRow({ name: "startup-extra", unit: "ms", better: "lower" }, ours - peer, 20, "bar")),
};

const demoSize: Benchmark = {
  quantities: [{ name: "demo-size", unit: "bytes", better: "lower" }],
  rounds: 1,
  prepare: async () => [
    { name: "ours", sample: async () => [readFileSync(guest("demo/last-byte.ts")).length] },
    { name: "assemblyscript", sample: async () => [plainSize("guest/plain.ts")] },
    { name: "bar", sample: async () => [24 * 1024] },
  ],
};

/** Guest memory of a task that awaits a read of one byte, its buffer included. */
const taskMemory: Benchmark = {
  quantities: [{ name: "task-memory", unit: "bytes", better: "lower" }],
  rounds: 1,
  prepare: async () => {
    const app = guest(guests + "in-flight.ts");
    const sample = async (): Promise<number[]> =>
      [answer(await runGuest(app, ["memory"]), "bytes")];
    return [{ name: "ours", sample }, { name: "bar", sample: async () => [600] }];
  },
};

/** What a turn with one completion costs with many operations in flight, against few. */
const turnCost: Benchmark = {
  quantities: [{ name: "turn-1000-in-flight", unit: "ns", better: "lower" }],
  rounds: 7,
  prepare: async () => {
    makeBlocks();
    const app = guest(guests + "in-flight.ts");
    const count = 500_000;
    const sample = (waiting: number) => async (): Promise<number[]> => {
      const answers = await runGuest(app, ["turns", blockFile, waiting, count]);
      return [answer(answers, "seconds") / count * 1e9];
    };
    return [{ name: "ours", sample: sample(1000) }, { name: "10-in-flight", sample: sample(10) }];
  },
};

/** Microseconds from one child to the next. */
const spawn500: Benchmark = {
  quantities: [{ name: "spawn-500", unit: "µs", better: "lower" }],
  rounds: 9,
  prepare: async () => {
    const app = guest(guests + "spawn.ts", forSpeed);
    const c = compileC("spawn");
    const peer = nodePeer("spawn");
    const program = ["/bin/true", 500] as const;
    const contestant = (name: string, sample: () => Promise<Answers>): Contestant => ({
      name,
      sample: async () => {
        const answers = await sample();
        if (answer(answers, "bad") !== 0) throw new Error("a program was not run as it should");
        return [answer(answers, "seconds") / answer(answers, "operations") * 1e6];
      },
    });
    return [
      contestant("ours", () => runGuest(app, program)),
      contestant("epoll", () => runGuest(app, program, epoll)),
      contestant("c", () => run(c, program)),
      contestant("node", () => run(node, [peer, ...program])),
    ];
  },
};

export const benchmarks: readonly Benchmark[] = [
  reads(1, 1_000_000, 30_000),
  reads(32, 2_000_000, 300_000),
  loop("task-switch", "switch", 5_000_000),
  loop("async-call", "call", 10_000_000),
  loop("async-call-task", "task", 5_000_000),
  sleepers100k,
  startup,
  demoSize,
  taskMemory,
  turnCost,
  spawn500,
  copyLarge,
  walkTree,
  echo(64),
  echo(1000),
  connections10k,
  connections10kGuest,
  ...builds,
];

/** The benchmarks that measure something whose name contains one of the words; all for none. */
export function select(words: readonly string[]): Benchmark[] {
  const named = (quantity: Quantity, word: string): boolean => quantity.name.includes(word);
  for (const word of words) {
    if (!benchmarks.some(({ quantities }) => quantities.some((one) => named(one, word)))) {
      throw new Error(`no benchmark has "${word}" in its name`);
    }
  }
  return benchmarks.filter(({ quantities }) => !words.length
    || words.some((word) => quantities.some((one) => named(one, word))));
}
