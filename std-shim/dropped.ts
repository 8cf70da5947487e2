/**
 * What is dropped without a word: a promise that nobody awaits, a `Result` that nobody looks at,
 * and a promise that is asked whether it is true. Each is a warning, where the app does it.
 *
 * What a call returns is known once the compiler looks up its callee, with all that its block
 * declares. Only what a function is declared to return is looked at, so that nothing is compiled
 * in another order, or that would not have been compiled; what that does not tell is no warning.
 * A function of std that is decorated `@discardable` may be called for what it does alone; and
 * `void f();` says, as in TypeScript, that it is meant.
 */
import type {
  BinaryExpression, CallExpression, ClassPrototype, Element, Expression, ExpressionStatement, Flow,
  FunctionExpression, FunctionPrototype, IdentifierExpression, IfStatement, NamedTypeNode, Node,
  PropertyAccessExpression, Range, Resolver, Source, Statement, TernaryExpression, TypeDefinition,
  TypeNode, UnaryPrefixExpression,
} from "assemblyscript";
import { awaitMethod } from "./direct-calls.js";
import {
  ElementKind, isKind, NodeKind, ReportMode, Token, withoutParentheses,
} from "./internals.js";
import { stdPrefix } from "./resolve.js";
import { walk } from "./walk.js";

const discardable = "discardable";

/** How a value is used. */
type Use = "dropped" | "asked";

/** A kind of warning: `--disableWarning` takes its number. */
export interface Warning {
  readonly code: number;
  readonly message: string;
}

const droppedPromise: Warning = {
  code: 301,
  message: "Nobody awaits this promise. Write 'await' before it; or 'spawn(…)' of \"std/rt\" " +
    "if it is meant to go on by itself, or 'void'.",
};
const droppedResult: Warning = {
  code: 302,
  message: "This may fail, and nobody looks whether it did. Ask 'isErr', 'unwrap()' it, or write " +
    "'void' before it.",
};
const askedPromise: Warning = {
  code: 2801,
  message: "This is always true, since it is a promise. Did you forget 'await'?",
};

/** Watches what becomes of the values of calls. */
export class Dropped {
  private readonly uses = new Map<Expression, { call: CallExpression; use: Use }>();

  constructor(private readonly warn: (warning: Warning, range: Range) => void) {}

  /** Remembers the calls in a file of the app whose values are dropped, or asked. */
  add({ statements }: Source): void {
    const values = new Set<Statement | null>();
    walk(statements, (node) => {
      if (isKind(node, NodeKind.Function)) {
        // The body of 'x => f(x)' is a value as well.
        const { declaration } = node as FunctionExpression;
        if (declaration.arrowKind) values.add(declaration.body);
      } else if (isKind(node, NodeKind.Expression)) {
        const { expression } = node as ExpressionStatement;
        if (!values.has(node as Statement)) this.use(expression, "dropped");
      } else {
        for (const condition of conditionsOf(node)) this.use(condition, "asked");
      }
    });
  }

  private use(expression: Expression, use: Use): void {
    const inner = withoutParentheses(expression);
    if (!isKind(inner, NodeKind.Call)) return;
    const call = inner as CallExpression;
    // What is generated stands at a name.
    if (call.range.toString().includes("(")) this.uses.set(call.expression, { call, use });
  }

  /** Makes `resolver` tell what calls return. To be installed last: it only looks. */
  install(resolver: Resolver): void {
    const lookup = resolver.lookupExpression.bind(resolver);
    resolver.lookupExpression = (node, flow, type, mode) => {
      const used = this.uses.get(node);
      if (!used || (mode as number) === ReportMode.Swallow) return lookup(node, flow, type, mode);
      this.uses.delete(node);
      const operand = awaitedBy(used.call);
      const returned = operand ? awaitedType(resolver, operand, flow) : null;
      const element = lookup(node, flow, type, mode);
      const warning = operand
        ? used.use === "dropped" && returned === "Result" ? droppedResult : null
        : warningOf(element, used.use);
      if (warning) this.warn(warning, used.call.range);
      return element;
    };
  }
}

