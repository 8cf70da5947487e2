/**
 * What async code becomes. For
 *
 *     async f(a: A, b: B = 3): Promise<R> { … }
 *
 * there will be three things:
 *
 *     f~async(a: A, b: B): R { … }                     the user's body, an ordinary function
 *     f(a: A, b: B = 3): Promise<R> {                  what callers see
 *       return __create<__Task2<R, A, B>>().begin(a, b, (task: __Task2<R, A, B>): void => {
 *         task.value = f~async(task._0, task._1);
 *       });
 *     }
 *     class __Task2<R, A, B> extends __Task<R> { … }   one for each number of parameters
 *
 * and `await e` is the method call `e.__await()`. A body is not virtual and its name is unique, so
 * that `super.f()` gets to the body of the base class. Its nodes are the user's own nodes, at the
 * user's own positions; what is generated stands at the position of the name.
 */
import type {
  BinaryExpression,
  ClassDeclaration,
  Expression,
  FunctionDeclaration,
  FunctionExpression,
  IdentifierExpression,
  MethodDeclaration,
  Range,
  ReturnStatement,
  Source,
  Statement,
  TypeNode,
  TypeParameterNode,
} from "assemblyscript";
import { awaitMethod, type DirectCalls, valueFunction } from "./direct-calls.js";
import { findCapture, mentions } from "./captures.js";
import type { CompoundAssignments } from "./compound.js";
import { own } from "./hygiene.js";
import {
  ArrowKind, CommonFlags, isKind, isVoidType, type NodeFactory, NodeKind, ParameterKind, Token,
  withoutParentheses,
} from "./internals.js";
import { hide } from "./names.js";
import { isOptional, makeNullable } from "./optional-parameters.js";
import { promised } from "./promises.js";
import { isStd } from "./resolve.js";
import { findScoped } from "./results.js";
import type { Scope } from "./scopes.js";
import { walkOwn } from "./walk.js";

/** What the lowering needs to know of the compilation. */
export interface LoweringOptions {
  /** Makes the nodes. */
  readonly node: NodeFactory;
  /** Tasks can say what they run. */
  readonly debug: boolean;
  /** Told of all that is lowered. */
  readonly direct: DirectCalls;
  /** Lowers the compound assignments with an `await` in them. */
  readonly compound: CompoundAssignments;
  refuse(code: number, message: string, range: Range): void;
  /** Says that a name, which is refused, will be unknown. */
  lose(name: string, range: Range): void;
}

/** A function as it is declared, whatever it is part of. */
interface Callee {
  readonly declaration: FunctionDeclaration;
  /** The name of its body. */
  readonly bodyName: string;
  /** What to call the body on; nothing for what is known by its name alone. */
  readonly on: "this" | null;
  /** The body of a static method: the name of its class may mean something else in it. */
  readonly body: MethodDeclaration | null;
  /** The function's own type parameters, which the body has too. */
  readonly typeParameters: readonly TypeParameterNode[] | null;
  /** For people: `Reader.read`. */
  readonly title: string;
}

const modifiersOfBodies =
  CommonFlags.Static | CommonFlags.Instance | CommonFlags.Generic | CommonFlags.GenericContext;

/** Lowers async functions, and remembers what that takes. */
export class Lowering {
  /** The numbers of fields that task classes are needed for. */
  readonly arities = new Set<number>();
  /** Where the first `async` of the program stands. */
  firstAsync: Range | null = null;
  /** The files in which there is one. */
  readonly asyncIn = new Set<Source>();
  private bodies = 0;
  /** The calls that an `await` became. */
  private readonly lowered = new Set<Expression>();

  constructor(private readonly options: LoweringOptions) {}

  /** `await operand` */
  awaited(operand: Expression, keyword: Range, whole: Range): Expression {
    return this.await(operand, keyword, whole, null);
  }

  private await(
    operand: Expression,
    keyword: Range,
    whole: Range,
    implied: TypeNode | null,
  ): Expression {
    const { node } = this.options;
    const method = node.createIdentifierExpression(awaitMethod, keyword);
    const callee = node.createPropertyAccessExpression(operand, method, whole);
    const call = node.createCallExpression(callee, null, [], whole);
    this.lowered.add(call);
    this.options.direct.addAwait(call, implied);
    return call;
  }

  /** Awaits what an async function returns, where that may be a promise: its value is meant. */
  private awaitReturned(body: Statement, result: TypeNode): void {
    walkOwn(body, (node) => {
      if (!isKind(node, NodeKind.Return)) return;
      const statement = node as ReturnStatement;
      const { value } = statement;
      if (!value || this.lowered.has(value) || !mayBePromise(value)) return;
      statement.value = this.await(value, value.range, value.range, result);
    });
  }

