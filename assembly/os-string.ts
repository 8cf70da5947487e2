/**
 * Text of the system that need not be UTF-8: file names, arguments, environment variables.
 *
 * A system hands out bytes (POSIX) or sixteen-bit units (Windows, which the host hands on as
 * WTF-8); an app wants strings. A byte 0xHH that is not UTF-8 becomes an *escape*, the lone
 * surrogate U+DCHH, which no valid text contains; when the string becomes bytes again, so does the
 * escape. Bytes → string → bytes gives the same bytes, always: every name survives the way in and
 * out, and is printed as it is. Other lone surrogates mean nothing to a system and become U+FFFD.
 *
 * `rt/utf8.ts` does the work.
 *
 * @module
 */
import { decodeEscaped } from "./rt/buffer";
import { Vec } from "./vec";

/** The string for bytes of the system. */
export function fromSystem(bytes: Vec<u8>): string {
  return decodeEscaped(bytes, bytes.length);
}

/** The bytes for a string that goes to the system: UTF-8, and escapes as the bytes they mean. */
export function toSystem(text: string): Vec<u8> {
  return Vec.fromString(text);
}
