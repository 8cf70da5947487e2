/**
 * A backend around another one: operations on virtual resources go to methods, all others through.
 *
 * A virtual resource has a descriptor from `FIRST_VIRTUAL` on, which no system gives. The router
 * takes the submissions that name one out of the stage, and adds what has come of them to the
 * completions of the turn. So nothing completes inline, and each operation exactly once, by the
 * same way as a native one. A context without virtual resources has no router, and pays nothing.
 */
import { CopyTarget, Errno, Op, Terminal, TerminalMode } from "../abi.js";
import { GuestFailure } from "../failure.js";
import { FIRST_VIRTUAL } from "../resource/resource.js";
import { fail, HostError, perform } from "../resource/virtual/answer.js";
import { virtualCall } from "../resource/virtual/calls.js";
import type { Desk, OpenNode, Outcome } from "../resource/virtual/desk.js";
import type { HostDir, HostFile } from "../resource/virtual/resource.js";
import { soon } from "../schedule.js";
import type { Backend } from "./backend.js";
import { StageCommand, StageLayout, StageOp, SubmissionWord } from "./stage.js";
import { StageReader, type Submission } from "./submission.js";

/** Whether a descriptor of the stage, as a signed number, is that of a virtual resource. */
export function isVirtual(descriptor: number): boolean {
  return descriptor >= FIRST_VIRTUAL;
}

/** An operation on a virtual resource from its turn to the one that tells of its end. */
class Pending {
  readonly submission: Submission;
  private controller: AbortController | null = null;
  isCancelled = false;

  constructor(submission: Submission) {
    this.submission = submission;
  }

  /** Made when somebody asks: most operations are over at once. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.isCancelled) this.controller.abort();
    return this.controller.signal;
  }

  cancel(): void {
    this.isCancelled = true;
    this.controller?.abort();
  }
}

/** What has come of an operation: bytes for the guest, and the result. */
interface Settled {
  readonly pending: Pending;
  readonly result: number;
  readonly bytes: Uint8Array | null;
  readonly pointer: number;
}

/** A resource that has a descriptor. */
interface Entry {
  readonly node: OpenNode;
  /** Whether the guest has opened it, so that its end is the resource's. */
  readonly isGuests: boolean;
}

const SCRATCH_SIZE = 65536;

/** See above. */
export class Router implements Backend {
  readonly name: string;
  readonly canWait: boolean;
  readonly stage: ArrayBuffer;
  private readonly inner: Backend;
  private readonly reader: StageReader;
  private memory: Uint8Array = new Uint8Array(0);
  private readonly entries = new Map<number, Entry>();
  /** Descriptors that were in use. */
  private readonly free: number[] = [];
  private next = FIRST_VIRTUAL;
  private readonly pending = new Map<number, Pending>();
  private settled: Settled[] = [];
  /** How many operations the other backend has in flight. */
  private others = 0;
  private wake: (() => void) | null = null;
  private isInTurn = false;
  private isClosed = false;
  /** A buffer for operations that are over at once; null while one has it. */
  private scratch: Uint8Array | null = null;

  constructor(inner: Backend) {
    this.inner = inner;
    this.name = inner.name;
    this.canWait = inner.canWait;
    this.stage = inner.stage;
    this.reader = new StageReader(inner.stage);
  }

  /** Makes a resource known, which stays the embedder's. @returns its descriptor. */
  adopt(resource: HostFile | HostDir): number {
    return this.add(nodeOf(resource), false);
  }

  /** @inheritdoc */
  attach(memory: Uint8Array): void {
    this.memory = memory;
    this.inner.attach(memory);
  }

  /** @inheritdoc */
  annex(text: Uint8Array): void {
    this.reader.annex(text);
    this.inner.annex(text);
  }

