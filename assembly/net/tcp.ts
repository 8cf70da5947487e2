/**
 * Streams of bytes between two machines.
 *
 * @module
 */
import { SocketOption } from "../abi/flags";
import { SocketAddress } from "../abi/layout";
import { Op } from "../abi/op";
import { CLOSED, CloseOperation, HandleOwner } from "../closing";
import { Result, Unit } from "../error";
import { SocketAddr } from "./address";
import { tryEach } from "./lookup";
import { OptionOperation, SocketMaker, localAddrOf, peerAddrOf, setOption } from "./socket";
import { SocketStream } from "./stream";

/** How many connections may wait to be accepted. The system may allow fewer. */
export const BACKLOG: i64 = 1024;

/** A connection over TCP. See `SocketStream`. */
export class TcpStream extends SocketStream {
  /** Use `TcpStream.connect` or `TcpListener.accept`. */
  constructor(handle: u32, name: string) {
    super(handle, name);
  }

  /**
   * Connects to `127.0.0.1:80`, `[::1]:80` or `example.com:80`. The addresses of a name are tried
   * one after the other; when all fail the error is that of the last one.
   *
   * The kinds of error to expect are `ConnectionRefused`, `TimedOut`, `NetworkUnreachable`,
   * `HostUnreachable`, those of `lookupHost`, and `PermissionDenied` for what the app was not
   * given.
   */
  static connect(address: string): Promise<Result<TcpStream>> {
    const parsed = SocketAddr.parse(address);
    if (parsed.isErr) return tryEach<TcpStream>(address, 0, connectTo);
    return TcpStream.connectAddr(parsed.unwrap());
  }

  /** The same for an address. */
  static connectAddr(address: SocketAddr): Promise<Result<TcpStream>> {
    return new ConnectOperation(address).start();
  }

  /**
   * Whether small writes leave at once, as they do unless this says no, rather than wait until all
   * that was written before has been confirmed. Waiting makes fewer packets of many small writes;
   * it costs 40 ms and more where the peer answers only to all of them: better use a `BufWriter`.
   */
  setNodelay(yes: bool): Promise<Result<Unit>> {
    return setOption("set nodelay", this.handle, this.name, SocketOption.NoDelay, yes ? 1 : 0);
  }

  /** Whether small writes leave at once. */
  nodelay(): Promise<Result<bool>> {
    const option = SocketOption.NoDelay;
    return new OptionOperation<bool>("nodelay", this.handle, this.name, option).start();
  }

  /** Whether the peer is asked for a sign of life when nothing has come for long. */
  setKeepalive(yes: bool): Promise<Result<Unit>> {
    return setOption("set keepalive", this.handle, this.name, SocketOption.KeepAlive, yes ? 1 : 0);
  }

  /**
   * Whether closing drops what was not sent, and resets the connection: the peer reads
   * `ConnectionReset`, and the system keeps nothing of it. No other time to linger can be set: a
   * close that waits would hold up the app. To know that all has arrived, `shutdown` writing, and
   * read up to the end that the peer makes.
   */
  setZeroLinger(yes: bool): Promise<Result<Unit>> {
    const option = SocketOption.ZeroLinger;
    return setOption("set zero linger", this.handle, this.name, option, yes ? 1 : 0);
  }

  /** Whether closing resets the connection. */
  zeroLinger(): Promise<Result<bool>> {
    const option = SocketOption.ZeroLinger;
    return new OptionOperation<bool>("zero linger", this.handle, this.name, option).start();
  }

  /** How many routers a packet may pass, 1 to 255. */
  setTtl(hops: u32): Promise<Result<Unit>> {
    return setOption("set ttl", this.handle, this.name, SocketOption.TimeToLive, hops);
  }

  /** How many routers a packet may pass. */
  ttl(): Promise<Result<u32>> {
    const option = SocketOption.TimeToLive;
    return new OptionOperation<u32>("ttl", this.handle, this.name, option).start();
  }

  /** The address of the other end. */
  peerAddr(): Promise<Result<SocketAddr>> {
    return peerAddrOf(this.handle, this.name);
  }

  /** The address of this end. */
  localAddr(): Promise<Result<SocketAddr>> {
    return localAddrOf(this.handle, this.name);
  }
}

/** Waits for connections. Close it: nothing else does, before the app ends. */
export class TcpListener extends HandleOwner {
  private constructor(handle: u32, name: string) {
    super(handle, name);
  }

  /**
   * Listens on `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`; of the addresses of a name on
   * the first that will do. Port 0 is one that is free, see `localAddr`. On `[::]` connections
   * over IPv4 come as well, from addresses `::ffff:a.b.c.d`, unless `flags` has `Bind.Ipv6Only`.
   *
   * The kinds of error to expect are `AddrInUse`, `AddrNotAvailable`, `PermissionDenied` for what
   * the app was not given, and for a name those of `lookupHost`.
   */
  static bind(address: string, flags: u32 = 0): Promise<Result<TcpListener>> {
    const parsed = SocketAddr.parse(address);
    if (parsed.isErr) return tryEach<TcpListener>(address, flags, listenOn);
    return listenOn(parsed.unwrap(), flags);
  }

  /** The same for an address. */
  static bindAddr(address: SocketAddr, flags: u32 = 0): Promise<Result<TcpListener>> {
    return listenOn(address, flags);
  }

  /** For std alone. */
  static of(handle: u32, name: string): TcpListener {
    return new TcpListener(handle, name);
  }

  /**
   * Waits for the next connection, whose `name` is the peer's address. Any number may be waited
   * for at once. After an error the listener is as good as before: "too many open files", for
   * one, ends when something is closed, and the connection has waited.
   */
  accept(): Promise<Result<TcpStream>> {
    return new AcceptOperation(this.handle, this.name).start();
  }

  /** The address that it listens on, the real port in it. */
  localAddr(): Promise<Result<SocketAddr>> {
    return localAddrOf(this.handle, this.name);
  }

  /** Stops to listen. Whoever waits for a connection is told that it is cancelled. */
  // @ts-ignore: decorator
  @discardable
  close(): Promise<Result<Unit>> {
    const closing = new CloseOperation(this.handle, this.name);
    this.handle = CLOSED;
    return closing.start();
  }
}

function connectTo(address: SocketAddr, _flags: u32): Promise<Result<TcpStream>> {
  return TcpStream.connectAddr(address);
}

function listenOn(address: SocketAddr, flags: u32): Promise<Result<TcpListener>> {
  return new ListenOperation(address, flags).start();
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
  constructor(address: SocketAddr, flags: u32) {
    super(Op.Listen, "listen", address.toString());
    this.flagBits = flags;
    this.offset = BACKLOG;
    this.lend0(address.toRecord(), SocketAddress.Size);
    this.askForName();
  }

  protected made(handle: u32): TcpListener {
    return TcpListener.of(handle, this.name);
  }
}

// @ts-ignore: decorator
@final
class AcceptOperation extends SocketMaker<TcpStream> {
  constructor(listener: u32, name: string) {
    super(Op.Accept, "accept", name);
    this.handle = listener;
    this.askForName();
  }

  protected made(handle: u32): TcpStream {
    return new TcpStream(handle, this.name);
  }
}
