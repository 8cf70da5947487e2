/**
 * Roots land in their own slots. AssemblyScript keeps a value alive by storing it in a slot of its
 * shadow stack: `store (__stack_pointer + k), (local.tee t value)`. The address is computed before
 * the value. If the value is a call that suspends, asyncify keeps that address until the call
 * returns; by then the task may run elsewhere on the stack, since a task begins inside of its
 * caller but goes on from the scheduler. The root would be written over a stranger's slot.
 *
 * So where a value contains a call, it is computed first:
 * `store (block (local.set t value) __stack_pointer) + k, (local.get t)`.
 *
 * This runs before anything is optimised; optimisers do not move a read of a global, which calls
 * may change, across a call.
 */
import type binaryen from "assemblyscript/binaryen";
import { parts } from "./expressions.js";

type Expression = number;
type Binaryen = typeof binaryen;

const stackPointer = "~lib/memory/__stack_pointer";

/** Has every root computed before the address of its slot. */
export function readStackPointerLate(api: Binaryen, module: binaryen.Module): void {
  const late = new LateStackPointer(api, module);
  for (let index = 0; index < module.getNumFunctions(); index++) {
    const { body } = api.getFunctionInfo(module.getFunctionByIndex(index));
    if (body) late.expression(body);
  }
}

class LateStackPointer {
  private readonly functions: Record<string, (...values: number[]) => number>;
  private readonly kinds = new Map<number, string>();

  constructor(
    private readonly api: Binaryen,
    private readonly module: binaryen.Module,
  ) {
    this.functions = api as unknown as LateStackPointer["functions"];
    const kinds = ["Block", "Call", "CallIndirect", ...Object.keys(parts)];
    for (const kind of kinds) this.kinds.set(this.call(`${kind}Id`), kind);
  }

  /** Looks at all that is in `expression`, and tells whether there is a call. */
  expression(expression: Expression): boolean {
    const kind = this.kinds.get(this.call("ExpressionGetId", expression)) ?? "";
    let calls = kind === "Call" || kind === "CallIndirect";
    for (const part of this.partsOf(expression, kind)) {
      if (this.expression(part)) calls = true;
    }
    if (calls && kind === "Store") this.store(expression);
    return calls;
  }

  private store(store: Expression): void {
    const { api, module } = this;
    const pointer = this.call("StoreGetPtr", store);
    const value = this.call("StoreGetValue", store);
    if (this.kinds.get(this.call("ExpressionGetId", pointer)) !== "GlobalGet") return;
    if ((api.getExpressionInfo(pointer) as binaryen.GlobalGetInfo).name !== stackPointer) return;
    if (this.kinds.get(this.call("ExpressionGetId", value)) !== "LocalSet") {
      throw new Error("AssemblyScript stores a root in a way that std-shim/stack-slots.ts misses");
    }
    const local = this.call("LocalSetGetIndex", value);
    const set = module.local.set(local, this.call("LocalSetGetValue", value));
    const late = module.block(null, [set, pointer], api.i32);
    this.call("StoreSetPtr", store, late);
    this.call("StoreSetValue", store, module.local.get(local, api.i32));
  }

  private partsOf(expression: Expression, kind: string): Expression[] {
    if (kind === "Call" || kind === "CallIndirect") {
      const count = this.call(`${kind}GetNumOperands`, expression);
      const operands = Array.from({ length: count }, (_, index) =>
        this.call(`${kind}GetOperandAt`, expression, index));
      if (kind === "CallIndirect") operands.push(this.call("CallIndirectGetTarget", expression));
      return operands;
    }
    if (kind === "Block") {
      const count = this.call("BlockGetNumChildren", expression);
      return Array.from({ length: count }, (_, i) => this.call("BlockGetChildAt", expression, i));
    }
    const getters = parts[kind] ?? [];
    return getters.map((part) => this.call(`${kind}Get${part}`, expression)).filter(Boolean);
  }

  private call(name: string, ...values: number[]): number {
    return this.functions[`_Binaryen${name}`]!(...values);
  }
}
