/** Uses `std/net` and `std/process` in a worse world. Arguments: the case, and what it needs. */
import { args } from "std/env";
import { BufReader, ErrorKind, Result, println, stdin } from "std/io";
import { SocketAddr, TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream, lookupHost }
  from "std/net";
import { Command, Stdio } from "std/process";
import { yieldNow } from "std/rt";
import { Duration, timeout } from "std/time";
import { Vec } from "std/vec";
import { descriptors, sameDescriptors } from "./cancelling";
import { check, equal, fails } from "./check";

/** So long nobody with room in the queue is kept waiting. */
const LONG: Duration = Duration.fromMillis(500);

const input = new BufReader(stdin());

export async function main(): Promise<i32> {
  const name = args()[1];
  if (name == "exhausted") await exhausted(args()[2]);
  else if (name == "routes") await routes();
  else if (name == "full") await full();
  else if (name == "fullUnix") await fullUnix(args()[2]);
  else return 3;
  await println("ok");
  return 0;
}

function room(): Vec<u8> {
  return Vec.withCapacity<u8>(100);
}

/** Has the test change the world, and waits until it has. */
async function ask(what: string): Promise<void> {
  (await println(what)).unwrap();
  equal((await input.readLine()).unwrap(), "go\n", "the test goes on");
}

/** Whatever needs a descriptor says that there is none; what has one goes on. */
async function withoutDescriptors(
  listener: TcpListener, address: SocketAddr, unix: UnixListener, stream: TcpStream,
): Promise<void> {
  const kind = ErrorKind.TooManyOpenFiles;
  fails(await TcpListener.bind("127.0.0.1:0"), kind, "listen 127.0.0.1:0 many EMFILE");
  fails(await TcpStream.connectAddr(address), kind, `connect ${address} many EMFILE`);
  fails(await listener.accept(), kind, `accept ${address} many EMFILE`);
  fails(await UdpSocket.bind("127.0.0.1:0"), kind, "bind 127.0.0.1:0 many EMFILE");
  fails(await UnixListener.bind(unix.path + ".2"), kind, `listen ${unix.path}.2 many EMFILE`);
  fails(await UnixStream.connect(unix.path), kind, `connect ${unix.path} many EMFILE`);
  fails(await unix.accept(), kind, `accept ${unix.path} many EMFILE`);
  fails(await lookupHost("localhost", 1), kind, "localhost many EMFILE");
  const command = new Command("true").stdout(Stdio.piped());
  fails(await command.spawn(), kind, "true many EMFILE");
  fails(await new Command("true").status(), kind, "true many EMFILE");
  check((await stream.write(Vec.fromString("still"))).isOk, "what is open is written to");
}

/** All of it works again. */
async function withDescriptors(
  round: i32, address: SocketAddr, unix: UnixListener,
): Promise<void> {
  const listener = (await TcpListener.bind("127.0.0.1:0")).expect("listen");
  const stream = (await TcpStream.connectAddr(address)).expect("connect");
  const udp = (await UdpSocket.bind("127.0.0.1:0")).expect("bind");
  const other = (await UnixListener.bind(`${unix.path}-${round}`)).expect("listen");
  const near = (await UnixStream.connect(other.path)).expect("connect");
  check((await lookupHost("localhost", 1)).expect("look up").length > 0, "localhost");
  const command = new Command("echo").arg("x").stdout(Stdio.piped());
  equal((await command.output()).expect("spawn").stdout.toString(), "x\n", "what it says");
  await listener.close();
  await stream.close();
  await udp.close();
  await other.close();
  await near.close();
}

/** The test takes the descriptors away, gives them back, and so on. */
async function exhausted(path: string): Promise<void> {
  const listener = (await TcpListener.bind("127.0.0.1:0")).expect("listen");
  const address = (await listener.localAddr()).unwrap();
  const unix = (await UnixListener.bind(path)).expect("listen");
  // A pool of threads and the like are made when they are first needed.
  check((await lookupHost("localhost", 1)).isOk, "look up");
  const before = await descriptors();
  for (let round = 0; round < 2; round++) {
    const first = (await TcpStream.connectAddr(address)).expect("connect");
    const accepted = (await listener.accept()).expect("accept");
    const waiting = (await TcpStream.connectAddr(address)).expect("connect");
    const near = (await UnixStream.connect(path)).expect("connect");
    await ask("few");
    await withoutDescriptors(listener, address, unix, first);
    equal((await accepted.read(room())).buf.toString(), "still", "what is open is read from");
    await ask("many");
    const late = (await listener.accept()).expect("the connection has waited");
    await waiting.write(Vec.fromString("late"));
    equal((await late.read(room())).buf.toString(), "late", "and is as good as any");
    const far = (await unix.accept()).expect("this one, too");
    await near.write(Vec.fromString("near"));
    equal((await far.read(room())).buf.toString(), "near", "and is as good");
    await withDescriptors(round, address, unix);
    // What that connected to.
    await (await listener.accept()).expect("accept").close();
    await first.close();
    await accepted.close();
    await waiting.close();
    await late.close();
    await near.close();
    await far.close();
  }
  await sameDescriptors(before);
}