  /** `async function`; the body goes to `siblings`. */
  asyncFunction(
    declaration: FunctionDeclaration,
    keyword: Range,
    siblings: Statement[],
  ): FunctionDeclaration {
    const result = this.check(declaration, keyword);
    const bodyName = `${declaration.name.text}~async`;
    const { typeParameters } = declaration;
    const title = declaration.name.text;
    siblings.push(this.bodyOf(declaration, bodyName, result));
    const callee = { declaration, bodyName, on: null, body: null, typeParameters, title };
    const entry = this.entryOf(callee, result);
    this.options.direct.addBody(entry, bodyName);
    return entry;
  }

  /** An async method; the body becomes another member of `parent`. */
  asyncMethod(
    declaration: MethodDeclaration,
    keyword: Range,
    parent: ClassDeclaration,
  ): MethodDeclaration {
    const { node } = this.options;
    const result = this.check(declaration, keyword);
    const { name, typeParameters, range } = declaration;
    const bodyName = `${name.text}~async${this.bodies++}`;
    const isStatic = declaration.is(CommonFlags.Static as number);
    const body = this.bodyOf(declaration, bodyName, result);
    const member = node.createMethodDeclaration(
      body.name,
      null,
      body.flags,
      body.typeParameters,
      body.signature,
      body.body,
      range,
    );
    parent.members.push(member);
    const title = `${parent.name.text}.${name.text}`;
    const on = isStatic ? { on: null, body: member } : { on: "this" as const, body: null };
    const entry = this.entryOf({ declaration, bodyName, ...on, typeParameters, title }, result);
    const method = node.createMethodDeclaration(
      name,
      declaration.decorators,
      declaration.flags,
      typeParameters,
      declaration.signature,
      entry.body,
      range,
    );
    this.options.direct.addBody(method, bodyName);
    return method;
  }

  /** An async function expression or arrow function; the body goes to the top level of `file`. */
  asyncExpression(
    expression: FunctionExpression,
    keyword: Range,
    scope: Scope,
    file: Source,
  ): FunctionExpression {
    const { node, refuse } = this.options;
    const { declaration } = expression;
    const capture = findCapture(declaration, scope);
    if (capture) {
      const isFunction =
        capture.name === declaration.name.text || isInnerFunction(capture.name, scope);
      const advice = isFunction ? "Declare it at the top level." : "Hand it over as a parameter.";
      const message = "Closures are not supported: this async function would capture";
      refuse(100, `${message} '${capture.name}'. ${advice}`, capture.range);
      this.options.lose(capture.name, capture.range);
    }
    const result = this.check(declaration, keyword);
    const typeParameters = enclosingTypeParameters(scope).filter((parameter) =>
      mentions(declaration, parameter.name.text),
    );
    const name = declaration.name.text || "anonymous";
    const bodyName = `${name}~async${this.bodies++}`;
    if (declaration.arrowKind && !isKind(declaration.body!, NodeKind.Block)) {
      declaration.body = this.returned(declaration.body!);
    }
    const body = this.bodyOf(declaration, bodyName, result);
    body.typeParameters = typeParameters.length ? typeParameters : null;
    if (typeParameters.length) body.flags |= CommonFlags.Generic;
    body.arrowKind = ArrowKind.None as number;
    file.statements.push(body);
    const callee = { declaration, bodyName, on: null, body: null, typeParameters, title: name };
    return node.createFunctionExpression(this.entryOf(callee, result));
  }

  /** The source of the task classes that this program needs. */
  taskSource(): string {
    const classes = [...this.arities].map((arity) => taskClass(arity, this.options.debug));
    return [valueSource, ...classes].join("\n");
  }

  /** The names of the task classes that this program needs. */
  taskNames(): string[] {
    return [...this.arities].map(taskName);
  }

  /**
   * Refuses what cannot be async; to the rest of the compiler it is as if that were mended. Returns
   * the type that the promise is of.
   */
  private check(declaration: FunctionDeclaration, keyword: Range): TypeNode {
    const { node, refuse } = this.options;
    const { returnType, parameters, explicitThisType } = declaration.signature;
    this.firstAsync ??= keyword;
    this.asyncIn.add(keyword.source);
    for (const parameter of parameters) {
      if ((parameter.parameterKind as number) === ParameterKind.Rest) {
        const message = "An async function cannot have a rest parameter. Take an array.";
        refuse(100, message, parameter.range);
      }
      if (isOptional(parameter) && !makeNullable(parameter, node)) {
        const written = `${parameter.name.text}: ${parameter.type.range.toString()}`;
        const message = `A number is never missing. Give it an initial value: '${written} = 0'`;
        refuse(100, message, parameter.range);
      }
    }
    if (explicitThisType) {
      refuse(100, "An async function cannot have a 'this' parameter.", explicitThisType.range);
    }
    return promised(returnType) ?? this.promise(declaration, keyword);
  }

