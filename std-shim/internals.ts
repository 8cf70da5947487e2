/**
 * The numbers of AssemblyScript's enums that this folder needs. They are const enums there, which
 * other projects cannot use; `tests/lowering/internals.test.ts` compares these with the originals.
 * Nothing here imports the compiler at run time: what runs us may be another copy of it than the
 * one that we would find.
 */
import type {
  Expression, NamedTypeNode, Node, ParenthesizedExpression, TypeNode,
} from "assemblyscript";

/** The class of all syntax nodes; its static methods make nodes. */
export type NodeFactory = typeof Node;

/** The version that these numbers, and `parser-hooks.ts`, were written for. */
export const supportedVersion = "0.28.20";

/** Kinds of tokens. */
export const enum Token {
  Async = 2,
  Await = 3,
  Catch = 6,
  Const = 8,
  Finally = 21,
  Function = 24,
  In = 29,
  Let = 34,
  Var = 57,
  OpenBrace = 62,
  CloseBrace = 63,
  OpenParen = 64,
  CloseParen = 65,
  OpenBracket = 66,
  CloseBracket = 67,
  Dot = 68,
  Dot_Dot_Dot = 69,
  Semicolon = 70,
  Comma = 71,
  GreaterThan = 73,
  Equals_GreaterThan = 80,
  Asterisk = 84,
  Plus_Plus = 87,
  Minus_Minus = 88,
  Exclamation = 95,
  Ampersand_Ampersand = 97,
  Bar_Bar = 98,
  Question = 99,
  Colon = 100,
  Equals = 101,
  Plus_Equals = 102,
  Caret_Equals = 113,
  Identifier = 115,
  StringLiteral = 116,
  IntegerLiteral = 117,
  FloatLiteral = 118,
  TemplateLiteral = 119,
  EndOfFile = 121,
}

/** How the tokenizer treats keywords that may also be identifiers. */
export const enum IdentifierHandling {
  Default = 0,
  Prefer = 1,
  Always = 2,
}

/** How tightly an operator binds. */
export const enum Precedence {
  Comma = 1,
  UnaryPrefix = 17,
}

/** Kinds of syntax nodes. */
export const enum NodeKind {
  NamedType = 1,
  FunctionType = 2,
  TypeName = 4,
  TypeParameter = 5,
  Identifier = 7,
  Assertion = 8,
  Binary = 9,
  Call = 10,
  Class = 11,
  Comma = 12,
  ElementAccess = 13,
  Function = 15,
  Literal = 17,
  New = 18,
  Parenthesized = 21,
  PropertyAccess = 22,
  Ternary = 23,
  Super = 24,
  This = 25,
  Constructor = 27,
  UnaryPostfix = 28,
  UnaryPrefix = 29,
  Block = 31,
  Break = 32,
  Continue = 33,
  Do = 34,
  Export = 36,
  ExportDefault = 37,
  Expression = 39,
  For = 40,
  ForOf = 41,
  If = 42,
  Import = 43,
  Return = 44,
  Switch = 45,
  Variable = 48,
  While = 50,
  ClassDeclaration = 52,
  EnumDeclaration = 53,
  FieldDeclaration = 55,
  FunctionDeclaration = 56,
  InterfaceDeclaration = 58,
  MethodDeclaration = 59,
  NamespaceDeclaration = 60,
  TypeDeclaration = 61,
  VariableDeclaration = 62,
  Decorator = 63,
}

/** Kinds of literals. */
export const enum LiteralKind {
  String = 2,
  Object = 6,
}

/** Traits of declarations. */
export const enum CommonFlags {
  None = 0,
  Export = 2,
  Declare = 4,
  Const = 8,
  Let = 16,
  Static = 32,
  Get = 2048,
  Set = 4096,
  Ambient = 32768,
  Generic = 65536,
  GenericContext = 131072,
  Instance = 262144,
  Constructor = 524288,
  Overridden = 268435456,
}

/** Kinds of parameters. */
export const enum ParameterKind {
  Default = 0,
  Optional = 1,
  Rest = 2,
}

/** Kinds of function expressions. */
export const enum ArrowKind {
  None = 0,
  Parenthesized = 1,
  Single = 2,
}

/** Where a source comes from. */
export const enum SourceKind {
  User = 0,
  UserEntry = 1,
}

/** The values of `--runtime`. */
export const enum Runtime {
  Stub = 0,
  Minimal = 1,
  Incremental = 2,
}

/** How bad a diagnostic is. */
export const enum DiagnosticCategory {
  Warning = 2,
  Error = 3,
}

/** Kinds of elements of a program. */
export const enum ElementKind {
  Enum = 2,
  FunctionPrototype = 4,
  ClassPrototype = 6,
  InterfacePrototype = 8,
  Namespace = 12,
  File = 13,
  TypeDefinition = 14,
}

/** Whether looking something up may complain. */
export const enum ReportMode {
  Swallow = 1,
}

/** Features of WebAssembly, as bits. */
export const enum Feature {
  BulkMemory = 8,
}

/** Whether `node` is of this kind. (Our numbers and theirs are different types to TypeScript.) */
export function isKind(node: Node, kind: NodeKind): boolean {
  return (node.kind as number) === kind;
}

/** Whether it is written as `void`. */
export function isVoidType(type: TypeNode): boolean {
  if (!isKind(type, NodeKind.NamedType)) return false;
  return (type as NamedTypeNode).name.identifier.text === "void";
}

/** What stands in parentheses, be it in several. */
export function withoutParentheses(expression: Expression): Expression {
  let inner = expression;
  while (isKind(inner, NodeKind.Parenthesized)) {
    inner = (inner as ParenthesizedExpression).expression;
  }
  return inner;
}
