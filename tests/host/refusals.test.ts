/** What is noted of what a guest was refused, and what the launcher advises then. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  AddressFamily, Command, CommandStream, Errno, Op, OpenFlag, SocketAddress,
} from "../../host/abi.js";
import type { ContextBuilder } from "../../host/context.js";
import { hintsFor } from "../../host/hints.js";
import { nearest } from "../../host/nearest.js";
import { parseRun } from "../../host/options.js";
import type { Refusal } from "../../host/refusals.js";
import { NativeDir } from "../../host/resource/dir.js";
import { selectBackend } from "../../host/backend/select.js";
import { assert, suite, tempDir } from "../harness.js";
import { Driver } from "./driver.js";
import { FakeBackend } from "./fake-backend.js";

const test = suite("host: refusals");

/** Where records lie that belong to operations. */
const AT = 1 << 20;

/** What was noted since the last time, without what paths were relative to. */
function noted({ loop: { refusals } }: Driver): [Refusal["kind"], string][] {
  return refusals.list.splice(0).map(({ kind, name }) => [kind, name]);
}

/** Starts `git` with these strings behind its own name, each with a NUL. */
function spawn(driver: Driver, variables: readonly string[] = [], called = "git"): number {
  driver.view.setUint32(AT + Command.ArgumentCount, 1, true);
  driver.view.setUint32(AT + Command.VariableCount, variables.length, true);
  for (const stream of [Command.Stdin, Command.Stdout, Command.Stderr]) {
    driver.view.setUint32(AT + stream, CommandStream.Null, true);
  }
  const text = ["git", "", called, ...variables, ""].join("\0");
  const len0 = Command.Strings + driver.put(AT + Command.Strings, text);
  return driver.perform({ op: Op.Spawn, ptr0: AT, len0 }).result;
}

/** A guest that was given what `grant` says and nothing else. */
function guest(grant: (builder: ContextBuilder) => void = () => {}): Driver {
  return new Driver(new FakeBackend(), { mounts: [], grant });
}

test("paths: what no grant is for, and what the kernel refuses under one", () => {
  const folder = tempDir("refusals");
  mkdirSync(join(folder, "in/dir"), { recursive: true });
  writeFileSync(join(folder, "in/file"), "x");
  symlinkSync("../outside", join(folder, "in/out"));
  const dir = NativeDir.open(join(folder, "in"));
  const driver = new Driver(selectBackend(), { mounts: [{ dir, path: "/data" }] });
  const denied = (path: string, flags = 1): void =>
    assert.is(driver.open(path, flags).result, -Errno.EACCES, path);
  try {
    denied("/other/file");
    denied("file", OpenFlag.Write);
    denied("/data/../file");
    assert.equal(noted(driver),
      [["read", "/other/file"], ["change", "file"], ["read", "/data/../file"]]);
    denied("/data/out");
    denied("/data/dir/../../outside");
    assert.is(driver.open("/data/none").result, -Errno.ENOENT);
    assert.ok(driver.open("/data/file").result >= 0);
    assert.equal(noted(driver), [], "the reason may be another than a grant");
  } finally {
    driver.loop.close();
    dir.close();
  }
});

test("what may only be read: by path, below a directory, and open", () => {
  const folder = tempDir("refusals");
  writeFileSync(join(folder, "file"), "x");
  const dir = NativeDir.open(folder);
  const driver = new Driver(selectBackend(), { mounts: [{ dir, path: "/", isReadOnly: true }] });
  try {
    assert.is(driver.open("/new", OpenFlag.Write | OpenFlag.Create).result, -Errno.EROFS);
    const below = driver.open("/").result;
    const len0 = driver.put(4096, "file");
    const remove = { op: Op.RemoveFile, ptr0: 4096, len0 };
    assert.is(driver.perform({ ...remove, handle: below }).result, -Errno.EROFS);
    const handle = driver.open("/file").result;
    const change = { op: Op.SetLength, handle, offset: 0n };
    assert.is(driver.perform(change).result, -Errno.EACCES);
    assert.equal(noted(driver), [["read-only", "/new"], ["read-only", "file"], ["read-only", ""]]);
    // A file that is no directory's, or is none to wait for, no grant would help.
    const stream = driver.lend(0, 1);
    assert.is(driver.perform({ ...change, handle: stream }).result, -Errno.EACCES);
    assert.is(driver.perform({ op: Op.Wait, handle }).result, -Errno.EACCES);
    assert.equal(noted(driver), []);
  } finally {
    driver.loop.close();
    dir.close();
  }
});

