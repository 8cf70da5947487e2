/** Sockets under a hostile guest: bad records, handles of other kinds, races, leaks. */
import {
  BindFlag, Errno, Handle, Op, ShutdownFlag, SocketAddress, SocketOption,
} from "../../host/abi.js";
import type { Backend } from "../../host/backend/backend.js";
import { nativeNames } from "../../host/backend/native.js";
import { selectBackend } from "../../host/backend/select.js";
import { assert, fdCount, suite } from "../harness.js";
import { Driver, type Fields } from "./driver.js";

const test = suite("host: sockets", { timeout: 60_000 });

/** Where the tests put addresses, and data. */
const ADDRESS = 4096;
const ANSWER = 4160;
const DATA = 8192;
const END = 64 << 16;

const { EACCES, EADDRINUSE, EAFNOSUPPORT, EBADF, ECANCELED, EFAULT, EINVAL, ENAMETOOLONG } = {
  EACCES: -Errno.EACCES, EADDRINUSE: -Errno.EADDRINUSE, EAFNOSUPPORT: -Errno.EAFNOSUPPORT,
  EBADF: -Errno.EBADF, ECANCELED: -Errno.ECANCELED, EFAULT: -Errno.EFAULT,
  EINVAL: -Errno.EINVAL, ENAMETOOLONG: -Errno.ENAMETOOLONG,
};

/** Every backend, and io_uring without its opcodes. */
const starts: readonly (readonly [name: string, start: () => Backend])[] = [
  ...nativeNames().map((name) => [name, () => selectBackend(name)] as const),
  ["io_uring without opcodes", () => {
    process.env["STD_IO_URING_WITHOUT"] = String(Number.MAX_SAFE_INTEGER);
    try {
      return selectBackend("io_uring");
    } finally {
      delete process.env["STD_IO_URING_WITHOUT"];
    }
  }],
];

function drive(backend: Backend): Driver {
  return new Driver(backend, { pages: 64, grant: (builder) => builder.allowNet() });
}

/** Writes the address 127.0.0.1:`port`. */
function putAddress(driver: Driver, port: number, family = 4): Fields & { op: 0 } {
  const { view } = driver;
  for (let at = 0; at < SocketAddress.Size; at += 4) view.setUint32(ADDRESS + at, 0, true);
  view.setUint32(ADDRESS + SocketAddress.Family, family, true);
  view.setUint32(ADDRESS + SocketAddress.Port, port, true);
  view.setUint32(ADDRESS + SocketAddress.Address, 0x0100007f, true);
  return { op: 0, ptr0: ADDRESS, len0: SocketAddress.Size };
}

function listen(driver: Driver, backlog = 16n): { handle: number; port: number } {
  const { result } = driver.perform({
    ...putAddress(driver, 0), op: Op.Listen, offset: backlog,
    ptr1: ANSWER, len1: SocketAddress.Size,
  });
  assert.ok(result >= 0, `listen: ${result}`);
  return { handle: result, port: driver.view.getUint32(ANSWER + SocketAddress.Port, true) };
}

/** A connection: both of its handles. */
function pair(driver: Driver): [client: number, server: number] {
  const { handle, port } = listen(driver);
  const client = driver.perform({ ...putAddress(driver, port), op: Op.Connect }).result;
  const server = driver.perform({ op: Op.Accept, handle }).result;
  assert.ok(client >= 0 && server >= 0, `${client} ${server}`);
  driver.perform({ op: Op.Close, handle });
  return [client, server];
}

const whole = SocketAddress.Size;

