/**
 * Calls know their lines. AssemblyScript gives the place of an expression to the outermost of what
 * it compiled it to. When that drops the value of a call, or marks it for the shadow stack, the
 * call itself, which is what a stack trace shows, had none.
 */
import type { Program } from "assemblyscript";
import type binaryen from "assemblyscript/binaryen";
import { mark } from "./roots.js";

type Expression = number;

/** Has each place that AssemblyScript gives to a wrapper given to the call inside of it, too. */
export function locateCalls(api: typeof binaryen, program: Program): void {
  const { module } = program;
  const setDebugLocation = module.setDebugLocation.bind(module);
  const located = new Set<Expression>();
  module.setDebugLocation = (func, expression, ...place) => {
    setDebugLocation(func, expression, ...place);
    located.add(expression as number);
    let inner = wrapped(api, expression as number);
    for (; inner && !located.has(inner); inner = wrapped(api, inner)) {
      setDebugLocation(func, inner, ...place);
    }
  };
}

/** What a wrapper wraps; 0 for what is none. */
function wrapped(api: typeof binaryen, expression: Expression): Expression {
  const id = api.getExpressionId(expression);
  if (id === api.DropId) return (api.getExpressionInfo(expression) as binaryen.DropInfo).value;
  if (id !== api.CallId) return 0;
  const { target, operands } = api.getExpressionInfo(expression) as binaryen.CallInfo;
  return target === mark ? (operands[0] ?? 0) : 0;
}
