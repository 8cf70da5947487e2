/**
 * Reading and writing, whatever is read and written: the two interfaces, the standard streams, and
 * what is built on them.
 *
 * A buffer travels: a call takes a `Vec<u8>`, lends it to the kernel, and gives it back in its
 * `BufResult`. Touching it in between is a bug of the app and dies with "buffer is lent".
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { Handle, Offset } from "./abi/flags";
import { Bytes, Operation as OperationLayout, Printer as Layout } from "./abi/layout";
import { Op } from "./abi/op";
import { BufResult, Error, ErrorKind, Result, Unit } from "./error";
import { Flag } from "./rt/node";
import { tellPrinter } from "./rt/completions";
import { Operation } from "./rt/operation";
import { Stream } from "./transfer";
import { Vec } from "./vec";
import { VectoredResult, WriteVectoredOperation } from "./vectored";

export { BufResult, Errno, Error, ErrorKind, Result, Unit } from "./error";
export { VectoredResult } from "./vectored";

const enum Size {
  /** What a `BufReader` asks for at a time. */
  ReadAhead = 8 * 1024,
  /** How long a line may be that a `BufReader` reads. */
  LineMost = 64 * 1024 * 1024,
  /** What `copy` moves at a time. */
  Copy = 128 * 1024,
  /** What `readToEnd` asks for first, where it expects something or only the end, and at most. */
  Chunk = 8 * 1024,
  Probe = 64,
  ChunkMost = 1024 * 1024,
  /** What is handed to a writer at a time that has shown that it takes less than it is given. */
  Piece = 64 * 1024,
  /** How much room for text that waits to be printed is kept for the next text. */
  PrintMost = 64 * 1024,
}

/** What bytes come from. */
export interface AsyncRead {
  /**
   * Reads once: fills `buf` from index 0 up to its capacity at most, and sets its length to what
   * came. Fewer bytes than the capacity mean nothing; `n == 0` without an error is the end. A
   * `buf` without capacity is refused (`InvalidInput`), since the result would look like the end.
   */
  read(buf: Vec<u8>): Promise<BufResult>;
}

/** What bytes go to. */
export interface AsyncWrite {
  /**
   * Writes once: the elements of `buf`, or fewer of them from the beginning, as `n` says. `buf`
   * comes back unchanged.
   */
  write(buf: Vec<u8>): Promise<BufResult>;
}

// ── The standard streams ─────────────────────────────────────────────────────────────────────────

/** The standard input. It keeps nothing back: to read lines wrap it in one `BufReader`. */
export class Stdin extends Stream implements AsyncRead {
  /** The stream stays the app's. For std alone. */
  get isOwner(): bool {
    return false;
  }

  /** See `AsyncRead.read`. */
  // @ts-ignore: decorator
  @fresh
  read(buf: Vec<u8>): Promise<BufResult> {
    return this.transfer(Op.Read, buf, buf.capacity);
  }
}

/** The standard output, or the standard error output. It keeps nothing back either. */
export class Stdout extends Stream implements AsyncWrite {
  /** The stream stays the app's. For std alone. */
  get isOwner(): bool {
    return false;
  }

  /** See `AsyncWrite.write`. */
  // @ts-ignore: decorator
  @fresh
  write(buf: Vec<u8>): Promise<BufResult> {
    return this.transfer(Op.Write, buf, buf.length);
  }
}

/** The standard input. */
export function stdin(): Stdin {
  return new Stdin(Handle.Stdin, "stdin", Offset.Current);
}

/** The standard output. */
export function stdout(): Stdout {
  return new Stdout(Handle.Stdout, "stdout", Offset.Current);
}

/** The standard error output. */
export function stderr(): Stdout {
  return new Stdout(Handle.Stderr, "stderr", Offset.Current);
}

/**
 * Where text is printed. What comes while a write is in flight waits for it, and is written as a
 * whole by the next one: everything arrives in the order of the calls, whoever awaits what.
 */
class Printer {
  /** What waits. */
  waiting: Vec<u8> = new Vec<u8>();
  printing: PrintOperation | null = null;
  /** An empty one, to wait in next. */
  spare: Vec<u8> = new Vec<u8>();

  constructor(readonly handle: u32, readonly name: string) {
    tellPrinter(handle, this);
  }

  print(text: string): Promise<Result<Unit>> {
    this.waiting.pushString(text);
    const printing = this.printing;
    if (printing !== null) return printing;
    const first = new PrintOperation(this, this.waiting);
    this.printing = first;
    this.waiting = this.spare;
    return first.start();
  }
}

