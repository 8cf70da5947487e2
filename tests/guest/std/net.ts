/** Uses TCP of `std/net` as apps do. Argument: the case. */
import { args } from "std/env";
import {
  BufReader, BufResult, ErrorKind, copy, println, readToEnd, writeAll,
} from "std/io";
import { Bind, Shutdown, SocketAddr, TcpListener, TcpStream } from "std/net";
import { yieldNow } from "std/rt";
import { Duration, Instant, timeout } from "std/time";
import { Vec } from "std/vec";
import { check, equal, fails, failsToTransfer, pattern, text } from "./check";

const LOOPBACKS: StaticArray<string> = ["127.0.0.1:0", "[::1]:0"];

const SHORT: Duration = Duration.fromMillis(20);

export async function main(): Promise<i32> {
  const name = args()[1];
  if (name == "echo") await both(echo);
  else if (name == "addresses") await both(addresses);
  else if (name == "options") await both(options);
  else if (name == "twoHalves") await both(twoHalves);
  else if (name == "names") await names();
  else if (name == "dual") await dual();
  else if (name == "zeroLinger") await both(zeroLinger);
  else if (name == "refused") await both(refused);
  else if (name == "unreachable") await unreachable();
  else if (name == "inUse") await both(inUse);
  else if (name == "reset") await both(reset);
  else if (name == "halves") await both(halves);
  else if (name == "large") await both(large);
  else if (name == "lines") await lines();
  else if (name == "twoAccepts") await twoAccepts();
  else if (name == "peek") await both(peek);
  else if (name == "twoReads") await twoReads();
  else if (name == "twoWrites") await twoWrites();
  else if (name == "many") await many();
  else if (name == "cancelAccept") await cancelAccept();
  else if (name == "cancelRead") await cancelRead();
  else if (name == "cancelWrite") await cancelWrite();
  else if (name == "cancelConnect") await cancelConnect();
  else if (name == "closing") await closing();
  else if (name == "churn") await churn();
  else if (name == "exhaustion") await exhaustion();
  else if (name == "denied") await denied(args()[2]);
  else return 3;
  await println("ok");
  return 0;
}

async function both(test: (at: string) => Promise<void>): Promise<void> {
  for (let i = 0; i < LOOPBACKS.length; i++) await test(LOOPBACKS[i]);
}

/** A listener on a free port, and where it listens. */
class Server {
  constructor(readonly listener: TcpListener, readonly address: SocketAddr) {}

  static async start(at: string): Promise<Server> {
    const listener = (await TcpListener.bind(at)).expect("bind");
    return new Server(listener, (await listener.localAddr()).expect("localAddr"));
  }

  /** A connection to it, and the other end of that. */
  async pair(): Promise<Pair> {
    const accepting = this.listener.accept();
    const client = (await TcpStream.connectAddr(this.address)).expect("connect");
    return new Pair(client, (await accepting).expect("accept"));
  }
}

class Pair {
  constructor(readonly client: TcpStream, readonly server: TcpStream) {}

  async close(): Promise<void> {
    check((await this.client.close()).isOk, "close the client's end");
    check((await this.server.close()).isOk, "close the server's end");
  }
}

function room(capacity: i32 = 100): Vec<u8> {
  return Vec.withCapacity<u8>(capacity);
}

async function echo(at: string): Promise<void> {
  const server = await Server.start(at);
  const pair = await server.pair();
  equal((await pair.client.write(Vec.fromString("hello"))).unwrap(), 5, "write");
  const r = await pair.server.read(room());
  equal(text(r.buf), "hello", "what the server reads");
  check((await writeAll(pair.server, r.buf)).isOk, "write back");
  equal(text((await pair.client.read(r.buf)).buf), "hello", "what the client reads");
  failsToTransfer(await pair.client.read(new Vec<u8>()), ErrorKind.InvalidInput, "read");
  equal((await pair.client.write(new Vec<u8>())).unwrap(), 0, "writing nothing");
  await pair.close();
  failsToTransfer(await pair.client.read(room()), ErrorKind.InvalidHandle, "read EBADF");
  fails(await pair.client.close(), ErrorKind.InvalidHandle, "close EBADF");
  check((await server.listener.close()).isOk, "close");
  fails(await server.listener.accept(), ErrorKind.InvalidHandle, `accept ${server.address} EBADF`);
}

