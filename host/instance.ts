/** One guest: links its imports, owns the parts, and runs it to its end. */
import type { Backend } from "./backend/backend.js";
import { Router } from "./backend/router.js";
import { selectBackend } from "./backend/select.js";
import { MESSAGE_LIMIT } from "./calls/process.js";
import { monotonicNow } from "./calls/time.js";
import type { Context } from "./context.js";
import { reasonOf } from "./error-text.js";
import { GuestFailure } from "./failure.js";
import { flushing } from "./flush.js";
import type { Unwritten } from "./flush.js";
import { Right } from "./handles.js";
import { adopted, isNative } from "./given.js";
import { importsFor } from "./imports.js";
import type { Gate } from "./imports.js";
import { Driver, takeTurns } from "./integrated.js";
import type { SharingOptions } from "./integrated.js";
import { checkImports, findExports, instantiate } from "./link.js";
import type { Exports } from "./link.js";
import { Loop } from "./loop.js";
import { Namespace } from "./namespace.js";
import type { Parts } from "./parts.js";
import { GuestExit } from "./parts.js";
import type { Refusal } from "./refusals.js";

/** What an instance may be made with beyond its context. */
export interface InstanceOptions {
  /**
   * What performs the operations, by default the best that this machine has (or what the variable
   * `STD_BACKEND` names). It belongs to the instance from now on, which closes it.
   */
  readonly backend?: Backend;
}

/** How an instance runs in an application. */
export interface RunOptions extends SharingOptions {
  /** Stops the guest when aborted. */
  readonly signal?: AbortSignal;
}

/** In nanoseconds, some three months. When that is over the guest is asked again. */
const LONGEST_WAIT = 2 ** 53;

/** Where an instance is in its life. */
const enum Phase {
  Linking,
  Ready,
  Running,
  Ended,
}

/**
 * One guest. Any number can live in a process; they share nothing but what their contexts share.
 */
export class Instance {
  /** What the guest had printed when it ended and could not be written after that either. */
  readonly unwritten: Unwritten[] = [];

  private phase = Phase.Linking;
  private readonly parts: Parts;
  private readonly exports: Exports;
  /** How the guest ended: a `GuestExit`, or whatever else was thrown by one of its imports. */
  private ending: unknown = null;
  private isStarted = false;
  /** When the guest's nearest timer is due: what its last call has returned. */
  private deadline = Infinity;
  /** What drives the guest while it runs in the application's event loop. */
  private driver: Driver | null = null;

  /**
   * Links a guest; nothing of it runs yet.
   *
   * @throws GuestFailure of kind "load" when the module is not one that this host can run.
   */
  constructor(module: WebAssembly.Module, context: Context, options: InstanceOptions = {}) {
    const imports = importsFor(this.gate());
    let backend = options.backend;
    try {
      checkImports(module, imports);
      this.exports = findExports(instantiate(module, imports));
      backend ??= selectBackend();
      const { memory } = this.exports;
      const router = hasVirtual(context) ? new Router(backend) : null;
      backend = router ?? backend;
      const mounts = context.mounts?.map((one) => ({ ...one, dir: adopted(one.dir, router) }));
      const namespace = new Namespace(mounts ?? null, context.currentDir);
      const loop = new Loop(memory, backend, namespace, context.limits, context.grants);
      for (const [index, file] of context.stdio.entries()) {
        if (file === null) loop.handles.skip();
        else loop.handles.add(adopted(file, router), index === 0 ? Right.Read : Right.Write);
      }
      this.parts = { module, context, memory, loop, origin: context.monotonicClock.now() };
    } catch (error) {
      backend?.close();
      throw error;
    }
    this.phase = Phase.Ready;
  }

  /** What the guest was refused since it was not granted: the last few, the latest at the end. */
  get refused(): readonly Refusal[] {
    return this.parts.loop.refusals.list;
  }

  /** The guest's memory, for embedders that know more about their guest. */
  get memory(): WebAssembly.Memory {
    return this.exports.memory.memory;
  }

  /**
   * Runs the guest to its end in the event loop of the application that it lives in: nothing
   * blocks, and everything else goes on beside it. What the guest held is closed in the end.
   *
   * @returns the guest's exit code.
   * @throws GuestFailure when the guest ended in any other way than by its own exit.
   */
  async run(options: RunOptions = {}): Promise<number> {
    this.begin();
    const { signal } = options;
    const abort = (): void => this.stop(`it was stopped: ${reasonOf(signal?.reason)}`);
    const { loop } = this.parts;
    try {
      this.driver = new Driver(() => this.step(), loop.backend, options);
      signal?.addEventListener("abort", abort);
      if (signal?.aborted === true) abort();
      return await this.driver.ended;
    } catch (thrown) {
      return this.codeOf(thrown);
    } finally {
      signal?.removeEventListener("abort", abort);
      this.driver = null;
      this.phase = Phase.Ended;
      await takeTurns(this.flushing(), loop.backend, () => loop.turn(0));
      await takeTurns(loop.closing(), loop.backend, () => loop.turn(0));
    }
  }

