/**
 * What a function expression uses of the functions around it. AssemblyScript has no closures, and
 * the body of an async function expression moves to the top level of its file.
 */
import type {
  FunctionDeclaration,
  FunctionExpression,
  IdentifierExpression,
  Node,
  ObjectLiteralExpression,
  PropertyAccessExpression,
  Range,
  TypeName,
  VariableDeclaration,
} from "assemblyscript";
import { isKind, LiteralKind, NodeKind } from "./internals.js";
import type { Scope } from "./scopes.js";
import { isNode, partsOf, walk } from "./walk.js";

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
  let found: Capture | null = null;
  const parameters = declaration.signature.parameters.map(({ name }) => name.text);
  new Uses((node) => {
    const name = isKind(node, NodeKind.This) ? "this"
      : isKind(node, NodeKind.Super) ? "super"
      : (node as IdentifierExpression).text;
    if (name === "this" || name === "super" || outside.has(name)) {
      found ??= { name, range: node.range };
    }
  }).visit(declaration.body, new Set(parameters));
  return found;
}

/** The first use, in the text before `position`, of a name that is not declared by then. */
export function findUse(root: unknown, name: string, position: number): Range | null {
  let found: Range | null = null;
  new Uses(({ range }, text) => {
    if (text !== name) return;
    if (range.start < position && range.start < (found?.start ?? position)) found = range;
  }).visit(root, new Set());
  return found;
}

/** Whether the name of a type occurs anywhere in the function. */
export function mentions(declaration: FunctionDeclaration, name: string): boolean {
  let found = false;
  walk([declaration.body, declaration.signature], (node) => {
    if (isKind(node, NodeKind.TypeName)) found ||= (node as TypeName).identifier.text === name;
  });
  return found;
}

/** What says nothing of variables: types, and the names of labels and decorators. */
const silent = [
  NodeKind.NamedType, NodeKind.FunctionType, NodeKind.TypeName, NodeKind.TypeParameter,
  NodeKind.Break, NodeKind.Continue, NodeKind.Decorator, NodeKind.Class,
];

const blocks = [NodeKind.Block, NodeKind.For, NodeKind.ForOf, NodeKind.Switch];

/**
 * Goes through the uses of `this` and of all names that are not declared below the root itself.
 * As in AssemblyScript, what a block declares is known from there to its end.
 */
class Uses {
  constructor(private readonly use: (node: Node, name: string) => void) {}

  visit(root: unknown, known: Set<string>): void {
    if (Array.isArray(root)) {
      for (const item of root) this.visit(item, known);
    } else if (isNode(root) && !silent.some((kind) => isKind(root, kind))) {
      this.node(root, known);
    }
  }

  private node(node: Node, known: Set<string>): void {
    const is = (kind: NodeKind): boolean => isKind(node, kind);
    if (is(NodeKind.Identifier) || is(NodeKind.This) || is(NodeKind.Super)) {
      const { text } = node as IdentifierExpression;
      if (!known.has(text)) this.use(node, text);
    } else if (is(NodeKind.PropertyAccess)) {
      this.visit((node as PropertyAccessExpression).expression, known);
    } else if (isObjectLiteral(node)) {
      this.visit(node.values, known);
    } else if (is(NodeKind.VariableDeclaration)) {
      const { name, initializer } = node as VariableDeclaration;
      this.visit(initializer, known);
      known.add(name.text);
    } else if (is(NodeKind.Function)) {
      const { declaration } = node as FunctionExpression;
      this.function(declaration, new Set([...known, declaration.name.text]));
    } else if (is(NodeKind.FunctionDeclaration)) {
      const declaration = node as FunctionDeclaration;
      known.add(declaration.name.text);
      this.function(declaration, new Set(known));
    } else {
      const isBlock = blocks.some((kind) => isKind(node, kind));
      this.visit(partsOf(node), isBlock ? new Set(known) : known);
    }
  }

  private function({ signature, body }: FunctionDeclaration, known: Set<string>): void {
    for (const { name, initializer } of signature.parameters) {
      this.visit(initializer, known);
      known.add(name.text);
    }
    this.visit(body, known);
  }
}

function isObjectLiteral(node: Node): node is ObjectLiteralExpression {
  return isKind(node, NodeKind.Literal) &&
    ((node as ObjectLiteralExpression).literalKind as number) === LiteralKind.Object;
}
