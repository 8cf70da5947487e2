/**
 * Reads and writes have a short way through the loop. Whatever it takes must come out as it does on
 * the general way, which a slot takes that was never used before: a fresh loop knows no other.
 */
import { inspect } from "node:util";
import { Errno, Op } from "../../host/abi.js";
import { Right } from "../../host/handles.js";
import { assert, suite } from "../harness.js";
import { Driver, type Fields } from "./driver.js";
import { FakeBackend, type Seen } from "./fake-backend.js";
import { generator } from "./fuzz.js";

const test = suite("host: transfer");
const pages = 2;
const size = pages * 65536;

/** What must be the same: all that the backend saw but the use of the slot, and the result. */
type Trace = [Omit<Seen, "generation"> | null, number, number];

/** Every kind of result there is: nothing, some bytes, errors, more than 32 bits. */
function answer({ length, offset }: Seen): bigint {
  const results = [0n, BigInt(length), -9n, -125n, -4095n, 0x1_0000_0000n, 0xffff_ffffn];
  return results[Number(BigInt.asUintN(16, offset) + BigInt(length)) % results.length]!;
}

function makeDriver(): { driver: Driver; fake: FakeBackend; handles: number[] } {
  const fake = new FakeBackend();
  fake.answer = answer;
  const driver = new Driver(fake, { pages });
  const rights = [Right.All, Right.Read, Right.Write, 0];
  const handles = rights.map((right, index) => driver.lend(10 + index, right));
  return { driver, fake, handles };
}

function trace({ driver, fake }: ReturnType<typeof makeDriver>, fields: Fields): Trace {
  const before = fake.log.length;
  const { result, osError } = driver.perform(fields);
  const seen = fake.log[before];
  if (seen === undefined) return [null, result, osError];
  const { generation: _generation, ...rest } = seen;
  return [rest, result, osError];
}

function randomFields(random: (limit: number) => number, handles: readonly number[]): Fields {
  const pick = <T>(...values: T[]): T => values[random(values.length)]!;
  const fields: Fields = {
    op: pick<number>(Op.Read, Op.Write, Op.Read, Op.Write, Op.Sync, 77),
    handle: pick(...handles, ...handles, 4, 0xffff, 0x10000, 0xffffffff),
    ptr0: pick(0, 4096, size - 8, size - 1, size, size + 1, 0x7fffffff, 0xffffffff),
    len0: pick(0, 1, 8, 9, size, 0x80000000, 0xffffffff),
    offset: pick(0n, 7n, -1n, -2n, 1n << 40n, -(1n << 63n), 0xffffffffn, -0x1_0000_0000n),
  };
  if (random(8) === 0) fields.flags = pick(1, 0x80000000);
  if (random(8) === 0) fields.ptr1 = pick(8, 0xffffffff);
  if (random(8) === 0) fields.len1 = pick(1, 0xffffffff);
  return fields;
}

test("the short way does what the general way does", () => {
  const random = generator(20_260);
  const warm = makeDriver();
  trace(warm, { op: Op.Nop });
  const results = new Set<number>();
  for (let round = 0; round < 3000; round++) {
    const fields = randomFields(random, warm.handles);
    const short = trace(warm, fields);
    const general = trace(makeDriver(), fields);
    assert.equal(short, general, `round ${round}: ${inspect(fields)}`);
    results.add(short[1]);
  }
  for (const expected of [0, 8, -Errno.EBADF, -Errno.EFAULT, -Errno.EINVAL, 0x1_0000_0000]) {
    assert.ok(results.has(expected), `nothing ended with ${expected}`);
  }
  assert.is(warm.driver.loop.inFlight.count, 0);
});

test.run();