/** Routes of the test's: 192.0.2.1 is an unreachable host, 192.0.2.2 is forbidden. */
async function routes(): Promise<void> {
  const host = "connect 192.0.2.1:9 EHOSTUNREACH";
  fails(await TcpStream.connect("192.0.2.1:9"), ErrorKind.HostUnreachable, host);
  const net = "connect 198.51.100.1:9 ENETUNREACH";
  fails(await TcpStream.connect("198.51.100.1:9"), ErrorKind.NetworkUnreachable, net);
  const forbidden = "connect 192.0.2.2:9 EACCES";
  fails(await TcpStream.connect("192.0.2.2:9"), ErrorKind.PermissionDenied, forbidden);
  const udp = (await UdpSocket.bind("0.0.0.0:0")).expect("bind");
  const to = SocketAddr.parse("192.0.2.1:9").unwrap();
  const sent = await udp.sendTo(Vec.fromString("x"), to);
  check(sent.isErr, "nobody gets it");
  const message = sent.error.message;
  equal<ErrorKind>(sent.error.kind, ErrorKind.HostUnreachable, "of a datagram: " + message);
  fails(await TcpStream.connect("[2001:db8::1]:9"), ErrorKind.NetworkUnreachable, "connect");
}

/** A listener whose queue is full answers no more: connecting waits as long as it is let. */
async function full(): Promise<void> {
  const before = await descriptors();
  const listener = (await TcpListener.bind("127.0.0.1:0")).expect("listen");
  const address = (await listener.localAddr()).unwrap();
  const open = new Array<TcpStream>();
  while (true) {
    check(open.length < 5000, "the queue has an end");
    const connected = await timeout(TcpStream.connectAddr(address), LONG);
    if (connected.isErr) {
      fails(connected, ErrorKind.TimedOut, "timed out");
      break;
    }
    open.push(connected.unwrap().expect("connect"));
  }
  const filled = await descriptors();
  for (let i = 0; i < 30; i++) {
    const late = await timeout(TcpStream.connectAddr(address), Duration.fromMillis(1));
    fails(late, ErrorKind.TimedOut, "timed out");
    const connecting = TcpStream.connectAddr(address);
    await yieldNow();
    connecting.cancel();
    fails(await connecting, ErrorKind.Cancelled, `connect ${address} ECANCELED`);
  }
  await sameDescriptors(filled);
  for (let i = 0; i < open.length; i++) await open[i].close();
  check((await listener.close()).isOk, "close");
  await sameDescriptors(before);
}

/** The same of Unix sockets; and those who wait there are in nobody's way. */
async function fullUnix(path: string): Promise<void> {
  const listener = (await UnixListener.bind(path)).expect("listen");
  // A pool of threads and the like are made when they are first needed.
  const before = await descriptors();
  const open = new Array<UnixStream>();
  while (true) {
    check(open.length < 5000, "the queue has an end");
    const connected = await timeout(UnixStream.connect(path), LONG);
    if (connected.isErr) {
      fails(connected, ErrorKind.TimedOut, "timed out");
      break;
    }
    open.push(connected.unwrap().expect("connect"));
  }
  const filled = open.length;
  const waiting = new Array<Promise<Result<UnixStream>>>();
  for (let i = 0; i < 100; i++) waiting.push(UnixStream.connect(path));
  // Far more than there are threads; others have their turn.
  const other = (await UnixListener.bind(path + ".2")).expect("listen");
  const near = (await UnixStream.connect(other.path)).expect("connect");
  for (let i = 0; i < 90; i++) {
    const connecting = waiting.pop();
    connecting.cancel();
    fails(await connecting, ErrorKind.Cancelled, `connect ${path} ECANCELED`);
  }
  check(waiting[0].isPending, "the others wait on");
  // When there is room they get it.
  for (let i = 0; i < filled; i++) await (await listener.accept()).expect("accept").close();
  for (let i = 0; i < waiting.length; i++) open.push((await waiting[i]).expect("connect"));
  await near.close();
  await other.close();
  const last = open[open.length - 1];
  await last.write(Vec.fromString("x"));
  for (let i = 0; i < open.length; i++) await open[i].close();
  for (let i = 0; i < waiting.length; i++) await (await listener.accept()).expect("accept").close();
  await sameDescriptors(before);
}
