/**
 * Feeds a loop with hostile records. It takes the backend as a parameter, so that it also runs on a
 * build of the addon with AddressSanitizer: `STD_FUZZ_ROUNDS` says how long.
 */
import { Errno, MemoryRange, Op, Overlapped, SocketAddress } from "../../host/abi.js";
import type { Backend } from "../../host/backend/backend.js";
import { OP_COUNT } from "../../host/calls/index.js";
import { GuestFailure } from "../../host/failure.js";
import type { Mount } from "../../host/namespace.js";
import { Driver } from "./driver.js";

/** What a run of the fuzzer saw. */
export interface Findings {
  readonly submitted: number;
  readonly completed: number;
  /** How often each result came: `Errno` negated, or 1 for "a value". */
  readonly results: ReadonlyMap<number, number>;
  /** Times that a record was one that nothing can complete. */
  readonly faults: number;
}

/** Numbers from a seed (xorshift32). */
export function generator(seed: number): (limit: number) => number {
  let state = seed | 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

export interface FuzzOptions {
  readonly seed: number;
  /** How many records to submit. */
  readonly records: number;
  readonly mounts: readonly Mount[];
  /** Descriptors to lend; reads from them may wait for ever. */
  readonly lend: readonly number[];
}

const PAGES = 8;
const SIZE = PAGES * 65536;
/** Records lie here and below `RECORDS_END`; so do some of the ranges they name. */
const FIRST_RECORD = 65536;
const RECORD_COUNT = 512;
const LIST = 1024;
/** Lists of ranges to write. */
const RANGES = 6144;
const PATHS = 8192;
/** Addresses to go to, then room for those to be told. */
const ADDRESSES = 4096;

const NASTY = [
  0, 1, 2, 3, 7, 8, 63, 64, 88, 255, 256, 4095, 4096, 4097, 65535, 65536, SIZE - 64, SIZE - 1, SIZE,
  SIZE + 1, 0x7fffffff, 0x80000000, 0xfffffff8, 0xfffffffe, 0xffffffff,
];

const PATH_TEXTS = [
  "", ".", "..", "/", "//", "data", "/data", "/data/", "/data/file", "/data/file/", "/data/new",
  "/data/../../etc/passwd", "/data/link-out", "/data/link-out/passwd", "/etc/passwd",
  "/proc/self/root", "/data/./././file", "\0", "/data/file\0x", "/data/\xff", "x".repeat(300),
  "/data/dir", "/data/dir/../file", "/data/loop",
];

class Fuzzer {
  readonly results = new Map<number, number>();
  submitted = 0;
  completed = 0;
  faults = 0;
  private readonly driver: Driver;
  private readonly random: (limit: number) => number;
  private readonly outstanding = new Set<number>();
  private readonly handles: number[] = [];
  private readonly paths: [number, number][] = [];

  constructor(backend: Backend, private readonly options: FuzzOptions) {
    this.driver = new Driver(backend, {
      mounts: options.mounts, pages: PAGES, limits: { operations: 200, handles: 64 },
      // To connect somewhere would also be to look names up, which may take long.
      grant: (builder) => builder.listen("localhost:0"),
    });
    this.putAddresses();
    this.random = generator(options.seed);
    for (const descriptor of options.lend) this.handles.push(this.driver.lend(descriptor));
    let at = PATHS;
    for (const text of PATH_TEXTS) {
      const length = this.driver.put(at, text);
      this.paths.push([at, length]);
      at += length + 1;
    }
  }

  run(): void {
    while (this.submitted < this.options.records) {
      this.batch();
      if (this.random(4) === 0) this.driver.loop.cancel(this.anyAddress());
      if (this.random(3) === 0) this.cancelSome();
      this.take(this.driver.turn(0));
      // What waits for ever has to give way, or nothing else could start.
      if (this.outstanding.size > 150) this.cancelAll();
    }
    this.cancelAll();
    const until = performance.now() + 20_000;
    while (this.outstanding.size > 0) {
      if (performance.now() > until) throw new Error(`${this.outstanding.size} never completed`);
      this.take(this.driver.turn(1e8));
    }
    this.driver.loop.close();
  }

  private batch(): void {
    const free: number[] = [];
    for (let tries = 0; tries < 16; tries++) {
      const record = FIRST_RECORD + this.random(RECORD_COUNT) * Overlapped.Size;
      if (!this.outstanding.has(record) && !free.includes(record)) free.push(record);
    }
    for (const [index, record] of free.entries()) {
      this.fill(record);
      this.driver.view.setUint32(LIST + index * 4, record, true);
    }
    // Filling writes ranges of other records over; they are the guest's own to spoil.
    this.driver.loop.submit(LIST, free.length);
    for (const record of free) this.outstanding.add(record);
    this.submitted += free.length;
    if (this.random(8) === 0) this.impossible();
  }

  /** Submits what nothing can complete, which has to be refused as a whole and harm nothing. */
  private impossible(): void {
    const record = this.random(2) === 0
      ? this.anyAddress()
      : [...this.outstanding][this.random(Math.max(1, this.outstanding.size))] ?? 0;
    const isPossible = record % 8 === 0 && record !== 0 && record + Overlapped.Size <= SIZE;
    if (isPossible && !this.outstanding.has(record)) return;
    this.driver.view.setUint32(LIST, record, true);
    const before = this.driver.loop.queue.length;
    try {
      this.driver.loop.submit(LIST, 1);
      // Its token was spoiled, so it counts as another: the guest gets the record twice.
      if (this.driver.loop.queue.length > before) this.driver.loop.queue.length--;
    } catch (error) {
      if (!(error instanceof GuestFailure) || error.kind !== "fault") throw error;
      this.faults++;
    }
  }

  private fill(record: number): void {
    const { view } = this.driver;
    for (let word = 0; word < Overlapped.Size; word += 4) view.setUint32(record + word, 0, true);
    const op = this.random(16) === 0 ? this.anyNumber() : this.random(OP_COUNT);
    view.setUint32(record + Overlapped.Opcode, op, true);
    view.setUint32(record + Overlapped.Handle, this.anyHandle(), true);
    const wild = this.random(2) === 0;
    if (wild || this.random(2) === 0) this.words(record, wild);
    if (op === Op.Open || this.random(3) === 0) {
      const [pointer, length] = this.paths[this.random(this.paths.length)]!;
      view.setUint32(record + Overlapped.Ptr0, pointer, true);
      view.setUint32(record + Overlapped.Len0, length, true);
      if (this.random(2) === 0) view.setUint32(record + Overlapped.Handle, 0xffffffff, true);
    }
    if (op === Op.Open) view.setUint32(record + Overlapped.Flags, this.random(256), true);
    if (op >= Op.Listen && op <= Op.GetSocketOption) this.fillAddresses(record);
    if (op === Op.WriteVectored && this.random(4) !== 0) this.fillRanges(record);
    if (op === Op.Stat && this.random(2) === 0) {
      view.setUint32(record + Overlapped.Ptr1, this.random(4096) * 8, true);
      view.setUint32(record + Overlapped.Len1, 88, true);
    }
  }

  /** 127.0.0.1:0 and [::1]:0, and one of no family. */
  private putAddresses(): void {
    const { view } = this.driver;
    for (const [index, family] of [4, 6, 5].entries()) {
      view.setUint32(ADDRESSES + index * 32 + SocketAddress.Family, family, true);
    }
    view.setUint32(ADDRESSES + SocketAddress.Address, 0x0100007f, true);
    view.setUint8(ADDRESSES + 32 + SocketAddress.Address + 15, 1);
  }

  /** Makes a record one that has an address to go to, one to fill in, or both. */
  private fillAddresses(record: number): void {
    const { view } = this.driver;
    for (const pointer of [Overlapped.Ptr0, Overlapped.Ptr1]) {
      if (this.random(3) === 0) continue;
      const place = pointer === Overlapped.Ptr0 ? this.random(3) : 3 + this.random(3);
      view.setUint32(record + pointer, ADDRESSES + place * SocketAddress.Size, true);
      view.setUint32(record + pointer + 4, SocketAddress.Size, true);
    }
    if (this.random(2) === 0) view.setUint32(record + Overlapped.Handle, 0, true);
  }

  /** Makes a record one that lists ranges, of which one may lie anywhere. */
  private fillRanges(record: number): void {
    const { view } = this.driver;
    const count = 1 + this.random(8);
    view.setUint32(record + Overlapped.Ptr0, RANGES, true);
    view.setUint32(record + Overlapped.Len0, count * MemoryRange.Size, true);
    for (let index = 0; index < count; index++) {
      const at = RANGES + index * MemoryRange.Size;
      view.setUint32(at + MemoryRange.Pointer, this.random(SIZE / 2), true);
      view.setUint32(at + MemoryRange.Length, this.random(SIZE / 8), true);
    }
    if (this.random(2) === 0) {
      view.setUint32(RANGES + 4 * this.random(2 * count), this.anyNumber(), true);
    }
  }

  /** Writes nonsense in some of the fields; in all of them when it is `wild`. */
  private words(record: number, wild: boolean): void {
    const fields = [
      Overlapped.Flags, Overlapped.Ptr0, Overlapped.Len0, Overlapped.Ptr1, Overlapped.Len1,
      Overlapped.Offset, Overlapped.Offset + 4, Overlapped.Token,
    ];
    for (const field of fields) {
      if (!wild && this.random(6) !== 0) continue;
      this.driver.view.setUint32(record + field, this.anyNumber(), true);
    }
  }

  private anyNumber(): number {
    const kind = this.random(4);
    if (kind === 0) return NASTY[this.random(NASTY.length)]!;
    if (kind === 1) return this.random(0xffffffff);
    return this.random(kind === 2 ? 32 : SIZE);
  }

  private anyAddress(): number {
    return this.anyNumber() >>> 0;
  }

  private anyHandle(): number {
    if (this.random(5) === 0) return this.anyNumber();
    return this.handles[this.random(this.handles.length)] ?? 0;
  }

  private cancelSome(): void {
    for (const record of this.outstanding) {
      if (this.random(8) === 0) this.driver.loop.cancel(record);
    }
  }

  private cancelAll(): void {
    // The guest may have spoiled its tokens; a token that is right must be tried for each slot.
    for (const record of this.outstanding) {
      for (let slot = 0; slot < 200; slot++) {
        this.driver.view.setUint32(record + Overlapped.Token, slot, true);
        this.driver.loop.cancel(record);
      }
    }
  }

  private take(outcomes: ReturnType<Driver["turn"]>): void {
    for (const { record, result } of outcomes) {
      if (!this.outstanding.delete(record)) continue;
      this.completed++;
      const isError = result < 0;
      if (result < -Errno.ENOTCAPABLE) throw new Error(`result ${result} is no error of the ABI`);
      const key = isError ? result : 1;
      this.results.set(key, (this.results.get(key) ?? 0) + 1);
      // Some results are handles; whichever they are, using a number as handle must be safe.
      if (!isError && this.random(8) === 0) this.handles.push(result >>> 0);
      if (this.handles.length > 64) this.handles.splice(this.options.lend.length, 32);
    }
  }
}

/** Feeds `records` hostile records to a loop over the backend, and closes it. */
export function fuzz(backend: Backend, options: FuzzOptions): Findings {
  const fuzzer = new Fuzzer(backend, options);
  fuzzer.run();
  return fuzzer;
}
