/**
 * What files and the standard streams have in common: bytes flow through a handle.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { Offset, Terminal } from "./abi/flags";
import { Op } from "./abi/op";
import { HandleOwner } from "./closing";
import { BufResult, Error } from "./error";
import { assign } from "./rt/create";
import { hostTerminal } from "./rt/host";
import { Operation, takeOperation } from "./rt/operation";
import { Vec } from "./vec";

/** A handle that bytes flow through. Every transfer is one operation and no task. */
export abstract class Stream extends HandleOwner {
  /** `name`: a path, an address, or the name of a standard stream. */
  constructor(
    handle: u32,
    name: string,
    /**
     * Where the next transfer begins that is not told where; `Offset.Current` for what has no
     * position of the guest's. For std alone.
     */
    public cursor: i64,
  ) {
    super(handle, name);
  }

  /** Whether a person is at the other end. */
  isTerminal(): bool {
    return hostTerminal(this.handle, Terminal.IsTerminal, 0) == 1;
  }

  /** Where a write begins: the cursor, or `Offset.Current`. For std alone. */
  get writePosition(): i64 {
    return this.cursor;
  }

  /**
   * Transfers at the cursor. That moves at once and by the whole length, so that of two transfers
   * in flight the second continues where the first ends; when fewer bytes went through, and no
   * later transfer relied on it, it moves back.
   */
  protected transfer(opcode: u32, buf: Vec<u8>, length: i32): Promise<BufResult> {
    const from = this.cursor;
    const reserved = from < 0 ? 0 : length;
    this.cursor = from + reserved;
    return startTransfer(this, opcode, buf, length, from, reserved);
  }

  /** Writes all of `buf` at an offset, and leaves the cursor alone. */
  protected transferAll(buf: Vec<u8>, offset: u64): Promise<BufResult> {
    if (<i64>offset < 0) return refuse(this, Op.Write, buf);
    return new WriteAllOperation(this, buf, <i64>offset).start();
  }

  /** Transfers at an offset, and leaves the cursor alone. */
  protected transferAt(
    opcode: u32, buf: Vec<u8>, length: i32, offset: u64,
  ): Promise<BufResult> {
    // To the host a negative offset means the current position.
    if (<i64>offset < 0) return refuse(this, opcode, buf);
    return startTransfer(this, opcode, buf, length, <i64>offset, 0);
  }
}

/**
 * Starts one read or write of `length` bytes at `from`, or at the system's position when that is
 * `Offset.Current`. The cursor has moved by `reserved` bytes in advance.
 */
export function startTransfer(
  stream: Stream, opcode: u32, buf: Vec<u8>, length: i32, from: i64, reserved: i32,
): Promise<BufResult> {
  // A read into nothing would look like the end of the stream.
  if (length == 0 && opcode == Op.Read) return refuse(stream, opcode, buf);
  return Transfer.of(stream, opcode, buf, length, from, reserved).start();
}

function refuse(stream: Stream, opcode: u32, buf: Vec<u8>): Promise<BufResult> {
  return Promise.resolve(new BufResult(0, buf, errorOf(stream, opcode, -Errno.EINVAL, 0)));
}

function errorOf(stream: Stream, opcode: u32, result: i64, osError: u32): Error {
  const operation = opcode == Op.Read ? "read" : "write";
  return Error.fromResult(result, osError, operation, stream.name);
}

/** One read or write. */
// @ts-ignore: decorator
@final
class Transfer extends Operation<BufResult> {
  private stream!: Stream;
  /** By how much the cursor has moved in advance. */
  private reserved!: i32;

  /** Instead of a constructor, which would be one for each base class: there are many of these. */
  // @ts-ignore: decorator
  @inline
  static of(
    stream: Stream, opcode: u32, buf: Vec<u8>, length: i32, from: i64, reserved: i32,
  ): Transfer {
    const transfer = takeOperation<Transfer>();
    transfer.prepare(opcode, stream.handle, from);
    transfer.lendFirst(buf, length);
    assign(transfer, offsetof<Transfer>("stream"), stream);
    transfer.reserved = reserved;
    return transfer;
  }

  protected settle(result: i64, osError: u32): BufResult {
    const n = <i32>max(result, 0);
    const stream = this.stream;
    const opcode = this.opcode;
    const buf = this.first;
    const reserved = this.reserved;
    // If nobody has moved the cursor since, it moves back to where the transfer has ended.
    if (reserved != 0 && stream.cursor == this.offset + reserved) {
      stream.cursor = this.offset + min(n, reserved);
    }
    if (result < 0) return new BufResult(0, buf, errorOf(stream, opcode, result, osError));
    if (opcode == Op.Read) buf.setLength(n);
    return BufResult.of(n, buf);
  }
}

/** Writes until everything is written, as one operation; `at`: where, or `Offset.Current`. */
export class WriteAllOperation extends Operation<BufResult> {
  /** How much has been written before what is in flight. */
  private done: i32 = 0;
  private length: i32;

  constructor(private stream: Stream, private buf: Vec<u8>, private at: i64) {
    super(Op.Write);
    this.length = buf.length;
    this.handle = stream.handle;
    this.offset = at;
    this.lend0(buf, buf.length);
  }

  protected retry(result: i64): bool {
    const done = this.done + <i32>result;
    if (result <= 0 || done == this.length) return false;
    this.done = done;
    this.advance0(<u32>result);
    if (this.at != Offset.Current) this.offset = this.at + done;
    return true;
  }

  protected settle(result: i64, osError: u32): BufResult {
    const buf = this.buf;
    const n = this.done + <i32>max(result, 0);
    if (result >= 0 && n == this.length) return new BufResult(n, buf);
    // A write that took nothing, or one that was cancelled half way, is no success.
    if (result >= 0) result = result == 0 ? -Errno.EIO : -Errno.ECANCELED;
    return new BufResult(n, buf, errorOf(this.stream, Op.Write, result, osError));
  }
}
