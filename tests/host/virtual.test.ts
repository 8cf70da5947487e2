/** Guests whose world is made of JavaScript: trees in memory, pipes, streams, and what fails. */
import { readFileSync } from "node:fs";
import { ContextBuilder } from "../../host/context.js";
import { GuestFailure } from "../../host/failure.js";
import { Instance } from "../../host/instance.js";
import { MemoryDir, MemoryFile } from "../../host/resource/virtual/memory-dir.js";
import { pipe } from "../../host/resource/virtual/pipe.js";
import type { HostDir, HostFile } from "../../host/resource/virtual/resource.js";
import { readFrom, writeTo } from "../../host/resource/virtual/streams.js";
import { assert, suite } from "../harness.js";
import { compileGuest } from "../std/guest.js";

const test = suite("host: virtual resources", { timeout: 60_000 });

let module: WebAssembly.Module;

test.before(async () => {
  module = new WebAssembly.Module(readFileSync(await compileGuest("host/shared-loop.ts")));
});

const builder = (...args: string[]): ContextBuilder =>
  new ContextBuilder().args(["app", ...args]);
const make = (context: ContextBuilder): Instance => new Instance(module, context.build());

/** A stream that gives nothing until it is given up. */
async function* silence(): AsyncIterable<string> {
  await new Promise(() => {});
  yield "";
}

/** What a guest prints that reads a file. */
async function printed(dir: HostDir, path = "/data/file"): Promise<string> {
  const output = MemoryFile.of();
  const context = builder("files", path).dir(dir, "/data").stdout(output);
  assert.is(await make(context).run(), 9);
  return output.text();
}

test("text goes in and comes out, in both ways to run", async () => {
  for (const isBlocking of [true, false]) {
    const output = MemoryFile.of();
    const instance = make(builder("wait").stdin(MemoryFile.of("four")).stdout(output));
    assert.is(isBlocking ? instance.runBlocking() : await instance.run(), 7);
    assert.is(output.text(), "read 4\n");
  }
});

test("two guests are joined by a pipe", async () => {
  const { reader, writer } = pipe();
  const output = MemoryFile.of();
  const first = make(builder("wait").stdin(MemoryFile.of("four")).stdout(writer));
  const second = make(builder("wait").stdin(reader).stdout(output));
  assert.equal(await Promise.all([second.run(), first.run()]), [7, 7]);
  assert.is(output.text(), "read 7\n");
});

test("one context serves several instances, at once and one after the other", async () => {
  const dir = MemoryDir.of({ file: "shared" });
  const output = MemoryFile.of();
  const context = builder("files", "/data/file").dir(dir, "/data").stdout(output).build();
  const run = (): Promise<number> => new Instance(module, context).run();
  assert.equal(await Promise.all([run(), run()]), [9, 9]);
  assert.is(await run(), 9);
  assert.is(output.text(), "shared\n".repeat(3));
});

test("streams of JavaScript are a guest's streams", async () => {
  const chunks: string[] = [];
  const context = builder("wait").stdin(readFrom(["one", "two"]))
    .stdout(writeTo((chunk) => void chunks.push(new TextDecoder().decode(chunk))));
  assert.is(await make(context).run(), 7);
  assert.is(chunks.join(""), "read 3\n");
});

test("a read that nothing completes is cancelled, and stopped", async () => {
  assert.is(await make(builder("late").stdin(readFrom(silence()))).run(), 8);
  const instance = make(builder("wait").stdin(readFrom(silence())));
  const running = instance.run();
  setTimeout(() => instance.stop(), 10);
  await running.then(() => assert.unreachable(), (error: unknown) => {
    assert.is((error as GuestFailure).kind, "stopped");
  });
});

test("what only the event loop can serve cannot be waited for blockingly", () => {
  const instance = make(builder("wait").stdin(readFrom(silence())));
  assert.throws(() => instance.runBlocking(), (error: GuestFailure) =>
    error.kind === "deadlock" && /only an event loop can serve/.test(error.message));
});

test("paths of a tree stay beneath it", async () => {
  const dir = MemoryDir.of({ file: "inside" });
  dir.createLink("out", "../../etc/passwd");
  assert.is(await printed(dir), "inside\n");
  assert.match(await printed(dir, "/data/out"), /permission denied/);
  assert.match(await printed(dir, "/data/../etc/passwd"), /permission denied|not found/);
});

/** A directory with one file, which is this. */
function holding(file: Partial<HostFile>): HostDir {
  const dir = MemoryDir.of({ file: "" });
  return {
    kind: "dir",
    look: (name) => dir.look(name),
    stat: () => dir.stat(),
    dir: (name) => dir.dir(name),
    list: () => dir.list(),
    open: () => ({ kind: "file", stat: () => dir.look("file")!, ...file }),
  };
}

test("whatever an implementation does, the guest is told an error and goes on", async () => {
  const wrongs: Partial<HostFile>[] = [
    { read: () => { throw new Error("of its own"); } },
    { read: () => Promise.reject(new Error("later")) },
    { read: () => { throw null; } },
    { read: (into) => into.length + 1 },
    { read: () => -1 },
    { read: () => 0.5 },
    { read: () => NaN },
    { read: () => "3" as unknown as number },
  ];
  for (const file of wrongs) assert.match(await printed(holding(file)), /input\/output error/);
  assert.match(await printed(holding({})), /bad handle/);
});

test("a file that a guest has opened is closed once, also by its end", async () => {
  let closed = 0;
  const dir = holding({ read: () => 0, close: () => void closed++ });
  assert.is(await printed(dir), "\n");
  assert.is(closed, 1);
  // This one is still being read when the guest is stopped.
  const waiting = holding({ read: () => new Promise(() => {}), close: () => void closed++ });
  const instance = make(builder("files", "/data/file").dir(waiting, "/data"));
  const running = instance.run();
  setTimeout(() => instance.stop(), 10);
  await running.catch(() => {});
  assert.is(closed, 2);
});

test.run();
