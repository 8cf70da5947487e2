/**
 * Streams of bytes between two machines.
 *
 * @module
 */
import { Offset, ShutdownFlag, SocketNameFlag, SocketOption } from "../abi/flags";
import { SocketAddress } from "../abi/layout";
import { Op } from "../abi/op";
import { CLOSED, CloseOperation } from "../closing";
import { BufResult, Result, Unit } from "../error";
import { AsyncRead, AsyncWrite } from "../io";
import { Stream } from "../transfer";
import { Vec } from "../vec";
import { SocketAddr } from "./address";
import { NameOperation, OptionOperation, SocketMaker, SocketOperation } from "./socket";

/** How many connections may wait to be accepted. The system may allow fewer. */
const BACKLOG: i64 = 1024;

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
 * A connection. Close it: nothing else does, before the app ends. One read and one write, and more
 * of them, may be in flight at the same time; several reads share what comes in some order.
 */
export class TcpStream extends Stream implements AsyncRead, AsyncWrite {
  /** Use `TcpStream.connect` or `TcpListener.accept`. */
  constructor(handle: u32, name: string) {
    super(handle, name, Offset.Current);
  }

  /**
   * Connects to an address, `127.0.0.1:80` or `[::1]:80`. The kinds of error to expect are
   * `ConnectionRefused`, `TimedOut`, `NetworkUnreachable`, `HostUnreachable`, and
   * `PermissionDenied` for what the app was not given.
   */
  static connect(address: string): Promise<Result<TcpStream>> {
    const parsed = SocketAddr.parse(address);
    if (parsed.isErr) return Promise.resolve(Result.err<TcpStream>(parsed.error));
    return TcpStream.connectAddr(parsed.unwrap());
  }

  /** The same for an address that is one already. */
  static connectAddr(address: SocketAddr): Promise<Result<TcpStream>> {
    return new ConnectOperation(address).start();
  }

  /** See `AsyncRead.read`. The end comes once the peer has ended its direction. */
  // @ts-ignore: decorator
  @fresh
  read(buf: Vec<u8>): Promise<BufResult> {
    return this.transfer(Op.Read, buf, buf.capacity);
  }

  /** See `AsyncWrite.write`. */
  // @ts-ignore: decorator
  @fresh
  write(buf: Vec<u8>): Promise<BufResult> {
    return this.transfer(Op.Write, buf, buf.length);
  }

  /**
   * Ends one direction, or both. What was written before still arrives; the peer then reads the
   * end, and may go on writing. `NotConnected` when the peer has ended everything.
   */
  shutdown(how: Shutdown): Promise<Result<Unit>> {
    return new SocketOperation(Op.Shutdown, "shutdown", this.handle, this.name, how, 0).start();
  }

  /** Whether small writes leave at once, rather than wait for more to go with. */
  setNodelay(yes: bool): Promise<Result<Unit>> {
    return setOption(this, "set nodelay", SocketOption.NoDelay, yes);
  }

  /** Whether small writes leave at once. */
  async nodelay(): Promise<Result<bool>> {
    const option = SocketOption.NoDelay;
    const got = await new OptionOperation("nodelay", this.handle, this.name, option).start();
    if (got.isErr) return Result.err<bool>(got.error);
    return Result.ok<bool>(got.unwrap() != 0);
  }

  /** The address of the other end. */
  peerAddr(): Promise<Result<SocketAddr>> {
    return new NameOperation(this.handle, this.name, SocketNameFlag.Peer).start();
  }

  /** The address of this end. */
  localAddr(): Promise<Result<SocketAddr>> {
    return new NameOperation(this.handle, this.name, SocketNameFlag.Local).start();
  }

  /**
   * Closes the connection, and cancels whatever is in flight on it first. What has come and was
   * not read makes the peer's connection "reset"; what was written still arrives.
   */
  close(): Promise<Result<Unit>> {
    const closing = new CloseOperation(this.handle, this.name);
    this.handle = CLOSED;
    return closing.start();
  }
}

function setOption(
  stream: Stream, verb: string, option: u32, value: i64,
): Promise<Result<Unit>> {
  const op = Op.SetSocketOption;
  return new SocketOperation(op, verb, stream.handle, stream.name, option, value).start();
}

/** Waits for connections. Close it: nothing else does, before the app ends. */
export class TcpListener {
  private constructor(private handle: u32, private name: string) {}

  /**
   * Listens on an address, `127.0.0.1:8080` or `[::1]:8080`; port 0 is one that is free, see
   * `localAddr`. The kinds of error to expect are `AddrInUse`, `AddrNotAvailable`, and
   * `PermissionDenied` for what the app was not given.
   */
  static bind(address: string): Promise<Result<TcpListener>> {
    const parsed = SocketAddr.parse(address);
    if (parsed.isErr) return Promise.resolve(Result.err<TcpListener>(parsed.error));
    return TcpListener.bindAddr(parsed.unwrap());
  }

  /** The same for an address that is one already. */
  static bindAddr(address: SocketAddr): Promise<Result<TcpListener>> {
    return new ListenOperation(address).start();
  }

  /** For std alone. */
  static of(handle: u32, name: string): TcpListener {
    return new TcpListener(handle, name);
  }

  /**
   * Waits for the next connection. Any number may be waited for at once. `peerAddr` tells whose it
   * is. After an error the listener is as good as before: `Other` (EMFILE), for one, goes away
   * when something is closed, and the connection has waited.
   */
  accept(): Promise<Result<TcpStream>> {
    return new AcceptOperation(this.handle, this.name).start();
  }

  /** The address that it listens on, the real port in it. */
  localAddr(): Promise<Result<SocketAddr>> {
    return new NameOperation(this.handle, this.name, SocketNameFlag.Local).start();
  }

  /** Stops to listen. Whoever waits for a connection is told that it is cancelled. */
  close(): Promise<Result<Unit>> {
    const closing = new CloseOperation(this.handle, this.name);
    this.handle = CLOSED;
    return closing.start();
  }
}

// @ts-ignore: decorator
@final
class ConnectOperation extends SocketMaker<TcpStream> {
  constructor(address: SocketAddr) {
    super(Op.Connect, "connect", address.toString());
    this.lend0(address.toRecord(), SocketAddress.Size);
  }

  protected made(handle: u32): TcpStream {
    return new TcpStream(handle, this.name);
  }
}

// @ts-ignore: decorator
@final
class ListenOperation extends SocketMaker<TcpListener> {
  constructor(address: SocketAddr) {
    super(Op.Listen, "listen", address.toString());
    this.offset = BACKLOG;
    this.lend0(address.toRecord(), SocketAddress.Size);
  }

  protected made(handle: u32): TcpListener {
    return TcpListener.of(handle, this.name);
  }
}

// @ts-ignore: decorator
@final
class AcceptOperation extends SocketMaker<TcpStream> {
  private address: Vec<u8>;

  constructor(listener: u32, name: string) {
    super(Op.Accept, "accept", name);
    this.address = Vec.withCapacity<u8>(SocketAddress.Size);
    this.handle = listener;
    this.lend1(this.address, SocketAddress.Size);
  }

  protected made(handle: u32): TcpStream {
    return new TcpStream(handle, SocketAddr.fromRecord(this.address).toString());
  }
}
