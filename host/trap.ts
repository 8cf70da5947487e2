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
    for (const line of stack.split("\n")) {
      const frame = FRAME.exec(line);
      if (frame !== null) lines.push(`    at ${described(frame, map)}`);
    }
  }
  return lines.join("\n");
}

function described([, name, index, offset]: RegExpExecArray, map: SourceMap | null): string {
  const called = name ?? `function ${index}`;
  if (map !== null) {
    // AssemblyScript's maps have one generated line whose columns are bytes of the module.
    const entry = map.findEntry(0, parseInt(offset!, 16));
    if ("originalSource" in entry && entry.originalSource) {
      const { originalSource, originalLine, originalColumn } = entry;
      return `${called} (${originalSource}:${originalLine + 1}:${originalColumn + 1})`;
    }
  }
  return `${called} (byte 0x${offset})`;
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