/** Writes all that waits, by as many writes as that takes. */
// @ts-ignore: decorator
@final
class PrintOperation extends Operation<Result<Unit>> {
  private left: i32;

  constructor(private printer: Printer, private text: Vec<u8>) {
    super(Op.Write);
    this.flags = Flag.Message;
    this.handle = printer.handle;
    this.offset = Offset.Current;
    this.left = text.length;
    this.lend0(text, text.length);
  }

  protected retry(result: i64): bool {
    const left = this.left - <i32>result;
    if (result < 0 || (result == 0 && left > 0)) return false;
    if (left > 0) {
      this.left = left;
      this.advance0(<u32>result);
      return true;
    }
    const printer = this.printer;
    const next = printer.waiting;
    if (next.length == 0) return false;
    this.left = next.length;
    this.exchange0(next, next.length);
    printer.waiting = emptied(this.text);
    this.text = next;
    return true;
  }

  protected settle(result: i64, osError: u32): Result<Unit> {
    const printer = this.printer;
    printer.printing = null;
    printer.spare = emptied(this.text);
    // A write that took nothing, or was cancelled half way, is no success.
    if (result >= 0 && result < this.left) result = result == 0 ? -Errno.EIO : -Errno.ECANCELED;
    const waiting = printer.waiting;
    if (result >= 0 && waiting.length == 0) return Result.unit();
    // Whoever cancels gives up its own text; what others have said meanwhile is still written.
    if (result == -Errno.ECANCELED && waiting.length > 0) printer.print("");
    else waiting.clear();
    if (result >= 0) result = -Errno.ECANCELED;
    return Result.err<Unit>(Error.fromResult(result, osError, "write", printer.name));
  }
}

// The host reads these when the app has ended. Whatever the app died of, and wherever: all that was
// printed and not written yet is what the record of `printing` says and, behind that, `waiting`.
if (
  offsetof<Printer>("waiting") != Layout.Waiting ||
  offsetof<Printer>("printing") != Layout.Printing ||
  offsetof<PrintOperation>("record") != OperationLayout.Record ||
  offsetof<Vec<u8>>("data") != Bytes.Data ||
  offsetof<Vec<u8>>("count") != Bytes.Count
) ERROR("std/io does not agree with abi/layout.ts");

/** The same Vec without its elements; without its room, too, if that is much. */
function emptied(text: Vec<u8>): Vec<u8> {
  text.clear();
  return text.capacity > Size.PrintMost ? new Vec<u8>() : text;
}

// @ts-ignore: decorator
@lazy const output: Printer = new Printer(Handle.Stdout, "stdout");
// @ts-ignore: decorator
@lazy const errors: Printer = new Printer(Handle.Stderr, "stderr");

/**
 * Prints text to the standard output. Done once all of it, and all that was printed before, has
 * been written. Texts come out in the order of the calls even when they are not awaited one by
 * one. What nobody waits for is written as well: before the process ends, however that
 * ends, as long as the stream takes it.
 */
// @ts-ignore: decorator
@discardable
export function print(text: string): Promise<Result<Unit>> {
  return output.print(text);
}

/** `print` with a line feed at the end. */
// @ts-ignore: decorator
@discardable
export function println(text: string = ""): Promise<Result<Unit>> {
  return output.print(text + "\n");
}

/** `print` to the standard error output. */
// @ts-ignore: decorator
@discardable
export function eprint(text: string): Promise<Result<Unit>> {
  return errors.print(text);
}

/** `println` to the standard error output. */
// @ts-ignore: decorator
@discardable
export function eprintln(text: string = ""): Promise<Result<Unit>> {
  return errors.print(text + "\n");
}

// ── Reading lines ────────────────────────────────────────────────────────────────────────────────

/**
 * Reads ahead, so that small reads, and reads up to a delimiter, cost few operations. What has been
 * read and not yet asked for is lost with the reader: make one for a stream, and keep it. A call
 * that is cancelled takes nothing out: the next one finds everything that has come.
 *
 * One call at a time: two would share one buffer.
 *
 * `R` is what it reads from, and follows from what it is made of: `new BufReader(stdin())` is a
 * `BufReader<Stdin>`. A `BufReader` alone, of `new BufReader<AsyncRead>(…)`, reads from anything.
 */
export class BufReader<R extends AsyncRead = AsyncRead> implements AsyncRead {
  /** What was read; up to `position` it has been taken. */
  private ahead: Vec<u8>;
  private position: i32 = 0;
  /** Where the next read goes when `ahead` still holds something. */
  private spare: Vec<u8> = new Vec<u8>();

  /** Up to where the delimiter has been looked for. */
  private searched: i32 = 0;

