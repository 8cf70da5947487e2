/** The demo server, asked by curl, wrk and Node, and byte by byte by those who mean it ill. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { Conversation } from "../conversation.js";
import { assert, exec, root, suite } from "../harness.js";
import { compileGuest } from "./guest.js";

const test = suite("demo/http-hello", { timeout: 60_000 });
let wasm = "";
test.before(async () => {
  wasm = await compileGuest("demo/http-hello.ts");
});

/** Runs the server, has `ask` ask it at its port, and ends it as people do. */
async function withServer(ask: (port: number) => Promise<void>): Promise<string> {
  const launcher = join(root, "dist/host/launcher.cjs");
  const grant = "--net=listen:127.0.0.1:0";
  const server = new Conversation(
    process.execPath, [launcher, "run", grant, wasm, "127.0.0.1:0"],
  );
  try {
    const line = await server.line();
    const port = Number(/^listening on http:\/\/127\.0\.0\.1:(\d+)\/$/.exec(line)?.[1]);
    assert.ok(port > 0, line);
    await ask(port);
  } finally {
    server.kill("SIGINT");
  }
  const told = await server.line();
  assert.equal(await server.end(), { code: 0, signal: null });
  return told;
}

/** Sends pieces, each when the one before has been handed over, and reads to the end. */
async function raw(port: number, ...pieces: string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1").setNoDelay();
  let answer = "";
  socket.setEncoding("latin1").on("data", (text: string) => answer += text);
  for (const piece of pieces) {
    await new Promise((sent) => socket.write(piece, "latin1", sent));
  }
  await once(socket, "end");
  socket.end();
  return answer;
}

/** What was answered, without the date. */
function statuses(answer: string): string[] {
  return answer.match(/^HTTP\/1\.1 \d+/gm)?.map((line) => line.slice(9)) ?? [];
}

const LAST = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

test("the answer is complete, dated, and of the length that it says", async () => {
  const told = await withServer(async (port) => {
    const answer = await raw(port, LAST);
    const date = /\r\nDate: ([^\r]*)/.exec(answer)?.[1] ?? "";
    assert.is(new Date(date).toUTCString(), date);
    assert.is(answer.replace(date, ""), [
      "HTTP/1.1 200 OK", "Date: ", "Content-Type: text/plain; charset=utf-8", "Content-Length: 14",
      "Connection: close", "", "Hello, world!\n",
    ].join("\r\n"));
  });
  assert.is(told, "1 requests served");
});

test("requests come in any pieces, several at once, and after one another", async () => {
  await withServer(async (port) => {
    assert.equal(statuses(await raw(port, ...LAST)), ["200"]);
    const kept = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert.equal(statuses(await raw(port, kept + kept + LAST)), ["200", "200", "200"]);
    assert.equal(statuses(await raw(port, "\r\n" + kept, LAST)), ["200", "200"]);
    assert.equal(statuses(await raw(port, "GET / HTTP/1.0\r\n\r\n")), ["200"]);
  });
});

const bodies: [what: string, request: string, answers: string[]][] = [
  ["of a length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /", ["405", "200"]],
  ["in chunks", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: x\r\n\r\n", ["200", "200"]],
  ["that waits for leave", "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" +
    "Content-Length: 2\r\n\r\nok", ["100", "200", "200"]],
];

for (const [what, request, answers] of bodies) {
  test(`a body ${what} is skipped, and the next request served`, async () => {
    await withServer(async (port) => {
      assert.equal(statuses(await raw(port, request + LAST)), answers);
    });
  });
}

const many = Array.from({ length: 101 }, (_, i) => `X-${i}: y\r\n`).join("");
const refusals: [what: string, request: string, status: string][] = [
  ["no host", "GET / HTTP/1.1\r\n\r\n", "400"],
  ["two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"],
  ["no version", "GET /\r\n\r\n", "400"],
  ["too many blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"],
  ["another version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"],
  ["another protocol", "\x16\x03\x01\x02\x00\x01\n", "400"],
  ["what is not UTF-8", "GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", "400"],
  ["a blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400"],
  ["a folded line", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "400"],
  ["a bare carriage return", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", "400"],
  ["two lengths", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "400"],
  ["a length that is none", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", "400"],
  ["a length and chunks", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n" +
    "Transfer-Encoding: chunked\r\n\r\n", "400"],
  ["a body without end", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", "413"],
  ["a chunk without end", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "fffffff\r\n", "413"],
  ["a chunk that is none", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    "400"],
  ["another encoding", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "501"],
  ["an expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n", "417"],
  ["a line without end", `GET /${"a".repeat(9000)}`, "431"],
  ["too many fields", `GET / HTTP/1.1\r\nHost: a\r\n${many}\r\n`, "431"],
];

test("what is no proper request is refused, and the connection ended", async () => {
  await withServer(async (port) => {
    const answers = await Promise.all(refusals.map(async ([what, request, status]) =>
      [what, statuses(await raw(port, request)), status] as const));
    for (const [what, got, status] of answers) assert.equal(got, [status], what);
  });
});

test("clients that go away in the middle harm nobody", async () => {
  await withServer(async (port) => {
    for (const part of ["", "GE", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"]) {
      const socket = connect(port, "127.0.0.1").resume();
      await new Promise((sent) => socket.write(part, sent));
      socket.end();
      await once(socket, "close");
    }
    assert.equal(statuses(await raw(port, LAST)), ["200"]);
  });
});

test("curl is content", async () => {
  await withServer(async (port) => {
    const url = `http://127.0.0.1:${port}/`;
    const curl = (...args: string[]) => exec("curl", ["-sS", "--noproxy", "*", ...args]);
    assert.is((await curl(url, url)).stdout, "Hello, world!\nHello, world!\n");
    assert.match((await curl("-I", url)).stdout, /^HTTP\/1\.1 200 OK\r\n/);
    assert.is((await curl("-d", "x=1", url)).stdout, "405 Method Not Allowed\n");
    const format = ["-o", "/dev/null", "-w", "%{http_code}"];
    assert.is((await curl(...format, "-T", join(root, "package.json"), url)).stdout, "405");
  });
});

const load = "wrk is content";
if (spawnSync("wrk", ["--version"]).error !== undefined) {
  test.skip(load, "wrk is not installed");
} else {
  test(load, async () => {
    const told = await withServer(async (port) => {
      const url = `http://127.0.0.1:${port}/`;
      const { code, stdout } = await exec("wrk", ["-t1", "-c50", "-d1s", url]);
      assert.is(code, 0, stdout);
      assert.match(stdout, /[1-9]\d* requests in /);
      // It tells of these only when there were any.
      assert.not.match(stdout, /Socket errors|Non-2xx/);
    });
    assert.match(told, /^[1-9]\d+ requests served$/);
  });
}

test("connections of Node's client are kept", async () => {
  const told = await withServer(async (port) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const ask = async (): Promise<number | undefined> => {
      const request = get({ host: "127.0.0.1", port, agent });
      const [answer] = await once(request, "response") as [IncomingMessage];
      const connection = answer.socket.localPort;
      let text = "";
      for await (const piece of answer) text += String(piece);
      assert.is(text, "Hello, world!\n");
      return connection;
    };
    const connections = await Promise.all(Array.from({ length: 500 }, ask));
    agent.destroy();
    assert.is(new Set(connections).size, 20);
  });
  assert.is(told, "500 requests served");
});

test.run();
