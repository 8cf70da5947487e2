/** What `std/fs` must do on every backend: `tests/guest/std/fs.ts` does it, this looks on. */
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync, linkSync, mkdirSync, readFileSync, readdirSync, symlinkSync, utimesSync, writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { assert, suite, tempDir, type ExecResult, type Suite } from "../harness.js";
import { compileGuest, type RunOptions } from "../std/guest.js";
import type { Variant } from "./backends.js";

/** Cases that need nothing but an empty directory. */
const plainCases = {
  cursor: "read and write continue at the cursor",
  positions: "readAt and writeAt know no cursor",
  seek: "seek goes everywhere but before the beginning",
  append: "appending writes at the end and reads at the cursor",
  options: "open options do what they say",
  badOptions: "contradictory options are refused",
  setLen: "a length can be set, and made durable",
  large: "10 GiB of a sparse file",
  changes: "permissions and times can be set",
  closed: "a closed file stays closed",
  wholes: "whole files are read and written",
  parallel: "many transfers in flight on one file",
  devices: "devices are files",
  full: "a full device is an error",
  descriptors: "3 000 files opened and closed one after the other",
} as const;

type Run = (args: string[], options?: RunOptions) => Promise<ExecResult>;

/** Runs the suite on a backend. */
export function fsConformance(variant: Variant): void {
  const test = suite(`std/fs on ${variant.name}`, { timeout: 60_000, skips: variant.skips });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/fs.ts");
  });
  const run: Run = (args, options = {}) => variant.run(wasm, { args, ...options });
  for (const [name, title] of Object.entries(plainCases)) {
    test(title, async () => isOk(await run([name, tempDir("fs")])));
  }
  addPreparedCases(test, run);
  addStreamCases(test, run);
  addLimitCases(test, run);
  test.run();
}

/** Cases for which there must be something on the disk. */
function addPreparedCases(test: Suite, run: Run): void {
  test("metadata tells what there is", async () => {
    const dir = tempDir("fs");
    const file = join(dir, "file");
    writeFileSync(file, "hello");
    chmodSync(file, 0o640);
    linkSync(file, join(dir, "second"));
    symlinkSync("file", join(dir, "link"));
    symlinkSync("nowhere", join(dir, "dangling"));
    execFileSync("mkfifo", [join(dir, "fifo")]);
    utimesSync(file, 0, 1_000_000.123);
    execFileSync("touch", ["-a", "-d", "@-1.5", file]);
    isOk(await run(["metadata", dir]));
  });

  test("errors name the operation and the path", async () => {
    const dir = tempDir("fs");
    writeFileSync(join(dir, "file"), "hello");
    writeFileSync(join(dir, "latin1"), Buffer.from([0x67, 0x72, 0xfc]));
    symlinkSync("loop", join(dir, "loop"));
    isOk(await run(["errors", dir]));
  });

  test("names that are not UTF-8 survive both ways", async () => {
    const dir = tempDir("fs");
    const name = Buffer.from([0x61, 0xff, 0xed, 0xb2, 0x80, 0xc3]);
    writeFileSync(Buffer.concat([Buffer.from(dir + "/"), name]), "from node");
    writeFileSync(join(dir, "name"), name);
    isOk(await run(["names", dir]));
    const made = Buffer.from("ff2d80f09f9880c3bc", "hex");
    const found = readdirSync(dir, { encoding: "buffer" }).some((other) => other.equals(made));
    assert.ok(found, "the name that the guest made");
  });
}

/** Cases with a FIFO, on which operations wait. */
function addStreamCases(test: Suite, run: Run): void {
  test("a FIFO is read to its end", async () => {
    const fifo = makeFifo();
    const writer = spawn("sh", ["-c", "exec >$0; printf 'first '; sleep 0.2; printf second", fifo]);
    try {
      isOk(await run(["stream", fifo]));
    } finally {
      // It waits for ever when nobody has opened the FIFO.
      writer.kill();
    }
  });

  test("an open that is cancelled leaves nothing open", async () => {
    isOk(await run(["cancelOpen", makeFifo()]));
  });

  test("a read that is cancelled gives the buffer back and loses nothing", async () => {
    isOk(await run(["cancelRead", makeFifo()]));
  });
}

/** What the guest must not do. */
function addLimitCases(test: Suite, run: Run): void {
  test("outside of what was granted permission is denied", async () => {
    const above = tempDir("fs");
    const dir = join(above, "granted");
    mkdirSync(dir);
    writeFileSync(join(dir, "inside"), "yes");
    writeFileSync(join(above, "x"), "secret");
    symlinkSync("../x", join(dir, "escape"));
    isOk(await run(["denied", dir], { grants: ["--dir", dir] }));
    assert.is(readFileSync(join(above, "x"), "utf8"), "secret");
  });

  test("touching a buffer that is lent dies", async () => {
    const { code, stderr } = await run(["lent", tempDir("fs")]);
    assert.is(code, 134);
    assert.match(stderr, /buffer is lent/);
  });
}

function makeFifo(): string {
  const fifo = join(tempDir("fs"), "fifo");
  execFileSync("mkfifo", [fifo]);
  return fifo;
}

function isOk({ code, stdout, stderr }: ExecResult): void {
  assert.is(stderr, "");
  assert.is(stdout, "ok\n");
  assert.is(code, 0);
}
