/**
 * What `await` awaits, as the compiler finds out.
 *
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
 * And as in JavaScript what is no promise may be awaited too: it is its own value.
 *
 * All that is only known while the program is compiled, when the compiler looks up the callee of
 * the call `….__await()`. It is then told to look at something else instead.
 */
import type {
  CallExpression,
  DeclarationStatement,
  Element,
  Expression,
  Flow,
  Function,
  FunctionPrototype,
  IdentifierExpression,
  PropertyAccessExpression,
  Resolver,
  TypeNode,
} from "assemblyscript";
import { AcyclicGraph } from "./acyclic.js";
import {
  CommonFlags, ElementKind, isKind, isVoidType, NodeKind, ReportMode, withoutParentheses,
} from "./internals.js";
import { stdPrefix } from "./resolve.js";

/** The global function that returns its argument; it is in the source of the task classes. */
export const valueFunction = "__value";

/**
 * What `await e` is: a method call. The other one is for the call of a function that returns a
 * promise which nobody else has, so that this `await` is the last to see it: see `isFresh`.
 */
export const awaitMethod = "__await";
const freshMethod = "__awaitFresh";
const freshDecorator = "fresh";

/** What gives a result back to std, which no block has any more. It is in the module std/error. */
const recycleFunction = "__recycle";

/** One `await`. */
interface Awaiting {
  readonly call: CallExpression;
  /** Its callee, while it is not told to be another call. */
  readonly callee: PropertyAccessExpression;
  /**
   * Nobody wrote it: an async function that promises this type returns what may be a promise, or
   * the value itself. Null where it was written.
   */
  readonly implied: TypeNode | null;
  /** The functions, as compiled, in which nobody else has the value either. */
  readonly owning: Set<Function>;
}

/** The bodies of async functions, and where they are awaited. */
export class DirectCalls {
  /** Which body calls which. It counts what finding circles takes. */
  readonly calls = new AcyclicGraph<DeclarationStatement>();
  /** By the declaration that callers see: the name of its body. */
  private readonly bodies = new Map<DeclarationStatement, string>();
  /** By a callee: the body that it means, whatever its name means where it stands. */
  private readonly callees = new Map<Expression, DeclarationStatement>();
  /** By its callee `operand.__await`: what an `await` became. */
  private readonly awaits = new Map<Expression, Awaiting>();
  /** By the callee of what ends the life of its value. */
  private readonly endings = new Map<Expression, Awaiting>();

  /** Remembers an async function. */
  addBody(declaration: DeclarationStatement, name: string): void {
    this.bodies.set(declaration, name);
  }

  /** Remembers that a body is called by `callee`. */
  addCallee(callee: Expression, body: DeclarationStatement): void {
    this.callees.set(callee, body);
  }

  /** Remembers an `await`. */
  addAwait(call: CallExpression, implied: TypeNode | null): void {
    const callee = call.expression as PropertyAccessExpression;
    this.awaits.set(callee, { call, callee, implied, owning: new Set() });
  }

  /**
   * Remembers that `ending` is called when nobody has the value of `awaited` any more, should that
   * be an `await`. It becomes a call of `recycleFunction`, or of nothing at all.
   */
  addEnding(ending: CallExpression, awaited: Expression): boolean {
    const awaiting = isKind(awaited, NodeKind.Call)
      ? this.awaits.get((awaited as CallExpression).expression)
      : undefined;
    if (awaiting) this.endings.set(ending.expression, awaiting);
    return awaiting !== undefined;
  }

