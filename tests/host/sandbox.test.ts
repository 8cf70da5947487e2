/** Ways out of a granted directory, each of which the kernel or the host must refuse. */
import {
  linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Errno, Op, OpenFlag } from "../../host/abi.js";
import { nativeNames } from "../../host/backend/native.js";
import { selectBackend } from "../../host/backend/select.js";
import type { Mount } from "../../host/namespace.js";
import { NativeDir } from "../../host/resource/dir.js";
import { assert, suite, tempDir } from "../harness.js";
import { Driver } from "./driver.js";

const test = suite("host: sandbox");

const { EACCES, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EBADF } = {
  EACCES: -Errno.EACCES, EINVAL: -Errno.EINVAL, ELOOP: -Errno.ELOOP, EBADF: -Errno.EBADF,
  ENAMETOOLONG: -Errno.ENAMETOOLONG, ENOENT: -Errno.ENOENT, ENOTDIR: -Errno.ENOTDIR,
};

/** `inside/` is granted; `outside/` beside it is not. */
function world(): string {
  const folder = tempDir("sandbox");
  mkdirSync(join(folder, "inside/dir"), { recursive: true });
  mkdirSync(join(folder, "outside"));
  writeFileSync(join(folder, "outside/secret"), "secret");
  writeFileSync(join(folder, "inside/file"), "file");
  const link = (target: string, name: string): void =>
    symlinkSync(target, join(folder, "inside", name));
  link("../outside/secret", "out-relative");
  link(join(folder, "outside/secret"), "out-absolute");
  link("../outside", "out-dir");
  link("/proc/self/root", "out-magic");
  link("/proc/self/cwd", "out-cwd");
  link("file", "in-file");
  link("dir/../file", "in-through");
  link("loop", "loop");
  link("../inside/file", "out-and-in");
  linkSync(join(folder, "inside/file"), join(folder, "inside/dir/hard"));
  return folder;
}

/** What opening each path for reading gives; `true` for a handle. */
const opens: readonly (readonly [string | Uint8Array, number | true])[] = [
  ["/data/file", true],
  ["/data//file", true],
  ["/data/./dir/../file", true],
  ["/data/in-file", true],
  ["/data/in-through", true],
  ["/data/dir/hard", true],
  ["/data", true],
  ["/data/", true],
  ["/data/.", true],
  ["/data/dir/", true],
  ["file", EACCES],
  ["data/file", true],
  ["/data/nothing", ENOENT],
  ["/data/file/", ENOTDIR],
  ["/data/in-file/", ENOTDIR],
  ["/data/file/..", ENOTDIR],
  ["/data/..", EACCES],
  ["/data/../outside/secret", EACCES],
  ["/data/dir/../../outside/secret", EACCES],
  ["/data/dir/../../../../../../../../etc/passwd", EACCES],
  ["/data/out-relative", EACCES],
  ["/data/out-relative/", EACCES],
  ["/data/out-absolute", EACCES],
  ["/data/out-absolute/", EACCES],
  ["/data/out-dir", EACCES],
  ["/data/out-dir/", EACCES],
  ["/data/out-dir/secret", EACCES],
  ["/data/out-and-in", EACCES],
  ["/data/out-magic", EACCES],
  ["/data/out-magic/etc/passwd", EACCES],
  ["/data/out-cwd", EACCES],
  ["/data/loop", ELOOP],
  ["/etc/passwd", EACCES],
  ["/", EACCES],
  ["/proc/self/mem", EACCES],
  ["..", EACCES],
  ["\0", EACCES],
  ["/data/file\0", EINVAL],
  ["/data/\0/../file", EINVAL],
  [`/data/${"x".repeat(256)}`, ENAMETOOLONG],
  [`/data/${"x/".repeat(2040)}`, ENOENT],
  [`/data/${"x/".repeat(3000)}`, ENAMETOOLONG],
  ["/".repeat(1 << 20), ENAMETOOLONG],
  [Uint8Array.of(0x2f, 0x64, 0x61, 0x74, 0x61, 0x2f, 0xff, 0xfe, 0x80), ENOENT],
];

const quoted = (path: string | Uint8Array): string => JSON.stringify(path.slice(0, 60));

