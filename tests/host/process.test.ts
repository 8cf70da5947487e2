/** What the host makes of a guest's wish to start a program, hostile ones among them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  Command, CommandFlag, CommandOwner, CommandStep, CommandStream, Errno, Handle, Op, Signal,
} from "../../host/abi.js";
import { StageArgument, StageCommand, StageDescriptor } from "../../host/backend/stage.js";
import { ContextBuilder } from "../../host/context.js";
import { NativeDir } from "../../host/resource/dir.js";
import { assert, suite, tempDir } from "../harness.js";
import { Driver, type DriverOptions } from "./driver.js";
import { FakeBackend, type Seen } from "./fake-backend.js";

const test = suite("host: programs");

const AT = 1 << 20;
const none = CommandStream.Null;
const CHILD = 77;
const PID = 4242;

interface Wish {
  flags?: number;
  argumentCount?: number;
  variableCount?: number;
  streams?: number[];
  processGroup?: number;
  userId?: number;
  groupId?: number;
  text?: string;
}

const usual = "tool\0\0tool\0-x\0";

/** Writes a `Command` record. @returns its length. */
function write(driver: Driver, wish: Wish = {}): number {
  const { view } = driver;
  view.setUint32(AT + Command.Flags, wish.flags ?? 0, true);
  view.setUint32(AT + Command.ArgumentCount, wish.argumentCount ?? 2, true);
  view.setUint32(AT + Command.VariableCount, wish.variableCount ?? 0, true);
  for (const [index, stream] of (wish.streams ?? [none, none, none]).entries()) {
    view.setUint32(AT + Command.Stdin + 4 * index, stream, true);
  }
  view.setUint32(AT + Command.ProcessGroup, wish.processGroup ?? 0, true);
  view.setUint32(AT + Command.UserId, wish.userId ?? CommandOwner.Inherit, true);
  view.setUint32(AT + Command.GroupId, wish.groupId ?? CommandOwner.Inherit, true);
  return Command.Strings + driver.put(AT + Command.Strings, wish.text ?? usual);
}

function spawn(driver: Driver, wish: Wish = {}, length?: number): number {
  const len0 = length ?? write(driver, wish);
  if (length !== undefined) write(driver, wish);
  return driver.perform({ op: Op.Spawn, ptr0: AT, len0 }).result;
}

function setUp(options: DriverOptions = {}): { fake: FakeBackend; driver: Driver } {
  const fake = new FakeBackend();
  fake.answer = (seen) => seen.op === Op.Spawn ? (BigInt(PID) << 32n) | BigInt(CHILD) : 0;
  const grant = (builder: ContextBuilder): void => { builder.allowRun().searchPath("/bin"); };
  return { fake, driver: new Driver(fake, { grant, ...options }) };
}

/** What the backend was given, in words. */
function staged(fake: FakeBackend): { counts: number[]; streams: number[]; strings: string[] } {
  const { prefix } = fake.log.filter((seen: Seen) => seen.op === Op.Spawn).at(-1)!;
  const words = new DataView(prefix.buffer, prefix.byteOffset);
  const text = new TextDecoder().decode(prefix.subarray(StageCommand.Strings));
  const counts = [StageCommand.ArgumentCount, StageCommand.VariableCount];
  const streams = [StageCommand.Stdin, StageCommand.Stdout, StageCommand.Stderr];
  assert.ok(text.endsWith("\0"), "the last string ends");
  return {
    counts: counts.map((at) => words.getUint32(at, true)),
    streams: streams.map((at) => words.getInt32(at, true)),
    strings: text.slice(0, -1).split("\0"),
  };
}

test("a child is a handle for waits and signals, and for nothing else", () => {
  const { fake, driver } = setUp();
  const result = spawn(driver);
  const handle = result % 2 ** 32;
  assert.is(Math.floor(result / 2 ** 32), PID);
  assert.equal(staged(fake).strings, ["tool", "/bin", "", "tool", "-x"]);
  assert.is(driver.perform({ op: Op.Wait, handle }).result, 0);
  assert.is(driver.perform({ op: Op.Kill, handle, flags: Signal.Kill }).result, 0);
  assert.is(driver.perform({ op: Op.Wait, handle, flags: 1 }).result, -Errno.EINVAL);
  assert.is(driver.perform({ op: Op.Read, handle, len0: 1 }).result, -Errno.EBADF);
  assert.is(driver.perform({ op: Op.SetLength, handle }).result, -Errno.EACCES);
  const file = driver.lend(5);
  for (const op of [Op.Wait, Op.Kill]) {
    assert.is(driver.perform({ op, handle: file }).result, -Errno.EACCES);
    assert.is(driver.perform({ op, handle: 99 }).result, -Errno.EBADF);
  }
  assert.is(driver.perform({ op: Op.Close, handle }).result, 0);
  const closing = fake.log.at(-1)!;
  assert.equal([closing.op, closing.descriptor, closing.argument],
    [Op.Close, CHILD, StageArgument.Child]);
  assert.is(driver.perform({ op: Op.Wait, handle }).result, -Errno.EBADF);
});

