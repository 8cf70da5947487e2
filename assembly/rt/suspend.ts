import { abort, startRewind, startUnwind, stopRewind, stopUnwind } from "../abi/imports";
import { onLateWait, onLateWake } from "./hooks";
import { append, Flag, link, nodeAt, State } from "./node";
import { PromiseBase } from "./promise";
import { enqueueFirst, settle } from "./scheduler";
import { panic } from "./panic";

// How a task suspends. `suspend` starts an unwind: every function between it and `resume` saves
// its locals in the area and returns. `resume` copies what was saved, together with the part of
// the shadow stack that belongs to these functions, to a block of just that size that the task
// owns. To go on, `resume` puts the shadow stack back and starts a rewind out of the block: the
// same functions are called again, restore their locals, and arrive in `suspend`, which ends it.
//
// The area is the part of the stack region that is free at that time:
//
//   __data_end                       __stack_pointer                  __heap_base
//       ╒═══════════════╤═══════════════════╤═══════════════════════════════╕
//       │ the area ►    │                   │ ◄ the shadow stack            │
//       ╘═══════════════╧═══════════════════╧═══════════════════════════════╛
//
// `suspend` and `resume` are the only ones that call the imports of asyncify, and must stay
// functions of their own: std-shim/asyncify.ts names them, and `scratchFull`.

/** What the asyncify pass is doing with the functions between `resume` and `suspend`. */
const enum Phase {
  Normal = 0,
  Unwinding = 1,
  Rewinding = 2,
}

let phase: i32 = Phase.Normal;

/** How many tasks are running, each having started the next one. */
let depth: i32 = 0;

/** More tasks than this do not run inside of one another: the host's stack has an end. */
const DEEPEST: i32 = 200;

/** The task that runs. */
let current: PromiseBase | null = null;

/** What asyncify reads and writes: where it is in the area, and the area's end. */
// @ts-ignore: decorator
@unmanaged
class Area {
  position: usize;
  end: usize;
}

// @ts-ignore: decorator
@lazy const AREA: usize = memory.data(offsetof<Area>());

/** Blocks for frames of up to so many bytes are used again however few are needed. */
const LARGE: usize = 256;

/** Bytes of the stack region that must be free when a task suspends or resumes. */
const STACK_RESERVE: usize = 4096;

/**
 * The frames of a suspended task: what asyncify saved, and behind that the slice of the shadow
 * stack, which are the references that these frames hold.
 *
 *   ╒═══════════════════════════╤═══════════════════════════╕
 *   │ frameBytes u32            │ rootBytes u32             │
 *   ├───────────────────────────┴───────────────────────────┤
 *   │ frames …                                              │
 *   ├───────────────────────────────────────────────────────┤
 *   │ roots …                                               │
 *   ╘═══════════════════════════════════════════════════════╛
 */
// @ts-ignore: decorator
@final
export class Frames {
  frameBytes: u32;
  /** 0 while the task runs: then the references are on the stack. */
  rootBytes: u32;

  /** Called by the garbage collector. */
  private __visit(cookie: u32): void {
    let root = changetype<usize>(this) + offsetof<Frames>() + this.frameBytes;
    const end = root + this.rootBytes;
    while (root < end) {
      __visit(load<usize>(root), cookie);
      root += sizeof<usize>();
    }
  }
}

/** Frames without the compiler's help, as `Node` is a promise. */
// @ts-ignore: decorator
@unmanaged
class FramesNode {
  frameBytes: u32;
  rootBytes: u32;
}

/** The task that runs, or 0. */
export function currentTask(): usize {
  return changetype<usize>(current);
}

/** The same as a promise. */
export function runningTask(): PromiseBase | null {
  return current;
}

/** Leaves the running task until `promise` has settled. */
export function suspend(promise: usize): void {
  if (phase == Phase.Rewinding) {
    phase = Phase.Normal;
    stopRewind();
    return;
  }
  const task = changetype<usize>(current);
  if (!task) panic("await outside of an async function");
  if (nodeAt(promise).flags & State.Mask) {
    // It is cancelled: nothing will wake the task.
    nodeAt(task).flags |= Flag.Abandoned;
  } else {
    nodeAt(task).awaiting = promise;
    link(task, promise);
    const last = append(nodeAt(promise).waiters, task);
    nodeAt(promise).waiters = last;
    link(promise, last);
    if (nodeAt(task).flags & Flag.CancelRequested) waitLate(task);
  }
  phase = Phase.Unwinding;
  const area = changetype<Area>(AREA);
  area.position = __data_end;
  area.end = __stack_pointer;
  if (__stack_pointer < __data_end + STACK_RESERVE) scratchFull();
  startUnwind(AREA);
}

// A hook is an object: in functions of their own, so that the others need no shadow stack for it.

function waitLate(task: usize): void {
  onLateWait!(task);
}

