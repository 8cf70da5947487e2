/** Guests that keep to the contract, and guests that do not. */
import { Completions, Errno } from "../../host/abi.js";
import { ContextBuilder } from "../../host/context.js";
import type { Context } from "../../host/context.js";
import { GuestFailure } from "../../host/failure.js";
import type { FailureKind } from "../../host/failure.js";
import { Instance } from "../../host/instance.js";
import { DeterministicRandom } from "../../host/resource/random.js";
import { explain } from "../../host/trap.js";
import { assert, suite } from "../harness.js";
import { FakeBackend } from "./fake-backend.js";
import { compile, guest } from "./wat.js";
import type { GuestParts } from "./wat.js";

const test = suite("host: instance");

const EXIT = `(import "std" "exit" (func $exit (param i32)))`;
const SUBMIT = `(import "std" "submit" (func $submit (param i32 i32)))`;

interface Setting {
  readonly backend?: FakeBackend;
  readonly context?: Context;
}

function runText(text: string, { backend, context }: Setting = {}): number {
  const own = backend ?? new FakeBackend();
  try {
    const given = context ?? new ContextBuilder().build();
    return new Instance(compile(text), given, { backend: own }).runBlocking();
  } finally {
    assert.ok(own.isClosed, "the backend is closed, whatever happened");
  }
}

function run(parts: GuestParts, setting?: Setting): number {
  return runText(guest(parts), setting);
}

function failsText(text: string, kind: FailureKind, pattern: RegExp, setting?: Setting): void {
  assert.throws(() => runText(text, setting), (error: unknown) => {
    if (!(error instanceof GuestFailure)) throw error;
    assert.is(error.kind, kind);
    assert.match(error.message, pattern);
    return true;
  });
}

function fails(parts: GuestParts, kind: FailureKind, pattern: RegExp, setting?: Setting): void {
  failsText(guest(parts), kind, pattern, setting);
}

/** A guest that calls `body`, which leaves an i32, and exits with it. */
function answer(imports: string, body: string, setting?: Setting, more = ""): number {
  return run({
    imports: `${EXIT} ${imports}`, more, start: `(call $exit ${body}) (f64.const 0)`,
  }, setting);
}

test("exits with its code, from _start or a tick", () => {
  assert.is(run({ imports: EXIT, start: "(call $exit (i32.const -7)) (f64.const 0)" }), -7);
  assert.is(run({
    imports: EXIT, start: "(f64.const 0)", tick: "(call $exit (i32.const 9)) (f64.const 0)",
  }), 9);
});

test("a tick is called at once while there are ready tasks, and at the time of the timer", () => {
  const backend = new FakeBackend();
  const now = `(import "std" "now" (func $now (param i32) (result i64)))`;
  const code = run({
    imports: EXIT + now,
    more: "(global $n (mut i32) (i32.const 0))",
    start: "(f64.const -1)",
    tick: `(global.set $n (i32.add (global.get $n) (i32.const 1)))
      (if (i32.eq (global.get $n) (i32.const 5)) (then (call $exit (local.get $count))))
      (if (result f64) (i32.eq (global.get $n) (i32.const 4))
        (then (f64.add (f64.convert_i64_s (call $now (i32.const 1))) (f64.const 5e6)))
        (else (f64.const 0)))`,
  }, { backend });
  assert.is(code, 0);
  const timeout = backend.timeouts.find((value) => value > 0) ?? 0;
  assert.ok(timeout > 1e6 && timeout <= 5e6, `waited ${timeout} ns`);
});

test("times that no clock reaches", () => {
  for (const time of ["1e300", "-1e300", "-inf", "0x1p-1074"]) {
    const backend = new FakeBackend();
    assert.is(run({
      imports: EXIT, start: `(f64.const ${time})`,
      tick: "(call $exit (local.get $count)) (f64.const 0)",
    }, { backend }), 0);
    for (const timeout of backend.timeouts) assert.ok(timeout >= 0 && timeout <= 2 ** 53);
  }
});

test("a guest that waits for nothing is in a deadlock", () => {
  fails({}, "deadlock", /deadlock: main waits for something/);
  fails({ start: "(f64.const 0)" }, "deadlock", /nothing will complete/);
});

test("of a deadlock a guest may say where it waits", () => {
  const waiting = (body: string): GuestParts => ({
    more: `(data (i32.const 60) "\\06\\00\\00\\00\\0a\\00i\\00n\\00")
      (func (export "_waiting") (result i32) ${body})`,
  });
  fails(waiting("(i32.const 64)"), "deadlock", /nothing will complete\n    in$/);
  for (const at of [0, 1, 63, 1048576, -2]) {
    fails(waiting(`(i32.const ${at})`), "deadlock", /nothing will complete/);
  }
  fails({}, "deadlock", /compiled with --debug it says where/);
});

