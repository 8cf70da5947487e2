/** `MemoryDir` by itself: names, files, links, times and limits as POSIX has them. */
import { Errno, FileKind } from "../../host/abi.js";
import { HostError } from "../../host/resource/virtual/answer.js";
import { MemoryDir, MemoryFile } from "../../host/resource/virtual/memory-dir.js";
import type { OpenOptions } from "../../host/resource/virtual/resource.js";
import { assert, suite } from "../harness.js";

const test = suite("MemoryDir");

const READ: OpenOptions = {
  read: true, write: false, append: false, create: false, exclusive: false, truncate: false,
  mode: 0o644,
};
const CREATE: OpenOptions = { ...READ, write: true, create: true };

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function fails(errno: Errno, body: () => unknown): void {
  try {
    body();
  } catch (error) {
    assert.instance(error, HostError);
    assert.is((error as HostError).errno, errno);
    return;
  }
  throw new Error(`no failure with errno ${errno}`);
}

/** The text of a file. */
function text(dir: MemoryDir, name: string): string {
  const file = dir.open(name, READ);
  const contents = file.text();
  file.close();
  return contents;
}

function names(dir: MemoryDir): string[] {
  const cursor = dir.list();
  const found: string[] = [];
  for (;;) {
    const entry = cursor.next() as { name: string } | null;
    if (entry === null) return found.sort();
    found.push(entry.name);
  }
}

test("a tree is made of names, texts, bytes and objects", () => {
  const dir = MemoryDir.of({ "a.txt": "hello", sub: { b: new Uint8Array([1, 2]) } });
  assert.equal(names(dir), ["a.txt", "sub"]);
  assert.is(text(dir, "a.txt"), "hello");
  assert.is(dir.dir("sub").look("b")!.length, 2);
  for (const name of ["", ".", "..", "a/b", "a\0"]) {
    assert.throws(() => MemoryDir.of({ [name]: "" }), /not the name of a file/);
  }
});

test("reading and writing keep a position, unless they are told one", () => {
  const file = MemoryFile.of("0123456789");
  const into = new Uint8Array(4);
  assert.is(file.read(into, null), 4);
  assert.is(file.read(into, null), 4);
  assert.is(new TextDecoder().decode(into), "4567");
  assert.is(file.read(into, 8), 2);
  assert.is(file.read(into, null), 2);
  assert.is(file.read(into, null), 0);
  assert.is(file.read(into, 1e12), 0);
  assert.is(file.write(encode("AB"), 2), 2);
  assert.is(file.text(), "01AB456789");
});

test("appending writes at the end, whatever position is asked for", () => {
  const dir = MemoryDir.of({ log: "one" });
  const file = dir.open("log", { ...READ, append: true });
  file.write(encode(" two"), 0);
  file.write(encode(" three"), null);
  assert.is(text(dir, "log"), "one two three");
});

test("holes are zeros and take no room, and what is cut off does not come back", () => {
  const file = MemoryFile.of();
  file.write(encode("end"), 10 * 2 ** 30);
  assert.is(file.stat().length, 10 * 2 ** 30 + 3);
  assert.ok(file.stat().allocated <= 65536);
  const into = new Uint8Array(200_000).fill(1);
  assert.is(file.read(into, 0), 200_000);
  assert.ok(into.every((byte) => byte === 0));
  file.setLength(2);
  file.setLength(5);
  assert.equal([...file.bytes()], [0, 0, 0, 0, 0]);
  const short = MemoryFile.of("abcdef");
  short.setLength(2);
  short.setLength(6);
  assert.is(short.text(), "ab\0\0\0\0");
});

test("a file that is open outlives its last name", () => {
  const dir = MemoryDir.of({ file: "still here" }, { maxFiles: 1 });
  const file = dir.open("file", READ);
  dir.removeFile("file");
  assert.equal(names(dir), []);
  assert.is(file.text(), "still here");
  assert.is(file.stat().links, 0);
  fails(Errno.ENOSPC, () => dir.open("next", CREATE));
  file.close();
  dir.open("next", CREATE).close();
});

test("a hard link is a second name of the same file", () => {
  const dir = MemoryDir.of({ one: "text", sub: {} });
  dir.link("one", dir.dir("sub"), "two");
  assert.is(dir.look("one")!.inode, dir.dir("sub").look("two")!.inode);
  assert.is(dir.look("one")!.links, 2);
  dir.removeFile("one");
  assert.is(text(dir.dir("sub"), "two"), "text");
  fails(Errno.EPERM, () => dir.link("sub", dir, "other"));
  fails(Errno.EEXIST, () => dir.dir("sub").link("two", dir.dir("sub"), "two"));
  fails(Errno.EXDEV, () => dir.dir("sub").link("two", MemoryDir.of(), "two"));
});

test("renaming replaces a file at once, and an empty directory", () => {
  const dir = MemoryDir.of({ a: "new", b: "old", empty: {}, full: { x: "" }, moved: { y: "" } });
  const old = dir.open("b", READ);
  dir.rename("a", dir, "b");
  assert.is(text(dir, "b"), "new");
  assert.is(old.text(), "old");
  dir.rename("moved", dir, "empty");
  assert.equal(names(dir.dir("empty")), ["y"]);
  fails(Errno.ENOTEMPTY, () => dir.rename("empty", dir, "full"));
  fails(Errno.EISDIR, () => dir.rename("b", dir, "full"));
  fails(Errno.ENOTDIR, () => dir.rename("full", dir, "b"));
  fails(Errno.EINVAL, () => dir.rename("full", dir.dir("full"), "inside"));
  fails(Errno.ENOENT, () => dir.rename("nothing", dir, "x"));
  dir.link("b", dir, "same");
  dir.rename("b", dir, "same");
  assert.equal(names(dir), ["b", "empty", "full", "same"], "two names of one file stay");
});

