/**
 * The only file that knows AssemblyScript's parser from the inside.
 *
 * The parser stops at the first `async`, long before a transform's `afterParse`. But a transform is
 * made before anything is parsed, so its constructor can wrap the methods of this one parser (not
 * of the class: another compilation in the same process must not see us). The wrappers recognise
 * what AssemblyScript does not, and hand finished syntax nodes to a `SyntaxHandler`.
 *
 * No text is changed and nothing is parsed twice, so every position stays the user's own:
 * the tokenizer leaves out an `async` that is a modifier, and its position is remembered.
 */
import type {
  ClassDeclaration,
  Expression,
  FunctionDeclaration,
  FunctionExpression,
  IdentifierExpression,
  MethodDeclaration,
  NamespaceDeclaration,
  Node,
  ParameterNode,
  Parser,
  Range,
  Source,
  Statement,
  Tokenizer,
} from "assemblyscript";
import { findUse } from "./captures.js";
import {
  CommonFlags, IdentifierHandling, isKind, NodeKind, Precedence, Token,
} from "./internals.js";
import { newScope, type Scope } from "./scopes.js";

/** What to do with the syntax that AssemblyScript does not know. */
export interface SyntaxHandler {
  /** The text of a file that is about to be parsed; null if there is none. */
  load(path: string, text: string | null): string | null;
  /** All of a file has been parsed. */
  parsed(source: Source): void;
  /** What `await operand` means. */
  awaited(operand: Expression, keyword: Range, whole: Range): Expression;
  /** An `async function` among `siblings`. What is returned takes its place. */
  asyncFunction(
    declaration: FunctionDeclaration,
    keyword: Range,
    siblings: Statement[],
  ): FunctionDeclaration;
  /** An `async` method of `parent`. What is returned takes its place. */
  asyncMethod(
    declaration: MethodDeclaration,
    keyword: Range,
    parent: ClassDeclaration,
  ): MethodDeclaration;
  /** An `async` function expression or arrow function within `outer`. */
  asyncExpression(
    expression: FunctionExpression,
    keyword: Range,
    inner: Scope,
    file: Source,
  ): FunctionExpression;
  /** Makes the node of a name. */
  name(text: string, range: Range): IdentifierExpression;
  /** A statement with a label. What is returned takes its place; null if it cannot have one. */
  labelled(label: IdentifierExpression, statement: Statement): Statement | null;
  /** Something that cannot be. */
  refuse(code: number, message: string, range: Range): void;
}

/** The parts of the parser that its type declarations hide. */
interface ParserInternals extends Omit<Parser, "parseFunctionExpressionCommon"> {
  parseFunctionExpressionCommon(
    tn: Tokenizer,
    name: Node,
    parameters: ParameterNode[],
    ...rest: unknown[]
  ): FunctionExpression | null;
}

type UnsafeNext = (handling?: IdentifierHandling, maxLength?: number) => number;

/** The parts of the tokenizer that its type declarations hide, and what we remember with it. */
interface TokenizerInternals extends Omit<Tokenizer, "unsafeNext"> {
  unsafeNext: UnsafeNext;
  nextToken: number;
  nextTokenPos: number;
}

const keyword = "async";

/** The compiler's own complaint about what has no type. */
const typeExpected = 1110;

const advice = {
  awaitOutside:
    "'await' is only possible in an async function. " +
    "Write 'async' before the function around it and let it return Promise<…>.",
  awaitTop:
    "'await' is not possible at the top level of a file. " +
    "Move it into 'export async function main(): Promise<void>'.",
  awaitParameter:
    "'await' is not possible in the default value of a parameter. Await in the function's body.",
  awaitField:
    "'await' is not possible in the initial value of a field. " +
    "Use an async static method that makes the object.",
  forAwait: "'for await' is not supported. Use 'while' and 'await' each value.",
  generator:
    "Async generators are not supported. Write a class with an async method 'next()' instead.",
  accessor: "A getter or setter cannot be async. Write an async method instead.",
  noBody:
    "'async' is not possible where there is no body. Leave it out: " +
    "a method that returns Promise<…> may be implemented by an async one.",
  label: "A label is only possible before a loop or a switch.",
  hoisted: (name: string): string =>
    `'${name}' is used above its declaration, where it is not known. ` +
    "Declare it at the top level, or further up.",
  constructor:
    "A constructor cannot be async. Write an async static method that makes the object instead.",
};

