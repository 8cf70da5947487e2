/** `std/random`. */
import { Errno } from "../abi.js";
import type { Parts } from "../parts.js";

/** The import `random`: fills the range with random bytes. @returns 0 or a negative `Errno`. */
export function random(parts: Parts, pointer: number, length: number): number {
  const { memory, context } = parts;
  if (!memory.contains(pointer >>> 0, length >>> 0)) return -Errno.EFAULT;
  context.random.fill(memory.range(pointer >>> 0, length >>> 0));
  return 0;
}
