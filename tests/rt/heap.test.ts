/** The allocator: whatever is asked for and given back, in whatever order. */
import { assert, suite } from "../harness.js";
import { compile } from "../lowering/harness.js";

const test = suite("rt heap", { timeout: 120_000 });

const source = `
export function allocate(size: usize): usize { return heap.alloc(size); }
export function reallocate(at: usize, size: usize): usize { return heap.realloc(at, size); }
export function release(at: usize): void { heap.free(at); }
export function pages(more: i32): i32 { return memory.grow(more); }
export function base(): usize { return __heap_base; }
export async function main(): Promise<void> {}
`;

interface Exports {
  memory: WebAssembly.Memory;
  allocate(size: number): number;
  reallocate(at: number, size: number): number;
  release(at: number): void;
  pages(more: number): number;
  base(): number;
}

/** What an allocator must be whoever wrote it, checked with every step. */
class Heap {
  /** By address: size of all that is in use, and the byte that fills it. */
  readonly used = new Map<number, { size: number; fill: number }>();
  private state: number;

  constructor(private readonly guest: Exports, seed: number) {
    this.state = seed;
  }

  choose(limit: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }

  /** Few bytes most of the time, seldom a megabyte. */
  size(): number {
    return this.choose(2 ** (3 + this.choose(this.choose(4) === 0 ? 18 : 9)));
  }

  allocate(size: number): void {
    const at = this.guest.allocate(size) >>> 0;
    // Zeroed but for the header of the collector's.
    const bytes = this.bytes(at, Math.max(size, 16)).subarray(16);
    assert.ok(isAll(bytes, 0), `${size} bytes at ${at} are not cleared`);
    this.take(at, size);
  }

  reallocate(at: number, size: number): void {
    const { size: before, fill } = this.used.get(at)!;
    this.used.delete(at);
    const now = this.guest.reallocate(at, size) >>> 0;
    const kept = this.bytes(now, Math.min(before, size));
    assert.ok(isAll(kept, fill), "what was there is lost");
    this.take(now, size);
  }

  release(at: number): void {
    const { size, fill } = this.used.get(at)!;
    assert.ok(isAll(this.bytes(at, size), fill), "somebody wrote here");
    this.used.delete(at);
    this.guest.release(at);
  }

  any(): number | undefined {
    return [...this.used.keys()][this.choose(this.used.size || 1)];
  }

  private take(at: number, size: number): void {
    assert.is(at % 16, 0);
    assert.ok(at >= this.guest.base() && at + size <= this.guest.memory.buffer.byteLength);
    const fill = 1 + this.choose(255);
    this.bytes(at, size).fill(fill);
    this.used.set(at, { size, fill });
  }

  private bytes(at: number, size: number): Buffer {
    return Buffer.from(this.guest.memory.buffer, at, size);
  }
}

function isAll(bytes: Buffer, value: number): boolean {
  return bytes.equals(Buffer.alloc(bytes.length, value));
}

async function load(): Promise<Exports> {
  const { wasm, code, stderr } = await compile("app.ts", {
    sources: { "app.ts": source }, flags: ["-O2", "--noAssert"], target: true });
  assert.is(code, 0, stderr);
  const module = new WebAssembly.Module(wasm as BufferSource);
  const std = Object.fromEntries(WebAssembly.Module.imports(module).map(({ name }) =>
    [name, () => { throw new Error(name); }]));
  return new WebAssembly.Instance(module, { std }).exports as unknown as Exports;
}

test("blocks do not overlap, keep what is in them, and are aligned and clear", async () => {
  for (const seed of [1, 22, 333]) {
    const guest = await load();
    const heap = new Heap(guest, seed);
    for (let step = 0; step < 6000; step++) {
      const at = heap.any();
      const what = heap.choose(100);
      // Now there is more and more, and now less and less.
      const grows = Math.floor(step / 1000) % 2 === 0;
      if (at === undefined || what < (grows ? 55 : 35)) heap.allocate(heap.size());
      else if (what < 99) what % 10 === 0 ? heap.reallocate(at, heap.size()) : heap.release(at);
      else if (step % 50 === 0) guest.pages(1);
    }
    for (const at of heap.used.keys()) heap.release(at);
  }
});

test("what is given back serves again, in whatever pieces", async () => {
  const guest = await load();
  const heap = new Heap(guest, 7);
  const rounds: number[] = [];
  for (let round = 0; round < 20; round++) {
    const size = 600 + round * 1777;
    for (let total = 0; total < 2 << 20; total += size) heap.allocate(size);
    const all = [...heap.used.keys()];
    while (all.length) heap.release(all.splice(heap.choose(all.length), 1)[0]!);
    rounds.push(guest.memory.buffer.byteLength);
  }
  // The first round takes its memory, and all others do with it.
  assert.ok(rounds.at(-1)! <= rounds[0]! * 2, rounds.join(" "));
});

test("more than there can be is refused, and leaves all as it was", async () => {
  const guest = await load();
  const heap = new Heap(guest, 9);
  heap.allocate(1000);
  assert.throws(() => guest.allocate(0x7fffffff), "abort");
  assert.throws(() => guest.allocate(-1), "abort");
  heap.allocate(1000);
  for (const at of heap.used.keys()) heap.release(at);
});

test.run();
