/** Children: programs that a guest has started. */
import type { Resource } from "./resource.js";

/** A child of this process. */
export class NativeChild implements Resource {
  readonly kind = "child";
  readonly owned = true;
  readonly isTerminal = false;
  readonly descriptor: number;

  /** @param descriptor what the OS knows it by. Closing it does not end the child. */
  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }
}
