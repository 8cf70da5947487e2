/**
 * Terminals: how large they are, and how they take what is typed.
 *
 * A terminal that an app has made raw is put back into the mode in which it was found on every way
 * out: at the end, after a panic, before a signal ends the process, and as long as it is stopped.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { Offset, Signal, Terminal, TerminalMode } from "./abi/flags";
import { BufResult, Error, ErrorKind, Result, Unit } from "./error";
import { File, OpenOptions } from "./fs";
import { AsyncRead, AsyncWrite, Stdin, Stdout, stdin, stdout } from "./io";
import { hostTerminal } from "./rt/host";
import { signalWait } from "./signal";
import { Stream } from "./transfer";
import { Vec } from "./vec";

/** How a terminal takes what is typed. */
export const enum Mode {
  /** Line by line: shown, and editable until Enter is pressed. Ctrl-C and the like are signals. */
  Cooked = TerminalMode.Cooked,
  /** Key by key: not shown, nothing has a meaning of its own. Output stays as it is. */
  Raw = TerminalMode.Raw,
}

/** How many characters fit on a terminal. */
export class Size {
  constructor(readonly columns: i32, readonly rows: i32) {}
}

/** Whether a stream is a terminal: whether a person is at the other end. */
export function isTerminal(stream: Stream): bool {
  return stream.isTerminal();
}

/**
 * How large the terminal is that a stream is, in characters: at least 1 each. `NotATerminal` where
 * the stream is none, and `Unsupported` where nobody has told the terminal its size, as on a serial
 * line.
 */
export function size(stream: Stream = stdout()): Result<Size> {
  const answer = hostTerminal(stream.handle, Terminal.Size, 0);
  if (answer < 0) return Result.err<Size>(Error.fromResult(answer, 0, "size", stream.name));
  const columns = <i32>(answer & 0xffff);
  const rows = <i32>(answer >> 16);
  if (columns > 0 && rows > 0) return Result.ok<Size>(new Size(columns, rows));
  const error = new Error(ErrorKind.Unsupported, "the terminal does not know its size");
  return Result.err<Size>(error.in("size", stream.name));
}

/**
 * Sets how the terminal that a stream is takes what is typed. `Cooked` means the mode in which it
 * was found; for a terminal that was not made raw it changes nothing.
 */
export function setMode(stream: Stream, mode: Mode): Result<Unit> {
  const answer = hostTerminal(stream.handle, Terminal.SetMode, mode);
  if (answer < 0) return Result.err<Unit>(Error.fromResult(answer, 0, "set mode", stream.name));
  return Result.unit();
}

/** A terminal to read from and to write to. */
export class Tty implements AsyncRead, AsyncWrite {
  private constructor(
    private input: Stdin,
    private output: Stdout,
    private file: File | null = null,
  ) {}

  /** The terminal that standard input and output are; an error when one of them is none. */
  static stdio(): Result<Tty> {
    const tty = new Tty(stdin(), stdout());
    if (!tty.input.isTerminal()) return notOne(tty.input);
    if (!tty.output.isTerminal()) return notOne(tty.output);
    return Result.ok<Tty>(tty);
  }

  /**
   * Opens the terminal that controls the process, whatever the standard streams are. That is the
   * file `/dev/tty`, which has to be granted like any other.
   */
  static async open(): Promise<Result<Tty>> {
    const path = "/dev/tty";
    const opened = await new OpenOptions().read().write().open(path);
    if (opened.isErr) return Result.err<Tty>(opened.error);
    const file = opened.unwrap();
    const input = new Stdin(file.handle, path, Offset.Current);
    return Result.ok<Tty>(new Tty(input, new Stdout(file.handle, path, Offset.Current), file));
  }

  /**
   * See `AsyncRead.read`. In cooked mode a line at a time, in raw mode what has been typed. Nothing
   * is read that nobody has asked for, and a read that is cancelled takes nothing: what is typed
   * stays for the next one, be that another program's. In the background the app is stopped, as any
   * program is (`Signal.TerminalInput`), but only once there is something to read.
   */
  // @ts-ignore: decorator
  @fresh
  read(buf: Vec<u8>): Promise<BufResult> {
    return this.input.read(buf);
  }

  /** See `AsyncWrite.write`. */
  // @ts-ignore: decorator
  @fresh
  write(buf: Vec<u8>): Promise<BufResult> {
    return this.output.write(buf);
  }

  /** How large it is now. */
  size(): Result<Size> {
    return size(this.output);
  }

  /** See `setMode`. */
  setMode(mode: Mode): Result<Unit> {
    return setMode(this.input, mode);
  }

  /**
   * Waits until it has another size, or until somebody says so: this is `Signal.WindowChange`, with
   * all that `std/signal` says of it. Ask for the size after the first call, not before it.
   */
  async resized(): Promise<Result<Size>> {
    const told = await signalWait(Signal.WindowChange);
    return told.isOk ? this.size() : Result.err<Size>(told.error);
  }

  /** Closes what `open` has opened, back in its mode; does nothing to standard streams. */
  // @ts-ignore: decorator
  @discardable
  close(): Promise<Result<Unit>> {
    const file = this.file;
    return file === null ? Promise.resolve(Result.unit()) : file.close();
  }
}

function notOne(stream: Stream): Result<Tty> {
  return Result.err<Tty>(Error.fromResult(-Errno.ENOTTY, 0, "terminal", stream.name));
}
