/**
 * What JavaScript has of streams as files for a guest: web streams, Node's streams and whatever can
 * be iterated to read from; web streams, Node's streams and functions to write to; and blobs.
 */
import { Errno, FileKind } from "../../abi.js";
import { answer, fail, get, HostError, unlessAborted, type Answer, type Steps } from "./answer.js";
import { streamStat } from "./pipe.js";
import type { FileStat, HostFile, Waiting } from "./resource.js";

/** A piece of a stream; text becomes UTF-8. */
export type Chunk = string | Uint8Array;

/** Something to read from: a web stream, a stream of Node, an array, a generator, … */
export type Source = ReadableStream<Chunk> | AsyncIterable<Chunk> | Iterable<Chunk>;

/** A stream of Node's to write to, as far as it is used here. */
export interface NodeWritable {
  write(chunk: Uint8Array, done: (error?: Error | null) => void): boolean;
}

/** Something to write to: a web stream, a stream of Node, or a function that may be awaited. */
export type Sink = WritableStream<Uint8Array> | NodeWritable |
  ((chunk: Uint8Array) => void | PromiseLike<void>);

const encoder = new TextEncoder();

/** Takes one piece after the other. */
interface Pieces {
  next(): Answer<IteratorResult<Chunk, unknown>>;
  end(): void;
}

function piecesOf(source: Source): Pieces {
  if ("getReader" in source) {
    const reader = source.getReader();
    return {
      next: () => reader.read() as Promise<IteratorResult<Chunk, unknown>>,
      end: () => void reader.cancel().catch(() => {}),
    };
  }
  const iterator = Symbol.asyncIterator in source
    ? source[Symbol.asyncIterator]()
    : source[Symbol.iterator]();
  return {
    next: () => iterator.next(),
    // What it says to that is of no interest any more.
    end: () => void Promise.resolve(iterator.return?.()).catch(() => {}),
  };
}

class SourceFile implements HostFile {
  readonly kind = "file";
  private readonly pieces: Pieces;
  private rest: Uint8Array = new Uint8Array(0);
  private isAtEnd = false;
  /** The piece that is under way; a read that was cancelled leaves it to the next one. */
  private coming: PromiseLike<void> | null = null;

  constructor(source: Source) {
    this.pieces = piecesOf(source);
  }

  read(into: Uint8Array, at: number | null, waiting: Waiting): Answer<number> {
    if (at !== null) fail(Errno.ESPIPE);
    return answer(this.taken(into, waiting));
  }

  stat(): FileStat {
    return streamStat();
  }

  close(): void {
    this.isAtEnd = true;
    this.pieces.end();
  }

  private *taken(into: Uint8Array, { signal }: Waiting): Steps<number> {
    while (this.rest.length === 0 && !this.isAtEnd && into.length > 0) {
      // The piece that comes after whoever asked has gone is for whoever asks next.
      yield* get(unlessAborted(this.more(), signal));
    }
    const count = Math.min(into.length, this.rest.length);
    into.set(this.rest.subarray(0, count));
    this.rest = this.rest.subarray(count);
    return count;
  }

  /** Fetches the next piece; those who ask meanwhile wait for the same one. */
  private more(): Answer<void> {
    if (this.coming !== null) return this.coming;
    const fetched = answer(this.fetched());
    if (fetched === undefined) return undefined;
    this.coming = fetched;
    return fetched;
  }

  private *fetched(): Steps<void> {
    try {
      const next = yield* get(this.pieces.next());
      if (next.done === true) this.isAtEnd = true;
      else this.rest = typeof next.value === "string" ? encoder.encode(next.value) : next.value;
    } finally {
      this.coming = null;
    }
  }
}

class SinkFile implements HostFile {
  readonly kind = "file";
  private readonly put: (chunk: Uint8Array) => Answer<void>;
  private readonly end: () => void;

  constructor(put: (chunk: Uint8Array) => Answer<void>, end: () => void = () => {}) {
    this.put = put;
    this.end = end;
  }

  write(from: Uint8Array, at: number | null): Answer<number> {
    if (at !== null) fail(Errno.ESPIPE);
    // The sink may keep what it is given; the bytes are the guest's again afterwards.
    return answer(this.written(from.slice()));
  }

  stat(): FileStat {
    return streamStat();
  }

  close(): void {
    this.end();
  }

  private *written(chunk: Uint8Array): Steps<number> {
    if (chunk.length > 0) yield* get(this.put(chunk));
    return chunk.length;
  }
}

class BlobFile implements HostFile {
  readonly kind = "file";
  private readonly blob: Blob;
  private position = 0;

  constructor(blob: Blob) {
    this.blob = blob;
  }

  read(into: Uint8Array, at: number | null): Answer<number> {
    const from = at ?? this.position;
    const part = this.blob.slice(from, from + into.length);
    if (at === null) this.position += part.size;
    return part.arrayBuffer().then((bytes) => {
      into.set(new Uint8Array(bytes));
      return bytes.byteLength;
    });
  }

  stat(): FileStat {
    return { ...streamStat(), kind: FileKind.File, length: this.blob.size, mode: 0o444 };
  }
}

/**
 * A file to read from a stream or anything that can be iterated. It is read only as far as the
 * guest reads, and given up when the guest closes it.
 */
export function readFrom(source: Source): HostFile {
  return new SourceFile(source);
}

/**
 * A file that hands on what the guest writes. A write is done when the sink has taken it, so that a
 * slow one slows the guest down. Closing it leaves the sink open: it is the embedder's.
 */
export function writeTo(sink: Sink): HostFile {
  if (typeof sink === "function") return new SinkFile((chunk) => sink(chunk));
  if ("getWriter" in sink) {
    const writer = sink.getWriter();
    return new SinkFile((chunk) => writer.ready.then(() => writer.write(chunk)), () => {
      writer.releaseLock();
    });
  }
  return new SinkFile((chunk) => new Promise((resolve, reject) => {
    sink.write(chunk, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(isBroken(error) ? new HostError(Errno.EPIPE) : error);
    });
  }));
}

/** A file to read a blob, a dropped file say, in pieces, wherever the guest reads. */
export function readBlob(blob: Blob): HostFile {
  return new BlobFile(blob);
}

function isBroken(error: Error): boolean {
  const code = "code" in error ? error.code : undefined;
  return code === "EPIPE" || code === "ERR_STREAM_DESTROYED" ||
    code === "ERR_STREAM_WRITE_AFTER_END";
}
