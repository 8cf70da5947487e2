/**
 * How a task ends early.
 *
 * A request stays: each wait that the task begins from then on ends early as well. The first that
 * did is told, as the error of an operation say, so that the task can clean up. The second one
 * ends it: its frames are dropped, and whoever waits for it finds it cancelled. What can say
 * nothing, such as a sleep, ends it the first time. So no code that is deaf to errors goes on.
 *
 * What cleaning up waits for does not count: what cannot be cancelled (closing), a message that it
 * prints then, and `shielded`. But a second request goes through these, too, and nobody waits more
 * than 2047 times after the first.
 *
 * The scheduler knows this file by the hooks alone.
 */
import { useCancelling } from "./hooks";
import { Flag, nodeAt, State } from "./node";
import { PromiseBase } from "./promise";
import { leave, reclaim } from "./reclaim";
import { settle } from "./scheduler";
import { __Task } from "./task";

/** Asks a task to end early. */
export function cancelTask(task: usize): void {
  const flags = nodeAt(task).flags;
  if (flags & State.Mask) return;
  useCancelling(beginWait, goesOn, reclaim);
  // What ended early before was nothing that this request has done.
  nodeAt(task).flags = flags & Flag.CancelRequested
    ? flags | Flag.Insisted
    : (flags & ~Flag.CancelTook) | Flag.CancelRequested;
  passOn(task);
}

/** Settles what has no other way to say that it was cancelled. */
export function endCancelled(promise: usize): void {
  useCancelling(beginWait, goesOn, reclaim);
  settle(promise, State.Cancelled);
}

/** Passes the request on to what the task awaits. */
function passOn(task: usize): void {
  const promise = nodeAt(task).awaiting;
  if (!promise || nodeAt(promise).flags & State.Mask) return;
  // When others wait for it too, this one leaves alone.
  if (!release(changetype<PromiseBase>(promise), task)) drop(task);
}

function release(promise: PromiseBase, task: usize): bool {
  return promise.release(changetype<PromiseBase>(task));
}

/** A task that was asked to end early has begun to wait. */
function beginWait(task: usize): void {
  const flags = nodeAt(task).flags + Flag.Wait;
  nodeAt(task).flags = flags;
  if (flags & (Flag.Spent | Flag.Insisted)) {
    // Once for what can be cancelled, and once more for what is shielded.
    passOn(task);
    passOn(task);
  } else if (!(nodeAt(nodeAt(task).awaiting).flags & (Flag.Message | Flag.CancelRequested))) {
    passOn(task);
  }
}

/** What a task waited for has settled, with these flags, and one of the two was cancelled. */
function goesOn(task: usize, flags: i32): bool {
  const own = nodeAt(task).flags;
  const isTold = (flags & Flag.CancelTook) != 0;
  if (flags & State.Cancelled || own & Flag.Spent || (isTold && own & Flag.Told)) {
    drop(task);
    return false;
  }
  // The waits of a task that it called count as its own.
  nodeAt(task).flags = (own + (flags & Flag.Waits)) | (isTold ? Flag.Told : 0);
  return true;
}

/** Ends a suspended task that will never go on. */
function drop(task: usize): void {
  nodeAt(task).frames = 0;
  nodeAt(task).awaiting = 0;
  nodeAt(task).flags |= Flag.CancelTook;
  // Its arguments, which are behind the fields of every task: it needs them no more.
  const size = <usize>load<u32>(task - sizeof<u32>());
  const fields = offsetof<__Task<void>>();
  memory.fill(task + fields, 0, size - fields);
  leave();
  settle(task, State.Cancelled);
}