/** What no operation may be: each with the reason. */
const malformed: readonly (readonly [fields: Fields, result: number])[] = [
  [{ op: Op.Listen }, EINVAL],
  [{ op: Op.Listen, ptr0: ADDRESS, len0: 31 }, EINVAL],
  [{ op: Op.Listen, ptr0: ADDRESS, len0: 33 }, EINVAL],
  [{ op: Op.Listen, ptr0: ADDRESS + 4, len0: whole }, EINVAL],
  [{ op: Op.Listen, ptr0: END - 8, len0: whole }, EFAULT],
  [{ op: Op.Listen, ptr0: 0xffffffe0, len0: whole }, EFAULT],
  [{ op: Op.Listen, ptr0: ADDRESS, len0: whole, flags: BindFlag.Shared }, EINVAL],
  [{ op: Op.Connect, ptr0: ADDRESS, len0: whole, flags: BindFlag.Ipv6Only }, EINVAL],
  [{ op: Op.BindDatagram, ptr0: ADDRESS, len0: whole, flags: 4 }, EINVAL],
  [{ op: Op.Listen, ptr0: ADDRESS, len0: whole, handle: 3 }, EINVAL],
  [{ op: Op.Listen, ptr0: ADDRESS, len0: whole, offset: 65536n }, EINVAL],
  [{ op: Op.Listen, ptr0: ADDRESS, len0: whole, offset: -1n }, EINVAL],
  [{ op: Op.Listen, ptr0: ADDRESS, len0: whole, ptr1: ANSWER, len1: 8 }, EINVAL],
  [{ op: Op.Listen, ptr0: ADDRESS, len0: whole, ptr1: ANSWER }, EINVAL],
  [{ op: Op.Listen, ptr0: ADDRESS, len0: whole, ptr1: END - 8, len1: whole }, EFAULT],
  [{ op: Op.Connect, ptr0: ADDRESS, len0: whole, ptr1: ANSWER, len1: whole }, EINVAL],
  [{ op: Op.Connect, ptr0: ADDRESS, len0: whole, offset: 1n }, EINVAL],
  [{ op: Op.Connect, ptr0: ADDRESS, len0: 0xffffffff }, EINVAL],
  [{ op: Op.BindDatagram, ptr0: ADDRESS, len0: whole, offset: 1n }, EINVAL],
  [{ op: Op.ConnectDatagram, ptr0: ADDRESS, len0: whole, handle: 99 }, EBADF],
  [{ op: Op.Accept, handle: 99 }, EBADF],
  [{ op: Op.Accept, handle: 99, ptr1: ANSWER, len1: 31 }, EINVAL],
  [{ op: Op.Accept, handle: 99, ptr1: END, len1: whole }, EFAULT],
  [{ op: Op.Accept, handle: 99, ptr0: 8 }, EINVAL],
  [{ op: Op.SendTo, handle: 99, ptr0: END - 1, len0: 2, ptr1: ADDRESS, len1: whole }, EFAULT],
  [{ op: Op.SendTo, handle: 99, ptr0: DATA, len0: 1 }, EINVAL],
  [{ op: Op.SendTo, handle: 99, ptr0: DATA, len0: 1, ptr1: ADDRESS, len1: whole }, EBADF],
  [{ op: Op.ReceiveFrom, handle: 99, ptr0: DATA, len0: 1, ptr1: ANSWER, len1: 31 }, EINVAL],
  [{ op: Op.ReceiveFrom, handle: 99, ptr0: DATA, len0: 1, flags: 2 }, EINVAL],
  [{ op: Op.ReceiveFrom, handle: 99, ptr0: DATA, len0: 1 }, EBADF],
  [{ op: Op.ReceiveFrom, handle: 99, ptr0: DATA, len0: 0xffffffff, ptr1: 8, len1: 32 }, EFAULT],
  [{ op: Op.Shutdown, handle: 99, flags: ShutdownFlag.Read }, EBADF],
  [{ op: Op.Shutdown, handle: 99 }, EINVAL],
  [{ op: Op.Shutdown, handle: 99, flags: 4 }, EINVAL],
  [{ op: Op.SocketName, handle: 99, ptr1: ANSWER, len1: whole }, EBADF],
  [{ op: Op.SocketName, handle: 99, flags: 2, ptr1: ANSWER, len1: whole }, EINVAL],
  [{ op: Op.SocketName, handle: 99 }, EINVAL],
  [{ op: Op.SetSocketOption, handle: 99, flags: SocketOption.MulticastInterface + 1 }, EINVAL],
  [{ op: Op.SetSocketOption, handle: 99, flags: 0xffffffff }, EINVAL],
  [{ op: Op.SetSocketOption, handle: 99, offset: 1n << 31n }, EINVAL],
  [{ op: Op.SetSocketOption, handle: 99 }, EBADF],
  [{ op: Op.GetSocketOption, handle: 99, offset: 1n }, EINVAL],
  [{ op: Op.GetSocketOption, handle: 99, flags: SocketOption.MulticastInterface }, EINVAL],
  [{ op: Op.GetSocketOption, handle: 99 }, EBADF],
  [{ op: Op.SetMembership, handle: 99 }, EINVAL],
  [{ op: Op.SetMembership, handle: 99, ptr0: ADDRESS, len0: whole, flags: 2 }, EINVAL],
  [{ op: Op.SetMembership, handle: 99, ptr0: ADDRESS, len0: whole, offset: 1n << 32n }, EINVAL],
  [{ op: Op.SetMembership, handle: 99, ptr0: ADDRESS, len0: whole, ptr1: 8 }, EINVAL],
  [{ op: Op.SetMembership, handle: 99, ptr0: END - 8, len0: whole }, EFAULT],
  [{ op: Op.SetMembership, handle: 99, ptr0: ADDRESS, len0: whole }, EBADF],
  [{ op: Op.LookupHost, ptr0: DATA, len0: 4 }, EINVAL],
  [{ op: Op.LookupHost, ptr0: DATA, len0: 4, ptr1: ANSWER, len1: 33 }, EINVAL],
  [{ op: Op.LookupHost, ptr0: DATA, len0: 4, ptr1: ANSWER, len1: 65 * 32 }, EINVAL],
  [{ op: Op.LookupHost, ptr0: DATA, len0: 4, ptr1: ANSWER, len1: 32, offset: 65536n }, EINVAL],
  [{ op: Op.LookupHost, ptr0: END - 1, len0: 4, ptr1: ANSWER, len1: 32 }, EFAULT],
  [{ op: Op.LookupHost, ptr0: DATA, len0: 4, ptr1: END - 8, len1: 32 }, EFAULT],
  [{ op: Op.LookupHost, ptr0: DATA, len0: 1025, ptr1: ANSWER, len1: 32 }, ENAMETOOLONG],
  [{ op: Op.ListenUnix, handle: Handle.Root, ptr0: DATA }, -Errno.ENOENT],
  [{ op: Op.ListenUnix, handle: Handle.Root, ptr0: DATA, len0: 1, flags: 1 }, EINVAL],
  [{ op: Op.ConnectUnix, handle: Handle.Root, ptr0: DATA, len0: 1, offset: 1n }, EINVAL],
  [{ op: Op.ConnectUnix, handle: Handle.Root, ptr0: DATA, len0: 5000 }, ENAMETOOLONG],
];

