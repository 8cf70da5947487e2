import { endCancelled } from "./cancelling";
import { Flag, State } from "./node";
import { Promise, PromiseBase } from "./promise";
import { enqueue } from "./scheduler";
import { panic } from "./panic";

/** Of `Until.All`: one of them has no value, and never will. */
const NOBODY: i32 = -2;

/** What ends the wait of a combinator, and so asks those that are left to end early. */
export const enum Until {
  /** All are fulfilled, or one is cancelled. */
  All,
  /** One is fulfilled. Those that are cancelled do not count, unless all are. */
  Fulfilled,
  /** One has settled, whichever way. */
  Settled,
}

/** Waits for one promise on behalf of a combinator. */
// @ts-ignore: decorator
@final
export class Member extends PromiseBase {
  constructor(
    readonly group: PromiseBase,
    readonly index: i32,
    readonly promise: PromiseBase,
  ) {
    super();
  }

  wake(): void {
    arrived(asCombined(this.group), this);
  }
}

/**
 * A promise made of several. It settles once all of them have, so that nothing which one of them
 * borrowed is still lent; those that are no longer wanted are asked to end early.
 */
export abstract class Combined<T> extends Promise<T> {
  /** Those who wait. `null` where one has come, or waits no more. */
  members: StaticArray<Member | null>;
  /** How many still wait. */
  left: i32 = 0;
  /** Which one was first to be as `until` wants it; −1 for none, `NOBODY` where it cannot be. */
  winner: i32 = -1;

  constructor(count: i32, readonly until: Until) {
    super();
    this.flags = State.Pending;
    this.members = new StaticArray<Member | null>(count);
  }

  cancel(): void {
    cancelCombined(asCombined(this));
  }

  /** Makes the value, all having settled. */
  abstract wake(): void;
}

// They all look the same, whatever the type of their value.
type AnyCombined = Combined<void>;

// @ts-ignore: decorator
@inline
function asCombined(promise: PromiseBase): AnyCombined {
  return changetype<AnyCombined>(promise);
}

/** Waits for `promise` as the member `index` of `group`. */
export function enrol(group: PromiseBase, index: i32, promise: PromiseBase): void {
  const member = new Member(group, index, promise);
  asCombined(group).members[index] = member;
  asCombined(group).left++;
  if (promise.state == State.Pending) promise.addWaiter(member);
  else enqueue(changetype<usize>(member));
}

function arrived(group: AnyCombined, member: Member): void {
  group.members[member.index] = null;
  group.left--;
  const promise = member.promise;
  const until = group.until;
  group.flags |= promise.flags & Flag.CancelTook;
  if (promise.state == State.Fulfilled || (until == Until.Settled && !isCancelled(group))) {
    if (group.winner < 0) {
      group.winner = member.index;
      if (until != Until.All) releaseOnce(group);
    }
  } else if (until == Until.All) {
    group.winner = NOBODY;
    releaseOnce(group);
  }
  finish(group);
}

/** Those that are left have been asked to end early: by whoever wants the whole to, or by us. */
function isCancelled(group: AnyCombined): bool {
  return (group.flags & Flag.CancelRequested) != 0;
}

/** A second request would go through what is shielded. */
function releaseOnce(group: AnyCombined): void {
  if (isCancelled(group)) return;
  group.flags |= Flag.CancelRequested;
  releaseAll(group);
}

function finish(group: AnyCombined): void {
  if (group.left > 0) return;
  if (group.until == Until.All ? group.winner == NOBODY : group.winner < 0) {
    group.flags |= Flag.CancelTook;
    endCancelled(changetype<usize>(group));
  } else {
    (<PromiseBase>group).wake();
  }
}

/** Asks all that have not settled to end early. Those that others wait for are left to them. */
function releaseAll(group: AnyCombined): void {
  const members = group.members;
  for (let index = 0; index < members.length; index++) {
    const member = members[index];
    if (member == null || member.promise.state != State.Pending) continue;
    if (!member.promise.release(member)) {
      members[index] = null;
      group.left--;
      if (group.until == Until.All) group.winner = NOBODY;
    }
  }
}

function cancelCombined(group: AnyCombined): void {
  if (group.state != State.Pending) return;
  group.flags |= Flag.CancelRequested;
  releaseAll(group);
  finish(group);
}

