/**
 * Signals that are sent to this process: Ctrl-C, a wish that it end, a terminal of another size.
 *
 * Whoever waits takes a signal over: from the first wait on it does not have its usual effect, such
 * as to end the process. That stays so when the wait is over, and what comes while nobody waits is
 * kept for the next wait: of a loop of waits none is missed. All who wait at a time are told of the
 * same signal. The usual effect is back
 *
 * - of Ctrl-C, when it was told and nobody waits for it again: so a second Ctrl-C ends an app that
 *   takes long to end after the first. Who wants each of them begins the next wait before the work:
 *   `const next = ctrlC();`;
 * - when a wait is cancelled, and nobody else waits for that signal; so after
 *   `select(ctrlC(), work())`, when the work was faster, Ctrl-C ends the process again;
 * - when the task that began the wait was cancelled, and nobody waits;
 * - when the app has ended.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { Offset, Signal } from "./abi/flags";
import { Op } from "./abi/op";
import { Error, Result, Unit } from "./error";
import { useLeaving } from "./rt/hooks";
import { Flag, State } from "./rt/node";
import { Operation } from "./rt/operation";
import { Promise as GuestPromise, PromiseBase } from "./rt/promise";
import { nextTurn } from "./rt/scheduler";
import { runningTask } from "./rt/suspend";
import { Vec } from "./vec";

export { Signal } from "./abi/flags";

/** Waits for Ctrl-C, or for what else sends `Signal.Interrupt`. */
export function ctrlC(): Promise<Result<Unit>> {
  return signalWait(Signal.Interrupt);
}

/**
 * Waits until this signal comes, or takes one that was kept. Signals are counted, each fulfils one
 * wait; only of thousands that nobody takes some may be lost, as the system itself loses some.
 *
 * `InvalidInput` for what cannot be watched: `Kill`, `Stop`, `Abort`, `Child`, `Pipe`, …
 * `PermissionDenied` where an embedder keeps its signals to itself. A wait that is cancelled ends
 * with `Cancelled` once the usual effect is back, unless the signal was faster: then it is told.
 */
export function signalWait(signal: Signal): Promise<Result<Unit>> {
  const wait = new Wait(watchOf(signal));
  wait.watch.add(wait);
  // @ts-ignore: the global Promise is this one
  return wait;
}

/** The name of a signal: `SIGINT`. */
export function signalName(signal: Signal): string {
  switch (signal) {
    case Signal.Hangup: return "SIGHUP";
    case Signal.Interrupt: return "SIGINT";
    case Signal.Quit: return "SIGQUIT";
    case Signal.Illegal: return "SIGILL";
    case Signal.Trap: return "SIGTRAP";
    case Signal.Abort: return "SIGABRT";
    case Signal.Bus: return "SIGBUS";
    case Signal.FloatingPoint: return "SIGFPE";
    case Signal.Kill: return "SIGKILL";
    case Signal.User1: return "SIGUSR1";
    case Signal.Segmentation: return "SIGSEGV";
    case Signal.User2: return "SIGUSR2";
    case Signal.Pipe: return "SIGPIPE";
    case Signal.Alarm: return "SIGALRM";
    case Signal.Terminate: return "SIGTERM";
    case Signal.Child: return "SIGCHLD";
    case Signal.Continue: return "SIGCONT";
    case Signal.Stop: return "SIGSTOP";
    case Signal.TerminalStop: return "SIGTSTP";
    case Signal.TerminalInput: return "SIGTTIN";
    case Signal.TerminalOutput: return "SIGTTOU";
    case Signal.Urgent: return "SIGURG";
    case Signal.CpuTime: return "SIGXCPU";
    case Signal.FileSize: return "SIGXFSZ";
    case Signal.VirtualAlarm: return "SIGVTALRM";
    case Signal.Profile: return "SIGPROF";
    case Signal.WindowChange: return "SIGWINCH";
    case Signal.Poll: return "SIGPOLL";
    case Signal.Power: return "SIGPWR";
    case Signal.SystemCall: return "SIGSYS";
    default: return "signal " + (<i32>signal).toString();
  }
}

/** One for each signal that anybody has waited for. */
// @ts-ignore: decorator
@lazy const watches: Watch[] = [];

function watchOf(signal: Signal): Watch {
  for (let i = 0; i < watches.length; i++) {
    if (watches[i].signal == signal) return watches[i];
  }
  useLeaving(leaveAll);
  const watch = new Watch(signal);
  watches.push(watch);
  return watch;
}

/** Ends the waits that only tasks had which were cancelled. */
function leaveAll(): void {
  for (let i = 0; i < watches.length; i++) watches[i].leaveLost();
}

/** What a watch is about. */
const enum Phase {
  /** The signal has its usual effect. */
  Off,
  /** Is being switched on. */
  Opening,
  /** Is on, and nobody waits. */
  Kept,
  /** The same until a turn has passed, and then it is switched off. */
  Lapsing,
  /** Reads the next signal. */
  Reading,
  /** Is being switched off. */
  Closing,
}

/** A wait for one signal. */
// @ts-ignore: decorator
@final
class Wait extends GuestPromise<Result<Unit>> {
  /** The task that began it. */
  private task: PromiseBase | null = runningTask();

  constructor(readonly watch: Watch) {
    super();
    this.flags = State.Pending;
  }

