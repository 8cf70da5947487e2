/** What an embedder gives a guest to hold: resources of the OS, and others with methods. */
import type { Router } from "./backend/router.js";
import { FIRST_VIRTUAL } from "./resource/resource.js";
import type { OsDir, OsFile, Resource } from "./resource/resource.js";
import type { HostDir, HostFile } from "./resource/virtual/resource.js";

/** A file of either kind. */
export type GivenFile = OsFile | HostFile;

/** A directory of either kind. */
export type GivenDir = OsDir | HostDir;

/** A directory and where the guest sees it, as an absolute path. */
export interface Grant {
  readonly dir: GivenDir;
  readonly path: string;
  /** Whether nothing in it may be changed. */
  readonly isReadOnly: boolean;
}

/** Whether a resource is one of the OS's. */
export function isNative<T extends Resource>(resource: T | HostFile | HostDir): resource is T {
  return "descriptor" in resource;
}

/** What a resource must have to be a virtual one of its kind. */
const METHODS = {
  file: [],
  dir: ["look", "stat", "dir", "open", "list"],
} as const;

/**
 * Makes sure that a resource is one: a descriptor of the OS, or an object with methods. Any other
 * number would reach the OS as something that it does have: the process's current directory, say.
 *
 * @throws TypeError when it is not; `what` says where it was given.
 */
export function requireResource(
  resource: GivenFile | GivenDir, kind: "file" | "dir", what: string,
): void {
  const given = resource as unknown;
  if (typeof given !== "object" || given === null || (given as Resource).kind !== kind) {
    throw new TypeError(`${what}: not a ${kind === "dir" ? "directory" : "file"} for a guest`);
  }
  if ("descriptor" in given) {
    const { descriptor } = given;
    if (Number.isInteger(descriptor) && (descriptor as number) >= 0 &&
      (descriptor as number) < FIRST_VIRTUAL) return;
    throw new TypeError(`${what}: ${String(descriptor)} is no descriptor of the operating system`);
  }
  for (const method of METHODS[kind]) {
    if (typeof (given as Record<string, unknown>)[method] === "function") continue;
    throw new TypeError(`${what}: a directory without a method ${method}`);
  }
}

/** A resource as the instance with this router has it. */
export function adopted(resource: GivenFile, router: Router | null): OsFile;
export function adopted(resource: GivenDir, router: Router | null): OsDir;
export function adopted(
  resource: GivenFile | GivenDir, router: Router | null,
): OsFile | OsDir {
  if (isNative<OsFile | OsDir>(resource)) return resource;
  if (router === null) throw new TypeError("a virtual resource needs a router");
  const descriptor = router.adopt(resource);
  const common = { descriptor, owned: false, isTerminal: false };
  return resource.kind === "file" ? { kind: "file", ...common } : { kind: "dir", ...common };
}
