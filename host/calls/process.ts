/** `std/process` and the end of a guest. */
import { GuestFailure } from "../failure.js";
import type { Parts } from "../parts.js";
import { GuestExit } from "../parts.js";

/** How much of a message is shown, in bytes: a guest could make one as big as its memory. */
const MESSAGE_LIMIT = 65536;

/** The import `exit`. */
export function exit(_parts: Parts, code: number): never {
  throw new GuestExit(code | 0);
}

/** The import `panic`. */
export function panic({ memory }: Parts, pointer: number, length: number): never {
  throw new GuestFailure("panic", memory.text(pointer >>> 0, length >>> 0, MESSAGE_LIMIT));
}

/** The import `abort`: AssemblyScript's `throw` and `assert`. */
export function abort(
  { memory }: Parts,
  message: number,
  file: number,
  line: number,
  column: number,
): never {
  // That is `assert(x)`, `abort()`, or `throw` of an error without words.
  const text = memory.string(message >>> 0, MESSAGE_LIMIT) || "the app aborted without a message";
  const name = memory.string(file >>> 0, MESSAGE_LIMIT);
  const where = name === "" ? "" : ` (${name}:${line >>> 0}:${column >>> 0})`;
  throw new GuestFailure("panic", text + where);
}
