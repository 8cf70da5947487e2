/**
 * Syntax of JavaScript's that AssemblyScript's parser stumbles over. It is refused with advice, and
 * read like something that can be compiled, so that everything else is still found in the same run.
 *
 * `try` and `for…of` AssemblyScript can read; it refuses them where it compiles them, and what is
 * in them it does not look at then. They become plain statements with a name that nobody declares,
 * which says so at the same place: code that is never compiled goes on to be nobody's business.
 */
import type {
  Expression, ForOfStatement, ParameterNode, Parser, Range, Statement, Tokenizer, TypeNode,
  VariableStatement,
} from "assemblyscript";
import { marks, syntax } from "./advice.js";
import {
  IdentifierHandling, isKind, type NodeFactory, NodeKind, ParameterKind, Precedence, Token,
} from "./internals.js";
import { skipToken } from "./parser-hooks.js";

/** Told of what was found. */
export interface SyntaxReporter {
  refuse(message: string, range: Range): void;
  /** The name would have been declared there. */
  lose(name: string, range: Range): void;
}

type ParseParameter = (tn: Tokenizer, isConstructor?: boolean) => ParameterNode | null;
type UnsafeNext = (handling?: IdentifierHandling, maxLength?: number) => number;

type Loosened = "parseParameter" | "parseTryStatement" | "parseForOfStatement";

/** The parts of the parser that its type declarations hide. */
interface ParserInternals extends Omit<Parser, Loosened> {
  parseParameter: ParseParameter;
  parseTryStatement(tn: Tokenizer): Statement | null;
  parseForOfStatement(tn: Tokenizer, start: number, variable: Statement): Statement | null;
}

/** Wraps the methods of `parser`, those of `parser-hooks.ts` included. */
export function hookForeignSyntax(
  parser: Parser,
  node: NodeFactory,
  reporter: SyntaxReporter,
): void {
  const hooks = new ForeignSyntax(parser as unknown as ParserInternals, node, reporter);
  hooks.hookOperators();
  hooks.hookPatterns();
  hooks.hookObjects();
  hooks.hookStatements();
}

class ForeignSyntax {
  private readonly watched = new WeakSet<Tokenizer>();
  private patterns = 0;

  constructor(
    private readonly parser: ParserInternals,
    private readonly node: NodeFactory,
    private readonly reporter: SyntaxReporter,
  ) {}

  /** `?.` is read as `.`, `??` as `||`, and an assignment of them as a plain one. */
  hookOperators(): void {
    const { parser } = this;
    const parseTopLevelStatement = parser.parseTopLevelStatement.bind(parser);
    parser.parseTopLevelStatement = (tn, namespace) => {
      this.watch(tn);
      return parseTopLevelStatement(tn, namespace);
    };
  }

  private watch(tn: Tokenizer): void {
    if (this.watched.has(tn)) return;
    this.watched.add(tn);
    const internals = tn as unknown as { unsafeNext: UnsafeNext };
    const unsafeNext = internals.unsafeNext.bind(tn);
    const seen = new Set<number>();
    internals.unsafeNext = (handling, maxLength) => {
      const token = unsafeNext(handling, maxLength);
      if (!operatorTokens.includes(token)) return token;
      const start = tn.tokenPos;
      const found = operators.find(({ written }) => matchesAt(written, tn.source.text, start));
      if (!found) return token;
      const end = start + matchesAt(found.written, tn.source.text, start);
      if (!seen.has(start)) this.reporter.refuse(found.advice, tn.range(start, end));
      seen.add(start);
      tn.pos = end;
      return found.token ?? internals.unsafeNext(handling, maxLength);
    };
  }

  /** `{ a, b }` and `[a, b]` where a variable or a parameter is declared. */
  hookPatterns(): void {
    const { parser, node } = this;
    const parseVariable = parser.parseVariableDeclaration.bind(parser);
    parser.parseVariableDeclaration = (tn, flags, decorators, isFor) => {
      const range = this.skipPattern(tn);
      if (!range) return parseVariable(tn, flags, decorators, isFor);
      const type = this.parseTypeIfAny(tn);
      const value = this.parseInitialValue(tn);
      const name = this.nameOf(range);
      return node.createVariableDeclaration(name, decorators, flags, type, value, range);
    };
    const parseParameter = parser.parseParameter.bind(parser);
    parser.parseParameter = (tn, isConstructor) => {
      const range = this.skipPattern(tn);
      if (!range) return parseParameter(tn, isConstructor);
      const type = this.parseTypeIfAny(tn) ?? node.createOmittedType(tn.range(tn.pos));
      const value = this.parseInitialValue(tn);
      const kind = value ? ParameterKind.Optional : ParameterKind.Default;
      return node.createParameter(kind as number, this.nameOf(range), type, value, range);
    };
  }

  private nameOf(range: Range): ReturnType<NodeFactory["createIdentifierExpression"]> {
    return this.node.createIdentifierExpression(`~parts${this.patterns++}`, range);
  }

