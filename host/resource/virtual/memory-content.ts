/** The bytes of a file in memory: holes cost nothing, and growing copies only the last part. */
import { Errno } from "../../abi.js";
import { fail } from "./answer.js";

/** What all files of a tree may take together. */
export class Quota {
  /** Bytes in use. */
  used = 0;
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Takes `bytes` more, or gives them back if negative. @throws `ENOSPC`. */
  take(bytes: number): void {
    if (this.used + bytes > this.limit) fail(Errno.ENOSPC);
    this.used += bytes;
  }
}

/** Bytes of a whole part; a smaller file has one part of about its size. */
const PART = 65536;
const SMALLEST = 256;

/** The longest file, as on Linux less what a number cannot hold exactly. */
const LONGEST = Number.MAX_SAFE_INTEGER;

/** Bytes by position. What was never written reads as zeros. */
export class MemoryContent {
  length = 0;
  private readonly parts = new Map<number, Uint8Array>();
  private readonly quota: Quota;

  constructor(quota: Quota) {
    this.quota = quota;
  }

  /** Bytes that it takes. */
  get allocated(): number {
    let sum = 0;
    for (const part of this.parts.values()) sum += part.length;
    return sum;
  }

  /** Copies from position `at`. @returns how many bytes; 0 at the end and beyond. */
  read(into: Uint8Array, at: number): number {
    const count = Math.min(into.length, Math.max(0, this.length - at));
    for (let done = 0; done < count;) {
      const position = at + done;
      const from = position % PART;
      const size = Math.min(PART - from, count - done);
      const part = this.parts.get((position - from) / PART);
      const there = part === undefined ? 0 : Math.min(size, Math.max(0, part.length - from));
      if (there > 0) into.set(part!.subarray(from, from + there), done);
      if (there < size) into.fill(0, done + there, done + size);
      done += size;
    }
    return count;
  }

  /** Whether nothing was written at `at`, which lies before the end, and up to where that holds. */
  extent(at: number): { isHole: boolean; end: number } {
    const first = Math.floor(at / PART);
    const has = (index: number): boolean => this.parts.has(index);
    const isHole = !has(first);
    const last = Math.ceil(this.length / PART);
    let end = last;
    if (isHole) {
      // Of a file that is nearly all holes the parts are few, and the numbers many.
      for (const index of this.parts.keys()) if (index > first && index < end) end = index;
    } else {
      for (end = first; end < last && has(end);) end++;
    }
    return { isHole, end: Math.min(end * PART, this.length) };
  }

  /**
   * Writes at position `at`. @returns how many bytes: fewer when the quota is reached, but never
   * none: that is `ENOSPC`.
   */
  write(from: Uint8Array, at: number): number {
    if (at + from.length > LONGEST) fail(Errno.EFBIG);
    let done = 0;
    while (done < from.length) {
      const position = at + done;
      const offset = position % PART;
      const size = Math.min(PART - offset, from.length - done);
      if (!this.reserve((position - offset) / PART, offset + size, done > 0)) break;
      const part = this.parts.get((position - offset) / PART)!;
      part.set(from.subarray(done, done + size), offset);
      done += size;
    }
    if (done > 0) this.length = Math.max(this.length, at + done);
    return done;
  }

  /** Cuts off what lies behind `length`, or adds a hole. */
  setLength(length: number): void {
    if (length > LONGEST) fail(Errno.EFBIG);
    if (length < this.length) this.cut(length);
    this.length = length;
  }

  /** Gives everything back. */
  free(): void {
    this.setLength(0);
  }

  private cut(length: number): void {
    const rest = length % PART;
    const last = (length - rest) / PART;
    for (const [index, part] of this.parts) {
      if (index > last || (index === last && rest === 0)) {
        this.parts.delete(index);
        this.quota.take(-part.length);
      } else if (index === last) {
        // Should the file grow again, there must be zeros.
        part.fill(0, rest);
      }
    }
  }

  /** Makes sure that part `index` has `size` bytes; where `isOptional`, says if it could not. */
  private reserve(index: number, size: number, isOptional: boolean): boolean {
    const old = this.parts.get(index);
    const has = old?.length ?? 0;
    if (has >= size) return true;
    const wanted = Math.min(PART, Math.max(SMALLEST, size, has * 2));
    if (this.quota.used + wanted - has > this.quota.limit) {
      if (isOptional) return false;
      if (this.quota.used + size - has > this.quota.limit) fail(Errno.ENOSPC);
      return this.grow(index, old, size);
    }
    return this.grow(index, old, wanted);
  }

  private grow(index: number, old: Uint8Array | undefined, size: number): true {
    this.quota.take(size - (old?.length ?? 0));
    const part = new Uint8Array(size);
    if (old !== undefined) part.set(old);
    this.parts.set(index, part);
    return true;
  }
}
