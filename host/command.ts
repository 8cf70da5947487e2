/**
 * What a guest wants started: its `Command` record, read once and checked, and the `StageCommand`
 * that a backend gets instead of it.
 */
import { Command, CommandFlag, Errno } from "./abi.js";
import { StageCommand } from "./backend/stage.js";
import type { Environment, Found } from "./programs.js";

/**
 * How much a command line and an environment may be, with a pointer for each string: as much as
 * Linux takes with its usual stack, and more than other systems do.
 */
export const MOST_BYTES = 2 << 20;
const POINTER_SIZE = 8;

/** Numbers of processes are positive and signed. */
const HIGHEST_PROCESS = 0x7fffffff;

/** A `Command` record in the host's words. */
export interface Request {
  readonly inheritsEnvironment: boolean;
  /** Handles, or `CommandStream`s. */
  readonly streams: readonly number[];
  /** A `CommandGroup` or a number. */
  readonly processGroup: number;
  /** A `CommandOwner` or a number. */
  readonly userId: number;
  /** Likewise. */
  readonly groupId: number;
  readonly program: Uint8Array;
  /** Empty for the guest's current one. */
  readonly directory: Uint8Array;
  readonly argumentCount: number;
  /** The arguments, each with its NUL. */
  readonly arguments: Uint8Array;
  /** Changes of the environment. */
  readonly changes: readonly Uint8Array[];
}

/** Reads a record with its strings. @returns a negative `Errno` when it makes no sense. */
export function readCommand(bytes: Uint8Array): Request | number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, Command.Strings);
  const flags = words.getUint32(Command.Flags, true);
  const argumentCount = words.getUint32(Command.ArgumentCount, true);
  const variableCount = words.getUint32(Command.VariableCount, true);
  const processGroup = words.getUint32(Command.ProcessGroup, true);
  if ((flags & ~CommandFlag.All) !== 0 || argumentCount === 0 || processGroup > HIGHEST_PROCESS) {
    return -Errno.EINVAL;
  }
  // Every string has a NUL at least, so nothing is walked further than there are bytes.
  const count = argumentCount + variableCount;
  if (count > bytes.length) return -Errno.EINVAL;
  if (bytes.length + count * POINTER_SIZE > MOST_BYTES) return -Errno.E2BIG;
  const strings = new Strings(bytes, Command.Strings);
  const program = strings.next();
  const directory = strings.next();
  const from = strings.at;
  for (let index = 0; index < argumentCount; index++) strings.next();
  const to = strings.at;
  const changes: Uint8Array[] = [];
  for (let index = 0; index < variableCount; index++) changes.push(strings.next());
  if (!strings.isAtEnd || changes.some((change) => change.length === 0)) return -Errno.EINVAL;
  return {
    inheritsEnvironment: (flags & CommandFlag.InheritEnvironment) !== 0,
    streams: [Command.Stdin, Command.Stdout, Command.Stderr].map((at) => words.getUint32(at, true)),
    processGroup,
    userId: words.getUint32(Command.UserId, true),
    groupId: words.getUint32(Command.GroupId, true),
    program,
    directory,
    argumentCount,
    arguments: bytes.subarray(from, to),
    changes,
  };
}

/** The program of a record of which only the beginning may be there; empty when it is not whole. */
export function programOf(bytes: Uint8Array): Uint8Array {
  return new Strings(bytes, Command.Strings).next();
}

/** Strings that follow each other, each with a NUL at its end. */
class Strings {
  private isBroken = false;

  constructor(private readonly bytes: Uint8Array, public at: number) {}

  /** Whether all bytes were strings, and all strings were there. */
  get isAtEnd(): boolean {
    return !this.isBroken && this.at === this.bytes.length;
  }

  next(): Uint8Array {
    const from = this.at;
    const end = this.bytes.indexOf(0, from);
    if (end < 0) this.isBroken = true;
    this.at = end < 0 ? this.bytes.length : end + 1;
    return this.bytes.subarray(from, end < 0 ? from : end);
  }
}

/** A `StageCommand` with its strings. */
export function stageCommand(
  request: Request,
  found: Found,
  streams: readonly number[],
  directory: readonly Uint8Array[],
  environment: Environment,
): Uint8Array {
  const text: readonly Uint8Array[] = [
    found.program, NUL, found.searchPath, NUL, ...directory, NUL, request.arguments,
    environment.block,
  ];
  const size = text.reduce((sum, part) => sum + part.length, StageCommand.Strings);
  const staged = new Uint8Array(size);
  const words = new DataView(staged.buffer);
  words.setUint32(StageCommand.ArgumentCount, request.argumentCount, true);
  words.setUint32(StageCommand.VariableCount, environment.variables.length, true);
  for (const [index, descriptor] of streams.entries()) {
    words.setInt32(StageCommand.Stdin + 4 * index, descriptor, true);
  }
  words.setUint32(StageCommand.ProcessGroup, request.processGroup, true);
  words.setUint32(StageCommand.UserId, request.userId, true);
  words.setUint32(StageCommand.GroupId, request.groupId, true);
  let at: number = StageCommand.Strings;
  for (const part of text) {
    staged.set(part, at);
    at += part.length;
  }
  return staged;
}

const NUL = new Uint8Array(1);
