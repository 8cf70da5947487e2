/** The numbers that the guest has for what it holds. */
import { Errno } from "../../host/abi.js";
import { Handles, INDEX_MASK, Right } from "../../host/handles.js";
import { NativeFile } from "../../host/resource/file.js";
import { assert, suite } from "../harness.js";

const test = suite("host: handles");

test("a number is never negative, and stays invalid for millions of uses", () => {
  const handles = new Handles(10);
  const file = new NativeFile(0, false);
  handles.add(file, Right.All);
  // A bit for each number there can be.
  const seen = new Uint8Array(2 ** 28);
  for (let use = 0; use < 4_500_000; use++) {
    const handle = handles.add(file, Right.All);
    // Two handles make one 64-bit result, whose sign says whether there was an error.
    assert.ok(handle >= 0 && handle < 2 ** 31, `handle ${handle}`);
    const bit = 1 << (handle & 7);
    if ((seen[handle >> 3]! & bit) !== 0) assert.unreachable(`${handle} again, use ${use}`);
    seen[handle >> 3]! |= bit;
    if (use % 1000 !== 0) {
      handles.remove(handle & INDEX_MASK);
      continue;
    }
    assert.is(handles.require(handle, Right.Read), handle & INDEX_MASK);
    handles.remove(handle & INDEX_MASK);
    assert.is(handles.require(handle, Right.Read), -Errno.EBADF);
  }
  assert.ok(handles.used < 8192, `the table has ${handles.used} entries`);
});

test("closing in any order, a table of many handles has each index once", () => {
  const limit = 20_000;
  const handles = new Handles(limit);
  const file = new NativeFile(0, false);
  const open = new Map<number, number>();
  for (let round = 0; round < 3; round++) {
    for (let handle = handles.add(file, 1); handle !== -1; handle = handles.add(file, 1)) {
      assert.not(open.has(handle & INDEX_MASK));
      open.set(handle & INDEX_MASK, handle);
    }
    assert.is(open.size, limit);
    const order = [...open.keys()].sort((left, right) => (left * 7919 - right * 7919) % 10007);
    for (const index of order.slice(0, limit - 5 * round)) {
      assert.is(handles.require(open.get(index)!, 1), index);
      handles.remove(index);
      open.delete(index);
    }
  }
  assert.is(handles.count, open.size);
});

test.run();