test("records that make no sense are refused", () => {
  const { fake, driver } = setUp();
  const whole = Command.Strings + usual.length;
  for (let length = 0; length < whole; length++) {
    assert.is(spawn(driver, {}, length), -Errno.EINVAL, `${length} bytes`);
  }
  const wrong: Wish[] = [
    { flags: CommandFlag.All + 1 }, { flags: 0xffffffff }, { argumentCount: 0 },
    { argumentCount: 1 }, { argumentCount: 3 }, { argumentCount: 0xffffffff },
    { variableCount: 1 }, { variableCount: 0xffffffff },
    { argumentCount: 1, variableCount: 0xffffffff }, { text: usual + "\0" },
    { argumentCount: 1, variableCount: 2, text: usual + "\0" },
    { processGroup: 0x80000000 }, { processGroup: 0xffffffff },
  ];
  for (const wish of wrong) assert.is(spawn(driver, wish), -Errno.EINVAL, JSON.stringify(wish));
  assert.is(spawn(driver, { text: "\0\0tool\0-x\0" }), -Errno.ENOENT);
  const long = "x".repeat(4096);
  assert.is(spawn(driver, { text: `${long}\0\0tool\0-x\0` }), -Errno.ENAMETOOLONG);
  assert.is(spawn(driver, { text: `tool\0${long}\0tool\0-x\0` }), -Errno.ENAMETOOLONG);
  const len0 = write(driver);
  const fields = { op: Op.Spawn, ptr0: AT, len0 };
  const { length: before } = fake.log;
  for (const other of [
    { flags: 1 }, { handle: 1 }, { offset: 1n }, { ptr1: 8, len1: 4 }, { ptr0: AT + 1 },
  ]) {
    assert.is(driver.perform({ ...fields, ...other }).result, -Errno.EINVAL);
  }
  const size = driver.wasm.buffer.byteLength;
  for (const ptr0 of [size - 4, size, 0xfffffffc]) {
    assert.is(driver.perform({ ...fields, ptr0 }).result, -Errno.EFAULT);
  }
  assert.is(driver.perform({ ...fields, len0: 0xffffffff }).result, -Errno.EFAULT);
  assert.is(fake.log.length, before, "nothing of that reached the backend");
});

test("of a list, a program has its own process group or the app's", () => {
  const list = (builder: ContextBuilder): void => { builder.run("sh"); };
  for (const [grant, wanted] of [[list, -Errno.EACCES], [undefined, 0]] as const) {
    const { fake, driver } = setUp(grant && { grant });
    const text = "sh\0\0sh\0-x\0";
    for (const processGroup of [0, 1]) {
      assert.ok(spawn(driver, { text, processGroup }) >= 0, `group ${processGroup}`);
      const { prefix } = fake.log.at(-1)!;
      const words = new DataView(prefix.buffer, prefix.byteOffset);
      assert.is(words.getUint32(StageCommand.ProcessGroup, true), processGroup);
    }
    for (const processGroup of [2, 0x7fffffff]) {
      const result = spawn(driver, { text, processGroup });
      assert.is(Math.min(result, 0), wanted, `group ${processGroup}`);
      if (wanted === 0) continue;
      const step = driver.view.getUint32(AT + Command.Step, true);
      assert.is(step, CommandStep.ProcessGroup);
    }
  }
});

