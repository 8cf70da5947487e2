/** Sockets that a guest has made, or accepted. */
import type { Resource } from "./resource.js";

/** A socket of the operating system. */
export class NativeSocket implements Resource {
  readonly kind = "socket";
  readonly owned = true;
  readonly isTerminal = false;
  readonly descriptor: number;

  /** @param descriptor an open descriptor of the OS, the guest's from now on. */
  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }
}
