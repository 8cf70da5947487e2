/** Checks a module before anything of it runs, and finds what the host needs in its exports. */
import { Abi, Completions } from "./abi.js";
import { GuestFailure } from "./failure.js";
import { GuestMemory } from "./memory.js";
import { safeName } from "./safe-text.js";

const MODULE = "std";

const FOREIGN = "it was not compiled for this host (it uses neither async nor std, or was " +
  "compiled without the target)";
const ADVICE = "give it an async main, or import from std, and compile it with `rusticated build`";

/** How many imports that nobody has are named. */
const NAMED = 8;

/** What the host uses of a guest. */
export interface Exports {
  readonly memory: GuestMemory;
  /** The address of the guest's array of completions. */
  readonly completions: number;
  readonly start: () => unknown;
  readonly tick: (count: number) => unknown;
  /** Of a debug build: the address of a string that says where tasks wait. */
  readonly waiting: (() => unknown) | null;
}

/** Refuses a module that wants what the host does not give. */
export function checkImports(
  module: WebAssembly.Module,
  known: Readonly<Record<string, unknown>>,
): void {
  const unknown = WebAssembly.Module.imports(module).filter((wanted) =>
    wanted.module !== MODULE || wanted.kind !== "function" || !Object.hasOwn(known, wanted.name));
  if (unknown.length === 0) return;
  const list = unknown.slice(0, NAMED)
    .map(({ module: from, name, kind }) => `${safeName(from)}.${safeName(name)} (${kind})`);
  if (unknown.length > NAMED) list.push(`and ${unknown.length - NAMED} more`);
  const what = `it imports what this host does not have: ${list.join(", ")}`;
  // Ours imports from nowhere else.
  const isForeign = unknown.some(({ module: from }) => from !== MODULE);
  throw new GuestFailure("load", isForeign ? `${FOREIGN}: ${what}; ${ADVICE}` : what);
}

/** Instantiates a module whose imports were checked. */
export function instantiate(
  module: WebAssembly.Module,
  functions: Readonly<Record<string, Function>>,
): WebAssembly.Exports {
  try {
    return new WebAssembly.Instance(module, { [MODULE]: { ...functions } }).exports;
  } catch (cause) {
    // A start section that misbehaves ends here too; nothing of ours is that, so nothing may run.
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GuestFailure("load", `it cannot be instantiated: ${reason}`, { cause });
  }
}

/** Finds the exports, the version first, and checks what can be checked of them. */
export function findExports(exports: WebAssembly.Exports): Exports {
  const version = globalValue(exports, "_abi");
  if (version === undefined) {
    throw new GuestFailure("load", `${FOREIGN}: it exports no global _abi; ${ADVICE}`);
  }
  if (version !== Abi.Version) {
    throw new GuestFailure("load", `it was compiled for version ${String(version)} of the ` +
      `boundary, and this host has version ${Abi.Version}: compile it again`);
  }
  const { memory: exported, _start: start, _tick: tick, _waiting: waiting } = exports;
  if (!(exported instanceof WebAssembly.Memory)) throw missing("the memory", "memory");
  if (typeof start !== "function") throw missing("the function", "_start");
  if (typeof tick !== "function") throw missing("the function", "_tick");
  const completions = globalValue(exports, "_completions");
  if (typeof completions !== "number" || !Number.isInteger(completions)) {
    throw missing("the i32 global", "_completions");
  }
  const address = completions >>> 0;
  const memory = new GuestMemory(exported);
  if (address % 4 !== 0 || !memory.contains(address, Completions.Size)) {
    throw new GuestFailure("load", "its _completions lies outside of its memory");
  }
  return {
    memory,
    completions: address,
    start: start as () => unknown,
    tick: tick as (count: number) => unknown,
    waiting: typeof waiting === "function" ? waiting as () => unknown : null,
  };
}

function globalValue(exports: WebAssembly.Exports, name: string): unknown {
  const value = exports[name];
  if (!(value instanceof WebAssembly.Global)) return undefined;
  try {
    return value.value as unknown;
  } catch {
    // Of some types, such as v128, JavaScript cannot have the value.
    return undefined;
  }
}

function missing(what: string, name: string): GuestFailure {
  return new GuestFailure("load", `it does not export ${what} ${name}`);
}
