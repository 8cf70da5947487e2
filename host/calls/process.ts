/** `std/process`: children, pipes, and the end of a guest. */
import { Command, CommandStep, CommandStream, Errno, Op } from "../abi.js";
import { StageArgument, StageDescriptor } from "../backend/stage.js";
import { MOST_BYTES, programOf, readCommand, stageCommand } from "../command.js";
import type { Request } from "../command.js";
import { FAILURE_SECTION, readFailure } from "../failure-section.js";
import type { Failure } from "../failure-section.js";
import { GuestFailure } from "../failure.js";
import { Right } from "../handles.js";
import type { Loop } from "../loop.js";
import { MAX_PATH } from "../namespace.js";
import type { Parts } from "../parts.js";
import { GuestExit } from "../parts.js";
import {
  findProgram, forbiddenIn, isGranted, mayBecome, mayJoin, NO_ENVIRONMENT,
} from "../programs.js";
import { hasOffset, hasRange0, hasRange1, useHandle, Verdict } from "./call.js";

/** How much of a message is shown, in bytes: a guest could make one as big as its memory. */
export const MESSAGE_LIMIT = 65536;

/** The import `exit`. */
export function exit(_parts: Parts, code: number): never {
  throw new GuestExit(code | 0);
}

/** The import `panic`. */
export function panic({ memory }: Parts, pointer: number, length: number): never {
  throw new GuestFailure("panic", memory.text(pointer >>> 0, length >>> 0, MESSAGE_LIMIT));
}

/** The import `abort`: AssemblyScript's `throw` and `assert`. */
export function abort(
  { memory }: Parts,
  message: number,
  file: number,
  line: number,
  column: number,
): never {
  const text = memory.string(message >>> 0, MESSAGE_LIMIT);
  const name = memory.string(file >>> 0, MESSAGE_LIMIT);
  throw failed({ text, file: name, line: line >>> 0, column: column >>> 0 });
}

/** The import `fail`: a `panic` or an `abort` whose words the compiler knew. */
export function fail({ module }: Parts, number: number): never {
  const [section] = WebAssembly.Module.customSections(module, FAILURE_SECTION);
  const failure = section && readFailure(new Uint8Array(section), number >>> 0);
  const unknown = { text: `failure ${number >>> 0}`, file: "", line: 0, column: 0 };
  throw failed(failure ?? unknown);
}

function failed({ text, file, line, column }: Failure): GuestFailure {
  const where = file === "" ? "" : ` (${file}:${line}:${column})`;
  // Without words are `assert(x)`, `abort()`, and `throw` of an error that has none.
  return new GuestFailure("panic", (text || "the app aborted without a message") + where);
}

/** `Op.Pipe`. */
export function pipe(loop: Loop, at: number): number {
  const { memory, staging } = loop;
  if ((memory.flags(at) | memory.handle(at)) !== 0 || hasRange0(loop, at) ||
    hasRange1(loop, at) || hasOffset(loop, at)) return -Errno.EINVAL;
  if (!loop.hasRoomForHandles(2)) return -Errno.EMFILE;
  staging.write(Op.Pipe, 0, 0, 0, 0, 0, 0, 0);
  return Verdict.Staged;
}

/** `Op.Wait`. */
export function wait(loop: Loop, at: number): number {
  if (loop.memory.flags(at) !== 0) return -Errno.EINVAL;
  return useChild(loop, at, Op.Wait, 0);
}

/** `Op.Kill`. */
export function kill(loop: Loop, at: number): number {
  return useChild(loop, at, Op.Kill, loop.memory.flags(at));
}

function useChild(loop: Loop, at: number, op: Op, flags: number): number {
  if (hasRange0(loop, at) || hasRange1(loop, at) || hasOffset(loop, at)) return -Errno.EINVAL;
  const descriptor = useHandle(loop, loop.memory.handle(at), Right.Child);
  if (descriptor < 0) return descriptor;
  loop.staging.write(op, descriptor, 0, flags, 0, 0, 0, 0);
  return Verdict.Staged;
}

