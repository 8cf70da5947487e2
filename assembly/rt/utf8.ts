// Strings of the guest are UTF-16; everything that crosses the boundary is UTF-8.

// A byte 0x80…0xFF that is not part of any character, in a name that the system gave for instance,
// can live in a string as the lone surrogate U+DC80…U+DCFF, which no text contains: an *escape*.
// Encoding turns escapes back into their bytes; decoding makes them where it is asked to.

/** How many bytes a string has in UTF-8. */
export function utf8Length(text: string): i32 {
  return <i32>encode(text, 0);
}

/**
 * Writes the UTF-8 of a string to `to`, `utf8Length` bytes. Escapes become the byte they stand for,
 * other lone surrogates U+FFFD.
 */
export function encodeUtf8(text: string, to: usize): void {
  encode(text, to);
}

/** Writes the UTF-8 of a string, unless `to` is 0, and returns how many bytes that is. */
function encode(text: string, to: usize): usize {
  let count: usize = 0;
  const length = text.length;
  for (let index = 0; index < length; index++) {
    let code = <u32>unitAt(text, index);
    if ((code & 0xff80) == 0xdc80 || code < 0x80) {
      if (to) store<u8>(to + count, <u8>code);
      count++;
      continue;
    }
    if ((code & 0xf800) == 0xd800) {
      const low = index + 1 < length ? <u32>unitAt(text, index + 1) : 0;
      if (code < 0xdc00 && (low & 0xfc00) == 0xdc00) {
        code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
        index++;
      } else {
        code = 0xfffd;
      }
    }
    const more: u32 = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    if (to) {
      store<u8>(to + count, <u8>((0xff00 >> (more + 1)) | (code >> (more * 6))));
      for (let left = more; left > 0; left--) {
        store<u8>(to + count + more - left + 1, <u8>(0x80 | ((code >> ((left - 1) * 6)) & 0x3f)));
      }
    }
    count += more + 1;
  }
  return count;
}

// @ts-ignore: decorator
@inline
function unitAt(text: string, index: i32): u16 {
  return load<u16>(changetype<usize>(text) + (<usize>index << 1));
}

/**
 * Reads one code point at `at`, where there is at least one byte before `end`. Returns it in the
 * low 24 bits, and above them how many bytes it took. What is not UTF-8 gives U+FFFD for each
 * longest part that might have become something, as the WHATWG's decoder does. The 32nd bit says
 * that it was not UTF-8.
 */
function decodeOne(at: usize, end: usize): u32 {
  const lead = <u32>load<u8>(at);
  if (lead < 0x80) return lead | ONE_BYTE;
  let more: u32 = 0;
  let least: u32 = 0x80;
  let most: u32 = 0xbf;
  let code: u32 = 0;
  if (lead >= 0xc2 && lead < 0xe0) {
    more = 1;
    code = lead & 0x1f;
  } else if ((lead & 0xf0) == 0xe0) {
    more = 2;
    code = lead & 0x0f;
    if (lead == 0xe0) least = 0xa0;
    if (lead == 0xed) most = 0x9f;
  } else if (lead >= 0xf0 && lead < 0xf5) {
    more = 3;
    code = lead & 0x07;
    if (lead == 0xf0) least = 0x90;
    if (lead == 0xf4) most = 0x8f;
  } else {
    return REPLACEMENT | ONE_BYTE;
  }
  for (let taken: u32 = 1; taken <= more; taken++) {
    const next = at + taken < end ? <u32>load<u8>(at + taken) : 0;
    if (next < least || next > most) return REPLACEMENT | (taken << 24);
    least = 0x80;
    most = 0xbf;
    code = (code << 6) | (next & 0x3f);
  }
  return code | ((more + 1) << 24);
}

/** What `decodeOne` returns besides the code point when that is one byte. */
const ONE_BYTE: u32 = 1 << 24;

/** U+FFFD, with the bit that says that it stands for something else. */
const REPLACEMENT: u32 = 0x8000fffd;

/** The string that these bytes are; what is not UTF-8 becomes U+FFFD, or escapes. */
export function decodeUtf8(start: usize, length: usize, escapes: bool = false): string {
  const end = start + length;
  // As long as it is at most: one unit for each byte.
  const text = __new(length << 1, idof<string>());
  let to = text;
  while (start < end) {
    let decoded = decodeOne(start, end);
    if (escapes && decoded >> 31) decoded = ONE_BYTE | 0xdc00 | load<u8>(start);
    const code = decoded & 0xffffff;
    start += (decoded >> 24) & 0x7f;
    if (code < 0x10000) {
      store<u16>(to, <u16>code);
      to += 2;
    } else {
      const rest = code - 0x10000;
      store<u32>(to, (0xd800 | (rest >> 10)) | ((0xdc00 | (rest & 0x3ff)) << 16));
      to += 4;
    }
  }
  return changetype<string>(__renew(text, to - text));
}

/** Whether these bytes are UTF-8. */
export function isUtf8(start: usize, length: usize): bool {
  const end = start + length;
  while (start < end) {
    const decoded = decodeOne(start, end);
    if (decoded >> 31) return false;
    start += (decoded >> 24) & 0x7f;
  }
  return true;
}
