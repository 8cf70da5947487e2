/** Memory above 2 GiB, where an address that meets an operator of 32 bits becomes negative. */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Op, Overlapped } from "../../host/abi.js";
import { nativeNames } from "../../host/backend/native.js";
import { selectBackend } from "../../host/backend/select.js";
import { ContextBuilder } from "../../host/context.js";
import { GuestFailure } from "../../host/failure.js";
import { Instance } from "../../host/instance.js";
import { assert, suite, tempDir } from "../harness.js";
import { Driver } from "./driver.js";
import { compile, guest } from "./wat.js";

const test = suite("host: memory above 2 GiB");

// Nothing of it but what is touched costs anything.
const PAGES = 65536;
const SIZE = PAGES * 65536;

/** What a guest with 4 GiB says that dies by `start`. */
function lastWords(imports: string, start: string): string {
  const text = guest({ imports, start: `${start} (f64.const 0)` })
    .replace(`(memory (export "memory") 16)`, `(memory (export "memory") ${PAGES})`);
  const instance = new Instance(compile(text), new ContextBuilder().build(),
    { backend: selectBackend(nativeNames()[0]) });
  try {
    instance.runBlocking();
  } catch (error) {
    if (error instanceof GuestFailure) return error.message;
    throw error;
  }
  throw new Error("it did not die");
}

for (const address of [2 ** 31 - 16, 2 ** 31, 2 ** 31 + 4096, SIZE - 16]) {
  test(`messages at 0x${address.toString(16)} are told`, () => {
    const at = address | 0;
    const store = (offset: number, value: number): string =>
      `(i32.store (i32.add (i32.const ${at}) (i32.const ${offset})) (i32.const ${value}))`;
    // "bad" in UTF-16 behind its length, and "so bad" in UTF-8.
    assert.is(lastWords(`(import "std" "abort" (func $abort (param i32 i32 i32 i32)))`,
      `${store(0, 6)} ${store(4, 0x00610062)} ${store(8, 0x64)}
      (call $abort (i32.add (i32.const ${at}) (i32.const 4)) (i32.const 0) (i32.const 0)
        (i32.const 0))`), "bad");
    assert.is(lastWords(`(import "std" "panic" (func $panic (param i32 i32)))`,
      `${store(0, 0x62206f73)} ${store(4, 0x6461)}
      (call $panic (i32.const ${at}) (i32.const 6))`), "so bad");
  });
}

for (const name of nativeNames()) {
  for (const memory of ["direct", "bounce"]) {
    test(`${name}, ${memory}: all that an operation names may lie up there`, () => {
      process.env["STD_MEMORY"] = memory;
      const folder = tempDir("large-memory");
      writeFileSync(join(folder, "file"), "contents");
      const driver = new Driver(selectBackend(name), { pages: PAGES });
      const scratch = openSync(join(folder, "file"), "r+");
      const handle = driver.lend(scratch);
      const path = driver.put(SIZE - 4096, join(folder, "file"));
      const fields = [
        { op: Op.Read, handle, ptr0: SIZE - 64, len0: 64, offset: 0n },
        { op: Op.Stat, handle: 0xffffffff, ptr0: SIZE - 4096, len0: path, ptr1: SIZE - 8192,
          len1: 88 },
        { op: Op.Write, handle, ptr0: 2 ** 31 - 4, len0: 8, offset: 8n },
      ];
      const records = fields.map((each, index) => {
        const record = driver.record(each);
        const at = SIZE - 65536 + index * Overlapped.Size;
        driver.put(at, new Uint8Array(driver.wasm.buffer, record, Overlapped.Size));
        driver.view.setUint32(SIZE - 32768 + index * 4, at, true);
        return at;
      });
      driver.loop.submit(SIZE - 32768, records.length);
      while (driver.loop.inFlight.count > 0) driver.loop.turn(-1);
      const count = driver.loop.queue.deliver(driver.memory, SIZE - 16384);
      const told = Array.from({ length: count }, (_, index) =>
        driver.view.getUint32(SIZE - 16384 + index * 4, true));
      assert.equal(told.sort((a, b) => a - b), records);
      const results = records.map((at) =>
        Number(driver.view.getBigInt64(at + Overlapped.Result, true)));
      assert.equal(results.slice(1), [0, 8]);
      // The read and the write are at the same file at once.
      assert.ok(results[0] === 8 || results[0] === 16);
      assert.is(driver.get(SIZE - 64, 8), "contents");
      driver.loop.close();
      closeSync(scratch);
    });
  }
}

test.run();
