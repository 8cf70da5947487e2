/**
 * The handle table: what the guest's numbers stand for. A handle is an index and a generation, so
 * that a number kept after `close` stays invalid instead of naming whatever came next. Generations
 * are few, so an index rests before it is used again: `RESTING` of them, first in, first out.
 */
import { Errno } from "./abi.js";
import { StageArgument } from "./backend/stage.js";
import { NONE } from "./inflight.js";
import type { Resource } from "./resource/resource.js";

/** A handle is a generation above so many bits of an index. */
export const INDEX_BITS = 20;
/** The bits of a handle that are its index. */
export const INDEX_MASK = (1 << INDEX_BITS) - 1;
/**
 * Handles end below 2^31: where two of them make one result, the upper one must not negate it. So
 * none is ever `Handle.Root`, a `CommandStream`, or what std takes for a handle that is closed.
 */
const GENERATION_MASK = 0x7ff;
/**
 * How many free indices there are before the first of them is used again. So a number comes back
 * after that many times 2 048 closes at the soonest; the price is a table of 128 KiB.
 */
const RESTING = 4096;
const HIGHEST_LIMIT = INDEX_MASK + 1 - RESTING;
const FIRST_ENTRIES = 64;

/** What the guest may do with a handle. */
export const enum Right {
  Read = 1,
  Write = 2,
  /** Change permissions, times and length; and what is in a directory. */
  Change = 4,
  /** Serve as the directory that a path is relative to. */
  At = 8,
  /** All that makes sense for files and the like. */
  All = 15,
  /** What remains of `All` in a directory that was granted for reading. */
  ReadOnly = 9,
  /** Wait for it and send it signals: all that makes sense for a child. */
  Child = 16,
}

/** The words of an entry. */
export const enum EntryWord {
  /** The generation that a handle needs to name the entry; `NONE` when it is free or closing. */
  Tag = 0,
  Rights = 1,
  Descriptor = 2,
  /** `StageArgument` bits that go with the descriptor. */
  Argument = 3,
  /** The first operation in flight on it, or `NONE`. */
  Head = 4,
  /** The slot of the operation that closes it, or `NONE` while it is open. */
  Closer = 5,
  Generation = 6,
  /** Of a free entry: the one that became free after it, or `NONE`. */
  Next = 7,
  /** log2 of the words of an entry. */
  Shift = 3,
}

function argumentOf({ isTerminal, isShared, kind }: Resource): number {
  if (kind === "socket") return StageArgument.Socket;
  if (kind === "child") return StageArgument.Child;
  return (isTerminal ? StageArgument.Terminal : 0) | (isShared ? StageArgument.Shared : 0);
}

/** The table of one instance. Entries are named by index; `require` turns a handle into one. */
export class Handles {
  /** How many handles are open or closing. */
  count = 0;
  /** How many may be at most. */
  readonly limit: number;

  /** The words of all entries, `EntryWord`s. Another array once the table has grown. */
  table = new Int32Array(FIRST_ENTRIES << EntryWord.Shift);
  /** Entries below this one have been used at least once. */
  used = 0;
  private readonly resources: (Resource | null)[] = [];
  /** The entry that has been free for the longest, the one for the shortest time; how many. */
  private oldest = NONE;
  private newest = NONE;
  private resting = 0;

  constructor(limit: number) {
    this.limit = Math.min(limit, HIGHEST_LIMIT);
  }

  /** Adds a resource. @returns its handle, or -1 when the table is full. */
  add(resource: Resource, rights: number): number {
    if (this.count >= this.limit) return -1;
    this.count++;
    const index = this.resting < RESTING ? this.append() : this.reuse();
    this.resources[index] = resource;
    const { table } = this;
    const at = index << EntryWord.Shift;
    const generation = table[at + EntryWord.Generation]!;
    table[at + EntryWord.Tag] = generation;
    table[at + EntryWord.Rights] = rights;
    table[at + EntryWord.Descriptor] = resource.descriptor;
    table[at + EntryWord.Argument] = argumentOf(resource);
    return ((generation << INDEX_BITS) | index) >>> 0;
  }

  /** Uses up a number without giving it a resource, for a standard stream that is not given. */
  skip(): void {
    this.append();
  }