  /** Makes `resolver` look at what is awaited. `direct`: at bodies too, where that is possible. */
  install(resolver: Resolver, direct: boolean): void {
    const lookup = resolver.lookupExpression.bind(resolver);
    resolver.lookupExpression = (node, flow, ...rest) => {
      const { sourceFunction } = flow;
      const body = this.callees.get(node);
      if (body) return resolver.program.elementsByDeclaration.get(body) ?? null;
      const ending = this.endings.get(node);
      if (ending) {
        const owns = ending.owning.has(sourceFunction);
        return resolver.program.lookup(owns ? recycleFunction : valueFunction);
      }
      const awaiting = this.awaits.get(node);
      if (!awaiting) return lookup(node, flow, ...rest);
      const { call, callee, implied } = awaiting;
      call.expression = callee;
      call.args = [];
      call.typeArguments = null;
      const operand = withoutParentheses(callee.expression);
      const quietly = (expression: Expression): Element | null =>
        lookup(expression, flow, undefined, ReportMode.Swallow as number);
      const called = isKind(operand, NodeKind.Call) ? (operand as CallExpression) : null;
      const found = called && direct ? this.bodyOf(called, flow, quietly) : null;
      if (found && called) {
        call.args = called.args;
        call.typeArguments = called.typeArguments;
        return found;
      }
      if (isPromise(resolver, operand, flow, !implied)) {
        const functions = called && direct ? functionsOf(called, quietly) : [];
        const isFresh = functions.some(isDecoratedFresh) &&
          functions.every((one) => this.isFresh(one));
        if (isFresh && functions.every(isDecoratedFresh)) awaiting.owning.add(sourceFunction);
        callee.property.text = isFresh ? freshMethod : awaitMethod;
        return lookup(callee, flow, ...rest);
      }
      // A call may have no value at all; anything else passes through a function.
      if (called) return lookup(this.become(awaiting, called), flow, ...rest);
      call.args = [operand];
      // What is returned is converted to the type that is promised.
      if (implied && !isVoidType(implied)) call.typeArguments = [implied];
      return resolver.program.lookup(valueFunction);
    };
  }

  /** Lets the call be the very call that it would have awaited. Returns its callee. */
  private become(awaiting: Awaiting, called: CallExpression): Expression {
    const { call } = awaiting;
    const { expression } = called;
    const copy = Object.assign(Object.create(Object.getPrototypeOf(expression)), expression);
    call.expression = copy as Expression;
    call.args = called.args;
    call.typeArguments = called.typeArguments;
    // Generic code is compiled more than once: next time it may be a promise.
    this.awaits.set(call.expression, awaiting);
    return call.expression;
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
    if (!body || !this.calls.add(flow.sourceFunction.declaration, body.declaration)) return null;
    return body;
  }

  /** Whether nobody else has the promise that it returns: each call of an async one makes one. */
  private isFresh(called: FunctionPrototype): boolean {
    return isDecoratedFresh(called) || this.bodies.has(called.declaration);
  }
}

/** What the call may come to; nothing when that is not known. */
function functionsOf(
  call: CallExpression,
  lookup: (callee: Expression) => Element | null,
): FunctionPrototype[] {
  const target = lookup(call.expression);
  if (!target || (target.kind as number) !== ElementKind.FunctionPrototype) return [];
  const called = target as FunctionPrototype;
  const overriding = isSuper(call.expression) ? [] : [...(called.unboundOverrides ?? [])];
  // What an interface declares is no function.
  return called.bodyNode ? [called, ...overriding] : overriding;
}

/** Whether it is decorated `@fresh`: it keeps neither the promise that it returns nor its value. */
function isDecoratedFresh({ declaration }: FunctionPrototype): boolean {
  return declaration.decorators?.some(({ name }) =>
    isKind(name, NodeKind.Identifier) &&
    (name as IdentifierExpression).text === freshDecorator) ?? false;
}

/** Whether the operand is a promise; `unknown` when it is wrong, or means nothing by itself. */
function isPromise(
  resolver: Resolver,
  operand: Expression,
  flow: Flow,
  unknown: boolean,
): boolean {
  const type = resolver.resolveExpression(operand, flow, undefined, ReportMode.Swallow as number);
  if (!type) return unknown;
  for (let current = type.classReference; current; current = current.base) {
    const { internalName } = current.prototype;
    if (internalName.startsWith(stdPrefix) && internalName.endsWith("/Promise")) return true;
  }
  return false;
}

function isSuper(callee: Expression): boolean {
  if (!isKind(callee, NodeKind.PropertyAccess)) return false;
  return isKind((callee as PropertyAccessExpression).expression, NodeKind.Super);
}
