/**
 * How a guest can end other than by its own exit.
 */
import { safeMessage } from "./safe-text.js";

/** What went wrong. */
export type FailureKind =
  /** The wasm cannot be run: not ours, another ABI, a missing or wrong export. */
  | "load"
  /** The engine stopped it: `unreachable`, out of bounds, stack overflow, … */
  | "trap"
  /** The app said so: a failed `unwrap`, `throw`, `abort`. */
  | "panic"
  /** It broke the rules of the boundary, so that the host cannot go on serving it. */
  | "fault"
  /** It waits for something that nothing will complete. */
  | "deadlock"
  /** The embedder has ended it. */
  | "stopped";

/**
 * Thrown by `Instance.run` and by the making of an `Instance`. The message is for people, and safe
 * to be shown to them whatever the guest is: what a terminal might act on is written `\u{1b}`, and
 * lines behind the first one are indented.
 */
export class GuestFailure extends Error {
  override readonly name = "GuestFailure";
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(safeMessage(message), options);
    this.kind = kind;
  }

  /** What a process that ran nothing but this guest should exit with. */
  get exitCode(): number {
    if (this.kind === "stopped") return 124;
    return this.kind === "load" || this.kind === "deadlock" ? 1 : 134;
  }
}
