/** The end of an instance with much in flight: by its exit, a trap, and from outside. */
import { execFileSync } from "node:child_process";
import { closeSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Op, Overlapped } from "../../host/abi.js";
import { nativeNames } from "../../host/backend/native.js";
import { selectBackend } from "../../host/backend/select.js";
import { ContextBuilder } from "../../host/context.js";
import { GuestFailure } from "../../host/failure.js";
import { Instance } from "../../host/instance.js";
import { NativeDir } from "../../host/resource/dir.js";
import { NativeFile } from "../../host/resource/file.js";
import { assert, fdCount, residentBytes, suite, tempDir } from "../harness.js";
import { Driver } from "./driver.js";
import { openPipe } from "./pipe.js";
import { compile, guest } from "./wat.js";

const test = suite("host: teardown", { timeout: 120_000 });

const READS = 300;
const OPENS = 20;
const ROUNDS = 100;

/** Submits reads from standard input and opens of /data/file, then ends by `end`. */
const source = guest({
  imports: `(import "std" "submit" (func $submit (param i32 i32)))
    (import "std" "exit" (func $exit (param i32)))`,
  more: `(data (i32.const 64) "/data/file")
    (func $record (param $index i32) (result i32)
      (i32.add (i32.const 131072) (i32.mul (local.get $index) (i32.const ${Overlapped.Size}))))
    (func $list (param $index i32)
      (i32.store (i32.add (i32.const 65536) (i32.mul (local.get $index) (i32.const 4)))
        (call $record (local.get $index))))
    (func $read (param $index i32) (local $at i32)
      (local.set $at (call $record (local.get $index)))
      (i32.store (local.get $at) (i32.const ${Op.Read}))
      (i32.store offset=${Overlapped.Ptr0} (local.get $at) (i32.const 400000))
      (i32.store offset=${Overlapped.Len0} (local.get $at) (i32.const 4096))
      (i64.store offset=${Overlapped.Offset} (local.get $at) (i64.const -1)))
    (func $open (param $index i32) (local $at i32)
      (local.set $at (call $record (local.get $index)))
      (i32.store (local.get $at) (i32.const ${Op.Open}))
      (i32.store offset=${Overlapped.Flags} (local.get $at) (i32.const 1))
      (i32.store offset=${Overlapped.Handle} (local.get $at) (i32.const -1))
      (i32.store offset=${Overlapped.Ptr0} (local.get $at) (i32.const 64))
      (i32.store offset=${Overlapped.Len0} (local.get $at) (i32.const 10)))
    (func $all (local $i i32)
      (loop $again
        (call $list (local.get $i))
        (if (i32.lt_u (local.get $i) (i32.const ${OPENS}))
          (then (call $open (local.get $i))) (else (call $read (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (i32.const ${OPENS + READS}))))
      (call $submit (i32.const 65536) (i32.const ${OPENS + READS})))`,
  start: "(call $all) (f64.const END)",
  tick: "END (f64.const 0)",
});

const ends = { exit: "(call $exit (i32.const 0))", trap: "(unreachable)" };

/** A guest that ends before the kernel has seen anything, or after. */
function guestEndingBy(end: string, isEarly: boolean): WebAssembly.Module {
  const text = isEarly
    ? source.replace("(f64.const END)", `${end} (f64.const 0)`).replace("END", "")
    : source.replace("(f64.const END)", "(f64.const 0)").replace("END", end);
  return compile(text);
}

/** Repeats `round` and checks that neither descriptors nor memory become more. */
function staysLevel(round: (index: number) => void): void {
  for (let index = 0; index < 10; index++) round(index);
  const descriptors = fdCount();
  const before = residentBytes();
  for (let index = 0; index < ROUNDS; index++) round(index);
  assert.is(fdCount(), descriptors);
  // AddressSanitizer keeps for a while what was freed, to see whether it is used.
  if (process.env["ASAN_OPTIONS"] !== undefined) return;
  const grown = residentBytes() - before;
  // Each round maps a memory of 1 MiB and a ring; a leak of either would be 100 MiB and more.
  assert.ok(grown < 48 * 1024 * 1024, `${grown >> 20} MiB more`);
}

