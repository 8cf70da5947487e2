/** Uses UDP and `lookupHost` of `std/net` as apps do. Argument: the case. */
import { args } from "std/env";
import { ErrorKind, println } from "std/io";
import { Bind, IpAddr, SocketAddr, UdpSocket, lookupHost } from "std/net";
import { yieldNow } from "std/rt";
import { Duration, timeout } from "std/time";
import { Vec } from "std/vec";
import { check, equal, fails, failsToTransfer, pattern, text } from "./check";

const LOOPBACKS: StaticArray<string> = ["127.0.0.1:0", "[::1]:0"];

export async function main(): Promise<i32> {
  const name = args()[1];
  if (name == "datagrams") await both(datagrams);
  else if (name == "connected") await both(connected);
  else if (name == "sizes") await both(sizes);
  else if (name == "peek") await both(peek);
  else if (name == "refused") await both(refused);
  else if (name == "inFlight") await both(inFlight);
  else if (name == "cancel") await both(cancel);
  else if (name == "options") await both(options);
  else if (name == "shared") await both(shared);
  else if (name == "groups") await groups();
  else if (name == "bindErrors") await both(bindErrors);
  else if (name == "churn") await churn();
  else if (name == "denied") await denied();
  else if (name == "lookup") await lookup();
  else if (name == "lookupErrors") await lookupErrors();
  else if (name == "lookupCancel") await lookupCancel();
  else return 3;
  await println("ok");
  return 0;
}

async function both(test: (at: string) => Promise<void>): Promise<void> {
  for (let i = 0; i < LOOPBACKS.length; i++) await test(LOOPBACKS[i]);
}

class Bound {
  constructor(readonly socket: UdpSocket, readonly address: SocketAddr) {}

  static async at(where: string): Promise<Bound> {
    const socket = (await UdpSocket.bind(where)).expect("bind");
    return new Bound(socket, (await socket.localAddr()).expect("localAddr"));
  }
}

function room(capacity: i32 = 100): Vec<u8> {
  return Vec.withCapacity<u8>(capacity);
}

async function datagrams(at: string): Promise<void> {
  const a = await Bound.at(at);
  const b = await Bound.at(at);
  check(a.address.port != 0 && a.address.port != b.address.port, "real ports");
  equal((await a.socket.sendTo(Vec.fromString("one"), b.address)).unwrap(), 3, "send to");
  equal((await a.socket.sendTo(Vec.fromString("two"), b.address)).unwrap(), 3, "send to");
  const first = await b.socket.recvFrom(room());
  equal(text(first.buf), "one", "the first");
  check(first.from.equals(a.address), "who sent it");
  const second = await b.socket.recvFrom(first.buf);
  equal(text(second.buf), "two", "each by itself");
  equal((await b.socket.sendTo(Vec.fromString("back"), second.from)).unwrap(), 4, "answer");
  equal(text((await a.socket.recvFrom(room())).buf), "back", "the answer");
  check((await a.socket.close()).isOk, "close");
  const closed = ErrorKind.InvalidHandle;
  failsToTransfer(await a.socket.recvFrom(room()), closed, "recv from EBADF");
  failsToTransfer(await a.socket.sendTo(pattern(1), b.address), closed, "send to EBADF");
}

async function connected(at: string): Promise<void> {
  const a = await Bound.at(at);
  const b = await Bound.at(at);
  const stranger = await Bound.at(at);
  failsToTransfer(await a.socket.send(pattern(1)), ErrorKind.NotConnected, "send destination");
  fails(await a.socket.peerAddr(), ErrorKind.NotConnected, "peer address");
  check((await a.socket.connectAddr(b.address)).isOk, "connect");
  check((await a.socket.peerAddr()).unwrap().equals(b.address), "the peer");
  equal((await a.socket.send(Vec.fromString("hello"))).unwrap(), 5, "send");
  equal(text((await b.socket.recv(room())).buf), "hello", "recv");
  // Once connected it hears nobody else.
  await stranger.socket.sendTo(Vec.fromString("psst"), a.address);
  await b.socket.sendTo(Vec.fromString("answer"), a.address);
  equal(text((await a.socket.recv(room())).buf), "answer", "from the peer alone");
  check((await a.socket.connect(stranger.address.toString())).isOk, "connect to another");
  equal((await a.socket.send(Vec.fromString("you"))).unwrap(), 3, "send");
  equal(text((await stranger.socket.recv(room())).buf), "you", "recv");
}

