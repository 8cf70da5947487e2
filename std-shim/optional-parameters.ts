/**
 * Optional parameters. To AssemblyScript `b?: T` promises a `T` to the function and is an error
 * where a call leaves it out, since it has no `undefined`. In an app it is `b: T | null = null`.
 */
import type { FunctionDeclaration, FunctionTypeNode, NamedTypeNode, Node } from "assemblyscript";
import type { ParameterNode, Source, TypeNode } from "assemblyscript";
import { walk } from "./walk.js";
import { CommonFlags, isKind, type NodeFactory, NodeKind, ParameterKind } from "./internals.js";

/** What has no value that could stand for a missing one. */
const numbers = /^([iu](8|16|32|64|size)|f32|f64|v128|bool|boolean|number)$/;

const declarations = [NodeKind.FunctionDeclaration, NodeKind.MethodDeclaration];

/** Gives every optional parameter of the app's own functions and function types its `null`. */
export function giveNull(sources: readonly Source[], node: NodeFactory): void {
  for (const { normalizedPath, statements } of sources) {
    if (normalizedPath.startsWith("~lib/")) continue;
    const ambient = new Set<Node>();
    walk(statements, (found) => {
      if (declarations.some((kind) => isKind(found, kind))) {
        const declaration = found as FunctionDeclaration;
        if (declaration.is(CommonFlags.Ambient as number)) ambient.add(declaration.signature);
      } else if (isKind(found, NodeKind.FunctionType) && !ambient.has(found)) {
        for (const parameter of (found as FunctionTypeNode).parameters) {
          if (isOptional(parameter)) makeNullable(parameter, node);
        }
      }
    });
  }
}

/** Whether it is written as `b?: T`. */
export function isOptional({ parameterKind, initializer }: ParameterNode): boolean {
  return (parameterKind as number) === ParameterKind.Optional && !initializer;
}

/** Makes `b?: T` a `b: T | null = null`. False for a number, which has no `null`. */
export function makeNullable(parameter: ParameterNode, node: NodeFactory): boolean {
  const { type } = parameter;
  if (isNumber(type)) return false;
  type.isNullable = true;
  parameter.initializer = node.createNullExpression(type.range);
  return true;
}

function isNumber(type: TypeNode): boolean {
  if (!isKind(type, NodeKind.NamedType)) return false;
  return numbers.test((type as NamedTypeNode).name.identifier.text);
}
