/**
 * Other programs: starting them, talking to them, waiting for them; and the end of this one.
 *
 *     const listing = await new Command("ls").arg("-l").output();
 *     const sorted = await new Command("sort").output(Vec.fromString("b\na\n"));
 *
 * A program that is started is not confined to what the app was given: it may do whatever the one
 * who runs the app may do. So it takes a grant to start any (`--allow-run`), and the name of the
 * program is that of the system, not one among the directories that the app was given. A name
 * without a slash is looked for in the `PATH` that the child gets, or in the launcher's if it gets
 * none. One with a slash that is not absolute starts from the directory that the child starts in.
 * Where only some programs were granted, it was found before the app started.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import {
  CommandFlag, CommandGroup, CommandOwner, CommandStep, CommandStream, ExitWord, Info, Offset,
  Signal,
} from "./abi/flags";
import { Command as Layout } from "./abi/layout";
import { Op } from "./abi/op";
import { CLOSED, CloseOperation, HandleOwner, outcome } from "./closing";
import { BufResult, Error, ErrorKind, Result, Unit } from "./error";
import { AsyncRead, AsyncWrite, readToEnd } from "./io";
import { shielded } from "./rt";
import { readNumber, writeNumber } from "./rt/buffer";
import { hostExit, hostInfo } from "./rt/host";
import { sharePosition } from "./position";
import { Operation } from "./rt/operation";
import { signalName } from "./signal";
import { Stream, WriteAllOperation } from "./transfer";
import { Vec } from "./vec";

export { Signal } from "./abi/flags";

/** Ends the app at once with an exit code, of which the system keeps the low 8 bits. */
export function exit(code: i32): void {
  hostExit(code);
}

/** The system's number of the process that the app runs in. */
export function id(): u32 {
  const digits = hostInfo(Info.ProcessId, 0);
  return digits === null ? 0 : <u32>I32.parseInt(digits.toString());
}

// ── What a child gets as its streams ─────────────────────────────────────────────────────────────

const enum StdioKind {
  Inherit,
  Null,
  Piped,
  Stream,
}

/** What a child gets as one of its standard streams. */
export class Stdio {
  private constructor(
    /** For std alone. */
    readonly kind: i32,
    /** For std alone. */
    readonly stream: Stream | null,
  ) {}

  /** The app's own stream of the same name; nothing if the app has none. */
  static inherit(): Stdio {
    return new Stdio(StdioKind.Inherit, null);
  }

  /** Nothing: to read from it gives the end at once, and what is written to it is gone. */
  static null(): Stdio {
    return new Stdio(StdioKind.Null, null);
  }

  /** A pipe; the app has its other end as `stdin`, `stdout` or `stderr` of the `Child`. */
  static piped(): Stdio {
    return new Stdio(StdioKind.Piped, null);
  }

  /**
   * An open file, a standard stream, or another child's pipe: so two children are connected without
   * the app in between. A child's pipe is handed over: the app's end of it is closed once a child
   * was to be started with it, or whoever is at the other end would never learn that all have gone.
   * Anything else stays open here, too, and is the app's to close.
   *
   * The child starts where the app stands in a file, and both go on where the other one has got to.
   * Start it while no `read`, `write` or `seek` of the file is in flight. From then on the order of
   * several in flight is the system's.
   */
  static from(stream: Stream): Stdio {
    return new Stdio(StdioKind.Stream, stream);
  }
}

/**
 * The end of a pipe that a child reads its input from. The input ends when it is closed, by `close`
 * or because the app waits for the child: see `Child.wait`.
 */
export class ChildStdin extends Stream implements AsyncWrite {
  /** How many writes are in flight. */
  private writing: i32 = 0;
  /** It is closed once there are none. */
  private isEnding: bool = false;

  /**
   * Writes all of `buf`, however long the child takes to read it. `BrokenPipe` once nobody reads
   * any more; `n` then says how much had been written.
   */
  write(buf: Vec<u8>): Promise<BufResult> {
    if (this.isEnding) {
      const why = "its input has ended, since the app waits for it: see Child.takeStdin";
      const error = new Error(ErrorKind.BrokenPipe, why).in("write", this.name);
      return Promise.resolve(new BufResult(0, buf, error));
    }
    this.writing++;
    return new InputOperation(this, buf).start();
  }

  /** For std alone: closes it as soon as all that is in flight has been written. */
  end(): void {
    this.isEnding = true;
    if (this.writing == 0 && this.handle != CLOSED) closeStream(this);
  }