  private skipPattern(tn: Tokenizer): Range | null {
    const range = this.skipBraces(tn, [Token.OpenBrace, Token.OpenBracket], (name) =>
      this.reporter.lose(name, tn.range()));
    if (range) this.reporter.refuse(syntax.destructuring, range);
    return range;
  }

  private parseTypeIfAny(tn: Tokenizer): TypeNode | null {
    return tn.skip(Token.Colon as number) ? this.parser.parseType(tn) : null;
  }

  private parseInitialValue(tn: Tokenizer): Expression | null {
    if (!tn.skip(Token.Equals as number)) return null;
    return this.parser.parseExpression(tn, Precedence.Comma + 1);
  }

  /** Object literals that are more than names and values; functions with patterns; types. */
  hookObjects(): void {
    const { parser, node, reporter } = this;
    const parseExpressionStart = parser.parseExpressionStart.bind(parser);
    parser.parseExpressionStart = (tn) => {
      const token = tn.peek(IdentifierHandling.Prefer as number) as number;
      if (token === Token.OpenParen && this.isPatternFunction(tn)) {
        tn.next();
        return parser.parseFunctionExpression(tn);
      }
      const advice = token === Token.OpenBrace ? this.foreignIn(tn) : null;
      if (!advice) return parseExpressionStart(tn);
      const range = this.skipBraces(tn, [Token.OpenBrace])!;
      reporter.refuse(advice, range);
      return node.createNullExpression(range);
    };
    const parseType = parser.parseType.bind(parser);
    parser.parseType = (tn, acceptParenthesized, suppressErrors) => {
      const range = suppressErrors ? null : this.skipBraces(tn, [Token.OpenBrace]);
      if (!range) return parseType(tn, acceptParenthesized, suppressErrors);
      reporter.refuse(syntax.objectType, range);
      return node.createNamedType(node.createSimpleTypeName("Object", range), [], false, range);
    };
  }

  /** Whether `({ … }) =>` comes, or the like. */
  private isPatternFunction(tn: Tokenizer): boolean {
    const state = tn.mark();
    tn.next();
    const first = tn.peek() as number;
    const isPattern = first === Token.OpenBrace || first === Token.OpenBracket;
    const isFunction = isPattern && skipToEnd(tn) &&
      (tn.skip(Token.Equals_GreaterThan as number) || tn.skip(Token.Colon as number) &&
        this.parser.parseType(tn, true, true) !== null &&
        tn.skip(Token.Equals_GreaterThan as number));
    tn.reset(state);
    return isFunction;
  }

  /** What the object literal that comes has beside plain names and values. */
  private foreignIn(tn: Tokenizer): string | null {
    const state = tn.mark();
    tn.next();
    let advice: string | null = null;
    for (let before: number = Token.Comma, depth = 0; depth >= 0 && !advice;) {
      const token = tn.next(IdentifierHandling.Prefer as number) as number;
      if (depth === 0 && before === Token.Comma) {
        if (token === Token.Dot_Dot_Dot) advice = syntax.spreadObject;
        else if (token === Token.OpenBracket) advice = syntax.objectLiteral;
      } else if (depth === 0 && before === Token.Identifier && token === Token.OpenParen) {
        advice = syntax.objectLiteral;
      }
      const isName = before === Token.Comma && depth === 0 && token === Token.Identifier;
      depth += depthOf(token);
      if (!skipToken(tn, token)) break;
      before = isName ? Token.Identifier : token === Token.Comma ? token : Token.EndOfFile;
    }
    tn.reset(state);
    return advice;
  }

  /** Skips what begins with one of these; `name` gets the names in it. Null if none comes. */
  private skipBraces(
    tn: Tokenizer,
    braces: readonly Token[],
    name?: (text: string) => void,
  ): Range | null {
    if (!braces.includes(tn.peek() as number)) return null;
    tn.next();
    const start = tn.tokenPos;
    return skipToEnd(tn, name) ? tn.range(start, tn.pos) : null;
  }

  hookStatements(): void {
    const { parser } = this;
    const parseForOf = parser.parseForOfStatement.bind(parser);
    parser.parseForOfStatement = (tn, start, variable) => {
      const statement = parseForOf(tn, start, variable);
      if (!statement) return null;
      const { iterable } = statement as ForOfStatement;
      const head = tn.range(start, iterable.range.end + 1);
      return this.counted(statement as ForOfStatement, head);
    };
    parser.parseTryStatement = (tn) => this.parseTry(tn);
    parser.parseVoidStatement = (tn) => this.parseVoid(tn);
    const parseFor = parser.parseForStatement.bind(parser);
    parser.parseForStatement = (tn) =>
      this.skipForIn(tn) ? parser.parseStatement(tn) : parseFor(tn);
  }

  /** `for (const x = list[0]; ~of; ) body` */
  private counted(statement: ForOfStatement, head: Range): Statement {
    const { node } = this;
    const { variable, iterable, body, range } = statement;
    if (isKind(variable, NodeKind.Variable)) {
      const first = node.createFalseExpression(head);
      for (const declaration of (variable as VariableStatement).declarations) {
        declaration.initializer = node.createElementAccessExpression(iterable, first, head);
      }
    }
    const mark = node.createIdentifierExpression(marks.forOf, head);
    return node.createForStatement(variable, mark, null, body, range);
  }