async function addresses(at: string): Promise<void> {
  const server = await Server.start(at);
  check(server.address.port != 0, "the real port");
  const pair = await server.pair();
  const client = (await pair.client.localAddr()).unwrap();
  check((await pair.client.peerAddr()).unwrap().equals(server.address), "the client's peer");
  check((await pair.server.peerAddr()).unwrap().equals(client), "the server's peer");
  check((await pair.server.localAddr()).unwrap().equals(server.address), "the server's own");
  equal(pair.client.name, server.address.toString(), "the name of what was connected");
  equal(pair.server.name, client.toString(), "the name of what was accepted");
  await pair.close();
}

async function options(at: string): Promise<void> {
  const pair = await (await Server.start(at)).pair();
  await nodelay(pair.client);
  await nodelay(pair.server);
  const stream = pair.client;
  check((await stream.setKeepalive(true)).isOk, "set keepalive");
  check((await stream.setTtl(7)).isOk, "set ttl");
  equal((await stream.ttl()).unwrap(), 7, "ttl");
  fails(await stream.setTtl(256), ErrorKind.InvalidInput, `set ttl ${stream.name}`);
  await stream.close();
  fails(await stream.setNodelay(true), ErrorKind.InvalidHandle, "set nodelay EBADF");
  fails(await stream.nodelay(), ErrorKind.InvalidHandle, "nodelay EBADF");
  fails(await stream.peerAddr(), ErrorKind.InvalidHandle, "peer address EBADF");
}

async function nodelay(stream: TcpStream): Promise<void> {
  check((await stream.nodelay()).unwrap(), "on at first");
  check((await stream.setNodelay(false)).isOk, "set nodelay");
  check(!(await stream.nodelay()).unwrap(), "off");
  check((await stream.setNodelay(true)).isOk, "set nodelay");
  check((await stream.nodelay()).unwrap(), "on again");
}

/** Were the second half to wait for the first to be confirmed, each would take 40 ms. */
async function twoHalves(at: string): Promise<void> {
  const pair = await (await Server.start(at)).pair();
  const started = Instant.now();
  for (let i = 0; i < 100; i++) {
    await pair.client.write(Vec.fromString("?"));
    equal((await pair.server.read(room())).n, 1, "the question");
    await pair.server.write(Vec.fromString("half"));
    await pair.server.write(Vec.fromString("half"));
    let came = 0;
    while (came < 8) came += (await pair.client.read(room())).unwrap();
  }
  check(started.elapsed().asMillis() < 2000, "answers of two writes leave at once");
  await pair.close();
}

async function names(): Promise<void> {
  const listener = (await TcpListener.bind("localhost:0")).unwrap();
  const port = (await listener.localAddr()).unwrap().port;
  const accepting = listener.accept();
  const stream = (await TcpStream.connect(`localhost:${port}`)).unwrap();
  (await accepting).unwrap();
  check((await stream.peerAddr()).unwrap().ip.isLoopback, "localhost is this machine");
  await listener.close();
  const gone = await TcpStream.connect(`localhost:${port}`);
  fails(gone, ErrorKind.ConnectionRefused, `connect ${port} refused`);
  const kind = ErrorKind.InvalidInput;
  const neither = "neither an address nor NAME:PORT:";
  fails(await TcpStream.connect("localhost"), kind, `parse "localhost" ${neither} port missing`);
  const high = 'parse "localhost:99999" "99999" is not a port from 0 to 65535';
  fails(await TcpStream.connect("localhost:99999"), kind, `${high} ${neither}`);
  fails(await TcpStream.connect(":80"), kind, `parse ":80" ${neither} name is missing`);
  fails(await TcpListener.bind(""), kind, `parse ${neither} name is missing`);
  // What is meant to be an address is not looked up as a name.
  const scope = '"lo" is not the number of an interface';
  fails(await TcpStream.connect("[fe80::1%lo]:80"), kind, `parse "[fe80::1%lo]:80" ${scope}`);
  fails(await TcpStream.connect("127.1:80"), kind, 'parse "127.1:80" has four numbers');
  fails(await TcpListener.bind("::1:80"), kind, 'parse "::1:80" brackets [::1]:80');
}

