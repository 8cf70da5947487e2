/** Which call serves which op. A missing row is a compile error. */
import { Errno, Op } from "../abi.js";
import type { Call } from "./call.js";
import { open, setLength, setPermissions, setTimes, stat, sync } from "./fs.js";
import { close, nop, read, write } from "./io.js";

export { Verdict } from "./call.js";

const CALLS = {
  [Op.Nop]: nop,
  [Op.Open]: open,
  [Op.Close]: close,
  [Op.Read]: read,
  [Op.Write]: write,
  [Op.Sync]: sync,
  [Op.Stat]: stat,
  [Op.SetLength]: setLength,
  [Op.SetPermissions]: setPermissions,
  [Op.SetTimes]: setTimes,
} satisfies Record<Op, Call>;

// An array, since the keys are dense: looking one up is then one load.
const CALL_TABLE: readonly Call[] = Object.values(CALLS);

const unknown: Call = () => -Errno.ENOSYS;

/** The call that serves an opcode; one that refuses with `ENOSYS` if there is none. */
export function callOf(op: number): Call {
  return op < CALL_TABLE.length ? CALL_TABLE[op]! : unknown;
}
