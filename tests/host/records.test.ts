/** Records that change under the host's hands: each field of one is read once, by whatever call. */
import {
  Command, CopyTarget, Handle, MemoryRange, Op, SocketAddress, Stat,
} from "../../host/abi.js";
import { callOf, Verdict } from "../../host/calls/index.js";
import { NativeDir } from "../../host/resource/dir.js";
import { assert, suite, tempDir } from "../harness.js";
import { Driver, type Fields } from "./driver.js";
import { FakeBackend } from "./fake-backend.js";

const test = suite("host: records");

const TEXT = 4096;
const OTHER = 8192;
const ADDRESS = 12288;
const COMMAND = 16384;
const COPY = 20480;
const RANGES = 24576;

const path = { handle: Handle.Root, ptr0: TEXT, len0: "/data/file".length };
const data = { ptr0: OTHER, len0: 512 };
const out = { ptr1: OTHER, len1: 512 };
const address = { ptr0: ADDRESS, len0: SocketAddress.Size };
const found = { ptr1: OTHER, len1: SocketAddress.Size };
const second = { ptr1: TEXT, len1: "/data/file".length, offset: BigInt(Handle.Root) };
const FILE = 0;
const CHILD = 1;

/** What each op takes when it is well meant, so that its call looks at all that it ever does. */
const records = {
  [Op.Nop]: {},
  [Op.Open]: { flags: 1, ...path },
  [Op.Close]: { handle: FILE },
  [Op.Read]: { handle: FILE, ...data, offset: -1n },
  [Op.Write]: { handle: FILE, ...data, offset: 5n },
  [Op.Sync]: { handle: FILE },
  [Op.Stat]: { ...path, ptr1: OTHER, len1: Stat.Size },
  [Op.SetLength]: { handle: FILE, offset: 5n },
  [Op.SetPermissions]: { ...path, offset: 0o640n },
  [Op.SetTimes]: { ...path, ptr1: OTHER, len1: 16 },
  [Op.ReadDirectory]: { handle: FILE, ptr0: OTHER, len0: 4096 },
  [Op.CreateDirectory]: path,
  [Op.RemoveFile]: path,
  [Op.RemoveDirectory]: path,
  [Op.Rename]: { ...path, ...second },
  [Op.HardLink]: { ...path, ...second },
  [Op.SymbolicLink]: { ...path, ptr1: TEXT, len1: 4 },
  [Op.ReadLink]: { ...path, ...out },
  [Op.Canonicalize]: { ...path, ...out },
  [Op.CopyRange]: { handle: FILE, ptr1: COPY, len1: CopyTarget.Size },
  [Op.Listen]: { ...address, ...found },
  [Op.Connect]: address,
  [Op.ListenUnix]: path,
  [Op.ConnectUnix]: path,
  [Op.Accept]: { handle: FILE, ...found },
  [Op.BindDatagram]: { ...address, ...found },
  [Op.ConnectDatagram]: { handle: FILE, ...address },
  [Op.SendTo]: { handle: FILE, ...data, ptr1: ADDRESS, len1: SocketAddress.Size },
  [Op.ReceiveFrom]: { handle: FILE, ...data, ...found },
  [Op.Shutdown]: { handle: FILE, flags: 1 },
  [Op.SocketName]: { handle: FILE, ...found },
  [Op.SetSocketOption]: { handle: FILE },
  [Op.GetSocketOption]: { handle: FILE },
  [Op.LookupHost]: { ptr0: TEXT, len0: 4, ...found },
  [Op.Pipe]: {},
  [Op.Spawn]: { ptr0: COMMAND, len0: Command.Strings + "a\0\0a\0".length },
  [Op.Wait]: { handle: CHILD },
  [Op.Kill]: { handle: CHILD },
  [Op.WatchSignal]: { flags: 1 },
  [Op.Seek]: { handle: FILE, offset: -5n },
  [Op.SetOwner]: { ...path, ptr1: OTHER, len1: 8 },
  [Op.Lock]: { handle: FILE, flags: 1 },
  [Op.Duplicate]: { handle: FILE },
  [Op.WriteVectored]: { handle: FILE, ptr0: RANGES, len0: 2 * MemoryRange.Size, offset: 5n },
  [Op.SetMembership]: { handle: FILE, ...address },
} satisfies Record<Op, Omit<Fields, "op">>;

const FIELDS = [
  "opcode", "flags", "handle", "pointer0", "length0", "pointer1", "length1", "offsetLow",
  "offsetHigh",
] as const;

/** Has `reads` told of every field that is read of a record. */
function watch({ memory }: Driver, reads: string[]): void {
  for (const field of FIELDS) {
    const original = memory[field].bind(memory);
    memory[field] = (at) => {
      reads.push(field);
      return original(at);
    };
  }
}

test("no call reads a field of its record twice", () => {
  const dir = NativeDir.open(tempDir("records"));
  const driver = new Driver(new FakeBackend(), {
    mounts: [{ dir, path: "/data" }],
    grant: (builder) => builder.allowNet().allowRun(),
  });
  driver.lend(5);
  driver.lend(6, 16);
  driver.put(TEXT, "/data/file");
  driver.view.setUint32(ADDRESS + SocketAddress.Family, 4, true);
  driver.view.setUint32(COMMAND + Command.ArgumentCount, 1, true);
  driver.put(COMMAND + Command.Strings, "a\0\0a\0");
  driver.view.setUint32(RANGES + MemoryRange.Size + MemoryRange.Length, 512, true);
  driver.view.setUint32(COPY + CopyTarget.Handle, FILE, true);
  const reads: string[] = [];
  watch(driver, reads);
  for (const [op, fields] of Object.entries(records)) {
    const at = driver.record({ op: Number(op), ...fields }) >>> 2;
    reads.length = 0;
    const verdict = callOf(Number(op))(driver.loop, at);
    assert.ok(verdict >= Verdict.Staged, `op ${op} is refused: ${verdict}`);
    assert.equal(reads, [...new Set(reads)], `op ${op}`);
    assert.ok(reads.length > 0);
  }
  dir.close();
});

test.run();
