/**
 * The one form in which the host says what a guest has made up: names, messages, whatever of a
 * module could otherwise move the cursor, turn the text around, or pass for words of the host's.
 */

/**
 * What has no shape of its own, or changes that of its neighbours: controls (C0, DEL, C1), format
 * characters (the ones that turn text around among them), separators of lines, halves of pairs.
 * The two joiners stay, which scripts and emoji need.
 */
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The longest name that is said whole, in UTF-16 code units. */
const LONGEST_NAME = 200;
/** The longest message. */
const LONGEST_MESSAGE = 65536;

/** What every line of a message but the first begins with: no word of the host's does. */
const INDENT = "    ";

/** A text on one line, with `\u{1b}` for what is unsafe in it: a new line, too. */
export function oneLine(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** A name, which is on one line and not endless. */
export function safeName(name: string): string {
  return oneLine(shortened(name, LONGEST_NAME));
}

/** A message: its lines stay lines, but only the first can be taken for one of the host's. */
export function safeMessage(text: string): string {
  const [first = "", ...rest] = shortened(text, LONGEST_MESSAGE)
    .replace(/[\r\n]+$/, "").split(/\r?\n/).map(oneLine);
  const indented = rest.map((line) => line.startsWith(INDENT) ? line : INDENT + line);
  return [first, ...indented].join("\n");
}

function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  // Not in the middle of a pair.
  const isPair = text.charCodeAt(limit - 1) >> 10 === 0xd800 >> 10;
  return `${text.slice(0, isPair ? limit - 1 : limit)}…`;
}
