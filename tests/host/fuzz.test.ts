/** Hostile records on every backend that this machine has. */
import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Errno } from "../../host/abi.js";
import type { Backend } from "../../host/backend/backend.js";
import { nativeNames } from "../../host/backend/native.js";
import { selectBackend } from "../../host/backend/select.js";
import { NativeDir } from "../../host/resource/dir.js";
import { assert, fdCount, suite, tempDir } from "../harness.js";
import { FakeBackend, SILENT } from "./fake-backend.js";
import { openDevice, openPipe } from "./pipe.js";
import { fuzz } from "./fuzz.js";

const test = suite("host: fuzz", { timeout: 300_000 });

const records = Number(process.env["STD_FUZZ_RECORDS"] ?? 200_000);

/** A directory with a bit of everything, and with ways out. */
function playground(): string {
  const folder = tempDir("fuzz");
  mkdirSync(join(folder, "dir"));
  writeFileSync(join(folder, "file"), "contents");
  symlinkSync("/etc", join(folder, "link-out"));
  symlinkSync("loop", join(folder, "loop"));
  return folder;
}

function feed(backend: Backend, seed: number, lend: readonly number[]): void {
  const dir = NativeDir.open(playground());
  const found = fuzz(backend, { seed, records, lend, mounts: [{ dir, path: "/data" }] });
  dir.close();
  assert.is(found.completed, found.submitted);
  assert.ok(found.faults > 100);
  // The fuzzer must reach past the checks, and meet each of them.
  for (const result of [-Errno.EINVAL, -Errno.EFAULT, -Errno.EBADF, -Errno.ENOSYS, 1]) {
    assert.ok((found.results.get(result) ?? 0) > 100, `too few with result ${result}`);
  }
}

test("a backend in memory", () => {
  feed(new FakeBackend(), 1, [SILENT, 901, 902]);
});

for (const name of nativeNames()) {
  for (const memory of ["direct", "bounce"]) {
    test(`${name}, ${memory}`, () => {
      const before = fdCount();
      const folder = tempDir("fuzz");
      const scratch = openSync(join(folder, "x"), "w+");
      const lent = [openPipe(folder), openDevice(folder, "null"), scratch];
      process.env["STD_MEMORY"] = memory;
      feed(selectBackend(name), memory.length, lent);
      for (const descriptor of lent) closeSync(descriptor);
      assert.is(fdCount(), before);
    });
  }
}

test.run();
