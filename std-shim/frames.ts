/**
 * Frames by calls, where size counts more than speed. AssemblyScript begins a function that has
 * roots with code that makes room for them on the shadow stack, looks whether that has an end, and
 * clears it; and wherever the function ends it takes the room back. Here all frames of one size are
 * made and taken back by the same two small functions. One that has a single caller Binaryen puts
 * back in its place.
 */
import type binaryen from "assemblyscript/binaryen";
import { Expressions } from "./expressions.js";

type Expression = number;
type Binaryen = typeof binaryen;

const stackPointer = "~lib/memory/__stack_pointer";
const stackCheck = "~stack_check";

/**
 * Has the frames of all functions made and taken back by functions, two for each size. Returns the
 * names of those that must not be inlined, however small they are: they have several callers.
 */
export function shareFrames(api: Binaryen, module: binaryen.Module): string[] {
  const sharing = new FrameSharing(api, module);
  // The functions that are added meanwhile come last.
  const count = module.getNumFunctions();
  for (let index = 0; index < count; index++) {
    const { body } = api.getFunctionInfo(module.getFunctionByIndex(index));
    if (body) sharing.expression(body);
  }
  return [...sharing.callers].filter(([, count]) => count > 1).map(([name]) => name);
}

class FrameSharing {
  private readonly expressions: Expressions;
  /** The functions that were added, and how many calls of each there are. */
  readonly callers = new Map<string, number>();

  constructor(
    private readonly api: Binaryen,
    private readonly module: binaryen.Module,
  ) {
    this.expressions = new Expressions(api);
  }

  /** Looks for frames in `expression`. They are made and taken back by statements of blocks. */
  expression(expression: Expression): void {
    const { expressions } = this;
    const kind = expressions.kindOf(expression);
    const statements = expressions.partsOf(expression, kind);
    if (kind !== "Block") {
      for (const part of statements) this.expression(part);
      return;
    }
    for (const [index, statement] of statements.entries()) {
      const bytes = this.moveBy(statement);
      if (bytes > 0) this.replace(expression, index, this.calling(`leave|${bytes}`, statement));
      else if (!this.begins(statement)) this.expression(statement);
      else this.shareBegin(expression, index, statements);
    }
  }

  /** Whether this is the block that moves the stack pointer and looks whether that was too far. */
  private begins(statement: Expression): boolean {
    const { expressions } = this;
    if (expressions.kindOf(statement) !== "Block") return false;
    const [move = 0, check = 0, ...more] = expressions.partsOf(statement);
    if (more.length || expressions.kindOf(check) !== "Call" || this.moveBy(move) >= 0) return false;
    return (this.api.getExpressionInfo(check) as binaryen.CallInfo).target === stackCheck;
  }

  /** Moves what makes a frame to a function, unless there is one for frames of this size. */
  private shareBegin(block: Expression, index: number, statements: Expression[]): void {
    const { expressions } = this;
    const begin = statements[index]!;
    const bytes = -this.moveBy(expressions.partsOf(begin)[0]!);
    const whole = [begin];
    for (let cleared = 0; cleared < bytes; ) {
      const store = statements[index + whole.length] ?? 0;
      const isStore = expressions.kindOf(store) === "Store";
      if (!isStore || expressions.call("StoreGetOffset", store) !== cleared) {
        throw new Error("AssemblyScript clears frames in a way that std-shim/frames.ts misses");
      }
      cleared += expressions.call("StoreGetBytes", store);
      whole.push(store);
    }
    for (const place of whole.keys()) this.replace(block, index + place, this.module.nop());
    this.replace(block, index, this.calling(`enter|${bytes}`, this.module.block(null, whole)));
  }

  /** By how many bytes a statement moves the stack pointer; 0 if it does something else. */
  private moveBy(statement: Expression): number {
    if (this.expressions.kindOf(statement) !== "GlobalSet") return 0;
    const { api } = this;
    const { name, value } = api.getExpressionInfo(statement) as binaryen.GlobalSetInfo;
    if (name !== stackPointer || this.expressions.kindOf(value) !== "Binary") return 0;
    const { op, left, right } = api.getExpressionInfo(value) as binaryen.BinaryInfo;
    const { expressions } = this;
    if (expressions.kindOf(left) !== "GlobalGet") return 0;
    if (expressions.kindOf(right) !== "Const") return 0;
    const bytes = (api.getExpressionInfo(right) as binaryen.ConstInfo).value as number;
    return op === api.AddInt32 ? bytes : op === api.SubInt32 ? -bytes : 0;
  }

  /** The call of a function of ours, which is added if need be. */
  private calling(name: string, body: Expression): Expression {
    const { api, module } = this;
    const whole = `~lib/memory/~${name}`;
    const callers = this.callers.get(whole) ?? 0;
    if (!callers) module.addFunction(whole, api.none, api.none, [], body);
    this.callers.set(whole, callers + 1);
    return module.call(whole, [], api.none);
  }

  private replace(block: Expression, index: number, statement: Expression): void {
    this.expressions.call("BlockSetChildAt", block, index, statement);
  }
}