  /** For std alone: a write is over. */
  written(): void {
    this.writing--;
    if (this.isEnding) this.end();
  }

  /** Closes it, so that the child finds the end of its input. Cancels what is in flight on it. */
  // @ts-ignore: decorator
  @discardable
  close(): Promise<Result<Unit>> {
    return closeStream(this);
  }
}

/** Writes to a child. */
// @ts-ignore: decorator
@final
class InputOperation extends WriteAllOperation {
  constructor(private input: ChildStdin, buf: Vec<u8>) {
    super(input, buf, Offset.Current);
  }

  protected settle(result: i64, osError: u32): BufResult {
    this.input.written();
    return super.settle(result, osError);
  }
}

/** The end of a pipe that a child writes its output or its errors to. */
export class ChildStdout extends Stream implements AsyncRead {
  /** See `AsyncRead.read`. The end comes once everybody has gone who could write. */
  // @ts-ignore: decorator
  @fresh
  read(buf: Vec<u8>): Promise<BufResult> {
    return this.transfer(Op.Read, buf, buf.capacity);
  }

  /** Closes it; what the child writes from then on fails. Cancels what is in flight on it. */
  // @ts-ignore: decorator
  @discardable
  close(): Promise<Result<Unit>> {
    return closeStream(this);
  }
}

function closeStream(stream: Stream): Promise<Result<Unit>> {
  const closing = new CloseOperation(stream.handle, stream.name);
  stream.handle = CLOSED;
  return closing.start();
}

// ── How a child has ended ────────────────────────────────────────────────────────────────────────

/** How a child has ended. */
export class ExitStatus {
  /** For std alone. */
  constructor(private word: i64) {}

  /** It ended by itself, with the exit code 0. */
  get success(): bool {
    return this.word == 0;
  }

  /** Whether it ended by itself, so that it has a `code`. */
  get exited(): bool {
    return this.word >> 32 == 0;
  }

  /** Its exit code; −1 when a signal ended it. */
  get code(): i32 {
    return this.exited ? <i32>this.word : -1;
  }

  /**
   * The signal that ended it; 0 when it ended by itself. One that has no name here is the number of
   * the system plus 128.
   */
  get signal(): Signal {
    return <Signal>(<i32>(this.word >> 32) & (ExitWord.SignalMask | ExitWord.Foreign));
  }

  /** Whether the system has kept an image of what the signal ended. */
  get coreDumped(): bool {
    return (<i32>(this.word >> 32) & ExitWord.CoreDumped) != 0;
  }

  /** In words: `exit code 1`, `signal SIGKILL`. */
  toString(): string {
    if (this.exited) return "exit code " + this.code.toString();
    const signal = this.signal;
    const isForeign = signal & ExitWord.Foreign;
    const name = isForeign ? (signal & ExitWord.SignalMask).toString() : signalName(signal);
    return "signal " + name + (this.coreDumped ? " (core dumped)" : "");
  }
}

/** What a child that has ended has said. */
export class Output {
  /** For std alone. */
  constructor(
    /** How it has ended. */
    readonly status: ExitStatus,
    /** All of its output; empty if that was not piped. */
    readonly stdout: Vec<u8>,
    /** All of its errors; empty if they were not piped. */
    readonly stderr: Vec<u8>,
  ) {}
}

// ── Commands ─────────────────────────────────────────────────────────────────────────────────────

/**
 * A program to be started, with arguments, environment, directory and streams. It may be started
 * more than once.
 */
export class Command {
  private words: string[] = [];
  private variables: string[] = [];
  private inherits: bool = true;
  private directory: string = "";
  /** A `CommandGroup`, or a number. */
  private group: u32 = CommandGroup.Inherit;
  /** A `CommandOwner`, or a number. */
  private userId: u32 = CommandOwner.Inherit;
  /** Likewise. */
  private groupId: u32 = CommandOwner.Inherit;
  private streams: StaticArray<Stdio | null> = new StaticArray<Stdio | null>(3);
  /** What can be given to no program, if anything is. */
  private mistake: string = "";

  /** `program`: a name that is looked for, or a path; see the module. */
  constructor(readonly program: string) {
    this.checked(program, "its name");
  }

  /** Adds an argument. Bytes that are not UTF-8 go through as escapes, see `std/os-string`. */
  arg(value: string): this {
    this.words.push(this.checked(value, "an argument"));
    return this;
  }

  /** Adds arguments. */
  args(values: string[]): this {
    for (let i = 0; i < values.length; i++) this.arg(values[i]);
    return this;
  }