test("completions beyond what one tick takes come with the next", () => {
  const records = Completions.Capacity * 2 + 10;
  const code = run({
    imports: EXIT + SUBMIT,
    more: `(global $seen (mut i32) (i32.const 0))
      (func $fill (local $i i32) (loop $again
        (i32.store (i32.add (i32.const 131072) (i32.mul (local.get $i) (i32.const 4)))
          (i32.add (i32.const 262144) (i32.mul (local.get $i) (i32.const 64))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (i32.const ${records})))))`,
    start: `(call $fill) (call $submit (i32.const 131072) (i32.const ${records})) (f64.const inf)`,
    tick: `(if (i32.gt_u (local.get $count) (i32.const ${Completions.Capacity}))
        (then (call $exit (i32.const 1))))
      (global.set $seen (i32.add (global.get $seen) (local.get $count)))
      (if (i32.eq (global.get $seen) (i32.const ${records})) (then (call $exit (i32.const 42))))
      (f64.const inf)`,
  });
  assert.is(code, 42);
});

test("_start and _tick that return no time", () => {
  fails({ start: "(f64.const nan)" }, "fault", /NaN/);
  fails({ start: "(f64.const 0)", tick: "(f64.const nan)" }, "fault", /NaN/);
  const text = guest({}).replace(`(result f64) (f64.const inf))`, "(result i64) (i64.const 0))");
  failsText(text, "fault", /a value of type bigint/);
  failsText(text.replace("(result i64) (i64.const 0)", ""), "fault", /type undefined/);
});

test("a module that wants other imports is told which", () => {
  fails({ imports: `(import "env" "abort" (func)) (import "std" "fly" (func))` }, "load",
    /env\.abort \(function\), std\.fly \(function\)/);
  failsText(`(module (import "std" "submit" (memory 1)))`, "load", /std\.submit \(memory\)/);
  fails({ imports: `(import "std" "constructor" (func))` }, "load", /std\.constructor/);
  failsText(`(module (import "wasi_snapshot_preview1" "fd_write" (func)))`, "load",
    /wasi_snapshot_preview1\.fd_write/);
});

test("a module that lacks an export is told which", () => {
  const whole = guest({});
  for (const [name, pattern] of [
    ["memory", /the memory memory/], ["_abi", /not compiled for this host/],
    ["_completions", /the i32 global _completions/], ["_start", /_start/], ["_tick", /_tick/],
  ] as const) {
    failsText(whole.replace(`"${name}"`, `"other"`), "load", pattern);
    const taken = whole.replace(`"${name}"`, `"other"`)
      .replace("(module", `(module (table (export "${name}") 1 funcref)`);
    failsText(taken, "load", pattern);
  }
});

test("another version of the boundary names both", () => {
  fails({ version: 77 }, "load", /version 77 .* version 2/);
  for (const [value, pattern] of [
    ["i64 (i64.const 2)", /version 2 of the boundary/], ["f64 (f64.const -0)", /version 0/],
    ["externref (ref.null extern)", /version null/], ["funcref (ref.func $_tick)", /version func/],
    ["v128 (v128.const i32x4 1 0 0 0)", /exports no global _abi/],
  ] as const) failsText(guest({}).replace("i32 (i32.const 2)", value), "load", pattern);
});

test("_completions that lies outside, or is no address", () => {
  for (const [from, to] of [
    ["i32 (i32.const 8192)", "i32 (i32.const 1048572)"],
    ["i32 (i32.const 8192)", "i32 (i32.const -4)"],
    ["i32 (i32.const 8192)", "i32 (i32.const 8193)"],
    ["i32 (i32.const 8192)", "i64 (i64.const 8192)"],
    ["i32 (i32.const 8192)", "f64 (f64.const nan)"],
    ["i32 (i32.const 8192)", "v128 (v128.const i32x4 0 0 0 0)"],
    ["i32 (i32.const 8192)", "funcref (ref.func $_start)"],
  ] as const) failsText(guest({}).replace(from, to), "load", /_completions/);
});

test("nothing of the guest runs before the version was checked", () => {
  fails({
    imports: EXIT, more: "(func $first (call $exit (i32.const 0))) (start $first)",
  }, "load", /outside of its run/);
});

test("a guest that catches what ends it is ended all the same", () => {
  const catches = (call: string): string =>
    `(try (do ${call}) (catch_all)) (f64.const 0)`;
  const parts = { imports: EXIT + SUBMIT, start: catches("(call $exit (i32.const 5))") };
  assert.is(run(parts), 5);
  assert.is(run({
    ...parts,
    start: `${catches("(call $exit (i32.const 5))")} (drop)
      ${catches("(call $exit (i32.const 6))")}`,
  }), 5);
  fails({ ...parts, start: catches("(call $submit (i32.const 1) (i32.const 1))") }, "fault",
    /out of bounds/);
});