/** IPv6 for all also takes IPv4, whose addresses then have their IPv6 form. */
async function dual(): Promise<void> {
  const server = await Server.start("[::]:0");
  equal(server.address.ip.toString(), "::", "the unspecified address");
  const accepting = server.listener.accept();
  const client = (await TcpStream.connect(`127.0.0.1:${server.address.port}`)).unwrap();
  const end = (await accepting).unwrap();
  const peer = (await end.peerAddr()).unwrap();
  equal(peer.ip.toString(), "::ffff:127.0.0.1", "IPv4 in IPv6");
  equal(peer.ip.toCanonical().toString(), "127.0.0.1", "IPv4");
  await client.close();
  await end.close();
  await onlyIpv6();
}

async function onlyIpv6(): Promise<void> {
  const listener = (await TcpListener.bind("[::]:0", Bind.Ipv6Only)).unwrap();
  const port = (await listener.localAddr()).unwrap().port;
  const four = await TcpStream.connect(`127.0.0.1:${port}`);
  fails(four, ErrorKind.ConnectionRefused, "connect refused");
  const other = (await TcpListener.bind(`0.0.0.0:${port}`)).expect("the port of IPv4 is free");
  const six = (await TcpStream.connect(`[::1]:${port}`)).expect("IPv6 is served");
  check((await six.close()).isOk && (await other.close()).isOk, "close");
  check((await listener.close()).isOk, "close");
  check((await TcpListener.bind("127.0.0.1:0", Bind.Ipv6Only)).isErr, "not for IPv4");
  const shared = await TcpListener.bind("[::1]:0", Bind.Shared);
  fails(shared, ErrorKind.InvalidInput, "listen [::1]:0 EINVAL");
}

/** What closing resets, its peer is told of, whatever had come. */
async function zeroLinger(at: string): Promise<void> {
  const server = await Server.start(at);
  const pair = await server.pair();
  check(!(await pair.client.zeroLinger()).unwrap(), "off at first");
  check((await pair.client.setZeroLinger(true)).isOk, "set zero linger");
  check((await pair.client.zeroLinger()).unwrap(), "on");
  check((await pair.client.setZeroLinger(false)).isOk, "set zero linger");
  check(!(await pair.client.zeroLinger()).unwrap(), "off");
  await pair.client.setZeroLinger(true);
  const reading = pair.server.read(room());
  check((await pair.client.close()).isOk, "close");
  failsToTransfer(await reading, ErrorKind.ConnectionReset, "read reset ECONNRESET");
  fails(await pair.client.setZeroLinger(true), ErrorKind.InvalidHandle, "set zero linger EBADF");
  fails(await pair.client.zeroLinger(), ErrorKind.InvalidHandle, "zero linger EBADF");
  await pair.server.close();
}

async function refused(at: string): Promise<void> {
  const server = await Server.start(at);
  const address = server.address;
  check((await server.listener.close()).isOk, "close");
  const words = `connect ${address} refused ECONNREFUSED`;
  fails(await TcpStream.connectAddr(address), ErrorKind.ConnectionRefused, words);
}

async function unreachable(): Promise<void> {
  // No connection goes to everybody at once.
  const everybody = "255.255.255.255:9";
  const words = `connect ${everybody} unreachable ENETUNREACH`;
  fails(await TcpStream.connect(everybody), ErrorKind.NetworkUnreachable, words);
}

async function inUse(at: string): Promise<void> {
  const server = await Server.start(at);
  const where = server.address.toString();
  fails(await TcpListener.bindAddr(server.address), ErrorKind.AddrInUse, `listen ${where} in use`);
  const other = at.includes("[") ? "[2001:db8::1]:0" : "192.0.2.1:0";
  fails(await TcpListener.bind(other), ErrorKind.AddrNotAvailable, `listen ${other} available`);
  // Right after its connections ended the port can be had again.
  const pair = await server.pair();
  await pair.server.close();
  await pair.client.close();
  await server.listener.close();
  const again = (await TcpListener.bindAddr(server.address)).expect("bind again");
  await again.close();
}

