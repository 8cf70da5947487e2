/**
 * Answers of virtual resources, which are there at once or later, and how work that needs several
 * of them goes on.
 *
 * A method of a virtual resource may answer with a value or with a promise. Values matter: a tree
 * in memory then serves a guest that runs blockingly, where no promise could ever settle, and costs
 * no turn of the event loop. `Steps` are written once for both.
 */
import { Errno } from "../../abi.js";
import { errorText } from "../../error-text.js";

/** A value, or the promise of one. */
export type Answer<T> = T | PromiseLike<T>;

/** A failure with an error number of the ABI, which is what the guest is told. */
export class HostError extends Error {
  override readonly name = "HostError";
  readonly errno: Errno;

  /** @param errno the number; `Errno.Success` is none. */
  constructor(errno: Errno) {
    super(errorText(errno) ?? `error ${errno}`);
    this.errno = errno;
  }
}

/** Fails with an error number. */
export function fail(errno: Errno): never {
  throw new HostError(errno);
}

/**
 * Work in steps: a generator that hands out the promises it has to wait for and is given what they
 * became. Such work takes an answer by `yield* get(answer)` and other work by `yield* other()`.
 */
export type Steps<T> = Generator<PromiseLike<unknown>, T, unknown>;

/** Takes an answer, now or when it is there. */
export function* get<T>(answer: Answer<T>): Steps<T> {
  return isPromise(answer) ? (yield answer) as T : answer;
}

/** Whether an answer is not there yet. */
export function isPromise<T>(answer: Answer<T>): answer is PromiseLike<T> {
  return typeof answer === "object" && answer !== null && "then" in answer &&
    typeof answer.then === "function";
}

/**
 * Does work, and calls one of the two when it is over: before this returns if no step had to wait,
 * and never twice.
 */
export function perform<T>(
  steps: Steps<T>,
  done: (value: T) => void,
  failed: (error: unknown) => void,
): void {
  const advance = (step: () => IteratorResult<PromiseLike<unknown>, T>): void => {
    let next: IteratorResult<PromiseLike<unknown>, T>;
    try {
      next = step();
    } catch (error) {
      return failed(error);
    }
    if (next.done === true) return done(next.value);
    next.value.then(
      (value) => advance(() => steps.next(value)),
      (error: unknown) => advance(() => steps.throw(error)),
    );
  };
  advance(() => steps.next());
}

/** Work as an answer: what it gives, or the promise of that if a step had to wait. */
export function answer<T>(steps: Steps<T>): Answer<T> {
  const later = new Deferred<T>();
  perform(steps, (value) => later.resolve(value), (error) => later.reject(error));
  return later.now();
}

/**
 * A promise that is kept from outside, and whose callbacks run at once when it is: so one guest's
 * write can complete another's read without a turn of the event loop, and without there being one.
 */
export class Deferred<T> implements PromiseLike<T> {
  private state: "pending" | "kept" | "broken" = "pending";
  private value: T | undefined;
  private error: unknown;
  private callbacks: (() => void)[] = [];

  /** Whether neither `resolve` nor `reject` was called. */
  get isPending(): boolean {
    return this.state === "pending";
  }

  /** Keeps it; without effect the second time. */
  resolve(value: T): void {
    if (this.isPending) this.value = value;
    this.settle("kept");
  }

  /** Breaks it. */
  reject(error: unknown): void {
    if (this.isPending) this.error = error;
    this.settle("broken");
  }

  /** The value if it is there, this promise if not. @throws what it was broken with. */
  now(): Answer<T> {
    if (this.state === "broken") throw this.error;
    return this.state === "kept" ? this.value as T : this;
  }

  /** @inheritdoc */
  then<A = T, B = never>(
    kept?: ((value: T) => A | PromiseLike<A>) | null,
    broken?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    const next = new Deferred<A | B>();
    const call = (): void => {
      try {
        if (this.state === "kept") {
          next.follow(kept ? kept(this.value as T) : this.value as unknown as A);
        } else if (broken) {
          next.follow(broken(this.error));
        } else {
          next.reject(this.error);
        }
      } catch (error) {
        next.reject(error);
      }
    };
    if (this.isPending) this.callbacks.push(call);
    else call();
    return next;
  }

  private follow(answered: Answer<T>): void {
    if (isPromise(answered)) {
      answered.then((value) => this.resolve(value), (error: unknown) => this.reject(error));
    } else {
      this.resolve(answered);
    }
  }

  private settle(state: "kept" | "broken"): void {
    if (!this.isPending) return;
    this.state = state;
    const { callbacks } = this;
    this.callbacks = [];
    for (const call of callbacks) call();
  }
}

/** An answer that is `ECANCELED` as soon as the signal says so; what comes later is ignored. */
export function unlessAborted<T>(answered: Answer<T>, signal: AbortSignal): Answer<T> {
  if (!isPromise(answered)) return answered;
  const first = new Deferred<T>();
  const abort = (): void => first.reject(new HostError(Errno.ECANCELED));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  const ended = (): void => signal.removeEventListener("abort", abort);
  answered.then(
    (value) => (ended(), first.resolve(value)),
    (error: unknown) => (ended(), first.reject(error)),
  );
  return first;
}
