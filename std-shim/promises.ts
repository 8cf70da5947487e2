/** What a file says of `Promise`. */
import type {
  CallExpression, DeclarationStatement, IdentifierExpression, ImportStatement, NamedTypeNode,
  Node, PropertyAccessExpression, Range, Source, TypeName, TypeNode, VariableStatement,
} from "assemblyscript";
import { isKind, isVoidType, NodeKind } from "./internals.js";
import { walk } from "./walk.js";

const promise = "Promise";

const declarations = [
  NodeKind.ClassDeclaration, NodeKind.InterfaceDeclaration, NodeKind.FunctionDeclaration,
  NodeKind.EnumDeclaration, NodeKind.NamespaceDeclaration, NodeKind.TypeDeclaration,
];

/** Where a file declares a `Promise` of its own; null if it means ours. */
export function declaredPromise({ statements }: Source): Range | null {
  const names = statements.flatMap((statement): IdentifierExpression[] => {
    if (isKind(statement, NodeKind.Import)) {
      const { declarations: imported, namespaceName } = statement as ImportStatement;
      return [...imported ?? []].map(({ name }) => name).concat(namespaceName ?? []);
    }
    if (isKind(statement, NodeKind.Variable)) {
      return (statement as VariableStatement).declarations.map(({ name }) => name);
    }
    const declares = declarations.some((kind) => isKind(statement, kind));
    return declares ? [(statement as DeclarationStatement).name] : [];
  });
  return names.find(({ text }) => text === promise)?.range ?? null;
}

/** Whether a file names our `Promise`, as a type or a value. */
export function usesPromise(source: Source): boolean {
  let found = false;
  walk(source.statements, (node) => {
    found ||= isPromise(isKind(node, NodeKind.TypeName) ? (node as TypeName).identifier : node);
  });
  return found && declaredPromise(source) === null;
}

/** Lets `Promise.resolve()` without a value make a `Promise<void>`. */
export function resolveVoid(sources: readonly Source[]): void {
  for (const source of sources) {
    if (source.normalizedPath.startsWith("~lib/")) continue;
    if (declaredPromise(source)) continue;
    walk(source.statements, (node) => {
      if (!isKind(node, NodeKind.Call)) return;
      const call = node as CallExpression;
      if (!isKind(call.expression, NodeKind.PropertyAccess)) return;
      const { expression, property } = call.expression as PropertyAccessExpression;
      if (!isPromise(expression) || property.text !== "resolve" || call.args.length) return;
      const [type] = call.typeArguments ?? [];
      if (type && !isVoidType(type)) return;
      property.text = "resolveVoid";
      call.typeArguments = null;
    });
  }
}

function isPromise(node: Node): boolean {
  return isKind(node, NodeKind.Identifier) && (node as IdentifierExpression).text === promise;
}

/** The `R` of `Promise<R>`, or null if it is another type. */
export function promised(type: TypeNode): TypeNode | null {
  if (!isKind(type, NodeKind.NamedType) || type.isNullable) return null;
  const { name, typeArguments } = type as NamedTypeNode;
  if (name.next || name.identifier.text !== promise) return null;
  return typeArguments?.length === 1 ? (typeArguments[0] ?? null) : null;
}
