/**
 * Copies a file: `copy SOURCE TARGET`. Several blocks are on their way at a time; on a terminal a
 * bar shows how far it has come.
 */
import { args } from "std/env";
import { File, Metadata, OpenOptions, SeekFrom, metadata } from "std/fs";
import { Error, ErrorKind, Result, Unit, copy, eprint, eprintln, stderr } from "std/io";
import { Duration, Instant } from "std/time";
import { Vec } from "std/vec";

/** Bytes of a block, and how many blocks are on their way. */
const BLOCK: i32 = 256 * 1024;
const LANES: i32 = 8;

export async function main(): Promise<i32> {
  const given = args();
  if (given.length != 3) {
    await eprintln("usage: copy SOURCE TARGET");
    return 2;
  }
  const copied = await copyFile(given[1], given[2]);
  if (copied.isOk) return 0;
  await eprintln("copy: " + copied.error.message);
  return 1;
}

async function copyFile(from: string, to: string): Promise<Result<Unit>> {
  const opened = await File.open(from);
  if (opened.isErr) return Result.err<Unit>(opened.error);
  const copied = await copyOpen(opened.unwrap(), from, to);
  await opened.unwrap().close();
  return copied;
}

async function copyOpen(source: File, from: string, to: string): Promise<Result<Unit>> {
  const found = await source.metadata();
  if (found.isErr) return Result.err<Unit>(found.error);
  // Before the target is opened, which empties it.
  if (found.unwrap().isDir) {
    const error = new Error(ErrorKind.IsADirectory, "is a directory");
    return Result.err<Unit>(error.in("read", from));
  }
  const existing = await metadata(to);
  if (existing.isOk && isSame(existing.unwrap(), found.unwrap())) {
    const error = new Error(ErrorKind.InvalidInput, "source and target are the same file");
    return Result.err<Unit>(error);
  }
  const mode = found.unwrap().permissions.mode & 0o777;
  const options = new OpenOptions().write().create().truncate().mode(mode);
  const created = await options.open(to);
  if (created.isErr) return Result.err<Unit>(created.error);
  const target = created.unwrap();

  const copied = await new Copy(source, target, found.unwrap().length).run();
  const failure = copied.isErr ? await withdrawn(target, to, copied.error) : null;
  const closed = await target.close();
  return failure === null ? closed : Result.err<Unit>(failure);
}

/** Empties the target: half a copy is worse than none. The error then says what is left, too. */
async function withdrawn(target: File, to: string, error: Error): Promise<Error> {
  const emptied = await target.setLen(0);
  const left = emptied.isOk ? "is left empty" : `cannot be emptied: ${emptied.error.message}`;
  return new Error(error.kind, `${error.message}; "${to}" ${left}`);
}

function isSame(a: Metadata, b: Metadata): bool {
  return a.inode == b.inode && a.device == b.device;
}

/** One copy under way. */
class Copy {
  /** Where the next block begins. */
  private next: u64 = 0;
  private error: Error | null = null;
  private progress: Progress;

  constructor(private source: File, private target: File, private length: u64) {
    this.progress = new Progress(length);
  }

  async run(): Promise<Result<Unit>> {
    const lanes = new Array<Promise<void>>();
    for (let i = 0; i < LANES; i++) lanes.push(this.copyBlocks());
    await Promise.all(lanes);
    let error = this.error;
    if (error === null) {
      const rest = await this.copyRest();
      if (rest.isErr) error = rest.error;
    }
    await this.progress.finish();
    return error === null ? Result.unit() : Result.err<Unit>(error);
  }

  /** One lane: takes the next block as long as there is one. */
  private async copyBlocks(): Promise<void> {
    const buf = Vec.withCapacity<u8>(BLOCK);
    while (this.next < this.length && this.error === null) {
      const start = this.next;
      const end = min(start + BLOCK, this.length);
      this.next = end;
      await this.copyBlock(buf, start, end);
    }
  }

  /** A read may bring less than it was asked for: what is left is asked for again. */
  private async copyBlock(buf: Vec<u8>, start: u64, end: u64): Promise<void> {
    let at = start;
    while (at < end) {
      const read = await this.source.readAt(buf, at);
      if (read.isErr) return this.fail(read.error);
      if (read.n == 0) return;
      buf.truncate(<i32>min<u64>(end - at, read.n));
      const written = await this.target.writeAllAt(buf, at);
      if (written.isErr) return this.fail(written.error);
      at += written.n;
      this.progress.add(written.n);
    }
  }

  /** What lies behind the length that was known: a file that grows, a pipe, `/proc/cpuinfo`. */
  private async copyRest(): Promise<Result<u64>> {
    if (this.length > 0) {
      const from = await this.source.seek(SeekFrom.start(this.length));
      if (from.isErr) return from;
      const to = await this.target.seek(SeekFrom.start(this.length));
      if (to.isErr) return to;
    }
    return await copy(this.source, this.target);
  }

  private fail(error: Error): void {
    if (this.error === null) this.error = error;
  }
}

/** The bar. It is drawn ten times a second at most, and only where a person sees it. */
class Progress {
  private done: u64 = 0;
  private isShown: bool = stderr().isTerminal();
  private start: Instant = Instant.now();
  private drawn: i64 = 0;

  constructor(private total: u64) {}

  add(n: i32): void {
    this.done += n;
    if (!this.isShown || this.start.elapsed().asMillis() < this.drawn + 100) return;
    this.drawn = this.start.elapsed().asMillis();
    eprint(this.line());
  }

  async finish(): Promise<void> {
    if (this.isShown) await eprintln(this.line());
  }

  private line(): string {
    const percent = this.total > 0 ? <i32>(this.done * 100 / this.total) : 100;
    const millis = max<i64>(this.start.elapsed().asMillis(), 1);
    const rate = <i64>this.done / millis / 1000;
    const bar = "#".repeat(percent / 4) + "-".repeat(25 - percent / 4);
    return `\r[${bar}] ${percent} %, ${rate} MB/s `;
  }
}
