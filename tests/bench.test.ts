/** The arithmetic of the benchmark, and that every program it runs works; no time is tested. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { select } from "../scripts/bench/benchmarks.js";
import { servers, withServer } from "../scripts/bench/echo.js";
import { makeRow, measure, median, type Contestant } from "../scripts/bench/measure.js";
import {
  answer, blockFile, compileC, guest, makeBlocks, nodePeer, run, runGuest, type Answers,
} from "../scripts/bench/programs.js";
import { assert, exec, root, suite, tempDir } from "./harness.js";

const test = suite("bench", { timeout: 120_000 });
const guests = "scripts/bench/guest/";

test("a median is the middle, or the mean of the two in the middle", () => {
  assert.is(median([3]), 3);
  assert.is(median([9, 1, 5]), 5);
  assert.is(median([4, 100, 1, 2]), 3);
});

test("a ratio says how many times better ours is, whatever the unit", () => {
  const rate = makeRow({ name: "a", unit: "reads/s", better: "higher" }, 200, 100, "c");
  assert.equal(rate, {
    name: "a", ours: 200, peer: 100, peerName: "c", ratio: 2, unit: "reads/s",
  });
  assert.is(makeRow({ name: "a", unit: "ns", better: "lower" }, 200, 100, "c").ratio, 0.5);
});

test("contestants run in turn, and each peer gives a row for each quantity", async () => {
  const order: string[] = [];
  const contestant = (name: string, value: number): Contestant => ({
    name,
    sample: async () => { order.push(name); return [value, value * 10]; },
  });
  const rows = await measure({
    quantities: [
      { name: "speed", unit: "1/s", better: "higher" },
      { name: "size", unit: "B", better: "lower" },
    ],
    rounds: 2,
    prepare: async () => [contestant("ours", 2), contestant("c", 4), contestant("node", 1)],
    derive: (rows) => rows.slice(0, 1).map((row) => ({ ...row, name: "derived" })),
  });
  assert.equal(order, ["ours", "c", "node", "c", "node", "ours"]);
  assert.equal(rows.map((row) => [row.name, row.peerName, row.ratio]), [
    ["speed", "c", 0.5], ["speed", "node", 2], ["size", "c", 2], ["size", "node", 0.5],
    ["derived", "c", 0.5],
  ]);
});

test("benchmarks are chosen by a part of their name, and a wrong one is refused", () => {
  assert.is(select(["read-4k"]).length, 2);
  assert.ok(select([]).length > 5);
  assert.throws(() => select(["no-such"]), /no benchmark has "no-such" in its name/);
});

test("--json writes what the table says", async () => {
  const file = join(tempDir("bench"), "rows.json");
  const args = [join(root, "dist/scripts/bench.js"), "--json", file, "demo-size"];
  const { code, stdout, stderr } = await exec(process.execPath, args, { timeout: 100_000 });
  assert.is(code, 0, stderr);
  const rows = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>[];
  assert.ok(rows.length > 0);
  for (const row of rows) {
    assert.equal(Object.keys(row), ["name", "ours", "peer", "peerName", "ratio", "unit"]);
    assert.match(stdout, String(row["name"]));
  }
});

test("the three readers read the same blocks and find them right", async () => {
  makeBlocks();
  const app = guest(guests + "read.ts");
  for (const depth of [1, 32]) {
    const given = [blockFile, depth, 5000, 7];
    const all = await Promise.all([
      runGuest(app, given), run(compileC("read"), given),
      run(process.execPath, [nodePeer("read"), ...given]),
    ]);
    const results = all.map((one) => [one["operations"], one["bad"], one["distinct"]]);
    assert.equal(results[0], results[1]);
    assert.equal(results[0], results[2]);
    assert.equal(results[0]?.slice(0, 2), [5000, 0]);
  }
});

test("a reader that finds wrong bytes says so", async () => {
  const wrong = join(root, "package.json");
  const answers = await runGuest(guest(guests + "read.ts"), [wrong, 4, 100, 7]);
  assert.is(answer(answers, "bad"), 100);
});

test("guest and peer count the same switches and calls", async () => {
  const app = guest(guests + "await.ts");
  for (const what of ["switch", "call", "task"]) {
    const given = [what, 10_000];
    const sums: Answers[] = [
      await runGuest(app, given), await run(process.execPath, [nodePeer("await"), ...given]),
    ];
    assert.is(answer(sums[0] as Answers, "sum"), answer(sums[1] as Answers, "sum"));
  }
});

test("many reads stay in flight while others complete", async () => {
  makeBlocks();
  const app = guest(guests + "in-flight.ts");
  answer(await runGuest(app, ["turns", blockFile, 1000, 1000]), "seconds");
});

for (const [name, server] of Object.entries(servers())) {
  test(`the generator gets its own messages back from the echo server ${name}`, async () => {
    await withServer(server, async (port, pid) => {
      const answers = await run(compileC("echo-load"), [port, 10, 2000, pid]);
      assert.is(answer(answers, "requests"), 2000);
      assert.ok(answer(answers, "p50") <= answer(answers, "p99"));
    });
  });
}

test.run();
