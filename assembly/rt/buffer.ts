import { OBJECT_MAXSIZE } from "rt/common";
import { panic } from "./panic";
import { decodeUtf8, encodeUtf8, isUtf8, utf8Length } from "./utf8";

/**
 * The storage of a `Vec`: memory of the garbage collector's, which never moves an object, so that
 * its address can be handed to the kernel. This is the part of `Vec` that touches memory.
 *
 * While it is lent `count` is 0, so that the one comparison which checks an index also keeps the
 * app out of a buffer that is the kernel's.
 */
export abstract class Buffer<T> {
  protected data: StaticArray<T>;
  /** Elements in use; 0 while lent. */
  protected count: i32 = 0;
  /** What `count` will be again when it is given back; −1 while it is not lent. */
  private lentCount: i32 = -1;

  protected constructor(capacity: i32) {
    if (capacity < 0) panic("a Vec cannot have a negative capacity");
    this.data = allocate<T>(capacity);
  }

  /** The host has it: until it is given back nobody may touch it or lend it a second time. */
  get isLent(): bool {
    return this.lentCount >= 0;
  }

  /** Dies when it is lent. */
  protected check(): void {
    if (this.lentCount >= 0) panic("buffer is lent");
  }

  /** Moves the elements to another storage, of at least as many as there are. */
  protected moveTo(capacity: i32): void {
    const data = allocate<T>(capacity);
    if (isManaged<T>()) {
      for (let index = 0; index < this.count; index++) {
        unchecked((data[index] = this.data[index]));
      }
    } else {
      memory.copy(changetype<usize>(data), this.addressOf(0), <usize>this.count << alignof<T>());
    }
    this.data = data;
  }

  /** Copies `length` elements of `from`, from `start` on, to `at`. For what is no reference. */
  protected copyFrom(at: i32, from: Buffer<T>, start: i32, length: i32): void {
    memory.copy(this.addressOf(at), from.addressOf(start), <usize>length << alignof<T>());
  }

  /** The same from elements of an array. */
  protected copyArray(at: i32, from: Array<T>): void {
    memory.copy(this.addressOf(at), from.dataStart, <usize>from.length << alignof<T>());
  }

  /** Sets every byte of elements. */
  protected fill(at: i32, length: i32, byte: u8): void {
    memory.fill(this.addressOf(at), byte, <usize>length << alignof<T>());
  }

  /** Writes a string as UTF-8, which has room. */
  protected encode(at: i32, text: string): void {
    encodeUtf8(text, this.addressOf(at));
  }

  /** The string that `length` elements from `at` on are in UTF-8. */
  protected decode(at: i32, length: i32): string {
    return decodeUtf8(this.addressOf(at), <usize>length << alignof<T>());
  }

  /** Whether all elements together are UTF-8. */
  protected isText(): bool {
    return isUtf8(this.addressOf(0), <usize>this.count << alignof<T>());
  }

  // ── For the runtime ──

  /** Where an element is. */
  // @ts-ignore: decorator
  @inline
  addressOf(index: i32): usize {
    return changetype<usize>(this.data) + (<usize>index << alignof<T>());
  }

  /** Dies unless these bytes are within the capacity and not lent. */
  checkRecord(offset: i32, size: i32): void {
    this.check();
    if (<u32>offset > <u32>(this.data.length - size)) panic("outside of the record");
  }

  /** Lends its first `length` elements: returns where they are. */
  lend(length: i32): usize {
    if (this.lentCount >= 0) this.check();
    if (<u32>length > <u32>this.data.length) panic("a Vec cannot lend more than its capacity");
    this.lentCount = this.count;
    this.count = 0;
    return changetype<usize>(this.data);
  }

  /** Ends the loan. */
  giveBack(): void {
    this.count = this.lentCount;
    this.lentCount = -1;
  }
}

/** The most elements that the garbage collector can hold in one object: 1 GiB of them. */
// @ts-ignore: decorator
@inline
export function mostElements<T>(): i32 {
  return <i32>(OBJECT_MAXSIZE - 1 >>> alignof<T>());
}

function allocate<T>(capacity: i32): StaticArray<T> {
  if (<u32>capacity > <u32>mostElements<T>()) panic("a Vec cannot be that large");
  return new StaticArray<T>(capacity);
}

export { utf8Length };

/** The string that the first `length` bytes are; those that are not UTF-8 become escapes. */
export function decodeEscaped(buffer: Buffer<u8>, length: i32): string {
  return decodeUtf8(buffer.addressOf(0), length, true);
}

/** The same for a part of a record that the host wrote. */
export function decodeEscapedAt(buffer: Buffer<u8>, offset: i32, length: i32): string {
  buffer.checkRecord(offset, 0);
  buffer.checkRecord(offset + length, 0);
  return decodeUtf8(buffer.addressOf(offset), length, true);
}

/**
 * Reads a number at a byte offset, little endian, up to the capacity: a field of a record that
 * the host wrote.
 */
// @ts-ignore: decorator
@inline
export function readNumber<N>(buffer: Buffer<u8>, offset: i32): N {
  buffer.checkRecord(offset, sizeof<N>());
  return load<N>(buffer.addressOf(offset));
}

/** Writes a number at a byte offset, little endian, up to the capacity. */
// @ts-ignore: decorator
@inline
export function writeNumber<N>(buffer: Buffer<u8>, offset: i32, value: N): void {
  buffer.checkRecord(offset, sizeof<N>());
  store<N>(buffer.addressOf(offset), value);
}
