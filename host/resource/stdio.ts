/** The standard streams of this process. */
import { fstatSync } from "node:fs";
import { NativeFile } from "./file.js";
import type { OsFile } from "./resource.js";

/**
 * Lends a descriptor of this process to a guest. It stays the process's own.
 *
 * A process may be started with closed streams. Node then opens `/dev/null` in their place before
 * any of our code runs, so that what is printed there succeeds; only of descriptors beyond the
 * standard streams it can be seen.
 *
 * @returns null when the descriptor is not open.
 */
export function inherited(descriptor: number): OsFile | null {
  try {
    const stat = fstatSync(descriptor);
    // Devices that are no terminals answer a wait for readiness at once, so this need not be exact.
    return new NativeFile(descriptor, false, stat.isCharacterDevice(), stat.isFile());
  } catch {
    return null;
  }
}
