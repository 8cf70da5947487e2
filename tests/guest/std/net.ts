/** Uses `std/net` as apps do. Argument: the case. */
import { args } from "std/env";
import { ErrorKind, println, readToEnd, writeAll } from "std/io";
import { Shutdown, SocketAddr, TcpListener, TcpStream } from "std/net";
import { Duration, timeout } from "std/time";
import { Vec } from "std/vec";
import { check, equal, fails, failsToTransfer, pattern, text } from "./check";

const LOOPBACKS: StaticArray<string> = ["127.0.0.1:0", "[::1]:0"];

export async function main(): Promise<i32> {
  const name = args()[1];
  if (name == "echo") await both(echo);
  else if (name == "addresses") await both(addresses);
  else if (name == "refused") await both(refused);
  else if (name == "inUse") await both(inUse);
  else if (name == "cancelAccept") await cancelAccept();
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

  /** Both ends of a connection: the client's, then the server's. */
  async pair(): Promise<StaticArray<TcpStream>> {
    const accepting = this.listener.accept();
    const client = (await TcpStream.connectAddr(this.address)).expect("connect");
    const ends = new StaticArray<TcpStream>(2);
    ends[0] = client;
    ends[1] = (await accepting).expect("accept");
    return ends;
  }
}

async function closeAll(ends: StaticArray<TcpStream>): Promise<void> {
  for (let i = 0; i < ends.length; i++) check((await ends[i].close()).isOk, "close");
}

async function echo(at: string): Promise<void> {
  const server = await Server.start(at);
  const ends = await server.pair();
  equal((await ends[0].write(Vec.fromString("hello"))).unwrap(), 5, "write");
  let r = await ends[1].read(Vec.withCapacity<u8>(100));
  equal(text(r.buf), "hello", "what the server reads");
  check((await writeAll(ends[1], r.buf)).isOk, "write back");
  check((await ends[1].shutdown(Shutdown.Write)).isOk, "shutdown");
  const all = await readToEnd(ends[0], new Vec<u8>());
  equal(text(all.buf), "hello", "what the client reads until the end");
  equal((await ends[0].write(Vec.fromString("more"))).unwrap(), 4, "the other half is open");
  r = await ends[1].read(r.buf);
  equal(text(r.buf), "more", "the half that is open");
  await closeAll(ends);
  failsToTransfer(await ends[0].read(r.buf), ErrorKind.Other, "read EBADF");
  check((await server.listener.close()).isOk, "close");
}

async function addresses(at: string): Promise<void> {
  const server = await Server.start(at);
  check(server.address.port != 0, "the real port");
  const ends = await server.pair();
  const client = (await ends[0].localAddr()).unwrap();
  check((await ends[0].peerAddr()).unwrap().equals(server.address), "the client's peer");
  check((await ends[1].peerAddr()).unwrap().equals(client), "the server's peer");
  check((await ends[1].localAddr()).unwrap().equals(server.address), "the server's own");
  equal(ends[1].name, client.toString(), "the name of what was accepted");
  check(!(await ends[0].nodelay()).unwrap(), "nodelay before");
  check((await ends[0].setNodelay(true)).isOk, "set nodelay");
  check((await ends[0].nodelay()).unwrap(), "nodelay");
  await closeAll(ends);
}

async function refused(at: string): Promise<void> {
  const server = await Server.start(at);
  const address = server.address;
  check((await server.listener.close()).isOk, "close");
  const where = address.toString();
  const words = `connect ${where} refused ECONNREFUSED`;
  fails(await TcpStream.connectAddr(address), ErrorKind.ConnectionRefused, words);
  fails(await server.listener.accept(), ErrorKind.Other, `accept EBADF`);
  fails(await TcpStream.connect("localhost"), ErrorKind.InvalidInput, "parse localhost");
}

async function inUse(at: string): Promise<void> {
  const server = await Server.start(at);
  const where = server.address.toString();
  fails(await TcpListener.bindAddr(server.address), ErrorKind.AddrInUse, `listen ${where} in use`);
  const other = at.includes("[") ? "[2001:db8::1]:0" : "192.0.2.1:0";
  fails(await TcpListener.bind(other), ErrorKind.AddrNotAvailable, `listen ${other} available`);
  await server.listener.close();
}

async function cancelAccept(): Promise<void> {
  const server = await Server.start(LOOPBACKS[0]);
  const waited = await timeout(server.listener.accept(), Duration.fromMillis(20));
  check(waited.isErr, "nobody came");
  // The next one to come is not lost to the accept that was given up.
  const ends = await server.pair();
  await ends[0].write(pattern(10));
  equal((await ends[1].read(Vec.withCapacity<u8>(20))).n, 10, "read");
  await closeAll(ends);
}
