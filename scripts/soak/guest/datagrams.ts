/** Datagrams, and streams between sockets that have paths. */
import { removeFile } from "std/fs";
import { writeAll } from "std/io";
import { UdpSocket, UnixListener, UnixStream } from "std/net";
import { Duration, timeout } from "std/time";
import { Vec } from "std/vec";
import { below, check, done, isPattern, isRunning, pattern, sound, soundTransfer } from "./state";

/** Two sockets that send to each other, and one that nobody sends to. */
export async function useUdp(at: string): Promise<void> {
  while (isRunning()) {
    const one = sound(await UdpSocket.bind(at), "bind");
    const other = sound(await UdpSocket.bind(at), "bind");
    const address = sound(await one.localAddr(), "local address");
    for (let i = 0; i < 20; i++) {
      const length = below(1400) + 1;
      soundTransfer(await other.sendTo(pattern(length, i), address), "send");
      const received = soundTransfer(await one.recvFrom(Vec.withCapacity<u8>(1500)), "receive");
      check(received.n == length && isPattern(received.buf, length, 0, i), "datagram");
    }
    const waiting = other.recvFrom(Vec.withCapacity<u8>(100));
    check((await timeout(waiting, Duration.fromMicros(below(2000)))).isErr, "nobody sends");
    sound(await one.close(), "close");
    sound(await other.close(), "close");
    done("datagrams");
  }
}

/** A listener by a path, and one client after the other. */
export async function useUnix(path: string): Promise<void> {
  while (isRunning()) {
    const listener = sound(await UnixListener.bind(path), "bind");
    for (let i = 0; i < 10; i++) {
      const accepting = listener.accept();
      const client = sound(await UnixStream.connect(path), "connect");
      const server = sound(await accepting, "accept");
      const length = below(100_000) + 1;
      const writing = writeAll(client, pattern(length, i));
      let buf = Vec.withCapacity<u8>(8192);
      for (let at = 0; at < length;) {
        const result = soundTransfer(await server.read(buf), "read");
        buf = result.buf;
        check(result.n > 0 && isPattern(buf, result.n, at, i), "stream");
        at += result.n;
      }
      soundTransfer(await writing, "write");
      sound(await client.close(), "close");
      sound(await server.close(), "close");
    }
    sound(await listener.close(), "close");
    sound(await removeFile(path), "remove");
    done("unix");
  }
}