test("of a list, a program runs as the user and in the group of the app", () => {
  const list = (builder: ContextBuilder): void => { builder.run("sh"); };
  const text = "sh\0\0sh\0-x\0";
  const inherit = CommandOwner.Inherit;
  for (const [userId, groupId] of [[0, inherit], [inherit, 0], [7, 8]] as const) {
    const wish = { text, userId, groupId };
    const { fake, driver } = setUp();
    assert.ok(spawn(driver, wish) >= 0, `${userId}:${groupId}`);
    const { prefix } = fake.log.at(-1)!;
    const words = new DataView(prefix.buffer, prefix.byteOffset);
    assert.is(words.getUint32(StageCommand.UserId, true), userId);
    assert.is(words.getUint32(StageCommand.GroupId, true), groupId);
    const confined = setUp({ grant: list }).driver;
    assert.is(spawn(confined, wish), -Errno.EACCES, `${userId}:${groupId}`);
    assert.is(confined.view.getUint32(AT + Command.Step, true), CommandStep.Owner);
    assert.ok(spawn(confined, { text }) >= 0, "as the app");
  }
});

test("streams are handles that fit, or nothing", () => {
  const { fake, driver } = setUp();
  const nothing = StageDescriptor.Null;
  // The driver's guest has no standard streams.
  assert.is(spawn(driver, { streams: [none, CommandStream.Inherit, none] }) > 0, true);
  assert.equal(staged(fake).streams, [nothing, nothing, nothing]);
  const both = driver.lend(5);
  assert.ok(spawn(driver, { streams: [both, both, both] }) > 0);
  assert.equal(staged(fake).streams, [5, 5, 5]);
  const reader = driver.lend(6, 1);
  assert.is(spawn(driver, { streams: [none, reader, none] }), -Errno.EBADF);
  assert.is(spawn(driver, { streams: [none, none, 12345] }), -Errno.EBADF);
  assert.is(spawn(driver, { streams: [Handle.Root - 1, none, none] }), -Errno.EBADF);
  const child = spawn(driver) % 2 ** 32;
  assert.is(spawn(driver, { streams: [child, none, none] }), -Errno.EBADF);
});

test("without a grant nothing is started", () => {
  const { driver } = setUp({ grant: () => {} });
  assert.is(spawn(driver), -Errno.EACCES);
});

/** A program of a list: what the guest calls it, what it is told to be called, its variables. */
function of(name: string, called: string, ...variables: string[]): Wish {
  return {
    argumentCount: 1, variableCount: variables.length,
    text: [name, "", called, ...variables, ""].join("\0"),
  };
}

test("of a list, a name is exactly what was granted, found before the guest has started", () => {
  const folder = tempDir("programs");
  const file = (name: string, mode: number): string => {
    writeFileSync(join(folder, name), "", { mode });
    return join(folder, name);
  };
  const own = file("own", 0o755);
  const tool = file("tool", 0o755);
  file("data", 0o644);
  const { fake, driver } = setUp({
    grant: (builder) => builder.run("tool").run("./own", own).run("data").run("late")
      .searchPath(`/nowhere:.::${folder}/`),
  });
  file("late", 0o755);
  assert.ok(spawn(driver, of("tool", "tool")) > 0);
  assert.equal(staged(fake).strings, [tool, "", "", "tool"]);
  assert.ok(spawn(driver, of("./own", "./own")) > 0);
  assert.is(staged(fake).strings[0], own);
  for (const name of [tool, "tool2", "too", "Tool", own, "own", "sh", "./tool", "tool/"]) {
    assert.is(spawn(driver, of(name, name)), -Errno.EACCES, name);
  }
  // Some programs are many in one, and do what they are called.
  for (const called of ["sh", "", "-tool", "tool2", "./own", tool]) {
    assert.is(spawn(driver, of("tool", called)), -Errno.EACCES, called);
  }
  for (const name of ["data", "late"]) assert.is(spawn(driver, of(name, name)), -Errno.ENOENT);
  assert.throws(() => new ContextBuilder().run("a/b"), /neither an absolute path nor a plain/);
  assert.throws(() => new ContextBuilder().run(""), /neither an absolute path nor a plain/);
});

