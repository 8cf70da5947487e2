/** What the host checks and notes of operations on open files, against a fake backend. */
import { Errno, LockFlag, MemoryRange, Op, SeekFlag } from "../../host/abi.js";
import { StageArgument } from "../../host/backend/stage.js";
import { Right } from "../../host/handles.js";
import { NativeFile } from "../../host/resource/file.js";
import { NativeSocket } from "../../host/resource/socket.js";
import { assert, suite } from "../harness.js";
import { Driver, type DriverOptions } from "./driver.js";
import { FakeBackend } from "./fake-backend.js";

const test = suite("operations on open files");

function setUp(options: DriverOptions = {}): { fake: FakeBackend; driver: Driver } {
  const fake = new FakeBackend();
  fake.answer = () => 0;
  return { fake, driver: new Driver(fake, options) };
}

test("a seek goes to the backend as it is, and nothing else does", () => {
  const { fake, driver } = setUp();
  const handle = driver.lend(7);
  const seek = { op: Op.Seek, handle, flags: SeekFlag.End, offset: -5n };
  assert.is(driver.perform(seek).result, 0);
  const { op, descriptor, flags, offset } = fake.log.at(-1)!;
  assert.equal([op, descriptor, flags, offset], [Op.Seek, 7, SeekFlag.End, -5n]);
  for (const wrong of [{ flags: 3 }, { len0: 1 }, { ptr0: 8 }, { len1: 1 }, { ptr1: 8 }]) {
    assert.is(driver.perform({ ...seek, ...wrong }).result, -Errno.EINVAL);
  }
  assert.is(driver.perform({ ...seek, handle: 99 }).result, -Errno.EBADF);
  assert.is(fake.log.length, 1);
});

test("of a vectored write the backend gets the very list that was checked", () => {
  const { fake, driver } = setUp();
  const handle = driver.lend(7);
  const end = driver.loop.memory.size;
  const put = (words: number[]): number[] => {
    words.forEach((word, index) => driver.view.setUint32(4096 + 4 * index, word, true));
    return words;
  };
  const write = (more = {}): number => {
    const list = { ptr0: 4096, len0: 2 * MemoryRange.Size, offset: 5n };
    return driver.perform({ op: Op.WriteVectored, handle, ...list, ...more }).result;
  };
  const words = put([8, 9, end - 3, 3]);
  assert.is(write(), 0);
  const { descriptor, prefix, pointer, length, offset } = fake.log.at(-1)!;
  assert.equal([descriptor, pointer, length, offset], [7, 0, 0, 5n]);
  assert.equal([...new Uint32Array(prefix.buffer)], words);
  assert.is(write({ ptr0: 8192, len0: MemoryRange.Most * MemoryRange.Size, offset: -1n }), 0);
  for (const wrong of [
    { len0: 0 }, { len0: 7 }, { len0: 12 }, { ptr0: 4098 }, { offset: -2n }, { flags: 1 },
    { len0: (MemoryRange.Most + 1) * MemoryRange.Size }, { ptr1: 8 }, { len1: 8 },
  ]) assert.is(write(wrong), -Errno.EINVAL, JSON.stringify(Object.keys(wrong)));
  assert.is(write({ ptr0: end - 8 }), -Errno.EFAULT);
  for (const outside of [[end, 1], [end - 3, 4], [0, 0xffffffff], [0xffffffff, 1]]) {
    put([8, 9, ...outside]);
    assert.is(write(), -Errno.EFAULT);
  }
  assert.is(write({ handle: 99 }), -Errno.EFAULT);
  put(words);
  assert.is(write({ handle: 99 }), -Errno.EBADF);
  assert.is(write({ handle: driver.lend(8, Right.Read) }), -Errno.EBADF);
  assert.is(fake.log.length, 2);
});

test("the backend is told of streams whose position belongs to others, too", () => {
  const { fake, driver } = setUp();
  const shared = driver.loop.handles.add(new NativeFile(5, false, false, true), 15);
  const own = driver.lend(6);
  const argument = (handle: number): number => {
    driver.perform({ op: Op.Write, handle, len0: 1, offset: -1n });
    return fake.log.at(-1)!.argument;
  };
  assert.equal([argument(shared), argument(own)], [StageArgument.Shared, 0]);
  driver.loop.handles.share(driver.loop.handles.require(own, 0));
  assert.is(argument(own), StageArgument.Shared);
});

test("a lock is of one kind, and excludes others only for whoever may change the file", () => {
  const { fake, driver } = setUp();
  const handle = driver.lend(7);
  const lock = (flags: number, more = {}): number =>
    driver.perform({ op: Op.Lock, handle, flags, ...more }).result;
  const [shared, exclusive, tries] = [LockFlag.Shared, LockFlag.Exclusive, LockFlag.Try];
  const right = [LockFlag.Unlock, shared, exclusive, shared | tries, exclusive | tries];
  for (const flags of right) assert.is(lock(flags), 0);
  assert.equal(fake.log.map(({ flags }) => flags), right);
  for (const flags of [3, tries, 3 | tries, 8, 0xffffffff]) assert.is(lock(flags), -Errno.EINVAL);
  for (const more of [{ len0: 1 }, { ptr1: 8 }, { offset: 1n }]) {
    assert.is(lock(shared, more), -Errno.EINVAL);
  }
  const given = driver.lend(8, Right.ReadOnly);
  assert.is(lock(exclusive, { handle: given }), -Errno.EACCES);
  assert.is(lock(exclusive | tries, { handle: given }), -Errno.EACCES);
  assert.is(lock(shared, { handle: given }), 0);
});

test("a duplicate may do what the first handle may, and both share a position", () => {
  const { fake, driver } = setUp({ limits: { handles: 3 } });
  fake.answer = (seen) => seen.op === Op.Duplicate ? 9 : 0;
  const handle = driver.lend(7, Right.ReadOnly);
  const { result } = driver.perform({ op: Op.Duplicate, handle });
  assert.is(driver.perform({ op: Op.Write, handle: result, len0: 1 }).result, -Errno.EBADF);
  for (const [one, descriptor] of [[handle, 7], [result, 9]] as const) {
    driver.perform({ op: Op.Read, handle: one, len0: 1, offset: -1n });
    const seen = fake.log.at(-1)!;
    assert.equal([seen.descriptor, seen.argument], [descriptor, StageArgument.Shared]);
  }
  const socket = driver.loop.handles.add(new NativeSocket(5), Right.All);
  assert.is(driver.perform({ op: Op.Duplicate, handle: socket }).result, -Errno.EMFILE);
  driver.perform({ op: Op.Close, handle: result });
  assert.is(driver.perform({ op: Op.Duplicate, handle: socket }).result, -Errno.ENOTSUP);
  assert.is(driver.perform({ op: Op.Duplicate, handle, flags: 1 }).result, -Errno.EINVAL);
  assert.is(driver.perform({ op: Op.Duplicate, handle: 99 }).result, -Errno.EBADF);
});

test.run();
