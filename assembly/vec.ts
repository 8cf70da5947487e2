import { Buffer, mostElements, readNumber, utf8Length, writeNumber } from "./rt/buffer";
import { panic } from "./rt/panic";

/**
 * A growable array whose storage can be lent to the host: what an operation reads into or writes
 * from. While it is lent, touching it is a bug of the app, which ends with "buffer is lent".
 */
export class Vec<T> extends Buffer<T> {
  [key: number]: T;

  /** An empty one with room for `capacity` elements. */
  constructor(capacity: i32 = 0) {
    super(capacity);
  }

  /** An empty one with room for `capacity` elements. */
  static withCapacity<T>(capacity: i32): Vec<T> {
    return new Vec<T>(capacity);
  }

  /** One with the elements of an array. */
  static from<T>(values: Array<T>): Vec<T> {
    const vec = Vec.withCapacity<T>(values.length);
    vec.extendFromArray(values);
    return vec;
  }

  /** One with the elements of a static array. */
  static fromStatic<T>(values: StaticArray<T>): Vec<T> {
    const vec = Vec.withCapacity<T>(values.length);
    for (let index = 0; index < values.length; index++) vec.push(unchecked(values[index]));
    return vec;
  }

  /** A string as UTF-8. Lone surrogates become U+FFFD. */
  static fromString(text: string): Vec<u8> {
    const vec = Vec.withCapacity<u8>(utf8Length(text));
    vec.pushString(text);
    return vec;
  }

  /** How many elements there are. */
  get length(): i32 {
    const count = this.count;
    if (!count) this.check();
    return count;
  }

  /** How many elements there is room for. */
  get capacity(): i32 {
    this.check();
    return this.data.length;
  }

  /** There are no elements. */
  get isEmpty(): bool {
    return this.length == 0;
  }

  // @ts-ignore: decorator
  @operator("[]") @inline
  private getAt(index: i32): T {
    if (<u32>index >= <u32>this.count) this.fail(index);
    return unchecked(this.data[index]);
  }

  // @ts-ignore: decorator
  @operator("[]=")
  private setAt(index: i32, value: T): void {
    if (<u32>index >= <u32>this.count) this.fail(index);
    unchecked((this.data[index] = value));
  }

  private fail(index: i32): void {
    this.check();
    const length = this.count.toString();
    panic("index " + index.toString() + " is out of range of a Vec with length " + length);
  }

  /** Makes room for at least `more` elements beyond the length. */
  reserve(more: i32): void {
    const needed = this.length + more;
    if (more < 0 || needed < 0) panic("a Vec cannot be that large");
    if (needed > this.data.length) this.moveTo(needed);
  }

  /** Makes room for `more`, and for as many again, so that appending stays cheap. */
  private grow(more: i32): void {
    const capacity = this.data.length;
    if (this.count + more <= capacity) return;
    const spare = min(max(8, capacity >> 1), mostElements<T>() - this.count);
    this.reserve(max(more, spare));
  }

  /** Appends one element. */
  push(value: T): void {
    const index = this.count;
    if (!index) this.check();
    if (index == this.data.length) this.grow(1);
    this.count = index + 1;
    unchecked((this.data[index] = value));
  }

  /** Takes off the last element; a bug of the app when there is none. */
  pop(): T {
    const index = this.count - 1;
    if (index < 0) this.fail(index);
    const value = unchecked(this.data[index]);
    this.truncate(index);
    return value;
  }

  /** Appends the elements of another one. */
  extend(other: Vec<T>): void {
    const more = other.length;
    const at = this.length;
    this.grow(more);
    this.count = at + more;
    if (isManaged<T>()) {
      for (let index = 0; index < more; index++) this[at + index] = other[index];
    } else {
      this.copyFrom(at, other, 0, more);
    }
  }

  /** Appends the elements of an array. */
  extendFromArray(values: Array<T>): void {
    const at = this.length;
    this.grow(values.length);
    if (isManaged<T>()) {
      for (let index = 0; index < values.length; index++) this.push(values[index]);
    } else {
      this.count = at + values.length;
      this.copyArray(at, values);
    }
  }

