/**
 * What an app may die of, by number: the section `std.failures` of its wasm, which the compiler
 * writes, and the host reads when the app says `fail(number)`.
 *
 *     section: how many of the common words its compiler knew
 *              how many words of its own, and these: each its length in bytes, and UTF-8
 *              the failures: each its text and its file, and if it has a file, line and column
 *
 * Numbers are LEB128. A text and a file are 0 for none; then come the common words, then its own.
 */

/** What an app may die of. */
export interface Failure {
  readonly text: string;
  /** Where it is in the source; empty when the text is meant to be enough. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The name of the section. */
export const FAILURE_SECTION = "std.failures";

/**
 * Words that no app need carry: those of std, and of AssemblyScript's library. To be added to at
 * the end and nowhere else, since apps know them by their number.
 */
export const COMMON_WORDS: readonly string[] = [
  // AssemblyScript's library.
  "Index out of range", "Value out of range", "Invalid length", "Array is empty",
  "Element type must be nullable if array is holey", "Not implemented", "Key does not exist",
  "Allocation too large", "Object already pinned", "Object is not pinned", "URI malformed",
  "Invalid Date", "Unpaired surrogate", "toString() radix argument must be between 2 and 36",
  "Unexpected 'null' (not assigned or failed cast)", "invalid downcast", "stack overflow",
  "~lib/array.ts", "~lib/arraybuffer.ts", "~lib/dataview.ts", "~lib/date.ts", "~lib/map.ts",
  "~lib/math.ts", "~lib/number.ts", "~lib/rt.ts", "~lib/rt/itcms.ts", "~lib/rt/tlsf.ts",
  "~lib/set.ts", "~lib/staticarray.ts", "~lib/string.ts", "~lib/typedarray.ts", "~lib/uri.ts",
  "~lib/util/number.ts", "~lib/util/sort.ts", "~lib/util/string.ts",
  // Ours.
  "out of memory", "buffer is lent", "outside of the record",
  "a Vec cannot have a negative capacity", "a Vec cannot have a negative length",
  "a Vec cannot be that large", "a Vec cannot be longer than its capacity",
  "a Vec cannot lend more than its capacity", "a Vec cannot drain more than its length",
  "the host completed what was not in flight", "more was transferred than was lent",
  "main was cancelled", "the promise has no value", "the result is not an error",
  "await outside of an async function",
  "async calls are nested too deeply: their frames do not fit (asc --stackSize)",
  "Promise.race: there is nothing to wait for", "select: it was the first that won",
  "select: it was the second that won", "a Duration cannot be negative",
  "a Duration is divided into one part at least", "an interval needs a period",
  "~lib/std/directory.ts", "~lib/std/error.ts", "~lib/std/fs.ts", "~lib/std/io.ts",
  "~lib/std/process.ts", "~lib/std/signal.ts", "~lib/std/time.ts", "~lib/std/transfer.ts",
  "~lib/std/vec.ts", "~lib/std/rt/buffer.ts", "~lib/std/rt/combine.ts",
  "~lib/std/rt/operation.ts", "~lib/std/rt/promise.ts", "~lib/std/rt/timers.ts",
];

/** What the section has in it. */
export function failureSection(failures: readonly Failure[]): Uint8Array {
  const words = new Set<string>();
  for (const { text, file } of failures) words.add(text).add(file);
  const own = [...words].filter((word) => word !== "" && !COMMON_WORDS.includes(word));
  const all = ["", ...COMMON_WORDS, ...own];
  const bytes: number[] = [];
  const put = (value: number): void => {
    for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
    bytes.push(value);
  };
  put(COMMON_WORDS.length);
  put(own.length);
  for (const word of own) {
    const encoded = new TextEncoder().encode(word);
    put(encoded.length);
    bytes.push(...encoded);
  }
  for (const { text, file, line, column } of failures) {
    put(all.indexOf(text));
    put(all.indexOf(file));
    if (file !== "") {
      put(line);
      put(column);
    }
  }
  return Uint8Array.from(bytes);
}

/** The failure of this number; undefined when the section does not have it. */
export function readFailure(section: Uint8Array, number: number): Failure | undefined {
  let at = 0;
  const take = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = section[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80 || shift > 21) return value >>> 0;
    }
  };
  const common = take();
  const own: string[] = [];
  for (let left = take(); left > 0 && at < section.length; left--) {
    const length = take();
    own.push(new TextDecoder().decode(section.subarray(at, at + length)));
    at += length;
  }
  const word = (): string | undefined => {
    const index = take();
    return index === 0 ? "" : index <= common ? COMMON_WORDS[index - 1] : own[index - common - 1];
  };
  for (let left = number; at < section.length; left--) {
    const text = word();
    const file = word();
    const [line, column] = file === "" ? [0, 0] : [take(), take()];
    if (left > 0) continue;
    if (text === undefined || file === undefined) return undefined;
    return { text, file, line, column };
  }
  return undefined;
}
