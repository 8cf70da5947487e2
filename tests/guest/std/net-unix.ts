/** Uses Unix sockets of `std/net` as apps do. Arguments: the case, and an empty directory. */
import { args } from "std/env";
import { ErrorKind, copy, println, readToEnd, writeAll } from "std/io";
import { Shutdown, UnixListener, UnixStream } from "std/net";
import { join } from "std/path";
import { yieldNow } from "std/rt";
import { Duration, timeout } from "std/time";
import { Vec } from "std/vec";
import { check, equal, fails, failsToTransfer, pattern, text } from "./check";

export async function main(): Promise<i32> {
  const name = args()[1];
  const dir = args()[2];
  if (name == "echo") await echo(join(dir, "socket"));
  else if (name == "large") await large(join(dir, "socket"));
  else if (name == "errors") await errors(dir);
  else if (name == "names") await names(dir);
  else if (name == "peek") await peek(join(dir, "socket"));
  else if (name == "inFlight") await inFlight(join(dir, "socket"));
  else if (name == "cancel") await cancel(join(dir, "socket"));
  else if (name == "churn") await churn(join(dir, "socket"));
  else if (name == "denied") await denied(dir);
  else return 3;
  await println("ok");
  return 0;
}

class Pair {
  constructor(readonly client: UnixStream, readonly server: UnixStream) {}

  static async of(listener: UnixListener): Promise<Pair> {
    const accepting = listener.accept();
    const client = (await UnixStream.connect(listener.path)).expect("connect");
    return new Pair(client, (await accepting).expect("accept"));
  }
}

function room(capacity: i32 = 100): Vec<u8> {
  return Vec.withCapacity<u8>(capacity);
}

async function echo(path: string): Promise<void> {
  const listener = (await UnixListener.bind(path)).expect("bind");
  const pair = await Pair.of(listener);
  equal((await pair.client.write(Vec.fromString("hello"))).unwrap(), 5, "write");
  const r = await pair.server.read(room());
  equal(text(r.buf), "hello", "read");
  check((await writeAll(pair.server, r.buf)).isOk, "write back");
  check((await pair.server.shutdown(Shutdown.Write)).isOk, "shutdown");
  equal(text((await readToEnd(pair.client, new Vec<u8>())).buf), "hello", "up to the end");
  equal((await pair.client.write(Vec.fromString("more"))).unwrap(), 4, "the other half");
  equal(text((await pair.server.read(room())).buf), "more", "the other half");
  check((await pair.server.close()).isOk, "close");
  const words = `write ${path} broken EPIPE`;
  failsToTransfer(await pair.client.write(pattern(1)), ErrorKind.BrokenPipe, words);
  check((await pair.client.close()).isOk, "close");
  check((await listener.close()).isOk, "close");
}

