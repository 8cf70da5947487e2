/** `std/signal`. */
import { Errno, Op, Signal } from "../abi.js";
import type { Loop } from "../loop.js";
import { hasOffset, hasRange0, hasRange1, Verdict } from "./call.js";

/** What can be taken from this process without harm to it. */
const WATCHABLE: readonly Signal[] = [
  Signal.Hangup, Signal.Interrupt, Signal.Quit, Signal.User1, Signal.User2, Signal.Alarm,
  Signal.Terminate, Signal.Continue, Signal.TerminalStop, Signal.TerminalInput,
  Signal.TerminalOutput, Signal.WindowChange,
];

/** `Op.WatchSignal`. */
export function watchSignal(loop: Loop, at: number): number {
  const { memory, staging } = loop;
  const signal = memory.flags(at);
  if (memory.handle(at) !== 0 || hasRange0(loop, at) || hasRange1(loop, at) ||
    hasOffset(loop, at) || !WATCHABLE.includes(signal)) return -Errno.EINVAL;
  if (!loop.grants.signals) return -Errno.EACCES;
  if (!loop.hasRoomForHandle) return -Errno.EMFILE;
  staging.write(Op.WatchSignal, 0, 0, signal, 0, 0, 0, 0);
  return Verdict.Staged;
}
