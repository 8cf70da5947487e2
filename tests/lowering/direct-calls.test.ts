/** Which calls of async functions need no task is found out in time that grows with the program. */
import { layers } from "../../scripts/bench/builds.js";
import { AcyclicGraph } from "../../std-shim/acyclic.js";
import { assert, suite } from "../harness.js";
import { compile, run, shuffled } from "./harness.js";

const test = suite("lowering direct calls", { timeout: 60_000 });

/** Adds the edges of a program to a graph in the order in which the compiler comes upon them. */
function explore(graph: AcyclicGraph<number>, calls: readonly number[][]): void {
  const seen = new Set<number>();
  const visit = (caller: number): void => {
    if (seen.has(caller)) return;
    seen.add(caller);
    for (const callee of calls[caller] ?? []) {
      graph.add(caller, callee);
      visit(callee);
    }
  };
  for (const caller of calls.keys()) visit(caller);
}

test("layers that call the next ones: nothing is searched", () => {
  const count = 2000;
  const calls = Array.from({ length: count }, (_, index) => {
    const next = index - index % 2 + 2;
    return next < count ? [next, next + 1] : [];
  });
  const graph = new AcyclicGraph<number>();
  explore(graph, calls);
  assert.is(graph.looked, 0);
});

test("functions that call all before them, or a caller: the search grows with the edges", () => {
  const count = 2000;
  const calls = Array.from({ length: count }, (_, index) =>
    [index - 1, index - 2, index - 7].filter((callee) => callee >= 0));
  // Each calls the one that called it, too.
  for (const [caller, callees] of calls.entries()) {
    for (const callee of callees) calls[callee]?.push(caller);
  }
  const graph = new AcyclicGraph<number>();
  explore(graph, calls);
  const edges = calls.flat().length;
  assert.ok(graph.looked < 20 * edges, `${graph.looked} looks for ${edges} edges`);
});

test("an edge is refused where it would close a circle, and only there", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = shuffled(seed);
    const count = 2 + random(12);
    const graph = new AcyclicGraph<number>();
    const edges = new Set<string>();
    const reaches = (from: number, to: number): boolean => from === to ||
      [...Array(count).keys()].some((next) => edges.has(`${from} ${next}`) && reaches(next, to));
    for (let left = 4 * count; left > 0; left--) {
      const from = random(count);
      const to = random(count);
      const isFine = edges.has(`${from} ${to}`) || !reaches(to, from);
      assert.is(graph.add(from, to), isFine, `seed ${seed}: ${from} to ${to}`);
      if (isFine) edges.add(`${from} ${to}`);
    }
  }
});

test("many nodes behind one: there are always numbers between two places", () => {
  const graph = new AcyclicGraph<number>();
  for (let node = 1; node < 1000; node++) assert.ok(graph.add(0, node));
  for (let node = 2; node < 1000; node++) assert.ok(graph.add(node, node - 1));
  assert.is(graph.looked, 0);
  assert.not.ok(graph.add(1, 999));
});

test("forty layers of async functions compile, and do what they do without async", async () => {
  const sources = { "app.ts": layers(80, true) };
  const { wasm, stderr } = await compile("app.ts", { sources, flags: ["-O1"] });
  assert.is(stderr, "");
  const sync = await compile("app.ts", { sources: { "app.ts": layers(80, false) }, target: true });
  assert.is(run(wasm).code, run(sync.wasm).code);
});

test.run();
