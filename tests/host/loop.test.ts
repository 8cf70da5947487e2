/** The loop and its tables, against a backend in memory. */
import { Errno, Op, Overlapped } from "../../host/abi.js";
import { StageOp } from "../../host/backend/stage.js";
import { GuestFailure } from "../../host/failure.js";
import { Right } from "../../host/handles.js";
import { assert, suite } from "../harness.js";
import { Driver } from "./driver.js";
import { FakeBackend, osCode, SILENT } from "./fake-backend.js";

const test = suite("host: loop");

function setUp(options = {}): { fake: FakeBackend; driver: Driver } {
  const fake = new FakeBackend();
  fake.files.set("notes.txt", new TextEncoder().encode("hello, world"));
  return { fake, driver: new Driver(fake, options) };
}

function throwsFault(body: () => void, pattern: RegExp): void {
  assert.throws(body, (error: unknown) =>
    error instanceof GuestFailure && error.kind === "fault" && pattern.test(error.message));
}

test("opens, reads and closes a file", () => {
  const { fake, driver } = setUp();
  const { result: handle } = driver.open("notes.txt");
  assert.is(handle, 0);
  const read = driver.perform({ op: Op.Read, handle, ptr0: 512, len0: 5, offset: 7n });
  assert.is(read.result, 5);
  assert.is(driver.get(512, 5), "world");
  assert.is(driver.perform({ op: Op.Close, handle }).result, 0);
  assert.is(fake.open.size, 0);
  assert.is(driver.perform({ op: Op.Read, handle, len0: 1 }).result, -Errno.EBADF);
  driver.loop.close();
});

test("a handle does not come back to life when its index is used again", () => {
  const { driver } = setUp();
  const first = driver.open("notes.txt").result;
  driver.perform({ op: Op.Close, handle: first });
  const second = driver.open("notes.txt").result;
  assert.is.not(second, first);
  assert.is(driver.perform({ op: Op.Close, handle: first }).result, -Errno.EBADF);
  assert.is(driver.perform({ op: Op.Close, handle: second }).result, 0);
});

test("errors are the ABI's, and keep the OS's own code", () => {
  const { driver } = setUp();
  const outcome = driver.open("nothing");
  assert.is(outcome.result, -Errno.ENOENT);
  assert.is(outcome.osError, osCode(Errno.ENOENT));
});

test("results of more than 32 bits arrive whole", () => {
  const { fake, driver } = setUp();
  fake.answer = () => 0x1_2345_6789n;
  const handle = driver.lend(5);
  assert.is(driver.perform({ op: Op.Write, handle }).result, 0x1_2345_6789);
});

test("nothing completes within submit", () => {
  const { driver } = setUp();
  driver.start({ op: 77 });
  driver.start({ op: Op.Nop });
  assert.is(driver.loop.queue.length, 2);
  assert.equal(driver.taken().map(({ result }) => result), [-Errno.ENOSYS, 0]);
});

test("more than a stage holds goes through in several turns", () => {
  const { driver } = setUp();
  const handle = driver.lend(SILENT);
  for (let index = 0; index < 10_000; index++) driver.start({ op: Op.Read, handle, len0: 1 });
  assert.is(driver.loop.inFlight.count, 10_000);
  driver.loop.close();
  assert.is(driver.loop.inFlight.count, 0);
});

test("the limit of operations in flight gives EAGAIN, and is free again afterwards", () => {
  const { fake, driver } = setUp({ limits: { operations: 3 } });
  const handle = driver.lend(SILENT);
  for (let index = 0; index < 3; index++) driver.start({ op: Op.Read, handle, len0: 1 });
  assert.is(driver.perform({ op: Op.Read, handle, len0: 1 }).result, -Errno.EAGAIN);
  driver.turn();
  fake.complete(1, 1);
  assert.is(driver.turn().length, 1);
  driver.start({ op: Op.Read, handle, len0: 1 });
  assert.is(driver.loop.queue.length, 0);
});

test("a guest that submits without end within one tick dies", () => {
  // What is refused, what is done at once, and what completes while the list is gone through.
  for (const [op, operations] of [[Op.Read, 1], [Op.Nop, 10], [Op.Write, 10]] as const) {
    const { fake, driver } = setUp({ limits: { operations }, pages: 17 });
    fake.answer = (seen) => seen.op === Op.Write ? 1 : undefined;
    const handle = op === Op.Nop ? 0 : driver.lend(SILENT);
    if (op === Op.Read) driver.start({ op, handle, len0: 1 });
    const record = driver.record({ op, handle });
    let submitted = 0;
    throwsFault(() => {
      for (; submitted < 1e6; submitted++) {
        driver.submit(record);
        if (op === Op.Write) driver.loop.turn(0);
      }
    }, /more operations than its memory has room for/);
    const room = 17 * 65536 / Overlapped.Size;
    assert.ok(submitted <= room && submitted > room - 10, `op ${op}: ${submitted}`);
  }
});

