/** One guest: links its imports, owns the parts, and runs it to its end. */
import type { Backend } from "./backend/backend.js";
import { selectBackend } from "./backend/select.js";
import { monotonicNow } from "./calls/time.js";
import type { Context } from "./context.js";
import { GuestFailure } from "./failure.js";
import { Right } from "./handles.js";
import { importsFor } from "./imports.js";
import type { Gate } from "./imports.js";
import { checkImports, findExports, instantiate } from "./link.js";
import type { Exports } from "./link.js";
import { Loop } from "./loop.js";
import { Namespace } from "./namespace.js";
import type { Parts } from "./parts.js";
import { GuestExit } from "./parts.js";

/** What an instance may be made with beyond its context. */
export interface InstanceOptions {
  /**
   * What performs the operations, by default the best that this machine has (or what the variable
   * `STD_BACKEND` names). It belongs to the instance from now on, which closes it.
   */
  readonly backend?: Backend;
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
  private phase = Phase.Linking;
  private readonly parts: Parts;
  private readonly exports: Exports;
  /** How the guest ended: a `GuestExit`, or whatever else was thrown by one of its imports. */
  private ending: unknown = null;

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
      const namespace = new Namespace(context.mounts, context.currentDir);
      const loop = new Loop(memory, backend, namespace, context.limits, context.grants);
      for (const [index, file] of context.stdio.entries()) {
        if (file === null) loop.handles.skip();
        else loop.handles.add(file, index === 0 ? Right.Read : Right.Write);
      }
      this.parts = { module, context, memory, loop, origin: context.monotonicClock.now() };
    } catch (error) {
      backend?.close();
      throw error;
    }
    this.phase = Phase.Ready;
  }

  /** The guest's memory, for embedders that know more about their guest. */
  get memory(): WebAssembly.Memory {
    return this.exports.memory.memory;
  }

  /**
   * Runs the guest to its end on this thread, which waits in the kernel whenever the guest does.
   * Everything the guest held is closed when this returns or throws.
   *
   * @returns the guest's exit code.
   * @throws GuestFailure when the guest ended in any other way than by its own exit.
   */
  run(): number {
    if (this.phase !== Phase.Ready) throw new Error("an instance runs only once");
    this.phase = Phase.Running;
    try {
      this.pump();
    } catch (thrown) {
      const ending = this.ending ?? thrown;
      if (ending instanceof GuestExit) return ending.code;
      throw asFailure(ending);
    } finally {
      this.close();
    }
  }

  /**
   * Ends the instance, whether or not it has run: cancels what is in flight, waits for that (one
   * second at most, should the kernel not let go), closes everything. Calling it again is harmless.
   */
  close(): void {
    this.phase = Phase.Ended;
    this.parts.loop.close();
  }

  /** Calls the guest and waits for the kernel in turns; ends only by throwing. */
  private pump(): never {
    const { loop, memory } = this.parts;
    let deadline = this.checked(this.exports.start());
    for (;;) {
      loop.renew();
      if (loop.queue.length !== 0 || deadline === 0) {
        // Nothing to wait for. What is in flight still gets its turn, so that a guest which always
        // has ready tasks does not starve it.
        if (!loop.isStill) loop.turn(0);
      } else if (deadline === Infinity) {
        if (loop.isStill) throw deadlock();
        loop.turn(-1);
      } else {
        loop.turn(Math.min(Math.max(0, deadline - monotonicNow(this.parts)), LONGEST_WAIT));
      }
      const count = loop.queue.deliver(memory, this.exports.completions);
      deadline = this.checked(this.exports.tick(count));
    }
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

function deadlock(): GuestFailure {
  return new GuestFailure("deadlock",
    "deadlock: main waits for something that nothing will complete");
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
