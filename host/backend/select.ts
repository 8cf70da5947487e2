/** Chooses a backend: the best of this machine, or the one that `STD_BACKEND` names. */
import type { Backend } from "./backend.js";
import { createNative, nativeNames } from "./native.js";

/** Thrown when no backend can serve, or not the one that was asked for. */
export class BackendError extends Error {
  override readonly name = "BackendError";
}

/**
 * Makes a backend.
 *
 * @param name what `STD_BACKEND` would say; undefined or empty for the best one.
 * @throws BackendError when there is none of this name, or none at all; the message says why.
 */
export function selectBackend(name: string | undefined = process.env["STD_BACKEND"]): Backend {
  const names = nativeNames();
  if (name !== undefined && name !== "") {
    if (!names.includes(name)) {
      const list = names.length === 0 ? "none" : names.join(", ");
      throw new BackendError(`no backend is called ${JSON.stringify(name)}; available: ${list}`);
    }
    try {
      return createNative(name);
    } catch (error) {
      throw new BackendError(`the backend ${name} does not work here: ${reasonOf(error)}`);
    }
  }
  const reasons: string[] = [];
  for (const candidate of names) {
    try {
      return createNative(candidate);
    } catch (error) {
      reasons.push(`${candidate}: ${reasonOf(error)}`);
    }
  }
  throw new BackendError(`no backend works on this machine (${reasons.join("; ")})`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