test("a tick may submit all the records that memory has room for", () => {
  const { driver } = setUp({ limits: { operations: 10 }, pages: 40 });
  const records = Array.from({ length: 20_000 }, () => driver.record({ op: Op.Nop }));
  for (const record of records) driver.submit(record);
  assert.is(driver.taken().length, records.length);
});

test("the limit of handles counts what is being opened", () => {
  const { fake, driver } = setUp({ limits: { handles: 3 } });
  fake.answer = (seen) => seen.op === Op.Open ? undefined : 0;
  driver.lend(0);
  const len0 = driver.put(4096, "notes.txt");
  const open = { op: Op.Open, flags: 1, handle: 0xffffffff, ptr0: 4096, len0 };
  const slots = [driver.start(open), driver.start(open)];
  assert.is(driver.perform(open).result, -Errno.EMFILE);
  driver.turn();
  fake.complete(0, 1000);
  fake.complete(1, -Errno.ENOENT);
  assert.is(driver.turn().length, slots.length);
  driver.start(open);
  assert.is(driver.loop.queue.length, 0);
});

test("a record that is in flight cannot be submitted again", () => {
  const { driver } = setUp();
  const record = driver.start({ op: Op.Read, handle: driver.lend(SILENT), len0: 1 });
  throwsFault(() => driver.submit(record), /in flight already/);
  driver.turn();
  throwsFault(() => driver.submit(record), /in flight already/);
});

test("a guest that hides the second submission harms only itself", () => {
  const { fake, driver } = setUp();
  const record = driver.start({ op: Op.Read, handle: driver.lend(SILENT), len0: 1 });
  driver.view.setUint32(record + Overlapped.Token, 12345, true);
  driver.submit(record);
  driver.turn();
  fake.complete(1, 1);
  fake.complete(0, 2);
  assert.equal(driver.turn().map((outcome) => outcome.record), [record, record]);
  assert.is(driver.loop.inFlight.count, 0);
});

test("records and lists where none can be are faults", () => {
  const { driver } = setUp();
  const size = driver.wasm.buffer.byteLength;
  for (const record of [0, 4, 65537, size - 32, size, 0xfffffff8]) {
    throwsFault(() => driver.submit(record), /no record can be at/);
  }
  for (const [list, count] of [[size - 4, 2], [2, 1], [0, 0x40000000], [0xfffffffc, 1]] as const) {
    throwsFault(() => driver.loop.submit(list, count), /out of bounds/);
  }
  driver.loop.submit(size, 0);
});

test("cancel reaches the operation, once, and ignores everything else", () => {
  const { fake, driver } = setUp();
  const handle = driver.lend(SILENT);
  const record = driver.start({ op: Op.Read, handle, len0: 1 });
  driver.loop.cancel(record);
  driver.loop.cancel(record);
  const size = driver.wasm.buffer.byteLength;
  for (const other of [0, 3, record + 64, size, size - 8, 0xffffffff]) driver.loop.cancel(other);
  assert.equal(driver.turn().map(({ result }) => result), [-Errno.ECANCELED]);
  assert.is(fake.log.filter(({ op }) => op === StageOp.Cancel).length, 1);
  driver.loop.cancel(record);
  assert.is(driver.loop.staging.count, 0);
});

test("a cancelled operation that succeeds says so", () => {
  const { fake, driver } = setUp();
  fake.isStubborn = true;
  const record = driver.start({ op: Op.Read, handle: driver.lend(SILENT), len0: 9 });
  driver.turn();
  driver.loop.cancel(record);
  assert.is(driver.turn().length, 0);
  fake.complete(0, 9);
  assert.equal(driver.turn(), [{ record, result: 9, osError: 0 }]);
});

test("a token of another's operation cancels nothing", () => {
  const { driver } = setUp();
  const handle = driver.lend(SILENT);
  const record = driver.start({ op: Op.Read, handle, len0: 1 });
  const other = driver.record({ op: Op.Read });
  driver.view.setUint32(other + Overlapped.Token,
    driver.view.getUint32(record + Overlapped.Token, true), true);
  driver.loop.cancel(other);
  assert.is(driver.turn().length, 0);
});

test("close waits for what is in flight on the handle, and only for that", () => {
  const { fake, driver } = setUp();
  fake.isStubborn = true;
  const handle = driver.lend(SILENT, Right.All, true);
  const other = driver.lend(SILENT);
  const reads = [1, 2, 3].map(() => driver.start({ op: Op.Read, handle, len0: 1 }));
  driver.start({ op: Op.Read, handle: other, len0: 1 });
  const close = driver.start({ op: Op.Close, handle });
  assert.is(driver.turn().length, 0);
  assert.is(fake.log.filter(({ op }) => op === StageOp.Cancel).length, 3);
  assert.is(driver.perform({ op: Op.Close, handle }).result, -Errno.EBADF, "closing twice");
  assert.is(driver.perform({ op: Op.Read, handle, len0: 1 }).result, -Errno.EBADF);
  fake.answer = (seen) => seen.op === Op.Close ? 0 : undefined;
  for (const slot of [1, 0]) fake.complete(slot, -Errno.ECANCELED);
  assert.equal(driver.turn().map(({ record }) => record), [reads[1], reads[0]]);
  assert.is(fake.log.filter(({ op }) => op === Op.Close).length, 0);
  fake.complete(2, 1);
  assert.equal(driver.turn().map(({ result }) => result), [1]);
  assert.equal(driver.turn(), [{ record: close, result: 0, osError: 0 }]);
  assert.is(driver.loop.inFlight.count, 1);
});

