/** What a context is made of: what may be granted, and what limits may be. */
import { ContextBuilder } from "../../host/context.js";
import type { OsDir, OsFile } from "../../host/resource/resource.js";
import { assert, suite } from "../harness.js";

const test = suite("host: context");

const MOST_OPERATIONS = 2 ** 20;

/** Numbers that mean something else to a backend, or nothing: no descriptor of the OS is one. */
const NO_DESCRIPTORS = [-1, -2, -100, 0x40000000, 2 ** 31, 2 ** 32, 0.5, NaN, Infinity];

test("only what has a descriptor of the operating system can be granted", () => {
  for (const descriptor of NO_DESCRIPTORS) {
    const builder = new ContextBuilder();
    const file: OsFile = { kind: "file", descriptor, owned: false, isTerminal: false };
    const dir: OsDir = { ...file, kind: "dir" };
    assert.throws(() => builder.dir(dir, "/data"), /"\/data": .* no descriptor of the op/);
    assert.throws(() => builder.stdin(file), /standard input: .* no descriptor/);
    assert.throws(() => builder.stdout(file), /standard output: .* no descriptor/);
    assert.throws(() => builder.stderr(file), /standard error: .* no descriptor/);
  }
});

test("what is no resource is refused when it is given", () => {
  const builder = new ContextBuilder();
  for (const wrong of ["text", 1, {}, { kind: "dir" }, undefined]) {
    assert.throws(() => builder.stdin(wrong as OsFile), /standard input: not a file/);
  }
  assert.throws(() => builder.dir({ kind: "dir", look() {} } as unknown as OsDir, "/x"),
    /"\/x": a directory without a method stat/);
});

test("limits are what every backend can hold", () => {
  const { limits } = new ContextBuilder().limits({ operations: MOST_OPERATIONS }).build();
  assert.is(limits.operations, MOST_OPERATIONS);
  for (const operations of [0, -1, 0.5, MOST_OPERATIONS + 1, NaN]) {
    assert.throws(() => new ContextBuilder().limits({ operations }), /limit of operations/);
  }
  for (const handles of [2, -1, 3.5, NaN]) {
    assert.throws(() => new ContextBuilder().limits({ handles }), /limit of handles/);
  }
});

test.run();
