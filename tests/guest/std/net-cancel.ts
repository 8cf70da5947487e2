/** Cancels every operation of `net`, `process` and `signal`. Arguments: which of them, a path. */
import { args } from "std/env";
import { Error, println, readToEnd } from "std/io";
import {
  Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream, lookupHost,
} from "std/net";
import { Child, ChildStdin, Command, Signal, Stdio } from "std/process";
import { ctrlC, signalWait } from "std/signal";
import { Vec } from "std/vec";
import {
  MOMENTS, cancelAt, descriptors, ended, moved, opened, sameDescriptors,
} from "./cancelling";
import { check, equal, pattern } from "./check";

export async function main(): Promise<i32> {
  const name = args()[1];
  if (name == "net") await net(args()[2]);
  else if (name == "process") await process();
  else if (name == "signal") await signal();
  else return 3;
  await println("ok");
  return 0;
}

function room(): Vec<u8> {
  return Vec.withCapacity<u8>(1000);
}

/** One of everything, fresh for each operation. */
class World {
  constructor(
    readonly listener: TcpListener, readonly address: SocketAddr,
    /** A connection that is quiet. */
    readonly client: TcpStream, readonly server: TcpStream,
    /** A connection that waits to be accepted; 4 bytes came with it. */
    readonly early: TcpStream,
    readonly udp: UdpSocket, readonly peer: UdpSocket, readonly peerAt: SocketAddr,
    /** Connected to `peer`. */
    readonly connected: UdpSocket,
    readonly path: string, readonly unix: UnixListener,
    readonly near: UnixStream, readonly far: UnixStream,
  ) {}

  static async make(path: string): Promise<World> {
    const listener = (await TcpListener.bind("127.0.0.1:0")).expect("bind");
    const address = (await listener.localAddr()).unwrap();
    const client = (await TcpStream.connectAddr(address)).expect("connect");
    const server = (await listener.accept()).expect("accept");
    const early = (await TcpStream.connectAddr(address)).expect("connect");
    await early.write(Vec.fromString("kept"));
    const udp = (await UdpSocket.bind("127.0.0.1:0")).expect("bind");
    const peer = (await UdpSocket.bind("127.0.0.1:0")).expect("bind");
    const unix = (await UnixListener.bind(path)).expect("bind " + path);
    const near = (await UnixStream.connect(path)).expect("connect");
    const far = (await unix.accept()).expect("accept");
    const peerAt = (await peer.localAddr()).unwrap();
    const connected = (await UdpSocket.bind("127.0.0.1:0")).expect("bind");
    (await connected.connectAddr(peerAt)).expect("connect");
    return new World(listener, address, client, server, early, udp, peer, peerAt, connected, path,
      unix, near, far);
  }

  /** Closes what is not closed yet. */
  async end(): Promise<void> {
    await this.listener.close();
    await this.client.close();
    await this.server.close();
    await this.early.close();
    await this.udp.close();
    await this.peer.close();
    await this.connected.close();
    await this.unix.close();
    await this.near.close();
    await this.far.close();
  }
}

/** An operation, and what the message of its error names. */
class Act {
  constructor(
    readonly words: string,
    readonly begin: (on: World) => Promise<Error | null>,
    /** Looks at what has become of it. */
    readonly look: ((on: World, error: Error | null) => Promise<void>) | null = null,
  ) {}
}

/** What came before the end: all that was written, or, if that was cancelled, nothing. */
async function seeWritten(on: World, error: Error | null): Promise<void> {
  check((await on.client.shutdown(Shutdown.Write)).isOk, "shutdown");
  const all = await readToEnd(on.server, new Vec<u8>());
  equal(all.buf.length, error === null ? 100 : 0, "bytes of a write");
}

async function seeUnixWritten(on: World, error: Error | null): Promise<void> {
  check((await on.near.shutdown(Shutdown.Write)).isOk, "shutdown");
  const all = await readToEnd(on.far, new Vec<u8>());
  equal(all.buf.length, error === null ? 100 : 0, "bytes of a write");
}

/** Whatever came after a read was given up is there for the next one. */
async function seeRead(on: World, error: Error | null): Promise<void> {
  check(error !== null, "nothing had come");
  await on.client.write(Vec.fromString("next"));
  equal((await on.server.read(room())).buf.toString(), "next", "what came after");
}

async function seeUnixRead(on: World, error: Error | null): Promise<void> {
  check(error !== null, "nothing had come");
  await on.near.write(Vec.fromString("next"));
  equal((await on.far.read(room())).buf.toString(), "next", "what came after");
}

/** The connection is accepted and closed, or still waits, its bytes with it. */
async function seeAccepted(on: World, error: Error | null): Promise<void> {
  if (error === null) {
    // It was closed with bytes that nobody had read.
    const end = await on.early.read(room());
    check(end.isErr || end.n == 0, "the end of what was accepted");
    return;
  }
  const stream = (await on.listener.accept()).expect("it has waited");
  equal((await stream.read(room())).buf.toString(), "kept", "what came with it");
  check((await stream.close()).isOk, "close");
}