  /**
   * Sets a variable in the environment of the child, which otherwise is the app's. The name is not
   * empty, and has no `=`. Where only some programs were granted, they can be given only what says
   * how to show something: `LANG` and `LC_…`, `TZ`, `TERM`, and what colours and columns go by.
   * Anything else is a `PermissionDenied` error as they start.
   */
  env(name: string, value: string): this {
    this.variables.push(this.checkedName(name) + "=" + this.checked(value, "a variable"));
    return this;
  }

  /** Takes a variable out of the environment of the child. */
  envRemove(name: string): this {
    this.variables.push(this.checkedName(name));
    return this;
  }

  /** Gives the child nothing of the app's environment, and nothing that was set so far. */
  envClear(): this {
    this.variables = [];
    this.inherits = false;
    return this;
  }

  /**
   * Where the child starts: a path as the app sees it. Otherwise it starts in the app's current
   * directory; in the launcher's where that was not granted.
   */
  currentDir(path: string): this {
    this.directory = this.checked(path, "the directory");
    return this;
  }

  /**
   * Puts the child into another process group than the app's: 0 is a new one, which has the number
   * of the child and goes by that. Signals that the terminal sends, Ctrl-C for one, go to the group
   * in front, and so not to a child that has its own; nor may that read from the terminal. To join
   * another group than a new one is a `PermissionDenied` error where only some programs were
   * granted, or when it is none of this session.
   */
  processGroup(id: u32 = 0): this {
    if (id == 1) this.mistake = "no process can join the group 1";
    this.group = id == 0 ? CommandGroup.New : id;
    return this;
  }

  /**
   * Lets the child run as the user with this number. It has that one's rights as it enters its
   * directory and looks for the program, and it is in no supplementary group. Its group stays the
   * app's, so a server that gives up the rights of root for a child sets `gid` as well. It is a
   * `PermissionDenied` error unless the app runs as root or as that user already; and where only
   * some programs were granted.
   */
  uid(id: u32): this {
    if (id == CommandOwner.Inherit) this.mistake = `no user has the number ${id}`;
    this.userId = id;
    return this;
  }

  /**
   * Lets the child run in the group of users with this number. It stays in the app's supplementary
   * groups unless `uid` makes it another user. Errors are like those of `uid`.
   */
  gid(id: u32): this {
    if (id == CommandOwner.Inherit) this.mistake = `no group has the number ${id}`;
    this.groupId = id;
    return this;
  }

  /** What the child reads; the app's own input unless given, or nothing for `output`. */
  stdin(from: Stdio): this {
    this.streams[0] = from;
    return this;
  }

  /** Where the child writes; the app's own output unless given, or a pipe for `output`. */
  stdout(to: Stdio): this {
    this.streams[1] = to;
    return this;
  }

  /** Where the child writes its errors; as for `stdout`. */
  stderr(to: Stdio): this {
    this.streams[2] = to;
    return this;
  }

  /**
   * Starts the program. It runs when this succeeds; a program that does not exist, or that the
   * system will not run, is an error here: `spawn "prog": not found (ENOENT)`.
   */
  spawn(): Promise<Result<Child>> {
    return this.start(StdioKind.Inherit, StdioKind.Inherit);
  }

  /** Starts the program and waits until it has ended. Cancelled, it ends the program. */
  async status(): Promise<Result<ExitStatus>> {
    const started = await this.spawn();
    if (started.isErr) return Result.err<ExitStatus>(started.error);
    const child = started.unwrap();
    const ended = await child.wait();
    if (ended.isErr) await child.end();
    return ended;
  }

  /**
   * Starts the program, waits until it has ended, and collects its output and its errors. It reads
   * `input`, or nothing; all at the same time, so that neither side waits for the other, however
   * much it is. A program that ends without reading all of its input is no error; nor is one
   * that failed, see `Output.status`. Cancelled, it ends the program.
   */
  async output(input: Vec<u8> | null = null): Promise<Result<Output>> {
    const own = this.streams[0];
    if (input !== null && own !== null && own.kind != StdioKind.Piped) {
      return Result.err<Output>(noPipe("spawn", this.program));
    }
    const kind = input === null ? StdioKind.Null : StdioKind.Piped;
    const started = await this.start(kind, StdioKind.Piped);
    if (started.isErr) return Result.err<Output>(started.error);
    const child = started.unwrap();
    const said = await child.waitWithOutput(input);
    if (said.isErr) await child.end();
    return said;
  }

