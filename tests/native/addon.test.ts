/** The native helper through Node-API: what JavaScript may do to it, and how it ends. */
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { OpenFlag } from "../../assembly/abi/flags.js";
import { Op } from "../../assembly/abi/op.js";
import { StageLayout, StageOp } from "../../host/backend/stage.js";
import { assert, exec, fdCount, suite, tempDir } from "../harness.js";
import { Driver, addon } from "./helper.js";

const test = suite("addon", { timeout: 60_000 });
const folder = tempDir("addon");
const file = join(folder, "file");
writeFileSync(file, "hello world");
const current = { offset: -1, offsetHigh: -1 };

/** A FIFO that is open for both reading and writing: reads of it wait, opening it did not. */
function openPipe(): number {
  const path = join(folder, `pipe-${Math.random().toString(36).slice(2)}`);
  execFileSync("mkfifo", [path]);
  return openSync(path, constants.O_RDWR);
}

const ways: [string, ConstructorParameters<typeof Driver>][] = [
  ["direct", [{}, true]],
  ["bounce", [{}, false]],
  ["no opcodes", [{ withoutOps: 0x3ff }, true]],
  ["epoll", [{ backend: "epoll" }, true]],
];

for (const [way, args] of ways) {
  test(`opens, reads, follows a growing memory, closes: ${way}`, () => {
    const driver = new Driver(...args);
    const open = { op: Op.Open, descriptor: -1, flags: OpenFlag.Read, ...driver.path(file) };
    const descriptor = driver.run(open);
    assert.ok(descriptor > 2);
    const read = { op: Op.Read, descriptor, pointer: 1000, length: 100 };
    assert.is(driver.run(read), 11);
    assert.is(Buffer.from(driver.bytes.slice(1000, 1011)).toString(), "hello world");
    driver.memory.grow(10);
    driver.attach();
    const far = { ...read, pointer: 12 * 65536, offset: 6 };
    assert.is(driver.run(far), 5);
    assert.is(Buffer.from(driver.bytes.slice(12 * 65536, 12 * 65536 + 5)).toString(), "world");
    assert.is(driver.run({ op: Op.Close, descriptor }), 0);
    driver.close();
  });

  test(`memory may grow while a read waits: ${way}`, () => {
    const pipe = openPipe();
    const driver = new Driver(...args);
    driver.put(0, { op: Op.Read, descriptor: pipe, pointer: 500, length: 8, ...current });
    assert.is(driver.turn(1, 0), 0);
    driver.memory.grow(100);
    driver.attach();
    writeSync(pipe, "grown");
    while (driver.turn(0, -1) === 0);
    assert.is(driver.completion(0).result, 5);
    assert.is(Buffer.from(driver.bytes.slice(500, 505)).toString(), "grown");
    driver.close();
    closeSync(pipe);
  });
}

test("waits as long as it is told", () => {
  const pipe = openPipe();
  const driver = new Driver();
  driver.put(0, { op: Op.Read, descriptor: pipe, pointer: 500, length: 8, ...current });
  const began = performance.now();
  assert.is(driver.turn(1, 30e6), 0);
  assert.ok(performance.now() - began >= 29);
  assert.is(driver.turn(0, 0.3), 0);
  driver.put(0, { op: StageOp.Cancel });
  while (driver.turn(1, 5e9) === 0);
  assert.is(driver.completion(0).result, -125);
  driver.close();
  closeSync(pipe);
});

test("refuses what it cannot use, and survives it", () => {
  const stage = new Uint8Array(StageLayout.Size);
  const throws = (body: () => unknown, pattern: RegExp): void => assert.throws(body, pattern);
  const wild = addon as unknown as Record<string, (...args: unknown[]) => unknown>;
  throws(() => wild["create"]!(), /backend/);
  throws(() => wild["create"]!(7), /backend/);
  throws(() => wild["create"]!({ backend: "none", stage }), /backend/);
  throws(() => wild["create"]!({ backend: "io_uring" }), /stage/);
  throws(() => wild["create"]!({ backend: "io_uring", stage: new Uint8Array(9) }), /stage/);
  throws(() => wild["create"]!({ backend: "io_uring", stage: new Float64Array(1e5) }), /stage/);
  const driver = new Driver();
  throws(() => wild["attach"]!(driver.handle), /handle/);
  throws(() => wild["attach"]!(driver.handle, {}, true), /Uint8Array/);
  throws(() => wild["attach"]!(driver.handle, new Uint16Array(4), true), /Uint8Array/);
  throws(() => wild["attach"]!({}, new Uint8Array(4), true), /handle/);
  throws(() => wild["bindTurn"]!({}), /handle/);
  throws(() => wild["terminal"]!(driver.handle, "a", 0, 0), /number/);
  throws(() => wild["close"]!(undefined), /handle/);
  throws(() => driver.turn(StageLayout.SubmissionsCapacity + 1, 0), /EINVAL/);
  assert.is(driver.run({ op: Op.Nop }), 0);
  addon.attach(driver.handle, new Uint8Array(0), true);
  assert.is(driver.run({ op: Op.Read, length: 1 }), -14);
  driver.close();
  driver.close();
  throws(() => driver.turn(0, 0), /closed/);
  throws(() => driver.attach(), /closed/);
});

