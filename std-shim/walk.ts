/** Ways through syntax trees. */
import type { Node, PropertyAccessExpression } from "assemblyscript";
import { isKind, NodeKind } from "./internals.js";

/** The parts of a node: nodes, and lists of them. */
export function partsOf(node: object): unknown[] {
  return Object.entries(node).filter(([key]) => key !== "range").map(([, value]) => value);
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "kind" in value;
}

/** Calls `visit` for each node below `root`, except for the names of properties. */
export function walk(root: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(root)) {
    for (const item of root) walk(item, visit);
    return;
  }
  if (!isNode(root)) return;
  visit(root);
  if (isKind(root, NodeKind.PropertyAccess)) {
    walk((root as PropertyAccessExpression).expression, visit);
    return;
  }
  for (const part of partsOf(root)) walk(part, visit);
}

/** Lets `replace` put another node in the place of each one below `root`, the inner ones first. */
export function rewrite(root: object, replace: (node: Node) => Node): void {
  const places = root as Record<string, unknown>;
  for (const [key, value] of Object.entries(root)) {
    if (key === "range") continue;
    if (Array.isArray(value)) {
      rewrite(value, replace);
    } else if (isNode(value)) {
      rewrite(value, replace);
      places[key] = replace(value);
    }
  }
}

/** The same within one function: what is in a function or class below it is left out. */
export function walkOwn(root: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(root)) {
    for (const item of root) walkOwn(item, visit);
  } else if (isNode(root) && !others.some((kind) => isKind(root, kind))) {
    visit(root);
    for (const part of partsOf(root)) walkOwn(part, visit);
  }
}

const others = [NodeKind.Function, NodeKind.FunctionDeclaration, NodeKind.Class];