test("close cannot be cancelled, not even while it waits", () => {
  const { fake, driver } = setUp();
  fake.isStubborn = true;
  const handle = driver.lend(SILENT);
  driver.start({ op: Op.Read, handle, len0: 1 });
  const close = driver.start({ op: Op.Close, handle });
  driver.loop.cancel(close);
  driver.turn();
  fake.complete(0, 0);
  assert.equal(driver.turn().map(({ record }) => record).includes(close), true);
});

test("closing a handle with more operations than a stage holds", () => {
  const { fake, driver } = setUp();
  const handle = driver.lend(SILENT, Right.All, true);
  for (let index = 0; index < 9000; index++) driver.start({ op: Op.Read, handle, len0: 1 });
  fake.answer = (seen) => seen.op === Op.Close ? 0 : undefined;
  const close = driver.start({ op: Op.Close, handle });
  let outcomes = driver.taken();
  while (driver.loop.inFlight.count > 0) outcomes = outcomes.concat(driver.turn());
  assert.is(outcomes.length, 9001);
  assert.is(outcomes.at(-1)?.record, close);
});

test("the streams that are lent to the guest are not closed", () => {
  const { fake, driver } = setUp();
  const handle = driver.lend(7);
  assert.is(driver.perform({ op: Op.Close, handle }).result, 0);
  assert.is(fake.log.length, 0);
  assert.is(driver.perform({ op: Op.Close, handle }).result, -Errno.EBADF);
});

test("rights are those of the handle", () => {
  const { driver } = setUp();
  const input = driver.lend(SILENT, Right.Read);
  assert.is(driver.perform({ op: Op.Write, handle: input }).result, -Errno.EBADF);
  assert.is(driver.perform({ op: Op.SetLength, handle: input }).result, -Errno.EACCES);
  assert.is(driver.perform({ op: Op.SetPermissions, handle: input }).result, -Errno.EACCES);
  const at = { flags: 1, handle: input, ptr0: 4096, len0: 1 };
  assert.is(driver.perform({ op: Op.Open, ...at }).result, -Errno.EACCES);
});

test("memory that grew while an operation was in flight gets its result", () => {
  const { fake, driver } = setUp();
  const record = driver.start({ op: Op.Read, handle: driver.lend(SILENT), len0: 4 });
  driver.turn();
  driver.wasm.grow(3);
  fake.complete(0, 4);
  assert.equal(driver.turn(), [{ record, result: 4, osError: 0 }]);
  assert.is(fake.attached, 2);
  assert.is(fake.memory.length, driver.wasm.buffer.byteLength);
});

test("a turn costs what it moves, not what is in flight", () => {
  const costs = [10, 1000, 100_000].map((count) => {
    const { fake, driver } = setUp();
    const handle = driver.lend(SILENT);
    for (let index = 0; index < count; index++) driver.start({ op: Op.Read, handle, len0: 1 });
    driver.turn();
    fake.complete(count >> 1, 1);
    const before = driver.loop.work;
    assert.is(driver.turn().length, 1);
    return driver.loop.work - before;
  });
  assert.equal(costs, [1, 1, 1]);
});

test("a teardown does not wait for ever for what cannot be cancelled", () => {
  const { fake, driver } = setUp();
  fake.isStubborn = true;
  driver.open("notes.txt");
  driver.start({ op: Op.Read, handle: driver.lend(SILENT), len0: 1 });
  const began = performance.now();
  driver.loop.close();
  assert.ok(performance.now() - began < 5000);
  assert.ok(fake.isClosed);
  assert.is(fake.open.size, 0, "what was open is closed all the same");
  driver.loop.close();
});

test("what is opened too late for the guest is closed", () => {
  const { fake, driver } = setUp();
  fake.answer = (seen) => {
    if (seen.op === StageOp.Cancel || seen.op === Op.Open) return undefined;
    return fake.serve(seen);
  };
  fake.isStubborn = true;
  const len0 = driver.put(4096, "notes.txt");
  driver.start({ op: Op.Open, flags: 1, handle: 0xffffffff, ptr0: 4096, len0 });
  driver.turn();
  fake.open.set(1000, "notes.txt");
  fake.complete(0, 1000);
  driver.loop.close();
  assert.is(fake.open.size, 0);
});

test.run();
