/** Everything at once, for a while: `npm run soak` in short, on every backend. */
import { join } from "node:path";
import { judge, type Sample } from "../../scripts/soak/judge.js";
import { assert, exec, root, suite } from "../harness.js";

const test = suite("soak", { timeout: 180_000 });

test("ten seconds leave nothing behind", async () => {
  const script = join(root, "dist/scripts/soak.js");
  const options = { timeout: 170_000 };
  const { code, stdout, stderr } = await exec(process.execPath, [script, "5"], options);
  assert.is(stderr, "");
  assert.is(code, 0, stdout);
  assert.match(stdout, /^epoll, 5 s\n( +\d+ s .*\n){10}flat\n/m);
});

const rest: Sample = { pages: 100, mebibytes: 50, descriptors: [], children: 0, counts: "" };

/** The verdict on nine samples, of which some are different. */
function verdict(changed: Record<number, Partial<Sample>>): string {
  return judge(Array.from({ length: 9 }, (_, at) => ({ ...rest, ...changed[at] }))).join("; ");
}

test("what comes and goes is no leak, what stays is one", () => {
  assert.is(verdict({}), "");
  assert.is(verdict({ 0: { pages: 10, mebibytes: 30 }, 4: { pages: 999, mebibytes: 999 } }), "");
  assert.is(verdict({ 8: { pages: 200, mebibytes: 500 } }), "");
  assert.is(verdict({ 8: { pages: 201 } }), "guest memory grew by 101 pages");
  const more = { mebibytes: 90 };
  assert.is(verdict({ 6: more, 7: more, 8: more }), "the process grew by 40 MiB");
  const opened = { descriptors: ["pipe", "socket"] };
  assert.is(verdict({ 5: opened }), "descriptors were  and became pipe,socket");
  assert.is(verdict({ 3: { children: 2 } }), "2 child processes are left");
});

test.run();
