// Random 4 KiB reads: `read FILE DEPTH COUNT SEED`. The peers do exactly the same.
import { args } from "std/env";
import { File } from "std/fs";
import { println } from "std/io";
import { Instant } from "std/time";
import { Vec } from "std/vec";

const blockSize = 4096;
const blocks: u32 = 65_536;
/** One bit for each block. */
const seen = new StaticArray<u8>(blocks / 8);

let state: u32 = 0;
let left: i32 = 0;
let bad: i32 = 0;

function nextBlock(): u32 {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % blocks;
}

function check(block: u32, buf: Vec<u8>): void {
  const first = <u32>buf[0] | (<u32>buf[1] << 8) | (<u32>buf[2] << 16) | (<u32>buf[3] << 24);
  if (first != block || buf[blockSize - 1] != <u8>(block * 31 + 7)) bad++;
  const bit: u32 = 1 << (block % 8);
  seen[block / 8] = seen[block / 8] | <u8>bit;
}

function distinct(): u32 {
  let sum: u32 = 0;
  for (let index = 0; index < seen.length; index++) sum += popcnt<u32>(seen[index]);
  return sum;
}

async function reader(file: File): Promise<void> {
  let buf = Vec.withCapacity<u8>(blockSize);
  while (left > 0) {
    left--;
    const block = nextBlock();
    const read = await file.readAt(buf, <u64>block * blockSize);
    buf = read.buf;
    if (read.n == blockSize) check(block, buf);
    else bad++;
  }
}

export async function main(): Promise<void> {
  const given = args();
  const depth = I32.parseInt(given[2]);
  const count = I32.parseInt(given[3]);
  state = U32.parseInt(given[4]);
  left = count;
  const file = (await File.open(given[1])).unwrap();
  const began = Instant.now();
  const readers = new Array<Promise<void>>();
  for (let index = 0; index < depth; index++) readers.push(reader(file));
  for (let index = 0; index < depth; index++) await readers[index];
  const seconds = began.elapsed().asSecsF64();
  await println(`seconds=${seconds} operations=${count} distinct=${distinct()} bad=${bad}`);
}
