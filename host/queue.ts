/**
 * The records that have completed and wait for the guest's next tick: a ring of addresses.
 * Everything that completes goes through here, an operation refused at once as well as one that
 * took a minute, so that there is one order and one place that finishes.
 */
import { Completions } from "./abi.js";
import type { GuestMemory } from "./memory.js";

/** A queue of record addresses, first in, first out. */
export class CompletionQueue {
  /** How many records wait. */
  length = 0;
  private ring = new Uint32Array(Completions.Capacity);
  private head = 0;

  /** Appends a record. */
  push(record: number): void {
    if (this.length === this.ring.length) this.grow();
    this.ring[(this.head + this.length) & (this.ring.length - 1)] = record;
    this.length++;
  }

  /** How many records fit before the ring has to grow. */
  get room(): number {
    return this.ring.length - this.length;
  }

  /** Writes a record behind those that wait, `ahead` places further on; `length` counts it in. */
  put(ahead: number, record: number): void {
    this.ring[(this.head + this.length + ahead) & (this.ring.length - 1)] = record;
  }

  /** Moves as many records as one tick takes into the guest's array. @returns how many. */
  deliver(memory: GuestMemory, address: number): number {
    const count = Math.min(this.length, Completions.Capacity);
    const mask = this.ring.length - 1;
    for (let index = 0; index < count; index++) {
      memory.writeWord(address + index * 4, this.ring[(this.head + index) & mask]!);
    }
    this.head = (this.head + count) & mask;
    this.length -= count;
    return count;
  }

  private grow(): void {
    const larger = new Uint32Array(this.ring.length * 2);
    larger.set(this.ring.subarray(this.head));
    larger.set(this.ring.subarray(0, this.head), this.ring.length - this.head);
    this.ring = larger;
    this.head = 0;
  }
}
