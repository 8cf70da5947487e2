/**
 * What `std/fs` must do when the world fails it, and when it is well again:
 * `tests/guest/std/fs-failures.ts` does it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findDisk } from "../confined.js";
import { assert, exec, root, suite, tempDir, type ExecResult, type Suite } from "../harness.js";
import { compileGuest } from "../std/guest.js";
import type { Variant } from "./backends.js";

/** Cases on a disk of their own: its options, and what they show. */
const diskCases = {
  full: ["size=1m", "a file goes on when a full disk has room again, and no byte is lost"],
  fullTogether: ["size=1m", "of many writes at once on a full disk each tells what it wrote"],
  fullCopy: ["size=1m", "a copy that the disk has no room for is an error"],
  inodes: ["nr_inodes=20", "a disk without room for files takes no more of them"],
  readOnly: ["size=1m", "what is read-only is left as it is, until it is writable again"],
} as const;

const launcher = join(root, "dist/host/launcher.cjs");

/** Runs the suite on a backend. */
export function fsFailureConformance({ name, env }: Variant): void {
  const test = suite(`failures of files on ${name}`, { timeout: 60_000 });
  const guest = { wasm: "" };
  test.before(async () => {
    guest.wasm = await compileGuest("std/fs-failures.ts");
  });
  addDiskCases(test, guest, env);
  test.run();
}

function addDiskCases(test: Suite, guest: { wasm: string }, env: Variant["env"]): void {
  const disk = findDisk();
  const large = join(tempDir("large"), "large");
  writeFileSync(large, Buffer.alloc(3_000_000, "0123456789"));
  for (const [name, [options, title]] of Object.entries(diskCases)) {
    if ("why" in disk) {
      test.skip(title, disk.why);
      continue;
    }
    test(title, async () => {
      // Both ways to find what a path names: among all that there is, and beneath a grant.
      for (const grants of [["--allow-all"], ["--dir", "/", "--allow-run=mount"]]) {
        const dir = tempDir("disk");
        const command = ["run", ...grants, guest.wasm, name, dir, large];
        const words = disk.ok(options, dir, [process.execPath, launcher, ...command]);
        isOk(await exec(words[0] as string, words.slice(1), { env }));
      }
    });
  }
}

function isOk({ code, stdout, stderr }: ExecResult): void {
  assert.is(stderr, "");
  assert.is(stdout, "ok\n");
  assert.is(code, 0);
}