async function peek(path: string): Promise<void> {
  const pair = await Pair.of((await UnixListener.bind(path)).expect("bind"));
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

async function pour(stream: UnixStream, bytes: Vec<u8>): Promise<void> {
  check((await writeAll(stream, bytes)).isOk, "write");
  check((await stream.shutdown(Shutdown.Write)).isOk, "shutdown");
}

async function sendBack(stream: UnixStream): Promise<u64> {
  const copied = (await copy(stream, stream)).unwrap();
  check((await stream.shutdown(Shutdown.Write)).isOk, "shutdown");
  return copied;
}

async function large(path: string): Promise<void> {
  const pair = await Pair.of((await UnixListener.bind(path)).expect("bind"));
  const bytes = pattern(4 << 20);
  const pouring = pour(pair.client, bytes.slice());
  const copying = sendBack(pair.server);
  const all = await readToEnd(pair.client, new Vec<u8>());
  await pouring;
  equal(await copying, bytes.length, "what was copied");
  check(all.buf.equals(bytes), "what came back");
}

async function errors(dir: string): Promise<void> {
  const path = join(dir, "socket");
  fails(await UnixStream.connect(path), ErrorKind.NotFound, `connect ${path} found ENOENT`);
  const listener = (await UnixListener.bind(path)).expect("bind");
  const used = `listen ${path} in use EADDRINUSE`;
  fails(await UnixListener.bind(path), ErrorKind.AddrInUse, used);
  await listener.close();
  const refused = `connect ${path} refused ECONNREFUSED`;
  fails(await UnixStream.connect(path), ErrorKind.ConnectionRefused, refused);
  // A socket that nobody listens on stays, and is in the way.
  fails(await UnixListener.bind(path), ErrorKind.AddrInUse, used);
  const file = join(dir, "file");
  fails(await UnixStream.connect(file), ErrorKind.ConnectionRefused, "connect file refused");
  fails(await UnixListener.bind(file), ErrorKind.AddrInUse, "listen file in use");
  fails(await UnixListener.bind(join(dir, "dangling")), ErrorKind.AddrInUse, "listen dangling");
  fails(await UnixListener.bind(join(dir, "no/where")), ErrorKind.NotFound, "listen no/where");
  fails(await UnixListener.bind(join(file, "x")), ErrorKind.NotADirectory, "listen file/x");
  fails(await UnixListener.bind(""), ErrorKind.NotFound, "listen");
  fails(await UnixListener.bind(dir + "/"), ErrorKind.AddrInUse, "listen");
  fails(await UnixListener.bind(dir + "/none/"), ErrorKind.NotFound, "listen");
  fails(await UnixListener.bind(dir + "/dir/"), ErrorKind.InvalidInput, "listen");
  fails(await UnixListener.bind(dir + "/."), ErrorKind.AddrInUse, "listen");
  fails(await UnixListener.bind(dir + "/a\0b"), ErrorKind.InvalidInput, "listen");
  const long = join(dir, "x".repeat(200));
  fails(await UnixListener.bind(long), ErrorKind.InvalidFilename, "listen ENAMETOOLONG");
}

/** However long the path to the socket's directory is, and whatever is in its name. */
async function names(dir: string): Promise<void> {
  let deep = dir;
  for (let i = 0; i < 3; i++) deep = join(deep, "d".repeat(60));
  const path = join(deep, "grüße \u{1f310}");
  const listener = (await UnixListener.bind(path)).expect("bind");
  const pair = await Pair.of(listener);
  await pair.client.write(Vec.fromString("x"));
  equal((await pair.server.read(room())).n, 1, "read");
  equal(pair.client.name, path, "its name");
  const link = (await UnixStream.connect(join(dir, "link"))).expect("through a link");
  await link.close();
}

async function inFlight(path: string): Promise<void> {
  const listener = (await UnixListener.bind(path)).expect("bind");
  const first = listener.accept();
  const second = listener.accept();
  const one = (await UnixStream.connect(path)).unwrap();
  const two = (await UnixStream.connect(path)).unwrap();
  await one.write(Vec.fromString("one"));
  await two.write(Vec.fromString("two"));
  const a = (await first).unwrap();
  const b = (await second).unwrap();
  const said = text((await a.read(room())).buf) + text((await b.read(room())).buf);
  check(said == "onetwo" || said == "twoone", "each has its own: " + said);
  const reads = a.read(room(2));
  const more = a.read(room(2));
  await yieldNow();
  await one.write(Vec.fromString("abcd"));
  await two.write(Vec.fromString("abcd"));
  const came = await reads;
  if (text(came.buf) == "ab") equal(text((await more).buf), "cd", "in order");
}

async function cancel(path: string): Promise<void> {
  const listener = (await UnixListener.bind(path)).expect("bind");
  check((await timeout(listener.accept(), Duration.fromMillis(20))).isErr, "nobody comes");
  for (let i = 0; i < 20; i++) {
    const accepting = listener.accept();
    const connecting = UnixStream.connect(path);
    if (i & 1) await yieldNow();
    connecting.cancel();
    const connected = await connecting;
    if (connected.isOk) await connected.unwrap().close();
    else equal<ErrorKind>(connected.error.kind, ErrorKind.Cancelled, "kind");
    const accepted = await timeout(accepting, Duration.fromMillis(20));
    if (accepted.isErr || accepted.unwrap().isErr) continue;
    const end = accepted.unwrap().unwrap();
    const r = await end.read(room());
    check(r.isErr || r.n == 0, "the end of what nobody wanted");
    await end.close();
  }
  const pair = await Pair.of(listener);
  const reading = pair.server.read(room());
  await yieldNow();
  reading.cancel();
  failsToTransfer(await reading, ErrorKind.Cancelled, "read ECANCELED");
  await pair.client.write(Vec.fromString("kept"));
  equal(text((await pair.server.read(room())).buf), "kept", "nothing is lost");
  const waiting = listener.accept();
  await yieldNow();
  check((await listener.close()).isOk, "close");
  fails(await waiting, ErrorKind.Cancelled, "accept ECANCELED");
}

/** Run with few descriptors: none is left behind. */
async function churn(path: string): Promise<void> {
  const listener = (await UnixListener.bind(path)).expect("bind");
  for (let i = 0; i < 400; i++) {
    const pair = await Pair.of(listener);
    check((await pair.client.close()).isOk && (await pair.server.close()).isOk, "close");
    check((await UnixListener.bind(path)).isErr, "in use");
    check((await UnixStream.connect(path + "x")).isErr, "not found");
  }
}

/** Nothing was granted but `dir`; there are ways out of it, and a socket beside it. */
async function denied(dir: string): Promise<void> {
  const kind = ErrorKind.PermissionDenied;
  const ways: StaticArray<string> = [
    "../socket", "out/socket", "escape", "/tmp/socket", "dir/../../socket",
  ];
  for (let i = 0; i < ways.length; i++) {
    const path = ways[i].startsWith("/") ? ways[i] : dir + "/" + ways[i];
    fails(await UnixStream.connect(path), kind, `connect ${path} permission EACCES`);
    if (ways[i] == "escape") fails(await UnixListener.bind(path), ErrorKind.AddrInUse, "listen");
    else fails(await UnixListener.bind(path + "2"), kind, `listen ${path} permission EACCES`);
  }
  const listener = (await UnixListener.bind(join(dir, "inside"))).expect("bind");
  await listener.close();
}
