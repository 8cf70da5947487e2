/** TCP: what a request on one of many connections costs a server, and what a connection. */
import type { Benchmark, Contestant } from "./measure.js";
import {
  answer, compileC, forSpeed, guest, nodePeer, residentMebibytes, run, start, startGuest,
  type Answers, type Running,
} from "./programs.js";

const node = process.execPath;

/** Requests of one run, the warm-up not counted. */
const REQUESTS = 200_000;

/** Ways to start a server that says `listening on ADDRESS:PORT`. */
export type Server = () => Running;

/** All servers: ours on each backend, and the peers. */
export function servers(): Record<"ours" | "epoll" | "c" | "node", Server> {
  const app = guest("demo/echo-server.ts", forSpeed);
  const c = compileC("echo");
  const ours = (backend: string): Server => () =>
    startGuest(app, ["127.0.0.1:0"], { STD_BACKEND: backend });
  return {
    ours: ours(""), epoll: ours("epoll"),
    c: () => start(c, []), node: () => start(node, [nodePeer("echo")]),
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

/**
 * 64 bytes there and back on each of `connections` at a time. Ours is compared with the peers, and
 * our epoll backend with io_uring: its rows are those whose peer is called `epoll`.
 */
export function echo(connections: number): Benchmark {
  return {
    quantities: [
      { name: `echo-${connections}`, unit: "µs of processor time/request", better: "lower" },
      { name: `echo-${connections}-rate`, unit: "requests/s", better: "higher" },
      { name: `echo-${connections}-p99`, unit: "µs", better: "lower" },
    ],
    prepare: async () => {
      const load = compileC("echo-load");
      const { ours, ...peers } = servers();
      const contestant = ([name, server]: [string, Server]): Contestant => ({
        name,
        sample: () => withServer(server, async (port, pid) =>
          figures(await run(load, [port, connections, REQUESTS, pid]))),
      });
      return [["ours", ours] as [string, Server], ...Object.entries(peers)].map(contestant);
    },
  };
}

/** Memory that the server needs for a connection that has been used once and is idle now. */
async function idle(server: Server, connections: number): Promise<number[]> {
  const load = compileC("echo-load");
  return withServer(server, async (port, pid) => {
    const before = residentMebibytes(pid);
    const clients = start(load, [port, connections, 0, pid]);
    // None of them was dropped, or refused: it says so only once each has had its answer.
    await clients.said("held");
    const after = residentMebibytes(pid);
    clients.child.stdin?.end();
    await clients.end;
    return [(after - before) * 1024 / connections];
  });
}

export const connections10k: Benchmark = {
  quantities: [{ name: "connections-10k", unit: "KiB/idle connection", better: "lower" }],
  rounds: 3,
  prepare: async () => {
    // The one in C keeps nothing of its own for a connection: there is nothing to compare with.
    const { ours, epoll, node } = servers();
    return Object.entries({ ours, epoll, node }).map(
      ([name, server]): Contestant => ({ name, sample: () => idle(server, 10_000) }));
  },
};
