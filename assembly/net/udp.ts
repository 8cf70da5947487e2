/**
 * Datagrams: messages that arrive whole or not at all, in any order, once or twice.
 *
 * @module
 */
import { Errno } from "../abi/errno";
import {
  MembershipFlag, Offset, ReceiveFlag, ReceivedWord, SocketOption,
} from "../abi/flags";
import { SocketAddress } from "../abi/layout";
import { Op } from "../abi/op";
import { CLOSED, CloseOperation, HandleOwner } from "../closing";
import { BufResult, Error, Result, Unit } from "../error";
import { Operation } from "../rt/operation";
import { Vec } from "../vec";
import { IpAddr, SocketAddr } from "./address";
import { lookupText, tryEach } from "./lookup";
import {
  OptionOperation, SocketMaker, SocketOperation, localAddrOf, peerAddrOf, setOption,
} from "./socket";

/** The outcome of receiving a datagram: what came, whether that is all of it, and from where. */
export class RecvResult extends BufResult {
  constructor(
    n: i32,
    buf: Vec<u8>,
    failure: Error | null,
    private sender: SocketAddr | null,
    /** The datagram was longer than the capacity of the buffer, which has its beginning. */
    readonly truncated: bool = false,
  ) {
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
   * free. `flags`: those of `Bind`. The kinds of error are those of `TcpListener.bind`.
   */
  static bind(address: string, flags: u32 = 0): Promise<Result<UdpSocket>> {
    const parsed = SocketAddr.parse(address);
    if (parsed.isErr) return tryEach<UdpSocket>(address, flags, bindTo);
    return bindTo(parsed.unwrap(), flags);
  }

  /** The same for an address. */
  static bindAddr(address: SocketAddr, flags: u32 = 0): Promise<Result<UdpSocket>> {
    return bindTo(address, flags);
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
    return new SendOperation(Op.Write, "send", this.handle, peer, buf).start();
  }

  /**
   * Receives one datagram: `n` bytes, maybe 0. What does not fit into the capacity of `buf` is
   * lost, and `truncated` says so.
   */
  recv(buf: Vec<u8>): Promise<RecvResult> {
    return this.receive("recv", buf, 0);
  }

  /**
   * Sends a datagram. `InvalidInput`, or another error of the system, when the address is of the
   * other protocol; `Other` ("message too large") when it is longer than a datagram can be.
   */
  sendTo(buf: Vec<u8>, address: SocketAddr): Promise<BufResult> {
    return new SendToOperation(this.handle, buf, address).start();
  }

  /** The same as `recv`, for a socket that hears many: see `RecvResult.from`. */
  recvFrom(buf: Vec<u8>): Promise<RecvResult> {
    return this.receive("recv from", buf, 0);
  }

  /** Waits for a datagram and looks at it as `recvFrom` does, but leaves it to the next call. */
  peek(buf: Vec<u8>): Promise<RecvResult> {
    return this.receive("peek", buf, ReceiveFlag.Peek);
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

  /**
   * Joins a group of machines, so that what others send to its address comes as well, to the port
   * that the socket has; bind it to the unspecified address for that, or to the group's.
   * `interfaceId` is the number of an interface of this machine, 0 for the one that the system
   * chooses. It ends when the socket is closed.
   *
   * `AddrInUse` when it is in it already, `InvalidInput` for an address that is no group's, or of
   * the other protocol, `NoSuchDevice` where there is no such interface, and `PermissionDenied`
   * unless the app was given the group's address to listen on.
   */
  joinMulticast(group: IpAddr, interfaceId: u32 = 0): Promise<Result<Unit>> {
    return new MembershipOperation(this.handle, MembershipFlag.Join, group, interfaceId).start();
  }

  /** Leaves a group that it has joined by the same interface; otherwise `AddrNotAvailable`. */
  leaveMulticast(group: IpAddr, interfaceId: u32 = 0): Promise<Result<Unit>> {
    return new MembershipOperation(this.handle, MembershipFlag.Leave, group, interfaceId).start();
  }

  /** By which interface of this machine it sends to groups; 0 for the one the system chooses. */
  setMulticastInterface(id: u32): Promise<Result<Unit>> {
    const option = SocketOption.MulticastInterface;
    return setOption("set multicast interface", this.handle, this.name, option, id);
  }

  /** Whether what it sends to a group comes to those on this machine, too, as it does at first. */
  setMulticastLoop(yes: bool): Promise<Result<Unit>> {
    const option = SocketOption.MulticastLoop;
    return setOption("set multicast loop", this.handle, this.name, option, yes ? 1 : 0);
  }

  /** Whether what it sends to a group comes to those on this machine, too. */
  multicastLoop(): Promise<Result<bool>> {
    const option = SocketOption.MulticastLoop;
    return new OptionOperation<bool>("multicast loop", this.handle, this.name, option).start();
  }

  /**
   * How many routers a datagram to a group may pass, 0 to 255. 0 is for this machine only; at first
   * it is 1, for this network only.
   */
  setMulticastTtl(hops: u32): Promise<Result<Unit>> {
    const option = SocketOption.MulticastTimeToLive;
    return setOption("set multicast ttl", this.handle, this.name, option, hops);
  }

  /** How many routers a datagram to a group may pass. */
  multicastTtl(): Promise<Result<u32>> {
    const option = SocketOption.MulticastTimeToLive;
    return new OptionOperation<u32>("multicast ttl", this.handle, this.name, option).start();
  }

  private receive(verb: string, buf: Vec<u8>, flags: u32): Promise<RecvResult> {
    if (buf.capacity > 0) return new ReceiveOperation(verb, this, this.handle, buf, flags).start();
    // To have got nothing would say that an empty datagram came.
    const error = Error.fromResult(-Errno.EINVAL, 0, verb, this.name);
    return Promise.resolve(new RecvResult(0, buf, error, null));
  }

  /** Closes it, and cancels whatever is in flight on it first. */
  // @ts-ignore: decorator
  @discardable
  close(): Promise<Result<Unit>> {
    const closing = new CloseOperation(this.handle, this.name);
    this.handle = CLOSED;
    return closing.start();
  }
}

function bindTo(address: SocketAddr, flags: u32): Promise<Result<UdpSocket>> {
  return new BindOperation(address, flags).start();
}

// @ts-ignore: decorator
@final
class BindOperation extends SocketMaker<UdpSocket> {
  constructor(address: SocketAddr, flags: u32) {
    super(Op.BindDatagram, "bind", address.toString());
    this.flagBits = flags;
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

// @ts-ignore: decorator
@final
class MembershipOperation extends SocketOperation {
  /** `flag`: a `MembershipFlag`. */
  constructor(handle: u32, flag: u32, group: IpAddr, interfaceId: u32) {
    const verb = flag == MembershipFlag.Join ? "join" : "leave";
    super(Op.SetMembership, verb, handle, group.toString(), flag, interfaceId);
    this.lend0(new SocketAddr(group, 0).toRecord(), SocketAddress.Size);
  }
}

/** Sends one datagram; `Op.Write` on a socket that is connected. */
class SendOperation extends Operation<BufResult> {
  constructor(
    opcode: u32, private verb: string, handle: u32, private name: string, private buf: Vec<u8>,
  ) {
    super(opcode);
    this.handle = handle;
    if (opcode != Op.SendTo) this.offset = Offset.Current;
    this.lend0(buf, buf.length);
  }

  protected settle(result: i64, osError: u32): BufResult {
    if (result < 0) {
      const error = Error.fromResult(result, osError, this.verb, this.name);
      return new BufResult(0, this.buf, error);
    }
    return new BufResult(<i32>result, this.buf);
  }
}

// @ts-ignore: decorator
@final
class SendToOperation extends SendOperation {
  constructor(handle: u32, buf: Vec<u8>, address: SocketAddr) {
    super(Op.SendTo, "send to", handle, address.toString(), buf);
    this.lend1(address.toRecord(), SocketAddress.Size);
  }
}

// @ts-ignore: decorator
@final
class ReceiveOperation extends Operation<RecvResult> {
  private address: Vec<u8>;

  /** `flags`: bits of `ReceiveFlag`. */
  constructor(
    private verb: string, private socket: UdpSocket, handle: u32, private buf: Vec<u8>, flags: u32,
  ) {
    super(Op.ReceiveFrom);
    this.address = Vec.withCapacity<u8>(SocketAddress.Size);
    this.handle = handle;
    this.flagBits = flags;
    this.lend0(buf, buf.capacity);
    this.lend1(this.address, SocketAddress.Size);
  }

  protected settle(result: i64, osError: u32): RecvResult {
    const buf = this.buf;
    if (result < 0) {
      const error = Error.fromResult(result, osError, this.verb, this.socket.name);
      return new RecvResult(0, buf, error, null);
    }
    buf.setLength(<i32>result);
    const isCut = (<i32>(result >> 32) & ReceivedWord.Truncated) != 0;
    return new RecvResult(<i32>result, buf, null, SocketAddr.fromRecord(this.address), isCut);
  }
}
