import { Clock } from "../abi/flags";
import { now } from "../abi/imports";
import { __create } from "./create";
import { useTimers } from "./hooks";
import { State } from "./node";
import { Promise } from "./promise";

// A heap of four children each, outside of the collector's memory: what is in it is pinned. Equal
// deadlines fire in the order in which they were set, which `order` keeps.
//
//   ╒═══════════════════════════╤═════════════╤═════════════╕
//   │ deadline i64              │ order u32   │ timer usize │
//   ╘═══════════════════════════╧═════════════╧═════════════╛

// @ts-ignore: decorator
@unmanaged
class Entry {
  deadline: i64;
  order: u32;
  timer: usize;
}

let entries: usize = 0;
let capacity: i32 = 0;
let count: i32 = 0;
/** Of the timer that was set last. */
let lastOrder: u32 = 0;

/** A promise that is fulfilled at a time, or cancelled before. */
// @ts-ignore: decorator
@final
export class Timer extends Promise<void> {
  /** Where it is in the heap. */
  private place: i32 = 0;

  /** One that is fulfilled at `deadline`, nanoseconds of the monotonic clock. */
  static at(deadline: i64): Timer {
    const timer = __create<Timer>();
    add(timer, deadline);
    return timer;
  }

  cancel(): void {
    if (this.state != State.Pending) return;
    remove(this.place);
    super.cancel();
    __unpin(changetype<usize>(this));
  }

  /** For the heap: it is at `place` now. */
  // @ts-ignore: decorator
  @inline
  moved(place: i32): void {
    this.place = place;
  }
}

/** The monotonic clock in nanoseconds. */
export function monotonic(): i64 {
  return now(Clock.Monotonic);
}

// @ts-ignore: decorator
@inline
function entryAt(place: i32): Entry {
  return changetype<Entry>(entries + <usize>place * offsetof<Entry>());
}

// @ts-ignore: decorator
@inline
function isBefore(deadline: i64, order: u32, other: Entry): bool {
  if (deadline != other.deadline) return deadline < other.deadline;
  // The order may wrap around; no two timers in the heap are that far apart.
  return <i32>(order - other.order) < 0;
}

// @ts-ignore: decorator
@inline
function put(place: i32, deadline: i64, order: u32, timer: usize): void {
  const entry = entryAt(place);
  entry.deadline = deadline;
  entry.order = order;
  entry.timer = timer;
  changetype<Timer>(timer).moved(place);
}

function add(timer: Timer, deadline: i64): void {
  __pin(changetype<usize>(timer));
  if (count == capacity) grow();
  rise(count++, deadline, ++lastOrder, changetype<usize>(timer));
}

function grow(): void {
  if (!capacity) {
    useTimers(fire, nearest);
    capacity = 16;
    entries = heap.alloc(<usize>capacity * offsetof<Entry>());
  } else {
    // By half rather than by twice: with many sleepers this is the largest block of all.
    capacity += capacity >> 1;
    entries = heap.realloc(entries, <usize>capacity * offsetof<Entry>());
  }
}

/** Puts an entry at `place` or above it. */
function rise(place: i32, deadline: i64, order: u32, timer: usize): void {
  while (place > 0) {
    const above = (place - 1) >> 2;
    const entry = entryAt(above);
    if (!isBefore(deadline, order, entry)) break;
    put(place, entry.deadline, entry.order, entry.timer);
    place = above;
  }
  put(place, deadline, order, timer);
}

/** Puts an entry at `place` or below it. */
function sink(place: i32, deadline: i64, order: u32, timer: usize): void {
  while (true) {
    const first = (place << 2) + 1;
    if (first >= count) break;
    const end = min(first + 4, count);
    let least = first;
    for (let child = first + 1; child < end; child++) {
      const entry = entryAt(child);
      if (isBefore(entry.deadline, entry.order, entryAt(least))) least = child;
    }
    const entry = entryAt(least);
    if (isBefore(deadline, order, entry)) break;
    put(place, entry.deadline, entry.order, entry.timer);
    place = least;
  }
  put(place, deadline, order, timer);
}

/** Takes out the entry at `place`; the last one takes its room. */
function remove(place: i32): void {
  const last = entryAt(--count);
  if (place == count) return;
  const deadline = last.deadline;
  const order = last.order;
  const timer = last.timer;
  if (place > 0 && isBefore(deadline, order, entryAt((place - 1) >> 2))) {
    rise(place, deadline, order, timer);
  } else {
    sink(place, deadline, order, timer);
  }
}

/** Fulfils those that are due. */
function fire(): void {
  if (!count) return;
  const time = monotonic();
  while (count > 0) {
    const entry = entryAt(0);
    if (entry.deadline > time) return;
    const timer = changetype<Timer>(entry.timer);
    remove(0);
    timer.end(State.Fulfilled);
    __unpin(changetype<usize>(timer));
  }
}

/** The nearest deadline. */
function nearest(): f64 {
  return count ? <f64>entryAt(0).deadline : Infinity;
}
