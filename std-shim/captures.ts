/**
 * What a function expression uses of the functions around it. AssemblyScript has no closures, and
 * the body of an async function expression moves to the top level of its file.
 */
import type {
  FunctionDeclaration,
  IdentifierExpression,
  Node,
  PropertyAccessExpression,
  Range,
} from "assemblyscript";
import { isKind, NodeKind } from "./internals.js";
import type { Scope } from "./parser-hooks.js";

/** A use of something that is not there when the function runs. */
export interface Capture {
  readonly name: string;
  readonly range: Range;
}

/** The first use in `declaration` of a variable, a parameter or `this` from around it. */
export function findCapture(declaration: FunctionDeclaration, scope: Scope): Capture | null {
  const outside = new Set<string>();
  for (let outer = scope.outer; outer && outer.kind !== "file"; outer = outer.outer) {
    for (const name of outer.declared) outside.add(name);
  }
  // Its own name too is known only around it.
  if (declaration.name.text) outside.add(declaration.name.text);
  for (const name of scope.declared) outside.delete(name);
  let found: Capture | null = null;
  walk(declaration.body, (node) => {
    if (found) return;
    if (isKind(node, NodeKind.This) || isKind(node, NodeKind.Super)) {
      found = { name: isKind(node, NodeKind.This) ? "this" : "super", range: node.range };
    } else if (isKind(node, NodeKind.Identifier)) {
      const { text, range } = node as IdentifierExpression;
      if (outside.has(text)) found = { name: text, range };
    }
  });
  return found;
}

/** The first use of a name in the text before `position`. */
export function findUse(root: unknown, name: string, position: number): Range | null {
  let found: Range | null = null;
  walk(root, (node) => {
    if (!isKind(node, NodeKind.Identifier) || (node as IdentifierExpression).text !== name) return;
    const { range } = node;
    if (range.start < position && range.start < (found?.start ?? position)) found = range;
  });
  return found;
}

/** Whether the name occurs anywhere in the function, as a type or a value. */
export function mentions(declaration: FunctionDeclaration, name: string): boolean {
  let found = false;
  const look = (node: Node): void => {
    if (isKind(node, NodeKind.Identifier)) {
      found ||= (node as IdentifierExpression).text === name;
    }
  };
  walk(declaration.body, look);
  walk(declaration.signature, look);
  return found;
}

/** Calls `visit` for each node below `root`, except for the names of properties. */
export function walk(root: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(root)) {
    for (const item of root) walk(item, visit);
    return;
  }
  if (typeof root !== "object" || root === null || !("kind" in root)) return;
  const node = root as Node;
  visit(node);
  if (isKind(node, NodeKind.PropertyAccess)) {
    walk((node as PropertyAccessExpression).expression, visit);
    return;
  }
  for (const [key, value] of Object.entries(node)) {
    if (key !== "range") walk(value, visit);
  }
}
