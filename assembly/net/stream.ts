/**
 * What connections have in common, whatever they go over.
 *
 * @module
 */
import { Offset, ShutdownFlag } from "../abi/flags";
import { Op } from "../abi/op";
import { CLOSED, CloseOperation } from "../closing";
import { BufResult, Result, Unit } from "../error";
import { AsyncRead, AsyncWrite } from "../io";
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
  close(): Promise<Result<Unit>> {
    const closing = new CloseOperation(this.handle, this.name);
    this.handle = CLOSED;
    return closing.start();
  }
}
