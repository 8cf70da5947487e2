/** The command line of `run`, read. What it says is not looked up here. */
import { nearest } from "./nearest.js";

/** A mistake in the command line; exit code 2. */
export class UsageError extends Error {
  /** Whether the message says by itself what to do. */
  readonly hasAdvice: boolean;

  constructor(message: string, { hasAdvice = false } = {}) {
    super(message);
    this.hasAdvice = hasAdvice;
  }
}

export interface Grant {
  readonly host: string;
  readonly guest: string | undefined;
  readonly isReadOnly: boolean;
}

/** A command line of `run`. */
export interface RunCommand {
  readonly grants: Grant[];
  readonly env: [string, string][];
  readonly network: string[];
  /** Programs; null: all of them. */
  programs: string[] | null;
  isAllAllowed: boolean;
  /** Whether it asks for help only. */
  isHelp: boolean;
  /** The options as they were given, with `--` if that ended them. */
  words: readonly string[];
  /** The app, unless it is missing, and its arguments. */
  app: readonly string[];
}

/** The options of `run`, and whether a value must follow. */
const RUN_OPTIONS: ReadonlyMap<string, boolean> = new Map([
  ["--dir", true], ["--dir-ro", true], ["--env", true], ["--net", true],
  ["--allow-run", false], ["--allow-all", false],
]);

/** How many words of a command line the option takes that the first one is; 0 when it is none. */
export function widthOfOption([first = "", ...rest]: readonly string[]): number {
  const [name, attached] = splitOption(first);
  const needsValue = RUN_OPTIONS.get(name);
  if (needsValue === undefined) return 0;
  return needsValue && attached === undefined && rest.length > 0 ? 2 : 1;
}

/** Reads the words behind `run`. @throws UsageError */
export function parseRun(given: readonly string[]): RunCommand {
  const args = [...given];
  const command: RunCommand = {
    grants: [], env: [], network: [], programs: [], isAllAllowed: false, isHelp: false,
    words: [], app: [],
  };
  while (args[0]?.startsWith("-") && args[0] !== "-") {
    const argument = args.shift()!;
    if (argument === "--") break;
    if (argument === "-h" || argument === "--help") command.isHelp = true;
    else takeOption(command, argument, args);
  }
  command.words = given.slice(0, given.length - args.length);
  command.app = args;
  return command;
}

/** Takes one option, and from `args` the value that follows it. */
function takeOption(command: RunCommand, argument: string, args: string[]): void {
  const [name, attached] = splitOption(argument);
  const needsValue = RUN_OPTIONS.get(name);
  if (needsValue === undefined) {
    const known = [...RUN_OPTIONS.keys(), "--help"];
    throw new UsageError(`unknown option ${argument}${meant(name, known)}`);
  }
  const value = attached ?? (needsValue ? args.shift() : undefined);
  if (needsValue && (value === undefined || value === "")) {
    throw new UsageError(`${name} needs a value`);
  }
  if (name === "--dir" || name === "--dir-ro") command.grants.push(parseGrant(name, value!));
  else if (name === "--net") command.network.push(value!);
  else if (name === "--env") command.env.push(parseVariable(value!));
  else if (name === "--allow-run") allowPrograms(command, value);
  else if (value !== undefined) throw new UsageError(`${name} takes no value`);
  else command.isAllAllowed = true;
}

function allowPrograms(command: RunCommand, value: string | undefined): void {
  const names = value?.split(",");
  if (names?.includes("")) throw new UsageError("--allow-run=: a program without a name");
  command.programs = names === undefined ? null : command.programs?.concat(names) ?? null;
}

/** What a word that is unknown was probably meant to be, in words; or nothing. */
export function meant(word: string, known: Iterable<string>): string {
  const candidate = nearest(word, known);
  return candidate === undefined ? "" : `; did you mean ${candidate}?`;
}

function splitOption(argument: string): [string, string | undefined] {
  const at = argument.indexOf("=");
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}

function parseGrant(option: string, value: string): Grant {
  const isReadOnly = option === "--dir-ro";
  const at = value.indexOf("::");
  if (at < 0) return { host: value, guest: undefined, isReadOnly };
  const grant = { host: value.slice(0, at), guest: value.slice(at + 2), isReadOnly };
  if (grant.host === "") throw new UsageError(`${option} ${value}: no directory before the ::`);
  if (!grant.guest.startsWith("/")) {
    throw new UsageError(`${option} ${value}: the guest's path must be absolute`);
  }
  return grant;
}

function parseVariable(value: string): [string, string] {
  const [name, content] = splitOption(value);
  if (content === undefined || name === "") throw new UsageError(`--env ${value}: no NAME=VALUE`);
  return [name, content];
}
