/**
 * An app whose memory cannot grow ends with a message. AssemblyScript's allocator just traps, which
 * from the outside cannot be told from any other trap. The message must not allocate.
 */
import type {
  CallExpression,
  ExpressionStatement,
  IdentifierExpression,
  Source,
} from "assemblyscript";
import { walk } from "./captures.js";
import { isKind, type NodeFactory, NodeKind } from "./internals.js";

/** The allocator. Wherever it traps, there is no memory. */
const allocator = "~lib/rt/tlsf.ts";

const message = "out of memory";

/** What the host's import is called in the allocator. */
const abort = "abort~memory";

/** Puts a call of the host before each `unreachable()` of the allocator. */
export function sayOutOfMemory(sources: readonly Source[], node: NodeFactory): void {
  const source = sources.find(({ normalizedPath }) => normalizedPath === allocator);
  if (!source) return;
  const at = source.range;
  const name = (text: string): IdentifierExpression => node.createIdentifierExpression(text, at);
  walk(source.statements, (found) => {
    if (!isKind(found, NodeKind.Expression)) return;
    const statement = found as ExpressionStatement;
    const { expression: trap } = statement;
    if (!isKind(trap, NodeKind.Call)) return;
    const { expression: callee, range } = trap as CallExpression;
    if (!isKind(callee, NodeKind.Identifier)) return;
    if ((callee as IdentifierExpression).text !== "unreachable") return;
    const text = node.createStringLiteralExpression(message, at);
    const said = node.createCallExpression(name(abort), null, [text], range);
    statement.expression = node.createCommaExpression([said, trap], range);
  });
  const imported = node.createImportDeclaration(name("abort"), name(abort), at);
  const path = node.createStringLiteralExpression("std/abi/imports", at);
  source.statements.push(node.createImportStatement([imported], path, at));
}
