/** What `std/net` must do on every backend: guests of `tests/guest/std` do it, this looks on. */
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findNetwork } from "../confined.js";
import { assert, exec, root, suite, tempDir, type ExecResult, type Suite } from "../harness.js";
import { compileGuest, runGuest } from "../std/guest.js";
import type { Variant } from "./backends.js";

const launcher = join(root, "dist/host/launcher.cjs");

/** Cases in which a guest talks to itself. */
const tcpCases = {
  echo: "bytes go both ways",
  addresses: "both ends know their addresses",
  options: "options can be set and asked for",
  twoHalves: "an answer of two writes leaves at once",
  names: "names are looked up",
  dual: "IPv6 takes IPv4 as well, unless told not to",
  zeroLinger: "closing can reset a connection",
  refused: "nobody listens there",
  unreachable: "no way leads there",
  inUse: "an address that is taken, or not of this machine",
  reset: "a connection that was reset",
  halves: "each direction ends by itself",
  large: "8 MiB there and back at the same time",
  lines: "BufReader reads lines from a connection",
  twoAccepts: "two accepts in flight",
  peek: "what has come can be looked at before it is read",
  twoReads: "two reads in flight",
  twoWrites: "two writes in flight",
  many: "300 connections at the same time",
  cancelAccept: "an accept that is cancelled loses no connection",
  cancelRead: "a read that is cancelled loses no byte",
  cancelWrite: "a write that is cancelled gives its buffer back",
  cancelConnect: "a connect that is cancelled leaves no connection",
  closing: "closing ends what waits",
} as const;

const udpCases = {
  datagrams: "datagrams go both ways",
  connected: "a connected socket has one peer",
  sizes: "datagrams of every size, and whether they were cut",
  peek: "a datagram can be looked at before it is received",
  refused: "nobody is there",
  inFlight: "two in flight",
  cancel: "a cancelled receive loses no datagram",
  options: "options can be set and asked for",
  shared: "an address can be shared",
  bindErrors: "addresses that cannot be had",
  lookup: "names are looked up",
  lookupErrors: "names that cannot be found",
  lookupCancel: "looking up can be cancelled",
} as const;

const unixCases = {
  echo: "bytes go both ways, and each way ends by itself",
  large: "4 MiB there and back at the same time",
  peek: "what has come can be looked at before it is read",
  inFlight: "two in flight",
  cancel: "cancelling loses nothing",
} as const;

/** A network whose interface 5 takes part in groups; nothing of it leaves the machine. */
const network = findNetwork([
  "ip link add name here index 5 type veth peer name there",
  "ip link set here addrgenmode none up",
  "ip link set there up",
  "ip address add 192.0.2.1/24 dev here",
  "ip address add fe80::1/64 dev here nodad",
]);

/** Descriptors enough for Node and a little more. */
const FEW_DESCRIPTORS = 64;

/** One guest on one backend. */
class Guest {
  wasm = "";

  constructor(private readonly source: string, private readonly env: Variant["env"]) {}

  async compile(): Promise<void> {
    this.wasm = await compileGuest(this.source);
  }

  /** Runs a case, which must print "ok" and nothing else. */
  async run(args: readonly string[], grants: readonly string[] = ["--net=all"]): Promise<void> {
    isOk(await runGuest(this.wasm, { grants, args, env: this.env }));
  }

  /** The same as a command of a network of its own. */
  async runWithin(within: (command: string[]) => string[], args: readonly string[]): Promise<void> {
    const command = [process.execPath, launcher, "run", "--net=all", this.wasm, ...args];
    const [program = "", ...words] = within(command);
    isOk(await exec(program, words, { env: this.env }));
  }

  /** The same in a process that may have few descriptors. */
  async runConfined(args: readonly string[], grants: readonly string[]): Promise<void> {
    const script = `ulimit -n ${FEW_DESCRIPTORS}; exec "$0" "$@"`;
    const command = [process.execPath, launcher, "run", ...grants, this.wasm, ...args];
    isOk(await exec("sh", ["-c", script, ...command], { env: this.env }));
  }
}

