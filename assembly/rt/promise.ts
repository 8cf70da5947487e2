import { Errno } from "../abi/errno";
import { endCancelled } from "./cancelling";
import { __create } from "./create";
import { Slot } from "./slot";
import { append, Flag, Node, nodeAt, State } from "./node";
import { freeRecordOf, reuse, submitAgain, takeBack } from "./operation";
import { settle } from "./scheduler";
import { panic } from "./panic";
import { suspend } from "./suspend";
import { AllPromise, RacePromise } from "./combine";

/**
 * The part of a promise that does not depend on the type of its value: what the scheduler sees.
 *
 * Whatever waits is a promise too: a task, or the member of a combinator. It waits for one promise
 * at a time, so that one `next` is enough to keep it in that promise's ring of waiters or, later,
 * in the run queue's.
 */
export abstract class PromiseBase extends Slot {
  /** A `State`, and bits of `Flag`. */
  flags: i32 = State.Pending;
  /** The next one in the ring that it is in. */
  next: PromiseBase | null = null;
  /** The last of those who wait for it; its `next` is the first. */
  waiters: PromiseBase | null = null;

  /** Its `State`. */
  // @ts-ignore: decorator
  @inline
  get state(): i32 {
    return this.flags & State.Mask;
  }

  /** Neither fulfilled nor cancelled yet. */
  get isPending(): bool {
    return this.state == State.Pending;
  }

  /** It has a value. */
  get isFulfilled(): bool {
    return this.state == State.Fulfilled;
  }

  /** It will never have a value: it was cancelled. */
  get isCancelled(): bool {
    return this.state == State.Cancelled;
  }

  /** It settled as it did because somebody cancelled it; it may have a value all the same. */
  get endedEarly(): bool {
    return (this.flags & Flag.CancelTook) != 0;
  }

  /**
   * Asks it to end early. A request: an operation still completes, with `ECANCELED` or with its
   * result; a task passes the request on to what it awaits, and ends at the second wait that was
   * cancelled so; a promise that has no other way to tell becomes cancelled, and so does every
   * task that awaits it. Asked a second time, what is shielded ends early, too. Of no effect once
   * it settled.
   */
  cancel(): void {
    if (this.state == State.Pending) this.flags |= Flag.CancelTook;
    endCancelled(changetype<usize>(this));
  }

  /** Settles it, once; everybody who waits for it becomes ready. */
  end(state: i32): void {
    settle(changetype<usize>(this), state);
  }

  /** Appends to those who wait for it. */
  addWaiter(waiter: PromiseBase): void {
    const last = append(changetype<usize>(this.waiters), changetype<usize>(waiter));
    this.waiters = changetype<PromiseBase>(last);
  }

  /** Takes out one of those who wait for it. */
  removeWaiter(waiter: PromiseBase): void {
    const last = this.waiters!;
    let before = last;
    while (before.next != waiter) before = before.next!;
    if (before == waiter) {
      this.waiters = null;
    } else {
      before.next = waiter.next;
      if (last == waiter) this.waiters = before;
    }
    waiter.next = null;
  }

  /**
   * `waiter`, one of those who wait for it, was asked to end early. Tells whether it is still
   * worth waiting: then this settles soon. Otherwise the waiter has been taken out.
   */
  release(waiter: PromiseBase): bool {
    const flags = this.flags;
    if (flags & Flag.Shielded) return true;
    if (flags & Flag.Shared || this.waiters!.next != this.waiters) {
      this.removeWaiter(waiter);
      return false;
    }
    this.cancel();
    return true;
  }

  /** Not a task: what it waited for has settled, and its turn has come. */
  wake(): void {}

  /** An operation: the host is done with it. */
  complete(result: i64, osError: u32): void {
    const isCancelled = (this.flags & Flag.CancelRequested) != 0;
    if (!isCancelled && this.retry(result)) {
      submitAgain(changetype<usize>(this));
      return;
    }
    takeBack(changetype<usize>(this));
    if (isCancelled) {
      if (result >= 0 && this.disposeLate(result)) result = -Errno.ECANCELED;
      if (result == -Errno.ECANCELED) this.flags |= Flag.CancelTook;
    }
    this.finish(result, osError);
    freeRecordOf(changetype<usize>(this));
    this.end(State.Fulfilled);
  }

