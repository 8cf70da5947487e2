/**
 * The way in: what the host calls. The app's entry file gets
 *
 *     export { _tick, _abi, _completions } from "std/rt/entry";
 *     function start~(): f64 { return __start<i32>(main); }
 *     export { start~ as _start };
 *
 * as syntax nodes that stand at the beginning of `main`'s name.
 */
import type {
  ExportStatement,
  FunctionDeclaration,
  ImportStatement,
  NamedTypeNode,
  Range,
  Source,
  Statement,
  StringLiteralExpression,
  TypeNode,
  VariableStatement,
} from "assemblyscript";
import { CommonFlags, isKind, type NodeFactory, NodeKind, SourceKind } from "./internals.js";
import { own } from "./hygiene.js";

/** The file that brings the whole runtime. */
export const entryModule = "std/rt/entry";

/** What the host calls or looks at. */
export const entryExports = ["_tick", "_abi", "_completions"];

/** What debug builds have beyond that: where tasks wait, for the message of a deadlock. */
const debugExport = "_waiting";

const startFunction = own("start");

/** The import that stands for the app's top-level code until the module is finished. */
export const topLevelImport = { module: "std", name: "toplevel" };

/** The name under which AssemblyScript exports the app's top-level code until then. */
export const topLevelExport = "__toplevel";

type Refuse = (code: number, message: string, range: Range) => void;

/** Adds the way in to the entry file of the app: the one with a `main`, else the last one. */
export function addEntry(
  sources: readonly Source[],
  node: NodeFactory,
  debug: boolean,
  refuse: Refuse,
): void {
  const found = findMain(sources);
  const source = found?.source ?? ownEntries(sources).at(-1);
  if (!source) return;
  const main = found?.main ?? null;
  const range = main?.at ?? source.range;
  if (main && !checkMain(main, refuse)) return;
  if (main?.from) source.statements.push(importOf(node, main.from, range));
  const names = debug ? [...entryExports, debugExport] : entryExports;
  source.statements.push(...exportsOf(node, names, range), startOf(node, main, range));
}

/** The entry file of the app that has a `main`, and that. */
export function findMain(sources: readonly Source[]): { source: Source; main: Exported } | null {
  const files = new Files(sources);
  for (const source of ownEntries(sources)) {
    const main = files.findExport(source, "main");
    if (main) return { source, main };
  }
  return null;
}

/** What to say of an app that has none, and where. */
export function missingMain(sources: readonly Source[]): [message: string, at: Range | null] {
  const statements = ownEntries(sources).flatMap((source) => source.statements);
  const functions = statements.filter((one) => isKind(one, NodeKind.FunctionDeclaration)) as
    FunctionDeclaration[];
  const own = functions.find(({ name }) => name.text === "main");
  if (own) return ["An app exports its 'main'. Write 'export' before it.", own.range];
  const exported = functions.filter((one) => one.is(CommonFlags.Export as number));
  const meant = exported.find(({ name }) => usualNames.test(name.text)) ??
    (exported.length === 1 ? exported[0] : undefined);
  const missing = "An app exports a function 'main', and this one has none";
  if (meant) {
    return [`${missing}: did you mean '${meant.name.text}'? Call it 'main'.`, meant.name.range];
  }
  return [`${missing}. Write: export async function main(): Promise<void>`, null];
}

/** What people call a function that an app begins with. */
const usualNames = /^_?(start|run|app|begin|entry|init|main|mian|program)$/i;

/** Whether a file of the app exports something as `main`, as far as this file alone can tell. */
export function mayExportMain(source: Source): boolean {
  if (isLibrary(source)) return false;
  return source.statements.some((statement) => {
    if (!isKind(statement, NodeKind.Export)) return findDeclared(statement, "main") !== null;
    const { members } = statement as ExportStatement;
    return members?.some(({ exportedName }) => exportedName.text === "main") ?? false;
  });
}

function ownEntries(sources: readonly Source[]): Source[] {
  return sources.filter(
    (source) => (source.sourceKind as number) === SourceKind.UserEntry && !isLibrary(source),
  );
}

function isLibrary({ normalizedPath }: Source): boolean {
  return normalizedPath.startsWith("~lib/");
}

/** What a file exports under some name. */
interface Exported {
  /** Where this file says so. */
  readonly at: Range;
  /** What it is called inside this file, unless it is exported `from` another one. */
  readonly local: string;
  /** The other file, and what it is called there. */
  readonly from: { readonly path: StringLiteralExpression; readonly name: string } | null;
  /** Null when it is no function. */
  readonly declaration: FunctionDeclaration | null;
}

/** What something is called in the file that hands it on without naming it. */
const importedName = own("main");

/** Follows imports and exports to the function that is meant. */
class Files {
  /** Files that hand on to each other in a circle export nothing by that. */
  private readonly visiting = new Set<Source>();

  constructor(private readonly sources: readonly Source[]) {}

  /** What `source` exports as `name`, if anything. */
  findExport(source: Source, name: string): Exported | null {
    if (this.visiting.has(source)) return null;
    this.visiting.add(source);
    try {
      for (const statement of source.statements) {
        const found = isKind(statement, NodeKind.Export)
          ? this.findHandedOn(source, statement as ExportStatement, name)
          : findDeclared(statement, name);
        if (found) return found;
      }
      return null;
    } finally {
      this.visiting.delete(source);
    }
  }

