import { __create } from "./create";
import { append, Flag, link, nodeAt, State } from "./node";
import { Promise, PromiseBase } from "./promise";
import { resume } from "./suspend";

/** The last of what is ready; its `next` is the first. */
let ready: PromiseBase | null = null;

/** What tasks that yield wait for, until the next tick fulfils it. */
let turn: Promise<void> | null = null;

// @ts-ignore: decorator
@inline
function setReady(last: usize): void {
  ready = changetype<PromiseBase | null>(last);
}

/** Makes one ready, behind the others. */
export function enqueue(node: usize): void {
  setReady(append(changetype<usize>(ready), node));
}

/**
 * Makes a new task ready, before the others: to its caller, which awaits it, that is as if it had
 * begun at once.
 */
export function enqueueFirst(node: usize): void {
  nodeAt(node).next = node;
  enqueueRing(node, true);
}

/** Makes a whole ring ready, given its last one: before the others, or behind them. */
// @ts-ignore: decorator
@inline
function enqueueRing(ring: usize, isFirst: bool): void {
  const last = changetype<usize>(ready);
  if (last) {
    const first = nodeAt(last).next;
    nodeAt(last).next = nodeAt(ring).next;
    link(last, nodeAt(ring).next);
    nodeAt(ring).next = first;
    link(ring, first);
    if (isFirst) return;
  }
  setReady(ring);
}

/**
 * Settles a promise, once; everybody who waits for it becomes ready. Whoever waits for a task goes
 * on before all others, as a caller does where an `await` calls the body of an async function and
 * there is no task: the order of events does not depend on what the compiler could do.
 */
export function settle(node: usize, state: i32): void {
  const flags = nodeAt(node).flags;
  if (flags & State.Mask) return;
  nodeAt(node).flags = flags | state;
  const waiters = nodeAt(node).waiters;
  if (waiters) {
    nodeAt(node).waiters = 0;
    enqueueRing(waiters, (flags & Flag.Task) != 0);
  }
}

/** A promise that is fulfilled when the next tick begins. */
export function nextTurn(): Promise<void> {
  let promise = turn;
  if (!promise) {
    promise = __create<Promise<void>>();
    promise.flags = Flag.Shared;
    turn = promise;
  }
  return promise;
}

/** Something is ready, or will be without the help of the host. */
export function hasReady(): bool {
  return ready != null || turn != null;
}

/**
 * How many may run in one tick. What becomes ready while a tick runs still runs in it, so that a
 * chain of awaits costs one turn and not one for each link; but tasks that go on waking one
 * another let the host have its turn after so many.
 */
const LIMIT: i32 = 4096;

/** Begins a tick: those who yielded in the last one are ready. */
export function beginTurn(): void {
  const promise = changetype<usize>(turn);
  if (promise) {
    turn = null;
    settle(promise, State.Fulfilled);
  }
}

/** Runs what is ready. */
export function runReady(): void {
  for (let left = LIMIT; left > 0; left--) {
    const last = changetype<usize>(ready);
    if (!last) return;
    const first = nodeAt(last).next;
    if (first == last) {
      setReady(0);
    } else {
      const second = nodeAt(first).next;
      nodeAt(last).next = second;
      link(last, second);
    }
    nodeAt(first).next = 0;
    if (nodeAt(first).flags & Flag.Task) resume(first);
    else wake(changetype<PromiseBase>(first));
  }
}

/** Not inlined where nothing is on the shadow stack: here `promise` is. */
function wake(promise: PromiseBase): void {
  promise.wake();
}
