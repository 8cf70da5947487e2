/**
 * Says what a guest died of, in its own words and lines. Nothing here is needed by a guest that
 * lives, so the launcher loads this file only when one died. The module may be hostile: whatever
 * of it is said is in the form of `safe-text.ts`, and nothing it names is opened that is not its.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, join } from "node:path";
import { GuestFailure } from "./failure.js";
import type { FailureKind } from "./failure.js";
import { safeName } from "./safe-text.js";

const PREFIXES: Readonly<Record<FailureKind, string>> = {
  load: "cannot be run: ",
  trap: "trap: ",
  panic: "panic: ",
  fault: "bad guest: ",
  deadlock: "",
  stopped: "",
};

/** How an engine ends a line for a frame of wasm: index of the function, offset of the byte. */
const FRAME_END = /:wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/;
/** No such end is longer. */
const LONGEST_END = 64;
/** How such a line goes on behind the name of the function, where that is known. */
const MODULE = " (wasm://";

/** The largest source map that is read, in bytes. */
const LARGEST_MAP = 64 << 20;

/** Reads the source map that a module names; undefined when it cannot. */
export type SourceMapReader = (url: string) => string | undefined;

/**
 * Makes the message for people: what happened and, for what happened in the guest's code, where.
 *
 * @param read gets the source map that the module names, when there is one and it is needed.
 */
export function explain(
  failure: GuestFailure,
  module: WebAssembly.Module | null = null,
  read?: SourceMapReader,
): string {
  const lines = [PREFIXES[failure.kind] + failure.message];
  if (failure.kind !== "load" && failure.kind !== "deadlock") {
    const { cause } = failure;
    const map = module === null || read === undefined ? null : sourceMapOf(module, read);
    const frames = framesOf(cause instanceof Error ? cause : failure)
      .map((frame) => describe(frame, map));
    const own = frames.filter(({ isOwn }) => isOwn);
    for (const { text } of own.length > 0 ? own : frames) lines.push(`    at ${text}`);
  }
  return lines.join("\n");
}

/**
 * Reads the source map of the module in the file `path`: a regular file beside it, and no link,
 * which might lead anywhere.
 *
 * @param url the name of the file, as the module has it.
 * @returns undefined when that is not the name of such a file.
 * @throws Node's error when there is none.
 */
export function readBeside(path: string, url: string): string | undefined {
  const name = url.replace(/^\.\//, "");
  if (!/^[^/\\\0]{1,255}$/.test(name)) return undefined;
  // A FIFO would let it wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = openSync(join(dirname(path), name), flags);
  try {
    const status = fstatSync(file);
    if (!status.isFile() || status.size > LARGEST_MAP) return undefined;
    // No more than that, should it grow.
    const bytes = new Uint8Array(status.size);
    let length = 0;
    for (let count = -1; count !== 0 && length < bytes.length; length += count) {
      count = readSync(file, bytes, length, bytes.length - length, null);
    }
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    closeSync(file);
  }
}

/** A frame of wasm code, as the engine names it. */
interface Frame {
  readonly name: string | undefined;
  readonly index: string;
  readonly offset: string;
}

/** The frames of wasm code in the stack of an error. */
function framesOf(error: Error): Frame[] {
  const stack = error.stack ?? "";
  // What lies before is the message, whose lines are no frames.
  const start = stack.indexOf(error.message) + error.message.length;
  return stack.slice(start).split("\n").map(frameOf).filter((frame) => frame !== null);
}

/** Names are as long as a module likes, so that nothing here may take longer than they are. */
function frameOf(line: string): Frame | null {
  const text = line.trimStart();
  const end = FRAME_END.exec(text.slice(-LONGEST_END));
  if (end === null || !text.startsWith("at ")) return null;
  const named = text.indexOf(MODULE);
  const name = named < 0 ? undefined : text.slice("at ".length, named);
  return { name, index: end[1]!, offset: end[2]! };
}

/** A line for a frame, and whether it is the app's own as far as can be known. */
interface Line {
  readonly text: string;
  readonly isOwn: boolean;
}

/** What the names and sources of std, its runtime and AssemblyScript's library begin with. */
const LIBRARY = "~lib/";

/** The functions that the compiler made: the way in, and what runs an async function. */
const GENERATED = /~task~\||\/start~$/;

/** What the compiler adds to the name of the body of an async function. */
const BODY = /~async\d*/;

function describe({ name, index, offset }: Frame, map: SourceMap | null): Line {
  const called = name === undefined ? `function ${index}` : safeName(name.replace(BODY, ""));
  const isGenerated = name !== undefined && (name.startsWith(LIBRARY) || GENERATED.test(name));
  // AssemblyScript's maps have one generated line whose columns are bytes of the module.
  const entry = map?.findEntry(0, parseInt(offset, 16));
  if (!entry || !("originalSource" in entry) || typeof entry.originalSource !== "string") {
    return { text: `${called} (byte 0x${offset})`, isOwn: !isGenerated };
  }
  const { originalSource, originalLine, originalColumn } = entry;
  const source = safeName(originalSource);
  const text = `${called} (${source}:${originalLine + 1}:${originalColumn + 1})`;
  return { text, isOwn: !isGenerated && !originalSource.startsWith(LIBRARY) };
}

/** The source map that the module's section `sourceMappingURL` names, if it can be had and read. */
function sourceMapOf(module: WebAssembly.Module, read: SourceMapReader): SourceMap | null {
  const [section] = WebAssembly.Module.customSections(module, "sourceMappingURL");
  if (section === undefined) return null;
  try {
    const text = read(sectionString(new Uint8Array(section)));
    return text === undefined ? null : new SourceMap(JSON.parse(text));
  } catch {
    // A map that is broken must not hide what the guest died of.
    return null;
  }
}

/** A string as wasm has it: its length as LEB128, then UTF-8. */
function sectionString(bytes: Uint8Array): string {
  let at = 0;
  while ((bytes[at] ?? 0) >= 0x80) at++;
  return new TextDecoder().decode(bytes.subarray(at + 1));
}
