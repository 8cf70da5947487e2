/**
 * What `std/fs` must do when the world fails it, and when it is well again:
 * `tests/guest/std/fs-failures.ts` does it.
 */
import {
  chownSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { findDisk, findPlain, withDescriptors } from "../confined.js";
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

/** Cases in a process that may have few descriptors. */
const descriptorCases = {
  descriptors: "without a descriptor nothing is done, and all of it as soon as there are some",
  lastDescriptor: "what needs two descriptors gives the first one back",
} as const;

/** Cases that need no root: what the user of an app may not do, and then may. */
const userCases = {
  unreadable: "a file that may not be read is an error until it may",
  unwritable: "a directory that may not be written keeps its names until it may",
  unsearchable: "a directory that may not be searched gives nothing away until it may",
} as const;

/** Enough for the launcher and a few files. */
const FEW_DESCRIPTORS = 64;

const launcher = join(root, "dist/host/launcher.cjs");

/** Runs the suite on a backend. */
export function fsFailureConformance({ name, env }: Variant): void {
  const test = suite(`failures of files on ${name}`, { timeout: 60_000 });
  const guest = { wasm: "" };
  test.before(async () => {
    guest.wasm = await compileGuest("std/fs-failures.ts");
  });
  addDiskCases(test, guest, env);
  addDescriptorCases(test, guest, env);
  addUserCases(test, guest, env);
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
      for (const grants of [["--allow-all"], ["--dir", "/", "--allow-run"]]) {
        const dir = tempDir("disk");
        const command = ["run", ...grants, guest.wasm, name, dir, large];
        const words = disk.ok(options, dir, [process.execPath, launcher, ...command]);
        isOk(await exec(words[0] as string, words.slice(1), { env }));
      }
    });
  }
}

function addDescriptorCases(test: Suite, guest: { wasm: string }, env: Variant["env"]): void {
  for (const [name, title] of Object.entries(descriptorCases)) {
    test(title, async () => {
      for (const grants of [["--allow-all"], ["--dir", "/"]]) {
        const how = grants.length > 1 ? "beneath" : "all";
        const args = ["run", ...grants, guest.wasm, name, tempDir("few"), how];
        const words = withDescriptors(FEW_DESCRIPTORS, [process.execPath, launcher, ...args]);
        isOk(await exec(words[0] as string, words.slice(1), { env }));
      }
    });
  }
}

function addUserCases(test: Suite, guest: { wasm: string }, env: Variant["env"]): void {
  const strangers = "what belongs to somebody else stays as it is, until it is given away";
  const plain = findPlain();
  if ("why" in plain) {
    for (const title of [...Object.values(userCases), strangers]) test.skip(title, plain.why);
    return;
  }
  const { user, folder, launcher } = plain.ok;
  const base = dirname(folder);
  test.after(() => rmSync(base, { recursive: true }));
  const run = async (name: string, dir: string, prepare = (): void => {}): Promise<void> => {
    const wasm = join(base, "guest.wasm");
    copyFileSync(guest.wasm, wasm);
    for (const grants of [["--allow-all"], ["--dir", "/"]]) {
      prepare();
      const args = [launcher, "run", ...grants, wasm, name, dir];
      isOk(await exec(process.execPath, args, { env, cwd: folder, ...user && { user } }));
    }
  };
  for (const [name, title] of Object.entries(userCases)) test(title, () => run(name, folder));
  if (user === undefined) {
    test.skip(strangers, "only root can make files of two users");
    return;
  }
  test(strangers, async () => {
    const dir = join(base, "strangers");
    mkdirSync(dir);
    const file = join(dir, "file");
    writeFileSync(file, "root's", { mode: 0o644 });
    await run("foreign", dir);
    assert.is(readFileSync(file, "utf8"), "root's");
    await run("own", dir, () => {
      writeFileSync(file, "theirs");
      for (const path of [dir, file]) chownSync(path, user, user);
    });
  });
}

function isOk({ code, stdout, stderr }: ExecResult): void {
  assert.is(stderr, "");
  assert.is(stdout, "ok\n");
  assert.is(code, 0);
}
