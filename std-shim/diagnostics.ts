/** Messages to the user, in AssemblyScript's own format, beside its own. */
import type { DiagnosticEmitter, Range } from "assemblyscript";
import { DiagnosticCategory } from "./internals.js";

/** The diagnostic "User-defined: {0}", which takes any text. */
const userDefined = 102;

/**
 * Reports an error (or a warning) at `range`, or without a place. Codes below 1000 are printed as
 * AssemblyScript's, others as TypeScript's: where TypeScript has an error for it we use its number.
 */
export function report(
  emitter: DiagnosticEmitter,
  code: number,
  message: string,
  range: Range | null,
  category: DiagnosticCategory = DiagnosticCategory.Error,
): void {
  const { diagnostics } = emitter;
  const before = diagnostics.length;
  emitter.emitDiagnostic(userDefined, category as number, range, null, message);
  const diagnostic = diagnostics[before];
  if (!diagnostic) return;
  diagnostic.code = code;
  diagnostic.message = message;
}
