/**
 * A host for tests of the guest runtime: a few lines, deterministic, hostile where a host may be.
 * Completions come late and in any order, the clock moves only when nothing else is left to do,
 * and everything that the contract promises is checked from the host's side too.
 */
import { Errno } from "../../assembly/abi/errno.js";
import { Info } from "../../assembly/abi/flags.js";
import { Overlapped, OverlappedState } from "../../assembly/abi/layout.js";
import { Op } from "../../assembly/abi/op.js";
import { compile, failureOf } from "../lowering/harness.js";

/** How a guest ended. */
export interface Outcome {
  /** The argument of `exit`, unless it did not get that far. */
  code?: number;
  /** The message of a panic or an abort, or of the deadlock. */
  message?: string;
  /** Lines that the guest logged. */
  log: string[];
  /** How many turns it took. */
  turns: number;
  /** Bytes of memory at the end. */
  memory: number;
  /** The handles that were closed, in their order. */
  closed: number[];
  /** How many operations were submitted, and how many cancels the host was asked for. */
  operations: number;
  cancels: number;
  /** Nanoseconds on the clock at the end. */
  time: bigint;
}

export interface FakeHostOptions {
  /** Chooses delays and orders; the same one gives the same run. 0: in order, without delay. */
  seed?: number;
  /** Calls the export `collect`, a full collection, before every turn. */
  collect?: boolean;
  /** What becomes of a cancelled operation. By default the seed decides. */
  cancelled?: "cancelled" | "done";
  /** What the import `which` tells the guest: which of its cases to run. */
  which?: number;
}

class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

interface Flight {
  record: number;
  /** Turns left. */
  delay: number;
  cancelled: boolean;
}

const poison = 0xa5;
/** The clock stands still while something is ready: a guest that spins would spin for ever. */
const mostTurns = 1_000_000;

const built = new Map<string, Promise<WebAssembly.Module>>();

/** Compiles a guest of `tests/guest/rt`, once. */
export function build(name: string, ...flags: string[]): Promise<WebAssembly.Module> {
  const key = [name, ...flags].join(" ");
  const module = built.get(key) ?? buildNow(name, flags);
  built.set(key, module);
  return module;
}

async function buildNow(name: string, flags: string[]): Promise<WebAssembly.Module> {
  const optimize = flags.some((flag) => flag.startsWith("-O")) ? [] : ["-O1"];
  const compiled = await compile(`tests/guest/rt/${name}.ts`, { flags: [...optimize, ...flags] });
  if (compiled.code !== 0) throw new Error(compiled.stderr);
  return new WebAssembly.Module(new Uint8Array(compiled.wasm));
}

/** Runs a guest to its end. */
export function run(module: WebAssembly.Module, options: FakeHostOptions = {}): Outcome {
  return new FakeHost(options).run(module);
}

class FakeHost {
  private memory!: WebAssembly.Memory;
  private time = 1_000n;
  private random: number;
  private readonly flights = new Map<number, Flight>();
  private readonly outcome: Outcome = {
    log: [],
    closed: [],
    turns: 0,
    memory: 0,
    operations: 0,
    cancels: 0,
    time: 0n,
  };

  constructor(private readonly options: FakeHostOptions) {
    this.random = options.seed ?? 0;
  }

  run(module: WebAssembly.Module): Outcome {
    const instance = new WebAssembly.Instance(module, { std: this.imports(module) });
    const exports = instance.exports as unknown as {
      memory: WebAssembly.Memory;
      _completions: WebAssembly.Global<"i32">;
      _start(): number;
      _tick(count: number): number;
      collect?(): void;
    };
    this.memory = exports.memory;
    try {
      let next = exports._start();
      for (;;) {
        if (this.outcome.turns++ > mostTurns) throw new Error("the guest does not come to an end");
        const done = this.complete(exports._completions.value);
        if (done === 0 && !this.advance(next)) throw new Error("deadlock");
        if (this.options.collect) exports.collect?.();
        next = exports._tick(done);
      }
    } catch (error) {
      if (error instanceof Exit) this.outcome.code = error.code;
      else this.outcome.message = error instanceof Error ? error.message : String(error);
    }
    this.outcome.memory = this.memory.buffer.byteLength;
    this.outcome.time = this.time;
    return this.outcome;
  }

  /** Moves the clock to the next deadline when nothing else can happen. */
  private advance(next: number): boolean {
    if (this.flights.size > 0 || next <= Number(this.time)) return true;
    if (next === Infinity) return false;
    this.time = BigInt(next);
    return true;
  }

  private choose(limit: number): number {
    if (this.random === 0) return 0;
    this.random ^= this.random << 13;
    this.random ^= this.random >>> 17;
    this.random ^= this.random << 5;
    return (this.random >>> 0) % limit;
  }

  private view(): DataView {
    return new DataView(this.memory.buffer);
  }

