/** What the synchronous calls of a running guest work on. */
import type { Context } from "./context.js";
import type { Loop } from "./loop.js";
import type { GuestMemory } from "./memory.js";

/** The parts of one running instance. */
export interface Parts {
  readonly module: WebAssembly.Module;
  readonly context: Context;
  readonly memory: GuestMemory;
  readonly loop: Loop;
  /** What the monotonic clock said when the instance was made. */
  readonly origin: number;
}

/** Thrown through the guest's frames to end it; it is no failure. */
export class GuestExit {
  readonly code: number;

  constructor(code: number) {
    this.code = code;
  }
}
