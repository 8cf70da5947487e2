/** Where the parser is, as seen from the code there. */
import type { TypeParameterNode } from "assemblyscript";

/** A function, method, class or file that is being parsed. */
export interface Scope {
  readonly kind: "file" | "class" | "member" | "function" | "expression" | "parameters" | "other";
  readonly outer: Scope | null;
  /** Where `async` was written, or −1. */
  asyncAt: number;
  typeParameters: TypeParameterNode[];
  /** Names of the parameters and of the variables that are known here. */
  declared: Set<string>;
  /** The async functions that are declared as statements in it, and where. */
  readonly innerFunctions: Map<string, number>;
  /** Of a member: it is a method, not a field. */
  isMethod: boolean;
}

/** A scope in which nothing is declared yet. */
export function newScope(kind: Scope["kind"], outer: Scope | null, asyncAt = -1): Scope {
  return {
    kind, outer, asyncAt, typeParameters: [], declared: new Set(), innerFunctions: new Map(),
    isMethod: false,
  };
}
