import { firstLiteral, literalsEnd, literalsStart } from "../abi/imports";

/** In front of the text of a string: what the allocator, the collector and the compiler need. */
const HEADER: usize = 20;

/** What a string is to the collector. */
const STRING: u32 = 2;

/** What stands for a length in front of how much further the next string is. */
const SKIP: usize = 0xff;

/**
 * Makes the string literals, before anything else runs, where the compiler has packed them: each
 * its length and its characters, of one byte. They lie on the stack, whose lower end is free.
 */
export function makeLiterals(): void {
  const end = literalsEnd();
  let from = literalsStart();
  let block = firstLiteral();
  while (from < end) {
    const length = <usize>load<u8>(from++);
    if (length == SKIP) {
      block += <usize>load<u8>(from++) << 4;
      continue;
    }
    let to = block + HEADER;
    const next = (to + (length << 1) + 15 - 12) & ~15 | 12;
    store<u32>(block, next - block - 4);
    store<u32>(block, STRING, 12);
    store<u32>(block, length << 1, 16);
    for (const last = from + length; from < last; to += 2) store<u16>(to, load<u8>(from++));
    block = next;
  }
}
