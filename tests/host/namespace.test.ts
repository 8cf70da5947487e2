/** Which directory a path belongs to. The kernel's part is tested in sandbox.test.ts. */
import { Errno } from "../../host/abi.js";
import { Namespace } from "../../host/namespace.js";
import type { Mount } from "../../host/namespace.js";
import type { OsDir } from "../../host/resource/resource.js";
import { assert, suite } from "../harness.js";

const test = suite("host: namespace");

function dir(descriptor: number): OsDir {
  return { kind: "dir", descriptor, owned: false, isTerminal: false };
}

/** A namespace with these mounts, numbered from 1. */
function mounted(paths: readonly string[], current = "/"): Namespace {
  const mounts = paths.map((path, index): Mount => ({ dir: dir(index + 1), path }));
  return new Namespace(mounts, current);
}

/** "2:sub/x" for what directory 2 is asked for, or the negative error. */
function resolved(namespace: Namespace, path: string): string | number {
  const bytes = new TextEncoder().encode(path);
  const bad = namespace.resolve({ byte: (at) => bytes[at]! }, 0, bytes.length);
  if (bad !== 0) return bad;
  const rest = new TextDecoder().decode(namespace.prefix) +
    new TextDecoder().decode(bytes.subarray(namespace.consumed));
  return `${namespace.dir?.descriptor ?? "own"}:${rest}`;
}

function check(namespace: Namespace, cases: Readonly<Record<string, string | number>>): void {
  for (const [path, wanted] of Object.entries(cases)) {
    assert.is(resolved(namespace, path), wanted, path);
  }
}

test("the longest mount that is a prefix by components wins", () => {
  check(mounted(["/a", "/a/b/c", "/data"]), {
    "/a": "1:.",
    "/a/": "1:.",
    "/a/x": "1:x",
    "/a/b": "1:b/",
    "/a/b/x": "1:b/x",
    "/a/b/c": "2:.",
    "/a/b/c/x/y": "2:x/y",
    "/a/b/cc": "1:b/cc",
    "//a///b//c//x": "2:x",
    "/./a/./b/./c/./x": "2:x",
    "/dat": -Errno.EACCES,
    "/database": -Errno.EACCES,
    "/": -Errno.EACCES,
    "/data/x/": "3:x/",
  });
});

test("dots among the mount points are resolved; below them the kernel does it", () => {
  check(mounted(["/a", "/a/b/c", "/data"]), {
    "/a/b/../x": "1:x",
    "/a/b/c/../x": "1:b/x",
    "/a/../data/x": "3:x",
    "/../../a/x": "1:x",
    "/a/..": -Errno.EACCES,
    "/a/../etc/passwd": -Errno.EACCES,
    "/a/x/../../etc/passwd": "1:x/../../etc/passwd",
    "/data/..x": "3:..x",
    "/data/...": "3:...",
  });
});

test("relative paths start from the current directory", () => {
  check(mounted(["/house/me"], "/house/me"), {
    "x": "1:x",
    ".": "1:.",
    "./x": "1:x",
    "../me/x": "1:x",
    "..": -Errno.EACCES,
    "../other": -Errno.EACCES,
    "/house/me/x": "1:x",
    "/etc/passwd": -Errno.EACCES,
  });
  check(mounted(["/house"], "/house/me/work"), {
    "x": "1:me/work/x",
    "../x": "1:me/work/../x",
    ".": "1:me/work/.",
  });
  check(mounted(["/a/b"], "/"), { "a/b/x": "1:x", "a": -Errno.EACCES });
  check(mounted(["/"], "/"), { "x": "1:x", "/": "1:.", "..": "1:.", "/etc": "1:etc" });
});

test("the current directory can be changed", () => {
  const namespace = mounted(["/a", "/b"]);
  const enter = (path: string): string => {
    namespace.change(namespace.absolute(new TextEncoder().encode(path)));
    return new TextDecoder().decode(namespace.currentDir);
  };
  assert.is(enter("a//x/./y/"), "/a/x/y");
  check(namespace, { "z": "1:x/y/z", "/b": "2:." });
  assert.is(enter("../../../b"), "/b");
  check(namespace, { "z": "2:z" });
  assert.is(enter("../../.."), "/");
});

test("a guest that may reach everything has the paths of the process", () => {
  const namespace = new Namespace(null, "/house/me");
  check(namespace, { "x": "own:x", "/etc/x": "own:/etc/x", "..": "own:.." });
  namespace.change(new TextEncoder().encode("/tmp"));
  check(namespace, { "x": "own:/tmp/x", "/etc/x": "own:/etc/x" });
});

test("names that are not UTF-8, and long ones", () => {
  const namespace = mounted(["/a"]);
  const path = Uint8Array.of(0x2f, 0x61, 0x2f, 0xff, 0xfe);
  assert.is(namespace.resolve({ byte: (at) => path[at]! }, 0, path.length), 0);
  assert.is(namespace.consumed, 3);
  assert.is(resolved(namespace, `/a/${"x".repeat(4097)}`), -Errno.ENAMETOOLONG);
});

test.run();
