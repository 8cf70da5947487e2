/** The numbers that the guest has for what it holds. */
import { Errno } from "../../host/abi.js";
import { Handles, INDEX_MASK, Right } from "../../host/handles.js";
import { NativeFile } from "../../host/resource/file.js";
import { assert, suite } from "../harness.js";

const test = suite("host: handles");

test("a number is never negative, and stays invalid for thousands of uses", () => {
  const handles = new Handles(10);
  const file = new NativeFile(0, false);
  handles.add(file, Right.All);
  const seen = new Set<number>();
  for (let use = 0; use < 10_000; use++) {
    const handle = handles.add(file, Right.All);
    // Two handles make one 64-bit result, whose sign says whether there was an error.
    assert.ok(handle >= 0 && handle < 2 ** 31, `handle ${handle}`);
    if (use < 2000) assert.not(seen.has(handle), `handle ${handle} comes again after ${use} uses`);
    seen.add(handle);
    assert.is(handles.require(handle, Right.Read), handle & INDEX_MASK);
    handles.remove(handle & INDEX_MASK);
    assert.is(handles.require(handle, Right.Read), -Errno.EBADF);
  }
});

test.run();
