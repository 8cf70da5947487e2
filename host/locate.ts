/**
 * Finds the programs of a list before the guest starts, so that nothing it does can change what
 * their names mean; and finds out whether the guest could exchange such a program for another.
 */
import {
  accessSync, closeSync, constants, fstatSync, openSync, readSync, readlinkSync, statSync,
} from "node:fs";
import { dirname } from "node:path";
import { isNative, type GivenFile, type Grant } from "./given.js";

/** How many symbolic links a path may lead through (`MAXSYMLINKS`). */
const MOST_LINKS = 40;
/** How many interpreters of interpreters a system follows, and one more. */
const MOST_INTERPRETERS = 6;
/** How much of a file a system looks at for its interpreter, in bytes. */
const FIRST_LINE = 256;

/** Thrown when a program cannot be on a list; the message, for people, says why. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
}

/** What a guest may write to: granted directories, with all below them, and its streams. */
export class Writable {
  /** What identifies each of them. */
  private readonly known = new Set<string>();

  constructor(mounts: readonly Grant[], streams: readonly (GivenFile | null)[]) {
    const given = [
      ...mounts.filter(({ isReadOnly }) => !isReadOnly).map(({ dir }) => dir),
      ...streams,
    ];
    // In what is virtual there is no program.
    for (const { descriptor } of given.filter((one) => one !== null).filter(isNative)) {
      try {
        this.known.add(identity(fstatSync(descriptor, { bigint: true })));
      } catch {
        // It is not open, and nothing can be written to it.
      }
    }
  }

  /**
   * What of it an absolute path leads through or to, so that the guest could have it lead
   * elsewhere; undefined when there is no such thing. What is not there leads nowhere: the guest
   * could make it only in a directory that the path leads through.
   */
  on(path: string): string | undefined {
    let at = "/";
    let links = 0;
    for (const rest = path.split("/"); rest.length > 0;) {
      const name = rest.shift()!;
      if (name === "" || name === ".") continue;
      if (name === "..") {
        at = dirname(at);
        continue;
      }
      if (this.has(at)) return at;
      const next = at === "/" ? `/${name}` : `${at}/${name}`;
      const target = targetOf(next);
      if (target === undefined) {
        at = next;
        continue;
      }
      if (++links > MOST_LINKS) return undefined;
      if (target.startsWith("/")) at = "/";
      rest.unshift(...target.split("/"));
    }
    return this.has(at) ? at : undefined;
  }

  /** The folders of a search path that can be relied on: absolute ones, which it has no part in. */
  foldersBeside(searchPath: string): string[] {
    return searchPath.split(":")
      .filter((folder) => folder.startsWith("/") && this.on(folder) === undefined);
  }

  private has(path: string): boolean {
    try {
      return this.known.has(identity(statSync(path, { bigint: true })));
    } catch {
      // It is not there, or out of reach for programs, too.
      return false;
    }
  }
}

/**
 * Finds a program.
 *
 * @param file an absolute path, or a name that is looked for in the absolute folders of
 *   `searchPath`.
 * @returns its absolute path, links and all; null when it is not there.
 * @throws ProgramError when the guest could put another one in its place.
 */
export function locate(file: string, searchPath: string, writable: Writable): string | null {
  const candidates = file.startsWith("/") ? [file] : searchPath.split(":")
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => `${folder.replace(/\/+$/, "")}/${file}`);
  const found = candidates.find(isExecutable);
  if (found === undefined) return null;
  let path: string | undefined = found;
  for (let depth = 0; path !== undefined && depth < MOST_INTERPRETERS; depth++) {
    const where = writable.on(path);
    const what = path === found ? found : `${found}, which ${path} interprets,`;
    if (where === path) throw new ProgramError(`${what} is open for the app to write to`);
    if (where !== undefined) {
      throw new ProgramError(`${what} lies where the app may write: ${where}`);
    }
    path = interpreterOf(path);
    if (path !== undefined && !path.startsWith("/")) {
      throw new ProgramError(`${found} is interpreted by whatever is ${path} where it starts`);
    }
  }
  return found;
}

function identity({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}

function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // It is no link, or nothing.
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What the first line of a script names; undefined for any other file. */
function interpreterOf(path: string): string | undefined {
  const bytes = Buffer.alloc(FIRST_LINE);
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      readSync(file, bytes, 0, FIRST_LINE, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    // A script that cannot be read cannot be interpreted either.
    return undefined;
  }
  return /^#![ \t]*([^ \t\n\0]+)/.exec(bytes.toString())?.[1];
}