/** Wraps the methods of `parser` so that `handler` gets to see async code. */
export function hookParser(parser: Parser, handler: SyntaxHandler): void {
  new ParserHooks(parser as unknown as ParserInternals, handler).install();
}

/** Skips what may stand between two tokens of one line. Returns the position of the next one. */
function skipSpace(text: string, position: number): number {
  for (;;) {
    const character = text.charAt(position);
    if (character === " " || character === "\t") {
      position++;
    } else if (text.startsWith("/*", position)) {
      const end = text.indexOf("*/", position + 2);
      if (end < 0 || text.slice(position, end).includes("\n")) return position;
      position = end + 2;
    } else {
      return position;
    }
  }
}

const identifierPart = /[\p{ID_Continue}$\u200c\u200d]/u;
const labelBefore = /^([\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)\s*:/u;
const innerFunction = /^async\s+function\s+([\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)/u;
const memberNameStart = /[\p{ID_Start}$_#*["']/u;

function isWord(text: string, position: number, word: string): boolean {
  return (
    text.startsWith(word, position) && !identifierPart.test(text.charAt(position + word.length))
  );
}

/** Whether the `async` at `position` makes the function or member that follows it async. */
function isModifier(text: string, position: number, kind: "function" | "member"): boolean {
  const next = skipSpace(text, position + keyword.length);
  if (kind === "function") return isWord(text, next, "function");
  return memberNameStart.test(text.charAt(next));
}

class ParserHooks {
  private scope: Scope = newScope("file", null);
  /** In which kind of declaration an `async` that comes now would be a modifier. */
  private modifierOf: "function" | "member" | null = null;
  /** Where the `async` of the function expression that is about to be parsed was written. */
  private expressionAsyncAt = -1;
  private siblings: Statement[] = [];
  private readonly modifiers = new WeakMap<Tokenizer, Map<number, number>>();

  constructor(
    private readonly parser: ParserInternals,
    private readonly handler: SyntaxHandler,
  ) {}

  install(): void {
    this.hookFile();
    this.hookTopLevel();
    this.hookFunctions();
    this.hookMembers();
    this.hookExpressions();
    this.hookStatements();
    this.hookScopes();
  }

  private within<T>(scope: Scope, parse: () => T): T {
    const { modifierOf, expressionAsyncAt, scope: outer } = this;
    this.scope = scope;
    this.modifierOf = null;
    this.expressionAsyncAt = -1;
    try {
      return parse();
    } finally {
      this.scope = outer;
      this.modifierOf = modifierOf;
      this.expressionAsyncAt = expressionAsyncAt;
    }
  }

  private hookFile(): void {
    const { parser, handler } = this;
    const parseFile = parser.parseFile.bind(parser);
    parser.parseFile = (text, path, isEntry) => {
      const loaded = handler.load(path, text);
      const before = parser.sources.length;
      this.siblings = [];
      this.within(newScope("file", null), () => parseFile(loaded, path, isEntry));
      const source = parser.sources[before];
      if (!source) return;
      source.statements.push(...this.siblings);
      handler.parsed(source);
    };
  }

  private hookTopLevel(): void {
    const { parser } = this;
    const parseTopLevelStatement = parser.parseTopLevelStatement.bind(parser);
    parser.parseTopLevelStatement = (tn, namespace = null) => {
      this.watch(tn);
      // What was peeked at before is not a modifier yet.
      tn.clearNextToken();
      const { siblings, modifierOf } = this;
      const inNamespace: NamespaceDeclaration | null = namespace;
      if (inNamespace) this.siblings = inNamespace.members;
      this.modifierOf = "function";
      this.scope.asyncAt = -1;
      try {
        return parseTopLevelStatement(tn, namespace);
      } finally {
        this.siblings = siblings;
        this.modifierOf = modifierOf;
      }
    };
    // The arguments of a decorator are expressions; after it a modifier may still come.
    const parseDecorator = parser.parseDecorator.bind(parser);
    parser.parseDecorator = (tn) => {
      const { modifierOf } = this;
      try {
        return parseDecorator(tn);
      } finally {
        this.modifierOf = modifierOf;
      }
    };
  }

  private hookFunctions(): void {
    const { parser, handler } = this;
    const parseFunction = parser.parseFunction.bind(parser);
    parser.parseFunction = (tn, flags, decorators, startPos) => {
      const { asyncAt } = this.scope;
      const { siblings } = this;
      this.scope.asyncAt = -1;
      if (asyncAt >= 0 && this.refuseGenerator(tn)) return null;
      const scope = newScope("function", this.scope, asyncAt);
      const declaration = this.within(scope, () => parseFunction(tn, flags, decorators, startPos));
      if (declaration) this.checkHoisted(scope, declaration);
      if (asyncAt < 0 || !declaration) return declaration;
      this.forgetTypeExpected(declaration);
      const range = keywordRange(tn, asyncAt);
      if (declaration.body) return handler.asyncFunction(declaration, range, siblings);
      handler.refuse(1040, advice.noBody, range);
      return declaration;
    };
    const parseFunctionExpressionCommon = parser.parseFunctionExpressionCommon.bind(parser);
    parser.parseFunctionExpressionCommon = (tn, name, parameters, ...rest) => {
      const asyncAt = this.expressionAsyncAt;
      this.expressionAsyncAt = -1;
      const scope = newScope("expression", this.scope, asyncAt);
      for (const parameter of parameters) scope.declared.add(parameter.name.text);
      const expression = this.within(scope, () =>
        parseFunctionExpressionCommon(tn, name, parameters, ...rest),
      );
      if (expression) this.checkHoisted(scope, expression.declaration);
      if (asyncAt < 0 || !expression) return expression;
      return handler.asyncExpression(expression, keywordRange(tn, asyncAt), scope, tn.source);
    };
  }

  /** As in AssemblyScript, a function inside of another one is known only below its declaration. */
  private checkHoisted({ innerFunctions }: Scope, declaration: FunctionDeclaration): void {
    for (const [name, position] of innerFunctions) {
      const use = findUse(declaration.body, name, position);
      if (use) this.handler.refuse(100, advice.hoisted(name), use);
    }
  }

  /** That an async function has no return type we say ourselves, and what it would be. */
  private forgetTypeExpected({ signature }: FunctionDeclaration): void {
    const { diagnostics } = this.parser;
    const found = diagnostics.findIndex(
      ({ code, range }) =>
        (code as number) === typeExpected && range === signature.returnType.range,
    );
    if (found >= 0) diagnostics.splice(found, 1);
  }

  private refuseGenerator(tn: Tokenizer): boolean {
    if ((tn.peek() as number) !== Token.Asterisk) return false;
    const start = (tn as unknown as TokenizerInternals).nextTokenPos;
    this.handler.refuse(100, advice.generator, tn.range(start, start + 1));
    return true;
  }

  private hookMembers(): void {
    const { parser } = this;
    const parseClassMember = parser.parseClassMember.bind(parser);
    parser.parseClassMember = (tn, parent) => {
      const scope = newScope("member", this.scope);
      tn.clearNextToken();
      return this.within(scope, () => {
        this.modifierOf = "member";
        const member = parseClassMember(tn, parent);
        if (member && isKind(member, NodeKind.MethodDeclaration)) {
          this.checkHoisted(scope, member as MethodDeclaration);
        }
        if (scope.asyncAt < 0 || !member) return member;
        return this.asyncMember(member, keywordRange(tn, scope.asyncAt), parent) ?? member;
      });
    };
    const parseClassOrInterface = parser.parseClassOrInterface.bind(parser);
    parser.parseClassOrInterface = (...args) =>
      this.within(newScope("class", this.scope), () => parseClassOrInterface(...args));
    const parseClassExpression = parser.parseClassExpression.bind(parser);
    parser.parseClassExpression = (tn) =>
      this.within(newScope("class", this.scope), () => parseClassExpression(tn));
  }

  private asyncMember(member: Node, range: Range, parent: ClassDeclaration): Node | null {
    const { handler } = this;
    if (!isKind(member, NodeKind.MethodDeclaration)) {
      handler.refuse(1042, "'async' is only possible before a function or a method.", range);
      return null;
    }
    const method = member as MethodDeclaration;
    if (method.isAny(AccessorFlags)) {
      handler.refuse(1042, advice.accessor, range);
      return null;
    }
    if (isKind(method.name, NodeKind.Constructor)) {
      handler.refuse(1089, advice.constructor, range);
      return null;
    }
    if (!method.body) {
      handler.refuse(1040, advice.noBody, range);
      return null;
    }
    this.forgetTypeExpected(method);
    return handler.asyncMethod(method, range, parent);
  }

  private hookExpressions(): void {
    const { parser } = this;
    const parseExpressionStart = parser.parseExpressionStart.bind(parser);
    parser.parseExpressionStart = (tn) => {
      this.modifierOf = null;
      const internals = tn as unknown as TokenizerInternals;
      const token = tn.peek(IdentifierHandling.Prefer as number) as number;
      if (token === Token.Await) return this.parseAwait(tn);
      const { nextTokenPos } = internals;
      const isAsync =
        (token === Token.Identifier || token === Token.Async) &&
        isWord(tn.source.text, nextTokenPos, keyword);
      if (!isAsync || !this.isAsyncExpression(tn, nextTokenPos)) return parseExpressionStart(tn);
      tn.next();
      if (isWord(tn.source.text, skipSpace(tn.source.text, tn.pos), "function")) {
        const state = tn.mark();
        tn.next();
        if (this.refuseGenerator(tn)) return null;
        tn.reset(state);
      }
      this.expressionAsyncAt = nextTokenPos;
      try {
        return parseExpressionStart(tn);
      } finally {
        this.expressionAsyncAt = -1;
      }
    };
  }

  private parseAwait(tn: Tokenizer): Expression | null {
    tn.next();
    const range = tn.range();
    const reason = this.whyNoAwait();
    if (reason) this.handler.refuse(...reason, range);
    const operand = this.parser.parseExpression(tn, Precedence.UnaryPrefix as number);
    if (!operand) return null;
    return this.handler.awaited(operand, range, tn.range(range.start, tn.pos));
  }

  private whyNoAwait(): [number, string] | null {
    const { scope } = this;
    switch (scope.kind) {
      case "parameters":
        return [2524, advice.awaitParameter];
      case "member":
        // A member is a method whose body is being parsed, or a field.
        if (scope.asyncAt >= 0) return null;
        return [1308, scope.isMethod ? advice.awaitOutside : advice.awaitField];
      case "function":
      case "expression":
        return scope.asyncAt >= 0 ? null : [1308, advice.awaitOutside];
      default:
        return [1378, advice.awaitTop];
    }
  }

  /** Whether the `async` at `position` begins a function, rather than being a name. */
  private isAsyncExpression(tn: Tokenizer, position: number): boolean {
    const { text } = tn.source;
    const next = skipSpace(text, position + keyword.length);
    if (isWord(text, next, "function")) return true;
    const state = tn.mark();
    tn.next();
    const first = tn.next(IdentifierHandling.Prefer as number) as number;
    let arrow = false;
    if (first === Token.Identifier && tn.tokenPos === next) {
      tn.readIdentifier();
      arrow = (tn.next() as number) === Token.Equals_GreaterThan;
    } else if (first === Token.OpenParen && tn.tokenPos === next && skipParentheses(tn)) {
      if (tn.skip(Token.Colon as number)) this.parser.parseType(tn, true, true);
      arrow = tn.skip(Token.Equals_GreaterThan as number);
    }
    tn.reset(state);
    return arrow;
  }

  private hookStatements(): void {
    const { parser, handler } = this;
    const parseStatement = parser.parseStatement.bind(parser);
    parser.parseStatement = (tn, topLevel) => {
      this.modifierOf = null;
      const label = this.parseLabel(tn);
      if (!label) {
        this.noteInnerFunction(tn);
        return parseStatement(tn, topLevel);
      }
      const statement = parser.parseStatement(tn, topLevel);
      if (!statement) return null;
      const resolved = handler.labelled(label, statement);
      if (!resolved) handler.refuse(1344, advice.label, label.range);
      return resolved ?? statement;
    };
    const parseForStatement = parser.parseForStatement.bind(parser);
    parser.parseForStatement = (tn) => {
      if ((tn.peek() as number) === Token.Await) {
        tn.next();
        handler.refuse(1103, advice.forAwait, tn.range());
      }
      return this.inBlock(() => parseForStatement(tn));
    };
    const parseBlock = parser.parseBlockStatement.bind(parser);
    parser.parseBlockStatement = (tn, topLevel) => this.inBlock(() => parseBlock(tn, topLevel));
    const parseSwitch = parser.parseSwitchStatement.bind(parser);
    parser.parseSwitchStatement = (tn) => this.inBlock(() => parseSwitch(tn));
  }

  /** What a block declares is not known behind it. */
  private inBlock<T>(parse: () => T): T {
    const { scope } = this;
    const { declared } = scope;
    scope.declared = new Set(declared);
    try {
      return parse();
    } finally {
      scope.declared = declared;
    }
  }

  /** A statement that begins with `async function` declares a function. */
  private noteInnerFunction(tn: Tokenizer): void {
    tn.peek(IdentifierHandling.Prefer as number);
    const { nextTokenPos } = tn as unknown as TokenizerInternals;
    tn.clearNextToken();
    const { text } = tn.source;
    if (!isWord(text, nextTokenPos, keyword) || !isModifier(text, nextTokenPos, "function")) return;
    const [, name] = innerFunction.exec(text.slice(nextTokenPos, nextTokenPos + 256)) ?? [];
    if (name === undefined) return;
    const { declared, innerFunctions } = this.scope;
    declared.add(name);
    // A second one of that name AssemblyScript refuses by itself, in another block as well.
    if (!innerFunctions.has(name)) innerFunctions.set(name, nextTokenPos);
  }

  /** Takes the `name:` before a statement, if there is one. */
  private parseLabel(tn: Tokenizer): IdentifierExpression | null {
    const internals = tn as unknown as TokenizerInternals;
    if ((tn.peek(IdentifierHandling.Prefer as number) as number) !== Token.Identifier) return null;
    const { nextTokenPos } = internals;
    const name = labelBefore.exec(tn.source.text.slice(nextTokenPos, nextTokenPos + 256))?.[1];
    if (name === undefined) {
      tn.clearNextToken();
      return null;
    }
    const range = tn.range(nextTokenPos, nextTokenPos + name.length);
    tn.next(IdentifierHandling.Prefer as number);
    tn.readIdentifier();
    tn.skip(Token.Colon as number);
    return this.handler.name(name, range);
  }

  private hookScopes(): void {
    const { parser } = this;
    const parseParameters = parser.parseParameters.bind(parser);
    parser.parseParameters = (tn, isConstructor) => {
      const { scope } = this;
      scope.isMethod = scope.kind === "member";
      const parameters = this.within(newScope("parameters", scope), () =>
        parseParameters(tn, isConstructor),
      );
      for (const parameter of parameters ?? []) scope.declared.add(parameter.name.text);
      this.modifierOf = null;
      return parameters;
    };
    const parseTypeParameters = parser.parseTypeParameters.bind(parser);
    parser.parseTypeParameters = (tn) => {
      const parameters = parseTypeParameters(tn);
      if (parameters) this.scope.typeParameters = parameters;
      this.modifierOf = null;
      return parameters;
    };
    const parseTypeDeclaration = parser.parseTypeDeclaration.bind(parser);
    parser.parseTypeDeclaration = (...args) =>
      this.within(newScope("other", this.scope), () => parseTypeDeclaration(...args));
    const parseVariableDeclaration = parser.parseVariableDeclaration.bind(parser);
    parser.parseVariableDeclaration = (...args) => {
      this.modifierOf = null;
      const declaration = parseVariableDeclaration(...args);
      if (declaration) this.scope.declared.add(declaration.name.text);
      return declaration;
    };
  }

  /** Where to go on after the modifier at `start`. The `*` of a generator is left out. */
  private afterModifier(tn: Tokenizer, start: number): number {
    const end = start + keyword.length;
    const next = skipSpace(tn.source.text, end);
    if (tn.source.text.charAt(next) !== "*") return end;
    this.handler.refuse(100, advice.generator, tn.range(next, next + 1));
    return next + 1;
  }

  /** Makes `tn` leave out each `async` that is a modifier, and take other ones as names. */
  private watch(tn: Tokenizer): void {
    if (this.modifiers.has(tn)) return;
    const skipped = new Map<number, number>();
    this.modifiers.set(tn, skipped);
    const internals = tn as unknown as TokenizerInternals;
    const unsafeNext: UnsafeNext = internals.unsafeNext.bind(tn);
    internals.unsafeNext = (handling = IdentifierHandling.Default, maxLength) => {
      const token = unsafeNext(handling, maxLength);
      if (token !== Token.Async && token !== Token.Identifier) return token;
      const start = tn.tokenPos;
      if (token === Token.Async && this.modifierOf && !skipped.has(start)) {
        if (isModifier(tn.source.text, start, this.modifierOf)) {
          skipped.set(start, this.afterModifier(tn, start));
        }
      }
      const behind = skipped.get(start);
      if (behind !== undefined) {
        // Again each time: it may have been seen while the statement before was still current.
        if (this.modifierOf) this.scope.asyncAt = start;
        tn.pos = behind;
        return internals.unsafeNext(handling, maxLength);
      }
      if (token === Token.Async && handling === IdentifierHandling.Prefer) {
        tn.pos = start;
        return Token.Identifier;
      }
      return token;
    };
  }
}

const AccessorFlags = CommonFlags.Get | CommonFlags.Set;

function keywordRange(tn: Tokenizer, start: number): Range {
  return tn.range(start, start + keyword.length);
}

/** After `(`: goes to behind the `)` that belongs to it. False if there is none. */
function skipParentheses(tn: Tokenizer): boolean {
  for (let depth = 1; depth > 0;) {
    const token = tn.next() as number;
    if (token === Token.OpenParen) depth++;
    else if (token === Token.CloseParen) depth--;
    else if (!skipToken(tn, token)) return false;
  }
  return true;
}

/** Reads what belongs to `token`. False at the end of the text and in a template with holes. */
export function skipToken(tn: Tokenizer, token: number): boolean {
  switch (token) {
    case Token.Identifier:
      tn.readIdentifier();
      return true;
    case Token.IntegerLiteral:
      tn.readInteger();
      return true;
    case Token.FloatLiteral:
      tn.readFloat();
      return true;
    case Token.StringLiteral:
      tn.readString();
      return true;
    case Token.TemplateLiteral:
      tn.readString();
      if (!tn.readingTemplateString) return true;
      tn.readingTemplateString = false;
      return false;
    case Token.EndOfFile:
      return false;
    default:
      return true;
  }
}
