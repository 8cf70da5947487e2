/** Connections: servers that echo, and clients that check what they get. */
import { readToEnd, writeAll } from "std/io";
import { Shutdown, SocketAddr, TcpListener, TcpStream } from "std/net";
import { spawn } from "std/rt";
import { Duration, sleep } from "std/time";
import { Vec } from "std/vec";
import { below, check, done, isPattern, isRunning, pattern, sound, soundTransfer } from "./state";

const CLIENTS = 20;

/** Connections that the server has not closed yet. */
let served = 0;

/** A server and its clients, until the round is over. */
export async function useTcp(at: string): Promise<void> {
  const listener = sound(await TcpListener.bind(at), "bind");
  const address = sound(await listener.localAddr(), "local address");
  const accepting = spawn(serve(listener));
  const clients = new Array<Promise<void>>();
  for (let i = 0; i < CLIENTS; i++) clients.push(converse(address, i));
  for (let i = 0; i < CLIENTS; i++) await clients[i];
  // It waits in an accept that nobody will come to.
  sound(await listener.close(), "close listener");
  await accepting;
  while (served > 0) await sleep(Duration.fromMillis(1));
}

async function serve(listener: TcpListener): Promise<void> {
  for (;;) {
    const accepted = await listener.accept();
    if (accepted.isErr) return;
    served++;
    spawn(echo(accepted.unwrap()));
  }
}

async function echo(stream: TcpStream): Promise<void> {
  let buf = Vec.withCapacity<u8>(4096);
  for (;;) {
    const result = await stream.read(buf);
    // A client may go with bytes unread, which is a reset.
    if (result.isErr || result.n == 0) break;
    const back = await writeAll(stream, result.buf);
    if (back.isErr) break;
    buf = back.buf;
  }
  sound(await stream.close(), "close");
  served--;
}

async function converse(address: SocketAddr, seed: i32): Promise<void> {
  while (isRunning()) {
    const stream = sound(await TcpStream.connectAddr(address), "connect");
    const messages = below(50);
    let buf = Vec.withCapacity<u8>(6000);
    for (let i = 0; i < messages; i++) {
      const length = below(6000) + 1;
      const sent = await writeAll(stream, pattern(length, seed));
      soundTransfer(sent, "send");
      for (let at = 0; at < length;) {
        const result = soundTransfer(await stream.read(buf), "receive");
        buf = result.buf;
        check(result.n > 0 && isPattern(buf, result.n, at, seed), "echo");
        at += result.n;
      }
      done("echoes");
    }
    await part(stream, seed);
    done("connections");
  }
}

/** One of the ways in which connections end. */
async function part(stream: TcpStream, seed: i32): Promise<void> {
  const way = below(3);
  if (way == 0) {
    soundTransfer(await writeAll(stream, pattern(1000, seed)), "send");
    sound(await stream.shutdown(Shutdown.Write), "shutdown");
    const rest = soundTransfer(await readToEnd(stream, new Vec<u8>()), "read to the end");
    check(rest.buf.length == 1000 && isPattern(rest.buf, 1000, 0, seed), "the rest");
  } else if (way == 1) {
    // Its echo comes to nobody.
    soundTransfer(await writeAll(stream, pattern(1000, seed)), "send");
  }
  sound(await stream.close(), "close");
}
