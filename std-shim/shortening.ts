/** What is done where size counts more than speed: at every level of shrinking but 0. */
import type { Program } from "assemblyscript";
import type binaryen from "assemblyscript/binaryen";
import { Failures } from "./failures.js";
import { shareFrames } from "./frames.js";
import { Literals } from "./literals.js";

/** The shortening of one module. Begins before it is optimised, and is finished after. */
export class Shortening {
  /** Functions that must not be inlined, however small they are. */
  readonly shared: readonly string[];
  private readonly literals: Literals;
  private readonly failures: Failures | null;

  private constructor(api: typeof binaryen, module: binaryen.Module, program: Program) {
    const { stackSize, debugInfo } = program.options;
    this.shared = shareFrames(api, module);
    this.literals = new Literals(api, module, stackSize);
    // In debug builds what an app dies of has the chain of its calls.
    this.failures = debugInfo ? null : new Failures(api, module, this.literals.texts);
  }

  /** Begins to shorten a module; null if it is not to be shortened. */
  static begin(
    api: typeof binaryen,
    module: binaryen.Module,
    program: Program,
  ): Shortening | null {
    return program.options.shrinkLevelHint > 0 ? new Shortening(api, module, program) : null;
  }

  /** Does what is left to do once all is known that is used. */
  finish(): void {
    this.failures?.finish();
    this.literals.pack();
  }
}