  /**
   * Runs the guest to its end on this thread, which waits in the kernel whenever the guest does.
   * The thread does nothing else meanwhile: no event of the application's is served. What the
   * guest held is closed when this returns or throws.
   *
   * @returns the guest's exit code.
   * @throws GuestFailure when the guest ended in any other way than by its own exit.
   */
  runBlocking(): number {
    this.begin();
    try {
      const { loop } = this.parts;
      if (!loop.backend.canWait) throw unblockable(loop.backend.name);
      this.start();
      for (;;) {
        const pause = this.pause();
        // What is in flight gets its turn even when there is nothing to wait for, so that a guest
        // which always has ready tasks does not starve it.
        if (pause > 0) loop.turn(pause === Infinity ? -1 : Math.min(pause, LONGEST_WAIT));
        else if (!loop.isStill) loop.turn(0);
        this.tick();
      }
    } catch (thrown) {
      return this.codeOf(thrown);
    } finally {
      this.parts.loop.take(this.flushing());
      this.close();
    }
  }

  /**
   * Ends the guest, which runs in this thread's event loop: its `run` fails with a GuestFailure of
   * kind "stopped". Without effect on one that has ended.
   */
  stop(reason = "it was stopped"): void {
    this.ending ??= new GuestFailure("stopped", reason);
    this.driver?.poke();
  }

  /**
   * Ends the instance, whether or not it has run: cancels what is in flight, waits for that (one
   * second at most, should the kernel not let go), closes everything. Calling it again is harmless.
   */
  close(): void {
    this.phase = Phase.Ended;
    this.parts.loop.close();
  }

  /** Writes what the guest has printed and not written. */
  private flushing(): Generator<number, void, void> {
    return flushing(this.parts.loop, this.exports.completions, this.unwritten);
  }

  private begin(): void {
    if (this.phase !== Phase.Ready) throw new Error("an instance runs only once");
    this.phase = Phase.Running;
  }

  /** Calls the guest for the first time. */
  private start(): void {
    this.isStarted = true;
    this.deadline = this.checked(this.exports.start());
  }

  /** One turn that does not wait. @returns how long there is nothing to do then. */
  private step(): number {
    if (this.ending !== null) throw this.ending;
    const { loop } = this.parts;
    if (!this.isStarted) {
      this.start();
    } else {
      const pause = this.pause();
      if (!loop.isStill) loop.turn(0);
      if (pause > 0 && loop.queue.length === 0) return pause;
      this.tick();
    }
    // What the guest has just submitted the backend has to be told of.
    return loop.staging.count > 0 ? 0 : this.pause();
  }

  /** Tells the guest what has completed, and runs what that made ready. */
  private tick(): void {
    const { loop, memory } = this.parts;
    const count = loop.queue.deliver(memory, this.exports.completions);
    this.deadline = this.checked(this.exports.tick(count));
  }

  /** The exit code that was thrown. @throws GuestFailure if it was something else. */
  private codeOf(thrown: unknown): number {
    const ending = this.ending ?? thrown;
    if (ending instanceof GuestExit) return ending.code;
    throw asFailure(ending);
  }

  /** How long there is nothing to do unless something completes, in nanoseconds. */
  private pause(): number {
    const { loop } = this.parts;
    loop.renew();
    if (loop.queue.length !== 0 || this.deadline === 0) return 0;
    if (this.deadline !== Infinity) return Math.max(0, this.deadline - monotonicNow(this.parts));
    if (loop.isStill) throw this.deadlock();
    return Infinity;
  }

  /** Checks what the guest returned: when its nearest timer is due. */
  private checked(deadline: unknown): number {
    // The guest may have caught what an import threw, with an exception handler of its own.
    if (this.ending !== null) throw this.ending;
    if (typeof deadline !== "number" || Number.isNaN(deadline)) {
      const what = typeof deadline === "number" ? "NaN" : `a value of type ${typeof deadline}`;
      throw new GuestFailure("fault", `its _start or _tick returned ${what}, not a time`);
    }
    return deadline;
  }

  /** The failure of a guest that waits for nothing; it says where each task waits if it knows. */
  private deadlock(): GuestFailure {
    const message = "deadlock: main waits for something that nothing will complete";
    const { waiting, memory } = this.exports;
    if (waiting === null) {
      return new GuestFailure("deadlock", `${message} (compiled with --debug it says where)`);
    }
    const where = waiting();
    this.parts.loop.renew();
    return new GuestFailure("deadlock",
      message + memory.string(Number(where) >>> 0, MESSAGE_LIMIT));
  }

  private gate(): Gate {
    return {
      enter: () => {
        if (this.phase !== Phase.Running) {
          throw new GuestFailure("fault", "it called the host outside of its run");
        }
        if (this.ending !== null) throw this.ending;
        return this.parts;
      },
      leave: (thrown) => {
        this.ending ??= thrown;
        return thrown;
      },
    };
  }
}

/** Whether a context holds anything that the backend knows nothing of. */
function hasVirtual({ stdio, mounts }: Context): boolean {
  const given = [...stdio.filter((file) => file !== null), ...(mounts ?? []).map(({ dir }) => dir)];
  return given.some((resource) => !isNative(resource));
}

function unblockable(name: string): TypeError {
  return new TypeError(`the backend ${name} lives by the event loop: use run, not runBlocking`);
}

/** What an engine throws, as a failure of the guest. */
function asFailure(thrown: unknown): GuestFailure {
  if (thrown instanceof GuestFailure) return thrown;
  if (thrown instanceof WebAssembly.RuntimeError) {
    return new GuestFailure("trap", thrown.message, { cause: thrown });
  }
  if (thrown instanceof RangeError) {
    return new GuestFailure("trap", `stack overflow (${thrown.message})`, { cause: thrown });
  }
  const message = thrown instanceof Error ? thrown.message : "an exception that nothing caught";
  return new GuestFailure("fault", message, { cause: thrown });
}