test("addresses and names", () => {
  const driver = guest((builder) => builder.listen("127.0.0.1:80"));
  const { view } = driver;
  const address = (port: number, ...bytes: number[]): void => {
    const family = bytes.length === 4 ? AddressFamily.Ipv4 : AddressFamily.Ipv6;
    driver.put(AT, new Uint8Array(SocketAddress.Size));
    view.setUint32(AT + SocketAddress.Family, family, true);
    view.setUint32(AT + SocketAddress.Port, port, true);
    driver.put(AT + SocketAddress.Address, Uint8Array.from(bytes));
  };
  const use = (op: Op): number =>
    driver.perform({ op, ptr0: AT, len0: SocketAddress.Size }).result;
  address(80, 127, 0, 0, 1);
  assert.is(use(Op.Connect), -Errno.EACCES);
  address(443, 0, 0, 0, 0);
  assert.is(use(Op.Connect), -Errno.EACCES);
  address(80, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
  assert.is(use(Op.Listen), -Errno.EACCES);
  assert.equal(noted(driver),
    [["connect", "127.0.0.1:80"], ["connect", "127.0.0.1:443"], ["listen", "[2001:db8::1]:80"]]);
  const look = { op: Op.LookupHost, ptr0: 4096, len0: driver.put(4096, "example.com"), ptr1: AT };
  const len1 = SocketAddress.Size;
  assert.is(driver.perform({ ...look, len1, offset: 80n }).result, -Errno.EACCES);
  address(70000, 127, 0, 0, 1);
  assert.is(use(Op.Connect), -Errno.EINVAL);
  assert.equal(noted(driver), [["lookup", "example.com:80"]]);
});

test("programs, and what they may be given", () => {
  const driver = guest();
  assert.is(spawn(driver), -Errno.EACCES);
  // As long as a name that is noted may be, and without an end.
  driver.put(AT + Command.Strings, "x".repeat(10_000));
  const record = { op: Op.Spawn, ptr0: AT };
  assert.is(driver.perform({ ...record, len0: 9000 }).result, -Errno.EACCES);
  assert.equal(noted(driver), [["program", "git"], ["program", ""]]);

  const other = guest((builder) => builder.run("date", "/bin/date"));
  assert.is(spawn(other), -Errno.EACCES);
  assert.equal(noted(other), [["program", "git"]]);
  const listed = guest((builder) => builder.run("git", "/bin/true"));
  assert.is(spawn(listed, ["LANG=C", "GIT_DIR=/x"]), -Errno.EACCES);
  assert.equal(noted(listed), [["variable", "GIT_DIR"]]);
  // No option lets a program of a list have another name.
  assert.is(spawn(listed, [], "other"), -Errno.EACCES);
  assert.equal(noted(listed), []);
});

test("the last few are kept, each once, however often and however long", () => {
  const driver = guest();
  for (const name of ["a", "b", "c", "d", "e", "c", "c"]) driver.open(name);
  assert.equal(noted(driver), ["b", "d", "e", "c"].map((name) => ["read", name]));
  const length = 1 << 20;
  assert.is(driver.perform({ op: Op.Spawn, ptr0: AT, len0: length }).result, -Errno.EACCES);
  driver.loop.refusals.add("variable", "v".repeat(length));
  assert.ok(noted(driver).every(([, name]) => name.length <= 4096));
  for (const flags of [0, 1 << 30]) driver.open("x", flags);
  assert.equal(noted(driver), [], "what is no request at all is none that a grant could allow");
});

/** What the launcher says of one refusal. */
function hint(kind: Refusal["kind"], name: string, ...words: string[]): string {
  const refusal = { kind, name, currentDir: "/" };
  return hintsFor(parseRun([...words, "app.wasm"]), [refusal]).join("\n");
}

test("each refusal names the option that would have allowed it", () => {
  for (const [kind, name, wanted] of [
    ["read", "/etc/passwd", `"/etc/passwd" is not granted; --dir-ro /etc would allow it`],
    ["change", "/etc", `"/etc" is not granted; --dir /etc would allow it`],
    ["read", "package.json", `"package.json" is not granted; --dir-ro . would allow it`],
    ["change", "host/none", `"host/none" is not granted; --dir host would allow it`],
    // Not everything for the sake of one file.
    ["read", "/none", `"/none" is not granted; --dir-ro grants a directory`],
    ["read-only", "a", `"a" was not to be changed; --dir instead of --dir-ro would allow it`],
    ["read-only", "", "an open file was not to be changed; --dir instead of --dir-ro would al"],
    ["connect", "127.0.0.1:80",
      "to connect to 127.0.0.1:80 is not granted; --net connect:127.0.0.1:80 would allow it"],
    ["listen", "[::1]:0", "to listen on [::1]:0 is not granted; --net 'listen:[::1]:0' would"],
    ["lookup", "a.example:443", `"a.example" is not granted; --net 'connect:*:443' would allow it`],
    ["lookup", "a.example:0", `--net 'connect:*:*' would allow it, and to connect`],
    ["program", "git", `to start "git" is not granted; --allow-run=git would allow it`],
    ["program", "", `to start "" is not granted; --allow-run would allow it`],
    ["program", "a,b", `to start "a,b" is not granted; --allow-run would allow it`],
    ["variable", "A", `the variable "A" is not for a program of a list; --env A=VALUE would`],
  ] as const) {
    const text = hint(kind, name);
    assert.ok(text.includes(wanted), `${text}\n${wanted}`);
  }
});

test("what a relative path is relative to", () => {
  // With a directory at its own path the app is where the launcher is; and else at the root.
  assert.match(hint("read", "host", "--dir", ".::/d"), /--dir-ro host would/);
  assert.match(hint("read", "etc/passwd", "--dir", "/tmp"), /--dir-ro (\.\.\/)*etc would/);
});

test("what a guest has made up is said in one safe form", () => {
  for (const kind of ["read", "connect", "lookup", "program", "variable", "read-only"] as const) {
    const text = hint(kind, `/\u001b[2J\n'$(id)'\u202e${"x".repeat(1000)}`);
    assert.not.match(text, /[\n\u001b\u202e]/);
    assert.ok(text.length < 1000);
  }
  assert.match(hint("program", "it's"), /--allow-run='it'\\''s' would/);
});

test("what somebody meant", () => {
  const known = ["run", "build", "help", "--dir", "--dir-ro", "--allow-run"];
  for (const [word, wanted] of [
    ["buidl", "build"], ["built", "build"], ["biuld", "build"], ["rn", undefined], ["rum", "run"],
    ["--dri", "--dir"], ["--dir-or", "--dir-ro"], ["--alowrun", "--allow-run"],
    ["fly", undefined], ["--watch", undefined], ["", undefined], ["-x", undefined],
    ["x".repeat(1e6), undefined],
  ] as const) {
    assert.is(nearest(word, known), wanted, word.slice(0, 20));
  }
});

test.run();