/** What `Promise.all` returns. */
export class AllPromise<T> extends Combined<Array<T>> {
  constructor(private promises: Array<Promise<T>>) {
    super(promises.length, Until.All);
    // A copy: the app may change its array meanwhile.
    this.promises = promises.slice();
    for (let index = 0; index < promises.length; index++) enrol(this, index, promises[index]);
    if (!promises.length) this.wake();
  }

  wake(): void {
    this.fulfill(valuesOf<T>(this.promises));
  }
}

function valuesOf<T>(promises: Array<Promise<T>>): Array<T> {
  if (isVoid<T>()) {
    // std-shim lets `Array<void>` stand for an array of bytes.
    return changetype<Array<T>>(new Array<u8>(promises.length));
  }
  const values = new Array<T>(promises.length);
  for (let index = 0; index < promises.length; index++) {
    values[index] = promises[index].unwrapValue();
  }
  return values;
}

/**
 * What `Promise.race` returns. One that is cancelled cannot win: the others go on without it.
 * When all are cancelled so is the race.
 */
export class RacePromise<T> extends Combined<T> {
  private promises: Array<Promise<T>>;

  constructor(promises: Array<Promise<T>>) {
    super(promises.length, Until.Fulfilled);
    if (!promises.length) panic("Promise.race: there is nothing to wait for");
    this.promises = promises.slice();
    for (let index = 0; index < promises.length; index++) enrol(this, index, promises[index]);
  }

  wake(): void {
    const winner = this.promises[this.winner];
    if (isVoid<T>()) this.fulfillVoid();
    else this.fulfill(winner.unwrapValue());
  }
}

/** Which of two promises was fulfilled first, with its value. */
export class Either<A, B> {
  constructor(
    /** 0: the first one; 1: the second one. */
    readonly index: i32,
    private a: Promise<A>,
    private b: Promise<B>,
  ) {}

  /** The first one won. */
  get isFirst(): bool {
    return this.index == 0;
  }

  /** The second one won. */
  get isSecond(): bool {
    return this.index == 1;
  }

  /** The value of the first one, if it won; else a bug of the app. */
  get first(): A {
    if (this.index != 0) panic("select: it was the second that won");
    return this.a.unwrap();
  }

  /** The value of the second one, if it won; else a bug of the app. */
  get second(): B {
    if (this.index != 1) panic("select: it was the first that won");
    return this.b.unwrap();
  }
}

/** What `select` returns: a race of two, whose values have types of their own. */
export class SelectPromise<A, B> extends Combined<Either<A, B>> {
  constructor(private a: Promise<A>, private b: Promise<B>) {
    super(2, Until.Fulfilled);
    enrol(this, 0, a);
    enrol(this, 1, b);
  }

  wake(): void {
    this.fulfill(new Either<A, B>(this.winner, this.a, this.b));
  }
}

/** The values of two promises. */
export class Both<A, B> {
  constructor(private a: Promise<A>, private b: Promise<B>) {}

  /** The value of the first one. */
  get first(): A {
    return this.a.unwrap();
  }

  /** The value of the second one. */
  get second(): B {
    return this.b.unwrap();
  }
}

/** What `join` returns. */
export class JoinPromise<A, B> extends Combined<Both<A, B>> {
  constructor(private a: Promise<A>, private b: Promise<B>) {
    super(2, Until.All);
    enrol(this, 0, a);
    enrol(this, 1, b);
  }

  wake(): void {
    this.fulfill(new Both<A, B>(this.a, this.b));
  }
}

/** What `shielded` returns: waits for a promise, and passes on a second request alone. */
// @ts-ignore: decorator
@final
export class ShieldedPromise<T> extends Promise<T> {
  constructor(private promise: Promise<T>) {
    super();
    this.flags = State.Pending;
    if (promise.isPending) promise.addWaiter(this);
    else enqueue(changetype<usize>(this));
  }

  cancel(): void {
    const promise = this.promise;
    if (this.flags & Flag.CancelRequested && promise.isPending) {
      this.flags |= Flag.Insisted;
      if (!promise.release(this)) super.cancel();
    }
    this.flags |= Flag.CancelRequested;
  }

  wake(): void {
    const promise = this.promise;
    // What it does with its own promises is not what the request has done, unless it was passed on.
    if (this.flags & Flag.Insisted) this.flags |= promise.flags & Flag.CancelTook;
    if (promise.isCancelled) super.cancel();
    else if (isVoid<T>()) this.fulfillVoid();
    else this.fulfill(promise.unwrapValue());
  }
}
