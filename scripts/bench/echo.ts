/** TCP: what a request on one of many connections costs a server, and what a connection. */
import type { Benchmark, Contestant, Quantity } from "./measure.js";
import {
  answer, compileC, epoll, forSpeed, guest, nodePeer, residentMebibytes, run, start, startGuest,
  type Answers, type Running,
} from "./programs.js";

const node = process.execPath;

/** Connections that are held at the same time. */
const HELD = 10_000;

/** Requests of one run, the warm-up not counted. */
const REQUESTS = 200_000;

/** Ways to start a server that says `listening on ADDRESS:PORT`. */
export type Server = () => Running;

/** All servers: ours on each backend, and the peers. */
export function servers(): Record<"ours" | "epoll" | "c" | "node", Server> {
  const app = guest("demo/echo-server.ts", forSpeed);
  const c = compileC("echo");
  const address = ["127.0.0.1:0"];
  return {
    ours: () => startGuest(app, address),
    epoll: () => startGuest(app, address, epoll),
    c: () => start(c, []),
    node: () => start(node, [nodePeer("echo")]),
  };
}

/** Starts a server, has `use` use it at its port, and ends it. */
export async function withServer<T>(
  server: Server, use: (port: string, pid: number) => Promise<T>,
): Promise<T> {
  const running = server();
  try {
    const port = /\d+$/.exec(await running.said("listening"))?.[0];
    return await use(port as string, running.child.pid as number);
  } finally {
    running.child.kill("SIGTERM");
    await running.end;
  }
}

/** Processor time of a request, requests a second, and how long the slowest in 100 took. */
function figures(answers: Answers): number[] {
  const requests = answer(answers, "requests");
  return [
    answer(answers, "cpu") / requests / 1000,
    requests / answer(answers, "seconds"),
    answer(answers, "p99") / 1000,
  ];
}

/** 64 bytes there and back on each of `connections` at a time. */
function asked(connections: number, name: string, server: Server): Contestant {
  const sample = (): Promise<number[]> => withServer(server, async (port, pid) =>
    figures(await run(compileC("echo-load"), [port, connections, REQUESTS, pid])));
  return { name, sample };
}

function requests(name: string, prepare: () => Promise<Contestant[]>): Benchmark {
  const quantities: Quantity[] = [
    { name, unit: "µs of processor time/request", better: "lower" },
    { name: `${name}-rate`, unit: "requests/s", better: "higher" },
    { name: `${name}-p99`, unit: "µs", better: "lower" },
  ];
  return { quantities, prepare };
}

/** Ours against the peers. */
export function echo(connections: number): Benchmark {
  return requests(`echo-${connections}`, async () => {
    return Object.entries(servers()).map(([name, server]) => asked(connections, name, server));
  });
}

/**
 * Holds connections that have each been used once, and calls `look` meanwhile. It fails when any of
 * them was refused or dropped: the load says that it holds them once each has had its answer.
 */
async function hold<T>(port: string, pid: number, look: () => T): Promise<T> {
  const clients = start(compileC("echo-load"), [port, HELD, 0, pid]);
  await clients.said("held");
  const seen = look();
  clients.child.stdin?.end();
  await clients.end;
  return seen;
}

/** Resident memory of a server for each connection that is idle. */
export const connections10k: Benchmark = {
  quantities: [{ name: "connections-10k", unit: "KiB/idle connection", better: "lower" }],
  rounds: 3,
  prepare: async () => {
    // The one in C keeps nothing of its own for a connection: there is nothing to compare with.
    const { ours, epoll, node } = servers();
    const sample = (server: Server) => (): Promise<number[]> =>
      withServer(server, async (port, pid) => {
        const before = residentMebibytes(pid);
        const after = await hold(port, pid, () => residentMebibytes(pid));
        return [(after - before) * 1024 / HELD];
      });
    return Object.entries({ ours, epoll, node }).map(
      ([name, server]): Contestant => ({ name, sample: sample(server) }));
  },
};

/** The same for the guest's memory alone, which includes the 4 KiB that each of them lends. */
export const connections10kGuest: Benchmark = {
  quantities: [{ name: "connections-10k-guest", unit: "KiB/idle connection", better: "lower" }],
  rounds: 1,
  prepare: async () => {
    const app = guest("scripts/bench/guest/connections.ts");
    const sample = async (): Promise<number[]> => {
      const server = startGuest(app, ["127.0.0.1:0", HELD]);
      await withServer(() => server, (port, pid) => hold(port, pid, () => {}));
      return [answer(await server.end, "bytes") / 1024];
    };
    return [{ name: "ours", sample }, { name: "bar", sample: async () => [5] }];
  },
};