/** Who closes without having read everything resets the connection. */
async function reset(at: string): Promise<void> {
  const server = await Server.start(at);
  const pair = await server.pair();
  await pair.client.write(pattern(10));
  // One byte of it tells that the others have come, too.
  equal((await pair.server.read(room(1))).n, 1, "read one byte");
  await pair.server.close();
  const words = `read ${server.address} reset ECONNRESET`;
  failsToTransfer(await pair.client.read(room()), ErrorKind.ConnectionReset, words);
  const gone = `write ${server.address} broken EPIPE`;
  failsToTransfer(await pair.client.write(pattern(1)), ErrorKind.BrokenPipe, gone);
  fails(await pair.client.shutdown(Shutdown.Both), ErrorKind.NotConnected, "shutdown ENOTCONN");
  fails(await pair.client.peerAddr(), ErrorKind.NotConnected, "peer address");
  await pair.client.close();
}

async function halves(at: string): Promise<void> {
  const server = await Server.start(at);
  const pair = await server.pair();
  // In one batch: what is written goes out before the end does.
  const writing = pair.client.write(Vec.fromString("last words"));
  const ending = pair.client.shutdown(Shutdown.Write);
  check((await writing).isOk && (await ending).isOk, "write, then shutdown");
  const all = await readToEnd(pair.server, new Vec<u8>());
  equal(text(all.buf), "last words", "what was written before the end");
  equal((await pair.server.read(room())).n, 0, "the end stays the end");
  const words = `write ${server.address} broken EPIPE`;
  failsToTransfer(await pair.client.write(pattern(1)), ErrorKind.BrokenPipe, words);
  equal((await pair.server.write(Vec.fromString("answer"))).unwrap(), 6, "the other direction");
  equal(text((await pair.client.read(room())).buf), "answer", "the other direction");
  // A reader that waits is told.
  const reading = pair.client.read(room());
  await yieldNow();
  check((await pair.client.shutdown(Shutdown.Read)).isOk, "shutdown for reading");
  equal((await reading).n, 0, "the end, by our own wish");
  check((await pair.server.shutdown(Shutdown.Both)).isOk, "shutdown of both");
  await pair.close();
}

/** Writes 8 MiB in pieces of very different size. */
async function pour(stream: TcpStream): Promise<BufResult> {
  const all = pattern(SIZE);
  let from = 0;
  for (let length = 1; from < SIZE; length = length * 7 % 1_000_003) {
    const to = min(SIZE, from + length);
    const written = await writeAll(stream, all.slice(from, to));
    if (written.isErr) return written;
    from = to;
  }
  check((await stream.shutdown(Shutdown.Write)).isOk, "shutdown");
  return new BufResult(from, all);
}

const SIZE: i32 = 8 << 20;

async function sendBack(stream: TcpStream): Promise<u64> {
  const copied = (await copy(stream, stream)).unwrap();
  check((await stream.shutdown(Shutdown.Write)).isOk, "shutdown");
  return copied;
}

/** The server sends everything back while the client is still writing. */
async function large(at: string): Promise<void> {
  const pair = await (await Server.start(at)).pair();
  const pouring = pour(pair.client);
  const copying = sendBack(pair.server);
  const all = await readToEnd(pair.client, room(SIZE / 2));
  equal(await copying, SIZE, "what the server copied");
  const poured = await pouring;
  check(all.buf.equals(poured.buf), "what came back");
  await pair.close();
}

async function lines(): Promise<void> {
  const pair = await (await Server.start(LOOPBACKS[0])).pair();
  const reader = new BufReader(pair.server);
  await pair.client.write(Vec.fromString("one\ntw"));
  equal((await reader.readLine()).unwrap(), "one\n", "a line");
  await pair.client.write(Vec.fromString("o\nthree"));
  equal((await reader.readLine()).unwrap(), "two\n", "a line of two segments");
  await pair.client.shutdown(Shutdown.Write);
  equal((await reader.readLine()).unwrap(), "three", "the last line");
  equal((await reader.readLine()).unwrap(), "", "the end");
}

