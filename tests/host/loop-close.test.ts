/** The end of a loop against a backend in memory: everything is closed, and nothing twice. */
import { Op } from "../../host/abi.js";
import { StageOp } from "../../host/backend/stage.js";
import { Right } from "../../host/handles.js";
import { assert, suite } from "../harness.js";
import { Driver } from "./driver.js";
import type { DriverOptions } from "./driver.js";
import { FakeBackend, SILENT } from "./fake-backend.js";
import type { Seen } from "./fake-backend.js";

const test = suite("host: end of a loop");

/** `answer` says what becomes of all but cancels; reads wait for ever, even when cancelled. */
function setUp(answer: (seen: Seen) => number | bigint | undefined, options: DriverOptions = {}) {
  const fake = new FakeBackend();
  fake.answer = (seen) => seen.op === StageOp.Cancel ? undefined : answer(seen);
  return { fake, driver: new Driver(fake, options) };
}

/** The descriptors that were closed, in order. */
function closed(fake: FakeBackend): number[] {
  const closes = fake.log.filter(({ op }) => op === Op.Close);
  return closes.map(({ descriptor }) => descriptor).sort((a, b) => a - b);
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

test("whatever the limit of operations, and what is stuck, everything open is closed", () => {
  const { fake, driver } = setUp(({ op }) => op === Op.Close ? 0 : undefined,
    { limits: { operations: 1 } });
  fake.isStubborn = true;
  for (const descriptor of range(1000, 9000)) driver.lend(descriptor, Right.All, true);
  driver.start({ op: Op.Read, handle: driver.lend(SILENT), len0: 1 });
  driver.turn();
  driver.loop.close();
  assert.equal(closed(fake), range(1000, 9000));
});

test("more pipes than the stage can close at once arrive when the guest has ended", () => {
  let next = 1000;
  const { fake, driver } = setUp(({ op }) => {
    if (op !== Op.Pipe) return 0;
    next += 2;
    return BigInt(next - 1) << 32n | BigInt(next - 2);
  });
  driver.submit(...range(0, 4096).map(() => driver.record({ op: Op.Pipe })));
  driver.loop.close();
  assert.equal(closed(fake), range(1000, 2 * 4096));
});

test("a close that does not end in time is not made again", () => {
  const { fake, driver } = setUp(() => undefined);
  driver.start({ op: Op.Close, handle: driver.lend(1000, Right.All, true) });
  driver.loop.close();
  assert.equal(closed(fake), [1000]);
});

test("a close that waits for what is stuck is made once, at the end", () => {
  const { fake, driver } = setUp(({ op }) => op === Op.Close ? 0 : undefined);
  fake.isStubborn = true;
  const handle = driver.lend(SILENT, Right.All, true);
  driver.start({ op: Op.Read, handle, len0: 1 });
  driver.start({ op: Op.Close, handle });
  driver.turn();
  assert.equal(closed(fake), []);
  driver.loop.close();
  assert.equal(closed(fake), [SILENT]);
});

test("the backend is told of memory that grew after the guest's last call", () => {
  const { fake, driver } = setUp(() => undefined);
  driver.start({ op: Op.Read, handle: driver.lend(SILENT), len0: 1 });
  driver.wasm.grow(1);
  driver.loop.close();
  assert.is(fake.attached, 2);
  assert.is(fake.memory.length, driver.wasm.buffer.byteLength);
});

test("a full stage of operations with two ranges leaves its completions as they are", () => {
  const { driver } = setUp(() => 7);
  const handle = driver.lend(1000);
  const stat = { op: Op.Stat, handle, ptr1: 4096, len1: 88 };
  driver.submit(...range(0, 4096).map(() => driver.record(stat)));
  assert.equal(new Set(driver.turn().map(({ result }) => result)), new Set([7]));
});

test.run();