  /**
   * `capacity`, in bytes and at least 1: how much it asks `inner` for at a time. `limit`: how many
   * bytes a line may have, its end included.
   */
  constructor(
    private inner: R,
    private capacity: i32 = Size.ReadAhead,
    private limit: i32 = Size.LineMost,
  ) {
    this.ahead = Vec.withCapacity<u8>(capacity);
  }

  /** See `AsyncRead.read`. Asks the inner stream only when nothing is left of its last answer. */
  async read(buf: Vec<u8>): Promise<BufResult> {
    if (this.position < this.ahead.length) return this.handOut(null, buf);
    // What would only be copied goes straight to its place; an empty `buf` is refused there.
    const isDirect = buf.capacity == 0 || buf.capacity >= this.capacity;
    const more = await this.inner.read(isDirect ? buf : this.room());
    return isDirect ? more : this.handOut(more, buf);
  }

  /**
   * Appends to `buf` up to the next `delimiter`, that one included, or up to the end. `n` says how
   * many bytes these were; 0 is the end. With an error nothing is taken. More than the reader's
   * limit without a delimiter is an `InvalidData` error; `read` takes out what has come.
   */
  async readUntil(delimiter: u8, buf: Vec<u8>): Promise<BufResult> {
    this.searched = this.position;
    let more: BufResult | null = null;
    while (true) {
      const found = this.find(delimiter, more, buf);
      if (found !== null) return found;
      more = await this.inner.read(this.room());
    }
  }

  /**
   * The next line together with its end, `\n` or `\r\n`, which the last one may lack and
   * `withoutLineEnd` takes off. The empty string is the end of the input. A line that is not
   * UTF-8 is an `InvalidData` error; it is taken, so that the next call gives the next line. A
   * line beyond the reader's limit, 64 MiB unless given, is one too, and is left: see `readUntil`.
   */
  async readLine(): Promise<Result<string>> {
    const line = await this.readUntil(0x0a, new Vec<u8>());
    return line.isErr ? Result.err<string>(line.error) : textOf(line.buf, nameOf(this.inner));
  }

  /** What `read` answers, `more` having been read. */
  private handOut(more: BufResult | null, buf: Vec<u8>): BufResult {
    if (more !== null && this.keep(more).isErr) return new BufResult(0, buf, more.error);
    buf.clear();
    return this.take(min(this.position + buf.capacity, this.ahead.length), buf);
  }

  /** What `readUntil` answers, `more` having been read; `null` as long as it must read on. */
  private find(delimiter: u8, more: BufResult | null, buf: Vec<u8>): BufResult | null {
    const ahead = this.ahead;
    if (more !== null) {
      if (this.keep(more).isErr) return new BufResult(0, buf, more.error);
      if (more.n == 0) return this.take(ahead.length, buf);
    }
    let end = ahead.indexOf(delimiter, this.searched) + 1;
    const isFound = end > 0;
    if (!isFound) end = ahead.length;
    if (end - this.position > this.limit) {
      const error = new Error(ErrorKind.InvalidData, "line is too long");
      return new BufResult(0, buf, error.in("read", nameOf(this.inner)));
    }
    return isFound ? this.take(end, buf) : null;
  }

  /** Where the next read goes: behind what has not been taken, or to a place of its own. */
  private room(): Vec<u8> {
    const ahead = this.ahead;
    if (this.position > 0) ahead.drain(this.position);
    this.position = 0;
    this.searched = ahead.length;
    if (ahead.length == 0) return ahead;
    // As much again as there is, so that a long line costs few reads.
    if (this.spare.capacity < ahead.length) {
      this.spare = Vec.withCapacity<u8>(max(ahead.length, this.capacity));
    }
    return this.spare;
  }

  /** Keeps what was read into `room`. */
  private keep(more: BufResult): BufResult {
    if (more.n > 0 && more.buf !== this.ahead) this.ahead.extend(more.buf);
    return more;
  }

  /** Moves what was read, up to `end`, to `buf`. */
  private take(end: i32, buf: Vec<u8>): BufResult {
    const n = end - this.position;
    buf.extend(this.ahead.slice(this.position, end));
    this.position = end;
    return new BufResult(n, buf);
  }
}

/**
 * What messages call it, if it has a name. An `Object` is asked at run time whether it is a
 * `Stream`; of an `AsyncRead` asc believes to know that it is none.
 */
function nameOf(reader: Object): string | null {
  return reader instanceof Stream ? (reader as Stream).name : null;
}

/** A line without the `\n` or `\r\n` that `readLine` leaves at its end. */
export function withoutLineEnd(line: string): string {
  let end = line.length;
  if (end > 0 && line.charCodeAt(end - 1) == 0x0a) end--;
  if (end > 0 && line.charCodeAt(end - 1) == 0x0d) end--;
  return line.substring(0, end);
}

