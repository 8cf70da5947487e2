/**
 * Shows the end of a file, and what is appended to it from then on: `tail-follow FILE`. A file that
 * is cut off is read from its beginning again, and when another file takes its name that one is
 * followed. Ctrl-C ends it.
 */
import { args } from "std/env";
import { File, Metadata, metadata } from "std/fs";
import { Error, ErrorKind, Result, Unit, eprintln, stdout, writeAll } from "std/io";
import { select } from "std/rt";
import { Signal, ctrlC, signalWait } from "std/signal";
import { Duration, sleep } from "std/time";
import { Vec } from "std/vec";

/** How many lines of what is there already are shown. */
const LINES: i32 = 10;
/** Bytes that are read at a time. */
const BLOCK: i32 = 64 * 1024;
/** Milliseconds from one look at the file to the next. */
const PAUSE: i64 = 100;

export async function main(): Promise<i32> {
  const given = args();
  if (given.length != 2) {
    await eprintln("usage: tail-follow FILE");
    return 2;
  }
  const follower = new Follower(given[1]);
  const stop = Promise.race([ctrlC(), signalWait(Signal.Terminate)]);
  // Whichever comes first, the other is cancelled, and has ended when this goes on.
  const ended = await select(stop, follower.run());
  await follower.close();
  const outcome = ended.isFirst ? ended.first : ended.second;
  if (outcome.isErr) {
    await eprintln("tail-follow: " + outcome.error.message);
    return 1;
  }
  await eprintln(`tail-follow: ${follower.shown} bytes of "${given[1]}"`);
  return 0;
}

/** A file, and how far it has been shown. */
class Follower {
  /** How many bytes have been shown, of all files that had the name. */
  shown: u64 = 0;
  private file: File | null = null;
  private position: u64 = 0;
  private buf: Vec<u8> = Vec.withCapacity<u8>(BLOCK);

  constructor(private path: string) {}

  /** Shows the file and follows it. Ends only with an error, or when it is cancelled. */
  async run(): Promise<Result<Unit>> {
    let done = await this.begin();
    while (done.isOk) {
      done = await this.showRest();
      if (done.isErr) break;
      await sleep(Duration.fromMillis(PAUSE));
      done = await this.look();
    }
    return done;
  }

  async close(): Promise<void> {
    const file = this.file;
    this.file = null;
    if (file !== null) await file.close();
  }

  /** Opens the file, and finds where its last lines begin. */
  private async begin(): Promise<Result<Unit>> {
    const opened = await this.open();
    if (opened.isErr) return opened;
    const found = await this.file!.metadata();
    if (found.isErr) return Result.err<Unit>(found.error);
    if (!found.unwrap().isFile) {
      const error = new Error(ErrorKind.InvalidInput, "is not a regular file");
      return Result.err<Unit>(error.in("follow", this.path));
    }
    return await this.findLines(found.unwrap().length);
  }

  private async open(): Promise<Result<Unit>> {
    const opened = await File.open(this.path);
    if (opened.isErr) return Result.err<Unit>(opened.error);
    await this.close();
    this.file = opened.unwrap();
    this.position = 0;
    return Result.unit();
  }

  /** Goes back from the end, block by block, until there are enough ends of lines. */
  private async findLines(length: u64): Promise<Result<Unit>> {
    let left = LINES;
    let start = length;
    while (start > 0) {
      const end = start;
      start = end > <u64>BLOCK ? end - BLOCK : 0;
      const came = await this.file!.readAt(this.buf, start);
      if (came.isErr) return Result.err<Unit>(came.error);
      const block = came.buf;
      for (let i = min(<i32>(end - start), came.n) - 1; i >= 0; i--) {
        // The end of the last line begins no other.
        if (block[i] != 0x0a || start + i + 1 == length || --left > 0) continue;
        this.position = start + i + 1;
        return Result.unit();
      }
    }
    return Result.unit();
  }

  /** Shows what has come since the last time. */
  private async showRest(): Promise<Result<Unit>> {
    while (true) {
      const came = await this.file!.readAt(this.buf, this.position);
      if (came.isErr) return Result.err<Unit>(came.error);
      if (came.n == 0) return Result.unit();
      const gone = await writeAll(stdout(), came.buf);
      this.position += gone.n;
      this.shown += gone.n;
      if (gone.isErr) return Result.err<Unit>(gone.error);
    }
  }

  /** Looks whether it still is the file that it was, and as long as it was. */
  private async look(): Promise<Result<Unit>> {
    const own = await this.file!.metadata();
    if (own.isErr) return Result.err<Unit>(own.error);
    if (own.unwrap().length < this.position) {
      await eprintln(`tail-follow: "${this.path}" was cut off`);
      this.position = 0;
    }
    const named = await metadata(this.path);
    // Whoever replaces a file may remove it first.
    if (named.isErr && named.error.kind == ErrorKind.NotFound) return Result.unit();
    if (named.isErr) return Result.err<Unit>(named.error);
    if (isSame(named.unwrap(), own.unwrap())) return Result.unit();
    return await this.change();
  }

  /** Another file has the name: shows the rest of this one, and goes on with that one. */
  private async change(): Promise<Result<Unit>> {
    const shown = await this.showRest();
    if (shown.isErr) return shown;
    const opened = await this.open();
    if (opened.isErr) return opened.error.kind == ErrorKind.NotFound ? Result.unit() : opened;
    await eprintln(`tail-follow: "${this.path}" is another file now`);
    return opened;
  }
}

function isSame(a: Metadata, b: Metadata): bool {
  return a.inode == b.inode && a.device == b.device;
}
