/** A backend in memory: no kernel, no threads, and completions when the test wants them. */
import { Errno, Op } from "../../host/abi.js";
import type { Backend } from "../../host/backend/backend.js";
import { monotonicClock } from "../../host/resource/clock.js";
import { CompletionWord, StageLayout, StageOp } from "../../host/backend/stage.js";
import { StageReader, type Submission } from "../../host/backend/submission.js";

/** What the fake's system calls an error. */
export function osCode(errno: Errno): number {
  return 1000 + errno;
}

/** One staged submission, as the fake saw it. */
export interface Seen extends Submission {
  /** The whole path, prefix included, for an op that may have one. */
  readonly path: string;
}

type Result = number | bigint | undefined;

/** Decides what becomes of a submission: a value or negative `Errno`, undefined: still pending. */
export type Answer = (seen: Seen, fake: FakeBackend) => Result;

/** The descriptor that never delivers, whatever is read from it. */
export const SILENT = 900;

/** Serves files from a map; everything opened gets a descriptor from 1000 on. */
export class FakeBackend implements Backend {
  readonly name = "fake";
  readonly canWait = true;
  readonly stage = new ArrayBuffer(StageLayout.Size);
  /** Contents by path. */
  readonly files = new Map<string, Uint8Array>();
  /** What is open: path by descriptor. */
  readonly open = new Map<number, string>();
  /** Everything that was staged, cancels included. */
  readonly log: Seen[] = [];
  /** What waits, by slot. */
  readonly pending = new Map<number, Seen>();
  /** Times that `attach` was called. */
  attached = 0;
  turns = 0;
  /** The texts that were lent, in order. */
  readonly annexed: Uint8Array[] = [];
  isClosed = false;
  /** What is to be called when a turn would bring something. */
  wake: (() => void) | null = null;
  /** Timeouts that were asked for, in order. */
  readonly timeouts: number[] = [];
  /** Answers instead of `serve`; it may call that. */
  answer: Answer | undefined;
  /** Cancels are ignored, as by a kernel that cannot let go. */
  isStubborn = false;
  memory: Uint8Array = new Uint8Array(0);

  private nextDescriptor = 1000;
  private readonly words = new Uint32Array(this.stage);
  private readonly reader = new StageReader(this.stage);
  private ready: [Seen, bigint][] = [];

  attach(memory: Uint8Array): void {
    this.attached++;
    this.memory = memory;
  }

  annex(text: Uint8Array): void {
    this.annexed.push(text);
  }

  turn(count: number, timeout: number): number {
    if (this.isClosed) throw new Error("a turn after close");
    this.turns++;
    this.timeouts.push(timeout);
    for (let index = 0; index < count; index++) this.take(index);
    if (timeout === -1 && this.ready.length === 0) {
      throw new Error("the host would wait for ever");
    }
    const now = this.ready.splice(0, StageLayout.CompletionsCapacity);
    for (const [index, [seen, result]] of now.entries()) {
      const at = (StageLayout.Completions >> 2) + index * CompletionWord.Count;
      this.words[at + CompletionWord.Slot] = seen.slot;
      this.words[at + CompletionWord.Generation] = seen.generation;
      this.words[at + CompletionWord.ResultLow] = Number(BigInt.asUintN(32, result));
      const high = result < 0n ? 0x80000000 + osCode(-Number(result)) : Number(result >> 32n);
      this.words[at + CompletionWord.ResultHigh] = high;
    }
    return now.length;
  }

  terminal(descriptor: number, command: number): number {
    return command === 0 ? Number(descriptor === SILENT) : -Errno.ENOTTY;
  }

  now(): number {
    return monotonicClock.now();
  }

  notify(wake: (() => void) | null): void {
    this.wake = wake;
  }

  close(): void {
    this.isClosed = true;
  }

  /** Completes a pending operation. */
  complete(slot: number, result: number | bigint): void {
    const seen = this.pending.get(slot);
    if (seen === undefined) throw new Error(`slot ${slot} is not pending`);
    this.pending.delete(slot);
    this.ready.push([seen, BigInt(result)]);
  }

  private take(index: number): void {
    const seen = this.seen(index);
    this.log.push(seen);
    if (seen.op === StageOp.Cancel) {
      const target = this.pending.get(seen.slot);
      if (target?.generation === seen.generation && !this.isStubborn) {
        this.complete(seen.slot, -Errno.ECANCELED);
      }
      return;
    }
    if (this.pending.has(seen.slot)) throw new Error(`slot ${seen.slot} is in flight twice`);
    this.pending.set(seen.slot, seen);
    const result = this.answer === undefined ? this.serve(seen) : this.answer(seen, this);
    if (result !== undefined) this.complete(seen.slot, result);
  }

  private seen(index: number): Seen {
    const annexed = this.annexed.at(-1);
    if (annexed !== undefined) this.reader.annex(annexed);
    const submission = this.reader.submission(index);
    const { op, prefix, pointer, length } = submission;
    const isTransfer = op === Op.Read || op === Op.Write;
    const rest = this.memory.slice(pointer, isTransfer ? pointer : pointer + length);
    const decoder = new TextDecoder();
    return { ...submission, path: decoder.decode(prefix) + decoder.decode(rest) };
  }

  /** What an ordinary file system would do. */
  serve(seen: Seen): Result {
    if (seen.op === Op.Open) {
      if (!this.files.has(seen.path)) return -Errno.ENOENT;
      this.open.set(this.nextDescriptor, seen.path);
      return this.nextDescriptor++;
    }
    if (seen.op === Op.Close) return this.open.delete(seen.descriptor) ? 0 : -Errno.EBADF;
    if (seen.descriptor === SILENT) return undefined;
    const path = this.open.get(seen.descriptor);
    if (path === undefined) return -Errno.EBADF;
    const data = this.files.get(path)!;
    if (seen.op === Op.Read) {
      const from = seen.offset < 0n ? 0 : Number(seen.offset);
      const part = data.subarray(from, from + seen.length);
      this.memory.set(part, seen.pointer);
      return part.length;
    }
    return seen.op === Op.Write ? seen.length : 0;
  }
}