async function seeReceived(on: World, error: Error | null): Promise<void> {
  check(error !== null, "nothing had come");
  const at = (await on.udp.localAddr()).unwrap();
  await on.peer.sendTo(Vec.fromString("next"), at);
  equal((await on.udp.recvFrom(room())).buf.toString(), "next", "what came after");
}

async function seeSent(on: World, error: Error | null): Promise<void> {
  await on.udp.sendTo(Vec.fromString("next"), on.peerAt);
  const first = await on.peer.recvFrom(room());
  equal(first.n, error === null ? 100 : 4, "the datagram, whole or not at all");
}

/** A connection that was given up does not stay: whoever accepts it sees its end. */
async function seeUnixConnected(on: World, error: Error | null): Promise<void> {
  const next = (await UnixStream.connect(on.path)).expect("connect");
  await next.write(Vec.fromString("next"));
  while (true) {
    const stream = (await on.unix.accept()).expect("accept");
    const came = await stream.read(room());
    check((await stream.close()).isOk, "close");
    if (came.isOk && came.n == 4) break;
    check(came.isErr || came.n == 0, "the end of what nobody wanted");
  }
  check((await next.close()).isOk, "close");
}

function tcpActs(): Act[] {
  return [
    new Act("listen", (on) => opened(TcpListener.bind("127.0.0.1:0"))),
    new Act("listen", (on) => opened(TcpListener.bindAddr(SocketAddr.parse("[::1]:0").unwrap()))),
    new Act("", (on) => opened(TcpListener.bind("localhost:0"))),
    new Act("connect", (on) => opened(TcpStream.connectAddr(on.address))),
    new Act("", (on) => opened(TcpStream.connect(`localhost:${on.address.port}`))),
    new Act("accept", (on) => opened(on.listener.accept()), seeAccepted),
    new Act("address", (on) => ended(on.listener.localAddr())),
    new Act("read", (on) => moved(on.server.read(room())), seeRead),
    new Act("write", (on) => moved(on.client.write(pattern(100))), seeWritten),
    new Act("shutdown", (on) => ended(on.client.shutdown(Shutdown.Write))),
    new Act("set nodelay", (on) => ended(on.client.setNodelay(true))),
    new Act("nodelay", (on) => ended(on.client.nodelay())),
    new Act("set zero linger", (on) => ended(on.client.setZeroLinger(true))),
    new Act("zero linger", (on) => ended(on.client.zeroLinger())),
    new Act("peek", (on) => moved(on.server.peek(room())), seeRead),
    new Act("set keepalive", (on) => ended(on.client.setKeepalive(true))),
    new Act("set ttl", (on) => ended(on.client.setTtl(9))),
    new Act("ttl", (on) => ended(on.client.ttl())),
    new Act("address", (on) => ended(on.client.peerAddr())),
    new Act("address", (on) => ended(on.client.localAddr())),
    new Act("look localhost", (on) => ended(lookupHost("localhost", 1))),
  ];
}

function udpActs(): Act[] {
  return [
    new Act("bind", (on) => opened(UdpSocket.bind("127.0.0.1:0"))),
    new Act("bind", (on) => opened(UdpSocket.bindAddr(SocketAddr.parse("[::1]:0").unwrap()))),
    new Act("connect", (on) => ended(on.udp.connectAddr(on.peerAt))),
    new Act("", (on) => ended(on.udp.connect(`localhost:${on.peerAt.port}`))),
    new Act("send", (on) => moved(on.udp.sendTo(pattern(100), on.peerAt)), seeSent),
    new Act("send", (on) => moved(on.connected.send(pattern(100))), seeSent),
    new Act("address", (on) => ended(on.connected.peerAddr())),
    new Act("recv", (on) => moved(on.udp.recvFrom(room())), seeReceived),
    new Act("recv", (on) => moved(on.udp.recv(room())), seeReceived),
    new Act("peek", (on) => moved(on.udp.peek(room())), seeReceived),
    new Act("set multicast loop", (on) => ended(on.udp.setMulticastLoop(true))),
    new Act("multicast loop", (on) => ended(on.udp.multicastLoop())),
    new Act("set multicast ttl", (on) => ended(on.udp.setMulticastTtl(2))),
    new Act("multicast ttl", (on) => ended(on.udp.multicastTtl())),
    new Act("set multicast interface", (on) => ended(on.udp.setMulticastInterface(0))),
    new Act("address", (on) => ended(on.udp.localAddr())),
    new Act("set broadcast", (on) => ended(on.udp.setBroadcast(true))),
    new Act("broadcast", (on) => ended(on.udp.broadcast())),
    new Act("set ttl", (on) => ended(on.udp.setTtl(9))),
    new Act("ttl", (on) => ended(on.udp.ttl())),
  ];
}

function unixActs(): Act[] {
  return [
    new Act("listen", (on) => opened(UnixListener.bind(on.path + ".2"))),
    new Act("connect", (on) => opened(UnixStream.connect(on.path)), seeUnixConnected),
    new Act("accept", (on) => opened(on.unix.accept()), seeUnixConnected),
    new Act("read", (on) => moved(on.far.read(room())), seeUnixRead),
    new Act("write", (on) => moved(on.near.write(pattern(100))), seeUnixWritten),
    new Act("shutdown", (on) => ended(on.near.shutdown(Shutdown.Write))),
  ];
}

