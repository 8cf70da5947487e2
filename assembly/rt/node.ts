/**
 * A promise as the scheduler sees it: the memory of a managed object, seen without the compiler's
 * help. Code that works on a `Node` keeps nothing on the shadow stack, which is most of what an
 * await would cost otherwise. In return it must itself
 *
 * - link whatever it stores into an object (`link`), for the incremental collector, and
 * - keep alive what it still needs wherever something may be allocated.
 */

// ╒══════════ PromiseBase ══════════╕ ╒═══════════ __Task ════════════╕
//   0 │ scalar     u64                  24 │ frames    Frames | null
//   8 │ reference  Slot | null          28 │ awaiting  PromiseBase | null
//  12 │ flags      State | Flag         32 │ entry     u32
//  16 │ next       PromiseBase | null      │ arguments …
//  20 │ waiters    PromiseBase | null      │
// ╘═════════════════════════════════╛ ╘═══════════════════════════════╛
// @ts-ignore: decorator
@unmanaged
export class Node {
  scalar: u64;
  reference: usize;
  flags: i32;
  next: usize;
  waiters: usize;
  // Of a task only.
  frames: usize;
  awaiting: usize;
  entry: u32;
}

/** What a promise has come to: the low bits of `flags`. */
export const enum State {
  Pending = 0,
  Fulfilled = 1,
  Cancelled = 2,
  Mask = 3,
}

/** The other bits of `flags`. */
export const enum Flag {
  /** It is a `__Task`. */
  Task = 4,
  /** Somebody asked it to end early. */
  CancelRequested = 8,
  /** It settled as it did because of that request. */
  CancelTook = 16,
  /** It cannot be cancelled: who awaits it waits until it is done. */
  Shielded = 32,
  /** It belongs to nobody in particular: who stops waiting for it leaves it alone. */
  Shared = 64,
  /** A task that will not go on: it came to await what is cancelled. */
  Abandoned = 128,
  /** It may serve as another promise of its kind once nobody has it any more: see `reuse`. */
  Reusable = 256,
  /** It writes a message: a task that was asked to end early may still begin to wait for it. */
  Message = 512,

  // Of a task, see rt/cancelling.ts.
  /** It has learned of the request: what it waited for ended early. Or who began it had. */
  Told = 1024,
  /** The request came a second time. */
  Insisted = 2048,
  /** How often it has begun to wait since the request: a number of 11 bits above these. */
  Wait = 1 << 20,
  Waits = 0x7ff << 20,
  /** What that number overflows into: it ends at its next wait, whatever it waits for. */
  Spent = 1 << 31,
}

// @ts-ignore: decorator
@inline
export function nodeAt(address: usize): Node {
  return changetype<Node>(address);
}

/** Says to the collector that `parent` refers to `child` now. */
// @ts-ignore: decorator
@inline
export function link(parent: usize, child: usize): void {
  // Both colours stand in the low bits of a word in front of the object. Where they are the same,
  // as they nearly always are, the collector need not be told: it cares for a black object that
  // comes to refer to a white one.
  if ((load<u32>(parent - COLOUR) ^ load<u32>(child - COLOUR)) & 3) __link(parent, child, true);
}

/** How far in front of an object its colour stands: see ~lib/rt/itcms.ts. */
const COLOUR: usize = 16;

/** Appends to a ring, given its last one, or 0. Returns the last one. */
// @ts-ignore: decorator
@inline
export function append(last: usize, node: usize): usize {
  if (last) {
    const first = nodeAt(last).next;
    nodeAt(node).next = first;
    link(node, first);
    nodeAt(last).next = node;
    link(last, node);
  } else {
    nodeAt(node).next = node;
  }
  return node;
}
