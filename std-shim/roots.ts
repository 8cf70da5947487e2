/**
 * Leaves out roots that nobody would look at. For the garbage collector AssemblyScript notes every
 * reference that a function holds in a frame of its "shadow stack": it marks those references by
 * calls of `__tostack`, and a last pass of its compiler turns the marks into stores, and makes a
 * frame in each function that has any. But the collector can run only where something is allocated.
 * A function from which no allocation can be reached needs no frame, and neither does an argument
 * that is merely on its way to such a function. These are about half of all, the small ones that are
 * called most; without their frames they are small enough to be inlined.
 *
 * This runs between the two, when all functions are there and the marks are still in place.
 */
import type binaryen from "assemblyscript/binaryen";
import { topLevelImport } from "./entry.js";

type Binaryen = typeof binaryen;
type Ref = binaryen.ExpressionRef;

/** The mark. */
const mark = "~lib/rt/__tostack";

/** Where the collector looks at the roots; only the incremental runtime has it. */
const collector = "~lib/rt/itcms/step";

/** The parts of each kind of expression that are expressions themselves, in order of evaluation. */
type Parts = readonly string[];

/**
 * Removes the needless marks.
 *
 * @returns how many functions cannot reach the collector.
 */
export function dropNeedlessRoots(api: Binaryen, module: binaryen.Module): number {
  if (!module.getFunction(collector)) return 0;
  return new Roots(api, module).drop();
}

class Roots {
  private readonly parts: ReadonlyMap<number, Parts>;
  private readonly bodies = new Map<string, Ref>();
  private readonly callers = new Map<string, string[]>();
  /** The functions in which the collector may run. */
  private readonly collecting = new Set<string>();

  constructor(
    private readonly api: Binaryen,
    private readonly module: binaryen.Module,
  ) {
    this.parts = partsOf(api);
  }

  drop(): number {
    const { api, module } = this;
    for (let index = 0; index < module.getNumFunctions(); index++) {
      const { name, module: from, base, body } = api.getFunctionInfo(
        module.getFunctionByIndex(index),
      );
      if (body) this.bodies.set(name, body);
      else if (mayCallBack(from, base)) this.addCollecting(name);
    }
    for (const [name, body] of this.bodies) this.noteCalls(name, body);
    this.addCollecting(collector);
    for (const [name, body] of this.bodies) this.unmark(body, !this.collecting.has(name));
    return this.bodies.size - this.collecting.size;
  }

  /** Notes that the collector may run in `name`, and thus in all that call it. */
  private addCollecting(name: string): void {
    if (this.collecting.has(name)) return;
    this.collecting.add(name);
    for (const caller of this.callers.get(name) ?? []) this.addCollecting(caller);
  }

  private noteCalls(caller: string, expression: Ref): void {
    const info = this.infoOf(expression);
    const { api } = this;
    if (info.id === api.ExpressionIds.Call) {
      const { target } = info as binaryen.CallInfo;
      if (this.collecting.has(target)) this.addCollecting(caller);
      const callers = this.callers.get(target);
      if (callers) callers.push(caller);
      else this.callers.set(target, [caller]);
    } else if (info.id === api.ExpressionIds.CallIndirect || !this.parts.has(info.id)) {
      // Who knows what is called, or what this kind of expression holds.
      this.addCollecting(caller);
    }
    for (const child of this.childrenOf(info)) this.noteCalls(caller, child);
  }

  /** Removes marks in an expression: all of them, or those of arguments that need none. */
  private unmark(expression: Ref, all: boolean): void {
    const { api } = this;
    const info = this.infoOf(expression);
    if (info.id === api.ExpressionIds.LocalSet && all) {
      const { value } = info as binaryen.LocalSetInfo;
      const marked = this.markedBy(value);
      if (marked) api.LocalSet.setValue(expression, marked);
    } else if (info.id === api.ExpressionIds.Call) {
      this.unmarkArguments(expression, info as binaryen.CallInfo, all);
    }
    for (const child of this.childrenOf(this.infoOf(expression))) this.unmark(child, all);
  }

  /**
   * An argument needs no root when neither the function called nor the computing of the arguments
   * after it can reach the collector.
   */
  private unmarkArguments(call: Ref, { target, operands }: binaryen.CallInfo, all: boolean): void {
    if (!all && this.collecting.has(target)) return;
    for (let index = operands.length - 1; index >= 0; index--) {
      const operand = operands[index]!;
      const marked = this.markedBy(operand);
      if (marked) this.api.Call.setOperandAt(call, index, marked);
      if (!all && this.mayCollect(operand)) return;
    }
  }

  private mayCollect(expression: Ref): boolean {
    const info = this.infoOf(expression);
    const { Call, CallIndirect } = this.api.ExpressionIds;
    if (info.id === CallIndirect || !this.parts.has(info.id)) return true;
    if (info.id === Call && this.collecting.has((info as binaryen.CallInfo).target)) return true;
    return this.childrenOf(info).some((child) => this.mayCollect(child));
  }

  /** What a mark is around, or 0 when there is none. */
  private markedBy(expression: Ref): Ref {
    let found = 0;
    for (let inner = expression; ; ) {
      const info = this.infoOf(inner);
      if (info.id !== this.api.ExpressionIds.Call) return found;
      const { target, operands } = info as binaryen.CallInfo;
      if (target !== mark) return found;
      found = inner = operands[0]!;
    }
  }

  private infoOf(expression: Ref): binaryen.ExpressionInfo {
    return this.api.getExpressionInfo(expression);
  }

  private childrenOf(info: binaryen.ExpressionInfo): Ref[] {
    const parts = this.parts.get(info.id) ?? [];
    const fields = info as unknown as Readonly<Record<string, Ref | Ref[]>>;
    return parts.flatMap((part) => fields[part] ?? []).filter((child) => child !== 0);
  }
}

/** Whether an import may call the guest: the host's own never do. */
function mayCallBack(from: string, base: string): boolean {
  return from !== topLevelImport.module || base === topLevelImport.name;
}

/** What is not in here counts as unknown. */
function partsOf({ ExpressionIds: id }: Binaryen): ReadonlyMap<number, Parts> {
  return new Map<number, Parts>([
    [id.Block, ["children"]],
    [id.If, ["condition", "ifTrue", "ifFalse"]],
    [id.Loop, ["body"]],
    [id.Break, ["value", "condition"]],
    [id.Switch, ["value", "condition"]],
    [id.Call, ["operands"]],
    [id.CallIndirect, ["operands", "target"]],
    [id.LocalGet, []],
    [id.LocalSet, ["value"]],
    [id.GlobalGet, []],
    [id.GlobalSet, ["value"]],
    [id.Load, ["ptr"]],
    [id.Store, ["ptr", "value"]],
    [id.Const, []],
    [id.Unary, ["value"]],
    [id.Binary, ["left", "right"]],
    [id.Select, ["ifTrue", "ifFalse", "condition"]],
    [id.Drop, ["value"]],
    [id.Return, ["value"]],
    [id.Nop, []],
    [id.Unreachable, []],
    [id.MemorySize, []],
    [id.MemoryGrow, ["delta"]],
    [id.MemoryCopy, ["dest", "source", "size"]],
    [id.MemoryFill, ["dest", "value", "size"]],
  ]);
}
