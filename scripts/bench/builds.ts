/**
 * What compiling takes, against plain asc, which compiles a program without async. What an app
 * brings of std is compiled with it, so that its peer is a program whose wasm is as large.
 */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Benchmark } from "./measure.js";
import { asc, command, folder, launcher, root } from "./programs.js";

/** How `build` optimises unless told otherwise. */
const optimizing = ["--optimizeLevel", "3", "--shrinkLevel", "1"];

/** How many functions a program has whose size is measured to find out what one function adds. */
const PROBE = 100;

/**
 * A program of `count` functions, two in a layer, each of which calls both of the next layer. With
 * that many ways from the first to the last, nothing may go through them one by one.
 */
export function layers(count: number, isAsync: boolean): string {
  const [modifier, wait, type] = isAsync ? ["async ", "await ", "Promise<i32>"] : ["", "", "i32"];
  const lines: string[] = ["let calls = 0;"];
  const body = (number: number): string => {
    if (number + 2 >= count) return "return a + text.length;";
    const next = number - number % 2 + 2;
    const call = (callee: number): string => `${wait}step${callee}(a + ${number}, text)`;
    return `if (++calls > 99) return a;
  const b = ${call(next)};
  return b ^ ${call(next + 1)};`;
  };
  for (let number = 0; number < count; number++) {
    lines.push(`${modifier}function step${number}(a: i32, text: string): ${type} {
  ${body(number)}
}`);
  }
  lines.push(`export ${modifier}function main(): ${type} {
  return ${wait}step0(1, "text") ^ ${wait}step1(2, "text");
}`);
  return lines.join("\n");
}

/** Writes a program to the folder of the benchmarks. @returns its path. */
function write(name: string, text: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Runs a compiler. @returns seconds, and the bytes of the wasm. */
function compile(compiler: readonly string[], source: string): { time: number; size: number } {
  const target = source.replace(/^.*\//, `${folder}/`).replace(/\.ts$/, ".built.wasm");
  const began = performance.now();
  command(process.execPath, [...compiler, source, "-o", target, ...optimizing], folder);
  return { time: (performance.now() - began) / 1000, size: statSync(target).size };
}

/** A synchronous program whose wasm is about as large as that of `app`. */
function peerOf(name: string, app: string): string {
  const sizeOf = (count: number): number =>
    compile([asc], write("probe.ts", layers(count, false))).size;
  const fixed = sizeOf(PROBE);
  const each = (sizeOf(2 * PROBE) - fixed) / PROBE;
  const { size } = compile([launcher, "build"], app);
  const count = PROBE + Math.round((size - fixed) / each);
  return write(`${name}-peer.ts`, layers(count, false));
}

function build(name: string, programs: () => { app: string; peer: string }): Benchmark {
  return {
    quantities: [{ name, unit: "s", better: "lower" }],
    prepare: async () => {
      const { app, peer } = programs();
      return [
        { name: "ours", sample: async () => [compile([launcher, "build"], app).time] },
        { name: "asc", sample: async () => [compile([asc], peer).time] },
      ];
    },
  };
}

function buildApp(name: string, source: string): Benchmark {
  return build(name, () => {
    const app = join(root, source);
    return { app, peer: peerOf(name, app) };
  });
}

/** The benchmarks of the compiler. */
export const builds: readonly Benchmark[] = [
  buildApp("build-hello", "scripts/bench/guest/hello.ts"),
  buildApp("build-http", "demo/http-hello.ts"),
  build("build-500-async", () => ({
    app: write("500-async.ts", layers(500, true)),
    peer: write("500-sync.ts", layers(500, false)),
  })),
];