function conditionsOf(node: Node): Expression[] {
  const asking = [NodeKind.If, NodeKind.While, NodeKind.Do, NodeKind.For, NodeKind.Ternary];
  if (asking.some((kind) => isKind(node, kind))) {
    const { condition } = node as IfStatement | TernaryExpression;
    return condition ? [condition] : [];
  }
  if (isKind(node, NodeKind.UnaryPrefix)) {
    const { operator, operand } = node as UnaryPrefixExpression;
    return (operator as number) === Token.Exclamation ? [operand] : [];
  }
  if (!isKind(node, NodeKind.Binary)) return [];
  const { operator, left } = node as BinaryExpression;
  const isLogical = [Token.Ampersand_Ampersand, Token.Bar_Bar].includes(operator as number);
  return isLogical ? [left] : [];
}

/** What a call of the method that `await` became awaits. */
function awaitedBy({ expression }: CallExpression): Expression | null {
  if (!isKind(expression, NodeKind.PropertyAccess)) return null;
  const { expression: operand, property } = expression as PropertyAccessExpression;
  return property.text.startsWith(awaitMethod) ? withoutParentheses(operand) : null;
}

/** What a promise is of, that is awaited: a `Result` or nothing that matters. */
function awaitedType(resolver: Resolver, operand: Expression, flow: Flow): "Result" | null {
  if (!isKind(operand, NodeKind.Call)) return null;
  const { expression } = operand as CallExpression;
  const called = resolver.lookupExpression(
    expression, flow, undefined, ReportMode.Swallow as number);
  const promise = returnedBy(called);
  if (!promise) return null;
  const name = nameOf(promise.type, promise.scope);
  if (name !== "Promise") return isResult(name) ? "Result" : null;
  const [value] = (promise.type as NamedTypeNode).typeArguments ?? [];
  return value && isResult(nameOf(value, promise.scope)) ? "Result" : null;
}

function warningOf(called: Element | null, use: Use): Warning | null {
  const returned = returnedBy(called);
  if (!returned) return null;
  const name = nameOf(returned.type, returned.scope);
  if (name === "Promise") return use === "dropped" ? droppedPromise : askedPromise;
  return use === "dropped" && isResult(name) ? droppedResult : null;
}

/** What a function is declared to return; nothing if that may be dropped. */
function returnedBy(called: Element | null): { type: TypeNode; scope: Element } | null {
  if (!called || (called.kind as number) !== ElementKind.FunctionPrototype) return null;
  const { declaration, functionTypeNode } = called as FunctionPrototype;
  const mayDrop = declaration.decorators?.some(({ name }) =>
    isKind(name, NodeKind.Identifier) && (name as IdentifierExpression).text === discardable);
  return mayDrop ? null : { type: functionTypeNode.returnType, scope: called };
}

/** The name of a class of std's, if it is one and never null; aliases of it are followed. */
function nameOf(type: TypeNode, scope: Element, depth = 0): string | null {
  if (!isKind(type, NodeKind.NamedType) || type.isNullable || depth > maxAliases) return null;
  const { name } = type as NamedTypeNode;
  const element = name.next ? null : scope.lookup(name.identifier.text, true);
  if (!element) return null;
  const kind = element.kind as number;
  if (kind === ElementKind.TypeDefinition) {
    return nameOf((element as TypeDefinition).typeNode, element, depth + 1);
  }
  if (kind !== ElementKind.ClassPrototype) return null;
  const { internalName } = element as ClassPrototype;
  return internalName.startsWith(stdPrefix) ? element.name : null;
}

const maxAliases = 8;

function isResult(name: string | null): boolean {
  return name === "Result" || name === "BufResult";
}
