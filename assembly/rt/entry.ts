import { Abi } from "../abi/version";
import { exit, toplevel } from "../abi/imports";
import { makeLiterals } from "./literals";
import { nextDeadline, onCompletions, onReclaim, onSubmit, onTimers } from "./hooks";
import { panic } from "./panic";
import { State } from "./node";
import { Promise, PromiseBase } from "./promise";
import { beginTurn, hasReady, runReady } from "./scheduler";

// What the compiled code names without importing it.
export { __Task } from "./task";
export { scratchFull } from "./suspend";
export { allocate, reallocate, release } from "./heap";
export { __finalize } from "./reclaim";
export { seed, trace } from "./host";
export { __create } from "./create";
export { abort, asyncChain } from "./panic";
export { __track, _waiting } from "./waiting";

export { _completions } from "./completions";

/** The version of the boundary that this was compiled with. */
export const _abi: i32 = Abi.Version;

/**
 * One turn: takes `count` completions, fires timers, runs what is ready, submits. Returns when it
 * wants the next one at the latest: see the contract of the boundary in `abi/`.
 */
export function _tick(count: i32): f64 {
  beginTurn();
  const completed = onCompletions;
  if (completed) completed(count);
  return turn();
}

/** The rest of a turn, from the timers on. */
function turn(): f64 {
  const timers = onTimers;
  if (timers) timers();
  runReady();
  const reclaim = onReclaim;
  if (reclaim) reclaim();
  const submitted = onSubmit;
  if (submitted) submitted();
  if (hasReady()) return 0;
  const next = nextDeadline;
  return next ? next() : Infinity;
}

/** Waits for `main`, and ends the process with its result. */
// @ts-ignore: decorator
@final
class MainWaiter extends PromiseBase {
  constructor(private main: PromiseBase, private hasCode: bool) {
    super();
  }

  wake(): void {
    const main = this.main;
    if (main.state == State.Cancelled) panic("main was cancelled");
    exit(this.hasCode ? changetype<Promise<i32>>(main).unwrapValue() : 0);
  }
}

/** What comes before `main`. */
// @ts-ignore: decorator
@inline
function begin(): void {
  // Where size counts the compiler packs them.
  if (ASC_SHRINK_LEVEL > 0) makeLiterals();
  toplevel();
}

/** What `_start` does: runs the top-level code and then `main`, once. */
// @ts-ignore: decorator
@global
export function __start<T>(main: () => T): f64 {
  begin();
  if (isVoid<T>()) {
    main();
    exit(0);
  } else if (isInteger<T>()) {
    exit(i32(main()));
  } else {
    const promise = main();
    watch(promise, promise instanceof Promise<i32>);
  }
  return turn();
}

function watch(main: PromiseBase, hasCode: bool): void {
  const waiter = new MainWaiter(main, hasCode);
  if (main.state == State.Pending) main.addWaiter(waiter);
  else waiter.wake();
}

/** The same for an app without `main`. */
// @ts-ignore: decorator
@global
export function __startEmpty(): f64 {
  begin();
  exit(0);
  return Infinity;
}
