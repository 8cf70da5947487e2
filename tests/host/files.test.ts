/** What the host checks and notes of operations on open files, against a fake backend. */
import { Errno, Op, SeekFlag } from "../../host/abi.js";
import { StageArgument } from "../../host/backend/stage.js";
import { NativeFile } from "../../host/resource/file.js";
import { assert, suite } from "../harness.js";
import { Driver } from "./driver.js";
import { FakeBackend } from "./fake-backend.js";

const test = suite("operations on open files");

function setUp(): { fake: FakeBackend; driver: Driver } {
  const fake = new FakeBackend();
  fake.answer = () => 0;
  return { fake, driver: new Driver(fake) };
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

test.run();