  private checked(text: string, what: string): string {
    if (text.includes("\0")) this.mistake = what + " contains a NUL character";
    return text;
  }

  private checkedName(name: string): string {
    if (name.length == 0 || name.indexOf("=", 1) >= 0) {
      this.mistake = `"${name}" is not the name of a variable`;
    }
    return this.checked(name, "a variable");
  }

  private async start(input: i32, outputs: i32): Promise<Result<Child>> {
    if (this.mistake.length > 0) {
      const error = new Error(ErrorKind.InvalidInput, this.mistake).in("spawn", this.program);
      return Result.err<Child>(error);
    }
    const child = new Child(this.program);
    const record = new Record(this.program, this.directory, this.words, this.variables);
    if (this.inherits) record.set(Layout.Flags, CommandFlag.InheritEnvironment);
    record.set(Layout.ProcessGroup, this.group);
    record.set(Layout.UserId, this.userId);
    record.set(Layout.GroupId, this.groupId);
    // Handle 0 is the app's own input.
    const given = new StaticArray<u32>(3).fill(CLOSED);
    let result: Result<u64> | null = null;
    for (let i = 0; i < 3 && (result === null || result.isOk); i++) {
      const stdio = this.streams[i];
      const kind = stdio !== null ? stdio.kind : i == 0 ? input : outputs;
      let handle: u32 = kind == StdioKind.Null ? CommandStream.Null : CommandStream.Inherit;
      if (kind == StdioKind.Piped) {
        result = await new PipeOperation(this.program).start();
        if (result.isOk) handle = child.connect(i, result.unwrap(), given);
      } else if (kind == StdioKind.Stream) {
        const stream = stdio!.stream!;
        result = await sharePosition(stream);
        if (result.isErr) result.error.in("spawn", this.program);
        handle = stream.handle;
      }
      record.set(Layout.Stdin + 4 * i, handle);
    }
    if (result === null || result.isOk) {
      result = await new SpawnOperation(this.program, this.directory, record.bytes).start();
    }
    this.handOver(given);
    if (result.isErr) {
      child.abandon();
      return Result.err<Child>(result.error);
    }
    child.begin(result.unwrap());
    return Result.ok<Child>(child);
  }

  /** The child has its streams, or never will: ours of them are needed no more. */
  private handOver(given: StaticArray<u32>): void {
    for (let i = 0; i < 3; i++) {
      if (given[i] != CLOSED) new CloseOperation(given[i], this.program).start();
      const stdio = this.streams[i];
      if (stdio === null) continue;
      const stream = stdio.stream;
      const isPipe = stream instanceof ChildStdin || stream instanceof ChildStdout;
      if (stream !== null && isPipe && stream.handle != CLOSED) closeStream(stream);
    }
  }
}

function noPipe(verb: string, program: string): Error {
  return new Error(ErrorKind.InvalidInput, "its input is no pipe").in(verb, program);
}

/** A `Command` record with its strings. */
class Record {
  readonly bytes: Vec<u8> = new Vec<u8>();

  constructor(program: string, directory: string, words: string[], variables: string[]) {
    this.bytes.resize(Layout.Strings, 0);
    this.add(program);
    this.add(directory);
    this.add(program);
    this.addAll(words);
    this.addAll(variables);
    this.set(Layout.ArgumentCount, words.length + 1);
    this.set(Layout.VariableCount, variables.length);
  }

  set(offset: i32, value: u32): void {
    writeNumber<u32>(this.bytes, offset, value);
  }

  private add(text: string): void {
    this.bytes.pushString(text);
    this.bytes.push(0);
  }

  private addAll(texts: string[]): void {
    for (let i = 0; i < texts.length; i++) this.add(texts[i]);
  }
}

/** Makes a pipe. One that nobody wants any more is closed again. */
// @ts-ignore: decorator
@final
class PipeOperation extends Operation<Result<u64>> {
  constructor(private program: string) {
    super(Op.Pipe);
  }

  protected settle(result: i64, osError: u32): Result<u64> {
    if (result >= 0) return Result.ok<u64>(<u64>result);
    return Result.err<u64>(Error.fromResult(result, osError, "make a pipe for", this.program));
  }

  protected disposeLate(result: i64): bool {
    new CloseOperation(<u32>result, this.program).start();
    new CloseOperation(<u32>(result >> 32), this.program).start();
    return true;
  }
}