async function sizes(at: string): Promise<void> {
  const a = await Bound.at(at);
  check((await a.socket.connectAddr(a.address)).isOk, "connect to itself");
  equal((await a.socket.send(new Vec<u8>())).unwrap(), 0, "an empty one");
  equal((await a.socket.recv(room())).unwrap(), 0, "arrives");
  equal((await a.socket.sendTo(new Vec<u8>(), a.address)).unwrap(), 0, "an empty one");
  const empty = await a.socket.recvFrom(room());
  check(empty.isOk && empty.n == 0 && empty.from.equals(a.address), "arrives");
  await a.socket.send(Vec.fromString("too long"));
  const cut = await a.socket.recv(room(3));
  check(text(cut.buf) == "too" && cut.n == 3 && cut.truncated, "what fits");
  check(cut.from.equals(a.address), "who sent it");
  await a.socket.sendTo(Vec.fromString("too long"), a.address);
  const begun = await a.socket.recvFrom(room(7));
  check(text(begun.buf) == "too lon" && begun.n == 7 && begun.truncated, "what fits");
  await a.socket.send(Vec.fromString("just"));
  const all = await a.socket.recv(room(4));
  check(text(all.buf) == "just" && !all.truncated, "what fits exactly");
  await a.socket.send(Vec.fromString("next"));
  equal(text((await a.socket.recv(room())).buf), "next", "the rest is lost");
  const large = pattern(65000);
  equal((await a.socket.send(large)).unwrap(), 65000, "a large one");
  check((await a.socket.recv(room(65536))).buf.equals(large), "a large one");
  equal((await a.socket.sendTo(large, a.address)).unwrap(), 65000, "a large one");
  check((await a.socket.recvFrom(room(65536))).buf.equals(large), "a large one");
  const words = `${a.address} large EMSGSIZE`;
  failsToTransfer(await a.socket.send(pattern(70000)), ErrorKind.MessageTooLong, `send ${words}`);
  const sent = await a.socket.sendTo(pattern(2_000_000), a.address);
  failsToTransfer(sent, ErrorKind.MessageTooLong, `send to ${words}`);
  failsToTransfer(await a.socket.recv(new Vec<u8>()), ErrorKind.InvalidInput, "recv");
  const none = await a.socket.recvFrom(new Vec<u8>());
  failsToTransfer(none, ErrorKind.InvalidInput, "recv from");
}

async function peek(at: string): Promise<void> {
  const a = await Bound.at(at);
  const b = await Bound.at(at);
  const waiting = a.socket.peek(room());
  await yieldNow();
  check(waiting.isPending, "nothing has come");
  await b.socket.sendTo(Vec.fromString("first"), a.address);
  await b.socket.sendTo(Vec.fromString("second"), a.address);
  const seen = await waiting;
  check(text(seen.buf) == "first" && !seen.truncated, "what has come");
  check(seen.from.equals(b.address), "who sent it");
  const part = await a.socket.peek(room(2));
  check(text(part.buf) == "fi" && part.truncated, "its beginning");
  const twice = [a.socket.peek(room()), a.socket.peek(room())];
  check(text((await twice[0]).buf) == "first", "two at once see the same");
  check(text((await twice[1]).buf) == "first", "two at once see the same");
  check(text((await a.socket.recv(room())).buf) == "first", "it is still there");
  check(text((await a.socket.recvFrom(room())).buf) == "second", "once");
  const given = a.socket.peek(room());
  await yieldNow();
  given.cancel();
  failsToTransfer(await given, ErrorKind.Cancelled, "peek ECANCELED");
  failsToTransfer(await a.socket.peek(new Vec<u8>()), ErrorKind.InvalidInput, "peek");
  await a.socket.close();
  failsToTransfer(await a.socket.peek(room()), ErrorKind.InvalidHandle, "peek EBADF");
}

