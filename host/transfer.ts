/**
 * The short way of reads and writes, which are nearly all that a busy guest does: when nothing is
 * out of the ordinary, one straight piece of code takes such an operation from the guest's record
 * to the stage, and another takes its completion back. Both look before they touch anything, and
 * leave whatever they do not expect, errors among it, to the general way in `loop.ts`, which alone
 * decides what becomes of that.
 *
 * Here the tables are used directly. The engine does not put all of the general way's functions
 * into one, and every call that remains costs as much as the work itself.
 */
import { Op } from "./abi.js";
import { CompletionWord, StageLayout, SubmissionWord } from "./backend/stage.js";
import { EntryWord, INDEX_BITS, INDEX_MASK, Right } from "./handles.js";
import { NONE, OWN_RECORD, SlotWord } from "./inflight.js";
import type { Loop } from "./loop.js";

const ALL_ONES = 0xffffffff;

/**
 * Submits the guest's record when it is a read or write that has nothing out of the ordinary.
 *
 * @returns false when it did nothing.
 */
export function startTransfer(loop: Loop, record: number): boolean {
  const { memory, inFlight, handles, staging } = loop;
  const slot = inFlight.free;
  // A slot that was used before is there whenever the limit is not reached.
  if (slot === NONE || staging.isFull || !memory.holdsRecord(record)) return false;
  const at = record >>> 2;
  const op = memory.opcode(at);
  if (op !== Op.Read && op !== Op.Write) return false;
  if (inFlight.holds(memory.token(at), record)) return false;
  if ((memory.flags(at) | memory.pointer1(at) | memory.length1(at)) !== 0) return false;
  const low = memory.offsetLow(at);
  const high = memory.offsetHigh(at);
  if (high > 0x7fffffff && (high !== ALL_ONES || low !== ALL_ONES)) return false;
  const pointer = memory.pointer0(at);
  const length = memory.length0(at);
  if (!memory.contains(pointer, length)) return false;

  const handle = memory.handle(at);
  const index = handle & INDEX_MASK;
  if (index >= handles.used) return false;
  const entries = handles.table;
  const entry = index << EntryWord.Shift;
  if (entries[entry + EntryWord.Tag] !== handle >>> INDEX_BITS) return false;
  const right = op === Op.Read ? Right.Read : Right.Write;
  if ((entries[entry + EntryWord.Rights]! & right) === 0) return false;
  const descriptor = entries[entry + EntryWord.Descriptor]!;
  if (descriptor < 0) return false;

  // From here on nothing can fail. First the slot, at the head of its handle's list.
  const slots = inFlight.table;
  const place = slot << SlotWord.Shift;
  const head = entries[entry + EntryWord.Head]!;
  inFlight.free = slots[place + SlotWord.Next]!;
  inFlight.count++;
  slots[place + SlotWord.Record] = record;
  slots[place + SlotWord.Op] = op;
  slots[place + SlotWord.Handle] = index;
  slots[place + SlotWord.Next] = head;
  slots[place + SlotWord.Previous] = NONE;
  if (head !== NONE) slots[(head << SlotWord.Shift) + SlotWord.Previous] = slot;
  entries[entry + EntryWord.Head] = slot;

  const { words } = staging;
  const to = (StageLayout.Submissions >> 2) + staging.count * SubmissionWord.Count;
  words[to + SubmissionWord.Op] = op;
  words[to + SubmissionWord.Slot] = slot;
  words[to + SubmissionWord.Generation] = slots[place + SlotWord.Generation]!;
  words[to + SubmissionWord.Descriptor] = descriptor;
  words[to + SubmissionWord.Pointer0] = pointer;
  words[to + SubmissionWord.Length0] = length;
  words[to + SubmissionWord.OffsetLow] = low;
  words[to + SubmissionWord.OffsetHigh] = high;
  words[to + SubmissionWord.Flags] = 0;
  words[to + SubmissionWord.Argument] = entries[entry + EntryWord.Argument]!;
  staging.count++;
  memory.writeToken(at, slot);
  return true;
}

/**
 * Takes the completion with this number to the guest when it is that of a read or write which has
 * succeeded, on a handle that is not about to be closed, and which nobody wanted cancelled.
 *
 * @returns false when it did nothing.
 */
export function endTransfer(loop: Loop, index: number): boolean {
  const { memory, inFlight, handles } = loop;
  const { words } = loop.staging;
  const from = (StageLayout.Completions >> 2) + index * CompletionWord.Count;
  const slot = words[from + CompletionWord.Slot]!;
  if (words[from + CompletionWord.ResultHigh] !== 0 || slot >= inFlight.used) return false;
  const slots = inFlight.table;
  const place = slot << SlotWord.Shift;
  const generation = slots[place + SlotWord.Generation]!;
  if ((words[from + CompletionWord.Generation]! | 0) !== generation) return false;
  const record = slots[place + SlotWord.Record]! >>> 0;
  if (record <= OWN_RECORD) return false;
  // Once cancelling was asked for there are more bits in this word.
  const op = slots[place + SlotWord.Op];
  if (op !== Op.Read && op !== Op.Write) return false;
  const entries = handles.table;
  const entry = slots[place + SlotWord.Handle]! << EntryWord.Shift;
  if (entries[entry + EntryWord.Closer] !== NONE) return false;

  const next = slots[place + SlotWord.Next]!;
  const previous = slots[place + SlotWord.Previous]!;
  if (next !== NONE) slots[(next << SlotWord.Shift) + SlotWord.Previous] = previous;
  if (previous === NONE) entries[entry + EntryWord.Head] = next;
  else slots[(previous << SlotWord.Shift) + SlotWord.Next] = next;
  slots[place + SlotWord.Record] = 0;
  slots[place + SlotWord.Generation] = generation + 1;
  slots[place + SlotWord.Next] = inFlight.free;
  inFlight.free = slot;
  inFlight.count--;
  memory.writeResult(record >>> 2, words[from + CompletionWord.ResultLow]!, 0, 0);
  loop.queue.push(record);
  return true;
}
