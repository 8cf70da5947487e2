/**
 * A wasm names nothing but `std`: not even the folder that this package, or a checkout of it, lies
 * in. AssemblyScript writes the paths of sources into messages, debug names and source maps.
 */
import type { ExportStatement, ImportStatement, Source } from "assemblyscript";
import type binaryen from "assemblyscript/binaryen";
import { isKind, NodeKind } from "./internals.js";

const ownName = /rusticated/gi;
const replacement = "package";

/** A path without our name. */
export function hide(path: string): string {
  return path.replace(ownName, replacement);
}

/** Gives the sources paths without our name; to be called before the program is initialized. */
export function hideNames(sources: readonly Source[]): void {
  if (!sources.some(({ normalizedPath }) => hide(normalizedPath) !== normalizedPath)) return;
  for (const source of sources) {
    source.normalizedPath = hide(source.normalizedPath);
    source.internalPath = hide(source.internalPath);
    source.exportPaths = source.exportPaths?.map(hide) ?? null;
    for (const statement of source.statements) {
      if (!isKind(statement, NodeKind.Import) && !isKind(statement, NodeKind.Export)) continue;
      const linked = statement as ImportStatement | ExportStatement;
      if (linked.internalPath !== null) linked.internalPath = hide(linked.internalPath);
    }
  }
}

/** The same for the address of the source map, which is made of the name of the output. */
export function hideSourceMapUrl(module: binaryen.Module): void {
  const emitBinary = module.emitBinary.bind(module) as (url?: string | null) => unknown;
  const hidden = (url?: string | null): unknown => emitBinary(url == null ? url : hide(url));
  Object.defineProperty(module, "emitBinary", { value: hidden });
}