test("memory that moved under a read is an error, never silence", () => {
  const pipe = openPipe();
  const driver = new Driver();
  driver.put(0, { op: Op.Read, descriptor: pipe, pointer: 500, length: 8, ...current });
  assert.is(driver.turn(1, 0), 0);
  const elsewhere = new Uint8Array(1 << 20);
  assert.throws(() => addon.attach(driver.handle, elsewhere, true), /moved.*EBUSY/);
  driver.close();
  closeSync(pipe);
});

test("ends a hundred times with hundreds of reads in flight, and leaks nothing", () => {
  const pipe = openPipe();
  const before = fdCount();
  for (let round = 0; round < 100; round++) {
    const driver = new Driver({}, round % 2 === 0);
    for (let slot = 0; slot < 300; slot++) {
      const read = { op: Op.Read, slot, descriptor: pipe, pointer: slot * 8, length: 8 };
      driver.put(slot, { ...read, ...current });
    }
    assert.is(driver.turn(300, 0), 0);
    driver.close();
  }
  assert.is(fdCount(), before);
  closeSync(pipe);
});

test("instances in one process do not see each other", () => {
  const drivers = Array.from({ length: 20 }, () => new Driver());
  for (const [index, driver] of drivers.entries()) {
    driver.put(0, { op: Op.Nop, slot: index, generation: index });
  }
  for (const driver of drivers) while (driver.turn(1, -1) === 0);
  for (const [index, driver] of drivers.entries()) {
    assert.equal(driver.completion(0), { slot: index, generation: index, result: 0 });
    assert.is(driver.turn(0, 0), 0);
  }
  for (const driver of drivers) driver.close();
});

/** A module that leaves reads in flight, and whatever `then` does after that. */
function abandon(pipe: string, then: string): string {
  const helper = JSON.stringify(new URL("helper.js", import.meta.url));
  return `
    import { openSync, readdirSync } from "node:fs";
    const { Driver } = await import(${helper});
    const descriptor = openSync(${JSON.stringify(pipe)}, "r+");
    const abandon = () => {
      const driver = new Driver();
      for (let slot = 0; slot < 100; slot++) {
        driver.put(slot, { op: ${Op.Read}, slot, descriptor, pointer: slot * 8, length: 8,
          offset: -1, offsetHigh: -1 });
      }
      if (driver.turn(100, 0) !== 0) throw new Error("completed");
    };
    ${then}`;
}

async function runAbandoned(then: string, flags: string[] = []): Promise<string> {
  const pipe = join(tempDir("abandoned"), "pipe");
  execFileSync("mkfifo", [pipe]);
  const args = [...flags, "--input-type=module", "-e", abandon(pipe, then)];
  const { code, signal, stdout, stderr } = await exec(process.execPath, args);
  assert.is(code ?? signal, 0, stdout + stderr);
  return stdout.trim();
}

test("a process may just end with reads in flight", async () => {
  await runAbandoned("abandon(); abandon();");
  await runAbandoned("abandon(); process.exit(0);");
});

test("the garbage collector ends what was abandoned", async () => {
  const said = await runAbandoned(`
    const count = () => readdirSync("/proc/self/fd").length;
    const before = count();
    for (let i = 0; i < 20; i++) abandon();
    const during = count();
    for (let i = 0; i < 50 && count() > before; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    console.log(during - before, count() - before);`, ["--expose-gc"]);
  assert.is(said, "20 0");
});

test("a worker may be ended with reads in flight, a hundred times", async () => {
  const path = join(folder, "worker-pipe");
  execFileSync("mkfifo", [path]);
  const then = `
    import { parentPort } from "node:worker_threads";
    abandon();
    parentPort.postMessage("ready");
    setInterval(() => {}, 1000);`;
  const source = `data:text/javascript,${encodeURIComponent(abandon(path, then))}`;
  const before = fdCount();
  for (let round = 0; round < 25; round++) {
    const workers = Array.from({ length: 4 }, () => new Worker(new URL(source)));
    await Promise.all(workers.map((worker) => new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    })));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  // Node closes what workers opened with `fs` by itself, and perhaps a little later.
  for (let i = 0; i < 100 && fdCount() > before; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.is(fdCount(), before);
});

test("a thread that hangs in an open is got out of it when the worker ends", async () => {
  const fifo = join(tempDir("hanging"), "fifo");
  execFileSync("mkfifo", [fifo]);
  const helper = JSON.stringify(new URL("helper.js", import.meta.url));
  const inner = `
    const { parentPort } = require("node:worker_threads");
    import(${helper}).then(({ Driver }) => {
      const driver = new Driver({ withoutOps: 0x3ff });
      const path = driver.path(${JSON.stringify(fifo)});
      driver.put(0, { op: ${Op.Open}, descriptor: -1, flags: ${OpenFlag.Read}, ...path });
      driver.turn(1, 20e6);
      parentPort.postMessage("ready");
    });
    setInterval(() => {}, 1000);`;
  // The main thread never loads the addon: ending the worker would unload its code.
  const outer = `
    const { Worker } = require("node:worker_threads");
    const { closeSync, openSync, constants } = require("node:fs");
    const isRead = () => {
      try {
        closeSync(openSync(${JSON.stringify(fifo)}, constants.O_WRONLY | constants.O_NONBLOCK));
        return true;
      } catch {
        return false;
      }
    };
    const worker = new Worker(${JSON.stringify(inner)}, { eval: true });
    worker.once("message", async () => {
      await worker.terminate();
      console.log(isRead());
    });`;
  const { code, signal, stdout, stderr } = await exec(process.execPath, ["-e", outer]);
  assert.is(code ?? signal, 0, stdout + stderr);
  assert.is(stdout.trim(), "false");
});

test.run();
