/**
 * Drives a loop with operations that make sense, has all sorts of them in flight, and closes it
 * without waiting for any: in the middle of a tick, with memory that has just grown, and with
 * limits that leave no room for anything more.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  Errno, Command, CommandFlag, CommandStream, CopyTarget, Handle, MemoryRange, Op, OpenFlag,
  Overlapped, Signal, SocketAddress,
} from "../../host/abi.js";
import type { Backend } from "../../host/backend/backend.js";
import { CompletionWord, StageLayout, SubmissionWord } from "../../host/backend/stage.js";
import { NativeDir } from "../../host/resource/dir.js";
import { Driver } from "./driver.js";
import type { Fields } from "./driver.js";
import { generator } from "./fuzz.js";

const PAGE = 65536;
const PAGES = 40;
/** What the guest says; then what it is told; then its records, and lists of them. */
const TEXTS = 4096;
const ADDRESS = 8192;
const COMMAND = 12288;
const DATA = PAGE;
const DATA_SIZE = 16 * PAGE;
const RECORDS = 18 * PAGE;
const RECORD_COUNT = 16384;
const LIST = RECORDS + RECORD_COUNT * Overlapped.Size;

const LIMITS = [1, 2, 5, 60, 4095, 4097, 262_144];

/**
 * A backend that sees what is handed to another one: closing what is not open is closing twice, and
 * could as well have closed what somebody else has opened in between.
 */
class Watched implements Backend {
  readonly name: string;
  readonly canWait: boolean;
  readonly stage: ArrayBuffer;
  private readonly words: Int32Array;
  /** The generation of the close in flight, by slot. */
  private readonly closing = new Map<number, number>();

  constructor(private readonly inner: Backend) {
    this.name = inner.name;
    this.canWait = inner.canWait;
    this.stage = inner.stage;
    this.words = new Int32Array(this.stage);
  }

  attach(memory: Uint8Array): void {
    this.inner.attach(memory);
  }

  annex(text: Uint8Array): void {
    this.inner.annex(text);
  }

  now(): number {
    return this.inner.now();
  }

  notify(wake: (() => void) | null, timeout: number, keepsAlive: boolean): void {
    this.inner.notify(wake, timeout, keepsAlive);
  }

  turn(count: number, timeout: number): number {
    const { words, closing } = this;
    for (let index = 0; index < count; index++) {
      const at = StageLayout.Submissions / 4 + index * SubmissionWord.Count;
      if (words[at + SubmissionWord.Op] !== Op.Close) continue;
      closing.set(words[at + SubmissionWord.Slot]!, words[at + SubmissionWord.Generation]!);
    }
    const produced = this.inner.turn(count, timeout);
    for (let index = 0; index < produced; index++) {
      const at = StageLayout.Completions / 4 + index * CompletionWord.Count;
      const slot = words[at + CompletionWord.Slot]!;
      if (closing.get(slot) !== words[at + CompletionWord.Generation]) continue;
      closing.delete(slot);
      if (words[at + CompletionWord.ResultLow] === -Errno.EBADF) throw new Error("closed twice");
    }
    return produced;
  }

  terminal(descriptor: number, command: number, argument: number): number {
    return this.inner.terminal(descriptor, command, argument);
  }

  close(): void {
    this.inner.close();
  }
}

class Guest {
  private readonly driver: Driver;
  private readonly random: (limit: number) => number;
  private readonly handles: number[] = [];
  private readonly free: number[] = [];
  /** The op of each record that is the host's. */
  private readonly inFlight = new Map<number, number>();
  private readonly texts = new Map<string, { ptr0: number; len0: number }>();
  private textEnd = TEXTS;
  private commandLength = 0;

  constructor(backend: Backend, dir: NativeDir, seed: number, lent: readonly number[]) {
    this.random = generator(seed);
    const operations = LIMITS[this.random(LIMITS.length)]!;
    const handles = [3, 8, 100, 65536, 65536][this.random(5)]!;
    this.driver = new Driver(new Watched(backend), {
      mounts: [{ dir, path: "/data" }], pages: PAGES, limits: { operations, handles },
      grant: (builder) => builder.listen("localhost:*").connect("localhost:*").allowRun(),
    });
    for (const descriptor of lent) this.handles.push(this.driver.lend(descriptor));
    for (let index = RECORD_COUNT - 1; index >= 0; index--) {
      this.free.push(RECORDS + index * Overlapped.Size);
    }
    this.putAddress(0);
    this.putCommand();
  }

  /** Lives for a while, and ends in the middle of it. @returns how much was in flight then. */
  live(): number {
    for (let steps = this.random(12); steps > 0; steps--) this.step();
    // Of what it submits now nothing has reached the backend, or some of it.
    if (this.random(2) === 0) this.submit(this.random(3) === 0 ? 4000 + this.random(700) : 40);
    if (this.random(3) === 0) this.driver.wasm.grow(1 + this.random(8));
    const abandoned = this.driver.loop.inFlight.count;
    this.driver.loop.close();
    return abandoned;
  }

