/** `OverlayDir` and `ReadOnlyDir`: an overlay is to its user what a plain tree would be. */
import { Errno, FileKind } from "../../host/abi.js";
import { answer, get, HostError, type Steps } from "../../host/resource/virtual/answer.js";
import { MemoryDir, type MemoryFiles } from "../../host/resource/virtual/memory-dir.js";
import { OverlayDir } from "../../host/resource/virtual/overlay-dir.js";
import { ReadOnlyDir } from "../../host/resource/virtual/read-only-dir.js";
import type {
  DirEntry, FileStat, HostDir, HostFile, OpenOptions,
} from "../../host/resource/virtual/resource.js";
import { assert, suite } from "../harness.js";
import { generator } from "./fuzz.js";

const test = suite("overlay and read-only directories");

const READ: OpenOptions = {
  read: true, write: false, append: false, create: false, exclusive: false, truncate: false,
  mode: 0o644,
};
const WRITE: OpenOptions = { ...READ, write: true, create: true };
const forever = { signal: new AbortController().signal };

const FILES: MemoryFiles = { a: "lower a", d: { x: "x", e: { y: "y" } }, b: "lower b", empty: {} };

/** All that is below a directory, as lines. */
function* listing(dir: HostDir, prefix = ""): Steps<string[]> {
  const cursor = yield* get(dir.list());
  const entries: DirEntry[] = [];
  for (;;) {
    const entry = yield* get(cursor.next());
    if (entry === null) break;
    entries.push(entry);
  }
  entries.sort((one, other) => one.name < other.name ? -1 : 1);
  const lines: string[] = [];
  for (const { name, kind } of entries) {
    const path = `${prefix}/${name}`;
    if (kind === FileKind.Directory) {
      lines.push(`${path}/`, ...(yield* listing(yield* get(dir.dir(name)), path)));
    } else if (kind === FileKind.Symlink) {
      lines.push(`${path} -> ${yield* get(dir.readLink!(name))}`);
    } else {
      lines.push(`${path}: ${yield* contents(dir, name)}`);
    }
  }
  return lines;
}

function* contents(dir: HostDir, name: string): Steps<string> {
  const file = yield* get(dir.open(name, READ));
  const into = new Uint8Array(1000);
  const count = yield* get(file.read!(into, 0, forever));
  yield* get(file.close?.());
  return new TextDecoder().decode(into.subarray(0, count));
}

function* write(dir: HostDir, name: string, text: string, options: OpenOptions): Steps<void> {
  const file = yield* get(dir.open(name, options));
  yield* get(file.write!(new TextEncoder().encode(text), null, forever));
  yield* get(file.close?.());
}

/** What comes of work: its result, or the number of its error. */
function outcome<T>(steps: Steps<T>): T | Errno {
  try {
    return answer(steps) as T;
  } catch (error) {
    if (error instanceof HostError) return error.errno;
    throw error;
  }
}

test("changes go up, and the lower directory stays as it is", () => {
  const lower = MemoryDir.of(FILES);
  const before = outcome(listing(lower));
  const overlay = OverlayDir.of(lower, MemoryDir.of());
  outcome(write(overlay, "a", "upper", { ...WRITE, truncate: true }));
  outcome(write(overlay, "b", "U", WRITE));
  overlay.removeFile("b");
  const dir = overlay.dir("d") as OverlayDir;
  dir.removeFile("x");
  overlay.rename("d", overlay, "moved");
  assert.equal(outcome(listing(overlay)), [
    "/a: upper", "/empty/", "/moved/", "/moved/e/", "/moved/e/y: y",
  ]);
  assert.equal(outcome(listing(lower)), before);
});

test("what the upper directory has become is taken up again later", () => {
  const upper = MemoryDir.of();
  const first = OverlayDir.of(MemoryDir.of(FILES), upper);
  first.removeFile("a");
  first.rename("d", first, "b2");
  first.createDir("d", 0o755);
  outcome(write(first, "new", "n", WRITE));
  const second = OverlayDir.of(MemoryDir.of(FILES), upper);
  assert.equal(outcome(listing(second)), outcome(listing(first)));
  assert.equal(outcome(listing(second.dir("d") as OverlayDir)), [], "nothing shines through");
});

test("a handle stays with its directory when that is renamed", () => {
  const overlay = OverlayDir.of(MemoryDir.of(FILES), MemoryDir.of());
  const inner = (overlay.dir("d") as OverlayDir).dir("e") as OverlayDir;
  overlay.rename("d", overlay, "moved");
  outcome(write(inner, "z", "z", WRITE));
  assert.equal(outcome(listing(overlay.dir("moved") as OverlayDir)), [
    "/e/", "/e/y: y", "/e/z: z", "/x: x",
  ]);
});