  /** Refuses a return type that is no promise, and makes it one. */
  private promise({ signature, name }: FunctionDeclaration, keyword: Range): TypeNode {
    const { node, refuse } = this.options;
    const { returnType } = signature;
    const written = returnType.range.toString().trim();
    const isMeant = /^[\w.<>[\] |]+$/.test(written) && written !== "Promise";
    const where = written ? returnType.range : name.range;
    refuse(
      1064,
      "The return type of an async function must be written as Promise<…>. " +
        `Did you mean Promise<${isMeant ? written : "void"}>?`,
      where.end > where.start ? where : keyword,
    );
    const result = isMeant ? returnType : namedType(node, "void", null, keyword);
    signature.returnType = namedType(node, "Promise", [result], keyword);
    return result;
  }

  /** The function that the user wrote, under another name and returning what the promise is of. */
  private bodyOf(
    declaration: FunctionDeclaration,
    bodyName: string,
    result: TypeNode,
  ): FunctionDeclaration {
    const { node } = this.options;
    const { signature, name } = declaration;
    const { body } = declaration;
    this.awaitReturned(body!, result);
    this.options.compound.lower(body!, (one) => this.lowered.has(one as Expression));
    this.endResults(body!);
    const parameters = signature.parameters.map((parameter) =>
      node.createParameter(
        ParameterKind.Default as number,
        parameter.name,
        parameter.type,
        null,
        parameter.range,
      ),
    );
    return node.createFunctionDeclaration(
      node.createIdentifierExpression(bodyName, name.range),
      null,
      declaration.flags & modifiersOfBodies,
      declaration.typeParameters,
      node.createFunctionType(parameters, result, null, false, signature.range),
      declaration.body,
      declaration.arrowKind,
      declaration.range,
    );
  }

  /** Gives back, at the end of their blocks, the results that nobody has any more then. */
  private endResults(body: Statement): void {
    const { node, direct } = this.options;
    for (const { block, name, value } of findScoped(body)) {
      const callee = identifier(node, "__recycle", name.range);
      const argument = identifier(node, name.text, name.range);
      const call = node.createCallExpression(callee, null, [argument], name.range);
      if (!direct.addEnding(call, value)) continue;
      block.statements.push(node.createExpressionStatement(call));
    }
  }

  /** The function that callers see: makes the task and begins it. */
  private entryOf(callee: Callee, result: TypeNode): FunctionDeclaration {
    const { node, debug } = this.options;
    const { declaration, on } = callee;
    const at = nameRange(declaration);
    const { parameters } = declaration.signature;
    const types = parameters.map((parameter) => parameter.type);
    const values: Expression[] = parameters.map(({ name }) => identifier(node, name.text, at));
    if (on === "this") {
      types.unshift(namedType(node, "this", null, at));
      values.unshift(node.createThisExpression(at));
    }
    this.arities.add(types.length);
    const typeName = own(taskName(types.length));
    const typeArguments = [result, ...types];
    if (debug) values.push(node.createStringLiteralExpression(describe(callee.title, at), at));
    const taskType = namedType(node, typeName, typeArguments, at);
    const create = identifier(node, own("__create"), at);
    const created = node.createCallExpression(create, [taskType], [], at);
    const begin = node.createPropertyAccessExpression(created, identifier(node, "begin", at), at);
    const run = this.runner(callee, result, taskType, types.length, at);
    const started = node.createCallExpression(begin, null, [...values, run], at);
    return node.createFunctionDeclaration(
      declaration.name,
      declaration.decorators,
      declaration.flags,
      declaration.typeParameters,
      declaration.signature,
      node.createBlockStatement([node.createReturnStatement(started, at)], at),
      declaration.arrowKind,
      declaration.range,
    );
  }

  /** `(task: …): void => { task.value = body(task._0, …); }` */
  private runner(
    callee: Callee,
    result: TypeNode,
    taskType: TypeNode,
    arity: number,
    at: Range,
  ): Expression {
    const { node } = this.options;
    const task = (): Expression => identifier(node, own("task"), at);
    const field = (name: string): Expression =>
      node.createPropertyAccessExpression(task(), identifier(node, name, at), at);
    const values = Array.from({ length: arity }, (_, index) => field(`_${index}`));
    const target = callee.on === "this" ? values.shift()! : null;
    const bodyName = identifier(node, callee.bodyName, at);
    const function_ = target
      ? node.createPropertyAccessExpression(target, bodyName, at)
      : bodyName;
    if (callee.body) this.options.direct.addCallee(function_, callee.body);
    const typeArguments =
      callee.typeParameters?.map(({ name }) => namedType(node, name.text, null, at)) ?? [];
    const call = (): Expression =>
      node.createCallExpression(function_, typeArguments.length ? typeArguments : null, values, at);
    const plain = node.createExpressionStatement(call());
    const assigned = node.createExpressionStatement(
      node.createBinaryExpression(Token.Equals as number, field("value"), call(), at),
    );
    // Only the compiler knows what a type parameter or an alias stands for; it drops one branch.
    const isVoid = node.createCallExpression(identifier(node, own("isVoid"), at), [result], [], at);
    const statement = isVoidType(result)
      ? plain
      : node.createIfStatement(isVoid, plain, assigned, at);
    const parameter = node.createParameter(
      ParameterKind.Default as number,
      identifier(node, own("task"), at),
      taskType,
      null,
      at,
    );
    const none = namedType(node, own("void"), null, at);
    return node.createFunctionExpression(
      node.createFunctionDeclaration(
        identifier(node, own("task"), at),
        null,
        CommonFlags.None as number,
        null,
        node.createFunctionType([parameter], none, null, false, at),
        node.createBlockStatement([statement], at),
        ArrowKind.None as number,
        at,
      ),
    );
  }