  /** In `export { a as name }`, `export { a as name } from "…"` and `export * from "…"`. */
  private findHandedOn(source: Source, statement: ExportStatement, name: string): Exported | null {
    const { members, path, internalPath, range } = statement;
    const member = members?.find(({ exportedName }) => exportedName.text === name);
    if (members && !member) return null;
    const at = member?.exportedName.range ?? range;
    const local = member?.localName.text ?? name;
    if (!path) return { at, local, from: null, declaration: this.declarationIn(source, local) };
    const original = this.exportOf(internalPath, local);
    if (!member && !original) return null;
    const declaration = original?.declaration ?? null;
    return { at, local: importedName, from: { path, name: local }, declaration };
  }

  private declarationIn(source: Source, name: string): FunctionDeclaration | null {
    for (const statement of source.statements) {
      if (isKind(statement, NodeKind.FunctionDeclaration)) {
        const declaration = statement as FunctionDeclaration;
        if (declaration.name.text === name) return declaration;
      } else if (isKind(statement, NodeKind.Import)) {
        const { declarations, internalPath } = statement as ImportStatement;
        const imported = declarations?.find((one) => one.name.text === name);
        if (!imported) continue;
        return this.exportOf(internalPath, imported.foreignName.text)?.declaration ?? null;
      }
    }
    return null;
  }

  private exportOf(path: string | null, name: string): Exported | null {
    const source = this.sources.find(
      ({ internalPath }) => internalPath === path || internalPath === `${path}/index`,
    );
    return source ? this.findExport(source, name) : null;
  }
}

/** `export function name` and `export const name` */
function findDeclared(statement: Statement, name: string): Exported | null {
  if (isKind(statement, NodeKind.FunctionDeclaration)) {
    const declaration = statement as FunctionDeclaration;
    const isMeant = declaration.name.text === name && declaration.is(CommonFlags.Export as number);
    return isMeant ? { at: declaration.name.range, local: name, from: null, declaration } : null;
  }
  if (!isKind(statement, NodeKind.Variable)) return null;
  const variable = (statement as VariableStatement).declarations.find(
    (one) => one.name.text === name && one.is(CommonFlags.Export as number),
  );
  return variable ? { at: variable.name.range, local: name, from: null, declaration: null } : null;
}

const mainTypes = ["void", "i32", "Promise<void>", "Promise<i32>"];

function checkMain({ at, declaration }: Exported, refuse: Refuse): boolean {
  if (!declaration) {
    refuse(100, "'main' is no function. Write: export async function main(): Promise<void>", at);
    return false;
  }
  const { parameters, returnType } = declaration.signature;
  const [first] = parameters;
  if (first) {
    const message = "'main' has no parameters. The program's arguments are in std/env: args().";
    refuse(100, message, first.range);
    return false;
  }
  if (!mainTypes.includes(textOf(returnType))) {
    refuse(100, `'main' returns one of ${mainTypes.join(", ")}.`, returnType.range);
    return false;
  }
  return true;
}

function textOf(type: TypeNode): string {
  if (!isKind(type, NodeKind.NamedType) || type.isNullable) return "";
  const { name, typeArguments } = type as NamedTypeNode;
  if (!typeArguments?.length) return name.identifier.text;
  return `${name.identifier.text}<${typeArguments.map(textOf).join(", ")}>`;
}

/** `export { _tick, … } from "std/rt/entry"; export { start~ as _start };` */
function exportsOf(node: NodeFactory, names: readonly string[], at: Range): Statement[] {
  const members = names.map((name) => {
    const identifier = node.createIdentifierExpression(name, at);
    return node.createExportMember(identifier, null, at);
  });
  const path = node.createStringLiteralExpression(entryModule, at);
  const start = node.createExportMember(
    node.createIdentifierExpression(startFunction, at),
    node.createIdentifierExpression("_start", at),
    at,
  );
  return [
    node.createExportStatement(members, path, false, at),
    node.createExportStatement([start], null, false, at),
  ];
}

/** `import { name as main~ } from "…";` */
function importOf(
  node: NodeFactory,
  { path, name }: NonNullable<Exported["from"]>,
  at: Range,
): Statement {
  const foreign = node.createIdentifierExpression(name, at);
  const local = node.createIdentifierExpression(importedName, at);
  const declaration = node.createImportDeclaration(foreign, local, at);
  const from = node.createStringLiteralExpression(path.value, at);
  return node.createImportStatement([declaration], from, at);
}

/** `function start~(): f64 { return __start<void>(main); }`, or what else `main` returns. */
function startOf(node: NodeFactory, main: Exported | null, at: Range): Statement {
  const callee = node.createIdentifierExpression(own(main ? "__start" : "__startEmpty"), at);
  const values = main ? [node.createIdentifierExpression(main.local, at)] : [];
  // The compiler does not infer `void`.
  const types = main?.declaration ? [main.declaration.signature.returnType] : null;
  const call = node.createCallExpression(callee, types, values, at);
  const f64 = node.createNamedType(node.createSimpleTypeName(own("f64"), at), [], false, at);
  return node.createFunctionDeclaration(
    node.createIdentifierExpression(startFunction, at),
    null,
    CommonFlags.None as number,
    null,
    node.createFunctionType([], f64, null, false, at),
    node.createBlockStatement([node.createReturnStatement(call, at)], at),
    0 as number,
    at,
  );
}
