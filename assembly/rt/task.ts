import { cancelTask } from "./cancelling";
import { Flag, Node } from "./node";
import { Promise, PromiseBase } from "./promise";
import { begin, Frames } from "./suspend";

/**
 * One running call of an async function, which is the promise that the call returned. The
 * compiler derives a class from it that keeps the arguments.
 */
// @ts-ignore: decorator
@global
export abstract class __Task<T> extends Promise<T> {
  /** Where it stands, unless it has never been suspended. */
  frames: Frames | null = null;
  /** What it waits for. */
  awaiting: PromiseBase | null = null;
  /** Which function runs it: an index of the table. It takes the task as its argument. */
  entry: u32 = 0;

  /** Runs at once up to its first suspension. `entry`: the address of a function object. */
  start(entry: usize): Promise<T> {
    this.flags = Flag.Task;
    this.entry = load<u32>(entry);
    begin(changetype<usize>(this));
    return this;
  }

  cancel(): void {
    cancelTask(changetype<usize>(this));
  }
}

// `Node` is the same memory.
if (
  offsetof<__Task<i32>>("frames") != offsetof<Node>("frames") ||
  offsetof<__Task<i32>>("awaiting") != offsetof<Node>("awaiting") ||
  offsetof<__Task<i32>>("entry") != offsetof<Node>("entry")
) ERROR("rt/node.ts does not agree with rt/task.ts");
