/**
 * Objects are zeroed once. `__new` fills each with zeros by `memory.fill`, which engines carry out
 * by a call out of the wasm; our allocator (`assembly/rt/heap.ts`) has done so already, by stores.
 */
import type binaryen from "assemblyscript/binaryen";

type Expression = number;
type Binaryen = typeof binaryen;

const newFunction = "~lib/rt/itcms/__new";
const allocator = "~lib/std/rt/heap/allocate";

/** Takes the `memory.fill` out of `__new`, if it allocates by our allocator. */
export function zeroOnce(api: Binaryen, module: binaryen.Module): void {
  const target = module.getFunction(newFunction);
  if (!target || !module.getFunction(allocator)) return;
  const call = (name: string, ...values: number[]): number =>
    (api as unknown as Record<string, (...values: number[]) => number>)[`_Binaryen${name}`]!(
      ...values,
    );
  const kindOf = (expression: Expression): number => call("ExpressionGetId", expression);
  const block = call("BlockId");
  const fill = call("MemoryFillId");
  const visit = (expression: Expression): void => {
    if (kindOf(expression) !== block) return;
    for (let index = 0; index < call("BlockGetNumChildren", expression); index++) {
      const child = call("BlockGetChildAt", expression, index);
      if (kindOf(child) === fill) call("BlockSetChildAt", expression, index, module.nop());
      else visit(child);
    }
  };
  visit(api.getFunctionInfo(target).body);
}
