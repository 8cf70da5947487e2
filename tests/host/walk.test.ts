/** Paths in virtual directories, and the names that they are made of. */
import { Errno, FileKind } from "../../host/abi.js";
import { answer, HostError, type Answer } from "../../host/resource/virtual/answer.js";
import { MemoryDir } from "../../host/resource/virtual/memory-dir.js";
import { decodeName, encodeName } from "../../host/resource/virtual/names.js";
import type { HostDir } from "../../host/resource/virtual/resource.js";
import { Last, walk, type Found } from "../../host/resource/virtual/walk.js";
import { assert, suite } from "../harness.js";

const test = suite("virtual paths");

function tree(): MemoryDir {
  const root = MemoryDir.of({ file: "f", a: { b: { deep: "d" } } });
  root.createLink("to-file", "file");
  root.createLink("to-dir", "a/b");
  root.createLink("dangling", "a/nothing");
  root.createLink("out", "../secret");
  root.createLink("absolute", "/etc/passwd");
  root.createLink("loop", "loop");
  root.createLink("slashed", "a/b/");
  root.dir("a").createLink("up", "../file");
  root.dir("a").createLink("far-up", "../../file");
  return root;
}

/** Where a path leads, as `names/name`, and whether something is there. */
function to(path: string, last = Last.Follow): string {
  const { names, name, stat } = answer(walk(tree(), path, last)) as Found;
  const where = [...names, ...(name === null ? [] : [name])].join("/");
  return name === null || stat !== null ? where : `${where}?`;
}

function failure(body: () => unknown): Errno {
  try {
    body();
  } catch (error) {
    if (error instanceof HostError) return error.errno;
    throw error;
  }
  return Errno.Success;
}

test("components, dots and slashes", () => {
  const cases = {
    "file": "file", "./file": "file", "a//b///deep": "a/b/deep", "a/./b/../b/deep": "a/b/deep",
    "a/b/..": "a", "a/..": "", ".": "", "a/b/": "a/b", "missing": "missing?",
    "a/missing": "a/missing?",
  };
  for (const [path, found] of Object.entries(cases)) assert.is(to(path), found, path);
});

test("links are followed, the last one only if it is meant to", () => {
  assert.is(to("to-file"), "file");
  assert.is(to("to-file", Last.Keep), "to-file");
  assert.is(to("to-dir/deep", Last.Keep), "a/b/deep");
  assert.is(to("to-dir/", Last.Keep), "a/b", "a slash means what the link leads to");
  assert.is(to("a/up"), "file");
  assert.is(to("dangling"), "a/nothing?", "where something new would be made");
  assert.is(to("slashed"), "a/b");
});

test("nothing leads out", () => {
  const outs = [
    "..", "../x", "/file", "a/../..", "a/../../file", "out", "out/x", "absolute", "a/far-up",
    "to-dir/../../../x",
  ];
  for (const path of outs) assert.is(failure(() => to(path)), Errno.EACCES, path);
  assert.is(to("out", Last.Keep), "out", "a link by itself may be looked at");
});

test("what no path can be says so", () => {
  assert.is(failure(() => to("")), Errno.ENOENT);
  assert.is(failure(() => to("a\0b")), Errno.EINVAL);
  assert.is(failure(() => to("x".repeat(256))), Errno.ENAMETOOLONG);
  assert.is(failure(() => to("ü".repeat(128))), Errno.ENAMETOOLONG);
  assert.is(to("ü".repeat(127)), `${"ü".repeat(127)}?`);
  assert.is(failure(() => to("loop")), Errno.ELOOP);
  assert.is(failure(() => to("file/x")), Errno.ENOTDIR);
  assert.is(failure(() => to("missing/x")), Errno.ENOENT);
});

test("directories may answer later", async () => {
  const later = (dir: MemoryDir): HostDir => ({
    kind: "dir",
    look: async (name) => dir.look(name),
    stat: async () => dir.stat(),
    dir: async (name) => later(dir.dir(name)),
    open: async (name, options) => dir.open(name, options),
    list: async () => dir.list(),
    readLink: async (name) => dir.readLink(name),
  });
  const found: Answer<Found> = answer(walk(later(tree()), "to-dir/deep", Last.Follow));
  assert.is((await found).stat?.kind, FileKind.File);
  assert.is(await rejection(answer(walk(later(tree()), "out", Last.Follow))), Errno.EACCES);
});

async function rejection(promise: Answer<unknown>): Promise<Errno> {
  try {
    await promise;
  } catch (error) {
    return (error as HostError).errno;
  }
  return Errno.Success;
}

test("any bytes are a name, and come back unchanged", () => {
  const all = Uint8Array.from({ length: 256 }, (_, index) => index);
  const broken = [
    [0xff], [0x61, 0x80, 0x62], [0xc3], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
    [0xc3, 0xbc, 0xff, 0xe2, 0x82, 0xac], [...all], [0xef, 0xbb, 0xbf, 0x61],
  ];
  for (const bytes of broken) {
    assert.equal([...encodeName(decodeName(Uint8Array.from(bytes)))], bytes);
  }
  assert.is(decodeName(new TextEncoder().encode("grün 🌲")), "grün 🌲");
});

test.run();
