/**
 * Suspension. Binaryen's asyncify pass rewrites the functions that can be on the stack when a task
 * suspends, and only these: what calls them through a table or an import is a boundary.
 */
import type { Program } from "assemblyscript";
import type binaryen from "assemblyscript/binaryen";
import { topLevelExport, topLevelImport } from "./entry.js";
import { Shortening } from "./shortening.js";
import { readStackPointerLate } from "./stack-slots.js";
import { zeroOnce } from "./zeroing.js";

/**
 * The functions of `assembly/rt/suspend.ts` that call asyncify's imports: the one that begins to
 * unwind, and the one that catches it. Were one inlined into its caller, the pass would take the
 * caller for a part of the runtime and leave it as it is.
 */
export const boundaryFunctions = [
  "~lib/std/rt/suspend/suspend",
  "~lib/std/rt/suspend/resume",
] as const;

const asyncifyExports = ["start_unwind", "stop_unwind", "start_rewind", "stop_rewind", "get_state"];
const topLevelFunction = "~start";
const stateGlobal = "__asyncify_state";

type Binaryen = typeof binaryen;

/** What became of the module. */
export interface Suspension {
  /** How many functions there are, and how many of them can be suspended. */
  readonly functions: number;
  readonly instrumented: number;
}

/** Makes the functions of a compiled module able to suspend. Null when none of them can. */
export function addSuspension(
  api: Binaryen,
  module: binaryen.Module,
  program: Program,
): Suspension | null {
  bindTopLevel(api, module);
  zeroOnce(api, module);
  readStackPointerLate(api, module);
  const shortening = Shortening.begin(api, module, program);
  keepCalls(api, module, shortening?.shared ?? []);
  const suspension = instrument(api, module, program);
  if (suspension === null) withoutSuspension(api, module);
  shortening?.finish();
  return suspension;
}

/** Optimises, and has the pass instrument what can suspend. Null when nothing can. */
function instrument(
  api: Binaryen,
  module: binaryen.Module,
  program: Program,
): Suspension | null {
  const [suspend, resume] = boundaryFunctions;
  if (!module.getFunction(suspend)) {
    // What is not used any more is not shortened but left out.
    if (program.options.shrinkLevelHint > 0) optimize(program);
    return null;
  }
  for (const name of boundaryFunctions) requireFunction(module, name);
  keepCalls(api, module, boundaryFunctions);
  optimize(program);
  if (!module.getFunction(suspend)) return null;
  requireFunction(module, resume);
  api.setPassArgument("asyncify-ignore-imports", "1");
  api.setPassArgument("asyncify-ignore-indirect", "1");
  module.runPasses(["asyncify"]);
  for (const name of asyncifyExports) module.removeExport(`asyncify_${name}`);
  const suspension = measure(module);
  if (suspension.instrumented === 0) {
    throw new Error(
      "the program awaits, but no function of it was made able to suspend: " +
        `${suspend} or ${resume} must have been inlined`,
    );
  }
  return suspension;
}

/**
 * The app's top-level code becomes a function that `_start` calls, where AssemblyScript would have
 * it run at instantiation: the host checks the version of the boundary before anything runs.
 */
function bindTopLevel(api: Binaryen, module: binaryen.Module): void {
  module.removeExport(topLevelExport);
  const imported = findImport(api, module, topLevelImport.module, topLevelImport.name);
  if (!imported) return;
  module.removeFunction(imported);
  const exists = module.getFunction(topLevelFunction) !== 0;
  const body = exists ? module.call(topLevelFunction, [], api.none) : module.nop();
  module.addFunction(imported, api.none, api.none, [], body);
}

/** Nothing that awaits was left. What would end a suspension never happens: it becomes nothing. */
function withoutSuspension(api: Binaryen, module: binaryen.Module): void {
  for (const { name, params } of importsFrom(api, module, "asyncify")) {
    module.removeFunction(name);
    module.addFunction(name, params, api.none, [], module.unreachable());
  }
}

function importsFrom(
  api: Binaryen,
  module: binaryen.Module,
  from: string,
): binaryen.FunctionInfo[] {
  return Array.from({ length: module.getNumFunctions() }, (_, index) =>
    api.getFunctionInfo(module.getFunctionByIndex(index)),
  ).filter((info) => info.module === from);
}

function findImport(
  api: Binaryen,
  module: binaryen.Module,
  from: string,
  name: string,
): string | null {
  return importsFrom(api, module, from).find(({ base }) => base === name)?.name ?? null;
}

/** Has calls of these functions stay calls. */
function keepCalls(api: Binaryen, module: binaryen.Module, names: readonly string[]): void {
  for (const name of names) {
    api.setPassArgument("no-inline", name);
    module.runPasses(["no-inline"]);
  }
}

function requireFunction(module: binaryen.Module, name: string): void {
  if (module.getFunction(name)) return;
  throw new Error(`the runtime has no function ${name}, which suspending needs`);
}

/** The user's own level of optimisation, with AssemblyScript's own passes. */
function optimize(program: Program): void {
  const { optimizeLevelHint, shrinkLevelHint, debugInfo } = program.options;
  program.module.optimize(optimizeLevelHint, shrinkLevelHint, debugInfo, false);
}

function measure(module: binaryen.Module): Suspension {
  const functions = module.emitText().split("\n (func ");
  const instrumented = functions.filter((text) => text.includes(`global.get $${stateGlobal}`));
  return { functions: functions.length - 1, instrumented: instrumented.length };
}
