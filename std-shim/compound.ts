/**
 * Compound assignments compute their target once. AssemblyScript computes it twice, to read and to
 * write, and after an `await` in between the second time may give another one. In async functions
 *
 *     list[next()] += await f();
 *
 * is the comma expression `keep~0, keep~1, kept~0[kept~1] += await f()`, whose first parts are
 * calls that become `__value(kept~0 = list)` and `__value(kept~1 = next())` once the compiler knows
 * the types of the new variables. What is no value, as the class in `Class.count += …`, stays.
 */
import type {
  BinaryExpression,
  CallExpression,
  Element,
  ElementAccessExpression,
  Expression,
  Flow,
  IdentifierExpression,
  LiteralExpression,
  Node,
  PropertyAccessExpression,
  Resolver,
  UnaryPrefixExpression,
} from "assemblyscript";
import {
  ElementKind, isKind, LiteralKind, type NodeFactory, NodeKind, ReportMode, Token,
  withoutParentheses,
} from "./internals.js";
import { rewrite, walk } from "./walk.js";

type Target = PropertyAccessExpression & ElementAccessExpression;
type Part = "expression" | "elementExpression";

/** A part of a target that is computed before the assignment. */
interface Kept {
  readonly target: Target;
  readonly part: Part;
  /** What the user wrote, and the variable that stands for it. */
  readonly original: Expression;
  readonly variable: IdentifierExpression;
  /** The call that sets the variable. */
  readonly call: CallExpression;
}

/** Finds the compound assignments of async functions, and compiles their targets. */
export class CompoundAssignments {
  /** By the callees of the calls that set the variables. */
  private readonly kept = new Map<Expression, Kept>();
  /** What is kept in a comma expression. */
  private readonly keptIn = new Map<Expression, Kept[]>();
  private variables = 0;

  constructor(
    private readonly node: NodeFactory,
    /** The global function that returns its argument. */
    private readonly valueFunction: string,
  ) {}

  /** Rewrites those below `body` in which `isAwait` finds something. */
  lower(body: object, isAwait: (node: Node) => boolean): void {
    rewrite(body, (node) => {
      const target = targetOf(node);
      return target && contains(node, isAwait) ? this.keep(node, target) : node;
    });
  }

  private keep(assignment: Expression, target: Target): Expression {
    const parts: Part[] = isKind(target, NodeKind.PropertyAccess)
      ? ["expression"]
      : ["expression", "elementExpression"];
    const kept = parts
      .filter((part) => !isConstant(target[part]))
      .map((part) => this.keepPart(target, part));
    if (!kept.length) return assignment;
    const { node } = this;
    const calls = kept.map(({ call }) => call);
    const whole = node.createCommaExpression([...calls, assignment], assignment.range);
    this.keptIn.set(whole, kept);
    // An operator beside it binds more tightly.
    return node.createParenthesizedExpression(whole, assignment.range);
  }

  private keepPart(target: Target, part: Part): Kept {
    const { node } = this;
    const original = target[part];
    const { range } = original;
    const number = this.variables++;
    const variable = node.createIdentifierExpression(`kept~${number}`, range);
    const callee = node.createIdentifierExpression(`keep~${number}`, range);
    const call = node.createCallExpression(callee, null, [], range);
    const kept = { target, part, original, variable, call };
    this.kept.set(callee, kept);
    return kept;
  }

  /** Makes `resolver` declare the variables when the calls that set them are compiled. */
  install(resolver: Resolver): void {
    const lookup = resolver.lookupExpression.bind(resolver);
    resolver.lookupExpression = (node, flow, ...rest) => {
      const kept = this.kept.get(node);
      return kept ? this.declare(resolver, kept, flow) : lookup(node, flow, ...rest);
    };
    const resolve = resolver.resolveExpression.bind(resolver);
    resolver.resolveExpression = (node, flow, ...rest) => {
      // Before it is compiled the variables are unknown.
      const kept = this.keptIn.get(withoutParentheses(node)) ?? [];
      for (const { target, part, original } of kept) target[part] = original;
      return resolve(node, flow, ...rest);
    };
  }

  private declare(resolver: Resolver, kept: Kept, flow: Flow): Element | null {
    const { target, part, original, variable, call } = kept;
    const { node } = this;
    target[part] = original;
    call.args = [node.createFalseExpression(original.range)];
    const value = resolver.program.lookup(this.valueFunction);
    if (isNoValue(resolver, original, flow)) return value;
    const mode = ReportMode.Swallow as number;
    const type = resolver.resolveExpression(original, flow, undefined, mode);
    // What is wrong with it is said where it stands.
    if (!type) return value;
    const { text } = variable;
    if (!flow.scopedLocals?.has(text)) flow.addScopedLocal(text, type);
    call.args = [node.createBinaryExpression(
      Token.Equals as number, variable, original, original.range,
    )];
    target[part] = variable;
    return value;
  }
}

/** The property or element that a compound assignment, `++` or `--` changes. */
function targetOf(node: Node): Target | null {
  let target: Expression;
  if (isKind(node, NodeKind.Binary)) {
    const { operator, left } = node as BinaryExpression;
    const token = operator as number;
    if (token < Token.Plus_Equals || token > Token.Caret_Equals) return null;
    target = left;
  } else if (isKind(node, NodeKind.UnaryPrefix) || isKind(node, NodeKind.UnaryPostfix)) {
    const { operator, operand } = node as UnaryPrefixExpression;
    const token = operator as number;
    if (token !== Token.Plus_Plus && token !== Token.Minus_Minus) return null;
    target = operand;
  } else {
    return null;
  }
  target = withoutParentheses(target);
  const kinds = [NodeKind.PropertyAccess, NodeKind.ElementAccess];
  return kinds.some((kind) => isKind(target, kind)) ? (target as Target) : null;
}

function contains(root: Node, isMeant: (node: Node) => boolean): boolean {
  let found = false;
  walk(root, (node) => {
    found ||= isMeant(node);
  });
  return found;
}

/** What is the same whenever it is computed. */
function isConstant(expression: Expression): boolean {
  if (isKind(expression, NodeKind.Literal)) {
    const { literalKind } = expression as LiteralExpression;
    return (literalKind as number) <= LiteralKind.String;
  }
  return isKind(expression, NodeKind.This) || isKind(expression, NodeKind.Super);
}

const noValues: readonly number[] = [
  ElementKind.Enum, ElementKind.ClassPrototype, ElementKind.InterfacePrototype,
  ElementKind.Namespace, ElementKind.File, ElementKind.TypeDefinition,
];

/** Whether it names a class or a namespace. */
function isNoValue(resolver: Resolver, expression: Expression, flow: Flow): boolean {
  const kinds = [NodeKind.Identifier, NodeKind.PropertyAccess];
  if (!kinds.some((kind) => isKind(expression, kind))) return false;
  const mode = ReportMode.Swallow as number;
  const element = resolver.lookupExpression(expression, flow, undefined, mode);
  return element !== null && noValues.includes(element.kind as number);
}
