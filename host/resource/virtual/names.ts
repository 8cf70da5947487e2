/**
 * Names and paths of virtual resources: strings that stand for any bytes.
 *
 * A path of a guest is bytes, UTF-8 as a rule. What is not UTF-8 becomes lone surrogates, U+DC80 to
 * U+DCFF for the bytes 0x80 to 0xff, as in Python's PEP 383, so that every name survives the way
 * into a string and back.
 */
const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ESCAPE = 0xdc00;

/** The string for the bytes of a name. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeBroken(bytes);
  }
}

/** The longest parts that are UTF-8, and the other bytes one by one. */
function decodeBroken(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = lengthOfCharacter(bytes, at);
    text += length === 0
      ? String.fromCharCode(ESCAPE | bytes[at]!)
      : strict.decode(bytes.subarray(at, at + length));
    at += Math.max(length, 1);
  }
  return text;
}

/** How many bytes the character at `at` has; 0 when there is none. */
function lengthOfCharacter(bytes: Uint8Array, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    try {
      strict.decode(bytes.subarray(at, at + length));
      return length;
    } catch {
      // Not a whole character, or none at all.
    }
  }
  return 0;
}

/** The bytes of a name. Lone surrogates that stand for no byte become U+FFFD, as everywhere. */
export function encodeName(name: string): Uint8Array {
  if (!/[\udc80-\udcff]/.test(name)) return encoder.encode(name);
  const bytes: number[] = [];
  for (const character of name) {
    const code = character.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code & 0xff);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}