test("a host that cannot follow the memory ends the guest, whatever it catches", () => {
  const imports = `${EXIT} ${SUBMIT} (import "std" "now" (func $now (param i32) (result i64)))`;
  for (const call of ["(call $submit (i32.const 0) (i32.const 0))",
    "(drop (call $now (i32.const 1)))"]) {
    const backend = new FakeBackend();
    const attach = backend.attach.bind(backend);
    backend.attach = (memory) => {
      attach(memory);
      if (backend.attached > 1) throw new Error("the memory has moved");
    };
    fails({
      imports,
      start: `(drop (memory.grow (i32.const 1))) (try (do ${call}) (catch_all))
        (call $exit (i32.const 0)) (f64.const 0)`,
    }, "fault", /the memory has moved/, { backend });
  }
});

test("imports of wrong types", () => {
  fails({
    imports: `(import "std" "submit" (func $submit (param i64 i64)))`,
    start: "(call $submit (i64.const 1) (i64.const 1)) (f64.const 0)",
  }, "fault", /BigInt/);
  fails({
    imports: `(import "std" "now" (func $now (result i32)))`,
    start: "(drop (call $now)) (f64.const 0)",
  }, "fault", /BigInt/);
});

test("traps say what happened", () => {
  const trap = (body: string): GuestParts => ({ start: `${body} (f64.const 0)` });
  fails(trap("(unreachable)"), "trap", /unreachable/);
  fails(trap("(drop (i32.load (i32.const -4)))"), "trap", /out of bounds/);
  fails(trap("(drop (i32.div_u (i32.const 1) (i32.const 0)))"), "trap", /zero/);
  fails({ more: "(func $deep (call $deep))", start: "(call $deep) (f64.const 0)" }, "trap",
    /stack overflow/);
});

test("a stack that overflows within an import ends the guest", () => {
  fails({
    imports: SUBMIT,
    more: `(func $deep (call $submit (i32.const 0) (i32.const 0)) (call $deep))`,
    start: "(call $deep) (f64.const 0)",
  }, "trap", /stack overflow/);
});

test("a failure by a number that the module does not explain is told as that number", () => {
  const imports = `(import "std" "fail" (func $fail (param i32)))`;
  for (const number of [0, 7, -1]) {
    const start = `(call $fail (i32.const ${number})) (f64.const 0)`;
    fails({ imports, start }, "panic", new RegExp(`^failure ${number >>> 0}$`));
  }
});

test("panic and abort carry their messages, however bad", () => {
  const panic = `(import "std" "panic" (func $panic (param i32 i32)))`;
  const say = (pointer: number, length: number): GuestParts => ({
    imports: panic,
    more: `(data (i32.const 64) "open \\22notes\\22: not found \\ff")`,
    start: `(call $panic (i32.const ${pointer}) (i32.const ${length})) (f64.const 0)`,
  });
  fails(say(64, 24), "panic", /^open "notes": not found $/);
  fails(say(64, 25), "panic", /not found \ufffd$/);
  fails(say(1048575, -1), "panic", /^\\u\{0\}$/);
  fails(say(-1, -1), "panic", /^$/);
  const abort = `(import "std" "abort" (func $abort (param i32 i32 i32 i32)))`;
  const die = (message: number, file: number): GuestParts => ({
    imports: abort,
    more: `(data (i32.const 60) "\\06\\00\\00\\00b\\00a\\00d\\00")
      (data (i32.const 92) "\\08\\00\\00\\00a\\00.\\00t\\00s\\00")
      (data (i32.const 124) "\\ff\\ff\\ff\\ffx\\00\\00\\d8")`,
    start: `(call $abort (i32.const ${message}) (i32.const ${file}) (i32.const 3) (i32.const 4))
      (f64.const 0)`,
  });
  fails(die(64, 96), "panic", /^bad \(a\.ts:3:4\)$/);
  fails(die(0, 0), "panic", /^the app aborted without a message$/);
  for (const pointer of [1, 3, 65, 128, 1048574, -2, -1]) {
    fails(die(pointer, pointer), "panic", /./);
  }
});

