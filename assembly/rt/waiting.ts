import { Flag, nodeAt, State } from "./node";
import { chainOf } from "./panic";
import { PromiseBase } from "./promise";

// Debug builds know every task that has not ended, so that a deadlock can be explained. That keeps
// alive tasks which nothing will ever wake; other builds have nothing of this.

// @ts-ignore: decorator
@lazy const tasks: PromiseBase[] = [];

/** How many there may be before those that have ended are taken out. */
let limit: i32 = 64;

/** A task begins. */
// @ts-ignore: decorator
@global
export function __track(task: PromiseBase): void {
  if (tasks.length >= limit) {
    let count = 0;
    for (let index = 0; index < tasks.length; index++) {
      const known = tasks[index];
      if (known.state == State.Pending) tasks[count++] = known;
    }
    tasks.length = count;
    limit = max(64, count * 2);
  }
  tasks.push(task);
}

/**
 * Where tasks wait, for a person: of each that waits for something other than a task, and of which
 * something can be said, the chain of its async calls.
 */
export function _waiting(): string {
  let text = "";
  for (let index = 0; index < tasks.length; index++) {
    const task = changetype<usize>(tasks[index]);
    const awaited = nodeAt(task).awaiting;
    if (tasks[index].state != State.Pending || !awaited) continue;
    if (nodeAt(awaited).flags & Flag.Task) continue;
    const chain = chainOf(task);
    if (chain.length && text.length) text += "\n    and";
    text += chain;
  }
  return text;
}
