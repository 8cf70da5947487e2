/**
 * Writing several buffers as one.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { MemoryRange } from "./abi/layout";
import { Op } from "./abi/op";
import { Error, Result } from "./error";
import { writeNumber } from "./rt/buffer";
import { Operation } from "./rt/operation";
import { Stream } from "./transfer";
import { Vec } from "./vec";

/** What came of `writeAllVectored`: an error or not, how much was written, and the buffers. */
export class VectoredResult extends Result<u64> {
  constructor(
    n: u64,
    /** The buffers that were handed over. */
    readonly bufs: Array<Vec<u8>>,
    failure: Error | null = null,
  ) {
    super();
    this.put<u64>(n);
    this.failure = failure;
  }

  /** How many bytes were written. */
  get n(): u64 {
    return this.get<u64>();
  }
}

/** Writes all that several buffers hold, as one operation. */
// @ts-ignore: decorator
@final
export class WriteVectoredOperation extends Operation<VectoredResult> {
  /** What is lent: the array is the app's, which may change it meanwhile. */
  private lent: StaticArray<Vec<u8>>;
  private lengths: StaticArray<i32>;
  private total: u64 = 0;
  /** How much has been written before what is in flight, and where the rest begins. */
  private done: u64 = 0;
  private index: i32 = 0;
  private skip: i32 = 0;
  private at: i64;
  /** By how much the cursor has moved in advance. */
  private reserved: i64;

  /** There is something to write. */
  constructor(private stream: Stream, private bufs: Array<Vec<u8>>) {
    super(Op.WriteVectored);
    const lent = StaticArray.fromArray<Vec<u8>>(bufs);
    const lengths = new StaticArray<i32>(lent.length);
    this.lent = lent;
    this.lengths = lengths;
    for (let index = 0; index < lent.length; index++) {
      const length = lent[index].length;
      lengths[index] = length;
      this.total += length;
      lent[index].lend(length);
    }
    const at = stream.writePosition;
    this.at = at;
    this.reserved = at < 0 ? 0 : <i64>this.total;
    if (at >= 0) stream.cursor = at + this.reserved;
    this.handle = stream.handle;
    this.offset = at;
    this.advance(0);
    const list = this.list();
    this.lend0(list, list.capacity);
  }

  protected retry(result: i64): bool {
    const done = this.done + <u64>result;
    if (result <= 0 || done >= this.total) return false;
    this.done = done;
    this.advance(result);
    if (this.at >= 0) this.offset = this.at + <i64>done;
    const list = this.list();
    this.exchange0(list, list.capacity);
    return true;
  }

  protected settle(result: i64, osError: u32): VectoredResult {
    for (let index = 0; index < this.lent.length; index++) this.lent[index].giveBack();
    const n = this.done + <u64>max(result, 0);
    const stream = this.stream;
    // As after any write: if nobody has moved the cursor since, it moves back to where this ended.
    if (this.reserved != 0 && stream.cursor == this.at + this.reserved) {
      stream.cursor = this.at + <i64>n;
    }
    if (result >= 0 && n == this.total) return new VectoredResult(n, this.bufs);
    // A write that took nothing, or one that was cancelled half way, is no success.
    if (result >= 0) result = result == 0 ? -Errno.EIO : -Errno.ECANCELED;
    const error = Error.fromResult(result, osError, "write", stream.name);
    return new VectoredResult(n, this.bufs, error);
  }

  /** Takes what was written off the rest, and what is empty off its beginning. */
  private advance(count: i64): void {
    let left = count + this.skip;
    let index = this.index;
    for (; left >= this.lengths[index]; index++) left -= this.lengths[index];
    this.index = index;
    this.skip = <i32>left;
  }

  /** The ranges of the rest, as many as one operation has at most. */
  private list(): Vec<u8> {
    const count = min(this.lent.length - this.index, MemoryRange.Most);
    const list = Vec.withCapacity<u8>(count * MemoryRange.Size);
    let skip = this.skip;
    for (let place = 0; place < count; place++) {
      const index = this.index + place;
      const at = place * MemoryRange.Size;
      const start = <u32>this.lent[index].addressOf(skip);
      writeNumber<u32>(list, at + MemoryRange.Pointer, start);
      writeNumber<u32>(list, at + MemoryRange.Length, this.lengths[index] - skip);
      skip = 0;
    }
    return list;
  }
}