test("info answers, and keeps within its bounds", () => {
  const info = `(import "std" "info" (func $info (param i32 i32 i32 i32) (result i32)))`;
  const context = new ContextBuilder().args(["app", "grüße", Uint8Array.of(0xff, 0x41)])
    .env("NAME", "value=1").build();
  const ask = (what: number, index: number, pointer: number, length: number): number =>
    answer(info, `(call $info (i32.const ${what}) (i32.const ${index}) (i32.const ${pointer})
      (i32.const ${length}))`, { context });
  assert.is(ask(0, 0, 64, 100), 3);
  assert.is(ask(0, 1, 64, 7), 7);
  assert.is(ask(0, 1, 64, 0), 7);
  assert.is(ask(0, 2, 64, 100), 2);
  assert.is(ask(0, 3, 64, 100), -Errno.ENOENT);
  assert.is(ask(0, -1, 64, 100), -Errno.ENOENT);
  assert.is(ask(1, 0, 64, 100), "NAME=value=1".length);
  assert.is(ask(2, 0, 64, 100), 1);
  assert.is(ask(2, 1, 64, 100), -Errno.ENOENT);
  assert.is(ask(6, 44, 64, 100), "not found (ENOENT)".length);
  assert.is(ask(7, 0, 64, 100), String(process.pid).length);
  assert.is(ask(6, 4444, 64, 100), "error 4444".length);
  assert.is(ask(8, 2, 64, 100), "NotFound".length);
  assert.is(ask(8, 4444, 64, 100), "error kind 4444".length);
  for (const what of [9, 99, -1]) assert.is(ask(what, 0, 64, 100), -Errno.EINVAL);
  assert.is(ask(0, 0, 1048576, 1), -Errno.EFAULT);
  assert.is(ask(0, 0, -1, -1), -Errno.EFAULT);
  assert.is(ask(0, 0, 1048576, 0), 3);
});

test("clocks, random bytes and terminals", () => {
  const now = `(import "std" "now" (func $now (param i32) (result i64)))`;
  const wrap = (clock: number): string => `(i32.wrap_i64 (call $now (i32.const ${clock})))`;
  assert.is(answer(now, wrap(2)), -Errno.EINVAL);
  assert.is(answer(now, wrap(-1)), -Errno.EINVAL);
  const elapsed = answer(now, wrap(1));
  assert.ok(elapsed >= 0 && elapsed < 1e9, "monotonic time begins with the instance");
  const random = `(import "std" "random" (func $random (param i32 i32) (result i32)))`;
  const context = new ContextBuilder().random(new DeterministicRandom(Uint8Array.of(1, 2, 3)))
    .build();
  const fill = (pointer: number, length: number, then: string): string =>
    `(block (result i32)
      (drop (call $random (i32.const ${pointer}) (i32.const ${length}))) ${then})`;
  assert.is(answer(random, fill(64, 4, "(i32.load (i32.const 64))"), { context }), 0x01030201);
  assert.is(answer(random, "(call $random (i32.const 0) (i32.const 1048576))"), 0);
  assert.is(answer(random, "(call $random (i32.const 1) (i32.const 1048576))"), -Errno.EFAULT);
  assert.is(answer(random, "(call $random (i32.const -1) (i32.const -1))"), -Errno.EFAULT);
  const terminal = `(import "std" "terminal" (func $t (param i32 i32 i32) (result i64)))`;
  const ask = (...values: number[]): number => answer(terminal,
    `(i32.wrap_i64 (call $t ${values.map((value) => `(i32.const ${value})`).join(" ")}))`);
  assert.is(ask(0, 0, 0), -Errno.EBADF);
  assert.is(ask(0, 3, 0), -Errno.EINVAL);
  assert.is(ask(0, 2, 2), -Errno.EINVAL);
  assert.is(ask(-1, -1, -1), -Errno.EINVAL);
});

test("an instance runs once, and closes as often as one likes", () => {
  const backend = new FakeBackend();
  const instance = new Instance(compile(guest({ imports: EXIT, start: "(f64.const 0)" })),
    new ContextBuilder().build(), { backend });
  instance.close();
  instance.close();
  assert.ok(backend.isClosed);
  assert.throws(() => instance.runBlocking(), /runs only once/);
});

test("two instances do not see each other", () => {
  const module = compile(guest({
    imports: EXIT, more: "(global $n (mut i32) (i32.const 0))",
    start: `(global.set $n (i32.add (global.get $n) (i32.const 1))) (f64.const 0)`,
    tick: "(call $exit (global.get $n)) (f64.const 0)",
  }));
  const context = new ContextBuilder().build();
  const make = (): Instance => new Instance(module, context, { backend: new FakeBackend() });
  const [first, second] = [make(), make()];
  assert.is(first.runBlocking(), 1);
  assert.is(second.runBlocking(), 1);
});

test("messages show the frames of the guest's code", () => {
  const module = compile(guest({
    more: "(func $inner (unreachable))", start: "(call $inner) (f64.const 0)",
  }));
  const backend = new FakeBackend();
  try {
    new Instance(module, new ContextBuilder().build(), { backend }).runBlocking();
    assert.unreachable();
  } catch (error) {
    if (!(error instanceof GuestFailure)) throw error;
    assert.match(explain(error, module), /^trap: unreachable\n    at inner \(byte 0x[0-9a-f]+\)\n/);
    assert.is(error.exitCode, 134);
  }
});

test.run();