/** `Op.Spawn`. */
export function spawn(loop: Loop, at: number): number {
  const { memory, staging, grants, refusals } = loop;
  const pointer = memory.pointer0(at);
  const length = memory.length0(at);
  if ((memory.flags(at) | memory.handle(at)) !== 0 || hasRange1(loop, at) ||
    hasOffset(loop, at) || (pointer & 3) !== 0 || length < Command.Strings) return -Errno.EINVAL;
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  if (grants.run === null) {
    const beginning = memory.copyOut(pointer, Math.min(length, Command.Strings + MAX_PATH));
    refusals.add("program", programOf(beginning));
    return -Errno.EACCES;
  }
  if (length > MOST_BYTES) return -Errno.E2BIG;
  if (!loop.hasRoomForHandle) return -Errno.EMFILE;
  // From here on the guest's memory is not looked at any more.
  const request = readCommand(memory.copyOut(pointer, length));
  if (typeof request === "number") return request;
  if (request.program.length === 0) return -Errno.ENOENT;
  if (Math.max(request.program.length, request.directory.length) >= MAX_PATH) {
    return -Errno.ENAMETOOLONG;
  }
  const base = request.inheritsEnvironment ? grants.run.environment : NO_ENVIRONMENT;
  const environment = base.changed(request.changes);
  const found = findProgram(grants.run, request, environment);
  if (typeof found === "number") {
    if (!isGranted(grants.run, request.program)) refusals.add("program", request.program);
    return found;
  }
  const forbidden = forbiddenIn(grants.run, environment);
  if (forbidden !== undefined) {
    refusals.add("variable", forbidden);
    memory.writeWord(pointer + Command.Step, CommandStep.Environment);
    return -Errno.EACCES;
  }
  if (!mayJoin(grants.run, request)) {
    memory.writeWord(pointer + Command.Step, CommandStep.ProcessGroup);
    return -Errno.EACCES;
  }
  if (!mayBecome(grants.run, request)) {
    memory.writeWord(pointer + Command.Step, CommandStep.Owner);
    return -Errno.EACCES;
  }
  const streams = streamsOf(loop, request);
  if (typeof streams === "number") return streams;
  const directory = directoryOf(loop, request);
  if (typeof directory === "number") return directory;
  const staged = stageCommand(request, found, streams, directory, environment);
  const isLent = loop.ensureRoomFor(staged.length);
  const { namespace } = loop;
  const from = namespace.dir?.descriptor ?? StageDescriptor.CurrentDir;
  const argument = (namespace.isAmbient ? 0 : StageArgument.Beneath) |
    (isLent ? StageArgument.Annex : 0);
  staging.write(Op.Spawn, from, argument, 0, 0, 0, 0, 0);
  staging.range1(pointer + Command.Step, 4);
  if (isLent) loop.annex(staged);
  else staging.prefix(staged);
  return Verdict.Staged;
}

/** The descriptors of the child's streams, or a negative `Errno`. */
function streamsOf({ handles }: Loop, { streams }: Request): number[] | number {
  const found: number[] = [];
  for (const [own, wanted] of streams.entries()) {
    const isInherited = wanted === CommandStream.Inherit;
    const right = own === 0 ? Right.Read : Right.Write;
    const index = handles.require(isInherited ? own : wanted, right);
    if (wanted === CommandStream.Null || (isInherited && index < 0)) {
      found.push(StageDescriptor.Null);
      continue;
    }
    if (index < 0) return index;
    handles.share(index);
    found.push(handles.descriptor(index));
  }
  return found;
}

const HERE = Uint8Array.of(0x2e);

/**
 * The text of the directory that the child starts in, relative to what the namespace has found;
 * none to start in the process's own. Or a negative `Errno`.
 */
function directoryOf({ namespace, refusals }: Loop, { directory }: Request): Uint8Array[] | number {
  const isNamed = directory.length !== 0;
  const path = isNamed ? directory : HERE;
  const bad = namespace.resolve({ byte: (at) => path[at]! }, 0, path.length);
  if (bad !== 0 && !isNamed) return [];
  if (bad !== 0) {
    refusals.add("read", directory, namespace.currentDir);
    return bad;
  }
  const { prefix, consumed } = namespace;
  if (!isNamed && namespace.isAmbient && prefix.length === 0) return [];
  if (prefix.length + path.length >= MAX_PATH) return -Errno.ENAMETOOLONG;
  return [prefix, path.subarray(consumed)];
}