/** Starts a program. One that runs when nobody wants it any more is ended. */
// @ts-ignore: decorator
@final
class SpawnOperation extends Operation<Result<u64>> {
  constructor(private program: string, private directory: string, private command: Vec<u8>) {
    super(Op.Spawn);
    this.lend0(command, command.length);
  }

  protected settle(result: i64, osError: u32): Result<u64> {
    if (result >= 0) return Result.ok<u64>(<u64>result);
    const step = readNumber<u32>(this.command, Layout.Step);
    if (step == CommandStep.Directory) {
      const directory = this.directory.length ? this.directory : ".";
      const error = Error.fromResult(result, osError, "change directory", directory);
      return Result.err<u64>(error);
    }
    const verb = step == CommandStep.Environment ? "pass a variable to" :
      step == CommandStep.ProcessGroup ? "set the process group of" :
      step == CommandStep.Owner ? "set the user and group of" : "spawn";
    return Result.err<u64>(Error.fromResult(result, osError, verb, this.program));
  }

  protected disposeLate(result: i64): bool {
    new KillOperation(<u32>result, this.program, Signal.Kill).start();
    new CloseOperation(<u32>result, this.program).start();
    return true;
  }
}

// ── Children ─────────────────────────────────────────────────────────────────────────────────────

/**
 * A program that was started. Wait for it, or `detach` it: the system remembers a child that has
 * ended until then. It goes on when the app ends.
 */
export class Child extends HandleOwner {
  private processId: u32 = 0;
  private ended: ExitStatus | null = null;
  /** How many wait for it. */
  private waiting: i32 = 0;

  /** What the child reads, when that was piped; `null` once the app waits for the child. */
  stdin: ChildStdin | null = null;
  /** What the child writes, when that was piped. */
  stdout: ChildStdout | null = null;
  /** The child's errors, when they were piped. */
  stderr: ChildStdout | null = null;

  /** Use `Command.spawn`. */
  constructor(program: string) {
    super(CLOSED, program);
  }

  /** What was started. */
  get program(): string {
    return this.name;
  }

  /** The system's number of the process. It may be another's once this one has been waited for. */
  get id(): u32 {
    return this.processId;
  }

  /**
   * Waits until the child has ended. Its input, `stdin`, ends with what is being written to it just
   * now, so that a child which reads to the end does not wait for ever; who wants to write more
   * while others wait has `takeStdin`. May be called any number of times, also at once. Cancelling
   * it leaves the child alone.
   */
  wait(): Promise<Result<ExitStatus>> {
    this.endInput();
    const ended = this.ended;
    if (ended !== null) return Promise.resolve(Result.ok<ExitStatus>(ended));
    this.waiting++;
    return new WaitOperation(this, this.handle).start();
  }

  /**
   * Takes `stdin` out, so that waiting for the child does not end its input: that is up to whoever
   * has it now. `null` when there is none, or it was taken before.
   */
  takeStdin(): ChildStdin | null {
    const input = this.stdin;
    this.stdin = null;
    return input;
  }

  /**
   * Waits until the child has ended, and collects what it writes meanwhile to those of `stdout` and
   * `stderr` that are pipes, until everybody has gone who could write there. Writes `input` to it
   * meanwhile, as `Command.output` does, if there is one; that takes a `stdin` that is a pipe.
   * Otherwise as `wait`.
   */
  async waitWithOutput(input: Vec<u8> | null = null): Promise<Result<Output>> {
    let feeding: Promise<BufResult> | null = null;
    if (input !== null) {
      const stdin = this.stdin;
      if (stdin === null) return Result.err<Output>(noPipe("write", this.program));
      feeding = stdin.write(input);
    }
    const ending = this.wait();
    const output = collect(this.stdout);
    const errors = collect(this.stderr);
    const out = await output;
    if (out.isErr) errors.cancel();
    // Shielded: that both end early is what was asked for here.
    const err = await shielded(errors);
    if (out.isErr || err.isErr) ending.cancel();
    const status = await shielded(ending);
    this.closeOutputs();
    let fed: Error | null = null;
    if (feeding !== null) {
      // The child has ended: what it has not read it never will.
      feeding.cancel();
      fed = failureOf(await shielded(feeding));
    }
    if (out.isErr) return Result.err<Output>(out.error);
    if (err.isErr) return Result.err<Output>(err.error);
    if (status.isErr) return Result.err<Output>(status.error);
    if (fed !== null) return Result.err<Output>(fed);
    return Result.ok<Output>(new Output(status.unwrap(), out.buf, err.buf));
  }

