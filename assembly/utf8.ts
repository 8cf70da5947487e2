/**
 * A strict look at UTF-8, as Unicode 15 table 3-7 and RFC 3629 have it.
 *
 * @module
 */
import { Vec } from "./vec";

/**
 * Where the valid UTF-8 that begins at `start` ends: at the first byte that is not part of a whole
 * character, or at the end of `bytes`. Overlong forms, surrogates and values above U+10FFFF are
 * not valid.
 */
export function utf8End(bytes: Vec<u8>, start: i32): i32 {
  const end = bytes.length;
  let i = start;
  while (i < end) {
    const lead: i32 = bytes[i];
    if (lead < 0x80) {
      i++;
      continue;
    }
    // The second byte's range depends on the first; every later one is a plain continuation.
    let low = 0x80;
    let high = 0xbf;
    if (lead == 0xe0) low = 0xa0;
    else if (lead == 0xed) high = 0x9f;
    else if (lead == 0xf0) low = 0x90;
    else if (lead == 0xf4) high = 0x8f;
    const more = lead < 0xc2 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 0;
    if (more == 0 || i + more >= end) return i;
    for (let k = 1; k <= more; k++) {
      const byte: i32 = bytes[i + k];
      if (byte < low || byte > high) return i;
      low = 0x80;
      high = 0xbf;
    }
    i += more + 1;
  }
  return end;
}

/** Whether `bytes` are UTF-8 from beginning to end. */
export function isUtf8(bytes: Vec<u8>): bool {
  return utf8End(bytes, 0) == bytes.length;
}