async function twoAccepts(): Promise<void> {
  const server = await Server.start(LOOPBACKS[0]);
  const first = server.listener.accept();
  const second = server.listener.accept();
  const one = (await TcpStream.connectAddr(server.address)).unwrap();
  const two = (await TcpStream.connectAddr(server.address)).unwrap();
  const a = (await first).unwrap();
  const b = (await second).unwrap();
  check(a.name != b.name, "two connections");
  await one.write(Vec.fromString("one"));
  await two.write(Vec.fromString("two"));
  const said = text((await a.read(room())).buf) + text((await b.read(room())).buf);
  check(said == "onetwo" || said == "twoone", "each has its own: " + said);
}

async function peek(at: string): Promise<void> {
  const pair = await (await Server.start(at)).pair();
  const waiting = pair.server.peek(room());
  await yieldNow();
  check(waiting.isPending, "nothing has come");
  await pair.client.write(Vec.fromString("hello"));
  equal(text((await waiting).buf), "hello", "what has come");
  equal(text((await pair.server.peek(room(2))).buf), "he", "its beginning");
  const twice = [pair.server.peek(room()), pair.server.peek(room())];
  equal(text((await twice[0]).buf), "hello", "two at once see the same");
  equal(text((await twice[1]).buf), "hello", "two at once see the same");
  equal(text((await pair.server.read(room(2))).buf), "he", "it is still there");
  equal(text((await pair.server.peek(room())).buf), "llo", "the rest");
  equal(text((await pair.server.read(room())).buf), "llo", "once");
  const given = pair.server.peek(room());
  await yieldNow();
  given.cancel();
  failsToTransfer(await given, ErrorKind.Cancelled, "peek ECANCELED");
  failsToTransfer(await pair.server.peek(new Vec<u8>()), ErrorKind.InvalidInput, "peek");
  await pair.client.close();
  equal((await pair.server.peek(room())).unwrap(), 0, "the end");
  equal((await pair.server.read(room())).unwrap(), 0, "which stays");
  await pair.server.close();
  failsToTransfer(await pair.server.peek(room()), ErrorKind.InvalidHandle, "peek EBADF");
}

async function twoReads(): Promise<void> {
  const pair = await (await Server.start(LOOPBACKS[0])).pair();
  const first = pair.server.read(room(4));
  const second = pair.server.read(room(4));
  await yieldNow();
  await pair.client.write(Vec.fromString("abcdefgh"));
  const both = text((await first).buf) + text((await second).buf);
  // Which of them is served first is the system's choice.
  check(both == "abcdefgh" || both == "efghabcd", "each byte once: " + both);
}

async function twoWrites(): Promise<void> {
  const pair = await (await Server.start(LOOPBACKS[0])).pair();
  const first = pair.client.write(Vec.fromString("one "));
  const second = pair.client.write(Vec.fromString("two"));
  check((await first).isOk && (await second).isOk, "both");
  await pair.client.shutdown(Shutdown.Write);
  equal(text((await readToEnd(pair.server, new Vec<u8>())).buf), "one two", "in order");
}

async function serveAll(listener: TcpListener, count: i32): Promise<void> {
  for (let i = 0; i < count; i++) serve((await listener.accept()).unwrap());
}

async function serve(stream: TcpStream): Promise<void> {
  await copy(stream, stream);
  await stream.close();
}

/** 300 connections open at the same time, each used several times. */
async function many(): Promise<void> {
  const server = await Server.start(LOOPBACKS[0]);
  const serving = serveAll(server.listener, 300);
  const streams = new Array<TcpStream>();
  for (let i = 0; i < 300; i++) {
    streams.push((await TcpStream.connectAddr(server.address)).expect("connect"));
  }
  await serving;
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 300; i++) await streams[i].write(pattern(8, i + round));
    for (let i = 0; i < 300; i++) {
      const r = await streams[i].read(room(8));
      check(r.buf.equals(pattern(8, i + round)), `what came back on ${i}`);
    }
  }
  for (let i = 0; i < 300; i++) await streams[i].close();
}

