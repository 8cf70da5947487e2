/**
 * The operations in flight: a table of slots in one typed array, so that neither starting nor
 * completing an operation allocates anything or looks at any other operation.
 *
 * Each slot belongs to one operation at most. Slots of the same handle are linked, so that closing
 * the handle finds them; free slots are linked through the same word.
 */

/** What stands for "no slot" and "no handle" in tables of indices. */
export const NONE = -1;

const FIRST_CAPACITY = 256;

/** Stands for the record of an operation of the host's own. No record can be at this address. */
export const OWN_RECORD = 1;

/** The words of a slot. */
export const enum SlotWord {
  /** The address of the guest's record, or `OWN_RECORD`; 0 when the slot is free. */
  Record = 0,
  /** Counts the uses of the slot. A free slot has the number of its next use. */
  Generation = 1,
  /** The `Op`, and `CANCELLING` once the operation was asked to stop. */
  Op = 2,
  /** The index in the handle table, or `NONE`. */
  Handle = 3,
  Next = 4,
  Previous = 5,
  /** What the guest may do with the handle that the operation gives: `Right` bits. */
  Rights = 6,
  /** log2 of the words of a slot. */
  Shift = 3,
}

const CANCELLING = 0x100;

/** The table of operations in flight. */
export class InFlight {
  /** How many operations are in flight. */
  count = 0;
  /**
   * How many may be at most while the guest runs: as many slots there are then. What closes all
   * that it leaves behind comes on top.
   */
  readonly limit: number;

  /** The words of all slots, `SlotWord`s. Another array once the table has grown. */
  table: Int32Array;
  /** The first free slot that was used before, or `NONE`. */
  free = NONE;
  /** Slots below this one have been used at least once. */
  used = 0;
  private capacity: number;

  constructor(limit: number) {
    this.limit = limit;
    this.capacity = Math.min(FIRST_CAPACITY, limit);
    this.table = new Int32Array(this.capacity << SlotWord.Shift);
  }

  /**
   * Takes a slot. While the guest runs the caller has checked `count < limit`.
   *
   * @param handle what the operation works on, or `NONE`; not linked by this.
   */
  acquire(record: number, op: number, handle: number): number {
    let slot = this.free;
    if (slot === NONE) slot = this.fresh();
    const at = slot << SlotWord.Shift;
    const { table } = this;
    this.free = table[at + SlotWord.Next]!;
    this.count++;
    table[at + SlotWord.Record] = record;
    table[at + SlotWord.Op] = op;
    table[at + SlotWord.Handle] = handle;
    return slot;
  }

  /** Gives a slot back. It must be active and no longer linked. */
  release(slot: number): void {
    const at = slot << SlotWord.Shift;
    const { table } = this;
    this.count--;
    table[at + SlotWord.Record] = 0;
    table[at + SlotWord.Generation]!++;
    table[at + SlotWord.Next] = this.free;
    this.free = slot;
  }

  /** The address of the record of an active slot, or `OWN_RECORD`; 0 when the slot is free. */
  record(slot: number): number {
    return this.table[(slot << SlotWord.Shift) + SlotWord.Record]! >>> 0;
  }

  /** Notes what the guest may do with what the operation gives. */
  setRights(slot: number, rights: number): void {
    this.table[(slot << SlotWord.Shift) + SlotWord.Rights] = rights;
  }

  /** What `setRights` noted. */
  rights(slot: number): number {
    return this.table[(slot << SlotWord.Shift) + SlotWord.Rights]!;
  }

  /** Distinguishes the uses of a slot; an unsigned number. */
  generation(slot: number): number {
    return this.table[(slot << SlotWord.Shift) + SlotWord.Generation]! >>> 0;
  }

  /** The `Op` of an active slot. */
  op(slot: number): number {
    return this.table[(slot << SlotWord.Shift) + SlotWord.Op]! & (CANCELLING - 1);
  }

  /** The handle index of an active slot, or `NONE`. */
  handle(slot: number): number {
    return this.table[(slot << SlotWord.Shift) + SlotWord.Handle]!;
  }

  /** Whether a completion names an operation that really is in flight. */
  isCurrent(slot: number, generation: number): boolean {
    return slot < this.used && this.generation(slot) === generation && this.record(slot) !== 0;
  }

  /**
   * Whether the operation in flight that `token` names is the one of the record at `record`, which
   * is a possible one. A token comes from guest memory: any value is answered, and only the truth
   * with true.
   */
  holds(token: number, record: number): boolean {
    return token < this.used && this.record(token) === record;
  }

  /** Notes that the slot was asked to stop. @returns false when it was already, or is free. */
  markCancelling(slot: number): boolean {
    if (this.record(slot) === 0 || this.isCancelling(slot)) return false;
    this.table[(slot << SlotWord.Shift) + SlotWord.Op]! |= CANCELLING;
    return true;
  }

  /** Whether the slot is active and was asked to stop. */
  isCancelling(slot: number): boolean {
    return this.record(slot) !== 0 &&
      (this.table[(slot << SlotWord.Shift) + SlotWord.Op]! & CANCELLING) !== 0;
  }

  /** Links a slot before `head`, the first of its handle's list. */
  link(slot: number, head: number): void {
    const at = slot << SlotWord.Shift;
    this.table[at + SlotWord.Next] = head;
    this.table[at + SlotWord.Previous] = NONE;
    if (head !== NONE) this.table[(head << SlotWord.Shift) + SlotWord.Previous] = slot;
  }

  /** Takes a linked slot off its handle's list, which begins at `head`. @returns the new head. */
  unlink(slot: number, head: number): number {
    const at = slot << SlotWord.Shift;
    const next = this.table[at + SlotWord.Next]!;
    const previous = this.table[at + SlotWord.Previous]!;
    if (next !== NONE) this.table[(next << SlotWord.Shift) + SlotWord.Previous] = previous;
    if (previous === NONE) return next;
    this.table[(previous << SlotWord.Shift) + SlotWord.Next] = next;
    return head;
  }

  /** The slot after a linked one on its handle's list, or `NONE`. */
  following(slot: number): number {
    return this.table[(slot << SlotWord.Shift) + SlotWord.Next]!;
  }

  /** A slot that was never used, as if it had been the only free one. */
  private fresh(): number {
    const slot = this.used;
    if (slot === this.capacity) {
      this.capacity *= 2;
      const larger = new Int32Array(this.capacity << SlotWord.Shift);
      larger.set(this.table);
      this.table = larger;
    }
    this.used = slot + 1;
    this.table[(slot << SlotWord.Shift) + SlotWord.Next] = NONE;
    return slot;
  }
}