/** That nobody is there shows at the next call. */
async function refused(at: string): Promise<void> {
  const a = await Bound.at(at);
  const gone = await Bound.at(at);
  await gone.socket.close();
  await a.socket.connectAddr(gone.address);
  equal((await a.socket.send(pattern(1))).unwrap(), 1, "the first one is sent");
  const words = "recv refused ECONNREFUSED";
  failsToTransfer(await a.socket.recv(room()), ErrorKind.ConnectionRefused, words);
}

async function inFlight(at: string): Promise<void> {
  const a = await Bound.at(at);
  const b = await Bound.at(at);
  const first = b.socket.recvFrom(room());
  const second = b.socket.recvFrom(room());
  await yieldNow();
  const one = a.socket.sendTo(Vec.fromString("one"), b.address);
  const two = a.socket.sendTo(Vec.fromString("two"), b.address);
  check((await one).isOk && (await two).isOk, "two at once");
  // Which of them is served first is the system's choice.
  const came = text((await first).buf) + text((await second).buf);
  check(came == "onetwo" || came == "twoone", "one for each: " + came);
}

async function cancel(at: string): Promise<void> {
  const a = await Bound.at(at);
  const receiving = a.socket.recvFrom(room());
  await yieldNow();
  receiving.cancel();
  const r = await receiving;
  failsToTransfer(r, ErrorKind.Cancelled, "recv from ECANCELED");
  check(!r.buf.isLent, "the buffer is back");
  await a.socket.sendTo(Vec.fromString("kept"), a.address);
  equal(text((await a.socket.recvFrom(r.buf)).buf), "kept", "the next one is not lost");
  const closed = a.socket.recv(room());
  await yieldNow();
  check((await a.socket.close()).isOk, "close");
  failsToTransfer(await closed, ErrorKind.Cancelled, "recv ECANCELED");
}

async function options(at: string): Promise<void> {
  const a = await Bound.at(at);
  check(!(await a.socket.broadcast()).unwrap(), "broadcast before");
  if (a.address.ip.isIpv4) {
    const everybody = new SocketAddr(IpAddr.v4(255, 255, 255, 255), 9);
    const sent = await a.socket.sendTo(pattern(1), everybody);
    check(sent.isErr, "no broadcast without the option");
  }
  check((await a.socket.setBroadcast(true)).isOk, "set broadcast");
  check((await a.socket.broadcast()).unwrap(), "broadcast");
  check((await a.socket.setTtl(3)).isOk, "set ttl");
  equal((await a.socket.ttl()).unwrap(), 3, "ttl");
  check((await a.socket.multicastLoop()).unwrap(), "loop at first");
  check((await a.socket.setMulticastLoop(false)).isOk, "set multicast loop");
  check(!(await a.socket.multicastLoop()).unwrap(), "off");
  equal((await a.socket.multicastTtl()).unwrap(), 1, "hops at first");
  check((await a.socket.setMulticastTtl(4)).isOk, "set multicast ttl");
  equal((await a.socket.multicastTtl()).unwrap(), 4, "multicast ttl");
  equal((await a.socket.ttl()).unwrap(), 3, "which is another");
  const words = `set multicast ttl ${a.address}`;
  fails(await a.socket.setMulticastTtl(256), ErrorKind.InvalidInput, words);
  check((await a.socket.close()).isOk, "close");
  const closed = ErrorKind.InvalidHandle;
  fails(await a.socket.setMulticastTtl(1), closed, "set multicast ttl EBADF");
  fails(await a.socket.multicastLoop(), closed, "multicast loop EBADF");
}

/** Those who say so share an address; others do not, nor with them. */
async function shared(at: string): Promise<void> {
  const one = (await UdpSocket.bind(at, Bind.Shared)).expect("bind");
  const address = (await one.localAddr()).unwrap();
  const other = (await UdpSocket.bindAddr(address, Bind.Shared)).expect("bind again");
  fails(await UdpSocket.bindAddr(address), ErrorKind.AddrInUse, `bind ${address} in use`);
  check((await one.close()).isOk && (await other.close()).isOk, "close");
  const only = (await UdpSocket.bind("[::]:0", Bind.Ipv6Only)).expect("bind");
  const port = (await only.localAddr()).unwrap().port;
  const four = (await UdpSocket.bind(`0.0.0.0:${port}`)).expect("the port of IPv4 is free");
  check((await only.close()).isOk && (await four.close()).isOk, "close");
}

