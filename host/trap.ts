/**
 * Says what a guest died of, in its own words and lines. Nothing here is needed by a guest that
 * lives, so the launcher loads this file only when one died.
 */
import { SourceMap } from "node:module";
import { GuestFailure } from "./failure.js";
import type { FailureKind } from "./failure.js";

const PREFIXES: Readonly<Record<FailureKind, string>> = {
  load: "cannot be run: ",
  trap: "trap: ",
  panic: "panic: ",
  fault: "bad guest: ",
  deadlock: "",
};

/** How an engine names a frame of wasm code: function name, if known; index; offset of the byte. */
const FRAME = /^\s*at (?:(.+) \()?wasm:\/\/[^)]*wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/;

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
    const stack = (cause instanceof Error ? cause : failure).stack ?? "";
    const map = module === null || read === undefined ? null : sourceMapOf(module, read);
    const frames = stack
      .split("\n")
      .map((line) => FRAME.exec(line))
      .filter((match) => match !== null)
      .map((match) => describe(match, map));
    const own = frames.filter(({ isOwn }) => isOwn);
    for (const { text } of own.length > 0 ? own : frames) lines.push(`    at ${text}`);
  }
  return lines.join("\n");
}

/** A line for a frame, and whether it is the app's own as far as can be known. */
interface Frame {
  readonly text: string;
  readonly isOwn: boolean;
}

/** What the names and sources of std, its runtime and AssemblyScript's library begin with. */
const LIBRARY = "~lib/";

/** The functions that the compiler made: the way in, and what runs an async function. */
const GENERATED = /~task\||\/_start$/;

/** What the compiler adds to the name of the body of an async function. */
const BODY = /~async\d*/;

function describe([, name, index, offset]: RegExpExecArray, map: SourceMap | null): Frame {
  const called = name?.replace(BODY, "") ?? `function ${index}`;
  const isGenerated = name !== undefined && (name.startsWith(LIBRARY) || GENERATED.test(name));
  // AssemblyScript's maps have one generated line whose columns are bytes of the module.
  const entry = map?.findEntry(0, parseInt(offset!, 16));
  if (!entry || !("originalSource" in entry) || !entry.originalSource) {
    return { text: `${called} (byte 0x${offset})`, isOwn: !isGenerated };
  }
  const { originalSource, originalLine, originalColumn } = entry;
  const text = `${called} (${originalSource}:${originalLine + 1}:${originalColumn + 1})`;
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
