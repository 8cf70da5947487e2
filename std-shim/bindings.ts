/**
 * What AssemblyScript has a browser or Node.js do is not there: an app imports from `std` alone.
 * That is refused where the app uses it, rather than when somebody wants to run it.
 */
import type { IdentifierExpression, PropertyAccessExpression, Range, Source } from "assemblyscript";
import type binaryen from "assemblyscript/binaryen";
import { walk } from "./walk.js";
import { ofBinding } from "./advice.js";
import { isKind, NodeKind } from "./internals.js";

/** Where AssemblyScript declares them, by the names that functions have in the module. */
const bindings = "~lib/bindings/";

/** Refuses the bindings that the compiled module imports, each at its first use in the app. */
export function refuseBindings(
  api: typeof binaryen,
  module: binaryen.Module,
  sources: readonly Source[],
  refuse: (message: string, range: Range | null) => void,
): void {
  for (let index = 0; index < module.getNumFunctions(); index++) {
    const { name, base } = api.getFunctionInfo(module.getFunctionByIndex(index));
    if (!name.startsWith(bindings) || !base) continue;
    refuse(ofBinding(base), findUse(sources, base));
  }
}

/** Where the app says `object.property`, which the import's name begins with. */
function findUse(sources: readonly Source[], base: string): Range | null {
  let found: Range | null = null;
  for (const { normalizedPath, statements } of sources) {
    if (normalizedPath.startsWith("~lib/")) continue;
    walk(statements, (node) => {
      if (found || !isKind(node, NodeKind.PropertyAccess)) return;
      const { expression, property, range } = node as PropertyAccessExpression;
      if (!isKind(expression, NodeKind.Identifier)) return;
      if (base.startsWith(`${(expression as IdentifierExpression).text}.${property.text}`)) {
        found = range;
      }
    });
  }
  return found;
}
