/**
 * The operations in flight: a table of slots in typed arrays, so that neither starting nor
 * completing an operation allocates anything or looks at any other operation.
 *
 * Each slot belongs at most to one operation. Slots of the same handle are linked, so that closing
 * the handle finds them; free slots are linked through the same array.
 */

/** What stands for "no slot" and "no handle" in tables of indices. */
export const NONE = -1;

const FIRST_CAPACITY = 256;

/** What a slot is in. */
const enum SlotState {
  Free = 0,
  Active = 1,
  /** Active, and asked to stop. */
  Cancelling = 2,
}

/** The table of operations in flight. */
export class InFlight {
  /** How many operations are in flight. */
  count = 0;
  /** How many may be at most. */
  readonly limit: number;

  private records: Uint32Array;
  private generations: Uint32Array;
  private ops: Uint8Array;
  private states: Uint8Array;
  /** The index in the handle table, or -1. */
  private handles: Int32Array;
  private next: Int32Array;
  private previous: Int32Array;
  private free = NONE;
  /** Slots below this one have been used at least once. */
  private used = 0;

  constructor(limit: number) {
    this.limit = limit;
    const capacity = Math.min(FIRST_CAPACITY, limit);
    this.records = new Uint32Array(capacity);
    this.generations = new Uint32Array(capacity);
    this.ops = new Uint8Array(capacity);
    this.states = new Uint8Array(capacity);
    this.handles = new Int32Array(capacity);
    this.next = new Int32Array(capacity);
    this.previous = new Int32Array(capacity);
  }

  /** Slots from 0 up to this one may be active: what a teardown has to look at. */
  get highest(): number {
    return this.used;
  }

  /** Takes a slot. The caller has checked `count < limit`. */
  acquire(record: number, op: number): number {
    let slot = this.free;
    if (slot !== NONE) {
      this.free = this.next[slot]!;
    } else {
      slot = this.used;
      if (slot === this.records.length) this.grow();
      this.used = slot + 1;
    }
    this.count++;
    this.records[slot] = record;
    this.ops[slot] = op;
    this.states[slot] = SlotState.Active;
    this.handles[slot] = NONE;
    return slot;
  }

  /** Gives a slot back. It must be active and no longer linked. */
  release(slot: number): void {
    this.count--;
    this.states[slot] = SlotState.Free;
    this.generations[slot]!++;
    this.next[slot] = this.free;
    this.free = slot;
  }

  /** The address of the record of an active slot; 0 when the operation is the host's own. */
  record(slot: number): number {
    return this.records[slot]!;
  }

  /** Distinguishes the uses of a slot. */
  generation(slot: number): number {
    return this.generations[slot]!;
  }

  /** The `Op` of an active slot. */
  op(slot: number): number {
    return this.ops[slot]!;
  }

  /** The handle index that an active slot is linked to, or -1. */
  handle(slot: number): number {
    return this.handles[slot]!;
  }

  /** Notes which handle a slot closes; it is not linked. */
  setHandle(slot: number, handle: number): void {
    this.handles[slot] = handle;
  }

  /** Whether a completion names an operation that really is in flight. */
  isCurrent(slot: number, generation: number): boolean {
    return slot < this.used && this.states[slot] !== SlotState.Free &&
      this.generations[slot] === generation;
  }

  /**
   * Whether the operation in flight that `token` names is the one of the record at `record`. A token
   * comes from guest memory: any value is answered, and only the truth with true.
   */
  holds(token: number, record: number): boolean {
    return token < this.used && this.records[token] === record &&
      this.states[token] !== SlotState.Free;
  }

  /** Notes that the slot was asked to stop. @returns false when it was already, or is free. */
  markCancelling(slot: number): boolean {
    if (this.states[slot] !== SlotState.Active) return false;
    this.states[slot] = SlotState.Cancelling;
    return true;
  }

  /** Whether the slot is active and was asked to stop. */
  isCancelling(slot: number): boolean {
    return this.states[slot] === SlotState.Cancelling;
  }

  /** Links a slot to a handle whose list begins at `head`. @returns the new head. */
  link(slot: number, handle: number, head: number): number {
    this.handles[slot] = handle;
    this.next[slot] = head;
    this.previous[slot] = NONE;
    if (head !== NONE) this.previous[head] = slot;
    return slot;
  }

  /** Takes a linked slot off its handle's list. @returns the new head. */
  unlink(slot: number, head: number): number {
    const next = this.next[slot]!;
    const previous = this.previous[slot]!;
    if (next !== NONE) this.previous[next] = previous;
    if (previous === NONE) return next;
    this.next[previous] = next;
    return head;
  }

  /** The slot after a linked one on its handle's list, or -1. */
  following(slot: number): number {
    return this.next[slot]!;
  }

  private grow(): void {
    const capacity = Math.min(this.records.length * 2, this.limit);
    this.records = grown(this.records, new Uint32Array(capacity));
    this.generations = grown(this.generations, new Uint32Array(capacity));
    this.ops = grown(this.ops, new Uint8Array(capacity));
    this.states = grown(this.states, new Uint8Array(capacity));
    this.handles = grown(this.handles, new Int32Array(capacity));
    this.next = grown(this.next, new Int32Array(capacity));
    this.previous = grown(this.previous, new Int32Array(capacity));
  }
}

/** `larger`, with the contents of `old` at its beginning. */
function grown<A extends Uint32Array | Uint8Array | Int32Array>(old: A, larger: A): A {
  larger.set(old);
  return larger;
}
