import { startRewind, startUnwind, stopRewind, stopUnwind } from "../abi/imports";
import { Flag, PromiseBase, State } from "./promise";
import { __Task } from "./task";
import { panic } from "./panic";

// How a task suspends. `suspend` starts an unwind: every function between it and `resume` saves
// its locals in the area and returns. `resume` copies what was saved, together with the part of
// the shadow stack that belongs to these functions, to a block of just that size that the task
// owns. To go on, `resume` puts the shadow stack back and starts a rewind out of the block: the
// same functions are called again, restore their locals, and arrive in `suspend`, which ends it.
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

/** The task that runs. */
let current: PromiseBase | null = null;

/** Where asyncify reads and writes: the position and the limit. */
// @ts-ignore: decorator
@lazy const AREA: usize = memory.data(8);

/** Bytes of the stack region that must be free when a task suspends. */
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

  /** Makes one with room for `bytes` of frames and roots. */
  static create(bytes: usize): Frames {
    return changetype<Frames>(__new(offsetof<Frames>() + bytes, idof<Frames>()));
  }

  /** Bytes of frames and roots that it has room for. */
  // @ts-ignore: decorator
  @inline
  get room(): usize {
    // The size of an object stands in the word before it.
    return load<u32>(changetype<usize>(this) - 4) - offsetof<Frames>();
  }

  // @ts-ignore: decorator
  @inline
  get start(): usize {
    return changetype<usize>(this) + offsetof<Frames>();
  }

  /** Called by the garbage collector. */
  private __visit(cookie: u32): void {
    let root = this.start + this.frameBytes;
    const end = root + this.rootBytes;
    while (root < end) {
      __visit(load<usize>(root), cookie);
      root += sizeof<usize>();
    }
  }
}

// All tasks look the same, whatever the type of their value.
type AnyTask = __Task<void>;

// @ts-ignore: decorator
@inline
function asTask(promise: PromiseBase): AnyTask {
  return changetype<AnyTask>(promise);
}

/** The task that runs, if any. */
export function currentTask(): PromiseBase | null {
  return current;
}

/** Leaves the running task until `promise` has settled. */
export function suspend(promise: PromiseBase): void {
  if (phase == Phase.Rewinding) {
    phase = Phase.Normal;
    stopRewind();
    return;
  }
  const task = current;
  if (!task) panic("await outside of an async function");
  waitFor(task!, promise);
  phase = Phase.Unwinding;
  const limit = __stack_pointer;
  if (limit < __data_end + STACK_RESERVE) scratchFull();
  store<usize>(AREA, __data_end);
  store<usize>(AREA, limit, sizeof<usize>());
  startUnwind(AREA);
}

function waitFor(task: PromiseBase, promise: PromiseBase): void {
  asTask(task).awaiting = promise;
  if (promise.state != State.Pending) return;
  promise.addWaiter(task);
  if (task.flags & Flag.CancelRequested) cancelTask(task);
}

/** The area or the stack has no room for the frames of a task. Must not allocate. */
export function scratchFull(): void {
  panic("the frames of a suspended task do not fit into the stack (asc --stackSize)");
}

/** Passes the request on to what the task awaits. */
export function cancelTask(task: PromiseBase): void {
  if (task.state != State.Pending) return;
  task.flags |= Flag.CancelRequested;
  const promise = asTask(task).awaiting;
  if (!promise || promise.state != State.Pending) return;
  if (!promise.release(task)) {
    // Others wait for it too: this one leaves alone.
    drop(task);
  }
}

/** Ends a suspended task that will never go on. */
function drop(task: PromiseBase): void {
  asTask(task).frames = null;
  asTask(task).awaiting = null;
  task.flags |= Flag.CancelTook;
  task.settle(State.Cancelled);
}

/** Runs a task from where it stands, up to its end or its next suspension. */
export function resume(task: PromiseBase): void {
  const awaiting = asTask(task).awaiting;
  if (awaiting) {
    if (awaiting.state == State.Cancelled) {
      drop(task);
      return;
    }
    task.flags |= awaiting.flags & Flag.CancelTook;
    asTask(task).awaiting = null;
  }
  const previous = current;
  current = task;
  const base = __stack_pointer;
  const frames = asTask(task).frames;
  if (frames) {
    const bytes = <usize>frames.rootBytes;
    const end = frames.start + frames.frameBytes;
    const top = base - bytes;
    if (top < __data_end + STACK_RESERVE) scratchFull();
    copyWords(top, end, bytes);
    frames.rootBytes = 0;
    __stack_pointer = top;
    store<usize>(AREA, end);
    store<usize>(AREA, end, sizeof<usize>());
    phase = Phase.Rewinding;
    startRewind(AREA);
  }
  call_indirect<void>(asTask(task).entry, changetype<usize>(task));
  if (phase == Phase.Unwinding) {
    phase = Phase.Normal;
    if (load<usize>(AREA) > load<usize>(AREA, sizeof<usize>())) scratchFull();
    stopUnwind();
    keep(asTask(task), base);
    __stack_pointer = base;
    settleAbandoned(task);
  } else {
    asTask(task).frames = null;
    task.settle(State.Fulfilled);
  }
  current = previous;
}

/** The task came to await something that is cancelled already: nothing will wake it. */
function settleAbandoned(task: PromiseBase): void {
  const awaiting = asTask(task).awaiting;
  if (awaiting && awaiting.state == State.Cancelled && !task.next) drop(task);
}

/** Copies what asyncify saved, and the references above it, to a block of the task's own. */
function keep(task: AnyTask, base: usize): void {
  const from = __data_end;
  const frameBytes = load<usize>(AREA) - from;
  const top = __stack_pointer;
  const rootBytes = base - top;
  let frames = task.frames;
  if (!frames || frames.room < frameBytes + rootBytes) {
    // May collect: the references are still on the stack.
    frames = Frames.create(frameBytes + rootBytes);
    task.frames = frames;
  }
  const to = frames.start;
  copyWords(to, from, frameBytes);
  frames.frameBytes = <u32>frameBytes;
  for (let offset: usize = 0; offset < rootBytes; offset += sizeof<usize>()) {
    const root = load<usize>(top + offset);
    store<usize>(to + frameBytes + offset, root);
    // The collector may have visited this block already.
    __link(changetype<usize>(frames), root, true);
  }
  frames.rootBytes = <u32>rootBytes;
}

/** Copies few bytes without the cost of calling `memory.copy`. */
// @ts-ignore: decorator
@inline
function copyWords(to: usize, from: usize, bytes: usize): void {
  if (bytes > 256) {
    memory.copy(to, from, bytes);
    return;
  }
  let offset: usize = 0;
  while (offset < bytes) {
    store<u32>(to + offset, load<u32>(from + offset));
    offset += 4;
  }
}
