/** Directories of the operating system. */
import { closeSync, constants, openSync } from "node:fs";
import type { OsDir } from "./resource.js";

/** A directory to grant. It belongs to whoever opened it, and may serve any number of instances. */
export class NativeDir implements OsDir {
  readonly kind = "dir";
  readonly owned = false;
  readonly isTerminal = false;
  readonly descriptor: number;

  private constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** Opens a directory. @throws Node's error when that is not possible. */
  static open(path: string): NativeDir {
    return new NativeDir(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  }

  /** Closes the directory; every instance that was granted it must have ended. */
  close(): void {
    closeSync(this.descriptor);
  }
}
