/**
 * Results that nobody has any more when the block ends in which they were awaited:
 *
 *     const read = await file.read(buf);
 *     if (read.isErr) …
 *     buf = read.buf;
 *
 * At the end of such a block the result is given back, and serves again as that of another
 * operation: a loop of reads then leaves nothing for the garbage collector. Whether the function
 * that was called keeps its result itself is only known while the program is compiled: see
 * `DirectCalls.addEnding`.
 */
import type {
  BlockStatement,
  CallExpression,
  Expression,
  IdentifierExpression,
  PropertyAccessExpression,
  Statement,
  VariableDeclaration,
  VariableStatement,
} from "assemblyscript";
import { walk } from "./walk.js";
import { CommonFlags, isKind, NodeKind } from "./internals.js";

/** A constant that its block only reads properties of. */
export interface Scoped {
  readonly block: BlockStatement;
  readonly name: IdentifierExpression;
  readonly value: Expression;
}

/**
 * All of them below `body`, functions in it included: those of an async function that lies in it
 * and has been seen to already are handed to what gives them back, and so are not only read.
 */
export function findScoped(body: Statement): Scoped[] {
  const found: Scoped[] = [];
  walk(body, (node) => {
    if (!isKind(node, NodeKind.Block)) return;
    const block = node as BlockStatement;
    for (const { name, initializer } of constantsOf(block)) {
      if (initializer && isOnlyRead(block, name)) found.push({ block, name, value: initializer });
    }
  });
  return found;
}

function constantsOf(block: BlockStatement): VariableDeclaration[] {
  return block.statements
    .filter((statement) => isKind(statement, NodeKind.Variable))
    .flatMap((statement) => (statement as VariableStatement).declarations)
    .filter((declaration) => declaration.is(CommonFlags.Const as number));
}

/** Whether all that is ever said of it is `name.property`: no method has it, nothing else does. */
function isOnlyRead(block: BlockStatement, name: IdentifierExpression): boolean {
  const known = new Set<unknown>([name]);
  const isIt = (node: Expression): boolean =>
    isKind(node, NodeKind.Identifier) && (node as IdentifierExpression).text === name.text;
  let only = true;
  walk(block, (node) => {
    if (isKind(node, NodeKind.Call)) {
      const { expression } = node as CallExpression;
      const isMethod = isKind(expression, NodeKind.PropertyAccess);
      if (isMethod && isIt((expression as PropertyAccessExpression).expression)) only = false;
    } else if (isKind(node, NodeKind.PropertyAccess)) {
      known.add((node as PropertyAccessExpression).expression);
    } else if (isKind(node, NodeKind.Identifier) && isIt(node as IdentifierExpression)) {
      if (!known.has(node)) only = false;
    }
  });
  return only;
}
