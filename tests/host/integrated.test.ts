/** Guests in the event loop of an application, which goes on beside them. */
import { closeSync, read, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { selectBackend } from "../../host/backend/select.js";
import { ContextBuilder } from "../../host/context.js";
import { GuestFailure } from "../../host/failure.js";
import { Instance } from "../../host/instance.js";
import { NativeDir } from "../../host/resource/dir.js";
import { NativeFile } from "../../host/resource/file.js";
import { assert, exec, root, suite, tempDir } from "../harness.js";
import { compileGuest } from "../std/guest.js";
import { openPipe } from "./pipe.js";

for (const backend of ["io_uring", "epoll"]) {
  const test = suite(`host: integrated, ${backend}`, { timeout: 60_000 });
  let path = "";
  let module: WebAssembly.Module;
  const folder = tempDir("integrated");

  test.before(async () => {
    path = await compileGuest("host/shared-loop.ts");
    module = new WebAssembly.Module(readFileSync(path));
    writeFileSync(join(folder, "data"), "x".repeat(10_000));
  });

  const builder = (...args: string[]): ContextBuilder =>
    new ContextBuilder().args(["app", ...args]);
  const make = (context: ContextBuilder): Instance =>
    new Instance(module, context.build(), { backend: selectBackend(backend) });

  test("a guest that waits lets everything else go on", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    assert.is(await make(builder("sleep")).run(), 5);
    clearInterval(timer);
    assert.ok(ticks >= 5, `${ticks} ticks in 50 ms`);
  });

  test("a guest that never waits leaves room for timers", async () => {
    const instance = make(builder("busy"));
    const running = instance.run();
    let late = 0;
    for (let round = 0; round < 20; round++) {
      const due = performance.now() + 10;
      await new Promise((resolve) => setTimeout(resolve, 10));
      late = Math.max(late, performance.now() - due);
    }
    instance.stop();
    await isStopped(running, /it was stopped/);
    // On a quiet machine two milliseconds; here it only must not be for ever.
    assert.ok(late < 1000, `${late} ms late`);
  });

  test("reads come in one after the other, and so do other guests'", async () => {
    const dir = NativeDir.open(folder);
    try {
      const runs = [1, 2, 3].map(() => make(builder("read", "/data").dir(dir, "/")).run());
      assert.equal(await Promise.all(runs), [6, 6, 6]);
    } finally {
      dir.close();
    }
  });

  test("a guest that waits for others costs nothing, and is woken by what comes", async () => {
    const input = openPipe(folder);
    const output = join(folder, `output-${backend}`);
    writeFileSync(output, "");
    const context = builder("wait").stdin(new NativeFile(input, true))
      .stdout(new NativeFile(openPipe(folder), true));
    const running = make(context).run();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { user, system } = process.cpuUsage(before);
    writeSync(input, "something");
    assert.is(await running, 7);
    assert.ok(user + system < 250_000, `${user + system} µs of processor time in half a second`);
  });

  test("an AbortSignal stops it, with its reason, also before it runs", async () => {
    const context = (): ContextBuilder => builder("wait").stdin(new NativeFile(openPipe(folder)));
    const controller = new AbortController();
    const running = make(context()).run({ signal: controller.signal });
    setTimeout(() => controller.abort(new Error("no time left")), 20);
    await isStopped(running, /it was stopped: no time left/);
    await isStopped(make(context()).run({ signal: AbortSignal.abort() }), /it was stopped/);
  });

  test("how a guest ends is told as when it runs blockingly", async () => {
    await fails(make(builder("deadlock")).run(), "deadlock", /deadlock/);
    await fails(make(builder("panic")).run(), "panic", /of its own/);
    const instance = make(builder(""));
    assert.is(await instance.run(), 0);
    await instance.run().then(() => assert.unreachable(), (error: Error) => {
      assert.match(error.message, /runs only once/);
    });
  });

  test("what nobody waited for is printed, however it ends, while all else goes on", async () => {
    // More than a pipe takes: only the rest of the application can make room.
    const length = 200_000;
    const printed = `first, ${"x".repeat(length)}\n`;
    for (const [end, kind] of [
      ["return", ""], ["exit", ""], ["panic", "panic"], ["trap", "trap"],
    ] as const) {
      const output = openPipe(folder);
      const context = builder("print", end, `${length}`).stdout(new NativeFile(output, false));
      const instance = make(context);
      const running = instance.run();
      const told = textOf(output, printed.length);
      if (kind === "") assert.is(await running, 3, end);
      else await fails(running, kind, /of its own|unreachable/);
      assert.ok(await told === printed, end);
      assert.equal(instance.unwritten, [], end);
      closeSync(output);
    }
  });

  test("whether it keeps the process is the application's to say", async () => {
    const program = (keepsAlive: boolean): string => `
      import { readFileSync } from "node:fs";
      import { ContextBuilder, Instance, selectBackend } from "${root}/dist/host/index.js";
      const module = new WebAssembly.Module(readFileSync(${JSON.stringify(path)}));
      const context = new ContextBuilder().args(["app", "sleep"]).build();
      const instance = new Instance(module, context, { backend: selectBackend("${backend}") });
      instance.run({ keepsAlive: ${keepsAlive} }).then((code) => process.exit(code));
    `;
    const run = (text: string): ReturnType<typeof exec> =>
      exec(process.execPath, ["--input-type=module", "-e", text], { timeout: 30_000 });
    assert.is((await run(program(true))).code, 5);
    assert.is((await run(program(false))).code, 0);
  });

  test.run();
}

/** Reads so many bytes of text, without standing in the way of anything. */
async function textOf(descriptor: number, length: number): Promise<string> {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length;) {
    at += (await promisify(read)(descriptor, bytes, at, length - at, null)).bytesRead;
  }
  return bytes.toString();
}

async function fails(running: Promise<number>, kind: string, pattern: RegExp): Promise<void> {
  try {
    await running;
  } catch (error) {
    assert.instance(error, GuestFailure);
    assert.is((error as GuestFailure).kind, kind);
    assert.match((error as Error).message, pattern);
    return;
  }
  throw new Error("it ended by itself");
}

function isStopped(running: Promise<number>, pattern: RegExp): Promise<void> {
  return fails(running, "stopped", pattern);
}
