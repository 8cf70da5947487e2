/**
 * Datagrams: messages that arrive whole or not at all, in any order, once or twice.
 *
 * @module
 */
import { Errno } from "../abi/errno";
import { Offset, SocketOption } from "../abi/flags";
import { SocketAddress } from "../abi/layout";
import { Op } from "../abi/op";
import { CLOSED, CloseOperation, HandleOwner } from "../closing";
import { BufResult, Error, Result, Unit } from "../error";
import { Operation } from "../rt/operation";
import { Vec } from "../vec";
import { SocketAddr } from "./address";
import { lookupText, tryEach } from "./lookup";
import {
  OptionOperation, SocketMaker, SocketOperation, localAddrOf, peerAddrOf, setOption,
} from "./socket";

/** The outcome of `recvFrom`: what came, and from where. */
export class RecvResult extends BufResult {
  constructor(n: i32, buf: Vec<u8>, failure: Error | null, private sender: SocketAddr | null) {
    super(n, buf, failure);
  }

  /** Who sent it. When there was an error instead the app dies with its message. */
  get from(): SocketAddr {
    this.unwrap();
    return this.sender!;
  }
}

/**
 * A socket for datagrams. Close it: nothing else does, before the app ends. Any number of calls
 * may be in flight on it.
 */
export class UdpSocket extends HandleOwner {
  /** Whom it is connected to, for messages. For std alone. */
  peer: string;

  private constructor(handle: u32, name: string) {
    super(handle, name);
    this.peer = name;
  }

  /**
   * A socket with the address `0.0.0.0:53`, `[::]:53` or `localhost:53`; port 0 is one that is
   * free. The kinds of error are those of `TcpListener.bind`.
   */
  static bind(address: string): Promise<Result<UdpSocket>> {
    const parsed = SocketAddr.parse(address);
    if (parsed.isErr) return tryEach<UdpSocket>(address, UdpSocket.bindAddr);
    return UdpSocket.bindAddr(parsed.unwrap());
  }

  /** The same for an address. */
  static bindAddr(address: SocketAddr): Promise<Result<UdpSocket>> {
    return new BindOperation(address).start();
  }

  /** For std alone. */
  static of(handle: u32, name: string): UdpSocket {
    return new UdpSocket(handle, name);
  }

  /**
   * Sets whom `send` sends to; from now on datagrams come from there alone. Asks nobody: that
   * there is nobody shows when something is sent.
   */
  async connect(address: string): Promise<Result<Unit>> {
    const parsed = SocketAddr.parse(address);
    if (parsed.isOk) return await this.connectAddr(parsed.unwrap());
    const found = await lookupText(address);
    if (found.isErr) return Result.err<Unit>(found.error);
    const addresses = found.unwrap();
    let last = 0;
    while (true) {
      const connected = await this.connectAddr(addresses[last]);
      if (connected.isOk || ++last == addresses.length) return connected;
    }
  }

  /** The same for an address. */
  connectAddr(address: SocketAddr): Promise<Result<Unit>> {
    const peer = address.toString();
    return new ConnectOperation(this, this.handle, peer, address.toRecord()).start();
  }

  /**
   * Sends a datagram to whom the socket is connected to. `NotConnected` (or another error of the
   * system) when it is to nobody, `ConnectionRefused` when the one before did not arrive because
   * nobody is there.
   */
  send(buf: Vec<u8>): Promise<BufResult> {
    const peer = this.peer;
    return new DatagramOperation(Op.Write, "send", this.handle, peer, buf, buf.length).start();
  }

  /**
   * Receives one datagram: `n` bytes, maybe 0. What does not fit into the capacity of `buf` is
   * lost.
   */
  recv(buf: Vec<u8>): Promise<BufResult> {
    const name = this.name;
    if (buf.capacity == 0) return Promise.resolve(new BufResult(0, buf, noRoom("recv", name)));
    return new DatagramOperation(Op.Read, "recv", this.handle, name, buf, buf.capacity).start();
  }

  /**
   * Sends a datagram. `InvalidInput`, or another error of the system, when the address is of the
   * other protocol; `Other` ("message too large") when it is longer than a datagram can be.
   */
  sendTo(buf: Vec<u8>, address: SocketAddr): Promise<BufResult> {
    return new SendToOperation(this.handle, buf, address).start();
  }

  /** Receives one datagram, and tells who sent it; otherwise as `recv`. */
  recvFrom(buf: Vec<u8>): Promise<RecvResult> {
    const name = this.name;
    if (buf.capacity == 0) {
      return Promise.resolve(new RecvResult(0, buf, noRoom("recv from", name), null));
    }
    return new RecvFromOperation(this.handle, name, buf).start();
  }

