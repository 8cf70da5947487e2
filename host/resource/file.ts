/** Files, pipes and terminals of the operating system. */
import type { OsFile } from "./resource.js";

/** Something with a descriptor. By itself this class gives access to nothing. */
export class NativeFile implements OsFile {
  readonly kind = "file";
  readonly descriptor: number;
  readonly owned: boolean;
  readonly isTerminal: boolean;
  readonly isShared: boolean;

  /**
   * @param descriptor an open descriptor of the OS.
   * @param owned whether closing the guest's handle closes the descriptor. If not, the caller keeps
   *   it open until the instance has ended.
   * @param isTerminal whether reads have to wait for readiness first.
   * @param isShared whether it is a regular file whose position other processes may have, too.
   */
  constructor(descriptor: number, owned = true, isTerminal = false, isShared = false) {
    this.isShared = isShared;
    this.descriptor = descriptor;
    this.owned = owned;
    this.isTerminal = isTerminal;
  }
}