async function cancelAccept(): Promise<void> {
  const server = await Server.start(LOOPBACKS[0]);
  const waited = await timeout(server.listener.accept(), SHORT);
  fails(waited, ErrorKind.TimedOut, "");
  // The next one to come is not lost to the accept that was given up.
  const pair = await server.pair();
  await pair.client.write(pattern(10));
  equal((await pair.server.read(room())).n, 10, "read");
  // A race: either has the connection, or closes it; nobody keeps it half open.
  for (let i = 0; i < 50; i++) {
    const accepting = server.listener.accept();
    const connecting = TcpStream.connectAddr(server.address);
    if (i & 1) await yieldNow();
    accepting.cancel();
    const accepted = await accepting;
    const client = (await connecting).unwrap();
    if (accepted.isOk) {
      await accepted.unwrap().close();
      equal((await client.read(room())).n, 0, "what was accepted and closed");
    } else {
      expectNoConnection(accepted.error.kind);
      await closeNext(server, client);
    }
    await client.close();
  }
}

function expectNoConnection(kind: ErrorKind): void {
  equal<ErrorKind>(kind, ErrorKind.Cancelled, "kind of what was cancelled");
}

/** The connection has been closed, or is still there for the next one who asks. */
async function closeNext(server: Server, client: TcpStream): Promise<void> {
  const reading = client.read(room());
  const accepting = server.listener.accept();
  while (reading.isPending && accepting.isPending) await yieldNow();
  accepting.cancel();
  const accepted = await accepting;
  if (accepted.isOk) await accepted.unwrap().close();
  const end = await reading;
  check(end.isErr || end.n == 0, "the end of what nobody wanted");
}

async function cancelRead(): Promise<void> {
  const pair = await (await Server.start(LOOPBACKS[0])).pair();
  const reading = pair.server.read(room());
  await yieldNow();
  reading.cancel();
  const r = await reading;
  failsToTransfer(r, ErrorKind.Cancelled, "read ECANCELED");
  check(!r.buf.isLent, "the buffer is back");
  // What comes while reads are given up is all told of, once.
  const sent = pattern(2000);
  const got = new Vec<u8>();
  for (let i = 0; i < 200; i++) {
    const each = pair.server.read(room());
    await pair.client.write(sent.slice(i * 10, i * 10 + 10));
    if (i % 3 == 0) await yieldNow();
    each.cancel();
    const came = await each;
    if (came.isOk) got.extend(came.buf);
    else equal<ErrorKind>(came.error.kind, ErrorKind.Cancelled, "kind of what was cancelled");
  }
  await pair.client.shutdown(Shutdown.Write);
  check((await readToEnd(pair.server, got)).isOk, "the rest");
  check(got.equals(sent), "nothing is lost and nothing comes twice");
}

async function cancelWrite(): Promise<void> {
  const pair = await (await Server.start(LOOPBACKS[0])).pair();
  const piece = pattern(1 << 20);
  let written = 0;
  while (true) {
    const r = await timeout(pair.client.write(piece), SHORT);
    if (r.isErr) break;
    written += r.unwrap().n;
  }
  check(written > 0, "the system takes something before nobody reads");
  await pair.client.shutdown(Shutdown.Write);
  const came = await readToEnd(pair.server, new Vec<u8>());
  check(came.n >= written, "what was said to be written arrives");
  await pair.close();
}

async function cancelConnect(): Promise<void> {
  const server = await Server.start(LOOPBACKS[0]);
  for (let i = 0; i < 50; i++) {
    const accepting = server.listener.accept();
    const connecting = TcpStream.connectAddr(server.address);
    if (i & 1) await yieldNow();
    connecting.cancel();
    const connected = await connecting;
    if (connected.isOk) await connected.unwrap().close();
    else equal<ErrorKind>(connected.error.kind, ErrorKind.Cancelled, "kind of what was cancelled");
    // If it came about all the same, it has been closed.
    const accepted = await timeout(accepting, SHORT);
    if (accepted.isErr || accepted.unwrap().isErr) continue;
    const end = accepted.unwrap().unwrap();
    const r = await end.read(room());
    check(r.isErr || r.n == 0, "the end of what nobody wanted");
    await end.close();
  }
}

