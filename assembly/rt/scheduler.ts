import { Flag, Promise, PromiseBase, State } from "./promise";
import { resume } from "./suspend";

/** The last of what is ready; its `next` is the first. */
let ready: PromiseBase | null = null;

/** What tasks that yield wait for, until the next tick fulfils it. */
let turn: Promise<void> | null = null;

/** Makes one ready, behind the others. */
export function enqueue(promise: PromiseBase): void {
  const last = ready;
  if (last) {
    promise.next = last.next;
    last.next = promise;
  } else {
    promise.next = promise;
  }
  ready = promise;
}

/** Makes a whole ring ready, given its last one. */
export function enqueueRing(ring: PromiseBase): void {
  const last = ready;
  if (last) {
    const first = last.next;
    last.next = ring.next;
    ring.next = first;
  }
  ready = ring;
}

/** A promise that is fulfilled when the next tick begins. */
export function nextTurn(): Promise<void> {
  let promise = turn;
  if (!promise) {
    promise = new Promise<void>();
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
  const promise = turn;
  if (promise) {
    turn = null;
    promise.settle(State.Fulfilled);
  }
}

/** Runs what is ready. */
export function runReady(): void {
  for (let left = LIMIT; left > 0; left--) {
    const last = ready;
    if (!last) return;
    const first = last.next!;
    if (first == last) ready = null;
    else last.next = first.next;
    first.next = null;
    if (first.flags & Flag.Task) resume(first);
    else first.wake();
  }
}
