/**
 * Compiles programs with the transform, in this process, and runs them with a small host whose
 * operations complete in whatever order a test asks for.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import asc from "assemblyscript/asc";
import { Completions, Overlapped, OverlappedState } from "../../assembly/abi/layout.js";
import { FAILURE_SECTION, readFailure, type Failure } from "../../host/failure-section.js";
import App from "../../std-shim/app.js";
import StdTransform from "../../std-shim/index.js";
import Target from "../../std-shim/target.js";
import type { Suspension } from "../../std-shim/asyncify.js";
import { root } from "../harness.js";

/** What a compilation came to. */
export interface Compiled {
  /** 0 when it succeeded. */
  code: number;
  /** What asc printed. */
  stderr: string;
  /** Everything that it wrote, by path. */
  files: Map<string, Uint8Array>;
  wasm: Uint8Array;
  suspension: Suspension | null;
  /** The names that are known everywhere in the program. */
  globals: string[];
}

export interface CompileOptions {
  /** More options of asc's. */
  flags?: string[];
  /** Sources that are not files, by path. */
  sources?: Record<string, string>;
  /** Without our transform. */
  plain?: boolean;
  /** As `asconfig.json` compiles: for apps. */
  target?: boolean;
  /** As `build` compiles: an app. */
  app?: boolean;
}

/** Compiles `entry`, a path from the root of the checkout or a key of `sources`. */
export async function compile(entry: string, options: CompileOptions = {}): Promise<Compiled> {
  const files = new Map<string, Uint8Array>();
  const stderr = asc.createMemoryStream();
  const transforms: StdTransform[] = [];
  class Recorded extends (options.app ? App : options.target ? Target : StdTransform) {
    constructor() {
      super();
      transforms.push(this);
    }
  }
  const { error } = await asc.main([entry, "-o", "out.wasm", ...(options.flags ?? [])], {
    stdout: asc.createMemoryStream(),
    stderr,
    transforms: options.plain ? [] : ([Recorded] as never),
    readFile: (name, base) => options.sources?.[name] ?? readText(name, base),
    writeFile: (name, contents) => {
      files.set(name, typeof contents === "string" ? Buffer.from(contents) : contents);
    },
    listFiles: () => [],
  });
  return {
    code: error ? 1 : 0,
    stderr: stderr.toString(),
    files,
    wasm: files.get("out.wasm") ?? new Uint8Array(),
    suspension: transforms[0]?.suspension ?? null,
    globals: [...transforms[0]?.program.elementsByName.keys() ?? []],
  };
}

/** Where and what asc complained about: `TS1308 3:5`. */
export function places(stderr: string): string[] {
  const found: { place: string; line: number }[] = [];
  const pattern = /(?:ERROR|WARNING) ((?:TS|AS)\d+): [^]*?\((\d+),(\d+)\)/g;
  for (const [, code, line, column] of stderr.matchAll(pattern)) {
    found.push({ place: `${code} ${line}:${column}`, line: Number(line) });
  }
  return found.sort((a, b) => a.line - b.line).map(({ place }) => place);
}

function readText(name: string, base: string): string | null {
  if (name.endsWith("asconfig.json")) return null;
  try {
    return readFileSync(join(root, base, name), "utf8");
  } catch {
    return null;
  }
}

/** Compiles a file of tests/guest/lowering, and fails with asc's words when it doesn't compile. */
export async function compileGuest(name: string, ...flags: string[]): Promise<Compiled> {
  const compiled = await compile(`tests/guest/lowering/${name}.ts`, { flags });
  if (compiled.code) throw new Error(compiled.stderr);
  return compiled;
}

/** What a run came to. */
export interface Run {
  lines: string[];
  /** The exit code; undefined when the guest neither ended nor had anything to wait for. */
  code: number | undefined;
  /** What it died of. */
  death?: string;
  error?: Error;
  /** Where in the wasm it died: the offsets of the functions on the stack, innermost first. */
  deathStack: number[];
  ticks: number;
  /** The most operations that were in flight at the end of a turn. */
  mostInFlight: number;
  exports: WebAssembly.Exports & { memory: WebAssembly.Memory };
}

/** Decides which of `count` operations in flight completes next. */
export type Pick = (count: number) => number;

/** The oldest first. */
export const inOrder: Pick = () => 0;

/** The newest first. */
export const newestFirst: Pick = (count) => count - 1;