/** Gives the lines of a stream, one after the other: see `readLines`. */
export class LineReader<R extends AsyncRead = AsyncRead> {
  private reader: BufReader<R>;

  /** `inner`: what the lines come from. It stays the caller's to close. */
  constructor(inner: R) {
    this.reader = new BufReader<R>(inner);
  }

  /**
   * The next line without its end, or `null` at the end of the stream; otherwise as
   * `BufReader.readLine`. One call at a time.
   */
  async next(): Promise<Result<string | null>> {
    const line = await this.reader.readLine();
    if (line.isErr) return Result.err<string | null>(line.error);
    const text = line.unwrap();
    return Result.ok<string | null>(text.length > 0 ? withoutLineEnd(text) : null);
  }
}

/**
 * The lines of a stream:
 *
 * ```ts
 * const lines = readLines(stdin());
 * for (let line = (await lines.next()).unwrap(); line !== null;
 *   line = (await lines.next()).unwrap()) await println(line);
 * ```
 */
export function readLines<R extends AsyncRead>(reader: R): LineReader<R> {
  return new LineReader<R>(reader);
}

// ── Writing little by little ─────────────────────────────────────────────────────────────────────

/**
 * Collects what is written, so that many small writes cost few operations. What has been collected
 * goes out when there is no room for more, and by `flush`: call that at the end, or it is lost.
 *
 * After an error it still has what has not been written, and goes on there with the next call. One
 * call at a time: two would share one buffer.
 *
 * `W` is what it writes to, and follows from what it is made of, as with `BufReader`.
 */
export class BufWriter<W extends AsyncWrite = AsyncWrite> implements AsyncWrite {
  private collected: Vec<u8>;

  /** `capacity`, in bytes and at least 1: how much it collects. */
  constructor(private inner: W, private capacity: i32 = Size.ReadAhead) {
    this.collected = Vec.withCapacity<u8>(capacity);
  }

  /** See `AsyncWrite.write`. Takes all of `buf`, or of a large one what the inner writer takes. */
  async write(buf: Vec<u8>): Promise<BufResult> {
    if (buf.length > this.capacity - this.collected.length) {
      const flushed = await this.flush();
      if (flushed.isErr) return new BufResult(0, buf, flushed.error);
    }
    // What would only be copied goes straight on.
    if (buf.length >= this.capacity) return await this.inner.write(buf);
    this.collected.extend(buf);
    return new BufResult(buf.length, buf);
  }

  /** Writes all of a text, as UTF-8. With an error, a part of it may have been taken. */
  async writeString(text: string): Promise<Result<Unit>> {
    const written = await writeAll(this, Vec.fromString(text));
    return written.isErr ? Result.err<Unit>(written.error) : Result.unit();
  }

  /** Writes out what has been collected. */
  async flush(): Promise<Result<Unit>> {
    const collected = this.collected;
    if (collected.length == 0) return Result.unit();
    const written = await writeAll(this.inner, collected);
    if (written.isErr) {
      collected.drain(written.n);
      return Result.err<Unit>(written.error);
    }
    collected.clear();
    return Result.unit();
  }
}

/** Bytes as a string, or an `InvalidData` error that names `path`. */
export function textOf(bytes: Vec<u8>, path: string | null): Result<string> {
  if (bytes.isUtf8()) return Result.ok<string>(bytes.toString());
  const error = new Error(ErrorKind.InvalidData, "not valid UTF-8");
  return Result.err<string>(error.in("read", path));
}

// ── Whole streams ────────────────────────────────────────────────────────────────────────────────

/**
 * Writes all of `buf`, by as many writes as that takes. `n` says how much was written when there
 * is an error; a writer that takes nothing is one, of the kind `WriteZero`. `buf` comes back
 * unchanged.
 */
export async function writeAll(writer: AsyncWrite, buf: Vec<u8>): Promise<BufResult> {
  const length = buf.length;
  let n = 0;
  let piece = buf;
  while (n < length) {
    const written = await writer.write(piece);
    if (written.isErr) return new BufResult(n, buf, written.error);
    if (written.n == length && written.buf == buf) return written;
    if (written.n == 0) {
      const error = new Error(ErrorKind.WriteZero, "nothing was written");
      return new BufResult(n, buf, error.in("write"));
    }
    n += written.n;
    // A writer lends whole buffers, so that the rest has to be copied: but not all of it each time.
    if (n < length) piece = buf.slice(n, min(n + Size.Piece, length));
  }
  return new BufResult(n, buf);
}