  /** The index of an open handle with all of `rights`, or a negative `Errno`. */
  require(handle: number, rights: number): number {
    const index = handle & INDEX_MASK;
    if (index >= this.used) return -Errno.EBADF;
    const at = index << EntryWord.Shift;
    if (this.table[at + EntryWord.Tag] !== handle >>> INDEX_BITS) return -Errno.EBADF;
    if ((this.table[at + EntryWord.Rights]! & rights) === rights) return index;
    return (rights & (Right.Read | Right.Write)) !== 0 ? -Errno.EBADF : -Errno.EACCES;
  }

  /** The rights of an entry that is open or closing. */
  rights(index: number): number {
    return this.table[(index << EntryWord.Shift) + EntryWord.Rights]!;
  }

  /** The resource of an entry that is open or closing. */
  resource(index: number): Resource {
    return this.resources[index]!;
  }

  /** The descriptor of an entry that is open or closing; never negative. */
  descriptor(index: number): number {
    return this.table[(index << EntryWord.Shift) + EntryWord.Descriptor]!;
  }

  /** The `StageArgument` bits that go with the descriptor. */
  argument(index: number): number {
    return this.table[(index << EntryWord.Shift) + EntryWord.Argument]!;
  }

  /** Notes that from now on others have the descriptor, too. */
  share(index: number): void {
    this.table[(index << EntryWord.Shift) + EntryWord.Argument]! |= StageArgument.Shared;
  }

  /** The first operation in flight on an entry, or `NONE`. */
  head(index: number): number {
    return this.table[(index << EntryWord.Shift) + EntryWord.Head]!;
  }

  /** Notes which operation in flight is the first of an entry, or `NONE`. */
  setHead(index: number, slot: number): void {
    this.table[(index << EntryWord.Shift) + EntryWord.Head] = slot;
  }

  /** The operation that waits to close the entry, or `NONE`. */
  closer(index: number): number {
    return this.table[(index << EntryWord.Shift) + EntryWord.Closer]!;
  }

  /** Makes an entry closing: from now on `require` no longer finds it. */
  setCloser(index: number, slot: number): void {
    this.table[(index << EntryWord.Shift) + EntryWord.Closer] = slot;
    this.table[(index << EntryWord.Shift) + EntryWord.Tag] = NONE;
  }

  /** Forgets an entry; its number becomes invalid and its index free for another. */
  remove(index: number): void {
    const at = index << EntryWord.Shift;
    this.count--;
    this.resources[index] = null;
    this.table[at + EntryWord.Tag] = NONE;
    this.table[at + EntryWord.Closer] = NONE;
    this.table[at + EntryWord.Generation] =
      (this.table[at + EntryWord.Generation]! + 1) & GENERATION_MASK;
    this.rest(index);
  }

  /**
   * Takes out of the table what nothing is closing yet, for a teardown. A close waits for what is
   * in flight on its entry: where that is nothing, it is under way. @returns what was in it.
   */
  drain(): Resource[] {
    const left: Resource[] = [];
    for (const [index, resource] of this.resources.entries()) {
      if (resource === null) continue;
      if (this.closer(index) !== NONE && this.head(index) === NONE) continue;
      left.push(resource);
      this.remove(index);
    }
    return left;
  }

  /** Puts an index at the end of those that rest. */
  private rest(index: number): void {
    const { newest, table } = this;
    table[(index << EntryWord.Shift) + EntryWord.Next] = NONE;
    if (newest === NONE) this.oldest = index;
    else table[(newest << EntryWord.Shift) + EntryWord.Next] = index;
    this.newest = index;
    this.resting++;
  }

  /** Takes the index that has rested the longest; there is one. */
  private reuse(): number {
    const index = this.oldest;
    this.oldest = this.table[(index << EntryWord.Shift) + EntryWord.Next]!;
    if (this.oldest === NONE) this.newest = NONE;
    this.resting--;
    return index;
  }

  private append(): number {
    const index = this.used++;
    if (this.used << EntryWord.Shift > this.table.length) {
      const larger = new Int32Array(this.table.length * 2);
      larger.set(this.table);
      this.table = larger;
    }
    const at = index << EntryWord.Shift;
    this.table[at + EntryWord.Tag] = NONE;
    this.table[at + EntryWord.Head] = NONE;
    this.table[at + EntryWord.Closer] = NONE;
    this.resources.push(null);
    return index;
  }
}