test("a program of a list gets what was given, and what is harmless", () => {
  const given = { HOME: "/home/me", LD_LIBRARY_PATH: "/opt", PATH: "/usr/bin::rel:.:/bin" };
  const { fake, driver } = setUp({
    grant: (builder) => builder.run("sh").envs(given).searchPath("/usr/bin:/bin"),
  });
  const step = (): number => driver.view.getUint32(AT + Command.Step, true);
  const inherited = ["HOME=/home/me", "LD_LIBRARY_PATH=/opt", "PATH=/usr/bin:/bin"];
  const flags = CommandFlag.InheritEnvironment;
  assert.ok(spawn(driver, { ...of("sh", "sh"), flags }) > 0);
  assert.equal(staged(fake).strings.slice(4), inherited, "relative folders are nobody's to give");
  assert.ok(spawn(driver, { ...of("sh", "sh", "HOME", "PATH=/usr/bin:/bin"), flags }) > 0);
  assert.ok(spawn(driver, of("sh", "sh", "HOME=/home/me")) > 0);
  for (const variable of [
    "LANG=de_DE.UTF-8@euro", "LANG=", "LC_ALL=C", "LC_TIME=C", "TZ=Europe/Berlin", "TZ=UTC", "TZ=",
    "TERM=xterm-256color", "NO_COLOR=1", "COLUMNS=80", "LANGUAGE=de:en",
  ]) {
    assert.ok(spawn(driver, { ...of("sh", "sh", variable), flags }) > 0, variable);
    assert.equal(staged(fake).strings.slice(4), [...inherited, variable]);
  }
  for (const variable of [
    "PATH=/evil", "PATH=", "PATH=/usr/bin::rel:.:/bin", "HOME=/evil", "HOME=", "LD_PRELOAD=/evil",
    "LD_LIBRARY_PATH=/evil", "LD_LIBRARY_PATH=/opt:", "GCONV_PATH=x", "BASH_ENV=x", "ENV=x",
    "IFS=x", "PERL5OPT=x", "GIT_SSH_COMMAND=x", "A=", "=x=y", "lang=C", "LANG =C", "LC_=C",
    "LC_ALL=../x", "LANG=/evil", "LANG=a\nb", "LANG=a=b", "TZ=/evil", "TZ=:/evil", "TZ=a/../../b",
    "TERM=/evil", "TERMINFO=x", "LOCPATH=x", "XLC_ALL=C", `LANG=${"x".repeat(101)}`, "COLUMNS=a/b",
    "LANG=\u00e4", "NO_COLOR=\n",
  ]) {
    driver.view.setUint32(AT + Command.Step, 0, true);
    assert.is(spawn(driver, { ...of("sh", "sh", variable), flags }), -Errno.EACCES, variable);
    assert.is(step(), CommandStep.Environment);
    assert.is(spawn(driver, of("sh", "sh", "LANG=C", variable)), -Errno.EACCES, variable);
  }
  const trusted = setUp({ grant: (builder) => builder.allowRun().run("sh") });
  assert.ok(spawn(trusted.driver, of("tool", "x", "LD_PRELOAD=/evil")) > 0, "no list, no limit");
});

test("any program is looked for in the child's PATH, or in the launcher's", () => {
  const { fake, driver } = setUp();
  const wish = { variableCount: 1, text: usual + "PATH=/a:b:\0" };
  assert.ok(spawn(driver, wish) > 0);
  assert.is(staged(fake).strings[1], "/a:b:");
  assert.ok(spawn(driver, { text: "./tool\0\0tool\0-x\0" }) > 0);
  assert.equal(staged(fake).strings.slice(0, 2), ["./tool", ""]);
});

test("the environment is the guest's with changes, or only these", () => {
  const { fake, driver } = setUp({
    grant: (builder) => builder.allowRun().envs({ A: "1", B: "2", C: "3" }).env("A", "late"),
  });
  const changes = { variableCount: 3, text: `${usual}B=x=y\0D=\0C\0` };
  assert.ok(spawn(driver, { ...changes, flags: CommandFlag.InheritEnvironment }) > 0);
  assert.equal(staged(fake).strings.slice(5), ["A=1", "B=x=y", "D="]);
  assert.equal(staged(fake).counts, [2, 3]);
  assert.ok(spawn(driver, changes) > 0);
  assert.equal(staged(fake).strings.slice(5), ["B=x=y", "D="]);
  assert.ok(spawn(driver, { flags: CommandFlag.InheritEnvironment }) > 0);
  assert.equal(staged(fake).strings.slice(5), ["A=1", "B=2", "C=3", "A=late"]);
  assert.is(spawn(driver, { variableCount: 1, text: `${usual}\0` }), -Errno.EINVAL);
});

