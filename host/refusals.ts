/**
 * What a guest was refused because it was not granted. Only what the host itself refuses is here,
 * since of that it knows the reason. What the system refuses may have any: a path that leads out
 * of a granted directory is told as one that the system itself protects.
 */
import { MAX_PATH } from "./namespace.js";

/** Something that a guest was refused since it was not granted. */
export interface Refusal {
  /** What it was about to do. */
  readonly kind:
    /** To look at what is at a path, or to change that, where nothing was granted. */
    | "read" | "change"
    /** To change something in what was granted for reading only. */
    | "read-only"
    /** To reach others, to be reached there, or to look a name up. */
    | "connect" | "listen" | "lookup"
    /** To start a program that was not granted. */
    | "program"
    /** To give a variable to a program that was granted by its name. */
    | "variable";
  /**
   * A path, `HOST:PORT`, a program or the name of a variable; empty for a file that is open. It is
   * the guest's own text: not safe to be shown as it is (see `safe-text.ts`).
   */
  readonly name: string;
  /** What a relative path was relative to, as the guest saw it; empty where there is no such. */
  readonly currentDir: string;
}

/** How many refusals are kept: a guest may try as often as it likes. */
const MOST = 4;

/** The last few refusals of one instance, each once. */
export class Refusals {
  /** The latest is the last. */
  readonly list: Refusal[] = [];

  /** Notes one. Of its texts as much is kept as a path may have. */
  add(kind: Refusal["kind"], name: Uint8Array | string, currentDir: Uint8Array = NONE): void {
    const refusal = { kind, name: textOf(name), currentDir: textOf(currentDir) };
    const { list } = this;
    const known = list.findIndex((other) => other.kind === kind && other.name === refusal.name &&
      other.currentDir === refusal.currentDir);
    if (known >= 0) list.splice(known, 1);
    else if (list.length === MOST) list.shift();
    list.push(refusal);
  }
}

const NONE = new Uint8Array(0);
const decoder = new TextDecoder();

function textOf(text: Uint8Array | string): string {
  return typeof text === "string"
    ? text.slice(0, MAX_PATH) : decoder.decode(text.subarray(0, MAX_PATH));
}
