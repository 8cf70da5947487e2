/**
 * The module `std` as a guest sees it. Every function here is called by code that is not trusted:
 * before the guest was started, with whatever arguments its type declares, or after it has ended.
 */
import type { Parts } from "./parts.js";
import { chdir, info } from "./calls/env.js";
import { abort, exit, fail, panic } from "./calls/process.js";
import { trace } from "./calls/io.js";
import { random } from "./calls/random.js";
import { now } from "./calls/time.js";
import { terminal } from "./calls/tty.js";

/** Decides whether a guest may call now, and remembers how it ended. */
export interface Gate {
  /** The parts of the running instance. @throws when the guest does not run (any more). */
  enter(): Parts;
  /** Notes what a call threw; no later call is served. @returns what to throw. */
  leave(thrown: unknown): unknown;
}

/** The imports of one instance. */
export function importsFor(gate: Gate): Readonly<Record<string, Function>> {
  return {
    submit: submission(gate),
    cancel: guarded(gate, ({ loop }, record: number) => loop.cancel(record >>> 0)),
    now: guarded(gate, now),
    random: guarded(gate, random),
    info: guarded(gate, info),
    chdir: guarded(gate, chdir),
    terminal: guarded(gate, terminal),
    trace: guarded(gate, trace),
    exit: guarded(gate, exit),
    panic: guarded(gate, panic),
    abort: guarded(gate, abort),
    fail: guarded(gate, fail),
  };
}

/** The import `submit`: what `guarded` makes, written out, since it is called in every tick. */
function submission(gate: Gate): (list: number, count: number) => void {
  return (list, count) => {
    const { loop } = gate.enter();
    try {
      loop.renew();
      loop.submit(list >>> 0, count >>> 0);
    } catch (thrown) {
      throw gate.leave(thrown);
    }
  };
}

/**
 * Makes a call safe. Whatever it throws ends the guest, even where the guest's own code could catch
 * it: an overflow of the stack, for one, may have left the host's tables in the middle of a change.
 */
function guarded<A extends unknown[], R>(
  gate: Gate,
  call: (parts: Parts, ...args: A) => R,
): (...args: A) => R {
  return (...args) => {
    const parts = gate.enter();
    try {
      // Views may be those of before the guest grew its memory.
      parts.loop.renew();
      return call(parts, ...args);
    } catch (thrown) {
      throw gate.leave(thrown);
    }
  };
}
