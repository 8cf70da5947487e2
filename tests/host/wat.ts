/** Guests written by hand. */
import initialize from "wabt";
import { Abi } from "../../host/abi.js";

const wabt = await initialize();

/** Compiles the text of a module. */
export function compile(text: string): WebAssembly.Module {
  return new WebAssembly.Module(binary(text));
}

/** The bytes of a module, with names or without. */
export function binary(text: string, isNamed = true): Uint8Array<ArrayBuffer> {
  const parsed = wabt.parseWat("guest.wat", text, { exceptions: true, simd: true });
  try {
    return new Uint8Array(parsed.toBinary({ write_debug_names: isNamed }).buffer);
  } finally {
    parsed.destroy();
  }
}

/** What `guest` puts together. */
export interface GuestParts {
  /** Imports, as lines of wat: `(import "std" "exit" (func $exit (param i32)))`. */
  readonly imports?: string;
  /** The body of `_start`, which leaves an f64. */
  readonly start?: string;
  /** The body of `_tick`, with the parameter `$count`, which leaves an f64. */
  readonly tick?: string;
  /** More fields of the module. */
  readonly more?: string;
  readonly version?: number;
}

/** The wat of a guest that fulfils the contract: 16 pages, `_completions` at 8192. */
export function guest({ imports, start, tick, more, version }: GuestParts): string {
  return `(module
    ${imports ?? ""}
    (memory (export "memory") 16)
    (global (export "_abi") i32 (i32.const ${version ?? Abi.Version}))
    (global (export "_completions") i32 (i32.const 8192))
    ${more ?? ""}
    (func $_start (export "_start") (result f64) ${start ?? "(f64.const inf)"})
    (func $_tick (export "_tick") (param $count i32) (result f64) ${tick ?? "(f64.const inf)"}))`;
}
