/** What the source says where AssemblyScript complains: its messages have no more than a range. */
import type {
  FunctionDeclaration, IdentifierExpression, Node, PropertyAccessExpression, Range, Statement,
} from "assemblyscript";
import { isKind, NodeKind } from "./internals.js";
import { walk } from "./walk.js";

/** A place in a file, and what is around it. */
export interface Place {
  /** The text itself. */
  readonly text: string;
  /** The text of the `new …` around it; empty when there is none. */
  readonly made: string;
  /** Where to point to. */
  readonly range: Range;
  /** The innermost statement or declaration that it is in. */
  readonly inside: Node | null;
  /** The kind of that. */
  readonly statement: NodeKind;
  /** The innermost function around it is async. */
  readonly isAsync: boolean;
  /** The name of what it is a property of; empty unless that is a name. */
  readonly object: string;
  /** It is `this`, or a property of it. */
  readonly isThis: boolean;
  /** And it is so in a function expression, which has none. */
  readonly capturesThis: boolean;
}

/** Looks at what is around a range. */
export function placeOf(range: Range): Place {
  const around = nodesAround(range);
  const functions = around.filter((node) => functionKinds.some((kind) => isKind(node, kind)));
  const nearest = innermost(functions);
  const same = functions.filter((node) => nearest && node.range.equals(nearest.range));
  const inside = innermost(around.filter(isStatement));
  const isAsync = same.some(isBody);
  const object = objectAt(around, range);
  const self = object && isKind(object, NodeKind.This) ? object : null;
  return {
    text: range.toString(),
    made: innermost(around.filter((node) => isKind(node, NodeKind.New)))?.range.toString() ?? "",
    range: self?.range ?? range,
    inside,
    statement: (inside?.kind as number | undefined) ?? NodeKind.Block,
    isAsync,
    object: object && isKind(object, NodeKind.Identifier)
      ? (object as IdentifierExpression).text
      : "",
    isThis: self !== null,
    capturesThis: self !== null && !isAsync && same.some((node) => isKind(node, NodeKind.Function)),
  };
}

/** A block is none: what stands in it does. Of what is declared, only what has code in it. */
function isStatement({ kind }: Node): boolean {
  const number = kind as number;
  if (number > NodeKind.Block && number <= NodeKind.While) return true;
  return number === NodeKind.FieldDeclaration || number === NodeKind.FunctionDeclaration ||
    number === NodeKind.MethodDeclaration;
}

const functionKinds = [
  NodeKind.Function, NodeKind.FunctionDeclaration, NodeKind.MethodDeclaration,
];

function nodesAround({ source, start, end }: Range): Node[] {
  const found: Node[] = [];
  for (const statement of source.statements as Statement[]) {
    walk(statement, (node) => {
      if (node.range.source !== source) return;
      if (node.range.start <= start && node.range.end >= end) found.push(node);
    });
  }
  return found;
}

/** The smallest one; of two the inner one. */
function innermost(nodes: readonly Node[]): Node | null {
  const size = ({ range }: Node): number => range.end - range.start;
  return nodes.reduce<Node | null>(
    (least, node) => (least && size(least) < size(node) ? least : node), null);
}

/** The body of an async function has a name that nobody can write. */
function isBody(node: Node): boolean {
  if (isKind(node, NodeKind.Function)) return false;
  return /~async\d*$/.test((node as FunctionDeclaration).name.text);
}

/** What the range is a property of; or the `this` that it is. */
function objectAt(around: readonly Node[], range: Range): Node | null {
  for (const node of around) {
    if (isKind(node, NodeKind.This)) return node;
    if (!isKind(node, NodeKind.PropertyAccess)) continue;
    const { expression, property } = node as PropertyAccessExpression;
    if (property.range.equals(range)) return expression;
  }
  return null;
}
