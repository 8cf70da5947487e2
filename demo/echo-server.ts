/**
 * Sends everything back that comes: `echo-server [ADDRESS]`, until Ctrl-C. Each connection is
 * served by a task of its own, which is all there is to serving thousands of them.
 */
import { args } from "std/env";
import { ErrorKind, eprintln, println, writeAll } from "std/io";
import { TcpListener, TcpStream } from "std/net";
import { select, spawn } from "std/rt";
import { ctrlC } from "std/signal";
import { Duration, sleep } from "std/time";
import { Vec } from "std/vec";

/** Bytes that a connection moves at a time. */
const PIECE: i32 = 4 * 1024;

let connections: i32 = 0;
let bytes: u64 = 0;

export async function main(): Promise<i32> {
  const given = args();
  const bound = await TcpListener.bind(given.length > 1 ? given[1] : "127.0.0.1:7777");
  if (bound.isErr) {
    await eprintln("echo-server: " + bound.error.message);
    return 1;
  }
  const listener = bound.unwrap();
  const address = (await listener.localAddr()).unwrap();
  await println(`listening on ${address.toString()}`);
  await select(ctrlC(), acceptAll(listener));
  await listener.close();
  await println(`${connections} connections, ${bytes} bytes`);
  return 0;
}

async function acceptAll(listener: TcpListener): Promise<void> {
  while (true) {
    const accepted = await listener.accept();
    if (accepted.isOk) {
      connections++;
      spawn(serve(accepted.unwrap()));
    } else if (accepted.error.kind == ErrorKind.Cancelled) {
      return;
    } else {
      // Too many files are open, say: that passes, and who knocked still waits.
      await eprintln("echo-server: " + accepted.error.message);
      await sleep(Duration.fromMillis(100));
    }
  }
}

async function serve(stream: TcpStream): Promise<void> {
  void await stream.setNodelay(true);
  await echo(stream);
  await stream.close();
}

/** Until the peer has nothing more to say, or is gone. */
async function echo(stream: TcpStream): Promise<void> {
  let buf = Vec.withCapacity<u8>(PIECE);
  while (true) {
    const read = await stream.read(buf);
    if (read.isErr || read.n == 0) return;
    const written = await writeAll(stream, read.buf);
    if (written.isErr) return;
    bytes += written.n;
    buf = written.buf;
  }
}
