/**
 * What connections have in common, whatever they go over.
 *
 * @module
 */
import { Errno } from "../abi/errno";
import { Offset, ReceiveFlag, ShutdownFlag } from "../abi/flags";
import { Op } from "../abi/op";
import { CLOSED, CloseOperation } from "../closing";
import { BufResult, Error, Result, Unit } from "../error";
import { AsyncRead, AsyncWrite } from "../io";
import { Operation } from "../rt/operation";
import { Stream } from "../transfer";
import { Vec } from "../vec";
import { SocketOperation } from "./socket";

/** Which directions of a connection to end. */
export const enum Shutdown {
  /** Reading. */
  Read = ShutdownFlag.Read,
  /** Writing: the peer reads the end. */
  Write = ShutdownFlag.Write,
  /** Both. */
  Both = ShutdownFlag.All,
}

/**
 * A connection. Close it: nothing else does, before the app ends. A read and a write may be in
 * flight at the same time. So may several reads, which then share what comes; one at a time is
 * what a protocol usually wants.
 */
export abstract class SocketStream extends Stream implements AsyncRead, AsyncWrite {
  /** For std alone. */
  constructor(handle: u32, name: string) {
    super(handle, name, Offset.Current);
  }

  /**
   * See `AsyncRead.read`. The end comes once the peer has ended its direction. A peer that is gone
   * without having read everything is `ConnectionReset`. A read that is cancelled loses nothing:
   * it tells of the bytes that came before it could be, or leaves them for the next one.
   */
  // @ts-ignore: decorator
  @fresh
  read(buf: Vec<u8>): Promise<BufResult> {
    return this.transfer(Op.Read, buf, buf.capacity);
  }

  /**
   * See `AsyncWrite.write`. It is done when the system has taken the bytes, which says nothing
   * about whether they arrive. `BrokenPipe` when this end, or the whole connection, has ended.
   */
  // @ts-ignore: decorator
  @fresh
  write(buf: Vec<u8>): Promise<BufResult> {
    return this.transfer(Op.Write, buf, buf.length);
  }

  /**
   * Waits until something has come, and gives it as `read` does, but leaves it there: the next call
   * gives it again, and what has come since. More than fits is not lost either. To wait for more of
   * it than has come so far, read.
   */
  peek(buf: Vec<u8>): Promise<BufResult> {
    if (buf.capacity > 0) return new PeekOperation(this, buf).start();
    // To have got nothing would look like the end.
    const error = Error.fromResult(-Errno.EINVAL, 0, "peek", this.name);
    return Promise.resolve(new BufResult(0, buf, error));
  }

  /**
   * Ends one direction, or both. What was written before still arrives; the peer then reads the
   * end, and may go on writing. `NotConnected` when there is no connection any more.
   */
  shutdown(how: Shutdown): Promise<Result<Unit>> {
    return new SocketOperation(Op.Shutdown, "shutdown", this.handle, this.name, how, 0).start();
  }

  /**
   * Closes the connection, and cancels whatever is in flight on it first. What was written still
   * arrives, unless there is something that has come and was not read: then the peer is told that
   * the connection was reset.
   */
  // @ts-ignore: decorator
  @discardable
  close(): Promise<Result<Unit>> {
    const closing = new CloseOperation(this.handle, this.name);
    this.handle = CLOSED;
    return closing.start();
  }
}

// @ts-ignore: decorator
@final
class PeekOperation extends Operation<BufResult> {
  constructor(private stream: SocketStream, private buf: Vec<u8>) {
    super(Op.ReceiveFrom);
    this.handle = stream.handle;
    this.flagBits = ReceiveFlag.Peek;
    this.lend0(buf, buf.capacity);
  }

  protected settle(result: i64, osError: u32): BufResult {
    const buf = this.buf;
    if (result < 0) {
      return new BufResult(0, buf, Error.fromResult(result, osError, "peek", this.stream.name));
    }
    buf.setLength(<i32>result);
    return new BufResult(<i32>result, buf);
  }
}