test("malformed operations", () => {
  const driver = drive(selectBackend());
  putAddress(driver, 0);
  for (const [fields, wanted] of malformed) {
    const { result } = driver.perform(fields);
    assert.is(result, wanted, JSON.stringify(fields, (_, value: unknown) =>
      typeof value === "bigint" ? String(value) : value));
  }
  for (const family of [0, 2, 10, 0xffffffff]) {
    const fields = { ...putAddress(driver, 1, family), op: Op.Connect };
    assert.is(driver.perform(fields).result, EAFNOSUPPORT, `family ${family}`);
  }
  driver.loop.close();
});

test("without a grant nothing is touched", () => {
  const driver = new Driver(selectBackend(), { pages: 64 });
  const before = fdCount();
  for (const op of [Op.Listen, Op.Connect, Op.BindDatagram, Op.SetMembership]) {
    assert.is(driver.perform({ ...putAddress(driver, 1), op }).result, EACCES);
  }
  const len0 = driver.put(DATA, "localhost");
  const lookup = { op: Op.LookupHost, ptr0: DATA, len0, ptr1: ANSWER, len1: whole };
  assert.is(driver.perform(lookup).result, EACCES);
  assert.is(fdCount(), before);
  driver.loop.close();
});

for (const [name, start] of starts) {
  test(`${name}: sockets are no files, and files no sockets`, () => {
    const driver = drive(start());
    const file = driver.open("/dev/null").result;
    const [client] = pair(driver);
    const { handle } = listen(driver);
    const record = { ptr1: ANSWER, len1: SocketAddress.Size };
    putAddress(driver, 9);
    for (const fields of [
      { op: Op.Accept, handle: file },
      { op: Op.Shutdown, handle: file, flags: ShutdownFlag.All },
      { op: Op.SocketName, handle: file, ...record },
      { op: Op.SetSocketOption, handle: file, flags: SocketOption.NoDelay, offset: 1n },
      { op: Op.GetSocketOption, handle: file, flags: SocketOption.TimeToLive },
      { op: Op.ReceiveFrom, handle: file, ptr0: DATA, len0: 8, ...record },
      { op: Op.SendTo, handle: file, ptr0: DATA, len0: 8, ptr1: ADDRESS, len1: whole },
      { op: Op.ConnectDatagram, handle: file, ptr0: ADDRESS, len0: whole },
      { op: Op.SetMembership, handle: file, ptr0: ADDRESS, len0: whole },
      { op: Op.SetSocketOption, handle: file, flags: SocketOption.MulticastInterface },
      { op: Op.GetSocketOption, handle: file, flags: SocketOption.ZeroLinger },
    ]) assert.is(driver.perform(fields).result, -Errno.ENOTSOCK, `op ${fields.op}`);
    assert.is(driver.perform({ op: Op.Accept, handle: client }).result, EINVAL);
    assert.is(driver.perform({ op: Op.SetLength, handle: client }).result, EINVAL);
    const read = { op: Op.Read, handle, ptr0: DATA, len0: 8, offset: -1n };
    assert.is(driver.perform(read).result, -Errno.ENOTCONN);
    driver.loop.close();
  });

  test(`${name}: a handle without rights`, () => {
    const driver = drive(start());
    const [client] = pair(driver);
    const descriptor = driver.loop.handles.descriptor(client & 0xfffff);
    const reader = driver.lend(descriptor, 1);
    putAddress(driver, 9);
    const record = { ptr1: ADDRESS, len1: SocketAddress.Size };
    for (const [fields, wanted] of [
      [{ op: Op.Shutdown, handle: reader, flags: ShutdownFlag.Write }, EBADF],
      [{ op: Op.SendTo, handle: reader, ptr0: DATA, len0: 1, ...record }, EBADF],
      [{ op: Op.SetSocketOption, handle: reader, offset: 1n }, EACCES],
      [{ op: Op.ConnectDatagram, handle: reader, ptr0: ADDRESS, len0: whole }, EACCES],
      [{ op: Op.SetMembership, handle: reader, ptr0: ADDRESS, len0: whole }, EACCES],
    ] as const) assert.is(driver.perform(fields).result, wanted, `op ${fields.op}`);
    driver.loop.close();
  });

  test(`${name}: an address that changes under the host's hands`, () => {
    const driver = new Driver(start(), {
      pages: 64, grant: (builder) => builder.listen("127.0.0.1:*").connect("127.0.0.1:1"),
    });
    const { port } = listen(driver);
    // It was checked as 127.0.0.1:1 when the guest submitted it.
    const record = driver.start({ ...putAddress(driver, 1), op: Op.Connect });
    putAddress(driver, port);
    let outcomes = driver.turn(-1);
    while (outcomes.length === 0) outcomes = driver.turn(-1);
    assert.equal(outcomes.map(({ record: at, result }) => [at, result]),
      [[record, -Errno.ECONNREFUSED]]);
    driver.loop.close();
  });

  test(`${name}: a connect that waits can be cancelled, and leaves nothing behind`, () => {
    const driver = drive(start());
    const { port } = listen(driver, 0n);
    const before = fdCount();
    // A queue for none takes one; whoever comes later waits until the system gives up.
    const records = Array.from({ length: 4 }, () =>
      driver.start({ ...putAddress(driver, port), op: Op.Connect }));
    let done = driver.turn(2e8);
    assert.ok(done.length < records.length, "some have to wait");
    for (const record of records) driver.loop.cancel(record);
    const results = done.map(({ result }) => result);
    while (results.length < records.length) {
      done = driver.turn(1e9);
      assert.ok(done.length > 0, "a cancelled connect ends at once");
      for (const { result } of done) results.push(result);
    }
    assert.ok(results.includes(ECANCELED));
    for (const handle of results.filter((result) => result >= 0)) {
      driver.perform({ op: Op.Close, handle });
    }
    assert.is(fdCount(), before);
    driver.loop.close();
  });

  test(`${name}: what waits when the instance ends is closed`, () => {
    const before = fdCount();
    const driver = drive(start());
    const { handle, port } = listen(driver);
    const [client, server] = pair(driver);
    for (let index = 0; index < 20; index++) {
      driver.start({ op: Op.Accept, handle, ptr1: ANSWER, len1: SocketAddress.Size });
      driver.start({ ...putAddress(driver, port), op: Op.Connect });
      driver.start({ ...putAddress(driver, 1), op: Op.Connect });
      driver.start({ op: Op.Read, handle: client, ptr0: DATA, len0: 8, offset: -1n });
      driver.start({ op: Op.Write, handle: server, ptr0: DATA, len0: 65536, offset: -1n });
      const len0 = driver.put(DATA, "localhost");
      driver.start({ op: Op.LookupHost, ptr0: DATA, len0, ptr1: ANSWER, len1: whole });
      if (index === 10) driver.turn(0);
    }
    driver.loop.close();
    assert.is(fdCount(), before);
  });

  test(`${name}: closing a handle ends what waits on it, in every order`, () => {
    const driver = drive(start());
    for (let round = 0; round < 30; round++) {
      const { handle, port } = listen(driver);
      const accepting = driver.start({ op: Op.Accept, handle });
      if (round % 3 === 0) driver.turn(0);
      const connecting = driver.start({ ...putAddress(driver, port), op: Op.Connect });
      const closing = driver.start({ op: Op.Close, handle });
      const results = new Map<number, number>();
      while (results.size < 3) {
        for (const { record, result } of driver.turn(1e9)) results.set(record, result);
      }
      assert.is(results.get(closing), 0);
      const accepted = results.get(accepting)!;
      assert.ok(accepted >= 0 || accepted === ECANCELED, `accepted: ${accepted}`);
      for (const made of [accepted, results.get(connecting)!]) {
        if (made >= 0) driver.perform({ op: Op.Close, handle: made });
      }
    }
    assert.is(driver.loop.handles.count, 0);
    driver.loop.close();
  });

  test(`${name}: an address in use is that for both kinds of socket`, () => {
    const driver = drive(start());
    const { port } = listen(driver);
    assert.is(driver.perform({ ...putAddress(driver, port), op: Op.Listen }).result, EADDRINUSE);
    const bind = { ...putAddress(driver, port), op: Op.BindDatagram };
    assert.ok(driver.perform(bind).result >= 0, "a datagram socket has ports of its own");
    assert.is(driver.perform(bind).result, EADDRINUSE);
    driver.loop.close();
  });
}

test.run();
