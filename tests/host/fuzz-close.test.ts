/**
 * Loops that are closed with anything in flight, on every backend of this machine. By hand:
 * `STD_FUZZ_SEED` runs one seed alone, `STD_FUZZ_ROUNDS` so many from the first.
 */
import { execFileSync } from "node:child_process";
import { closeSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nativeNames } from "../../host/backend/native.js";
import { selectBackend } from "../../host/backend/select.js";
import { assert, fdCount, suite, tempDir } from "../harness.js";
import { abandon, makeGround } from "./fuzz-close.js";
import { openDevice, openPipe } from "./pipe.js";

const test = suite("host: fuzz of closing", { timeout: 300_000 });

const only = process.env["STD_FUZZ_SEED"];
const rounds = only === undefined ? Number(process.env["STD_FUZZ_ROUNDS"] ?? 150) : 1;

/** Waits until there are no more descriptors than `before`: threads close what they are left. */
async function settle(before: number): Promise<number> {
  const until = performance.now() + 5000;
  while (fdCount() > before && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return fdCount();
}

for (const name of nativeNames()) {
  for (const memory of ["direct", "bounce"]) {
    test(`${name}, ${memory}`, async () => {
      const folder = tempDir("fuzz-close");
      writeFileSync(join(folder, "file"), "contents");
      execFileSync("mkfifo", [join(folder, "fifo")]);
      process.env["STD_MEMORY"] = memory;
      const dir = makeGround(folder);
      const lent = [openPipe(folder), openDevice(folder, "null"), openDevice(folder, "zero")];
      const before = fdCount();
      let abandoned = 0;
      for (let round = 0; round < rounds; round++) {
        const seed = only === undefined ? 1 + round * 7919 : Number(only);
        try {
          abandoned += abandon(selectBackend(name), dir, seed, lent);
          assert.is(await settle(before), before, "descriptors after it");
        } catch (error) {
          const cause = error instanceof Error ? error : new Error(String(error));
          cause.message = `STD_FUZZ_SEED=${seed}: ${cause.message}`;
          throw cause;
        }
      }
      assert.ok(abandoned > rounds, `only ${abandoned} operations were in flight at the end`);
      for (const descriptor of lent) closeSync(descriptor);
      dir.close();
    });
  }
}

test.run();