  private step(): void {
    switch (this.random(8)) {
      case 0:
        this.driver.wasm.grow(1);
        break;
      case 1:
        this.cancelSome();
        break;
      case 2:
        this.take(this.random(2) * 1e6);
        break;
      default:
        this.submit(this.random(20) === 0 ? this.random(5000) : this.random(60));
        if (this.random(3) !== 0) this.take(0);
    }
  }

  /** Submits one list: of one op again and again, or of any. */
  private submit(count: number): void {
    const { driver } = this;
    driver.loop.renew();
    const favourite = this.random(3) === 0 ? this.anyOp() : undefined;
    const records: number[] = [];
    for (let index = 0; index < count && this.free.length > 0; index++) {
      const record = this.free.pop()!;
      this.fill(record, this.fields(favourite ?? this.anyOp()));
      driver.view.setUint32(LIST + index * 4, record, true);
      records.push(record);
    }
    driver.loop.submit(LIST, records.length);
  }

  private anyOp(): Op {
    return OPS[this.random(OPS.length)]!;
  }

  private fill(record: number, fields: Fields): void {
    const { view } = this.driver;
    view.setUint32(record + Overlapped.Opcode, fields.op, true);
    view.setUint32(record + Overlapped.Flags, fields.flags ?? 0, true);
    view.setUint32(record + Overlapped.Handle, fields.handle ?? 0, true);
    view.setUint32(record + Overlapped.Ptr0, fields.ptr0 ?? 0, true);
    view.setUint32(record + Overlapped.Len0, fields.len0 ?? 0, true);
    view.setUint32(record + Overlapped.Ptr1, fields.ptr1 ?? 0, true);
    view.setUint32(record + Overlapped.Len1, fields.len1 ?? 0, true);
    view.setBigInt64(record + Overlapped.Offset, fields.offset ?? 0n, true);
    this.inFlight.set(record, fields.op);
  }

  private fields(op: Op): Fields {
    switch (op) {
      case Op.Open:
        return this.open();
      case Op.Read:
      case Op.Write:
        return { op, handle: this.anyHandle(), ...this.range(), offset: -1n };
      case Op.WriteVectored:
        return { op, handle: this.anyHandle(), ...this.ranges(), offset: -1n };
      case Op.ReadDirectory:
        return { op, handle: this.anyHandle(), ...this.range() };
      case Op.Stat:
        return { op, handle: Handle.Root, ...this.text("/data/file"), ptr1: DATA, len1: 88 };
      case Op.Listen:
        return { op, ...ANY_PORT, ptr1: ADDRESS + 32, len1: 32, offset: 4n };
      case Op.BindDatagram:
        return { op, ...ANY_PORT, ptr1: ADDRESS + 32, len1: 32 };
      case Op.Connect:
        return { op, ptr0: ADDRESS + 32, len0: 32 };
      case Op.ListenUnix:
      case Op.ConnectUnix:
        return { op, handle: Handle.Root, ...this.text(`/data/socket${this.random(5)}`) };
      case Op.ReceiveFrom:
        return { op, handle: this.anyHandle(), ...this.range(), ptr1: ADDRESS + 64, len1: 32 };
      case Op.SendTo:
        return { op, handle: this.anyHandle(), ...this.range(), ptr1: ADDRESS + 32, len1: 32 };
      case Op.LookupHost:
        return { op, ...this.text("localhost"), ptr1: ADDRESS + 96, len1: 64 };
      case Op.CopyRange:
        return this.copy();
      case Op.Spawn:
        return { op, ptr0: COMMAND, len0: this.commandLength };
      case Op.Kill:
        return { op, handle: this.anyHandle(), flags: Signal.Terminate };
      case Op.WatchSignal:
        return { op, flags: this.random(2) === 0 ? Signal.User2 : Signal.WindowChange };
      case Op.Close:
        return { op, handle: this.anyHandle() };
      case Op.Nop:
      case Op.Pipe:
        return { op };
      default:
        return { op, handle: this.anyHandle() };
    }
  }

  private open(): Fields {
    const fields = { op: Op.Open, handle: Handle.Root, offset: 0o600n };
    if (this.random(2) === 0) {
      const flags = OpenFlag.Read | OpenFlag.Write | OpenFlag.Create;
      return { ...fields, flags, ...this.text(`/data/new${this.random(50)}`) };
    }
    // There is never anybody at the other end of the FIFO.
    const paths = ["/data/fifo", "/data/dir", "/data/missing"];
    const path = paths[this.random(paths.length)]!;
    return { ...fields, flags: OpenFlag.Read, ...this.text(path) };
  }

  private copy(): Fields {
    const { view } = this.driver;
    const at = DATA + this.random(1000) * 64;
    for (let word = 0; word < CopyTarget.Size; word += 4) view.setUint32(at + word, 0, true);
    view.setUint32(at + CopyTarget.Length, 1 + this.random(100_000), true);
    view.setUint32(at + CopyTarget.Handle, this.anyHandle(), true);
    return { op: Op.CopyRange, handle: this.anyHandle(), ptr1: at, len1: CopyTarget.Size };
  }

