/** The demo server with a thousand clients at once, and with one that has much to say. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { Conversation } from "../conversation.js";
import { assert, root, suite } from "../harness.js";
import { backends } from "../conformance/backends.js";
import { compileGuest } from "./guest.js";

const test = suite("demo/echo-server", { timeout: 60_000 });
let wasm = "";
test.before(async () => {
  wasm = await compileGuest("demo/echo-server.ts");
});

/** Sends all of it, ends, and reads to the end: what came back. */
async function echoed(socket: Socket, text: string): Promise<string> {
  let came = "";
  socket.setEncoding("latin1").on("data", (piece: string) => came += piece);
  socket.end(text, "latin1");
  await once(socket, "end");
  return came;
}

for (const { name, env } of backends) {
  test(`1 000 connections are open at once, on ${name}`, async () => {
    const launcher = join(root, "dist/host/launcher.cjs");
    const server = new Conversation(
      process.execPath,
      [launcher, "run", "--net=listen:127.0.0.1:0", wasm, "127.0.0.1:0"],
      { env: { ...process.env, ...env } },
    );
    const line = await server.line();
    const port = Number(/^listening on 127\.0\.0\.1:(\d+)$/.exec(line)?.[1]);
    assert.ok(port > 0, line);
    try {
      const sockets = Array.from({ length: 1000 }, () => connect(port, "127.0.0.1"));
      await Promise.all(sockets.map((socket) => once(socket, "connect")));
      const answers = await Promise.all(sockets.map((socket, i) => echoed(socket, `hello ${i}`)));
      assert.equal(answers, sockets.map((_, i) => `hello ${i}`));

      // More than all buffers between the two hold.
      const much = "0123456789abcdef".repeat(500_000);
      assert.ok(await echoed(connect(port, "127.0.0.1"), much) === much);

      // One that goes away in the middle is no concern of the others.
      const rude = connect(port, "127.0.0.1");
      await once(rude, "connect");
      rude.resetAndDestroy();
      assert.is(await echoed(connect(port, "127.0.0.1"), "x"), "x");
    } finally {
      server.kill("SIGINT");
    }
    assert.is(await server.line(), "1003 connections, 8008891 bytes");
    assert.equal(await server.end(), { code: 0, signal: null });
  });
}

test.run();