  /** @inheritdoc */
  turn(count: number, timeout: number): number {
    this.isInTurn = true;
    try {
      const left = this.takeOwn(count);
      const isReady = this.settled.length > 0;
      if (timeout === -1 && !isReady && this.others === 0) throw unservable();
      const done = this.inner.turn(left, isReady ? 0 : timeout);
      this.others -= done;
      return this.deliver(done);
    } finally {
      this.isInTurn = false;
    }
  }

  /** @inheritdoc */
  terminal(descriptor: number, command: number, argument: number): number {
    if (!isVirtual(descriptor)) return this.inner.terminal(descriptor, command, argument);
    const node = this.entries.get(descriptor)?.node;
    const terminal = node?.kind === "file" ? node.file.terminal : undefined;
    if (command === Terminal.IsTerminal) return terminal === undefined ? 0 : 1;
    if (terminal === undefined) return -Errno.ENOTTY;
    if (command === Terminal.SetMode) {
      terminal.setRaw(argument === TerminalMode.Raw);
      return 0;
    }
    const { columns, rows } = terminal.size();
    return (columns & 0xffff) + (rows & 0xffff) * 0x10000;
  }

  /** @inheritdoc */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const pending of this.pending.values()) pending.cancel();
    this.pending.clear();
    const left = [...this.entries.values()].filter(({ isGuests }) => isGuests);
    this.entries.clear();
    for (const node of new Set(left.map((entry) => entry.node))) dispose(node);
    this.inner.close();
  }

  /** @inheritdoc */
  now(): number {
    return this.inner.now();
  }

  /** @inheritdoc */
  notify(wake: (() => void) | null, timeout: number, keepsAlive: boolean): void {
    this.wake = wake;
    this.inner.notify(wake === null ? null : () => this.tell(), timeout, keepsAlive);
  }

  private add(node: OpenNode, isGuests: boolean): number {
    const descriptor = this.free.pop() ?? this.next++;
    this.entries.set(descriptor, { node, isGuests });
    node.uses++;
    return descriptor;
  }

  private remove(descriptor: number): void {
    const entry = this.entries.get(descriptor);
    if (entry === undefined) return;
    entry.node.uses--;
    this.entries.delete(descriptor);
    this.free.push(descriptor);
  }

  /** What a descriptor of an operation stands for; one operation cannot have two worlds. */
  private node(descriptor: number): OpenNode {
    if (!isVirtual(descriptor)) fail(Errno.EXDEV);
    return this.entries.get(descriptor)?.node ?? fail(Errno.EBADF);
  }

  /** Takes what is the router's out of the stage. @returns how many submissions are left. */
  private takeOwn(count: number): number {
    let left = 0;
    for (let index = 0; index < count; index++) {
      const op = this.reader.word(index, SubmissionWord.Op);
      if (op === StageOp.Cancel) {
        if (this.cancel(index)) continue;
      } else if (this.isOwn(index, op)) {
        this.start(this.reader.submission(index));
        continue;
      } else {
        this.others++;
      }
      if (left !== index) this.reader.move(index, left);
      left++;
    }
    return left;
  }

  /** Whether an operation names a virtual resource, in whichever place. */
  private isOwn(index: number, op: number): boolean {
    if (isVirtual(this.reader.word(index, SubmissionWord.Descriptor) | 0)) return true;
    if (op === Op.Rename || op === Op.HardLink) {
      return isVirtual(this.reader.word(index, SubmissionWord.OffsetLow) | 0);
    }
    const named = NAMED[op as Op];
    if (named === undefined) return false;
    const { prefix } = this.reader.submission(index);
    const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
    return named.some((offset) => isVirtual(view.getInt32(offset, true)));
  }

  /** Passes on a wish to cancel. @returns whether it was about an operation of the router's. */
  private cancel(index: number): boolean {
    const pending = this.pending.get(this.reader.word(index, SubmissionWord.Slot));
    const generation = this.reader.word(index, SubmissionWord.Generation);
    if (pending?.submission.generation !== generation) return false;
    pending.cancel();
    return true;
  }

  private start(submission: Submission): void {
    const pending = new Pending(submission);
    this.pending.set(submission.slot, pending);
    const { scratch } = this;
    perform(
      virtualCall(this.desk(pending)),
      (outcome) => this.settle(pending, outcome),
      (error) => this.settle(pending, { result: -errnoOf(error, pending.isCancelled) }),
    );
    if (submission.op === Op.Close) this.remove(submission.descriptor);
    // What is over does not need its buffer any more; what is not keeps it for good.
    if (this.pending.get(submission.slot) !== pending) this.scratch = scratch;
  }

  private desk(pending: Pending): Desk {
    return {
      submission: pending.submission,
      memory: this.memory,
      waiting: pending,
      node: (descriptor) => this.node(descriptor),
      adopt: (node) => this.opened(node),
      buffer: (length) => this.buffer(length),
    };
  }

  private opened(node: OpenNode): number {
    if (!this.isClosed) return this.add(node, true);
    dispose(node);
    return 0;
  }

  private buffer(length: number): Uint8Array {
    if (length > SCRATCH_SIZE) return new Uint8Array(length);
    const scratch = this.scratch ?? new Uint8Array(SCRATCH_SIZE);
    this.scratch = null;
    return scratch.subarray(0, length);
  }

  /** Notes what has come of an operation, once. */
  private settle(pending: Pending, { result, bytes, pointer }: Outcome): void {
    const { slot } = pending.submission;
    if (this.pending.get(slot) !== pending) return;
    this.pending.delete(slot);
    let later: Uint8Array | null = bytes ?? null;
    // Between two turns the guest's memory may be another than when the operation began.
    if (this.isInTurn && bytes !== undefined) {
      this.memory.set(bytes, pointer);
      later = null;
    }
    this.settled.push({ pending, result, bytes: later, pointer: pointer ?? 0 });
    // Not at once: whoever settled it is in the middle of something, another guest's turn maybe.
    if (!this.isInTurn && this.wake !== null) soon(() => this.tell());
  }

  private tell(): void {
    const { wake } = this;
    this.wake = null;
    wake?.();
  }

  /** Adds what has settled to `done` completions. @returns how many there are then. */
  private deliver(done: number): number {
    const count = Math.min(this.settled.length, StageLayout.CompletionsCapacity - done);
    if (count === 0) return done;
    for (let index = 0; index < count; index++) {
      const { pending, result, bytes, pointer } = this.settled[index]!;
      if (bytes !== null) this.memory.set(bytes, pointer);
      const { slot, generation } = pending.submission;
      this.reader.complete(done + index, slot, generation, result);
    }
    this.settled = count === this.settled.length ? [] : this.settled.slice(count);
    return done + count;
  }
}

/** Where the records of some operations name descriptors. */
const NAMED: Readonly<Partial<Record<Op, readonly number[]>>> = {
  [Op.CopyRange]: [CopyTarget.Handle],
  [Op.Spawn]: [StageCommand.Stdin, StageCommand.Stdout, StageCommand.Stderr],
};

function nodeOf(resource: HostFile | HostDir): OpenNode {
  return resource.kind === "dir"
    ? { kind: "dir", dir: resource, listing: null, uses: 0 }
    : { kind: "file", file: resource, uses: 0 };
}

/** Closes what the guest cannot close any more; nobody is left to be told of a failure. */
function dispose(node: OpenNode): void {
  if (node.kind === "dir") return node.listing?.close?.();
  try {
    const closing = node.file.close?.();
    if (closing !== undefined) closing.then(undefined, () => {});
  } catch {
    // As above.
  }
}

function unservable(): GuestFailure {
  return new GuestFailure("deadlock", "it waits for a resource that only an event loop can " +
    "serve, and it was run blockingly");
}

function errnoOf(error: unknown, isCancelled: boolean): Errno {
  if (error instanceof HostError) return error.errno;
  return isCancelled ? Errno.ECANCELED : Errno.EIO;
}
