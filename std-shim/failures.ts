/**
 * Failures by number, where size counts. What an app may die of is known when it is compiled: the
 * words of each `panic`, and the words and the place of each assertion. Instead of keeping these
 * in its memory, as UTF-16, and handing them over, the app names one by its number, in a call of
 * the import `fail`, and they stand in a section of the wasm that nobody reads unless it dies: see
 * `host/failure-section.ts`. What is put together only when it happens stays as it is.
 */
import type binaryen from "assemblyscript/binaryen";
import { FAILURE_SECTION, failureSection, type Failure } from "../host/failure-section.js";
import { Expressions } from "./expressions.js";

type Expression = number;
type Binaryen = typeof binaryen;

const abort = "~lib/std/abi/imports/abort";
const panic = "~lib/std/rt/panic/panic";
const fail = "~lib/std/abi/imports/fail";

/** The failures of one module: made before it is optimised, and finished after. */
export class Failures {
  private readonly expressions: Expressions;
  private readonly found: Failure[] = [];

  /** Has all failures whose words are known be told by number. */
  constructor(
    private readonly api: Binaryen,
    private readonly module: binaryen.Module,
    /** The string literals, by their addresses. */
    strings: ReadonlyMap<number, string>,
  ) {
    this.expressions = new Expressions(api);
    const textAt = (address: number): string | undefined =>
      address ? strings.get(address) : "";
    const overflow = { text: "stack overflow", file: "", line: 0, column: 0 };
    this.expressions.forEach(module, (call, kind) => {
      if (kind !== "Call") return;
      const target = this.targetOf(call);
      if (target !== abort && target !== panic) return;
      const values = this.constantsOf(call);
      if (!values) return;
      const [message = 0, file = 0, line = 0, column = 0] = values;
      const text = textAt(message);
      const name = textAt(file);
      // There is one whose words AssemblyScript adds when it has laid out all data, and so loses.
      const isKnown = text !== undefined && name !== undefined;
      const failure = isKnown ? { text, file: name, line, column } : overflow;
      this.replace(call, values.length, failure);
    });
    if (!this.found.length) return;
    module.addFunctionImport(fail, "std", "fail", api.i32, api.none);
  }

  /** Numbers those that are left after optimising, and writes them into the module. */
  finish(): void {
    const left = new Map<number, number>();
    this.expressions.forEach(this.module, (call, kind) => {
      if (kind !== "Call" || this.targetOf(call) !== fail) return;
      const [index = 0] = this.constantsOf(call) ?? [];
      if (!left.has(index)) left.set(index, left.size);
      this.setNumber(call, left.get(index)!);
    });
    if (!left.size) return;
    const failures = [...left.keys()].map((index) => this.found[index]!);
    this.module.addCustomSection(FAILURE_SECTION, failureSection(failures));
  }

  private replace(call: Expression, operands: number, failure: Failure): void {
    const { expressions } = this;
    const same = ({ text, file, line, column }: Failure): boolean =>
      text === failure.text && file === failure.file &&
      line === failure.line && column === failure.column;
    let index = this.found.findIndex(same);
    if (index < 0) index = this.found.push(failure) - 1;
    expressions.retarget(call, fail);
    for (let left = operands; left > 1; left--) expressions.call("CallRemoveOperandAt", call, 1);
    this.setNumber(call, index);
  }

  private setNumber(call: Expression, number: number): void {
    this.expressions.call("CallSetOperandAt", call, 0, this.module.i32.const(number));
  }

  private targetOf(call: Expression): string {
    return (this.api.getExpressionInfo(call) as binaryen.CallInfo).target;
  }

  /** The operands of a call, if all are constants. */
  private constantsOf(call: Expression): number[] | null {
    const { expressions, api } = this;
    const operands = expressions.partsOf(call, "Call");
    if (!operands.every((operand) => expressions.kindOf(operand) === "Const")) return null;
    return operands.map((operand) =>
      (api.getExpressionInfo(operand) as binaryen.ConstInfo).value as number);
  }
}