/** On a network that the test has made, with this interface. */
const INTERFACE: u32 = 5;

async function groups(): Promise<void> {
  await groupOf("0.0.0.0:0", IpAddr.v4(239, 1, 2, 3), IpAddr.parse("ff02::1:2:3").unwrap());
  await groupOf("[::]:0", IpAddr.parse("ff02::1:2:3").unwrap(), IpAddr.v4(239, 1, 2, 3));
}

async function groupOf(everywhere: string, group: IpAddr, foreign: IpAddr): Promise<void> {
  const a = await Bound.at(everywhere);
  const sender = await Bound.at(everywhere);
  check((await sender.socket.setMulticastInterface(INTERFACE)).isOk, "the interface");
  const to = new SocketAddr(group, a.address.port, group.isIpv6 ? INTERFACE : 0);
  check((await a.socket.joinMulticast(group, INTERFACE)).isOk, "join");
  await arrives(sender.socket, to, a.socket);
  check((await sender.socket.setMulticastLoop(false)).isOk, "set multicast loop");
  check((await sender.socket.sendTo(Vec.fromString("unheard"), to)).isOk, "send");
  check((await sender.socket.setMulticastLoop(true)).isOk, "set multicast loop");
  await arrives(sender.socket, to, a.socket);
  const join = `join ${group}`;
  fails(await a.socket.joinMulticast(group, INTERFACE), ErrorKind.AddrInUse, `${join} in use`);
  check((await a.socket.leaveMulticast(group, INTERFACE)).isOk, "leave");
  const none = ErrorKind.AddrNotAvailable;
  fails(await a.socket.leaveMulticast(group, INTERFACE), none, `leave ${group} available`);
  // Two at once: in whatever order, the first is in and the second is told so.
  const first = a.socket.joinMulticast(group, INTERFACE);
  const second = a.socket.joinMulticast(group, INTERFACE);
  check((await first).isOk != (await second).isOk, "once");
  const given = sender.socket.joinMulticast(group, INTERFACE);
  given.cancel();
  const end = await given;
  if (end.isErr) equal<ErrorKind>(end.error.kind, ErrorKind.Cancelled, "given up");
  fails(await a.socket.joinMulticast(group, 99), ErrorKind.NoSuchDevice, `${join} ENODEV`);
  const own = group.isIpv6 ? IpAddr.localhostV6() : IpAddr.localhost();
  const machine = await a.socket.joinMulticast(own, INTERFACE);
  fails(machine, ErrorKind.InvalidInput, `join ${own} EINVAL`);
  const other = await a.socket.joinMulticast(foreign, INTERFACE);
  check(other.isErr || group.isIpv6, "a socket of IPv4 hears nothing of IPv6");
  check((await a.socket.setMulticastInterface(99)).isErr, "no such interface");
  check((await a.socket.close()).isOk && (await sender.socket.close()).isOk, "close");
  fails(await a.socket.joinMulticast(group, INTERFACE), ErrorKind.InvalidHandle, `${join} EBADF`);
}

async function arrives(from: UdpSocket, to: SocketAddr, receiver: UdpSocket): Promise<void> {
  equal((await from.sendTo(Vec.fromString("heard"), to)).unwrap(), 5, "send");
  equal(text((await receiver.recv(room())).buf), "heard", "what comes of it");
}