/** An order that a seed decides. */
export function shuffled(seed: number): Pick {
  let state = seed >>> 0 || 1;
  return (count) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

class Guest {
  readonly lines: string[] = [];
  readonly inFlight: number[] = [];
  exports!: Run["exports"];
  extra: Record<string, (...values: number[]) => number> = {};

  constructor(private readonly module: WebAssembly.Module) {}

  get words(): DataView {
    return new DataView(this.exports.memory.buffer);
  }

  text(pointer: number): string {
    if (!pointer) return "";
    const length = this.words.getUint32(pointer - 4, true);
    return Buffer.from(this.exports.memory.buffer, pointer, length).toString("utf16le");
  }

  imports(): WebAssembly.Imports {
    return {
      std: {
        submit: (list: number, count: number) => {
          for (let index = 0; index < count; index++) {
            this.inFlight.push(this.words.getUint32(list + 4 * index, true));
          }
        },
        cancel: () => {},
        now: () => process.hrtime.bigint(),
        trace: (pointer: number, length: number) => {
          this.lines.push(Buffer.from(this.exports.memory.buffer, pointer, length).toString());
        },
        exit: (code: number) => {
          throw new Exit(code);
        },
        panic: (pointer: number, length: number) => {
          const message = Buffer.from(this.exports.memory.buffer, pointer, length).toString();
          throw new Error(`panic: ${message}`);
        },
        abort: (message: number, file: number, line: number, column: number) => {
          const place = `${this.text(file)}:${line}:${column}`;
          throw new Error(`abort: ${this.text(message)} at ${place}`);
        },
        fail: (number: number) => {
          const { text, file, line, column } = failureOf(this.module, number);
          if (file === "") throw new Error(`panic: ${text}`);
          throw new Error(`abort: ${text} at ${file}:${line}:${column}`);
        },
      },
      test: {
        print: (message: number) => {
          this.lines.push(this.text(message));
        },
        milliseconds: () => performance.now(),
        ...this.extra,
      },
    };
  }

  /** Completes up to `most` operations; each gives back what its offset says. */
  complete(pick: Pick, most: number): number {
    const { words } = this;
    const { _completions } = this.exports as unknown as { _completions: WebAssembly.Global };
    const place = Number(_completions.value);
    let count = 0;
    for (; count < most && this.inFlight.length; count++) {
      const [record] = this.inFlight.splice(pick(this.inFlight.length), 1) as [number];
      const result = words.getBigInt64(record + Overlapped.Offset, true);
      words.setBigInt64(record + Overlapped.Result, result, true);
      words.setUint32(record + Overlapped.State, OverlappedState.Done, true);
      words.setUint32(place + 4 * count, record, true);
    }
    return count;
  }
}

export interface RunOptions {
  /** Which operation completes next; the oldest unless given. */
  pick?: Pick;
  /** The most that complete in one turn; 1 unless given. */
  most?: number;
  /** More functions of the import module `test`. */
  extra?: Record<string, (...values: number[]) => number>;
}

/** What a module says of a failure that it knows by number. */
export function failureOf(module: WebAssembly.Module, number: number): Failure {
  const [section = new ArrayBuffer(0)] = WebAssembly.Module.customSections(module, FAILURE_SECTION);
  const failure = readFailure(new Uint8Array(section), number);
  if (!failure) throw new Error(`the module has no failure ${number}`);
  return failure;
}

/** Runs a program to its end. */
export function run(wasm: Uint8Array, options: RunOptions = {}): Run {
  const module = new WebAssembly.Module(wasm as BufferSource);
  const guest = new Guest(module);
  guest.extra = options.extra ?? {};
  const instance = new WebAssembly.Instance(module, guest.imports());
  guest.exports = instance.exports as Run["exports"];
  const { _start, _tick } = instance.exports as unknown as {
    _start(): number;
    _tick(count: number): number;
  };
  const result: Run = {
    lines: guest.lines,
    code: undefined,
    deathStack: [],
    ticks: 0,
    mostInFlight: 0,
    exports: guest.exports,
  };
  const most = Math.min(options.most ?? 1, Completions.Capacity);
  try {
    let deadline = _start();
    while (guest.inFlight.length || deadline !== Infinity) {
      result.mostInFlight = Math.max(result.mostInFlight, guest.inFlight.length);
      deadline = _tick(guest.complete(options.pick ?? inOrder, most));
      result.ticks++;
    }
  } catch (error) {
    if (error instanceof Exit) result.code = error.code;
    else {
      result.death = error instanceof Error ? error.message : String(error);
      if (error instanceof Error) result.error = error;
      const stack = error instanceof Error ? (error.stack ?? "") : "";
      const frames = stack.matchAll(/wasm-function\[\d+\]:0x([0-9a-f]+)/g);
      result.deathStack = [...frames].map(([, offset]) => Number.parseInt(offset!, 16));
    }
  }
  return result;
}

/** Writes what a compilation made below `folder`. */
export function writeFiles(compiled: Compiled, folder: string): void {
  for (const [name, contents] of compiled.files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), contents);
  }
}
