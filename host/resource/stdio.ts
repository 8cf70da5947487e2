/** The standard streams of this process. */
import { fstatSync } from "node:fs";
import { NativeFile } from "./file.js";
import type { HostFile } from "./resource.js";

/**
 * Lends a descriptor of this process to a guest. It stays the process's own.
 *
 * @returns null when the descriptor is not open: a process may be started with closed streams.
 */
export function inherited(descriptor: number): HostFile | null {
  try {
    // Devices that are no terminals answer a wait for readiness at once, so this need not be exact.
    return new NativeFile(descriptor, false, fstatSync(descriptor).isCharacterDevice());
  } catch {
    return null;
  }
}