  /** Appends a string as UTF-8; of a `Vec<u8>`. */
  pushString(text: string): void {
    if (sizeof<T>() != 1) ERROR("only a Vec<u8> holds UTF-8");
    const at = this.length;
    const more = utf8Length(text);
    this.grow(more);
    this.count = at + more;
    this.encode(at, text);
  }

  /** Shortens it to `length` elements; of no effect when it is shorter already. */
  truncate(length: i32): void {
    const count = this.length;
    if (length < 0) panic("a Vec cannot have a negative length");
    if (length >= count) return;
    this.count = length;
    // References must not keep alive what is gone.
    if (isManaged<T>()) this.fill(length, count - length, 0);
  }

  /** Takes out all elements; the room stays. */
  clear(): void {
    this.truncate(0);
  }

  /**
   * Sets the length, to the capacity at most. Elements that come in by this are what was last
   * there, at first 0. For numbers only.
   */
  setLength(length: i32): void {
    if (isManaged<T>()) ERROR("setLength is for numbers: references must be pushed");
    this.check();
    if (<u32>length > <u32>this.data.length) panic("a Vec cannot be longer than its capacity");
    this.count = length;
  }

  /** Makes it `length` elements long; new ones are `value`. */
  resize(length: i32, value: T): void {
    this.truncate(length);
    const at = this.count;
    const more = length - at;
    if (more == 0) return;
    this.grow(more);
    this.count = length;
    if (sizeof<T>() == 1) {
      this.fill(at, more, <u8>value);
    } else {
      for (let index = at; index < length; index++) unchecked((this.data[index] = value));
    }
  }

  /**
   * A copy of the elements from `start` up to, but without, `end`; negative numbers count from
   * the end.
   */
  slice(start: i32 = 0, end: i32 = i32.MAX_VALUE): Vec<T> {
    const length = this.length;
    const from = start < 0 ? max(length + start, 0) : min(start, length);
    const to = end < 0 ? max(length + end, 0) : min(end, length);
    const count = max(to - from, 0);
    const vec = Vec.withCapacity<T>(count);
    if (isManaged<T>()) {
      for (let index = 0; index < count; index++) vec.push(this[from + index]);
    } else {
      vec.count = count;
      vec.copyFrom(0, this, from, count);
    }
    return vec;
  }

  /** Takes out the first `count` elements; the others move to the front. */
  drain(count: i32): void {
    const length = this.length;
    if (<u32>count > <u32>length) panic("a Vec cannot drain more than its length");
    if (isManaged<T>()) {
      for (let index = count; index < length; index++) this[index - count] = this[index];
    } else {
      this.copyFrom(0, this, count, length - count);
    }
    this.truncate(length - count);
  }

  /** Where `value` is first, from `start` on; −1 when it is not there. */
  indexOf(value: T, start: i32 = 0): i32 {
    const length = this.length;
    for (let index = max(start, 0); index < length; index++) {
      if (unchecked(this.data[index]) == value) return index;
    }
    return -1;
  }

  /** Whether both have the same elements. */
  equals(other: Vec<T>): bool {
    const length = this.length;
    if (other.length != length) return false;
    for (let index = 0; index < length; index++) {
      if (this[index] != other[index]) return false;
    }
    return true;
  }

  /** The elements in an array. */
  toArray(): Array<T> {
    const length = this.length;
    const values = new Array<T>(length);
    for (let index = 0; index < length; index++) values[index] = this[index];
    return values;
  }

  /** Whether the bytes are UTF-8; of a `Vec<u8>`. */
  isUtf8(): bool {
    this.check();
    return this.isText();
  }

  /**
   * The string that the bytes from `start` up to, but without, `end` are in UTF-8; what is not
   * UTF-8 becomes U+FFFD. Of a `Vec<u8>`.
   */
  toString(start: i32 = 0, end: i32 = i32.MAX_VALUE): string {
    if (sizeof<T>() != 1) ERROR("only a Vec<u8> holds UTF-8");
    const length = this.length;
    const to = min(end, length);
    if (start < 0 || start > to) this.fail(start);
    return this.decode(start, to - start);
  }
}
