/**
 * All that the compiler has to say to the user, in one run and in the order of the source.
 *
 * AssemblyScript stops behind the parser when anything was wrong there. So what our parser hooks
 * refuse, and have put something harmless in the place of, is held back: the program is compiled
 * all the same, for what else there is to say. Of that `advice.ts` replaces what a TypeScript
 * developer could make nothing of. What only follows from another error is left out; it would be
 * said in the next run.
 *
 * asc reads `program.diagnosticsOffset` when it is about to print: that is our turn.
 */
import type {
  DiagnosticMessage, ImportStatement, Node, Program, Range, VariableStatement,
} from "assemblyscript";
import { instead, ofMark } from "./advice.js";
import { report } from "./diagnostics.js";
import { DiagnosticCategory, isKind, NodeKind } from "./internals.js";
import { type Place, placeOf } from "./places.js";

/** Cannot find name. */
const unknownName = 2304;

/** A message, and where in the app it belongs. */
interface Told {
  readonly diagnostic: DiagnosticMessage;
  readonly place: Place | null;
  /** It says what was written, and so is not a mere consequence. */
  readonly isAdvice: boolean;
}

/** The messages of one compilation. */
export class Messages {
  private held: DiagnosticMessage[] = [];
  /** How many of the program's have been seen to. */
  private done = 0;
  private isCompiled = false;
  /** Names that are unknown because what declares them was refused. */
  private readonly lost = new Map<string, Set<string>>();

  /** `complete` is called when an erroneous program has been compiled: there may be more to say. */
  constructor(private readonly program: Program, private readonly complete: () => void) {
    let offset = program.diagnosticsOffset;
    Object.defineProperty(program, "diagnosticsOffset", {
      get: () => {
        this.prepare();
        return offset;
      },
      set: (value: number) => {
        offset = value;
      },
    });
  }

  /** Says something of the source for which the parser hooks found a way to go on. */
  hold(code: number, message: string, range: Range): void {
    const { diagnostics } = this.program;
    const before = diagnostics.length;
    report(this.program, code, message, range);
    this.held.push(...diagnostics.splice(before));
  }

  /** From now on it is no news that the name is unknown in that file. */
  lose(name: string, { source }: Range): void {
    const { normalizedPath } = source;
    const names = this.lost.get(normalizedPath) ?? new Set();
    this.lost.set(normalizedPath, names.add(name));
  }

  private prepare(): void {
    const { diagnostics, initialized } = this.program;
    if (initialized && !this.isCompiled) {
      this.isCompiled = true;
      if (this.failed()) this.complete();
    }
    if (diagnostics.length === this.done && !(initialized && this.held.length)) return;
    const fresh = diagnostics.splice(this.done);
    if (initialized || fresh.some(isError)) {
      diagnostics.push(...this.arrange([...this.held, ...fresh], this.held.length));
      this.held = [];
    } else {
      diagnostics.push(...fresh);
    }
    this.done = diagnostics.length;
  }

  private failed(): boolean {
    return this.held.length > 0 || this.program.diagnostics.slice(this.done).some(isError);
  }

  /** The first `own` of them are advice. */
  private arrange(diagnostics: readonly DiagnosticMessage[], own: number): DiagnosticMessage[] {
    const told = diagnostics.map((diagnostic, index) => this.look(diagnostic, index < own));
    const causes = new Set<Node>();
    const wrong = new Set<Node>();
    for (const { place, isAdvice, diagnostic } of told) {
      if (!place?.inside || !isError(diagnostic)) continue;
      wrong.add(place.inside);
      if (isAdvice) causes.add(place.inside);
      // Two that only miss what the other one declares would excuse each other.
      if (!isAdvice && (diagnostic.code as number) === unknownName) continue;
      for (const name of declaredBy(place.inside)) this.lose(name, place.range);
    }
    const { sources } = this.program;
    const order = ({ diagnostic: { range } }: Told): number =>
      range ? sources.indexOf(range.source) : sources.length;
    const position = ({ diagnostic: { range } }: Told): number => range?.start ?? 0;
    return told
      .filter((one) => one.isAdvice || !this.follows(one, isError(one.diagnostic) ? causes : wrong))
      .sort((a, b) => order(a) - order(b) || position(a) - position(b))
      .map(({ diagnostic }) => diagnostic);
  }

  private look(diagnostic: DiagnosticMessage, isAdvice: boolean): Told {
    const { range } = diagnostic;
    if (!range) return { diagnostic, place: null, isAdvice };
    const place = placeOf(range);
    if (isAdvice || !isError(diagnostic)) return { diagnostic, place, isAdvice };
    const code = diagnostic.code as number;
    const mark = ofMark(diagnostic.message);
    diagnostic.message = readable(diagnostic.message);
    const advice = mark?.message ?? instead(code, diagnostic.message, place);
    if (advice === null) return { diagnostic, place, isAdvice };
    diagnostic.code = mark?.code ?? code;
    diagnostic.message = advice;
    diagnostic.range = place.range;
    return { diagnostic, place, isAdvice: true };
  }

  /** Whether it would not be there but for another error. */
  private follows({ diagnostic, place }: Told, causes: ReadonlySet<Node>): boolean {
    if (!place) return false;
    if (place.inside && causes.has(place.inside)) return true;
    const lost = this.lost.get(place.range.source.normalizedPath);
    if (!lost) return false;
    if (place.isThis) return lost.has("this");
    if (place.object) return lost.has(place.object);
    return (diagnostic.code as number) === unknownName && lost.has(place.text);
  }
}

function isError({ category }: DiagnosticMessage): boolean {
  return (category as number) === DiagnosticCategory.Error;
}

/** The names that a statement declares, and that are unknown when it is wrong. */
function declaredBy(statement: Node): string[] {
  if (isKind(statement, NodeKind.Variable)) {
    return (statement as VariableStatement).declarations.map(({ name }) => name.text);
  }
  if (!isKind(statement, NodeKind.Import)) return [];
  const { declarations, namespaceName } = statement as ImportStatement;
  return [...declarations ?? [], namespaceName].map((one) =>
    one && "name" in one ? one.name.text : one?.text ?? "");
}

/** The names of std's and AssemblyScript's types without their files, and no generated names. */
function readable(message: string): string {
  return message
    .replace(/~lib\/(?:[\w.-]+\/)+(?=[A-Z])/g, "")
    .replace(/\bString\b(?=[',>|\[ ])/g, "string")
    .replace(/~async\d*/g, "")
    .replace(/'[^']*~(\w+)'/g, "'$1'");
}
