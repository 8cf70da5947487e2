/** Ways to change what lies outside of a granted directory, or to learn of it, by its tree. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { CopyTarget, Errno, Handle, Op, OpenFlag } from "../../host/abi.js";
import { nativeNames } from "../../host/backend/native.js";
import { selectBackend } from "../../host/backend/select.js";
import { NativeDir } from "../../host/resource/dir.js";
import { assert, suite, tempDir } from "../harness.js";
import { Driver } from "./driver.js";

const test = suite("host: sandbox of the tree", { timeout: 60_000 });

const { EACCES, EPERM, EROFS, EBUSY, EINVAL, ENOENT } = {
  EACCES: -Errno.EACCES, EPERM: -Errno.EPERM, EROFS: -Errno.EROFS, EBUSY: -Errno.EBUSY,
  EINVAL: -Errno.EINVAL, ENOENT: -Errno.ENOENT,
};

const FIRST = 1 << 20;
const SECOND = FIRST + 65536;
const OUT = SECOND + 65536;

/** `inside/` is granted to be changed, `given/` to be read; `outside/` is not. */
function world(): string {
  const folder = tempDir("sandbox");
  for (const name of ["inside/dir", "given/dir", "outside/dir"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  writeFileSync(join(folder, "outside/secret"), "secret");
  writeFileSync(join(folder, "inside/file"), "file");
  writeFileSync(join(folder, "given/file"), "given");
  const link = (target: string, name: string): void =>
    symlinkSync(target, join(folder, "inside", name));
  link("../outside", "out");
  link(join(folder, "outside"), "absolute");
  link("../outside/secret", "secret");
  link("../outside/nothing", "nothing");
  link("/proc/self/root", "magic");
  return folder;
}

/** Everything about what must stay as it is. */
function stateOf(folder: string): string {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return names.map((name) => {
    const path = join(folder, name);
    const { mode, nlink, mtimeMs, ino } = lstatSync(path);
    const contents = lstatSync(path).isFile() ? readFileSync(path, "utf8") : "";
    return [name, mode, nlink, mtimeMs, ino, contents].join(" ");
  }).join("\n");
}

/** Paths that name something outside, or something in it. */
const hostile = [
  "/data/..", "/data/../", "/data/../outside", "/data/../outside/new", "/data/out/new",
  "/data/out/secret", "/data/out/dir", "/data/out/dir/", "/data/absolute/secret",
  "/data/absolute/dir/.", "/data/dir/../../outside/secret", "/data/dir/../../outside/dir",
  "/data/magic/tmp", "/data/magic/tmp/new", "/outside/secret", "/etc/passwd", "/", "..", "secret",
  "/data/out/..", "/data/out/../outside/secret", "/data/dir/../..", "/data//../outside/secret",
] as const;

class Guest {
  readonly driver: Driver;

  constructor(backend: string, folder: string) {
    const inside = NativeDir.open(join(folder, "inside"));
    const given = NativeDir.open(join(folder, "given"));
    this.driver = new Driver(selectBackend(backend), {
      mounts: [{ dir: inside, path: "/data" }, { dir: given, path: "/given", isReadOnly: true }],
      pages: 128,
    });
  }

  /** Performs an op on a path, and on a second path or text. */
  run(op: Op, path: string, second = "", offset = 0n, handle: number = Handle.Root): number {
    const len0 = this.driver.put(FIRST, path);
    const len1 = this.driver.put(SECOND, second);
    const more = second === "" ? {} : { ptr1: SECOND, len1 };
    return this.driver.perform({ op, handle, ptr0: FIRST, len0, ...more, offset }).result;
  }

  twice(op: Op, from: string, to: string): number {
    return this.run(op, from, to, BigInt(Handle.Root));
  }

  /** Has an op on a path write into memory. */
  ask(op: Op, path: string): number {
    const len0 = this.driver.put(FIRST, path);
    const fields = { op, handle: Handle.Root, ptr0: FIRST, len0, ptr1: OUT, len1: 4096 };
    return this.driver.perform(fields).result;
  }

  open(path: string, flags: number, offset = 0n, handle: number = Handle.Root): number {
    const len0 = this.driver.put(FIRST, path);
    return this.driver.perform({ op: Op.Open, flags, handle, ptr0: FIRST, len0, offset }).result;
  }

  close(): void {
    this.driver.loop.close();
  }
}

for (const name of nativeNames()) {
  test(`${name}: nothing outside is made, removed, renamed, linked or told of`, () => {
    const folder = world();
    const before = stateOf(join(folder, "outside"));
    const guest = new Guest(name, folder);
    for (const path of hostile) {
      for (const op of [Op.CreateDirectory, Op.RemoveFile, Op.RemoveDirectory]) {
        assert.is(guest.run(op, path), EACCES, `op ${op} on ${path}`);
      }
      assert.is(guest.run(Op.SymbolicLink, path, "file"), EACCES, `a link at ${path}`);
      for (const op of [Op.Rename, Op.HardLink]) {
        assert.is(guest.twice(op, path, "/data/dir/x"), EACCES, `op ${op} from ${path}`);
        assert.is(guest.twice(op, "/data/file", path), EACCES, `op ${op} to ${path}`);
      }
      assert.is(guest.ask(Op.ReadLink, path), EACCES, `read link ${path}`);
      assert.is(guest.ask(Op.Canonicalize, path), EACCES, `canonicalize ${path}`);
    }
    assert.is(stateOf(join(folder, "outside")), before);
    assert.equal(readdirSync(join(folder, "inside/dir")), []);
    guest.close();
  });

  test(`${name}: a slash behind a link that leads out tells nothing of what is there`, () => {
    const folder = world();
    const before = stateOf(join(folder, "outside"));
    const guest = new Guest(name, folder);
    const answers = ["out/", "secret/", "nothing/", "absolute//"].map((link) => [
      guest.run(Op.CreateDirectory, `/data/${link}`),
      guest.run(Op.RemoveFile, `/data/${link}`),
      guest.run(Op.RemoveDirectory, `/data/${link}`),
      guest.twice(Op.HardLink, `/data/${link}`, "/data/dir/x"),
      guest.twice(Op.Rename, `/data/${link}`, "/data/dir/x"),
      guest.run(Op.SymbolicLink, `/data/${link}`, "file"),
      guest.ask(Op.ReadLink, `/data/${link}`),
      guest.ask(Op.Canonicalize, `/data/${link}`),
    ].join(" "));
    assert.is(new Set(answers).size, 1, answers.join("\n"));
    assert.ok(answers[0]!.split(" ").every((result) => Number(result) < 0));
    assert.is(stateOf(join(folder, "outside")), before);
    guest.close();
  });

  test(`${name}: links that lead out can be seen, renamed and removed themselves`, () => {
    const folder = world();
    const before = stateOf(join(folder, "outside"));
    const guest = new Guest(name, folder);
    assert.is(guest.ask(Op.ReadLink, "/data/secret"), "../outside/secret".length);
    assert.is(guest.twice(Op.HardLink, "/data/secret", "/data/second"), 0);
    assert.ok(lstatSync(join(folder, "inside/second")).isSymbolicLink());
    assert.is(guest.twice(Op.Rename, "/data/out", "/data/moved"), 0);
    assert.is(guest.run(Op.RemoveFile, "/data/moved"), 0);
    assert.is(guest.run(Op.RemoveFile, "/data/absolute"), 0);
    assert.is(guest.run(Op.SymbolicLink, "/data/new", "/etc/passwd"), EACCES);
    assert.is(guest.run(Op.SymbolicLink, "/data/new", "../outside/secret"), 0);
    assert.is(guest.open("/data/new", OpenFlag.Read), EACCES);
    assert.is(stateOf(join(folder, "outside")), before);
    guest.close();
  });

  test(`${name}: what was granted for reading cannot be changed`, () => {
    const folder = world();
    const before = stateOf(join(folder, "given"));
    const guest = new Guest(name, folder);
    for (const flags of [
      OpenFlag.Write, OpenFlag.Append, OpenFlag.Read | OpenFlag.Write,
      OpenFlag.Read | OpenFlag.Create, OpenFlag.Read | OpenFlag.CreateNew,
      OpenFlag.Write | OpenFlag.Truncate,
    ]) {
      assert.is(guest.open("/given/file", flags), EROFS, `open with ${flags}`);
    }
    assert.is(guest.open("/given/file", OpenFlag.Read | OpenFlag.Truncate), EINVAL);
    assert.is(guest.open("/data/file", OpenFlag.Read | OpenFlag.Truncate), EINVAL);
    for (const op of [Op.CreateDirectory, Op.RemoveFile, Op.RemoveDirectory]) {
      assert.is(guest.run(op, "/given/dir"), EROFS);
    }
    assert.is(guest.run(Op.SetPermissions, "/given/file", "", 0o777n), EROFS);
    assert.is(guest.run(Op.SymbolicLink, "/given/x", "file"), EROFS);
    for (const op of [Op.Rename, Op.HardLink]) {
      assert.is(guest.twice(op, "/given/file", "/data/x"), EROFS);
      assert.is(guest.twice(op, "/data/file", "/given/x"), EROFS);
    }
    const dir = guest.open("/given/dir", OpenFlag.Read | OpenFlag.Directory);
    assert.is(guest.run(Op.CreateDirectory, "x", "", 0n, dir), EROFS);
    assert.is(guest.run(Op.RemoveFile, "../file", "", 0n, dir), EROFS);
    const file = guest.open("/given/file", OpenFlag.Read);
    assert.is(guest.run(Op.SetPermissions, "", "", 0o777n, file), EACCES);
    assert.is(guest.driver.perform({ op: Op.SetLength, handle: file }).result, EACCES);
    assert.is(copyTo(guest, guest.open("/data/file", OpenFlag.Read), file), -Errno.EBADF);
    assert.is(stateOf(join(folder, "given")), before);
    guest.close();
  });

  test(`${name}: nobody is lent the rights of who runs the guest`, () => {
    const folder = world();
    const guest = new Guest(name, folder);
    const file = guest.open("/data/file", OpenFlag.Read | OpenFlag.Write);
    const dir = guest.open("/data/dir", OpenFlag.Read | OpenFlag.Directory);
    for (const bits of [0o4755n, 0o2755n, 0o6777n, 0o7777n, 0o2000n]) {
      for (const flags of [OpenFlag.Create, OpenFlag.CreateNew, 0]) {
        assert.is(guest.open("/data/new", OpenFlag.Write | flags, bits), EPERM);
        assert.is(guest.open("new", OpenFlag.Append | flags, bits, dir), EPERM);
      }
      assert.is(guest.run(Op.SetPermissions, "/data/file", "", bits), EPERM);
      assert.is(guest.run(Op.SetPermissions, "/data/dir", "", bits), EPERM);
      assert.is(guest.run(Op.SetPermissions, "../file", "", bits, dir), EPERM);
      assert.is(guest.run(Op.SetPermissions, "", "", bits, file), EPERM);
      assert.is(guest.run(Op.CreateDirectory, "/data/new", "", bits), EPERM);
    }
    assert.is(guest.run(Op.SetPermissions, "/data/file", "", 0o10000n), EINVAL);
    assert.is(guest.run(Op.SetPermissions, "/data/file", "", 1n << 32n), EINVAL);
    // Whoever may delete there is the business of whom the directory belongs to.
    assert.is(guest.run(Op.SetPermissions, "/data/dir", "", 0o1777n), 0);
    assert.is(guest.run(Op.SetPermissions, "/data/file", "", 0o700n), 0);
    assert.is(lstatSync(join(folder, "inside/dir")).mode & 0o7777, 0o1777);
    assert.is(lstatSync(join(folder, "inside/file")).mode & 0o7777, 0o700);
    assert.not.ok(existsSync(join(folder, "inside/new")));
    guest.close();
    // One that was given everything can do what a native program can.
    const driver = new Driver(selectBackend(name), { mounts: null });
    const len0 = driver.put(FIRST, join(folder, "inside/file"));
    const at = { handle: Handle.Root, ptr0: FIRST, len0 };
    assert.is(driver.perform({ op: Op.SetPermissions, ...at, offset: 0o4711n }).result, 0);
    assert.is(lstatSync(join(folder, "inside/file")).mode & 0o7777, 0o4711);
    driver.loop.close();
  });

  test(`${name}: a directory handle is no way out, and mounts are busy`, () => {
    const folder = world();
    const before = stateOf(join(folder, "outside"));
    const guest = new Guest(name, folder);
    const dir = guest.open("/data/dir", OpenFlag.Read | OpenFlag.Directory);
    for (const path of ["..", "../file", "../out/secret", "/etc", "../../outside/secret"]) {
      for (const op of [Op.CreateDirectory, Op.RemoveFile, Op.RemoveDirectory]) {
        assert.is(guest.run(op, path, "", 0n, dir), EACCES, path);
      }
      assert.is(guest.run(Op.Rename, "/data/file", path, BigInt(dir)), EACCES, path);
      assert.is(guest.run(Op.HardLink, path, "x", BigInt(dir), dir), EACCES, path);
    }
    assert.is(guest.run(Op.CreateDirectory, "new", "", 0o755n, dir), 0);
    assert.is(guest.run(Op.Rename, "new", "newer", BigInt(dir), dir), 0);
    assert.equal(readdirSync(join(folder, "inside/dir")), ["newer"]);
    assert.is(guest.run(Op.Canonicalize, "newer", "x", 0n, dir), EINVAL);
    for (const path of ["/data", "/data/", "/data/."]) {
      assert.is(guest.run(Op.RemoveDirectory, path), EBUSY);
      assert.is(guest.twice(Op.Rename, path, "/data/x"), EBUSY);
    }
    assert.is(guest.run(Op.RemoveDirectory, ""), ENOENT);
    assert.is(stateOf(join(folder, "outside")), before);
    guest.close();
  });

  test(`${name}: of a hole no more is copied than was asked for, and to where there can be`, () => {
    const folder = world();
    const guest = new Guest(name, folder);
    truncateSync(join(folder, "inside/file"), 2 ** 33);
    const source = guest.open("/data/file", OpenFlag.Read);
    const target = guest.open("/data/new", OpenFlag.Write | OpenFlag.Create, 0o600n);
    const size = (): number => lstatSync(join(folder, "inside/new")).size;
    const skipped = copyTo(guest, source, target, 0n, 4n);
    assert.equal([skipped, size()], [4, 4], "what is there, first");
    const { driver } = guest;
    const fields = { op: Op.CopyRange, handle: source, ptr1: OUT, len1: CopyTarget.Size };
    const hole = (at: bigint, length: bigint): number => {
      driver.view.setBigUint64(OUT + CopyTarget.Offset, at, true);
      driver.view.setBigUint64(OUT + CopyTarget.Length, length, true);
      return driver.perform({ ...fields, offset: 1n << 20n }).result;
    };
    assert.equal([hole(4n, 100n), size()], [100, 104]);
    for (const at of [(1n << 63n) - 1n, (1n << 63n) - 50n, (1n << 63n) - (1n << 32n)]) {
      assert.ok(hole(at, (1n << 63n) - 1n) < 0, `a hole at ${at}`);
    }
    assert.is(size(), 104);
    guest.close();
  });

  test(`${name}: a directory that somebody exchanges for a link all the time`, async () => {
    const folder = world();
    mkdirSync(join(folder, "inside/race"));
    for (const file of ["secret", "x"]) writeFileSync(join(folder, "inside/race", file), "own");
    symlinkSync("../outside", join(folder, "inside/link"));
    const before = stateOf(join(folder, "outside"));
    const swap = `const { renameSync } = require("fs"); process.chdir(${
      JSON.stringify(join(folder, "inside"))}); process.stdout.write("x"); for (;;) {
      renameSync("race", "own"); renameSync("link", "race");
      renameSync("race", "link"); renameSync("own", "race"); }`;
    const child = spawn(process.execPath, ["-e", swap], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    const guest = new Guest(name, folder);
    const ended = once(child, "exit");
    for (let round = 0; round < 400; round++) {
      guest.twice(Op.HardLink, "/data/race/secret", `/data/dir/${round}`);
      guest.run(Op.RemoveFile, "/data/race/secret");
      guest.run(Op.RemoveDirectory, "/data/race/dir");
      guest.twice(Op.Rename, "/data/race/secret", "/data/race/stolen");
      guest.run(Op.CreateDirectory, "/data/race/dir/new");
      guest.run(Op.SymbolicLink, "/data/race/new", "file");
      guest.run(Op.RemoveFile, "/data/race/new");
      if (guest.ask(Op.Canonicalize, "/data/race/secret") > 0) {
        assert.not.match(guest.driver.get(OUT, 64), /outside/);
      }
    }
    child.kill();
    await ended;
    assert.is(stateOf(join(folder, "outside")), before);
    for (const linked of readdirSync(join(folder, "inside/dir"))) {
      assert.is(readFileSync(join(folder, "inside/dir", linked), "utf8"), "own");
    }
    assert.not.ok(existsSync(join(folder, "outside/stolen")));
    guest.close();
  });
}

/** Copies from one handle to another. */
function copyTo(guest: Guest, source: number, target: number, at = 0n, length = 100n): number {
  const { driver } = guest;
  driver.view.setBigUint64(OUT + CopyTarget.Offset, at, true);
  driver.view.setBigUint64(OUT + CopyTarget.Length, length, true);
  driver.view.setUint32(OUT + CopyTarget.Handle, target, true);
  driver.view.setUint32(OUT + CopyTarget.Reserved, 0, true);
  const fields = { op: Op.CopyRange, handle: source, ptr1: OUT, len1: CopyTarget.Size };
  return driver.perform(fields).result;
}

test.run();
