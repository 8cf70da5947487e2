/** Just enough of a reader of TypeScript, AssemblyScript and C for tests/tidy.test.ts. */

/** A function with a body: where it begins, and how many lines it takes. */
export interface FunctionSpan {
  line: number;
  lines: number;
}

const skipped = new RegExp([
  /\/\/[^\n]*/, /\/\*[^]*?\*\//, /"(?:\\.|[^"\\\n])*"/, /'(?:\\.|[^'\\\n])*'/,
  // A regular expression stands where no operand has just ended.
  /(?<=[(,=:[!&|?{};+~]\s*|\breturn\s+|^\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//,
].map((part) => part.source).join("|"), "ym");

/** The source with the contents of comments, strings and patterns blanked; lines stay in place. */
export function withoutText(source: string): string {
  let result = "";
  // For each template that we are inside of: how many braces are open within its `${`.
  const templates: number[] = [];
  for (let at = 0; at < source.length;) {
    skipped.lastIndex = at;
    const text = skipped.exec(source)?.[0];
    if (text) {
      result += text.replace(/[^\n]/g, " ");
      at += text.length;
      continue;
    }
    const character = source[at++] as string;
    const depth = templates.length - 1;
    const open = templates[depth];
    if (character === "`" || (character === "}" && open === 0)) {
      if (character === "}") templates.pop();
      const end = endOfTemplate(source, at);
      result += source.slice(at - 1, end).replace(/[^\n]/g, " ");
      if (source[end - 1] === "{") templates.push(0);
      at = end;
      continue;
    }
    if (open !== undefined && character === "{") templates[depth] = open + 1;
    if (open !== undefined && character === "}") templates[depth] = open - 1;
    result += character;
  }
  return result;
}

/** Where the literal part of a template ends: behind its closing quote, or behind `${`. */
function endOfTemplate(source: string, from: number): number {
  for (let at = from; at < source.length; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === "`") return at + 1;
    else if (source.startsWith("${", at)) return at + 2;
  }
  return source.length;
}

/** Every function with a body in braces, from the line of its parameters to its last. */
export function functionsOf(source: string): FunctionSpan[] {
  const text = withoutText(source);
  const found: FunctionSpan[] = [];
  const open: { start: number; isFunction: boolean }[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{") open.push(headOf(text, at));
    if (text[at] !== "}") continue;
    const block = open.pop();
    if (!block?.isFunction) continue;
    const line = lineOf(text, block.start);
    found.push({ line, lines: lineOf(text, at) - line + 1 });
  }
  return found;
}

const control = /\b(if|for|while|switch|catch|with)\s*(await\s*)?$/;

function headOf(text: string, brace: number): { start: number; isFunction: boolean } {
  const before = text.slice(Math.max(0, brace - 2000), brace);
  const arrow = /=>\s*$/.test(before);
  const head = arrow ? before.replace(/\s*=>\s*$/, "") : before;
  // What may stand between the parameters and the body: a result type.
  const result = /\)\s*(:[^;{}()=]*)?\s*$/.exec(head);
  const offset = brace - before.length;
  if (!result) return { start: brace, isFunction: arrow };
  let depth = 0;
  for (let at = result.index; at >= 0; at--) {
    if (head[at] === ")") depth++;
    if (head[at] === "(" && --depth === 0) {
      return { start: offset + at, isFunction: arrow || !control.test(head.slice(0, at)) };
    }
  }
  return { start: brace, isFunction: arrow };
}

function lineOf(text: string, at: number): number {
  let line = 1;
  for (let from = text.indexOf("\n"); from >= 0 && from < at; from = text.indexOf("\n", from + 1)) {
    line++;
  }
  return line;
}