function wakeLate(task: usize, flags: i32): bool {
  return onLateWake!(task, flags);
}

/** The area or the stack has no room for the frames of a task. Must not allocate. */
export function scratchFull(): void {
  abort("async calls are nested too deeply: their frames do not fit (asc --stackSize)");
  unreachable();
}

/**
 * Runs a new task up to its first suspension. One that is nested too deeply is started when its
 * turn comes instead: its caller awaits it, and all of them unwind.
 */
// @ts-ignore: decorator
@inline
export function begin(task: usize): void {
  if (depth < DEEPEST) resume(task);
  else enqueueFirst(task);
}

/** Runs a task from where it stands, up to its end or its next suspension. */
export function resume(task: usize): void {
  const awaited = nodeAt(task).awaiting;
  if (awaited) {
    const flags = nodeAt(awaited).flags;
    const own = nodeAt(task).flags;
    nodeAt(task).awaiting = 0;
    nodeAt(task).flags = own | (flags & Flag.CancelTook);
    if ((flags & State.Cancelled) | (own & Flag.CancelRequested)) {
      if (!wakeLate(task, flags)) return;
    }
  }
  // Two references of this function's own: a frame of the shadow stack, made by hand.
  const base = __stack_pointer - 2 * sizeof<usize>();
  if (base < __data_end + STACK_RESERVE) scratchFull();
  const previous = changetype<usize>(current);
  store<usize>(base, task);
  store<usize>(base, previous, sizeof<usize>());
  __stack_pointer = base;
  current = changetype<PromiseBase>(task);
  const frames = nodeAt(task).frames;
  if (frames) restore(frames, base);
  else if (previous) nodeAt(task).flags |= nodeAt(previous).flags & Flag.Told;
  depth++;
  call_indirect<void>(nodeAt(task).entry, task);
  depth--;
  if (phase == Phase.Unwinding) {
    phase = Phase.Normal;
    stopUnwind();
    keep(task, frames, base);
    // It has ended, or what it came to await had: these frames will not run again.
    if (nodeAt(task).flags & (State.Cancelled | Flag.Abandoned)) wakeLate(task, State.Cancelled);
  } else {
    nodeAt(task).frames = 0;
    settle(task, State.Fulfilled);
  }
  __stack_pointer = base + 2 * sizeof<usize>();
  current = changetype<PromiseBase | null>(previous);
}

/** Puts the references back on the stack, and begins to rewind. */
// @ts-ignore: decorator
@inline
function restore(frames: usize, base: usize): void {
  const node = changetype<FramesNode>(frames);
  const bytes = <usize>node.rootBytes;
  const end = frames + offsetof<FramesNode>() + node.frameBytes;
  const top = base - bytes;
  if (top < __data_end + STACK_RESERVE) scratchFull();
  node.rootBytes = 0;
  copyWords(top, end, bytes);
  __stack_pointer = top;
  const area = changetype<Area>(AREA);
  area.position = end;
  area.end = end;
  phase = Phase.Rewinding;
  startRewind(AREA);
}

/** Copies what asyncify saved, and the references above it, to a block of the task's own. */
// @ts-ignore: decorator
@inline
function keep(task: usize, frames: usize, base: usize): void {
  const frameBytes = changetype<Area>(AREA).position - __data_end;
  const top = __stack_pointer;
  const rootBytes = base - top;
  const bytes = offsetof<FramesNode>() + frameBytes + rootBytes;
  // The size of an object stands in the word before it. One that is far too large goes, too.
  const room = frames ? <usize>load<u32>(frames - 4) : 0;
  if (room < bytes || room > (bytes << 2) + LARGE) {
    // May collect: the references are still on the stack.
    frames = __new(bytes, idof<Frames>());
    nodeAt(task).frames = frames;
    link(task, frames);
  }
  const node = changetype<FramesNode>(frames);
  const to = frames + offsetof<FramesNode>();
  node.frameBytes = <u32>frameBytes;
  node.rootBytes = <u32>rootBytes;
  copyWords(to, __data_end, frameBytes);
  const roots = to + frameBytes;
  for (let offset: usize = 0; offset < rootBytes; offset += sizeof<usize>()) {
    const root = load<usize>(top + offset);
    store<usize>(roots + offset, root);
    // The collector may have visited this block already.
    if (root) link(frames, root);
  }
}

/**
 * Copies a multiple of four bytes; few of them faster than `memory.copy` does. Word by word, as
 * they were written a moment ago: a processor waits when it is asked for two such words as one.
 */
// @ts-ignore: decorator
@inline
function copyWords(to: usize, from: usize, bytes: usize): void {
  if (bytes > 64) {
    memory.copy(to, from, bytes);
    return;
  }
  for (let offset: usize = 0; offset < bytes; offset += 4) {
    store<u32>(to + offset, load<u32>(from + offset));
  }
}