  /** The body `=> expression` as `{ return expression; }`. */
  private returned(body: Statement): Statement {
    const { node } = this.options;
    const { expression } = body as unknown as { expression: Expression };
    const statement = node.createReturnStatement(expression, expression.range);
    return node.createBlockStatement([statement], expression.range);
  }
}

const promiseKinds = [
  NodeKind.Identifier, NodeKind.PropertyAccess, NodeKind.ElementAccess, NodeKind.Call, NodeKind.New,
  NodeKind.Ternary, NodeKind.Assertion, NodeKind.Comma,
];
const promiseOperators: readonly number[] = [
  Token.Equals, Token.Bar_Bar, Token.Ampersand_Ampersand,
];

/** Whether the value of an expression may be a promise, by its syntax. */
function mayBePromise(expression: Expression): boolean {
  const inner = withoutParentheses(expression);
  if (isKind(inner, NodeKind.Binary)) {
    return promiseOperators.includes((inner as BinaryExpression).operator as number);
  }
  return promiseKinds.some((kind) => isKind(inner, kind));
}

/** Whether the name is that of an async function which one of the functions around declares. */
function isInnerFunction(name: string, scope: Scope): boolean {
  for (let outer = scope.outer; outer; outer = outer.outer) {
    if (outer.innerFunctions.has(name)) return true;
  }
  return false;
}

/** What `await` of something that is no promise becomes. */
const valueSource = `@global @inline function ${valueFunction}<T>(value: T): T { return value; }`;

function taskName(arity: number): string {
  return `__Task${arity}`;
}

/** The source of the class of tasks that keep `arity` values until they run. */
function taskClass(arity: number, debug: boolean): string {
  const indices = Array.from({ length: arity }, (_, index) => index);
  const typeParameters = ["R", ...indices.map((index) => `T${index}`)].join(", ");
  const parameters = indices.map((index) => `value${index}: T${index}`);
  const fields = indices.map((index) => `_${index}: T${index};`);
  const values = indices.map((index) => `this._${index} = value${index};`);
  if (debug) {
    parameters.push("title: string");
    fields.push("title: string;", "describe(): string { return this.title; }");
    values.push("this.title = title;", "__track(this);");
  }
  const self = `${taskName(arity)}<${typeParameters}>`;
  parameters.push(`run: (task: ${self}) => void`);
  return `@global @final class ${self} extends __Task<R> {
  ${fields.join(" ")}
  @inline begin(${parameters.join(", ")}): Promise<R> {
    ${values.join(" ")}
    return this.start(changetype<usize>(run));
  }
}`;
}

/** What is said of a task in the async call chain; nothing of one of std's own. */
function describe(title: string, at: Range): string {
  const { source } = at;
  if (isStd(source.normalizedPath)) return "";
  const line = source.lineAt(at.start);
  return `${title} (${hide(source.normalizedPath)}:${line}:${source.columnAt()})`;
}

function identifier(node: NodeFactory, text: string, range: Range): IdentifierExpression {
  return node.createIdentifierExpression(text, range);
}

function namedType(
  node: NodeFactory,
  name: string,
  typeArguments: TypeNode[] | null,
  range: Range,
): TypeNode {
  return node.createNamedType(node.createSimpleTypeName(name, range), typeArguments, false, range);
}

/** Where generated code stands: at the name, or where the function begins. */
function nameRange(declaration: FunctionDeclaration): Range {
  const { name, range } = declaration;
  return name.text.length ? name.range : range;
}

function enclosingTypeParameters(scope: Scope): TypeParameterNode[] {
  const found = new Map<string, TypeParameterNode>();
  for (let outer = scope.outer; outer; outer = outer.outer) {
    for (const parameter of outer.typeParameters) {
      if (!found.has(parameter.name.text)) found.set(parameter.name.text, parameter);
    }
  }
  return [...found.values()];
}