test("directories are those of the guest", () => {
  const dir = NativeDir.open(tempDir("programs"));
  const { fake, driver } = setUp({ mounts: [{ dir, path: "/data" }], currentDir: "/data/sub" });
  const inside = (path: string): Seen => {
    assert.ok(spawn(driver, { text: `tool\0${path}\0tool\0-x\0` }) > 0, path);
    const seen = fake.log.at(-1)!;
    assert.equal([seen.descriptor, seen.argument], [dir.descriptor, StageArgument.Beneath]);
    return seen;
  };
  for (const [path, text] of [
    ["", "sub/."], ["x", "sub/x"], ["/data/y", "y"], ["/data", "."], ["..", "sub/.."],
  ] as const) {
    inside(path);
    assert.is(staged(fake).strings[2], text);
  }
  for (const path of ["/", "/etc", "/data/../etc"]) {
    assert.is(spawn(driver, { text: `tool\0${path}\0tool\0-x\0` }), -Errno.EACCES, path);
  }
  dir.close();
  const outside = setUp({ mounts: [], currentDir: "/" });
  assert.ok(spawn(outside.driver) > 0, "the launcher's own directory");
  assert.is(staged(outside.fake).strings[2], "");
});

test("what is too long for the stage is lent, and what no system takes is refused", () => {
  const { fake, driver } = setUp();
  const large = (length: number): Wish => ({ text: `tool\0\0tool\0${"x".repeat(length)}\0` });
  assert.ok(spawn(driver, large(30_000)) > 0);
  assert.is(fake.annexed.length, 0);
  assert.ok(spawn(driver, large(100_000)) > 0);
  assert.is(fake.annexed.length, 1);
  assert.is(staged(fake).strings[4]!.length, 100_000);
  // Several of either kind before the first turn: each keeps its own text.
  const seen = fake.log.length;
  const starts = [20_000, 60_000, 25_000, 70_000, 30_000, 3].map((length) => {
    const len0 = write(driver, large(length));
    return driver.start({ op: Op.Spawn, ptr0: AT, len0 });
  });
  let done = driver.taken().length;
  while (done < starts.length) done += driver.turn(-1).length;
  const lengths = fake.log.slice(seen).map(({ prefix }) => prefix.length);
  const rest = lengths.at(-1)! - 3;
  assert.equal(lengths.map((length) => length - rest), [20_000, 60_000, 25_000, 70_000, 30_000, 3]);
  driver.wasm.grow(320);
  driver.loop.renew();
  const len0 = (2 << 20) + 1;
  assert.is(driver.perform({ op: Op.Spawn, ptr0: AT, len0 }).result, -Errno.E2BIG);
  // Each string takes a pointer, too: a million of one byte would be as many objects of the host's.
  const short = (count: number): Wish =>
    ({ variableCount: count, text: usual + "A\0".repeat(count) });
  assert.ok(spawn(driver, short(200_000)) > 0);
  assert.is(spawn(driver, short(210_000)), -Errno.E2BIG);
});

test("a child that starts as the guest ends is ended", () => {
  const { fake, driver } = setUp();
  fake.answer = (seen, backend) => {
    if (seen.op !== Op.Spawn) return 0;
    backend.isStubborn = true;
    return undefined;
  };
  const len0 = write(driver);
  driver.start({ op: Op.Spawn, ptr0: AT, len0 });
  driver.turn();
  const { slot } = fake.log.at(-1)!;
  fake.complete(slot, (BigInt(PID) << 32n) | BigInt(CHILD));
  driver.loop.close();
  const [killing, closing] = fake.log.slice(-2);
  assert.equal([killing!.op, killing!.descriptor, killing!.flags], [Op.Kill, CHILD, Signal.Kill]);
  assert.equal([closing!.op, closing!.descriptor, closing!.argument],
    [Op.Close, CHILD, StageArgument.Child | StageArgument.Ended]);
});

test("a pipe is two handles", () => {
  const { fake, driver } = setUp({ limits: { handles: 3 } });
  fake.answer = (seen) => seen.op === Op.Pipe ? (8n << 32n) | 7n : 0;
  const { result } = driver.perform({ op: Op.Pipe });
  const [reader, writer] = [result % 2 ** 32, Math.floor(result / 2 ** 32)];
  driver.perform({ op: Op.Read, handle: reader, len0: 1, offset: -1n });
  assert.is(fake.log.at(-1)!.descriptor, 7);
  driver.perform({ op: Op.Write, handle: writer, len0: 1, offset: -1n });
  assert.is(fake.log.at(-1)!.descriptor, 8);
  assert.is(driver.perform({ op: Op.Pipe }).result, -Errno.EMFILE);
  assert.is(driver.perform({ op: Op.Pipe, flags: 1 }).result, -Errno.EINVAL);
  assert.is(driver.perform({ op: Op.Pipe, handle: 1 }).result, -Errno.EINVAL);
});

test.run();
