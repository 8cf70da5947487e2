/**
 * What TypeScript has to know of an app, beside AssemblyScript's own types and the sources of
 * `std/*`: so that editors and `tsc --noEmit` understand it.
 */
/// <reference types="assemblyscript/std/types/assembly/index.d.ts" />

/**
 * A value that will be there later. Any number of tasks may await one. An async function returns
 * one, and `new Promise<T>()` makes one that somebody fulfils by hand.
 */
declare class Promise<T> {
  constructor();

  /** A promise that has its value already. */
  static resolve(): Promise<void>;
  static resolve<T>(value: T): Promise<T>;

  /**
   * The values of all of them, in their order. When one is cancelled the others are asked to end
   * early, and the whole is cancelled once they have.
   */
  static all<T>(promises: Array<Promise<T>>): Promise<Array<T>>;

  /** The value of the first that has one; the others are cancelled, and waited for. */
  static race<T>(promises: Array<Promise<T>>): Promise<T>;

  /** Neither fulfilled nor cancelled yet. */
  readonly isPending: bool;

  /** It has a value. */
  readonly isFulfilled: bool;

  /** It will never have a value: it was cancelled. */
  readonly isCancelled: bool;

  /** The value of one that is fulfilled; the app dies with a message if it is not. */
  unwrap(): T;

  /** Gives it its value. Of no effect once it settled. */
  fulfill(value: T): void;

  /** The same for a `Promise<void>`. */
  fulfillVoid(): void;

  /**
   * Asks it to end early. A request: an operation still completes, with an error or with its
   * result; a task passes the request on to what it awaits. Of no effect once it settled.
   */
  cancel(): void;
}

/** What TypeScript calls the type of `Promise`. */
interface PromiseConstructor {
  new <T>(): Promise<T>;
}

/** What TypeScript takes for something that can be awaited. */
interface PromiseLike<T> extends Promise<T> {}

/** The type of what is awaited, as written. */
type Awaited<T> = T;

// What AssemblyScript's runtime offers to code that looks after memory itself.
declare function __new(size: usize, id: u32): usize;
declare function __renew(pointer: usize, size: usize): usize;
declare function __link(parent: usize, child: usize, expectMultiple: bool): void;
declare function __pin(pointer: usize): usize;
declare function __unpin(pointer: usize): void;
declare function __visit(pointer: usize, cookie: u32): void;
declare function __collect(): void;

/** What std asks AssemblyScript's runtime. */
declare module "rt/common" {
  /** How many bytes an object may have. */
  export const OBJECT_MAXSIZE: usize;
}
