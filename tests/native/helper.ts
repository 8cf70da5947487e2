/** The addon as `host/backend/native.ts` sees it, with the options that only tests use. */
import { createRequire } from "node:module";
import { StageLayout, SubmissionWord, TurnWord } from "../../host/backend/stage.js";
import { root } from "../harness.js";

/** Options of `create`; those beyond the first two are for tests. */
export interface CreateOptions {
  backend: string;
  stage: Uint8Array;
  /** Bit n: pretend that the kernel has no opcode for `Op` n. */
  withoutOps?: number;
  withoutSetup?: number;
  withoutFeatures?: number;
  completionEntries?: number;
}

export interface Addon {
  readonly backends: readonly string[];
  create(options: CreateOptions): object;
  attach(handle: object, memory: Uint8Array, direct: boolean): void;
  bindTurn(handle: object): () => void;
  terminal(handle: object, descriptor: number, command: number, argument: number): number;
  close(handle: object): void;
}

export const addon = createRequire(import.meta.url)("node-gyp-build")(root) as Addon;

/** A submission by the names of its words; what is left out is zero. */
export type Submission = Partial<Record<keyof typeof words, number>>;

const words = {
  op: SubmissionWord.Op,
  slot: SubmissionWord.Slot,
  generation: SubmissionWord.Generation,
  descriptor: SubmissionWord.Descriptor,
  pointer: SubmissionWord.Pointer0,
  length: SubmissionWord.Length0,
  offset: SubmissionWord.OffsetLow,
  offsetHigh: SubmissionWord.OffsetHigh,
  flags: SubmissionWord.Flags,
};

/** A backend with a stage and a memory, as small as it can be. */
export class Driver {
  readonly stage = new Uint8Array(StageLayout.Size);
  readonly memory = new WebAssembly.Memory({ initial: 4 });
  readonly handle: object;
  private readonly numbers = new Int32Array(this.stage.buffer);
  private readonly turnTimeout = new Float64Array(this.stage.buffer, StageLayout.Turn, 1);
  private readonly runTurn: () => void;
  private readonly direct: boolean;

  constructor(options: Partial<CreateOptions> = {}, direct = true) {
    this.direct = direct;
    this.handle = addon.create({ backend: "io_uring", stage: this.stage, ...options });
    this.runTurn = addon.bindTurn(this.handle);
    this.attach();
  }

  /** All of the guest's memory, seen afresh. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }

  attach(): void {
    addon.attach(this.handle, this.bytes, this.direct);
  }

  put(index: number, submission: Submission): void {
    const base = StageLayout.Submissions / 4 + index * SubmissionWord.Count;
    this.numbers.fill(0, base, base + SubmissionWord.Count);
    for (const [name, value] of Object.entries(submission)) {
      this.numbers[base + words[name as keyof typeof words]] = value;
    }
  }

  /** @param timeout in nanoseconds. @returns how many completions there are. */
  turn(count: number, timeout: number): number {
    this.turnTimeout[0] = timeout;
    this.numbers[(StageLayout.Turn + TurnWord.Count) / 4] = count;
    this.runTurn();
    return this.numbers[(StageLayout.Turn + TurnWord.Produced) / 4]!;
  }

  completion(index: number): { slot: number; generation: number; result: number } {
    const base = StageLayout.Completions / 4 + index * 4;
    const [slot = 0, generation = 0, low = 0, high = 0] = this.numbers.subarray(base, base + 4);
    return { slot, generation, result: high < 0 ? -(high & 0x7fffffff) : low };
  }

  /** Runs one operation to its end; its result. */
  run(submission: Submission): number {
    this.put(0, submission);
    for (let produced = this.turn(1, -1); produced === 0;) produced = this.turn(0, -1);
    return this.completion(0).result;
  }

  /** Puts a path into memory and names it. */
  path(text: string): Submission {
    const bytes = new TextEncoder().encode(text);
    this.bytes.set(bytes, 64);
    return { pointer: 64, length: bytes.length };
  }

  close(): void {
    addon.close(this.handle);
  }
}
