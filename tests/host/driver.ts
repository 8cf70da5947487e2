/** Plays a guest for tests of the loop: a memory, and records that the test fills by hand. */
import { Handle, Op, Overlapped, OverlappedState } from "../../host/abi.js";
import type { Backend } from "../../host/backend/backend.js";
import { ContextBuilder } from "../../host/context.js";
import type { Limits } from "../../host/context.js";
import { Loop } from "../../host/loop.js";
import { GuestMemory } from "../../host/memory.js";
import { Namespace } from "../../host/namespace.js";
import type { Mount } from "../../host/namespace.js";
import { NativeFile } from "../../host/resource/file.js";

/** The fields of a record; those not named are zero. */
export interface Fields {
  op: number;
  flags?: number;
  handle?: number;
  ptr0?: number;
  len0?: number;
  ptr1?: number;
  len1?: number;
  offset?: bigint;
}

/** What a record says after its completion. */
export interface Outcome {
  readonly record: number;
  readonly result: number;
  readonly osError: number;
}

export interface DriverOptions {
  readonly mounts?: readonly Mount[] | null;
  readonly currentDir?: string;
  readonly limits?: Partial<Limits>;
  readonly pages?: number;
  /** Gives it what has no option here. */
  readonly grant?: (builder: ContextBuilder) => void;
}

const RECORDS = 65536;
const LIST = 1024;
const COMPLETIONS = 16384;

/** A guest without code. Records lie from 64 KiB on; below is room for a list, and for text. */
export class Driver {
  readonly wasm: WebAssembly.Memory;
  readonly memory: GuestMemory;
  readonly loop: Loop;
  private records = 0;
  private readonly free: number[] = [];

  constructor(readonly backend: Backend, options: DriverOptions = {}) {
    const pages = options.pages ?? 64;
    this.wasm = new WebAssembly.Memory({ initial: pages, maximum: Math.max(4096, pages) });
    this.memory = new GuestMemory(this.wasm);
    const builder = new ContextBuilder().limits(options.limits ?? {});
    options.grant?.(builder);
    const { limits, grants } = builder.build();
    const mounts = options.mounts === undefined ? null : options.mounts;
    const namespace = new Namespace(mounts, options.currentDir ?? "/");
    this.loop = new Loop(this.memory, backend, namespace, limits, { ...grants, signals: true });
  }

  get view(): DataView {
    return new DataView(this.wasm.buffer);
  }

  /** Grants a descriptor, which stays the test's. */
  lend(descriptor: number, rights = 15, owned = false): number {
    return this.loop.handles.add(new NativeFile(descriptor, owned), rights);
  }

  /** Writes text at `address`, and returns its length in bytes. */
  put(address: number, text: string | Uint8Array): number {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    new Uint8Array(this.wasm.buffer).set(bytes, address);
    return bytes.length;
  }

  /** The text at `address`. */
  get(address: number, length: number): string {
    return new TextDecoder().decode(new Uint8Array(this.wasm.buffer, address, length));
  }

  /** Fills a record of its own. */
  record(fields: Fields): number {
    const at = this.free.pop() ?? RECORDS + this.records++ * Overlapped.Size;
    if (at + Overlapped.Size > this.wasm.buffer.byteLength) this.wasm.grow(64);
    const { view } = this;
    view.setUint32(at + Overlapped.Opcode, fields.op, true);
    view.setUint32(at + Overlapped.Flags, fields.flags ?? 0, true);
    view.setUint32(at + Overlapped.Handle, fields.handle ?? 0, true);
    view.setUint32(at + Overlapped.State, OverlappedState.Submitted, true);
    view.setUint32(at + Overlapped.Ptr0, fields.ptr0 ?? 0, true);
    view.setUint32(at + Overlapped.Len0, fields.len0 ?? 0, true);
    view.setUint32(at + Overlapped.Ptr1, fields.ptr1 ?? 0, true);
    view.setUint32(at + Overlapped.Len1, fields.len1 ?? 0, true);
    view.setBigInt64(at + Overlapped.Offset, fields.offset ?? 0n, true);
    return at;
  }

  /** Submits records as one list. */
  submit(...records: number[]): void {
    for (const [index, record] of records.entries()) {
      this.view.setUint32(LIST + index * 4, record, true);
    }
    this.loop.renew();
    this.loop.submit(LIST, records.length);
  }

  /** Fills and submits one record. */
  start(fields: Fields): number {
    const record = this.record(fields);
    this.submit(record);
    return record;
  }

  /** What has completed since the last call; waits for nothing. */
  taken(): Outcome[] {
    const outcomes: Outcome[] = [];
    while (this.loop.queue.length > 0) {
      const count = this.loop.queue.deliver(this.memory, COMPLETIONS);
      for (let index = 0; index < count; index++) {
        outcomes.push(this.outcome(this.view.getUint32(COMPLETIONS + index * 4, true)));
      }
    }
    return outcomes;
  }

  /** One turn, and what completed by it. */
  turn(timeout = 0): Outcome[] {
    this.loop.renew();
    this.loop.turn(timeout);
    return this.taken();
  }

  /** Submits one record and waits for it alone. */
  perform(fields: Fields): Outcome {
    const record = this.start(fields);
    for (let outcomes = this.taken(); ; outcomes = this.turn(-1)) {
      const found = outcomes.find((outcome) => outcome.record === record);
      if (found !== undefined) {
        this.free.push(record);
        return found;
      }
    }
  }

  /** Opens a path in the namespace. The path is written at 4096. */
  open(path: string | Uint8Array, flags = 1, mode = 0n): Outcome {
    const len0 = this.put(4096, path);
    return this.perform({
      op: Op.Open, flags, handle: Handle.Root, ptr0: 4096, len0, offset: mode,
    });
  }

  /** Makes a record that has completed usable again. */
  recycle(record: number): void {
    this.free.push(record);
  }

  private outcome(record: number): Outcome {
    const { view } = this;
    if (view.getUint32(record + Overlapped.State, true) !== OverlappedState.Done) {
      throw new Error("a record in the list of completions is not done");
    }
    return {
      record,
      result: Number(view.getBigInt64(record + Overlapped.Result, true)),
      osError: view.getUint32(record + Overlapped.OsError, true),
    };
  }
}
