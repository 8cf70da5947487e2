/**
 * What a guest printed and nobody waited for is written when the guest has ended, however that was.
 * A guest that died cannot say what there is, so the host finds it where the guest has it: see
 * `Printer` in `assembly/abi/layout.ts`. Nothing there is trusted. What it leads to is the guest's
 * own memory, and goes to the guest's own streams.
 */
import {
  Bytes, Completions, Errno, Handle, Operation, Overlapped, OverlappedState, Printer,
} from "./abi.js";
import { writing } from "./calls/io.js";
import type { Text } from "./calls/io.js";
import type { Loop } from "./loop.js";

/** What a stream of the guest did not take. */
export interface Unwritten {
  readonly stream: "stdout" | "stderr";
  /** How many bytes were lost. */
  readonly bytes: number;
  /** Why, an `Errno`; `ETIMEDOUT` when nobody took any of it for some seconds. */
  readonly errno: number;
}

/** For how long the reader of a stream may take nothing, in nanoseconds. */
const PATIENCE = 5e9;

/**
 * Writes what is left of what was printed, in turns that the caller takes, as in `Loop.closing`.
 *
 * @param completions the guest's `_completions`.
 * @param unwritten gets what could not be written.
 */
export function* flushing(
  loop: Loop,
  completions: number,
  unwritten: Unwritten[],
): Generator<number, void, void> {
  // The guest may have grown its memory after its last call.
  loop.renew();
  for (const [index, stream] of (["stdout", "stderr"] as const).entries()) {
    const printer = loop.memory.word(completions + Completions.Printers + 4 * index);
    if (printer === 0) continue;
    const printing = field(loop, printer, Printer.Printing);
    const first = yield* started(loop, field(loop, printing, Operation.Record));
    const rest = waiting(loop, field(loop, printer, Printer.Waiting));
    let { errno } = first;
    for (const text of [first, rest]) {
      if (errno === 0) errno = yield* writing(loop, Handle.Stdout + index, text, PATIENCE);
    }
    const bytes = first.length + rest.length;
    if (bytes > 0) unwritten.push({ stream, bytes, errno });
  }
}

/** The word at `offset` of the guest's object at `address`; 0 when there can be none. */
function field({ memory }: Loop, address: number, offset: number): number {
  const at = address + offset;
  return address === 0 || (at & 3) !== 0 || !memory.contains(at, 4) ? 0 : memory.word(at);
}

/** What is left of the operation that prints, and why if it has failed. */
function* started(
  loop: Loop,
  record: number,
): Generator<number, Text & { errno: number }, void> {
  const { memory, inFlight } = loop;
  const none = { pointer: 0, length: 0, errno: 0 };
  if (!memory.holdsRecord(record)) return none;
  const at = record >>> 2;
  const pointer = memory.pointer0(at);
  const length = memory.length0(at);
  if (!memory.contains(pointer, length)) return none;
  const isDone = (): boolean => !inFlight.holds(memory.token(at), record);
  const isInTime = yield* loop.waitingFor(isDone, PATIENCE);
  if (!isInTime) return { pointer, length, errno: Errno.ETIMEDOUT };
  // Otherwise the guest had not come to submit it, or not once more.
  if (memory.word(record + Overlapped.State) !== OverlappedState.Done) {
    return { pointer, length, errno: 0 };
  }
  const result = memory.word(record + Overlapped.Result) | 0;
  if (result >= 0) {
    const count = Math.min(result, length);
    return { pointer: pointer + count, length: length - count, errno: 0 };
  }
  // It may have been one operation too many.
  return { pointer, length, errno: result === -Errno.EAGAIN ? 0 : -result };
}

/** The bytes of a `Vec<u8>`. */
function waiting(loop: Loop, vec: number): Text {
  const pointer = field(loop, vec, Bytes.Data);
  const length = field(loop, vec, Bytes.Count);
  return { pointer, length: loop.memory.contains(pointer, length) ? length : 0 };
}
