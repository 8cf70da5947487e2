import * as host from "../abi/imports";
import { nodeAt } from "./node";
import { PromiseBase } from "./promise";
import { currentTask } from "./suspend";
import { encodeUtf8, utf8Length } from "./utf8";

/** Ends the app because of a bug of its own. The message goes to the host as UTF-8. */
export function panic(message: string): void {
  // @ts-ignore: a global of debug builds
  if (isDefined(__asyncChain)) message += __asyncChain();
  const length = utf8Length(message);
  const bytes = heap.alloc(length);
  encodeUtf8(message, bytes);
  host.panic(bytes, length);
  unreachable();
}

/** What AssemblyScript's own traps call in debug builds: adds the async call chain. */
export function abort(
  message: string | null = null,
  file: string | null = null,
  line: u32 = 0,
  column: u32 = 0,
): void {
  let text = message == null || message == "" ? "the app aborted without a message" : message;
  // Said here rather than by the host, so that the chain comes last.
  if (file != null) text += ` (${file}:${line}:${column})`;
  host.abort(text + asyncChain());
}

/**
 * A line for each async call that waits for the one that runs, from the inside to the outside. In
 * debug builds std-shim makes this known as `__asyncChain`; in others nothing of it is compiled.
 */
export function asyncChain(): string {
  return chainOf(currentTask());
}

/** The same for those that wait for any task, and that task itself. */
export function chainOf(task: usize): string {
  let text = "";
  let node = task;
  while (node) {
    const line = changetype<PromiseBase>(node).describe();
    if (line.length) text += "\n    in " + line;
    const last = nodeAt(node).waiters;
    node = last ? nodeAt(last).next : 0;
  }
  return text;
}
