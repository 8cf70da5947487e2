/**
 * The programs that a guest may start, and what they get. A program is the process's own affair
 * once it runs: it has all rights of the process, whatever the guest that started it was given.
 */
import { CommandGroup, CommandOwner, Errno } from "./abi.js";
import type { Request } from "./command.js";
import type { Writable } from "./locate.js";
import { encoder } from "./namespace.js";

/** What a guest may start. */
export interface ProgramGrants {
  /**
   * The absolute path of what is started for each name that the guest may use, or null when it was
   * not there as the guest started. Null for all of it: any program.
   */
  readonly programs: ReadonlyMap<string, string | null> | null;
  /** The directories, as in `PATH`, for a name without a slash. */
  readonly searchPath: string;
  /** The guest's environment; where there is a list, what of it programs may have. */
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

/**
 * Variables that a guest may give to any program, with what their values are made of. They say how
 * to show something: none of them names a file, or anything that is executed or loaded.
 */
const HARMLESS: readonly (readonly [RegExp, RegExp])[] = [
  [/^(?:LANG|LANGUAGE|LC_[A-Z]+|TERM|COLORTERM)$/, /^[\w.@:+-]{0,100}$/],
  [/^TZ$/, /^(?:[\w+-][\w+,./-]{0,100})?$/],
  [/^(?:NO_COLOR|FORCE_COLOR|CLICOLOR|CLICOLOR_FORCE|COLUMNS|LINES)$/, /^\w{0,20}$/],
];

/**
 * What is to be started; a negative `Errno` when that was not granted.
 *
 * Of any program that it may start the guest says where to look for it, by the `PATH` that it gives
 * to the child, and what it is called. Of one on a list it may say neither: some programs are many
 * in one, and are told apart by what they are called.
 */
export function findProgram(
  { programs, searchPath }: ProgramGrants,
  { program: name, arguments: words }: Request,
  environment: Environment,
): Found | number {
  if (programs !== null) {
    const program = programs.get(keyOf(name));
    if (program === undefined || !isFirst(name, words)) return -Errno.EACCES;
    if (program === null) return -Errno.ENOENT;
    return { program: encoder.encode(program), searchPath: NOWHERE };
  }
  if (name.includes(SLASH)) return { program: name, searchPath: NOWHERE };
  return { program: name, searchPath: environment.path ?? encoder.encode(searchPath) };
}

/** Whether the guest may start a program by this name, whatever else it asks for. */
export function isGranted({ programs }: ProgramGrants, name: Uint8Array): boolean {
  return programs === null || programs.has(keyOf(name));
}

/**
 * The name of a variable that a program must not get; undefined when it may get them all. One on a
 * list gets nothing from the guest but what is harmless: by others code is loaded into it, and the
 * list would allow everything that the guest can write to a file.
 */
export function forbiddenIn(
  { programs, environment: given }: ProgramGrants,
  environment: Environment,
): string | undefined {
  if (programs === null || environment === given) return undefined;
  const forbidden = environment.variables
    .find((variable) => !given.has(variable) && !isHarmless(variable));
  return forbidden && nameOf(forbidden);
}

/**
 * Whether a program may be in that process group. One on a list may leave ours for a new one, but
 * not join another's, whose signals it would share.
 */
export function mayJoin({ programs }: ProgramGrants, { processGroup }: Request): boolean {
  return programs === null || processGroup <= CommandGroup.New;
}

/**
 * Whether a program may run as that user and in that group. One on a list runs as we do: as another
 * one it could do to that one's files what the list was not made for.
 */
export function mayBecome({ programs }: ProgramGrants, { userId, groupId }: Request): boolean {
  const isOurs = userId === CommandOwner.Inherit && groupId === CommandOwner.Inherit;
  return programs === null || isOurs;
}

/** Of variables that a guest was given, those that a program of a list may have. */
export function listed(variables: readonly Uint8Array[], writable: Writable): Environment {
  return new Environment(variables.flatMap((variable) => {
    if (!startsWith(variable, PATH)) return [variable];
    // Scripts name their interpreter without a folder: `#!/usr/bin/env node`.
    const text = new TextDecoder().decode(variable.subarray(PATH.length));
    const folders = writable.foldersBeside(text);
    // An empty one would stand for the current directory.
    return folders.length === 0 ? [] : [encoder.encode(`PATH=${folders.join(":")}`)];
  }));
}

function isHarmless(variable: Uint8Array): boolean {
  const name = nameOf(variable);
  const value = keyOf(variable).slice(name.length + 1);
  return !value.includes("..") &&
    HARMLESS.some(([names, values]) => names.test(name) && values.test(value));
}

/** Whether the first of strings that follow each other, each with a NUL, is this one. */
function isFirst(text: Uint8Array, strings: Uint8Array): boolean {
  return startsWith(strings, text) && strings[text.length] === 0;
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

  /** Whether it has this variable with this very value. */
  has(variable: Uint8Array): boolean {
    const { length } = variable;
    return this.variables.some((own) => own.length === length && startsWith(own, variable));
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

/** How many characters of a string are made by one call. */
const KEY_CHUNK = 4096;

/** Bytes as a string with one character for each. */
function keyOf(bytes: Uint8Array): string {
  let key = "";
  for (let at = 0; at < bytes.length; at += KEY_CHUNK) {
    key += String.fromCharCode(...bytes.subarray(at, at + KEY_CHUNK));
  }
  return key;
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}
