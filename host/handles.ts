/**
 * The handle table: what the guest's numbers stand for. A handle is an index and a generation, so
 * that a number kept after `close` stays invalid instead of naming whatever came next.
 */
import { Errno } from "./abi.js";
import { NONE } from "./inflight.js";
import type { Resource } from "./resource/resource.js";

const INDEX_BITS = 20;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
/** Indices end below the mask, so that no handle is ever `Handle.Root`. */
const HIGHEST_LIMIT = INDEX_MASK;
const GENERATION_MASK = 0xfff;
/** What the guest may do with a handle. */
export const enum Right {
  Read = 1,
  Write = 2,
  /** Change permissions, times and length. */
  Change = 4,
  /** Serve as the directory that a path is relative to. */
  At = 8,
  All = 15,
}

/** The table of one instance. Entries are named by index; `find` turns a handle into one. */
export class Handles {
  /** How many handles are open or closing. */
  count = 0;
  /** How many may be at most. */
  readonly limit: number;

  private readonly resources: (Resource | null)[] = [];
  private readonly rights: number[] = [];
  private readonly generations: number[] = [];
  /** The first operation in flight of each entry, or -1. */
  private readonly heads: number[] = [];
  /** The slot of the operation that closes the entry, or -1 while it is open. */
  private readonly closers: number[] = [];
  private readonly free: number[] = [];

  constructor(limit: number) {
    this.limit = Math.min(limit, HIGHEST_LIMIT);
  }

  /** Adds a resource. @returns its handle, or -1 when the table is full. */
  add(resource: Resource, rights: number): number {
    if (this.count >= this.limit) return NONE;
    this.count++;
    const index = this.free.pop() ?? this.append();
    this.resources[index] = resource;
    this.rights[index] = rights;
    return ((this.generations[index]! << INDEX_BITS) | index) >>> 0;
  }

  /** Uses up a number without giving it a resource: a standard stream that the guest has not got. */
  skip(): void {
    this.append();
  }

  /** The index of an open handle, or `-EBADF`, also when it is closing. */
  find(handle: number): number {
    const index = handle & INDEX_MASK;
    if (index >= this.resources.length || this.resources[index] === null) return -Errno.EBADF;
    if (this.generations[index] !== handle >>> INDEX_BITS) return -Errno.EBADF;
    return this.closers[index] === NONE ? index : -Errno.EBADF;
  }

  /** The index of an open handle with all of `rights`, or a negative `Errno`. */
  require(handle: number, rights: number): number {
    const index = this.find(handle);
    if (index < 0 || (this.rights[index]! & rights) === rights) return index;
    return (rights & (Right.Read | Right.Write)) !== 0 ? -Errno.EBADF : -Errno.EACCES;
  }

  /** The resource of an entry that is open or closing. */
  resource(index: number): Resource {
    return this.resources[index]!;
  }

  /** The first operation in flight on an entry, or -1. */
  head(index: number): number {
    return this.heads[index]!;
  }

  /** Notes which operation in flight is the first of an entry, or -1. */
  setHead(index: number, slot: number): void {
    this.heads[index] = slot;
  }

  /** The operation that waits to close the entry, or -1. */
  closer(index: number): number {
    return this.closers[index]!;
  }

  /** Makes an entry closing: from now on `find` no longer finds it. */
  setCloser(index: number, slot: number): void {
    this.closers[index] = slot;
  }

  /** Forgets an entry; its number becomes invalid and its index free for another. */
  remove(index: number): void {
    this.count--;
    this.resources[index] = null;
    this.closers[index] = NONE;
    this.generations[index] = (this.generations[index]! + 1) & GENERATION_MASK;
    this.free.push(index);
  }

  /** Takes everything out of the table, for a teardown. */
  drain(): Resource[] {
    const left = this.resources.filter((resource) => resource !== null);
    this.resources.length = this.free.length = this.count = 0;
    return left;
  }

  private append(): number {
    const index = this.resources.length;
    this.resources.push(null);
    this.rights.push(0);
    this.generations.push(0);
    this.heads.push(NONE);
    this.closers.push(NONE);
    return index;
  }
}