async function bindErrors(at: string): Promise<void> {
  const a = await Bound.at(at);
  const words = `bind ${a.address} in use EADDRINUSE`;
  fails(await UdpSocket.bindAddr(a.address), ErrorKind.AddrInUse, words);
  const other = at.includes("[") ? "[2001:db8::1]:0" : "192.0.2.1:0";
  fails(await UdpSocket.bind(other), ErrorKind.AddrNotAvailable, `bind ${other} available`);
  fails(await UdpSocket.bind("here"), ErrorKind.InvalidInput, "parse here");
  // An address of the other protocol; the system has its own opinion on how to say so.
  const wrong = SocketAddr.parse(at.includes("[") ? "127.0.0.1:9" : "[::1]:9").unwrap();
  check((await a.socket.sendTo(pattern(1), wrong)).isErr, "the other protocol");
}

/** Run with few descriptors: none is left behind. */
async function churn(): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    const a = await Bound.at(LOOPBACKS[i & 1]);
    check((await UdpSocket.bindAddr(a.address)).isErr, "in use");
    check((await a.socket.close()).isOk, "close");
  }
}

/** Nothing was granted but `listen:127.0.0.1:*` and `connect:127.0.0.1:9`. */
async function denied(): Promise<void> {
  const kind = ErrorKind.PermissionDenied;
  fails(await UdpSocket.bind("0.0.0.0:0"), kind, "bind 0.0.0.0:0 permission EACCES");
  const a = await Bound.at("127.0.0.1:0");
  const to = `send to ${a.address} permission EACCES`;
  failsToTransfer(await a.socket.sendTo(pattern(1), a.address), kind, to);
  fails(await a.socket.connectAddr(a.address), kind, `connect ${a.address} permission EACCES`);
  const group = IpAddr.v4(224, 0, 0, 251);
  fails(await a.socket.joinMulticast(group), kind, "join 224.0.0.251 permission EACCES");
  const granted = SocketAddr.parse("0.0.0.0:9").unwrap();
  check((await a.socket.sendTo(pattern(1), granted)).isOk, "another way to write 127.0.0.1:9");
}

async function lookup(): Promise<void> {
  const local = (await lookupHost("localhost", 80)).unwrap();
  check(local.length > 0, "localhost");
  for (let i = 0; i < local.length; i++) {
    check(local[i].ip.isLoopback && local[i].port == 80, `localhost: ${local[i]}`);
  }
  const four = (await lookupHost("192.0.2.1", 0)).unwrap();
  check(four.length == 1 && four[0].toString() == "192.0.2.1:0", "an address is itself");
  const six = (await lookupHost("2001:db8::1", 65535)).unwrap();
  check(six.length == 1 && six[0].toString() == "[2001:db8::1]:65535", "an address is itself");
  const all = new Array<Promise<i32>>();
  for (let i = 0; i < 40; i++) all.push(countOf("localhost"));
  for (let i = 0; i < 40; i++) equal(await all[i], local.length, "many at once");
}

async function countOf(name: string): Promise<i32> {
  return (await lookupHost(name, 1)).unwrap().length;
}

async function lookupErrors(): Promise<void> {
  // RFC 2606 says that there never is such a name; without a name server nobody knows.
  const nobody = await lookupHost("nobody.invalid", 80);
  check(nobody.isErr, "nobody.invalid");
  const kind = nobody.error.kind;
  check(kind == ErrorKind.NotFound || kind == ErrorKind.WouldBlock, nobody.error.message);
  check(nobody.error.message.includes('lookup "nobody.invalid"'), nobody.error.message);
  fails(await lookupHost("", 80), ErrorKind.NotFound, "lookup");
  const label = await lookupHost("x".repeat(300), 80);
  check(label.isErr, "a name that cannot be");
  const long = "x".repeat(2000);
  fails(await lookupHost(long, 80), ErrorKind.InvalidFilename, "lookup long ENAMETOOLONG");
  fails(await lookupHost("local\0host", 80), ErrorKind.InvalidInput, "lookup");
}

async function lookupCancel(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const looking = lookupHost("localhost", 80);
    if (i & 1) await yieldNow();
    looking.cancel();
    const found = await looking;
    if (found.isErr) equal<ErrorKind>(found.error.kind, ErrorKind.Cancelled, "kind");
  }
  const found = await timeout(lookupHost("localhost", 80), Duration.fromSecs(20));
  check(found.isOk && found.unwrap().isOk, "it still works");
}