test("what is copied up is still the same file and the same directory", () => {
  const overlay = OverlayDir.of(MemoryDir.of(FILES), MemoryDir.of());
  const identity = (name: string): bigint[] => {
    const { device, inode } = overlay.look(name) as FileStat;
    return [device, inode];
  };
  const before = [identity("a"), identity("d")];
  const file = overlay.open("a", WRITE) as HostFile;
  outcome(write(overlay.dir("d") as OverlayDir, "new", "", WRITE));
  assert.equal([identity("a"), identity("d")], before);
  assert.is((file.stat!() as FileStat).inode, before[0]![1]);
  assert.is(((overlay.dir("d") as OverlayDir).stat() as FileStat).inode, before[1]![1]);
});

test("marks are nobody's names", () => {
  const overlay = OverlayDir.of(MemoryDir.of(FILES), MemoryDir.of());
  overlay.removeFile("a");
  assert.is(outcome(write(overlay, ".wh.a", "", WRITE)), Errno.EPERM);
  assert.is(overlay.look(".wh.a"), null);
});

test("directories that answer later: one thing is done at a time", async () => {
  const slow = new Proxy(MemoryDir.of({ big: "0123456789" }), {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== "function") return value;
      return async (...args: unknown[]) => Reflect.apply(value, target, args) as unknown;
    },
  }) as unknown as HostDir;
  const overlay = OverlayDir.of(slow, MemoryDir.of());
  const opened = await Promise.all([1, 2, 3].map(() => overlay.open("big", WRITE)));
  for (const file of opened) {
    const into = new Uint8Array(100);
    assert.is(await file.read!(into, 0, forever), 10, "nobody met a half copy");
  }
});

const NAMES = ["a", "b", "c", "d"];

/** A random operation, the same on every directory that it is given. */
function operation(random: (limit: number) => number): (root: HostDir) => Steps<unknown> {
  const pick = (): string => NAMES[random(NAMES.length)]!;
  const path = (): string[] => Array.from({ length: random(3) }, pick);
  const [from, to, name, newName] = [path(), path(), pick(), pick()];
  const kind = random(8);
  const text = String(random(1000));
  return function* (root) {
    const dir = yield* descend(root, from);
    const target = yield* descend(root, to);
    switch (kind) {
      case 0: return yield* write(dir, name, text, { ...WRITE, truncate: true });
      case 1: return yield* write(dir, name, text, { ...WRITE, exclusive: true });
      case 2: return yield* get(dir.createDir!(name, 0o755));
      case 3: return yield* get(dir.removeFile!(name));
      case 4: return yield* get(dir.removeDir!(name));
      case 5: return yield* get(dir.rename!(name, target, newName));
      case 6: return yield* get(dir.link!(name, target, newName));
      default: return yield* get(dir.createLink!(name, text));
    }
  };
}

function* descend(root: HostDir, names: readonly string[]): Steps<HostDir> {
  let dir = root;
  for (const name of names) dir = yield* get(dir.dir(name));
  return dir;
}

test("random operations come to the same as on a plain tree", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = generator(seed);
    const plain = MemoryDir.of();
    for (let count = 0; count < 10; count++) outcome(operation(random)(plain));
    const lower = MemoryDir.of();
    const again = generator(seed);
    for (let count = 0; count < 10; count++) outcome(operation(again)(lower));
    const overlay = OverlayDir.of(new ReadOnlyDir(lower), MemoryDir.of());
    for (let count = 0; count < 40; count++) {
      const one = operation(random);
      const words = `seed ${seed}, operation ${count}`;
      assert.equal(outcome(one(overlay)), outcome(one(plain)), words);
      assert.equal(outcome(listing(overlay)), outcome(listing(plain)), words);
    }
  }
});

test("a read-only directory refuses every change", () => {
  const inner = MemoryDir.of(FILES);
  const dir = new ReadOnlyDir(inner);
  assert.equal(outcome(listing(dir)), outcome(listing(inner)));
  assert.is(outcome(write(dir, "a", "x", WRITE)), Errno.EROFS);
  assert.is(outcome(write(dir, "new", "x", WRITE)), Errno.EROFS);
  for (const method of [
    "createDir", "createLink", "removeFile", "removeDir", "rename", "link", "setMode", "setTimes",
    "setOwner",
  ] as const) {
    assert.throws(() => dir[method](), (error: HostError) => error.errno === Errno.EROFS);
  }
});

test.run();