  cancel(): void {
    if (this.isPending) this.watch.leave(this);
  }

  /** Nobody waits for it, and the task that began it was cancelled. */
  get isLost(): bool {
    const task = this.task;
    return this.waiters === null && task !== null && task.isCancelled;
  }

  /** It ends as it does because it was cancelled. */
  endEarly(): void {
    this.flags |= Flag.CancelTook;
    this.fulfill(this.watch.failure(-Errno.ECANCELED, 0));
  }
}

/** Who waits for a signal, and the host's handle of it. There is one operation at a time. */
class Watch {
  private phase: Phase = Phase.Off;
  private handle: u32 = 0;
  private waits: Wait[] = [];
  /** Those who were cancelled, and are told when it is known how the watch ends. */
  private left: Wait[] = [];
  private running: Operation<i64> | null = null;

  constructor(readonly signal: Signal) {}

  add(wait: Wait): void {
    this.waits.push(wait);
    const phase = this.phase;
    if (phase == Phase.Off) this.start(Phase.Opening, Op.WatchSignal);
    else if (phase == Phase.Kept || phase == Phase.Lapsing) this.start(Phase.Reading, Op.Read);
  }

  leave(wait: Wait): void {
    const place = this.waits.indexOf(wait);
    // Somebody asks a second time.
    if (place < 0) return;
    this.waits.splice(place, 1);
    if (this.waits.length > 0) return wait.endEarly();
    this.left.push(wait);
    if (this.phase != Phase.Closing) this.running!.cancel();
  }

  leaveLost(): void {
    for (let i = this.waits.length - 1; i >= 0; i--) {
      if (this.waits[i].isLost) this.waits[i].cancel();
    }
  }

  /** Nobody has waited for another Ctrl-C in the turn of the last one. */
  lapse(): void {
    if (this.phase == Phase.Lapsing) this.start(Phase.Closing, Op.Close);
  }

  failure(result: i64, osError: u32): Result<Unit> {
    const name = signalName(this.signal);
    return Result.err<Unit>(Error.fromResult(result, osError, "wait for signal", name));
  }

  /** What it was about is done. */
  proceed(result: i64, osError: u32): void {
    if (this.phase == Phase.Closing) {
      this.phase = Phase.Off;
      this.endLeft();
      if (this.waits.length > 0) this.start(Phase.Opening, Op.WatchSignal);
    } else if (this.phase == Phase.Opening) {
      if (result >= 0) this.handle = <u32>result;
      else if (result != -Errno.ECANCELED) this.tell(this.failure(result, osError));
      this.phase = result >= 0 ? Phase.Kept : Phase.Off;
      this.next();
    } else {
      this.phase = Phase.Kept;
      if (result == 0) result = -Errno.EIO;
      if (result > 0) this.told();
      else if (result != -Errno.ECANCELED) this.tell(this.failure(result, osError));
      else this.next();
    }
  }

  /** The signal has come. */
  private told(): void {
    const isWanted = this.waits.length > 0;
    this.tell(Result.unit());
    if (!isWanted) {
      this.start(Phase.Closing, Op.Close);
    } else if (this.signal == Signal.Interrupt) {
      this.phase = Phase.Lapsing;
      nextTurn().addWaiter(new Lapse(this));
    }
  }

  /** Nobody has been told anything: for whoever still waits it goes on. */
  private next(): void {
    if (this.waits.length > 0) {
      this.endLeft();
      const isOn = this.phase == Phase.Kept;
      this.start(isOn ? Phase.Reading : Phase.Opening, isOn ? Op.Read : Op.WatchSignal);
    } else if (this.phase == Phase.Kept) {
      this.start(Phase.Closing, Op.Close);
    } else {
      this.endLeft();
    }
  }

  private tell(result: Result<Unit>): void {
    const waits = this.waits;
    this.waits = [];
    for (let i = 0; i < waits.length; i++) waits[i].fulfill(result);
    const left = this.left;
    this.left = [];
    for (let i = 0; i < left.length; i++) left[i].fulfill(result);
  }

  private endLeft(): void {
    const left = this.left;
    this.left = [];
    for (let i = 0; i < left.length; i++) left[i].endEarly();
  }

  private start(phase: Phase, opcode: u32): void {
    this.phase = phase;
    const running = new SignalOperation(this, opcode, this.signal, this.handle);
    this.running = running;
    running.start();
  }
}

/** Waits a turn, in which whoever was told of Ctrl-C may wait for it again. */
// @ts-ignore: decorator
@final
class Lapse extends PromiseBase {
  constructor(private watch: Watch) {
    super();
  }

  wake(): void {
    this.watch.lapse();
  }
}

/** One step of a watch. */
// @ts-ignore: decorator
@final
class SignalOperation extends Operation<i64> {
  constructor(private watch: Watch, opcode: u32, signal: Signal, handle: u32) {
    super(opcode);
    if (opcode == Op.WatchSignal) this.flagBits = signal;
    else this.handle = handle;
    if (opcode == Op.Close) this.shield();
    if (opcode == Op.Read) {
      this.offset = Offset.Current;
      this.lend0(Vec.withCapacity<u8>(1), 1);
    }
  }

  protected settle(result: i64, osError: u32): i64 {
    this.watch.proceed(result, osError);
    return result;
  }
}