  /** Ends the child by force. One that has ended already is no error. Wait for it all the same. */
  kill(): Promise<Result<Unit>> {
    if (this.ended !== null) return Promise.resolve(Result.unit());
    return this.signal(Signal.Kill);
  }

  /**
   * Sends the child a signal. Never another process: after the child was waited for it fails with
   * "no such process".
   */
  signal(signal: Signal): Promise<Result<Unit>> {
    if (this.ended !== null) {
      const error = Error.fromResult(-Errno.ESRCH, 0, "send " + signalName(signal), this.program);
      return Promise.resolve(Result.err<Unit>(error));
    }
    return new KillOperation(this.handle, this.program, signal).start();
  }

  /**
   * Lets the child go on by itself: it can no longer be waited for. Closes what is piped, its input
   * once all is written that is being written.
   */
  detach(): void {
    this.closeOutputs();
    this.endInput();
    this.release();
  }

  // ── For std alone ──

  /** Keeps one end of a pipe; the other one, which it returns, is the child's. */
  connect(stream: i32, ends: u64, given: StaticArray<u32>): u32 {
    const reader = <u32>ends;
    const writer = <u32>(ends >> 32);
    const name = this.program;
    if (stream == 0) this.stdin = new ChildStdin(writer, name, Offset.Current);
    else if (stream == 1) this.stdout = new ChildStdout(reader, name, Offset.Current);
    else this.stderr = new ChildStdout(reader, name, Offset.Current);
    given[stream] = stream == 0 ? reader : writer;
    return given[stream];
  }

  /** It runs. */
  begin(started: u64): void {
    this.handle = <u32>started;
    this.processId = <u32>(started >> 32);
  }

  /** It was not to be. */
  abandon(): void {
    this.detach();
  }

  /** One wait for it is over. */
  waited(status: ExitStatus | null): void {
    this.waiting--;
    if (status !== null) this.ended = status;
    if (this.ended !== null && this.waiting == 0) this.release();
  }

  /** Nobody wants it any more. */
  async end(): Promise<void> {
    if (this.ended !== null) return;
    await this.kill();
    this.waiting++;
    await new WaitOperation(this, this.handle).shielded().start();
  }

  private endInput(): void {
    const input = this.takeStdin();
    if (input !== null) input.end();
  }

  private closeOutputs(): void {
    const output = this.stdout;
    if (output !== null && output.handle != CLOSED) closeStream(output);
    const errors = this.stderr;
    if (errors !== null && errors.handle != CLOSED) closeStream(errors);
  }

  private release(): void {
    if (this.handle != CLOSED) new CloseOperation(this.handle, this.program).start();
    this.handle = CLOSED;
  }
}

/** All that comes out of a pipe; nothing where there is none. */
async function collect(stream: ChildStdout | null): Promise<BufResult> {
  const buf = new Vec<u8>();
  if (stream === null) return new BufResult(0, buf);
  return await readToEnd(stream, buf);
}

/** Why a child was not given its input; that it has not read everything is no failure. */
function failureOf(fed: BufResult): Error | null {
  if (fed.isOk) return null;
  const kind = fed.error.kind;
  return kind == ErrorKind.BrokenPipe || kind == ErrorKind.Cancelled ? null : fed.error;
}

/** Waits for a child. */
// @ts-ignore: decorator
@final
class WaitOperation extends Operation<Result<ExitStatus>> {
  constructor(private child: Child, handle: u32) {
    super(Op.Wait);
    this.handle = handle;
  }

  /** It will not take long: it goes on in a task that was cancelled. */
  shielded(): this {
    this.shield();
    return this;
  }

  protected settle(result: i64, osError: u32): Result<ExitStatus> {
    const child = this.child;
    if (result < 0) {
      child.waited(null);
      const error = Error.fromResult(result, osError, "wait for", child.program);
      return Result.err<ExitStatus>(error);
    }
    const status = new ExitStatus(result);
    child.waited(status);
    return Result.ok<ExitStatus>(status);
  }
}

/** Sends a child a signal, at once; so it cannot be cancelled, and works where all else is. */
// @ts-ignore: decorator
@final
class KillOperation extends Operation<Result<Unit>> {
  constructor(handle: u32, private program: string, private signal: Signal) {
    super(Op.Kill);
    this.handle = handle;
    this.flagBits = signal;
    this.shield();
  }

  protected settle(result: i64, osError: u32): Result<Unit> {
    return outcome(result, osError, "send " + signalName(this.signal), this.program);
  }
}