  private range(): { ptr0: number; len0: number } {
    const len0 = this.random(4) === 0 ? this.random(DATA_SIZE) : this.random(5000);
    return { ptr0: DATA + this.random(DATA_SIZE - len0), len0 };
  }

  /** A list of ranges, in the data that others read into and write from. */
  private ranges(): { ptr0: number; len0: number } {
    const { view } = this.driver;
    const ptr0 = DATA + this.random(1000) * 64;
    const len0 = (1 + this.random(20)) * MemoryRange.Size;
    for (let at = ptr0; at < ptr0 + len0; at += MemoryRange.Size) {
      const range = this.range();
      view.setUint32(at + MemoryRange.Pointer, range.ptr0, true);
      view.setUint32(at + MemoryRange.Length, range.len0, true);
    }
    return { ptr0, len0 };
  }

  /** Where a text lies; each is written once. */
  private text(text: string): { ptr0: number; len0: number } {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    const made = { ptr0: this.textEnd, len0: this.driver.put(this.textEnd, text) };
    this.textEnd += made.len0;
    this.texts.set(text, made);
    return made;
  }

  /** 127.0.0.1, with a port of the system's choice. */
  private putAddress(index: number): void {
    const at = ADDRESS + index * SocketAddress.Size;
    this.driver.view.setUint32(at + SocketAddress.Family, 4, true);
    this.driver.view.setUint32(at + SocketAddress.Address, 0x0100007f, true);
  }

  /** A child that lives until somebody ends it, or its input does. */
  private putCommand(): void {
    const { view } = this.driver;
    const strings = "/bin/cat\0\0cat\0";
    view.setUint32(COMMAND + Command.Flags, CommandFlag.InheritEnvironment, true);
    view.setUint32(COMMAND + Command.ArgumentCount, 1, true);
    for (const stream of [Command.Stdin, Command.Stdout, Command.Stderr]) {
      view.setUint32(COMMAND + stream, CommandStream.Null, true);
    }
    this.commandLength = Command.Strings + this.driver.put(COMMAND + Command.Strings, strings);
  }

  private anyHandle(): number {
    return this.handles[this.random(this.handles.length)] ?? 77;
  }

  private cancelSome(): void {
    this.driver.loop.renew();
    const most = this.random(2) === 0 ? 8 : 1;
    for (const record of this.inFlight.keys()) {
      if (this.random(most) === 0) this.driver.loop.cancel(record);
    }
  }

  private take(timeout: number): void {
    for (const { record } of this.driver.turn(timeout)) {
      const op = this.inFlight.get(record);
      if (op === undefined) throw new Error("a record completed twice");
      this.inFlight.delete(record);
      this.free.push(record);
      this.keep(op, record);
    }
  }

  /** Notes the handles that an operation gave. */
  private keep(op: Op, record: number): void {
    const { view } = this.driver;
    const low = view.getInt32(record + Overlapped.Result, true);
    const high = view.getInt32(record + Overlapped.Result + 4, true);
    if (high < 0 || !GIVING.includes(op)) return;
    this.handles.push(low);
    if (op === Op.Pipe) this.handles.push(high);
  }
}

const ANY_PORT = { ptr0: ADDRESS, len0: SocketAddress.Size };

const GIVING: readonly Op[] = [
  Op.Open, Op.Listen, Op.Connect, Op.ListenUnix, Op.ConnectUnix, Op.Accept, Op.BindDatagram,
  Op.Pipe, Op.Spawn, Op.WatchSignal,
];

/** Some more than once: what is likely to wait, and what gives it something to wait for. */
const OPS: readonly Op[] = [
  ...GIVING, Op.Pipe, Op.Pipe, Op.Open, Op.Accept, Op.Read, Op.Read, Op.Read, Op.Write, Op.Write,
  Op.WriteVectored, Op.WriteVectored,
  Op.Close, Op.Close, Op.Nop, Op.Stat, Op.ReadDirectory, Op.CopyRange, Op.SendTo, Op.ReceiveFrom,
  Op.LookupHost, Op.Shutdown, Op.Wait, Op.Kill, Op.Sync,
];

/** What a round lives in: made once, and used by any number of them. */
export function makeGround(folder: string): NativeDir {
  mkdirSync(join(folder, "dir"));
  return NativeDir.open(folder);
}

/**
 * One round over a backend, which it closes. Everything follows from the seed.
 *
 * @param lent descriptors that reads may wait at for ever; they stay the caller's.
 * @returns how many operations were in flight when the loop was closed.
 * @throws for whatever goes wrong: nothing that this guest does may lead to an error.
 */
export function abandon(
  backend: Backend, dir: NativeDir, seed: number, lent: readonly number[],
): number {
  return new Guest(backend, dir, seed, lent).live();
}