test("the links of a directory count its subdirectories", () => {
  const dir = MemoryDir.of({ sub: {}, other: {} });
  assert.is(dir.stat().links, 4);
  assert.is(dir.look("sub")!.links, 2);
  dir.rename("sub", dir.dir("other"), "sub");
  assert.is(dir.stat().links, 3);
  assert.is(dir.look("other")!.links, 3);
  dir.dir("other").removeDir("sub");
  assert.is(dir.look("other")!.links, 2);
});

test("nothing can be made in a directory that was removed", () => {
  const dir = MemoryDir.of({ sub: {} });
  const sub = dir.dir("sub");
  dir.removeDir("sub");
  fails(Errno.ENOENT, () => sub.open("x", CREATE));
  fails(Errno.ENOENT, () => sub.createDir("x", 0o755));
  assert.equal(names(sub), []);
});

test("what is no directory, or no file, or no link says so", () => {
  const dir = MemoryDir.of({ file: "", sub: { x: "" } });
  dir.createLink("link", "file");
  assert.is(dir.look("link")!.kind, FileKind.Symlink);
  assert.is(dir.readLink("link"), "file");
  fails(Errno.EINVAL, () => dir.readLink("file"));
  fails(Errno.ELOOP, () => dir.open("link", READ));
  fails(Errno.ENOTDIR, () => dir.dir("file"));
  fails(Errno.EISDIR, () => dir.open("sub", READ));
  fails(Errno.EISDIR, () => dir.removeFile("sub"));
  fails(Errno.ENOTDIR, () => dir.removeDir("file"));
  fails(Errno.ENOTEMPTY, () => dir.removeDir("sub"));
  fails(Errno.EEXIST, () => dir.createDir("file", 0o755));
  fails(Errno.EEXIST, () => dir.open("file", { ...CREATE, exclusive: true }));
  fails(Errno.ENOENT, () => dir.open("nothing", READ));
});

test("times follow what is done, by the tree's own clock", () => {
  let now = 100n;
  const dir = MemoryDir.of({ file: "x" }, { clock: { now: () => now } });
  const times = (): bigint[] => {
    const { accessed, modified, changed, created } = dir.look("file")!;
    return [accessed, modified, changed, created!];
  };
  assert.equal(times(), [100n, 100n, 100n, 100n]);
  const file = dir.open("file", CREATE);
  now = 200n;
  file.write(encode("y"), null);
  assert.equal(times(), [100n, 200n, 200n, 100n]);
  now = 300n;
  file.read(new Uint8Array(1), 0);
  assert.equal(times(), [300n, 200n, 200n, 100n]);
  now = 400n;
  dir.setTimes("file", { accessed: 1n, modified: null });
  assert.equal(times(), [1n, 200n, 400n, 100n]);
  now = 500n;
  dir.removeFile("file");
  assert.is(dir.stat().modified, 500n);
});

test("a limit of bytes is a full disk, which can be emptied", () => {
  const dir = MemoryDir.of({}, { maxBytes: 100_000 });
  const file = dir.open("a", CREATE);
  assert.is(file.write(new Uint8Array(150_000), 0), 65536, "as much as fits");
  assert.is(file.write(new Uint8Array(34_464), 65536), 34_464);
  fails(Errno.ENOSPC, () => file.write(new Uint8Array(1), 100_000));
  file.close();
  dir.removeFile("a");
  const next = dir.open("b", CREATE);
  assert.is(next.write(new Uint8Array(65536), 0), 65536);
});

test("whoever is not root keeps to the permission bits", () => {
  const dir = MemoryDir.of({ file: "x", sub: { y: "" } }, { uid: 1000 });
  dir.setMode("file", 0o200);
  fails(Errno.EACCES, () => dir.open("file", READ));
  dir.setMode("file", 0o400);
  fails(Errno.EACCES, () => dir.open("file", CREATE));
  dir.setMode("sub", 0o500);
  fails(Errno.EACCES, () => dir.dir("sub").removeFile("y"));
  dir.setMode("sub", 0o300);
  fails(Errno.EACCES, () => dir.dir("sub").list());
  dir.setMode("sub", 0o600);
  fails(Errno.EACCES, () => dir.dir("sub").look("y"));
  fails(Errno.EPERM, () => dir.setOwner("file", { uid: 0, gid: null }));
  const root = MemoryDir.of({ file: "x" });
  root.setMode("file", 0);
  assert.is(text(root, "file"), "x");
});

test("writing takes away the bits that let others run it as its owner", () => {
  const dir = MemoryDir.of({ file: "x" });
  dir.setMode("file", 0o4755);
  dir.open("file", CREATE).write(encode("y"), 0);
  assert.is(dir.look("file")!.mode, 0o755);
});

test("listing goes on while names come and go", () => {
  const dir = MemoryDir.of({ a: "", b: "", c: "" });
  const cursor = dir.list();
  cursor.next();
  dir.removeFile("b");
  dir.open("d", CREATE).close();
  const rest: string[] = [];
  for (let entry = cursor.next(); entry !== null; entry = cursor.next()) {
    rest.push((entry as { name: string }).name);
  }
  assert.equal(rest, ["c", "d"]);
});

test.run();
