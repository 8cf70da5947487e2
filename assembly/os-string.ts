/**
 * Text of the system that need not be UTF-8: file names, arguments, environment variables.
 *
 * A system hands out bytes (POSIX) or sixteen-bit units (Windows, which the host hands on as
 * WTF-8); an app wants strings. Bytes that are not UTF-8 become *escapes*: the byte 0xHH becomes
 * the lone surrogate U+DCHH, which no valid text contains. Handing the string back restores the
 * byte, so every name survives the way in and out. This is the only place that knows of it.
 *
 * Bytes → string → bytes gives the same bytes, always. A lone surrogate that is not an escape
 * (U+D800…U+DC7F, U+DD00…U+DFFF) means nothing to a system and becomes U+FFFD.
 *
 * @module
 */
import { Vec } from "./vec";
import { utf8End } from "./utf8";

/** An escape is this plus a byte, and the byte is never ASCII: U+DC80…U+DCFF. */
const ESCAPE: i32 = 0xdc00;

/** The string for bytes of the system. */
export function fromSystem(bytes: Vec<u8>): string {
  let end = utf8End(bytes, 0);
  if (end == bytes.length) return bytes.toString();
  let text = "";
  let start = 0;
  while (end < bytes.length) {
    text += bytes.slice(start, end).toString() + String.fromCharCode(ESCAPE + bytes[end]);
    start = end + 1;
    end = utf8End(bytes, start);
  }
  return text + bytes.slice(start, end).toString();
}

/** The bytes for a string that goes to the system: UTF-8, and escapes as the bytes they mean. */
export function toSystem(text: string): Vec<u8> {
  const bytes = Vec.withCapacity<u8>(text.length);
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if ((unit & 0xfc00) == 0xd800 && i + 1 < text.length && isLow(text.charCodeAt(i + 1))) {
      i++;
    } else if ((unit & 0xff80) == ESCAPE + 0x80) {
      bytes.pushString(text.substring(start, i));
      bytes.push(<u8>unit);
      start = i + 1;
    }
  }
  bytes.pushString(text.substring(start));
  return bytes;
}

function isLow(unit: i32): bool {
  return (unit & 0xfc00) == 0xdc00;
}
