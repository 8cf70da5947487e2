/** Node: random 4 KiB reads with `fs.read` and callbacks. `read FILE DEPTH COUNT SEED` */
import { openSync, read } from "node:fs";

const [path, depth, count, seed] = process.argv.slice(2);
const file = openSync(path as string, "r");
const operations = Number(count);
const blocks = 65_536;
/** One bit for each block. */
const seen = new Uint8Array(blocks / 8);
let state = Number(seed);
let issued = 0;
let done = 0;
let bad = 0;

function nextBlock(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % blocks;
}

/** One chain of reads; as many run at the same time as the depth says. */
function chain(buffer: Buffer): void {
  let block = 0;
  const next = (): void => {
    if (issued === operations) return;
    issued++;
    block = nextBlock();
    read(file, buffer, 0, 4096, block * 4096, completed);
  };
  const completed = (error: Error | null, length: number): void => {
    const last = (block * 31 + 7) & 255;
    const good = length === 4096 && buffer.readUInt32LE(0) === block && buffer[4095] === last;
    if (error || !good) bad++;
    seen[block >> 3]! |= 1 << (block & 7);
    if (++done === operations) finish();
    else next();
  };
  next();
}

function distinctBlocks(): number {
  let sum = 0;
  for (let bits of seen) for (; bits !== 0; bits &= bits - 1) sum++;
  return sum;
}

function finish(): void {
  const seconds = (performance.now() - began) / 1000;
  const distinct = distinctBlocks();
  console.log(`seconds=${seconds} operations=${operations} distinct=${distinct} bad=${bad}`);
}

const began = performance.now();
for (let index = 0; index < Number(depth); index++) chain(Buffer.allocUnsafeSlow(4096));
