/**
 * The guest's memory, and the only file that touches it. Everything is reached through names;
 * views are cached, because making one costs more than an operation does, and renewed when the
 * guest has grown its memory.
 */
import { Overlapped, OverlappedState } from "./abi.js";

const utf8 = new TextDecoder("utf-8");

/** A guest's linear memory with cached views. All addresses and lengths are unsigned 32 bits. */
export class GuestMemory {
  /** The size in bytes, as of the last `renew`. */
  size: number;

  /** The memory itself, for embedders. */
  readonly memory: WebAssembly.Memory;
  /** Whether the old buffer stays usable when the memory grows, as a shared one does. */
  private readonly shared: boolean;
  private buffer: ArrayBufferLike;
  private bytes: Uint8Array;
  private words: Uint32Array;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.buffer = memory.buffer;
    this.shared = !(this.buffer instanceof ArrayBuffer);
    this.bytes = new Uint8Array(this.buffer);
    this.words = new Uint32Array(this.buffer);
    this.size = this.bytes.length;
  }

  /**
   * Looks whether the guest has grown its memory, and renews the views if so.
   *
   * Growing detaches an unshared buffer, which empties its views: that is far cheaper to see than
   * asking for `memory.buffer`.
   *
   * @returns true when the views are new, so that the backend must be told.
   */
  renew(): boolean {
    if (this.words.length !== 0 && !this.shared) return false;
    const buffer = this.memory.buffer;
    if (buffer === this.buffer && this.bytes.length === buffer.byteLength) return false;
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.size = this.bytes.length;
    return true;
  }

  /** A view of all of the memory, for a backend. */
  whole(): Uint8Array {
    return new Uint8Array(this.buffer);
  }

  /** Whether `length` bytes from `address` lie inside. Sums of two u32 are exact, so none wraps. */
  contains(address: number, length: number): boolean {
    return address + length <= this.size;
  }

  /** Whether a record that the host can complete lies at `address`: inside, and aligned. */
  holdsRecord(address: number): boolean {
    return (address & 7) === 0 && address !== 0 && this.contains(address, Overlapped.Size);
  }

  /** The 32-bit word at an aligned address that lies inside. */
  word(address: number): number {
    return this.words[address >>> 2]!;
  }

  /** The byte at an address that lies inside. */
  byte(address: number): number {
    return this.bytes[address]!;
  }

  /** What the guest's record says its token is; the guest may have written anything there. */
  token(at: number): number {
    return this.words[at + (Overlapped.Token >> 2)]!;
  }

  // The fields of a record, which is named by the index of its first word: its address / 4. Each is
  // read exactly once by the call that serves the operation, so that a record which changes under
  // the host's hands cannot pass a check as one thing and be performed as another.

  /** `Overlapped.Opcode` of a record. */
  opcode(at: number): number {
    return this.words[at + (Overlapped.Opcode >> 2)]!;
  }

  /** `Overlapped.Flags`. */
  flags(at: number): number {
    return this.words[at + (Overlapped.Flags >> 2)]!;
  }

  /** `Overlapped.Handle`. */
  handle(at: number): number {
    return this.words[at + (Overlapped.Handle >> 2)]!;
  }

  /** `Overlapped.Ptr0`. */
  pointer0(at: number): number {
    return this.words[at + (Overlapped.Ptr0 >> 2)]!;
  }

  /** `Overlapped.Len0`. */
  length0(at: number): number {
    return this.words[at + (Overlapped.Len0 >> 2)]!;
  }

  /** `Overlapped.Ptr1`. */
  pointer1(at: number): number {
    return this.words[at + (Overlapped.Ptr1 >> 2)]!;
  }

  /** `Overlapped.Len1`. */
  length1(at: number): number {
    return this.words[at + (Overlapped.Len1 >> 2)]!;
  }

  /** The low half of `Overlapped.Offset`. */
  offsetLow(at: number): number {
    return this.words[at + (Overlapped.Offset >> 2)]!;
  }

  /** The high half of `Overlapped.Offset`. */
  offsetHigh(at: number): number {
    return this.words[at + (Overlapped.Offset >> 2) + 1]!;
  }

  /** Notes in the guest's record which operation in flight it is. */
  writeToken(at: number, token: number): void {
    this.words[at + (Overlapped.Token >> 2)] = token;
  }

  /** Completes a record. `low` and `high` are the halves of the signed 64-bit result. */
  writeResult(at: number, low: number, high: number, osError: number): void {
    const words = this.words;
    words[at + (Overlapped.Result >> 2)] = low;
    words[at + (Overlapped.Result >> 2) + 1] = high;
    words[at + (Overlapped.OsError >> 2)] = osError;
    words[at + (Overlapped.State >> 2)] = OverlappedState.Done;
  }

  /** Writes the 32-bit `value` at an aligned address that lies inside. */
  writeWord(address: number, value: number): void {
    this.words[address >>> 2] = value;
  }

  /** A copy of `length` bytes at an address; the range must lie inside. */
  copyOut(address: number, length: number): Uint8Array {
    return this.bytes.slice(address, address + length);
  }

  /** Copies `source` to an address; the range must lie inside. */
  copyIn(address: number, source: Uint8Array): void {
    this.bytes.set(source, address);
  }

  /** A live view of a range that lies inside, to be filled and forgotten at once. */
  range(address: number, length: number): Uint8Array {
    return this.bytes.subarray(address, address + length);
  }

  /**
   * Text in UTF-8; bytes that are none become U+FFFD. Whatever part of the range lies outside is
   * left off, and so is what exceeds `limit` bytes: this serves messages, not data.
   */
  text(address: number, length: number, limit: number): string {
    const end = Math.min(address + Math.min(length, limit), this.bytes.length);
    // A copy, since decoders in browsers refuse views of shared memory.
    return address >= end ? "" : utf8.decode(this.bytes.slice(address, end));
  }

  /**
   * An AssemblyScript string: UTF-16, its length in bytes in the word before it. Null gives "". As
   * tolerant as `text`.
   */
  string(address: number, limit: number): string {
    if (address < 4 || (address & 1) !== 0 || !this.contains(address, 0)) return "";
    // Whole characters; the size is one of pages. Of addresses and lengths bits are not combined:
    // above 2 GiB that makes negative numbers.
    const length = this.words[(address - 4) >>> 2]!;
    const end = Math.min(address + Math.min(length - length % 2, limit), this.bytes.length);
    return address >= end ? "" : new TextDecoder("utf-16le").decode(this.bytes.slice(address, end));
  }
}