  private submit(list: number, count: number): void {
    const view = this.view();
    if (count === 0) throw new Error("an empty batch was submitted");
    for (let index = 0; index < count; index++) {
      const record = view.getUint32(list + index * 4, true);
      if (this.flights.has(record)) throw new Error("a record was submitted twice");
      if (view.getUint32(record + Overlapped.State, true) !== OverlappedState.Submitted) {
        throw new Error("a record was submitted that is not marked so");
      }
      this.outcome.operations++;
      const length = view.getUint32(record + Overlapped.Len0, true);
      if (view.getUint32(record + Overlapped.Opcode, true) === Op.Read) {
        this.buffer(record, length).fill(poison);
      }
      const least = view.getUint32(record + Overlapped.Handle, true);
      this.flights.set(record, { record, delay: least + this.choose(4), cancelled: false });
    }
  }

  private cancel(record: number): void {
    const flight = this.flights.get(record);
    if (!flight) throw new Error("a cancel of what is not in flight");
    if (flight.cancelled) throw new Error("an operation was cancelled twice");
    this.outcome.cancels++;
    flight.delay = this.choose(3);
    const how = this.options.cancelled;
    flight.cancelled = how === undefined ? this.choose(2) === 0 : how === "cancelled";
  }

  private buffer(record: number, length: number): Uint8Array {
    const start = this.view().getUint32(record + Overlapped.Ptr0, true);
    return new Uint8Array(this.memory.buffer, start, length);
  }

  /** Completes what is due; returns how many. */
  private complete(list: number): number {
    const due: Flight[] = [];
    for (const flight of this.flights.values()) if (flight.delay-- <= 0) due.push(flight);
    for (let index = due.length - 1; index > 0 && this.random !== 0; index--) {
      const other = this.choose(index + 1);
      [due[index], due[other]] = [due[other] as Flight, due[index] as Flight];
    }
    const view = this.view();
    due.slice(0, 1024).forEach((flight, index) => {
      this.finish(flight);
      view.setUint32(list + index * 4, flight.record, true);
    });
    return Math.min(due.length, 1024);
  }

  private finish({ record, cancelled }: Flight): void {
    this.flights.delete(record);
    const view = this.view();
    if (view.getUint32(record + Overlapped.State, true) !== OverlappedState.Submitted) {
      throw new Error("the guest touched a record in flight");
    }
    const result = cancelled ? -Errno.ECANCELED : this.perform(record);
    view.setBigInt64(record + Overlapped.Result, BigInt(result), true);
    view.setUint32(record + Overlapped.OsError, result < 0 ? 99 : 0, true);
    view.setUint32(record + Overlapped.State, OverlappedState.Done, true);
  }

  /** What each opcode does here. */
  private perform(record: number): number {
    const view = this.view();
    const offset = Number(view.getBigInt64(record + Overlapped.Offset, true));
    const opcode = view.getUint32(record + Overlapped.Opcode, true);
    const length = view.getUint32(record + Overlapped.Len0, true);
    if (opcode === Op.Read) {
      const bytes = this.buffer(record, length);
      if (bytes.some((byte) => byte !== poison)) throw new Error("a lent buffer was touched");
      bytes.forEach((_, index) => (bytes[index] = offset + index));
      return length;
    }
    if (opcode === Op.Close) {
      this.outcome.closed.push(view.getUint32(record + Overlapped.Handle, true));
    }
    if (opcode === Op.Write) {
      this.outcome.log.push(Buffer.from(this.buffer(record, length)).toString());
      return length;
    }
    return offset;
  }

  private text(start: number, length: number): string {
    return Buffer.from(this.memory.buffer, start, length).toString();
  }

  /** A string of AssemblyScript's. */
  private wide(start: number): string {
    if (start === 0) return "";
    const length = this.view().getUint32(start - 4, true);
    return Buffer.from(this.memory.buffer, start, length).toString("utf16le");
  }

  private info(what: number, index: number, start: number, room: number): number {
    if (what !== Info.ErrorText) return -Errno.ENOENT;
    const text = Buffer.from(index === Errno.ENOENT ? "not found (ENOENT)" : `number ${index}`);
    if (text.length <= room) new Uint8Array(this.memory.buffer, start).set(text);
    return text.length;
  }

  private imports(module: WebAssembly.Module): WebAssembly.ModuleImports {
    return {
      submit: (list: number, count: number) => this.submit(list, count),
      cancel: (record: number) => this.cancel(record),
      now: () => this.time,
      info: (what: number, index: number, start: number, room: number) =>
        this.info(what, index, start, room),
      random: (start: number, length: number) => {
        new Uint8Array(this.memory.buffer, start, length).fill(this.choose(256));
        return 0;
      },
      trace: (start: number, length: number) => {
        this.outcome.log.push(this.text(start, length));
      },
      exit: (code: number) => {
        throw new Exit(code);
      },
      panic: (start: number, length: number) => {
        throw new Error(this.text(start, length));
      },
      abort: (message: number, file: number, line: number) => {
        throw new Error(`${this.wide(message)} at ${this.wide(file)}:${line}`);
      },
      fail: (number: number) => {
        const { text, file, line } = failureOf(module, number);
        throw new Error(file === "" ? text : `${text} at ${file}:${line}`);
      },
      which: () => this.options.which ?? 0,
      log: (message: number) => {
        this.outcome.log.push(this.wide(message));
      },
    };
  }
}
