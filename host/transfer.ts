/**
 * The short way of reads and writes, which are nearly all that a busy guest does: while nothing is
 * out of the ordinary, one loop takes such operations from the guest's records to the stage, and
 * another takes their completions back. Both look before they touch anything, and stop at whatever
 * they do not expect, errors among it: that goes the general way in `loop.ts`, which alone decides
 * what becomes of it.
 *
 * Here the tables are used directly, and nothing in the loops calls anything that the engine would
 * not put into them: so it finds out once for a whole batch where the tables are, and every call
 * that remained would cost as much as the work itself.
 */
import { Op } from "./abi.js";
import { CompletionWord, StageLayout, SubmissionWord } from "./backend/stage.js";
import { EntryWord, INDEX_BITS, INDEX_MASK, Right } from "./handles.js";
import { NONE, OWN_RECORD, SlotWord } from "./inflight.js";
import type { Loop } from "./loop.js";

const ALL_ONES = 0xffffffff;

/**
 * Submits records of the guest's list, of `count` entries, from the one with number `from` on, as
 * long as they are reads and writes that have nothing out of the ordinary.
 *
 * @returns the number of the first that was not submitted.
 */
export function startTransfers(loop: Loop, list: number, from: number, count: number): number {
  const { memory, inFlight, handles, staging } = loop;
  const { words } = staging;
  const entries = handles.table;
  const slots = inFlight.table;
  const end = Math.min(count, from + staging.room);
  // A slot that was used before is there whenever the limit is not reached.
  let slot = inFlight.free;
  let index = from;
  for (; index < end && slot !== NONE; index++) {
    const record = memory.word(list + index * 4);
    if (!memory.holdsRecord(record)) break;
    const at = record >>> 2;
    const op = memory.opcode(at);
    if (op !== Op.Read && op !== Op.Write) break;
    if (inFlight.holds(memory.token(at), record)) break;
    if ((memory.flags(at) | memory.pointer1(at) | memory.length1(at)) !== 0) break;
    const low = memory.offsetLow(at);
    const high = memory.offsetHigh(at);
    if (high > 0x7fffffff && (high !== ALL_ONES || low !== ALL_ONES)) break;
    const pointer = memory.pointer0(at);
    const length = memory.length0(at);
    if (!memory.contains(pointer, length)) break;

    const handle = memory.handle(at);
    const entry = (handle & INDEX_MASK) << EntryWord.Shift;
    if ((handle & INDEX_MASK) >= handles.used) break;
    if (entries[entry + EntryWord.Tag] !== handle >>> INDEX_BITS) break;
    const right = op === Op.Read ? Right.Read : Right.Write;
    if ((entries[entry + EntryWord.Rights]! & right) === 0) break;
    const descriptor = entries[entry + EntryWord.Descriptor]!;
    if (descriptor < 0) break;

    // From here on nothing can fail.
    const to = (StageLayout.Submissions >> 2) +
      (staging.count + index - from) * SubmissionWord.Count;
    words[to + SubmissionWord.Op] = op;
    words[to + SubmissionWord.Slot] = slot;
    words[to + SubmissionWord.Descriptor] = descriptor;
    words[to + SubmissionWord.Pointer0] = pointer;
    words[to + SubmissionWord.Length0] = length;
    words[to + SubmissionWord.OffsetLow] = low;
    words[to + SubmissionWord.OffsetHigh] = high;
    words[to + SubmissionWord.Flags] = 0;
    words[to + SubmissionWord.Argument] = entries[entry + EntryWord.Argument]!;
    words[to + SubmissionWord.Generation] = slots[(slot << SlotWord.Shift) + SlotWord.Generation]!;
    memory.writeToken(at, slot);
    slot = occupy(slots, slot, record, op, entries, entry);
  }
  inFlight.free = slot;
  inFlight.count += index - from;
  staging.count += index - from;
  return index;
}

/** Takes a free slot, and puts it at the head of its handle's list. @returns the next free one. */
function occupy(
  slots: Int32Array,
  slot: number,
  record: number,
  op: number,
  entries: Int32Array,
  entry: number,
): number {
  const place = slot << SlotWord.Shift;
  const next = slots[place + SlotWord.Next]!;
  const head = entries[entry + EntryWord.Head]!;
  slots[place + SlotWord.Record] = record;
  slots[place + SlotWord.Op] = op;
  slots[place + SlotWord.Handle] = entry >> EntryWord.Shift;
  slots[place + SlotWord.Next] = head;
  slots[place + SlotWord.Previous] = NONE;
  if (head !== NONE) slots[(head << SlotWord.Shift) + SlotWord.Previous] = slot;
  entries[entry + EntryWord.Head] = slot;
  return next;
}

/**
 * Takes completions of the stage, of which there are `count`, to the guest, from the one with
 * number `from` on, as long as they are those of reads and writes which have succeeded, on handles
 * that are not about to be closed, and which nobody wanted cancelled.
 *
 * @returns the number of the first that was not taken.
 */
export function endTransfers(loop: Loop, from: number, count: number): number {
  const { memory, inFlight, handles, queue } = loop;
  const { words } = loop.staging;
  const entries = handles.table;
  const slots = inFlight.table;
  const end = Math.min(count, from + queue.room);
  let free = inFlight.free;
  let index = from;
  for (; index < end; index++) {
    const at = (StageLayout.Completions >> 2) + index * CompletionWord.Count;
    const slot = words[at + CompletionWord.Slot]!;
    if (words[at + CompletionWord.ResultHigh] !== 0 || slot >= inFlight.used) break;
    const place = slot << SlotWord.Shift;
    const generation = slots[place + SlotWord.Generation]!;
    if ((words[at + CompletionWord.Generation]! | 0) !== generation) break;
    const record = slots[place + SlotWord.Record]! >>> 0;
    if (record <= OWN_RECORD) break;
    // Once cancelling was asked for there are more bits in this word.
    const op = slots[place + SlotWord.Op];
    if (op !== Op.Read && op !== Op.Write) break;
    const entry = slots[place + SlotWord.Handle]! << EntryWord.Shift;
    if (entries[entry + EntryWord.Closer] !== NONE) break;

    const next = slots[place + SlotWord.Next]!;
    const previous = slots[place + SlotWord.Previous]!;
    if (next !== NONE) slots[(next << SlotWord.Shift) + SlotWord.Previous] = previous;
    if (previous === NONE) entries[entry + EntryWord.Head] = next;
    else slots[(previous << SlotWord.Shift) + SlotWord.Next] = next;
    slots[place + SlotWord.Record] = 0;
    slots[place + SlotWord.Generation] = generation + 1;
    slots[place + SlotWord.Next] = free;
    free = slot;
    memory.writeResult(record >>> 2, words[at + CompletionWord.ResultLow]!, 0, 0);
    queue.put(index - from, record);
  }
  inFlight.free = free;
  inFlight.count -= index - from;
  queue.length += index - from;
  return index;
}