/** Closing is the one thing that cannot be cancelled. */
function closes(): Act[] {
  return [
    new Act("", (on) => ended(on.listener.close())),
    new Act("", (on) => ended(on.client.close())),
    new Act("", (on) => ended(on.udp.close())),
    new Act("", (on) => ended(on.unix.close())),
    new Act("", (on) => ended(on.near.close())),
  ];
}

async function net(path: string): Promise<void> {
  const acts = tcpActs().concat(udpActs()).concat(unixActs());
  const before = await descriptors();
  for (let i = 0; i < acts.length; i++) {
    for (let moment = 0; moment < MOMENTS; moment++) {
      const world = await World.make(`${path}-${i}-${moment}`);
      const act = acts[i];
      const error = await cancelAt(moment, act.begin(world), act.words);
      const look = act.look;
      if (look !== null) await look(world, error);
      await world.end();
    }
  }
  const closing = closes();
  for (let i = 0; i < closing.length; i++) {
    const world = await World.make(`${path}-close-${i}`);
    const end = closing[i].begin(world);
    end.cancel();
    check((await end) === null, "closing cannot be cancelled");
    await world.end();
  }
  await sameDescriptors(before);
}

/** A child that lives as long as its input is open. */
class Cat {
  constructor(readonly child: Child, readonly input: ChildStdin) {}

  static async start(): Promise<Cat> {
    const command = new Command("cat").stdin(Stdio.piped()).stdout(Stdio.piped());
    const child = (await command.spawn()).expect("cat");
    const input = child.stdin!;
    // Or whoever waits would close it.
    child.stdin = null;
    return new Cat(child, input);
  }

  /** It hears what it is told, and ends by itself. Tells how much has come out of it. */
  async end(): Promise<i32> {
    check((await this.input.write(Vec.fromString("!"))).isOk, "write");
    check((await this.input.close()).isOk, "close");
    const output = (await this.child.waitWithOutput()).unwrap();
    check(output.status.success, "its own end");
    return output.stdout.length;
  }
}

async function spawned(command: Command): Promise<Error | null> {
  const result = await command.spawn();
  if (result.isErr) return result.error;
  await result.unwrap().end();
  return null;
}

class ChildAct {
  constructor(
    readonly words: string,
    readonly begin: (on: Cat) => Promise<Error | null>,
    /** Bytes that come out of the child for it, if it is done. */
    readonly length: i32 = 0,
  ) {}
}

function childActs(): ChildAct[] {
  return [
    new ChildAct("sleep", (on) => spawned(new Command("sleep").arg("1000"))),
    new ChildAct("", (on) => ended(new Command("true").status())),
    new ChildAct("", (on) => ended(new Command("true").output())),
    new ChildAct("cat", (on) => ended(on.child.wait())),
    new ChildAct("write", (on) => moved(on.input.write(pattern(100))), 100),
    new ChildAct("read", (on) => moved(on.child.stdout!.read(room()))),
  ];
}

async function process(): Promise<void> {
  // What waits for the first child that is let go is kept for the next ones.
  const first = await Cat.start();
  first.child.detach();
  check((await first.input.close()).isOk, "its end");
  await cancelChildren();
  const before = await descriptors();
  await cancelChildren();
  await sameDescriptors(before);
}

async function cancelChildren(): Promise<void> {
  const acts = childActs();
  for (let i = 0; i < acts.length; i++) {
    const act = acts[i];
    for (let moment = 0; moment < MOMENTS; moment++) {
      const cat = await Cat.start();
      const error = await cancelAt(moment, act.begin(cat), act.words);
      const wanted = error === null ? act.length + 1 : 1;
      equal(await cat.end(), wanted, "what was written, and no byte was read by nobody");
    }
  }
  // Waiting for all there is to come is given up, too; the child and what it says are not.
  for (let moment = 0; moment < MOMENTS; moment++) {
    const cat = await Cat.start();
    const error = await cancelAt(moment, ended(cat.child.waitWithOutput()), "");
    check(error !== null, "it has not ended");
    const sent = cat.child.signal(Signal.Continue);
    sent.cancel();
    check((await sent).isOk, "sending a signal cannot be cancelled");
    const closing = cat.input.close();
    closing.cancel();
    check((await closing).isOk, "closing a pipe cannot be cancelled");
    const killed = cat.child.kill();
    killed.cancel();
    check((await killed).isOk, "nor can killing");
    await cat.child.end();
  }
}

async function signal(): Promise<void> {
  const before = await descriptors();
  for (let moment = 0; moment < MOMENTS; moment++) {
    const first = await cancelAt(moment, ended(ctrlC()), "SIGINT");
    check(first !== null, "nobody sent it");
    const other = await cancelAt(moment, ended(signalWait(Signal.User2)), "SIGUSR2");
    check(other !== null, "nobody sent it");
  }
  await sameDescriptors(before);
}
