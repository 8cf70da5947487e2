/**
 * The way in: what the host calls. The app's entry file gets
 *
 *     export { _tick, _abi, _completions } from "std/rt/entry";
 *     export function _start(): f64 { return __start<i32>(main); }
 *
 * as syntax nodes that stand at the beginning of `main`'s name.
 */
import type {
  DeclarationStatement,
  ExportStatement,
  FunctionDeclaration,
  NamedTypeNode,
  Range,
  Source,
  Statement,
  TypeNode,
} from "assemblyscript";
import { CommonFlags, NodeKind, SourceKind } from "./internals.js";
import type { NodeFactory } from "./lowering.js";
import { isKind } from "./parser-hooks.js";

/** The file that brings the whole runtime. */
export const entryModule = "std/rt/entry";

/** What the host calls or looks at. */
export const entryExports = ["_tick", "_abi", "_completions"];

/** The import that stands for the app's top-level code until the module is finished. */
export const topLevelImport = { module: "std", name: "toplevel" };

/** The name under which AssemblyScript exports the app's top-level code until then. */
export const topLevelExport = "__toplevel";

type Refuse = (code: number, message: string, range: Range) => void;

/** Adds the way in to the entry file of the app: the one with a `main`, else the last one. */
export function addEntry(sources: readonly Source[], node: NodeFactory, refuse: Refuse): void {
  const own = sources.filter(
    ({ sourceKind, normalizedPath }) =>
      (sourceKind as number) === SourceKind.UserEntry && !normalizedPath.startsWith("~lib/"),
  );
  const withMain = own.find((source) => findMain(source) !== null);
  const source = withMain ?? own.at(-1);
  if (!source) return;
  const main = findMain(source);
  const at = main?.at ?? source.range;
  const range = at.source === source ? at : source.range;
  if (main?.declaration && !checkMain(main.declaration, refuse)) return;
  source.statements.push(...exportsOf(node, range), startOf(node, main, range));
}

interface Main {
  readonly at: Range;
  /** What `main` is called inside the file, or null when it has no name there. */
  readonly local: string | null;
  readonly declaration: FunctionDeclaration | null;
}

/** What the entry file exports as `main`, if anything. */
function findMain(source: Source): Main | null {
  for (const statement of source.statements) {
    if (isKind(statement, NodeKind.FunctionDeclaration)) {
      const declaration = statement as FunctionDeclaration;
      if (declaration.name.text === "main" && declaration.is(CommonFlags.Export as number)) {
        return { at: declaration.name.range, local: "main", declaration };
      }
    } else if (isKind(statement, NodeKind.Export)) {
      const found = findInExport(source, statement as ExportStatement);
      if (found) return found;
    }
  }
  return null;
}

function findInExport(source: Source, statement: ExportStatement): Main | null {
  const member = statement.members?.find(({ exportedName }) => exportedName.text === "main");
  if (!member || statement.path) return null;
  const local = member.localName.text;
  const declaration = source.statements.find(
    (other) =>
      isKind(other, NodeKind.FunctionDeclaration) &&
      (other as DeclarationStatement).name.text === local,
  );
  return {
    at: member.exportedName.range,
    local,
    declaration: (declaration as FunctionDeclaration | undefined) ?? null,
  };
}

const mainTypes = ["void", "i32", "Promise<void>", "Promise<i32>"];

function checkMain(declaration: FunctionDeclaration, refuse: Refuse): boolean {
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

/** `export { _tick, … } from "std/rt/entry";` */
function exportsOf(node: NodeFactory, at: Range): Statement[] {
  const members = entryExports.map((name) => {
    const identifier = node.createIdentifierExpression(name, at);
    return node.createExportMember(identifier, null, at);
  });
  const path = node.createStringLiteralExpression(entryModule, at);
  return [node.createExportStatement(members, path, false, at)];
}

/** `export function _start(): f64 { return __start<void>(main); }`, or what else `main` returns. */
function startOf(node: NodeFactory, main: Main | null, at: Range): Statement {
  const local = main?.local ?? null;
  const callee = node.createIdentifierExpression(local ? "__start" : "__startEmpty", at);
  const values = local ? [node.createIdentifierExpression(local, at)] : [];
  // The compiler does not infer `void`.
  const types = main?.declaration ? [main.declaration.signature.returnType] : null;
  const call = node.createCallExpression(callee, types, values, at);
  const f64 = node.createNamedType(node.createSimpleTypeName("f64", at), [], false, at);
  return node.createFunctionDeclaration(
    node.createIdentifierExpression("_start", at),
    null,
    CommonFlags.Export as number,
    null,
    node.createFunctionType([], f64, null, false, at),
    node.createBlockStatement([node.createReturnStatement(call, at)], at),
    0 as number,
    at,
  );
}