function isOk({ code, stdout, stderr }: ExecResult): void {
  assert.is(stderr, "");
  assert.is(stdout, "ok\n");
  assert.is(code, 0);
}

/** Runs the suites on a backend. */
export function netConformance({ name, env }: Variant): void {
  const options = { timeout: 60_000 };
  tcpSuite(suite(`std/net: TCP on ${name}`, options), new Guest("std/net.ts", env));
  udpSuite(suite(`std/net: UDP and names on ${name}`, options), new Guest("std/net-udp.ts", env));
  unixSuite(suite(`std/net: Unix sockets on ${name}`, options), new Guest("std/net-unix.ts", env));
}

function tcpSuite(test: Suite, guest: Guest): void {
  test.before(() => guest.compile());
  for (const [name, title] of Object.entries(tcpCases)) test(title, () => guest.run([name]));

  for (const name of ["churn", "exhaustion"]) {
    test(`few descriptors: ${name}`, () => guest.runConfined([name], ["--net=all"]));
  }

  test("what was not granted is denied, however it is written", async () => {
    const server = createServer().listen(0, "::");
    await once(server, "listening");
    const grants = ["--net=connect:127.0.0.1:1", "--net=listen:127.0.0.2:*"];
    try {
      await guest.run(["denied", String(portOf(server))], grants);
    } finally {
      server.close();
    }
  });
  test.run();
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

function udpSuite(test: Suite, guest: Guest): void {
  test.before(() => guest.compile());
  for (const [name, title] of Object.entries(udpCases)) test(title, () => guest.run([name]));

  test("few descriptors", () => guest.runConfined(["churn"], ["--net=all"]));

  const groups = "groups are joined and left";
  if ("why" in network) test.skip(groups, network.why);
  else test(groups, () => guest.runWithin(network.ok, ["groups"]));

  test("what was not granted is denied", async () => {
    await guest.run(["denied"], ["--net=listen:127.0.0.1:*", "--net=connect:127.0.0.1:9"]);
  });
  test.run();
}

function unixSuite(test: Suite, guest: Guest): void {
  test.before(() => guest.compile());
  const run = (name: string, dir: string): Promise<void> =>
    guest.run([name, dir], ["--dir", dir]);
  for (const [name, title] of Object.entries(unixCases)) {
    test(title, () => run(name, tempDir("net")));
  }

  test("few descriptors", async () => {
    const dir = tempDir("net");
    await guest.runConfined(["churn", dir], ["--dir", dir]);
  });

  test("errors name the path", async () => {
    const dir = tempDir("net");
    writeFileSync(join(dir, "file"), "");
    mkdirSync(join(dir, "dir"));
    symlinkSync("nothing", join(dir, "dangling"));
    await run("errors", dir);
    assert.not(existsSync(join(dir, "nothing")));
  });

  test("long paths and strange names", async () => {
    const dir = tempDir("net");
    const deep = join(dir, ...["d", "d", "d"].map((letter) => letter.repeat(60)));
    mkdirSync(deep, { recursive: true });
    symlinkSync(join(deep, "grüße \u{1f310}").slice(dir.length + 1), join(dir, "link"));
    await run("names", dir);
  });

  test("no way leads out of a granted directory", async () => {
    const above = tempDir("net");
    const dir = join(above, "granted");
    mkdirSync(join(dir, "dir"), { recursive: true });
    symlinkSync("..", join(dir, "out"));
    symlinkSync("../socket", join(dir, "escape"));
    const server = createServer().listen(join(above, "socket"));
    await once(server, "listening");
    try {
      await run("denied", dir);
    } finally {
      server.close();
    }
    assert.not(existsSync(join(above, "socket2")));
  });
  test.run();
}