  /** `{ finally block; if (~try) block; else catch block }` */
  private parseTry(tn: Tokenizer): Statement | null {
    const { node } = this;
    const start = tn.tokenPos;
    const keyword = tn.range(start, tn.pos);
    const tried = this.parseBlock(tn);
    if (!tried) return null;
    let caught: Statement | null = null;
    let last: Statement | null = null;
    if (tn.skip(Token.Catch as number)) {
      this.skipVariable(tn);
      caught = this.parseBlock(tn);
      if (!caught) return null;
    }
    if (tn.skip(Token.Finally as number)) {
      last = this.parseBlock(tn);
      if (!last) return null;
    }
    if (!caught && !last) this.parser.error(tokenExpected as number, tn.range(), "catch");
    const mark = node.createIdentifierExpression(marks.try, keyword);
    const statements: Statement[] = caught
      ? [node.createIfStatement(mark, tried, caught, keyword)]
      : [node.createExpressionStatement(mark), tried];
    // What is behind a `return` is not looked at.
    if (last) statements.unshift(last);
    return node.createBlockStatement(statements, tn.range(start, tn.pos));
  }

  /** `void a.b();`, of which AssemblyScript would read no more than `void a`. */
  private parseVoid(tn: Tokenizer): ReturnType<Parser["parseVoidStatement"]> {
    const start = tn.tokenPos;
    const value = this.parser.parseExpression(tn, Precedence.UnaryPrefix as number);
    if (!value) return null;
    const statement = this.node.createVoidStatement(value, tn.range(start, tn.pos));
    tn.skip(Token.Semicolon as number);
    return statement;
  }

  private parseBlock(tn: Tokenizer): Statement | null {
    if ((tn.peek() as number) !== Token.OpenBrace) {
      this.parser.error(tokenExpected as number, tn.range(tn.pos), "{");
      return null;
    }
    return this.parser.parseStatement(tn);
  }

  /** The `(error: unknown)` of a `catch`, which may be left out. */
  private skipVariable(tn: Tokenizer): void {
    if (!tn.skip(Token.OpenParen as number)) return;
    skipToEnd(tn, (name) => this.reporter.lose(name, tn.range()));
  }

  /** After `for`: refuses and skips `(const key in object)`. */
  private skipForIn(tn: Tokenizer): boolean {
    const state = tn.mark();
    const start = tn.tokenPos;
    const isDeclared = tn.skip(Token.OpenParen as number) &&
      declaring.some((token) => tn.skip(token as number)) && tn.skipIdentifier();
    const name = isDeclared ? tn.readIdentifier() : "";
    if (isDeclared && tn.skip(Token.In as number) && skipToEnd(tn)) {
      const range = tn.range(start, tn.pos);
      this.reporter.refuse(syntax.forIn, range);
      this.reporter.lose(name, range);
      return true;
    }
    tn.reset(state);
    return false;
  }

}

const declaring = [Token.Const, Token.Let, Token.Var];

/** The compiler's "'…' expected". */
const tokenExpected = 1005;

/** An operator that AssemblyScript would read as the first character of it. */
interface Operator {
  readonly written: RegExp;
  readonly advice: string;
  /** What is read in its place; nothing where it is just left out. */
  readonly token: Token | null;
}

const operatorTokens: readonly number[] = [
  Token.Question, Token.Bar_Bar, Token.Ampersand_Ampersand,
];

const operators: readonly Operator[] = [
  { written: /\?\.(?=\s*[[(])/y, advice: syntax.optionalChain, token: null },
  { written: /\?\.(?!\d)/y, advice: syntax.optionalChain, token: Token.Dot },
  { written: /\?\?=/y, advice: syntax.nullish, token: Token.Equals },
  { written: /\?\?/y, advice: syntax.nullish, token: Token.Bar_Bar },
  { written: /\|\|=|&&=/y, advice: syntax.logicalAssignment, token: Token.Equals },
];

/** The length of what `pattern` finds at a position. */
function matchesAt(pattern: RegExp, text: string, position: number): number {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0].length ?? 0;
}

const opening: readonly number[] = [Token.OpenBrace, Token.OpenBracket, Token.OpenParen];
const closing: readonly number[] = [Token.CloseBrace, Token.CloseBracket, Token.CloseParen];

function depthOf(token: number): number {
  return opening.includes(token) ? 1 : closing.includes(token) ? -1 : 0;
}

/** After a bracket: goes to behind the one that belongs to it. False if there is none. */
function skipToEnd(tn: Tokenizer, name?: (text: string) => void): boolean {
  for (let depth = 1; depth > 0;) {
    const token = tn.next() as number;
    depth += depthOf(token);
    if (token === Token.Identifier) {
      const text = tn.readIdentifier();
      name?.(text);
    } else if (!skipToken(tn, token)) {
      return false;
    }
  }
  return true;
}