  /** The address that it is bound to, the real port in it. */
  localAddr(): Promise<Result<SocketAddr>> {
    return localAddrOf(this.handle, this.name);
  }

  /** Whom it is connected to; `NotConnected` when to nobody. */
  peerAddr(): Promise<Result<SocketAddr>> {
    return peerAddrOf(this.handle, this.name);
  }

  /** Whether it may send to everybody at once. */
  setBroadcast(yes: bool): Promise<Result<Unit>> {
    return setOption("set broadcast", this.handle, this.name, SocketOption.Broadcast, yes ? 1 : 0);
  }

  /** Whether it may send to everybody at once. */
  broadcast(): Promise<Result<bool>> {
    const option = SocketOption.Broadcast;
    return new OptionOperation<bool>("broadcast", this.handle, this.name, option).start();
  }

  /** How many routers a datagram may pass, 1 to 255. */
  setTtl(hops: u32): Promise<Result<Unit>> {
    return setOption("set ttl", this.handle, this.name, SocketOption.TimeToLive, hops);
  }

  /** How many routers a datagram may pass. */
  ttl(): Promise<Result<u32>> {
    const option = SocketOption.TimeToLive;
    return new OptionOperation<u32>("ttl", this.handle, this.name, option).start();
  }

  /** Closes it, and cancels whatever is in flight on it first. */
  close(): Promise<Result<Unit>> {
    const closing = new CloseOperation(this.handle, this.name);
    this.handle = CLOSED;
    return closing.start();
  }
}

function noRoom(verb: string, name: string): Error {
  return Error.fromResult(-Errno.EINVAL, 0, verb, name);
}

// @ts-ignore: decorator
@final
class BindOperation extends SocketMaker<UdpSocket> {
  constructor(address: SocketAddr) {
    super(Op.BindDatagram, "bind", address.toString());
    this.lend0(address.toRecord(), SocketAddress.Size);
    this.askForName();
  }

  protected made(handle: u32): UdpSocket {
    return UdpSocket.of(handle, this.name);
  }
}

// @ts-ignore: decorator
@final
class ConnectOperation extends SocketOperation {
  constructor(private socket: UdpSocket, handle: u32, private peer: string, record: Vec<u8>) {
    super(Op.ConnectDatagram, "connect", handle, peer, 0, 0);
    this.lend0(record, SocketAddress.Size);
  }

  protected settle(result: i64, osError: u32): Result<Unit> {
    if (result >= 0) this.socket.peer = this.peer;
    return super.settle(result, osError);
  }
}

/** One datagram of a socket that is connected. */
class DatagramOperation extends Operation<BufResult> {
  constructor(
    opcode: u32, private verb: string, handle: u32, private name: string, private buf: Vec<u8>,
    length: i32,
  ) {
    super(opcode);
    this.handle = handle;
    if (opcode != Op.SendTo) this.offset = Offset.Current;
    this.lend0(buf, length);
  }

  protected settle(result: i64, osError: u32): BufResult {
    if (result < 0) {
      const error = Error.fromResult(result, osError, this.verb, this.name);
      return new BufResult(0, this.buf, error);
    }
    if (this.opcode == Op.Read) this.buf.setLength(<i32>result);
    return new BufResult(<i32>result, this.buf);
  }
}

// @ts-ignore: decorator
@final
class SendToOperation extends DatagramOperation {
  constructor(handle: u32, buf: Vec<u8>, address: SocketAddr) {
    super(Op.SendTo, "send to", handle, address.toString(), buf, buf.length);
    this.lend1(address.toRecord(), SocketAddress.Size);
  }
}

// @ts-ignore: decorator
@final
class RecvFromOperation extends Operation<RecvResult> {
  private address: Vec<u8>;

  constructor(handle: u32, private name: string, private buf: Vec<u8>) {
    super(Op.ReceiveFrom);
    this.address = Vec.withCapacity<u8>(SocketAddress.Size);
    this.handle = handle;
    this.lend0(buf, buf.capacity);
    this.lend1(this.address, SocketAddress.Size);
  }

  protected settle(result: i64, osError: u32): RecvResult {
    const buf = this.buf;
    if (result < 0) {
      const error = Error.fromResult(result, osError, "recv from", this.name);
      return new RecvResult(0, buf, error, null);
    }
    buf.setLength(<i32>result);
    return new RecvResult(<i32>result, buf, null, SocketAddr.fromRecord(this.address));
  }
}
