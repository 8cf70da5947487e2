/**
 * What a cancelled task has left. Its code never ran to where it would have closed what it held. So
 * a collection follows: owners of handles that nobody can reach are found by the collector, and
 * their handles closed.
 */
import { trace } from "../abi/imports";
import { CLOSED, CloseOperation, HandleOwner } from "../closing";
import { onLeave } from "./hooks";
import { forgetSpare, isInFlight } from "./operation";
import { monotonic, Timer } from "./timers";
import { encodeUtf8, utf8Length } from "./utf8";

/** A handle that waits to be closed. */
// @ts-ignore: decorator
@unmanaged
class Left {
  handle: u32;
  next: usize;
}

let left: usize = 0;

/** A task was dropped, and no collection has ended since. */
let isDue: bool = false;

/** The monotonic time of the next collection at the earliest; a timer ends that wait. */
let earliest: i64 = 0;
let isTimed: bool = false;

/** How many times as long as a collection took there is none. */
const REST: i64 = 16;

/** Handles below these are the standard streams, which an app is given and keeps. */
const STREAMS: u32 = 3;

/** A task has been dropped: what it held may be nobody's now. */
export function leave(): void {
  isDue = true;
}

/** Finds what was left, and closes it. Runs when the tasks of a tick have run. */
export function reclaim(): void {
  if (isDue) find();
  if (left) closeLeft();
}

function find(): void {
  const begin = monotonic();
  if (begin < earliest) {
    if (!isTimed) Timer.at(earliest);
    isTimed = true;
    return;
  }
  const leaving = onLeave;
  if (leaving) leaving();
  forgetSpare();
  __collect();
  isDue = false;
  isTimed = false;
  const end = monotonic();
  earliest = end + (end - begin) * REST;
}

/** What is still in flight on a handle is somebody's: it is closed after that. */
function closeLeft(): void {
  let at = left;
  left = 0;
  while (at) {
    const entry = changetype<Left>(at);
    const next = entry.next;
    if (isInFlight(entry.handle)) {
      entry.next = left;
      left = at;
    } else {
      new CloseOperation(entry.handle, "").start();
      heap.free(at);
    }
    at = next;
  }
}

/** The collector calls this for each object that it frees. Nothing can be allocated here. */
// @ts-ignore: decorator
@global
export function __finalize(object: usize): void {
  if (!isDue || !(changetype<Object>(object) instanceof HandleOwner)) return;
  const owner = changetype<HandleOwner>(object);
  const handle = owner.handle;
  if (handle < STREAMS || handle == CLOSED || !owner.isOwner) return;
  const entry = heap.alloc(offsetof<Left>());
  changetype<Left>(entry).handle = handle;
  changetype<Left>(entry).next = left;
  left = entry;
  // @ts-ignore: a global of debug builds
  if (isDefined(__asyncChain)) tell(owner.name);
}

/** What a line says before the name. */
const LEFT = "std: a cancelled task left open, and std has closed: ";
const LINE: i32 = 512;
// @ts-ignore: decorator
@lazy const SCRATCH: usize = memory.data(LINE);

/**
 * Names what is closed, in debug builds. The collector may have freed the name just before its
 * owner; but nothing is allocated while it sweeps, so that the bytes are still there.
 */
function tell(name: string): void {
  const start = utf8Length(LEFT);
  const length = utf8Length(name);
  if (start + length >= LINE) return;
  encodeUtf8(LEFT, SCRATCH);
  encodeUtf8(name, SCRATCH + start);
  store<u8>(SCRATCH + start + length, 0x0a);
  trace(SCRATCH, start + length + 1);
}