const PIPES = 5000;

/** Asks for more pipes than one turn takes, and exits at once. */
const pipes = guest({
  imports: `(import "std" "submit" (func $submit (param i32 i32)))
    (import "std" "exit" (func $exit (param i32)))`,
  more: `(func $pipe (param $i i32) (local $at i32)
      (local.set $at (i32.add (i32.const 131072) (i32.mul (local.get $i) (i32.const 64))))
      (i32.store (local.get $at) (i32.const ${Op.Pipe}))
      (i32.store (i32.add (i32.const 65536) (i32.mul (local.get $i) (i32.const 4)))
        (local.get $at)))`,
  start: `(local $i i32)
    (loop $again
      (call $pipe (local.get $i))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const ${PIPES}))))
    (call $submit (i32.const 65536) (i32.const ${PIPES}))
    (call $exit (i32.const 7)) (f64.const 0)`,
});

for (const name of nativeNames()) {
  for (const operations of [PIPES - 300, 262_144]) {
    test(`${name}: exit with ${PIPES} pipes to come, ${operations} operations allowed`, () => {
      const context = new ContextBuilder().limits({ operations }).build();
      const before = fdCount();
      const instance = new Instance(compile(pipes), context, { backend: selectBackend(name) });
      assert.is(instance.runBlocking(), 7);
      assert.is(fdCount(), before);
    });
  }

  const folder = tempDir("teardown");
  writeFileSync(join(folder, "file"), "x");

  test(`${name}: exit and trap with ${READS} reads in flight, ${ROUNDS} times`, () => {
    const dir = NativeDir.open(folder);
    const pipe = openPipe(folder);
    const context = new ContextBuilder().dir(dir, "/data").stdin(new NativeFile(pipe, false))
      .build();
    for (const [end, text] of Object.entries(ends)) {
      const modules = [guestEndingBy(text, true), guestEndingBy(text, false)];
      staysLevel((index) => {
        const module = modules[index & 1]!;
        const instance = new Instance(module, context, { backend: selectBackend(name) });
        if (end === "exit") assert.is(instance.runBlocking(), 0);
        else assert.throws(() => instance.runBlocking(), isFailure);
      });
    }
    closeSync(pipe);
    dir.close();
  });

  test(`${name}: closed from outside with ${READS} reads in flight, no late write`, () => {
    const pipe = openPipe(folder);
    staysLevel(() => {
      const driver = new Driver(selectBackend(name));
      const handle = driver.lend(pipe);
      driver.put(4096, new Uint8Array(4096).fill(7));
      const fields = { op: Op.Read, handle, ptr0: 4096, len0: 4096, offset: -1n };
      for (let index = 0; index < READS; index++) driver.start(fields);
      driver.turn();
      driver.loop.close();
      assert.is(driver.loop.inFlight.count, 0);
      writeSync(pipe, "late");
      assert.is(driver.view.getUint8(4096), 7, "nothing is written after close");
      const drain = new Driver(selectBackend(name));
      const own = drain.lend(pipe);
      assert.is(drain.perform({ ...fields, handle: own }).result, 4, "nor was it read");
      drain.loop.close();
    });
    closeSync(pipe);
  });

  test(`${name}: a file that takes for ever to open does not keep an instance alive`, () => {
    const before = fdCount();
    const path = join(folder, "fifo");
    execFileSync("mkfifo", [path]);
    const driver = new Driver(selectBackend(name));
    const len0 = driver.put(4096, path);
    driver.start({ op: Op.Open, flags: 1, handle: 0xffffffff, ptr0: 4096, len0 });
    assert.is(driver.turn(1e7).length, 0, "there is no writer, so it waits");
    const began = performance.now();
    driver.loop.close();
    assert.ok(performance.now() - began < 8000);
    assert.ok(fdCount() <= before);
  });
}

function isFailure(error: unknown): boolean {
  return error instanceof GuestFailure;
}

test.run();
