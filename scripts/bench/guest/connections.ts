// `connections ADDRESS COUNT`: an echo server that says how much guest memory each connection takes
// once it has answered on COUNT of them.
import { args } from "std/env";
import { println } from "std/io";
import { TcpListener, TcpStream } from "std/net";
import { Vec } from "std/vec";

const pageSize = 65_536;
const given = args();
const wanted = I32.parseInt(given[2]);
let answered = 0;
/** Pages that connections had filled when the memory grew last, and how many of them did. */
let filled = 0;
let fillers = 0;

async function serve(stream: TcpStream): Promise<void> {
  let buf = Vec.withCapacity<u8>(4096);
  for (let turn = 0; ; turn++) {
    const read = await stream.read(buf);
    if (read.isErr || read.n == 0) break;
    buf = (await stream.write(read.buf)).buf;
    if (turn == 0 && ++answered == wanted) {
      await println(`bytes=${<f64>filled * pageSize / fillers}`);
    }
  }
  await stream.close();
}

export async function main(): Promise<void> {
  const listener = (await TcpListener.bind(given[1])).unwrap();
  await println(`listening on ${(await listener.localAddr()).unwrap().toString()}`);
  const before = memory.size();
  let size = before;
  for (let accepted = 0; ; accepted++) {
    serve((await listener.accept()).unwrap());
    if (memory.size() == size) continue;
    // Memory grows by much at a time: what counts is what was full when it had to.
    filled = size - before;
    fillers = accepted;
    size = memory.size();
  }
}
