/**
 * `await f(x)` where `f` is known to be an async function needs no task: the task that runs calls
 * the body of `f` itself, suspends in it and goes on in it. Arguments, `this` and the order in
 * which they are computed are the same, a request to cancel reaches the same operation, and what
 * cannot be seen is left out: the promise that nobody but this `await` would have had.
 *
 * Not done
 * - where the method that is called may be overridden, or too few arguments are given,
 * - where such calls would form a circle: so the frames of one task are bounded, however deep a
 *   recursion is,
 * - in debug builds: there each call is a task that can say what it runs.
 *
 * What is called is only known while the program is compiled, when the compiler looks up the
 * callee of the call `….__await()`. It is then told to look at the body instead.
 */
import type {
  CallExpression,
  DeclarationStatement,
  Element,
  Expression,
  Flow,
  FunctionPrototype,
  ParenthesizedExpression,
  PropertyAccessExpression,
  Resolver,
} from "assemblyscript";
import { CommonFlags, ElementKind, NodeKind, ReportMode } from "./internals.js";
import { isKind } from "./parser-hooks.js";

/** The bodies of async functions, and where they are awaited. */
export class DirectCalls {
  /** By the declaration that callers see: the name of its body. */
  private readonly bodies = new Map<DeclarationStatement, string>();
  /** By its callee `operand.__await`: a call that an `await` became. */
  private readonly awaits = new Map<Expression, CallExpression>();
  /** Which body calls which, both by their declarations. */
  private readonly calls = new Map<DeclarationStatement, Set<DeclarationStatement>>();

  /** Remembers an async function. */
  addBody(declaration: DeclarationStatement, name: string): void {
    this.bodies.set(declaration, name);
  }

  /** Remembers an `await`. */
  addAwait(call: CallExpression): void {
    this.awaits.set(call.expression, call);
  }

  /** Makes `resolver` look at bodies where that is possible. */
  install(resolver: Resolver): void {
    const lookup = resolver.lookupExpression.bind(resolver);
    resolver.lookupExpression = (node, flow, ...rest) => {
      const call = this.awaits.get(node);
      if (!call) return lookup(node, flow, ...rest);
      call.args = [];
      call.typeArguments = null;
      const operand = withoutParentheses((node as PropertyAccessExpression).expression);
      const body = isKind(operand, NodeKind.Call)
        ? this.bodyOf(operand as CallExpression, flow, (callee) =>
            lookup(callee, flow, undefined, ReportMode.Swallow as number),
          )
        : null;
      if (!body) return lookup(node, flow, ...rest);
      const { args, typeArguments } = operand as CallExpression;
      call.args = args;
      call.typeArguments = typeArguments;
      return body;
    };
  }

  private bodyOf(
    call: CallExpression,
    flow: Flow,
    lookup: (callee: Expression) => Element | null,
  ): Element | null {
    const target = lookup(call.expression);
    if (!target || (target.kind as number) !== ElementKind.FunctionPrototype) return null;
    const { declaration, parent, functionTypeNode } = target as FunctionPrototype;
    const name = this.bodies.get(declaration);
    if (name === undefined || call.args.length < functionTypeNode.parameters.length) return null;
    if (target.is(CommonFlags.Overridden as number) && !isSuper(call.expression)) return null;
    const body = parent.getMember(name);
    if (!body || !this.allow(flow.sourceFunction.declaration, body.declaration)) return null;
    return body;
  }

  /** Whether `caller` may call `callee`: not in a circle. */
  private allow(caller: DeclarationStatement, callee: DeclarationStatement): boolean {
    const called = this.calls.get(caller) ?? new Set();
    if (called.has(callee)) return true;
    if (this.reaches(callee, caller)) return false;
    called.add(callee);
    this.calls.set(caller, called);
    return true;
  }

  private reaches(from: DeclarationStatement, to: DeclarationStatement): boolean {
    if (from === to) return true;
    return [...(this.calls.get(from) ?? [])].some((next) => this.reaches(next, to));
  }
}

function withoutParentheses(expression: Expression): Expression {
  let inner = expression;
  while (isKind(inner, NodeKind.Parenthesized)) {
    inner = (inner as ParenthesizedExpression).expression;
  }
  return inner;
}

function isSuper(callee: Expression): boolean {
  if (!isKind(callee, NodeKind.PropertyAccess)) return false;
  return isKind((callee as PropertyAccessExpression).expression, NodeKind.Super);
}