for (const name of nativeNames()) {
  const folder = world();
  const dir = NativeDir.open(join(folder, "inside"));
  const start = (): Driver =>
    new Driver(selectBackend(name), { mounts: [{ dir, path: "/data" }], pages: 128 });

  test(`${name}: opening`, () => {
    const driver = start();
    for (const [path, wanted] of opens) {
      const { result } = open(driver, path, OpenFlag.Read);
      assert.is(result >= 0 ? true : result, wanted, quoted(path));
    }
    driver.loop.close();
  });

  test(`${name}: nothing outside is made, changed or emptied`, () => {
    const driver = start();
    const every = OpenFlag.Write | OpenFlag.Create | OpenFlag.Truncate;
    for (const path of [
      "/data/out-relative", "/data/out-absolute", "/data/out-dir/new", "/data/../outside/new",
      "/data/out-magic/tmp/new", "/outside/new", "/data/dir/../../outside/secret",
    ]) {
      assert.is(open(driver, path, every, 0o644n).result, EACCES, path);
      const len0 = driver.put(1 << 20, path);
      const at = { handle: 0xffffffff, ptr0: 1 << 20, len0 };
      assert.is(driver.perform({ op: Op.SetPermissions, ...at, offset: 0o777n }).result, EACCES);
      const times = { ptr1: 8192, len1: 16 };
      assert.is(driver.perform({ op: Op.SetTimes, ...at, ...times }).result, EACCES, path);
      const owner = { ptr1: 8192, len1: 8 };
      assert.is(driver.perform({ op: Op.SetOwner, ...at, ...owner }).result, EACCES, path);
      assert.is(driver.perform({ op: Op.Stat, ...at, ptr1: 8192, len1: 88 }).result, EACCES, path);
    }
    assert.is(readFileSync(join(folder, "outside/secret"), "utf8"), "secret");
    driver.loop.close();
  });

  test(`${name}: a directory handle is no way out either`, () => {
    const driver = start();
    const handle = open(driver, "/data/dir", OpenFlag.Read | OpenFlag.Directory).result;
    for (const [path, wanted] of [
      ["hard", true], ["../file", EACCES], ["..", EACCES], ["/etc/passwd", EACCES],
      ["../../outside/secret", EACCES], [".", true],
    ] as const) {
      const len0 = driver.put(4096, path);
      const { result } = driver.perform({ op: Op.Open, flags: 1, handle, ptr0: 4096, len0 });
      assert.is(result >= 0 ? true : result, wanted, path);
    }
    const len0 = driver.put(4096, "file");
    const bad = { op: Op.Open, flags: 1, handle: 12345, ptr0: 4096, len0 };
    assert.is(driver.perform(bad).result, EBADF);
    driver.loop.close();
  });

  test(`${name}: a grant of everything is none of the memory and environment of processes`, () => {
    const root = NativeDir.open("/");
    const within = (mounts: readonly Mount[] | null): Driver =>
      new Driver(selectBackend(name), { mounts, pages: 128 });
    const driver = within([{ dir: root, path: "/" }]);
    const { pid, ppid } = process;
    for (const who of ["self", "thread-self", `${pid}`, `self/task/${pid}`, `${pid}/../${ppid}`]) {
      for (const file of ["mem", "environ", "maps", "smaps", "auxv"]) {
        assert.is(open(driver, `/proc/${who}/${file}`, OpenFlag.Read).result, EACCES, who + file);
      }
      for (const flags of [OpenFlag.Write, OpenFlag.Append, OpenFlag.Read | OpenFlag.Write]) {
        assert.is(open(driver, `/proc/${who}/mem`, flags).result, EACCES, `${who} for writing`);
        assert.is(open(driver, `/proc/${who}/comm`, flags).result, EACCES, `${who} for writing`);
      }
    }
    const list = open(driver, "/proc/self", OpenFlag.Read | OpenFlag.Directory).result;
    const len0 = driver.put(4096, "mem");
    const beside = { op: Op.Open, flags: OpenFlag.Read, handle: list, ptr0: 4096, len0 };
    assert.is(driver.perform(beside).result, EACCES);
    // What is no secret stays readable, and files of the same names and sizes elsewhere are files.
    for (const path of ["/proc/meminfo", "/proc/self/stat", `/proc/${ppid}/status`]) {
      assert.ok(open(driver, path, OpenFlag.Read).result >= 0, path);
    }
    for (const file of ["mem", "environ"]) {
      const path = join(folder, "inside", file);
      const flags = OpenFlag.Read | OpenFlag.Write | OpenFlag.Create;
      assert.ok(open(driver, path, flags, 0o600n).result >= 0, path);
    }
    driver.loop.close();
    root.close();
    const proc = NativeDir.open("/proc/self");
    const direct = within([{ dir: proc, path: "/own" }]);
    assert.is(open(direct, "/own/mem", OpenFlag.Read | OpenFlag.Write).result, EACCES);
    direct.loop.close();
    proc.close();
    const trusted = within(null);
    assert.ok(open(trusted, "/proc/self/environ", OpenFlag.Read).result >= 0, "all is all");
    trusted.loop.close();
  });

  test(`${name}: a directory that is exchanged for a link while it is opened`, () => {
    const driver = start();
    const race = join(folder, "inside/race");
    for (let round = 0; round < 300; round++) {
      const isLink = round % 2 === 0;
      rmSync(race, { force: true, recursive: true });
      const len0 = driver.put(4096, "/data/race/secret");
      const fields = { op: Op.Open, flags: 1, handle: 0xffffffff, ptr0: 4096, len0 };
      for (let index = 0; index < 4; index++) driver.start(fields);
      if (isLink) symlinkSync("../outside", race);
      else mkdirSync(race);
      while (driver.loop.inFlight.count > 0) {
        for (const { result } of driver.turn(-1)) assert.ok(result < 0, "it got out");
      }
    }
    driver.loop.close();
  });
}

function open(driver: Driver, path: string | Uint8Array, flags: number, mode = 0n) {
  const ptr0 = 1 << 20;
  const len0 = driver.put(ptr0, path);
  return driver.perform({ op: Op.Open, flags, handle: 0xffffffff, ptr0, len0, offset: mode });
}

test.run();
