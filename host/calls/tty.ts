/** `std/tty`. */
import { Errno, Terminal, TerminalMode } from "../abi.js";
import type { Parts } from "../parts.js";

/** The highest argument of each command, by `Terminal`. */
const HIGHEST_ARGUMENT = {
  [Terminal.IsTerminal]: 0,
  [Terminal.Size]: 0,
  [Terminal.SetMode]: TerminalMode.Raw,
} satisfies Record<Terminal, number>;

const HIGHEST_TABLE: readonly number[] = Object.values(HIGHEST_ARGUMENT);

/** The import `terminal`. @returns ≥ 0 the answer, or a negative `Errno`. */
export function terminal(
  { loop }: Parts,
  handle: number,
  command: number,
  argument: number,
): bigint {
  const highest = HIGHEST_TABLE[command >>> 0];
  if (highest === undefined || argument >>> 0 > highest) return BigInt(-Errno.EINVAL);
  const index = loop.handles.require(handle >>> 0, 0);
  if (index < 0) return BigInt(index);
  return BigInt(loop.backend.terminal(loop.handles.descriptor(index), command, argument));
}
