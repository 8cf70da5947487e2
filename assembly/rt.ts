/** Tasks: start them, wait for several, or for the first of several. */

import { Both, Either, JoinPromise, SelectPromise, ShieldedPromise } from "./rt/combine";
import { nextTurn } from "./rt/scheduler";

export { Both, Either };

/**
 * Says that a task is meant to go on by itself: `spawn(serve(connection))`. It runs already; its
 * promise is returned for those who want to wait for it or cancel it.
 */
// @ts-ignore: decorator
@discardable
export function spawn<T>(task: Promise<T>): Promise<T> {
  return task;
}

/** Lets everything else that is ready, and the host, have its turn. */
export function yieldNow(): Promise<void> {
  // @ts-ignore: the global Promise is this one
  return nextTurn();
}

/**
 * Waits for whichever of two is fulfilled first. The other is cancelled, and waited for, so that
 * what it borrowed is given back. One that is cancelled cannot win: the other is waited for then,
 * and when both are cancelled so is the whole.
 */
export function select<A, B>(a: Promise<A>, b: Promise<B>): Promise<Either<A, B>> {
  // @ts-ignore: the global Promise is this one
  return new SelectPromise<A, B>(a, b);
}

/**
 * Waits for `promise`, in a task that was cancelled as well: for what cleaning up takes, such as
 * the end of a child. A first request to end early does not reach it, a second one does.
 */
export function shielded<T>(promise: Promise<T>): Promise<T> {
  // @ts-ignore: the global Promise is this one
  return new ShieldedPromise<T>(promise);
}

/** Waits for both. When one is cancelled the other is too, and so is the whole. */
export function join<A, B>(a: Promise<A>, b: Promise<B>): Promise<Both<A, B>> {
  // @ts-ignore: the global Promise is this one
  return new JoinPromise<A, B>(a, b);
}
