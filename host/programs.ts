/**
 * The programs that a guest may start, and what they get. A program is the process's own affair
 * once it runs: it has all rights of the process, whatever the guest that started it was given.
 */
import { Errno } from "./abi.js";

/** What a guest may start. */
export interface ProgramGrants {
  /**
   * What is started for each name that the guest may use: an absolute path, or a name that is
   * looked for in `searchPath`. Null: any program.
   */
  readonly programs: ReadonlyMap<string, string> | null;
  /** The directories, as in `PATH`, for a name without a slash. */
  readonly searchPath: string;
  /** The guest's environment, `NAME=VALUE`. */
  readonly environment: readonly Uint8Array[];
}

/** A program, and where to look for it. */
export interface Found {
  readonly program: Uint8Array;
  readonly searchPath: Uint8Array;
}

const SLASH = 0x2f;
const EQUALS = 0x3d;
const NOWHERE = new Uint8Array(0);
const PATH = textOf("PATH=");
/** What lets other code into a program that is started. */
const LOADER = textOf("LD_");

/** Bytes as a string with one character for each. */
function keyOf(bytes: Uint8Array): string {
  let key = "";
  for (const byte of bytes) key += String.fromCharCode(byte);
  return key;
}

function textOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

/**
 * What is to be started for `name`; a negative `Errno` when that was not granted.
 *
 * Of any program that it may start the guest says where to look for it, by the `PATH` that it gives
 * to the child. Of one on a list it may not, and neither may it have other code loaded into it: or
 * the list would allow everything that the guest can write to a file.
 */
export function findProgram(
  grants: ProgramGrants,
  name: Uint8Array,
  environment: readonly Uint8Array[],
): Found | number {
  if (grants.programs !== null) {
    const program = grants.programs.get(keyOf(name));
    if (program === undefined) return -Errno.EACCES;
    if (environment.some((variable) => startsWith(variable, LOADER))) return -Errno.EACCES;
    const absolute = grants.searchPath.split(":").filter((folder) => folder.startsWith("/"));
    return { program: textOf(program), searchPath: textOf(absolute.join(":")) };
  }
  if (name.includes(SLASH)) return { program: name, searchPath: NOWHERE };
  const own = environment.find((variable) => startsWith(variable, PATH));
  return { program: name, searchPath: own?.subarray(PATH.length) ?? textOf(grants.searchPath) };
}

/** `base` with `changes`: `NAME=VALUE` sets a variable, `NAME` takes it out. */
export function changeEnvironment(
  base: readonly Uint8Array[],
  changes: readonly Uint8Array[],
): readonly Uint8Array[] {
  if (changes.length === 0) return base;
  const variables = new Map<string, Uint8Array>();
  for (const variable of base) {
    const key = nameOf(variable);
    if (!variables.has(key)) variables.set(key, variable);
  }
  for (const change of changes) {
    const key = nameOf(change);
    if (key.length < change.length) variables.set(key, change);
    else variables.delete(key);
  }
  return [...variables.values()];
}

/** Names may begin with `=`, as some on Windows do. */
function nameOf(variable: Uint8Array): string {
  const end = variable.indexOf(EQUALS, 1);
  return keyOf(end < 0 ? variable : variable.subarray(0, end));
}
