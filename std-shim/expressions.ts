/** What Binaryen's expressions are made of, by the names that its C functions have for them. */
import type binaryen from "assemblyscript/binaryen";

/**
 * Kinds of expressions that AssemblyScript emits and the parts that each has, in the order in which
 * they are computed. Blocks and calls are not among them: they have lists.
 */
export const parts: Readonly<Record<string, readonly string[]>> = {
  Nop: [], Unreachable: [], Const: [], LocalGet: [], GlobalGet: [], MemorySize: [], DataDrop: [],
  If: ["Condition", "IfTrue", "IfFalse"],
  Loop: ["Body"],
  Break: ["Value", "Condition"],
  Switch: ["Value", "Condition"],
  LocalSet: ["Value"],
  GlobalSet: ["Value"],
  Load: ["Ptr"],
  Store: ["Ptr", "Value"],
  Unary: ["Value"],
  Binary: ["Left", "Right"],
  Select: ["IfTrue", "IfFalse", "Condition"],
  Drop: ["Value"],
  Return: ["Value"],
  MemoryGrow: ["Delta"],
  MemoryCopy: ["Dest", "Source", "Size"],
  MemoryFill: ["Dest", "Value", "Size"],
};

type Expression = number;

interface Retarget {
  setTarget(call: Expression, target: string): void;
}

/** Binaryen's expressions by the names of their kinds, with all that is in them. */
export class Expressions {
  private readonly functions: Record<string, (...values: number[]) => number>;
  private readonly kinds = new Map<number, string>();

  constructor(private readonly api: typeof binaryen) {
    this.functions = api as unknown as Expressions["functions"];
    for (const kind of ["Block", "Call", "CallIndirect", ...Object.keys(parts)]) {
      this.kinds.set(this.call(`${kind}Id`), kind);
    }
  }

  /** Calls a C function of Binaryen's: its type declarations do not have all of them. */
  call(name: string, ...values: number[]): number {
    return this.functions[`_Binaryen${name}`]!(...values);
  }

  /** The name of its kind; empty for one that `parts` does not know, and for none. */
  kindOf(expression: Expression): string {
    return expression ? this.kinds.get(this.call("ExpressionGetId", expression)) ?? "" : "";
  }

  /** What is directly in it, in the order in which that is computed. */
  partsOf(expression: Expression, kind = this.kindOf(expression)): Expression[] {
    if (kind === "Block") return this.list("BlockGetNumChildren", "BlockGetChildAt", expression);
    if (kind === "Call" || kind === "CallIndirect") {
      const operands = this.list(`${kind}GetNumOperands`, `${kind}GetOperandAt`, expression);
      if (kind === "CallIndirect") operands.push(this.call("CallIndirectGetTarget", expression));
      return operands;
    }
    const getters = parts[kind] ?? [];
    return getters.map((part) => this.call(`${kind}Get${part}`, expression)).filter(Boolean);
  }

  /** Calls `visit` for each expression in a module, the inner ones first. */
  forEach(module: binaryen.Module, visit: (expression: Expression, kind: string) => void): void {
    const { api } = this;
    const visitAll = (expression: Expression): void => {
      const kind = this.kindOf(expression);
      for (const part of this.partsOf(expression, kind)) visitAll(part);
      visit(expression, kind);
    };
    // Those that `visit` adds come last.
    const count = module.getNumFunctions();
    for (let index = 0; index < count; index++) {
      const { body } = api.getFunctionInfo(module.getFunctionByIndex(index));
      if (body) visitAll(body);
    }
  }

  /** Has a call call another function. */
  retarget(call: Expression, target: string): void {
    const { Call } = this.api as unknown as Record<"Call", Retarget>;
    Call.setTarget(call, target);
  }

  private list(count: string, at: string, expression: Expression): Expression[] {
    const length = this.call(count, expression);
    return Array.from({ length }, (_, index) => this.call(at, expression, index));
  }
}
