/**
 * The programs that a guest may start, and what they get. A program is the process's own affair
 * once it runs: it has all rights of the process, whatever the guest that started it was given.
 */
import { Errno } from "./abi.js";
import { encoder } from "./namespace.js";

/** What a guest may start. */
export interface ProgramGrants {
  /**
   * What is started for each name that the guest may use: an absolute path, or a name that is
   * looked for in `searchPath`. Null: any program.
   */
  readonly programs: ReadonlyMap<string, string> | null;
  /** The directories, as in `PATH`, for a name without a slash. */
  readonly searchPath: string;
  /** The guest's environment. */
  readonly environment: Environment;
}

/** A program, and where to look for it. */
export interface Found {
  readonly program: Uint8Array;
  readonly searchPath: Uint8Array;
}

const SLASH = 0x2f;
const EQUALS = 0x3d;
const NOWHERE = new Uint8Array(0);
const PATH = encoder.encode("PATH=");
/** What lets other code into a program that is started. */
const LOADER = encoder.encode("LD_");

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
  environment: Environment,
): Found | number {
  if (grants.programs !== null) {
    const program = grants.programs.get(keyOf(name));
    if (program === undefined) return -Errno.EACCES;
    if (environment.has(LOADER)) return -Errno.EACCES;
    const absolute = grants.searchPath.split(":").filter((folder) => folder.startsWith("/"));
    return { program: encoder.encode(program), searchPath: encoder.encode(absolute.join(":")) };
  }
  if (name.includes(SLASH)) return { program: name, searchPath: NOWHERE };
  return { program: name, searchPath: environment.path ?? encoder.encode(grants.searchPath) };
}

/** The environment of a program: variables `NAME=VALUE`, which are not changed any more. */
export class Environment {
  readonly variables: readonly Uint8Array[];
  /** All of them, each with a NUL. */
  readonly block: Uint8Array;
  /** What `PATH` is, if it is set. */
  readonly path: Uint8Array | undefined;

  constructor(variables: readonly Uint8Array[]) {
    this.variables = variables;
    this.block = new Uint8Array(variables.reduce((sum, { length }) => sum + length + 1, 0));
    let at = 0;
    for (const variable of variables) {
      this.block.set(variable, at);
      at += variable.length + 1;
    }
    this.path = variables.find((variable) => startsWith(variable, PATH))?.subarray(PATH.length);
  }

  /** Whether there is a variable that begins so. */
  has(start: Uint8Array): boolean {
    return this.variables.some((variable) => startsWith(variable, start));
  }

  /** The same with `changes`: `NAME=VALUE` sets a variable, `NAME` takes it out. */
  changed(changes: readonly Uint8Array[]): Environment {
    if (changes.length === 0) return this;
    const variables = new Map<string, Uint8Array>();
    for (const variable of this.variables) {
      const key = nameOf(variable);
      if (!variables.has(key)) variables.set(key, variable);
    }
    for (const change of changes) {
      const key = nameOf(change);
      if (key.length < change.length) variables.set(key, change);
      else variables.delete(key);
    }
    return new Environment([...variables.values()]);
  }
}

/** No variable at all. */
export const NO_ENVIRONMENT = new Environment([]);

/** Names may begin with `=`, as some on Windows do. */
function nameOf(variable: Uint8Array): string {
  const end = variable.indexOf(EQUALS, 1);
  return keyOf(end < 0 ? variable : variable.subarray(0, end));
}

/** Bytes as a string with one character for each. */
function keyOf(bytes: Uint8Array): string {
  let key = "";
  for (const byte of bytes) key += String.fromCharCode(byte);
  return key;
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}
