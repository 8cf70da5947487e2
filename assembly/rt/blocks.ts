import { abort } from "../abi/imports";

// The memory behind the stack, as blocks side by side. Each has its size in the word before its
// contents, less that of this word, as AssemblyScript's collector expects it; the two low bits are
// flags. Free neighbours are joined at once, so that beside a free block there is none.
//
//       used                                free
//   ╒═══════╤═════════════════════════╕ ╒═══════╤═══════╤═══════╤═══════════════╤═══════╕
//   │ size  │ contents …              │ │ size  │ next  │ place │               │ start │
//   ╘═══════╧═════════════════════════╛ ╘═══════╧═══════╧═══════╧═══════════════╧═══════╛
//
// `place` is the address of the word that refers to the block: the head of its list, or `next` of
// another block. `start` is the block's own address. A block ends where the next word would be at
// a multiple of 16. The last word of the memory is a block without contents, which is never free.

/** A flag: the block is free. */
const FREE: u32 = 1;

/** A flag: the block before this one is free. */
const BEFORE_FREE: u32 = 2;

/** The flags. */
const FLAGS: u32 = 3;

/** The word in front of the contents. */
const WORD: usize = sizeof<usize>();

/** The largest size that can be asked for. */
const MOST: usize = 0x3ffffff0;

/** Four lists for each power of two from 16 on; the last one is for all that is larger. */
const LAST: u32 = 63;

/** The first block of each list. */
// @ts-ignore: decorator
@lazy const HEADS: usize = memory.data(64 * 4);

/** A bit for each list that may have a block. */
let filled: u64 = 0;

/** The last word of the memory, or 0 before there is any block. */
let last: usize = 0;

// @ts-ignore: decorator
@inline
function listOf(size: usize): u32 {
  const log = <u32>(31 - clz<u32>(<u32>size));
  return min((log - 4) * 4 + ((<u32>size >> (log - 2)) & 3), LAST);
}

// @ts-ignore: decorator
@inline
function sizeAt(block: usize): usize {
  return <usize>((load<u32>(block) & ~FLAGS) + <u32>WORD);
}

/** Takes a free block out of its list. */
function unlink(block: usize): void {
  const next = load<usize>(block, WORD);
  const place = load<usize>(block, 2 * WORD);
  store<usize>(place, next);
  if (next) store<usize>(next, place, 2 * WORD);
}

/** Makes a range free that begins as a block that is not. */
function add(block: usize, size: usize): void {
  let after = block + size;
  if (load<u32>(after) & FREE) {
    unlink(after);
    size += sizeAt(after);
    after = block + size;
  }
  if (load<u32>(block) & BEFORE_FREE) {
    const before = load<usize>(block - WORD);
    unlink(before);
    size += block - before;
    block = before;
  }
  const list = listOf(size);
  const head = HEADS + (<usize>list << alignof<usize>());
  const next = load<usize>(head);
  store<u32>(block, <u32>(size - WORD) | FREE);
  store<usize>(block, next, WORD);
  store<usize>(block, head, 2 * WORD);
  if (next) store<usize>(next, block + WORD, 2 * WORD);
  store<usize>(head, block);
  store<usize>(after - WORD, block);
  store<u32>(after, load<u32>(after) | BEFORE_FREE);
  filled |= (<u64>1) << list;
}

/** How many blocks of a list are looked at. In the lists for larger sizes the first one fits. */
const TRIES: i32 = 32;

/** A free block of at least `size` bytes, or 0 where none has been found with little effort. */
function find(size: usize): usize {
  let list = listOf(size);
  for (let left = filled >> list << list; left; left &= left - 1) {
    list = <u32>ctz(left);
    let block = load<usize>(HEADS + (<usize>list << alignof<usize>()));
    if (!block) filled ^= (<u64>1) << list;
    for (let tries = TRIES; block && tries; tries--) {
      if (sizeAt(block) >= size) return block;
      block = load<usize>(block, WORD);
    }
  }
  return 0;
}

/** Adds memory: what there is, at first, and then pages in which `size` bytes have room. */
function grow(size: usize): void {
  const pages = memory.size();
  if (last) {
    const needed = <i32>((size + 0xffff) >> 16);
    if (memory.grow(max(pages, needed)) < 0 && memory.grow(needed) < 0) {
      abort("out of memory");
      unreachable();
    }
  }
  const end = (<usize>memory.size() << 16) - WORD;
  let block = (<usize>pages << 16) - WORD;
  if (block != last) {
    // The first time; or the app itself has grown the memory.
    const start = last ? block + WORD : __heap_base;
    block = ((start + 15) & ~15) + 16 - WORD;
    if (block < end) store<u32>(block, 0);
  }
  last = end;
  store<u32>(end, 0);
  if (block < end) add(block, end - block);
}

/** Memory for `size` bytes: its address, a multiple of 16. */
export function take(size: usize): usize {
  if (size > MOST) {
    abort("Allocation too large");
    unreachable();
  }
  const whole = (size + WORD + 15) & ~15;
  let block = find(whole);
  while (!block) {
    grow(whole);
    block = find(whole);
  }
  unlink(block);
  const rest = sizeAt(block) - whole;
  const after = block + whole;
  store<u32>(block, <u32>(whole - WORD));
  if (rest) {
    store<u32>(after, 0);
    add(after, rest);
  } else {
    store<u32>(after, load<u32>(after) & ~BEFORE_FREE);
  }
  return block + WORD;
}

/** Gives memory back that `take` gave. */
export function give(contents: usize): void {
  const block = contents - WORD;
  add(block, sizeAt(block));
}
