/**
 * Pipes between guests, and between a guest and its embedder: bytes in order, with back-pressure.
 * They settle without the event loop (`Deferred`), so both ends also serve guests that run
 * blockingly.
 */
import { Errno, FileKind } from "../../abi.js";
import { Deferred, fail, HostError, type Answer } from "./answer.js";
import type { FileStat, HostFile, Waiting } from "./resource.js";

/** A write of no more than this is never mixed with others (`PIPE_BUF`). */
const ATOMIC = 4096;

/** Somebody who waits for the other end. */
interface Waiter {
  readonly bytes: Uint8Array;
  readonly done: Deferred<number>;
}

/** What both ends share. */
class Channel {
  isReaderOpen = true;
  isWriterOpen = true;
  private readonly buffer: Uint8Array;
  private start = 0;
  private count = 0;
  private readonly readers: Waiter[] = [];
  private readonly writers: Waiter[] = [];

  constructor(capacity: number) {
    this.buffer = new Uint8Array(Math.max(capacity, ATOMIC));
  }

  read(into: Uint8Array, { signal }: Waiting): Answer<number> {
    if (into.length === 0) return 0;
    if (this.readers.length === 0 && this.count > 0) {
      const count = this.take(into);
      this.serve();
      return count;
    }
    if (!this.isWriterOpen && this.count === 0) return 0;
    return wait(this.readers, into, signal);
  }

  write(from: Uint8Array, { signal }: Waiting): Answer<number> {
    if (!this.isReaderOpen) fail(Errno.EPIPE);
    if (from.length === 0) return 0;
    if (this.writers.length === 0 && this.hasRoomFor(from)) {
      const count = this.put(from);
      this.serve();
      return count;
    }
    return wait(this.writers, from, signal);
  }

  /** Serves who waits, in the order in which they came. */
  serve(): void {
    for (;;) {
      const reader = this.readers[0];
      if (reader !== undefined && (this.count > 0 || !this.isWriterOpen)) {
        this.readers.shift();
        reader.done.resolve(this.take(reader.bytes));
        continue;
      }
      const writer = this.writers[0];
      if (writer !== undefined && !this.isReaderOpen) {
        this.writers.shift();
        writer.done.reject(new HostError(Errno.EPIPE));
        continue;
      }
      if (writer === undefined || !this.hasRoomFor(writer.bytes)) return;
      this.writers.shift();
      writer.done.resolve(this.put(writer.bytes));
    }
  }

  private hasRoomFor(bytes: Uint8Array): boolean {
    const room = this.buffer.length - this.count;
    return bytes.length <= ATOMIC ? room >= bytes.length : room > 0;
  }

  private take(into: Uint8Array): number {
    const size = this.buffer.length;
    const count = Math.min(into.length, this.count);
    const first = Math.min(count, size - this.start);
    into.set(this.buffer.subarray(this.start, this.start + first));
    into.set(this.buffer.subarray(0, count - first), first);
    this.start = (this.start + count) % size;
    this.count -= count;
    return count;
  }

  private put(from: Uint8Array): number {
    const size = this.buffer.length;
    const count = Math.min(from.length, size - this.count);
    const end = (this.start + this.count) % size;
    const first = Math.min(count, size - end);
    this.buffer.set(from.subarray(0, first), end);
    this.buffer.set(from.subarray(first, count), 0);
    this.count += count;
    return count;
  }
}

/** Queues somebody up; leaving the queue, when cancelled, takes nothing along. */
function wait(queue: Waiter[], bytes: Uint8Array, signal: AbortSignal): PromiseLike<number> {
  const waiter = { bytes, done: new Deferred<number>() };
  queue.push(waiter);
  signal.addEventListener("abort", () => {
    const index = queue.indexOf(waiter);
    if (index < 0) return;
    queue.splice(index, 1);
    waiter.done.reject(new HostError(Errno.ECANCELED));
  }, { once: true });
  return waiter.done;
}

/** What there is to say of a stream. */
export function streamStat(): FileStat {
  return {
    kind: FileKind.Fifo, device: 0n, inode: 0n, mode: 0o600, links: 1, uid: 0, gid: 0,
    length: 0, allocated: 0, accessed: 0n, modified: 0n, changed: 0n, created: null,
  };
}

/** The end of a pipe that is read from. A read waits until there is something, or no writer. */
export class ReadPipe implements HostFile {
  readonly kind = "file";
  private readonly channel: Channel;

  /** @internal Made by `pipe`. */
  constructor(channel: Channel) {
    this.channel = channel;
  }

  /** @inheritdoc */
  read(into: Uint8Array, at: number | null, waiting: Waiting): Answer<number> {
    if (at !== null) fail(Errno.ESPIPE);
    return this.channel.read(into, waiting);
  }

  /** @inheritdoc */
  stat(): FileStat {
    return streamStat();
  }

  /** Ends the pipe from this side: who writes is told `EPIPE`. */
  close(): void {
    this.channel.isReaderOpen = false;
    this.channel.serve();
  }
}

/** The end of a pipe that is written to. A write waits until there is room. */
export class WritePipe implements HostFile {
  readonly kind = "file";
  private readonly channel: Channel;

  /** @internal Made by `pipe`. */
  constructor(channel: Channel) {
    this.channel = channel;
  }

  /** @inheritdoc */
  write(from: Uint8Array, at: number | null, waiting: Waiting): Answer<number> {
    if (at !== null) fail(Errno.ESPIPE);
    return this.channel.write(from, waiting);
  }

  /** @inheritdoc */
  stat(): FileStat {
    return streamStat();
  }

  /** Ends the pipe from this side: who reads gets what is left, and then the end. */
  close(): void {
    this.channel.isWriterOpen = false;
    this.channel.serve();
  }
}

/**
 * Makes a pipe.
 *
 * @param capacity how many bytes it holds before a writer waits; at least 4096, by default 65536.
 */
export function pipe(capacity = 65536): { reader: ReadPipe; writer: WritePipe } {
  const channel = new Channel(capacity);
  return { reader: new ReadPipe(channel), writer: new WritePipe(channel) };
}
