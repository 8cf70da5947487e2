import { give, take } from "./blocks";

// Small blocks come and go with every await: those that are freed are kept here by size, and handed
// out again as they are. Large ones are given back, to be joined with their neighbours. The
// compiler takes these functions for `__alloc`, `__free` and `__realloc` (std-shim names them).
// What `allocate` gives is zeroed but for the collector's header, which `__new` writes: a few
// stores, where `memory.fill` would be a call out of the wasm.

/** Blocks of up to so many bytes, their header included, are kept. */
const LARGEST: usize = 512;

/** The sizes of blocks are multiples of 16, their header of 4 included. */
const STEP_BITS: usize = 4;

/** What `__new` writes by itself: the header of an object. */
const HEADER: usize = 16;

/** The first free block of each size; it holds the address of the next one. */
// @ts-ignore: decorator
@lazy const BINS: usize = memory.data(132);

/** Bytes in all bins. */
let kept: usize = 0;

// @ts-ignore: decorator
@inline
function binOf(blockSize: usize): usize {
  return BINS + ((blockSize >> STEP_BITS) << alignof<usize>());
}

/** What `__alloc` is. */
export function allocate(size: usize): usize {
  if (size > LARGEST - 4) return allocateLarge(size);
  const blockSize = (size + 19) & ~15;
  const bin = binOf(blockSize);
  let block = load<usize>(bin);
  if (block) {
    store<usize>(bin, load<usize>(block));
    kept -= blockSize;
  } else {
    block = take(size);
  }
  clear(block, blockSize);
  return block;
}

/** Zeroes what follows the header: 12 bytes, or 16 more, or 32 more … */
// @ts-ignore: decorator
@inline
function clear(block: usize, blockSize: usize): void {
  if (blockSize == HEADER) return;
  const last = block + blockSize - HEADER;
  let at = block + HEADER;
  while (at < last) {
    store<u64>(at, 0);
    store<u64>(at, 0, 8);
    at += 16;
  }
  store<u64>(at, 0);
  store<u32>(at, 0, 8);
}

/** What `__free` is. */
export function release(block: usize): void {
  if (block < __heap_base) return;
  const blockSize = (load<usize>(block - 4) & ~3) + 4;
  if (blockSize > LARGEST) {
    give(block);
    return;
  }
  const bin = binOf(blockSize);
  store<usize>(block, load<usize>(bin));
  store<usize>(bin, block);
  kept += blockSize;
}

/** What `__realloc` is. */
export function reallocate(block: usize, size: usize): usize {
  const room = <usize>(load<u32>(block - 4) & ~3);
  if (size <= room) return block;
  const larger = allocate(size);
  memory.copy(larger, block, room);
  release(block);
  return larger;
}

/** Rather than let the memory grow while much of it is kept, gives everything back. */
function allocateLarge(size: usize): usize {
  if (kept > <usize>memory.size() << 14) {
    for (let bin = BINS; bin <= binOf(LARGEST); bin += sizeof<usize>()) {
      let block = load<usize>(bin);
      store<usize>(bin, 0);
      while (block) {
        const next = load<usize>(block);
        give(block);
        block = next;
      }
    }
    kept = 0;
  }
  const block = take(size);
  memory.fill(block + HEADER, 0, size - HEADER);
  return block;
}
