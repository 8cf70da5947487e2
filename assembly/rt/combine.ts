import { Flag, State } from "./node";
import { Promise, PromiseBase } from "./promise";
import { enqueue } from "./scheduler";
import { panic } from "./panic";

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
  /** Which one was fulfilled first; −1 for none. */
  winner: i32 = -1;

  /** `first`: it ends with the first that is fulfilled, rather than with the last. */
  constructor(count: i32, readonly first: bool) {
    super();
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
  group.flags |= promise.flags & Flag.CancelTook;
  if (promise.state == State.Fulfilled) {
    if (group.winner < 0) {
      group.winner = member.index;
      if (group.first) releaseAll(group);
    }
  } else if (!group.first) {
    group.flags |= Flag.CancelRequested;
    releaseAll(group);
  }
  finish(group);
}

function finish(group: AnyCombined): void {
  if (group.left > 0) return;
  const isCancelled = group.first ? group.winner < 0 : (group.flags & Flag.CancelRequested) != 0;
  if (isCancelled) {
    group.flags |= Flag.CancelTook;
    group.end(State.Cancelled);
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
    super(promises.length, false);
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

/** What `Promise.race` returns. */
export class RacePromise<T> extends Combined<T> {
  private promises: Array<Promise<T>>;

  constructor(promises: Array<Promise<T>>) {
    super(promises.length, true);
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

/** What `select` returns. */
export class SelectPromise<A, B> extends Combined<Either<A, B>> {
  constructor(private a: Promise<A>, private b: Promise<B>) {
    super(2, true);
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
    super(2, false);
    enrol(this, 0, a);
    enrol(this, 1, b);
  }

  wake(): void {
    this.fulfill(new Both<A, B>(this.a, this.b));
  }
}
