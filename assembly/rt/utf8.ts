// Strings of the guest are UTF-16; everything that crosses the boundary is UTF-8.

/** How many bytes a string has in UTF-8. A lone surrogate counts as U+FFFD. */
export function utf8Length(text: string): i32 {
  return String.UTF8.byteLength(text);
}

/** Writes the UTF-8 of a string to `to`, `utf8Length` bytes. Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string, to: usize): void {
  String.UTF8.encodeUnsafe(
    changetype<usize>(text),
    text.length,
    to,
    false,
    String.UTF8.ErrorMode.REPLACE,
  );
}

/**
 * Reads one code point at `at`, where there is at least one byte before `end`. Returns it in the
 * low 24 bits, and above them how many bytes it took. What is not UTF-8 gives U+FFFD for each
 * longest part that might have become something, as the WHATWG's decoder does. The 32nd bit says
 * that it was not UTF-8.
 */
function decodeOne(at: usize, end: usize): u32 {
  const lead = <u32>load<u8>(at);
  if (lead < 0x80) return lead | (1 << 24);
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
    return REPLACEMENT | (1 << 24);
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

/** U+FFFD, with the bit that says that it stands for something else. */
const REPLACEMENT: u32 = 0x8000fffd;

/** The string that these bytes are; what is not UTF-8 becomes U+FFFD. */
export function decodeUtf8(start: usize, length: usize): string {
  const end = start + length;
  // As long as it is at most: one unit for each byte.
  const text = __new(length << 1, idof<string>());
  let to = text;
  while (start < end) {
    const decoded = decodeOne(start, end);
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
