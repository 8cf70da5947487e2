/** What is written for a guest that has ended, and what a guest may claim there is to write. */
import { Completions, Errno } from "../../host/abi.js";
import { ContextBuilder } from "../../host/context.js";
import type { Unwritten } from "../../host/flush.js";
import { Instance } from "../../host/instance.js";
import { NativeFile } from "../../host/resource/file.js";
import { assert, suite } from "../harness.js";
import { FakeBackend } from "./fake-backend.js";
import { compile, guest } from "./wat.js";

const test = suite("host: flush");

const COMPLETIONS = 8192;
const OUTPUT = 11;
const PAGES = 16;
const END = PAGES * 65536;

/** Words of guest memory, by address. */
type Words = Readonly<Record<number, number>>;

interface Ended {
  readonly written: string;
  readonly unwritten: readonly Unwritten[];
}

/** Runs a guest that leaves these words in its memory and exits. */
function ending(words: Words, backend = new FakeBackend()): Ended {
  const stores = Object.entries(words)
    .map(([address, value]) => `(i32.store (i32.const ${address}) (i32.const ${value}))`);
  const module = compile(guest({
    imports: `(import "std" "exit" (func $exit (param i32)))
      (import "std" "submit" (func $submit (param i32 i32)))`,
    more: `(data (i32.const 1024) "first, second, ")`,
    start: `${stores.join("\n")}
      (if (i32.load (i32.const 64)) (then (call $submit (i32.const 64) (i32.const 1))))
      (call $exit (i32.const 5)) (f64.const 0)`,
  }));
  let written = "";
  backend.answer ??= ({ pointer, length, descriptor }, { memory }) => {
    assert.is(descriptor, OUTPUT);
    // It never takes more than four bytes at a time.
    const taken = memory.slice(pointer, pointer + Math.min(length, 4));
    written += new TextDecoder().decode(taken);
    return taken.length;
  };
  const context = new ContextBuilder().stdout(new NativeFile(OUTPUT, false)).build();
  const instance = new Instance(module, context, { backend });
  assert.is(instance.runBlocking(), 5);
  return { written, unwritten: instance.unwritten };
}

const PRINTER = COMPLETIONS + Completions.Printers;

/** A printer at 256 whose operation, at 512 with its record at 128, has `length` bytes to write. */
function printing(length: number): Words {
  return {
    [PRINTER]: 256, 256: 320, 260: 512, 320: 1024 + 7, 324: 8, 536: 128,
    128: 4, 136: 1, 144: 1024, 148: length, 160: -1, 164: -1,
  };
}

test("what has not been submitted, then what waits", () => {
  const { written, unwritten } = ending({ ...printing(7), 140: 1 });
  assert.equal([written, unwritten], ["first, second, ", []]);
});

test("what is left of an operation in flight, or done, then what waits", () => {
  const { written, unwritten } = ending({ ...printing(7), 140: 1, 64: 128 });
  assert.equal([written, unwritten], ["first, second, ", []]);
});

test("nothing behind a write that has failed", () => {
  const { written, unwritten } = ending({ ...printing(7), 140: 2, 168: -Errno.EPIPE, 172: -1 });
  assert.equal([written, unwritten], ["", [{ stream: "stdout", bytes: 15, errno: Errno.EPIPE }]]);
});

test("a stream that takes nothing, or was never given", () => {
  const backend = new FakeBackend();
  backend.answer = () => 0;
  const refused = ending({ ...printing(7), 140: 1 }, backend).unwritten;
  assert.equal(refused, [{ stream: "stdout", bytes: 15, errno: Errno.EIO }]);
  const none = ending({ [PRINTER + 4]: 256, 256: 320, 320: 1024, 324: 5 }).unwritten;
  assert.equal(none, [{ stream: "stderr", bytes: 5, errno: Errno.EBADF }]);
});

test("addresses that make no sense lead to nothing", () => {
  for (const wrong of [1, 2, 3, END - 4, END - 3, END, END + 4, -4, -1]) {
    for (const at of [PRINTER, 256, 260, 536]) {
      ending({ ...printing(7), 140: 1, [at]: wrong });
    }
    assert.equal(ending({ [PRINTER]: wrong }), { written: "", unwritten: [] });
  }
  for (const [pointer, length] of [[-1, -1], [END, 1], [END - 1, 2], [0, END + 1], [1024, -1]]) {
    const { written } = ending({ [PRINTER]: 256, 256: 320, 320: pointer!, 324: length! });
    assert.is(written, "");
    assert.is(ending({ ...printing(7), 140: 1, 144: pointer!, 148: length! }).written, "second, ");
  }
});

test.run();