/**
 * Writes all of several buffers, one after the other, as if they were one: a header and what it is
 * about leave together, and nothing is copied. What is open (a file, a connection, a standard
 * stream) takes them in one operation, any other writer one buffer at a time.
 *
 * `n` says how much was written when there is an error, over all buffers. These come back
 * unchanged, in the same array; all are lent until the end, so that none may be in it twice.
 */
export function writeAllVectored(
  writer: AsyncWrite, bufs: Array<Vec<u8>>,
): Promise<VectoredResult> {
  const stream = streamOf(writer);
  if (stream === null) return writeEach(writer, bufs);
  for (let index = 0; index < bufs.length; index++) {
    if (bufs[index].length > 0) return new WriteVectoredOperation(stream, bufs).start();
  }
  return Promise.resolve(new VectoredResult(0, bufs));
}

/** The writer as what has a handle, or `null`. As for `nameOf`, it has to be an `Object`. */
function streamOf(writer: Object): Stream | null {
  return writer instanceof Stream ? writer as Stream : null;
}

async function writeEach(writer: AsyncWrite, bufs: Array<Vec<u8>>): Promise<VectoredResult> {
  let n: u64 = 0;
  for (let index = 0; index < bufs.length; index++) {
    const written = await writeAll(writer, bufs[index]);
    n += written.n;
    if (written.isErr) return new VectoredResult(n, bufs, written.error);
  }
  return new VectoredResult(n, bufs);
}

/**
 * Fills `buf` up to its capacity, by as many reads as that takes. `UnexpectedEof` when the stream
 * ends before that. With an error `buf` holds what came, and `n` says how much that is.
 */
export async function readExact(reader: AsyncRead, buf: Vec<u8>): Promise<BufResult> {
  const wanted = buf.capacity;
  let n = 0;
  let room = buf;
  while (true) {
    const came = await reader.read(room);
    if (came.isErr || came.n == 0) {
      if (n == 0) buf.clear();
      const early = new Error(ErrorKind.UnexpectedEof, "unexpected end");
      return new BufResult(n, buf, came.isErr ? came.error : early.in("read", nameOf(reader)));
    }
    if (n > 0) buf.extend(came.buf);
    n += came.n;
    if (n == wanted) return new BufResult(n, buf);
    const next = min(wanted - n, Size.Piece);
    if (n == came.n || next != room.capacity) room = Vec.withCapacity<u8>(next);
  }
}

/**
 * Reads to the end, and appends to `buf` what comes; `n` says how much that was. Into a `buf` that
 * is empty, and has room, the first read goes directly: give it the room that is expected. With an
 * error `buf` holds what came before it.
 */
export async function readToEnd(reader: AsyncRead, buf: Vec<u8>): Promise<BufResult> {
  const start = buf.length;
  const isDirect = start == 0 && buf.capacity > 0;
  let room = isDirect ? buf : Vec.withCapacity<u8>(Size.Chunk);
  let isFirst = isDirect;
  while (true) {
    const came = await reader.read(room);
    if (came.isErr) {
      if (isFirst) buf.clear();
      return new BufResult(buf.length - start, buf, came.error);
    }
    if (came.n == 0) return new BufResult(buf.length - start, buf);
    room = came.buf;
    if (isFirst) buf = room;
    else buf.extend(room);
    // After the room that was expected to be enough, look for the end with little.
    if (isFirst) room = Vec.withCapacity<u8>(Size.Probe);
    else if (came.n == room.capacity && came.n < Size.ChunkMost) {
      room = Vec.withCapacity<u8>(came.n * 4);
    }
    isFirst = false;
  }
}

/** Reads to the end. `InvalidData` when it is not UTF-8. */
export async function readToString(reader: AsyncRead): Promise<Result<string>> {
  const all = await readToEnd(reader, new Vec<u8>());
  return all.isErr ? Result.err<string>(all.error) : textOf(all.buf, nameOf(reader));
}

/**
 * Moves everything from `reader` to `writer`, through one buffer. The value is how many bytes that
 * was. After an error there is no telling how many reached the writer.
 */
export async function copy(reader: AsyncRead, writer: AsyncWrite): Promise<Result<u64>> {
  let buf = Vec.withCapacity<u8>(Size.Copy);
  let total: u64 = 0;
  while (true) {
    const came = await reader.read(buf);
    if (came.isErr) return Result.err<u64>(came.error);
    if (came.n == 0) return Result.ok<u64>(total);
    const gone = await writeAll(writer, came.buf);
    if (gone.isErr) return Result.err<u64>(gone.error);
    buf = gone.buf;
    total += gone.n;
  }
}