/** Closing ends whatever waits. */
async function closing(): Promise<void> {
  const server = await Server.start(LOOPBACKS[0]);
  const pair = await server.pair();
  const reading = pair.server.read(room());
  await yieldNow();
  check((await pair.server.close()).isOk, "close");
  failsToTransfer(await reading, ErrorKind.Cancelled, "read ECANCELED");
  equal((await pair.client.read(room())).n, 0, "the peer sees the end");
  const accepting = server.listener.accept();
  await yieldNow();
  check((await server.listener.close()).isOk, "close");
  fails(await accepting, ErrorKind.Cancelled, "accept ECANCELED");
}

/** Run with few descriptors: none is left behind. */
async function churn(): Promise<void> {
  const server = await Server.start(LOOPBACKS[0]);
  for (let i = 0; i < 500; i++) {
    const pair = await server.pair();
    await pair.close();
    const accepting = server.listener.accept();
    await yieldNow();
    accepting.cancel();
    check((await accepting).isErr, "nobody came");
  }
  const gone = (await TcpListener.bind(LOOPBACKS[0])).unwrap();
  const address = (await gone.localAddr()).unwrap();
  await gone.close();
  for (let i = 0; i < 500; i++) {
    check((await TcpStream.connectAddr(address)).isErr, "nobody listens");
    check((await TcpListener.bindAddr(server.address)).isErr, "in use");
  }
}

/** Run with few descriptors: when they are used up that is told, and it gets better again. */
async function exhaustion(): Promise<void> {
  const server = await Server.start(LOOPBACKS[0]);
  const open = new Array<TcpStream>();
  while (true) {
    const connected = await TcpStream.connectAddr(server.address);
    if (connected.isErr) {
      fails(connected, ErrorKind.TooManyOpenFiles, `connect ${server.address} many EMFILE`);
      break;
    }
    open.push(connected.unwrap());
    check(open.length < 1000, "there is a limit");
  }
  const many = ErrorKind.TooManyOpenFiles;
  fails(await server.listener.accept(), many, `accept ${server.address} many EMFILE`);
  fails(await TcpListener.bind(LOOPBACKS[0]), ErrorKind.TooManyOpenFiles, "listen many EMFILE");
  check((await open.pop().close()).isOk, "close");
  const accepted = (await server.listener.accept()).expect("the connection has waited");
  await open[0].write(Vec.fromString("hello"));
  equal(text((await accepted.read(room())).buf), "hello", "and is as good as any");
}

/** Nothing was granted but `connect:127.0.0.1:1` and `listen:127.0.0.2:*`. */
async function denied(port: string): Promise<void> {
  const kind = ErrorKind.PermissionDenied;
  const others: StaticArray<string> = [
    `127.0.0.1:${port}`, `0.0.0.0:${port}`, `[::ffff:127.0.0.1]:${port}`, `[::1]:${port}`,
    `[::ffff:0.0.0.0]:${port}`, `[::]:${port}`, "127.0.0.3:1", "[::1]:1",
  ];
  for (let i = 0; i < others.length; i++) {
    const where = SocketAddr.parse(others[i]).unwrap().toString();
    fails(await TcpStream.connect(others[i]), kind, `connect ${where} permission EACCES`);
    if (!others[i].startsWith("127.0.0.2")) {
      fails(await TcpListener.bind(others[i]), kind, `listen ${where} permission EACCES`);
    }
  }
  // Different ways to write what was granted.
  const granted: StaticArray<string> = [
    "127.0.0.1:1", "0.0.0.0:1", "[::ffff:127.0.0.1]:1", "[::ffff:0.0.0.0]:1",
  ];
  for (let i = 0; i < granted.length; i++) {
    fails(await TcpStream.connect(granted[i]), ErrorKind.ConnectionRefused, "connect refused");
  }
  const listener = (await TcpListener.bind("127.0.0.2:0")).expect("bind");
  const at = (await listener.localAddr()).unwrap();
  fails(await TcpStream.connectAddr(at), kind, `connect ${at} permission`);
}