  // The parts of `complete` that differ from operation to operation. They are here rather than in
  // `Operation<T>` so that there is one `complete`, and not one for each `T`.

  /**
   * Called first. Returns true to try once more: it may have changed the fields; what is lent stays
   * lent. Not asked when it was cancelled.
   */
  protected retry(result: i64): bool {
    return false;
  }

  /**
   * It was cancelled, and succeeded nevertheless. One whose result is a resource disposes of it
   * here and returns true; it then settles as with `ECANCELED`.
   */
  protected disposeLate(result: i64): bool {
    return false;
  }

  /** Makes the value, and keeps it. */
  protected finish(result: i64, osError: u32): void {}

  /** What it is, for a person who reads the async call chain; empty when nothing is to be said. */
  describe(): string {
    return "";
  }
}

// `Node` is the same memory.
if (
  offsetof<PromiseBase>("flags") != offsetof<Node>("flags") ||
  offsetof<PromiseBase>("next") != offsetof<Node>("next") ||
  offsetof<PromiseBase>("waiters") != offsetof<Node>("waiters")
) ERROR("rt/node.ts does not agree with rt/promise.ts");

/**
 * A value that will be there later. Any number of tasks may await one.
 *
 * An async function returns one; `new Promise<T>()` makes one that somebody fulfils by hand.
 */
// @ts-ignore: decorator
@global
export class Promise<T> extends PromiseBase {
  /** One that somebody fulfils by hand. Who stops waiting for it does not cancel it. */
  constructor() {
    super();
    this.flags = Flag.Shared;
  }

  /** A promise that has its value already. */
  static resolve<T>(value: T): Promise<T> {
    const promise = __create<Promise<T>>();
    promise.fulfill(value);
    return promise;
  }

  /** What `Promise.resolve()` becomes: the same without a value. */
  static resolveVoid(): Promise<void> {
    const promise = __create<Promise<void>>();
    promise.fulfillVoid();
    return promise;
  }

  /**
   * The values of all of them, in their order. When one is cancelled the others are asked to end
   * early, and the whole is cancelled once they have.
   */
  static all<T>(promises: Array<Promise<T>>): Promise<Array<T>> {
    return new AllPromise<T>(promises);
  }

  /** The value of the first that has one; the others are cancelled, and waited for. */
  static race<T>(promises: Array<Promise<T>>): Promise<T> {
    return new RacePromise<T>(promises);
  }

  /** The value, once it is fulfilled; a bug of the app before that. */
  unwrap(): T {
    if (this.state != State.Fulfilled) panic("the promise has no value");
    return this.get<T>();
  }

  /** For the compiled body of an async function: its value, just before it settles. */
  set value(value: T) {
    this.put<T>(value);
  }

  /** What `await` becomes. */
  // @ts-ignore: decorator
  @inline
  __await(): T {
    // A number from here on: whoever waits for it keeps it alive, and so it needs no root.
    const node = changetype<usize>(this);
    if ((nodeAt(node).flags & State.Mask) != State.Fulfilled) suspend(node);
    return valueOf<T>(node);
  }

  /** What `await` of the call of a `@fresh` function becomes: nobody else has the promise. */
  // @ts-ignore: decorator
  @inline
  __awaitFresh(): T {
    const node = changetype<usize>(this);
    if ((nodeAt(node).flags & State.Mask) != State.Fulfilled) suspend(node);
    // What has no value is no transfer, and so not used again.
    if (isVoid<T>()) return valueOf<T>(node);
    else return lastValueOf<T>(node);
  }

  /** Gives it its value. Of no effect once it settled. */
  fulfill(value: T): void {
    if (this.state != State.Pending) return;
    this.put<T>(value);
    this.end(State.Fulfilled);
  }

  /** The same for a `Promise<void>`. */
  fulfillVoid(): void {
    this.end(State.Fulfilled);
  }

  /** The value of a promise that is known to be fulfilled. */
  // @ts-ignore: decorator
  @inline
  unwrapValue(): T {
    return this.get<T>();
  }
}

/** The value of a promise that is fulfilled. */
function valueOf<T>(node: usize): T {
  return changetype<Promise<T>>(node).unwrapValue();
}

/** The same, where nobody has the promise any more. */
function lastValueOf<T>(node: usize): T {
  const value = changetype<Promise<T>>(node).unwrapValue();
  if (nodeAt(node).flags & Flag.Reusable) reuse(node);
  return value;
}
