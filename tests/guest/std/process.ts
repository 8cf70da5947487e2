/** Starts programs as apps do. Arguments: the case, and what that needs. */
import { args } from "std/env";
import { ErrorKind, println, Result, Unit, writeAll } from "std/io";
import { File, OpenOptions, SeekFrom, readToString } from "std/fs";
import { Child, ChildStdin, Command, exit, id, Output, Signal, Stdio } from "std/process";
import { Duration, sleep, timeout } from "std/time";
import { Vec } from "std/vec";
import { check, equal, fails, failsToTransfer, pattern } from "./check";

export async function main(): Promise<i32> {
  const name = args()[1];
  if (name == "status") await status();
  else if (name == "inherit") await inherit();
  else if (name == "output") await output();
  else if (name == "signals") await signals();
  else if (name == "missing") await missing();
  else if (name == "paths") await paths(args()[2]);
  else if (name == "environment") await environment();
  else if (name == "arguments") await arguments();
  else if (name == "large") await large();
  else if (name == "waits") await waits();
  else if (name == "cancelled") await cancelled();
  else if (name == "cat") await cat();
  else if (name == "input") await input();
  else if (name == "lastWords") await lastWords();
  else if (name == "groups") await groups();
  else if (name == "owner") await owner(args()[2] == "root", args()[3]);
  else if (name == "ends") await ends();
  else if (name == "connected") await connected();
  else if (name == "files") await files(args()[2]);
  else if (name == "positions") await positions(args()[2]);
  else if (name == "together") await together(args()[2]);
  else if (name == "sharedOutput") return await sharedOutput();
  else if (name == "many") await many();
  else if (name == "busy") await busy(args()[2]);
  else if (name == "nothingLeft") await nothingLeft();
  else if (name == "onlyStreams") await onlyStreams();
  else if (name == "listed") await listed(args()[2]);
  else if (name == "denied") await denied();
  else if (name == "exhausted") await exhausted();
  else if (name == "mistakes") await mistakes();
  else return 3;
  await println("ok");
  return 0;
}

function shell(script: string): Command {
  return new Command("sh").arg("-c").arg(script);
}

async function said(command: Command): Promise<string> {
  const output = (await command.output()).unwrap();
  equal(output.stderr.toString(), "", "errors of " + command.program);
  return output.stdout.toString();
}

async function status(): Promise<void> {
  const good = (await new Command("true").status()).unwrap();
  check(good.success && good.exited && good.code == 0, "true");
  equal(good.toString(), "exit code 0", "success in words");
  const bad = (await shell("exit 43").status()).unwrap();
  check(!bad.success && bad.exited, "exit 43");
  equal(bad.code, 43, "the code");
  equal<i32>(bad.signal, 0, "no signal");
  const ended = (await shell("kill -TERM $$").status()).unwrap();
  check(!ended.success && !ended.exited, "a signal");
  equal(ended.code, -1, "no code");
  equal<i32>(ended.signal, Signal.Terminate, "which one");
  equal(ended.toString(), "signal SIGTERM", "the signal in words");
  const foreign = (await shell("kill -40 $$").status()).unwrap();
  equal<i32>(foreign.signal, 128 + 40, "a signal without a name");
  equal(foreign.toString(), "signal 40", "in words");
}

async function inherit(): Promise<void> {
  const child = (await shell("read line; echo \"$line\"; echo err >&2; exit 7").spawn()).unwrap();
  check(child.id > 1 && child.id != id(), "a process of its own");
  equal((await child.wait()).unwrap().code, 7, "its code");
}

/** More than pipes hold, on both of them, one after the other and mixed. */
async function output(): Promise<void> {
  const script = "head -c 300000 /dev/zero; head -c 400000 /dev/zero >&2; " +
    "head -c 500000 /dev/zero; exit 9";
  const output = (await shell(script).output()).unwrap();
  equal(output.stdout.length, 800000, "output");
  equal(output.stderr.length, 400000, "errors");
  equal(output.status.code, 9, "code");
  equal(await said(new Command("cat")), "", "its input is empty");
  const quiet = await shell("echo no; echo err >&2").stdout(Stdio.null()).output();
  equal(quiet.unwrap().stdout.length, 0, "what is not piped");
  equal(quiet.unwrap().stderr.toString(), "err\n", "what is");
}

async function signals(): Promise<void> {
  const child = (await new Command("sleep").arg("1000").spawn()).unwrap();
  check((await child.kill()).isOk, "kill");
  check((await child.kill()).isOk, "and again");
  equal<i32>((await child.wait()).unwrap().signal, Signal.Kill, "how it ended");
  check((await child.kill()).isOk, "one that has ended");
  const gone = await child.signal(Signal.Hangup);
  fails<Unit>(gone, ErrorKind.NoSuchProcess, "send SIGHUP \"sleep\" (ESRCH)");
  const caught = (await shell("trap 'exit 5' USR1; echo; while :; do sleep 0.01; done")
    .stdout(Stdio.piped()).spawn()).unwrap();
  equal((await caught.stdout!.read(Vec.withCapacity<u8>(10))).n, 1, "it is ready");
  check((await caught.signal(Signal.User1)).isOk, "a signal that is caught");
  equal((await caught.wait()).unwrap().code, 5, "what came of it");
  const none = (await new Command("sleep").arg("1000").spawn()).unwrap();
  fails<Unit>(await none.signal(<Signal>99), ErrorKind.InvalidInput, "send 99 (EINVAL)");
  check((await none.kill()).isOk && (await none.wait()).isOk, "its end");
}

async function missing(): Promise<void> {
  fails<Child>(await new Command("no-such-program").spawn(), ErrorKind.NotFound,
    "spawn \"no-such-program\": not found (ENOENT)");
  fails<Child>(await new Command("").spawn(), ErrorKind.NotFound, "spawn (ENOENT)");
  fails<Child>(await new Command("/no/such/program").spawn(), ErrorKind.NotFound, "(ENOENT)");
  fails<Child>(await new Command("/etc/passwd").spawn(), ErrorKind.PermissionDenied, "(EACCES)");
  fails<Child>(await new Command("/").spawn(), ErrorKind.PermissionDenied, "(EACCES)");
  fails<Child>(await new Command("/bin/sh/x").spawn(), ErrorKind.NotADirectory, "(ENOTDIR)");
  fails<Output>(await new Command("no-such-program").output(), ErrorKind.NotFound, "(ENOENT)");
  fails<Child>(await new Command("x".repeat(300)).spawn(), ErrorKind.InvalidFilename, "spawn");
  fails<Child>(await new Command("/" + "x".repeat(5000)).spawn(), ErrorKind.InvalidFilename, "");
  const big = new Command("true").arg("x".repeat(200000));
  fails<Child>(await big.spawn(), ErrorKind.ArgumentListTooLong, "spawn \"true\" (E2BIG)");
}

/** In the directory: `tool` and `tools/tool`, which say who they are; `text` is no program. */
async function paths(dir: string): Promise<void> {
  equal(await said(new Command("tool").env("PATH", "/no:" + dir)), "tool\n", "the child's PATH");
  equal(await said(new Command(dir + "/tool")), "tool\n", "an absolute path");
  const below = dir + "/tools";
  equal(await said(new Command("./tool").currentDir(below)), "below\n", "from its directory");
  equal(await said(new Command("pwd").currentDir(below)), below + "\n", "its directory");
  fails<Child>(await new Command("tool").spawn(), ErrorKind.NotFound, "tool (ENOENT)");
  const refused = ErrorKind.NotExecutable;
  fails<Child>(await new Command(dir + "/text").spawn(), refused, "text (ENOEXEC)");
  fails<Child>(await new Command("text").env("PATH", dir).spawn(), refused, "(ENOEXEC)");
  fails<Child>(await new Command("pwd").currentDir(dir + "/none").spawn(), ErrorKind.NotFound,
    "change directory \"" + dir + "/none\" (ENOENT)");
  fails<Child>(await new Command("pwd").currentDir(dir + "/text").spawn(),
    ErrorKind.NotADirectory, "change directory (ENOTDIR)");
  fails<Child>(await new Command("none").currentDir(dir).spawn(), ErrorKind.NotFound,
    "spawn \"none\" (ENOENT)");
  // Not executable hides nothing that is, behind it.
  equal(await said(new Command("tool").env("PATH", dir + "/plain:" + dir)), "tool\n", "behind it");
  fails<Child>(await new Command("tool").env("PATH", dir + "/plain").spawn(),
    ErrorKind.PermissionDenied, "tool (EACCES)");
}

async function environment(): Promise<void> {
  equal(await said(shell("echo $INHERITED")), "yes\n", "what the app has");
  equal(await said(shell("echo $A$INHERITED").env("A", "a=b ").env("INHERITED", "now")),
    "a=b now\n", "what is set");
  equal(await said(shell("echo $A").env("A", "1").env("A", "2")), "2\n", "the last one counts");
  equal(await said(shell("echo ${INHERITED-none}").envRemove("INHERITED")), "none\n", "removed");
  equal(await said(shell("echo ${INHERITED-none}$A").env("A", "1").envClear()), "none\n", "clear");
  const cleared = new Command("/usr/bin/env").envClear().env("ONLY", "this");
  equal(await said(cleared), "ONLY=this\n", "nothing else");
  equal(await said(new Command("env").envClear()), "", "nothing at all, found without PATH");
}

async function arguments(): Promise<void> {
  const odd = ["", " ", "\udcff\udc00x", "a\nb", "ü\u{1F600}", "-n", "$HOME", "'\""];
  const printed = (await new Command("printf").arg("%s|").args(odd).output()).unwrap().stdout;
  const expected = new Vec<u8>();
  for (let i = 0; i < odd.length; i++) expected.pushString(odd[i] + "|");
  equal(printed.toString(), expected.toString(), "arguments");
  equal(printed.length, expected.length, "their bytes");
  const name = (await shell("cat /proc/$$/cmdline").output()).unwrap().stdout;
  check(name.toString().startsWith("sh\0-c\0cat"), "the name is the first");
}

async function countedBytes(words: i32): Promise<i32> {
  const command = shell("printf '%s' \"$@\" | wc -c").arg("sh");
  for (let i = 0; i < words; i++) command.arg("x".repeat(99));
  const output = await command.output();
  return output.isOk ? I32.parseInt(output.unwrap().stdout.toString().trim()) : -1;
}

/** Command lines of more than 64 KiB, two of them at once, and more than the system takes. */
async function large(): Promise<void> {
  const one = countedBytes(9000);
  const other = countedBytes(5000);
  equal(await one, 9000 * 99, "all arguments of one");
  equal(await other, 5000 * 99, "and of the other");
  const long = "y".repeat(100000);
  const environment = shell("echo ${#A}").env("A", long);
  equal(await said(environment), "100000\n", "a variable");
  const most = new Command("true");
  for (let i = 0; i < 100; i++) most.arg(long);
  fails<Child>(await most.spawn(), ErrorKind.ArgumentListTooLong, "spawn \"true\" (E2BIG)");
  for (let i = 0; i < 100; i++) most.arg(long);
  fails<Child>(await most.spawn(), ErrorKind.ArgumentListTooLong, "spawn \"true\" (E2BIG)");
}

async function waits(): Promise<void> {
  const child = (await shell("read line; exit 4").stdin(Stdio.piped()).spawn()).unwrap();
  const input = child.stdin!;
  child.stdin = null;
  const first = child.wait();
  const second = child.wait();
  const late = await timeout(child.wait(), Duration.fromMillis(20));
  check(late.isErr && late.error.kind == ErrorKind.TimedOut, "it waits for its input");
  check(first.isPending && second.isPending, "the others wait on");
  check((await writeAll(input, Vec.fromString("\n"))).isOk, "its input");
  equal((await first).unwrap().code, 4, "the first");
  equal((await second).unwrap().code, 4, "the second");
  equal((await child.wait()).unwrap().code, 4, "afterwards");
  check((await input.close()).isOk, "closed");
  // Without a reader of its input a child is told of the end by `wait`.
  const reader = (await new Command("cat").stdin(Stdio.piped()).spawn()).unwrap();
  equal((await reader.wait()).unwrap().code, 0, "a reader");
  // It has ended long before anybody waits.
  const early = (await shell("exit 6").stdout(Stdio.piped()).spawn()).unwrap();
  equal((await early.stdout!.read(Vec.withCapacity<u8>(1))).n, 0, "the end of its output");
  await sleep(Duration.fromMillis(20));
  equal((await early.wait()).unwrap().code, 6, "what it left");
}

async function cancelled(): Promise<void> {
  const child = (await new Command("sleep").arg("1000").spawn()).unwrap();
  const wait = child.wait();
  wait.cancel();
  check((await wait).isErr, "cancelled");
  const again = await timeout(child.wait(), Duration.fromMillis(10));
  check(again.isErr, "it goes on");
  check((await child.kill()).isOk, "killed");
  equal<i32>((await child.wait()).unwrap().signal, Signal.Kill, "ended");
  const started = new Command("sleep").arg("1000").spawn();
  started.cancel();
  const late = await started;
  if (late.isOk) check((await late.unwrap().kill()).isOk, "one that was faster");
  else equal<ErrorKind>(late.error.kind, ErrorKind.Cancelled, "what cancelled means");
  // Nobody could end these but the one who was cancelled.
  const own = "1000" + id().toString();
  const status = await timeout(new Command("sleep").arg(own).status(), Duration.fromMillis(10));
  check(status.isErr && status.error.kind == ErrorKind.TimedOut, "status");
  const output = await timeout(new Command("sleep").arg(own).output(), Duration.fromMillis(10));
  check(output.isErr && output.error.kind == ErrorKind.TimedOut, "output");
  equal(await said(shell(`pgrep -xf 'sleep ${own}' | wc -l`)), "0\n", "none is left");
}

/** More than pipes hold, in both directions at the same time. */
async function input(): Promise<void> {
  const bytes = pattern(3_000_000);
  const both = (await new Command("tee").arg("/dev/stderr").output(bytes)).unwrap();
  check(both.status.success && !bytes.isLent, "its end");
  check(both.stdout.equals(bytes) && both.stderr.equals(bytes), "all came back, twice");
  const two = [new Command("cat").output(bytes.slice(0, 1000)), new Command("cat").output(bytes)];
  check((await two[1]).unwrap().stdout.equals(bytes), "one of two at once");
  equal((await two[0]).unwrap().stdout.length, 1000, "the other");
  equal((await new Command("cat").output(new Vec<u8>())).unwrap().stdout.length, 0, "nothing");
  // One that reads only a part of it, or nothing and goes on, is as good.
  const head = (await new Command("head").args(["-c", "5"]).output(bytes)).unwrap();
  check(head.status.success && head.stdout.equals(bytes.slice(0, 5)), "a part");
  const deaf = (await shell("sleep 0.1; echo done; exit 3").output(bytes)).unwrap();
  check(deaf.status.code == 3 && deaf.stdout.toString() == "done\n", "nobody reads");
  const heir = shell("sleep 1000 <&0 >/dev/null 2>&1 & echo $!");
  const left = (await heir.output(bytes)).unwrap().stdout.toString().trim();
  check((await new Command("kill").arg(left).status()).unwrap().success, "who has its input still");
  const twice = await new Command("cat").stdin(Stdio.null()).output(bytes);
  fails<Output>(twice, ErrorKind.InvalidInput, 'spawn "cat" its input is no pipe');
  const child = (await new Command("true").spawn()).unwrap();
  const none = await child.waitWithOutput(bytes);
  fails<Output>(none, ErrorKind.InvalidInput, 'write "true" its input is no pipe');
  check((await child.wait()).unwrap().success, "it can still be waited for");
  const own = "2000" + id().toString();
  const given = timeout(new Command("sleep").arg(own).output(bytes), Duration.fromMillis(20));
  check((await given).isErr && !bytes.isLent, "given up");
  equal(await said(shell(`pgrep -xf 'sleep ${own}' | wc -l`)), "0\n", "and ended");
}

/** Whoever waits ends the input, but not before what is being written has been. */
async function lastWords(): Promise<void> {
  const bytes = pattern(1_000_000);
  const counts = new Command("wc").arg("-c").stdin(Stdio.piped()).stdout(Stdio.piped());
  const one = (await counts.spawn()).unwrap();
  const writing = one.stdin!.write(bytes);
  const output = (await one.waitWithOutput()).unwrap();
  equal(output.stdout.toString().trim(), "1000000", "all of it");
  equal((await writing).unwrap(), 1_000_000, "what the writer is told");
  // Two writes at once, and one that comes too late.
  const two = (await new Command("cat").stdin(Stdio.piped()).stdout(Stdio.piped()).spawn())
    .unwrap();
  const input = two.stdin!;
  const first = input.write(bytes);
  const second = input.write(Vec.fromString("end"));
  const waiting = two.waitWithOutput();
  const late = await input.write(Vec.fromString("late"));
  const words = 'write "cat" its input has ended takeStdin';
  failsToTransfer(late, ErrorKind.BrokenPipe, words);
  const all = (await waiting).unwrap().stdout;
  equal(all.length, 1_000_003, "both");
  check((await first).isOk && (await second).isOk, "both are done");
  // Who detaches lets it have what is under way.
  const far = (await shell("cat >/dev/null").stdin(Stdio.piped()).spawn()).unwrap();
  const going = far.stdin!.write(bytes);
  far.detach();
  equal((await going).unwrap(), 1_000_000, "all of it");
  // A write that is given up ends the input, too, and says how far it got.
  const stuck = (await new Command("sleep").arg("1000").stdin(Stdio.piped()).spawn()).unwrap();
  const halfway = stuck.stdin!.write(bytes);
  const ending = stuck.wait();
  await sleep(Duration.fromMillis(10));
  halfway.cancel();
  const gone = await halfway;
  check(gone.isErr && gone.n > 0 && gone.n < 1_000_000 && !bytes.isLent, "half of it");
  check((await stuck.kill()).isOk && (await ending).isOk, "its end");
}

/** The group that a command finds itself in. */
async function groupOf(command: Command): Promise<u32> {
  return <u32>I32.parseInt((await said(command)).trim());
}

async function groups(): Promise<void> {
  const asks = "ps -o pgid= -p $$";
  const own = await groupOf(shell(asks));
  equal(await groupOf(shell(asks)), own, "the app's");
  check((await groupOf(shell(asks).processGroup())) != own, "a new one");
  const leader = (await new Command("cat").stdin(Stdio.piped()).processGroup().spawn()).unwrap();
  equal(await groupOf(shell(asks).processGroup(leader.id)), leader.id, "the leader's");
  const two = [groupOf(shell(asks).processGroup()), groupOf(shell(asks).processGroup())];
  check((await two[0]) != (await two[1]), "two at once have one each");
  check((await leader.wait()).unwrap().success, "its end");
  const gone = await shell(asks).processGroup(leader.id).spawn();
  const words = 'set the process group of "sh" (EPERM)';
  fails<Child>(gone, ErrorKind.PermissionDenied, words);
  const first = await shell(asks).processGroup(1).spawn();
  fails<Child>(first, ErrorKind.InvalidInput, "spawn group 1");
  const foreign = await shell(asks).processGroup(0xffffffff).spawn();
  fails<Child>(foreign, ErrorKind.InvalidInput, "spawn (EINVAL)");
  const spawning = shell("exit 3").processGroup().spawn();
  spawning.cancel();
  const late = await spawning;
  if (late.isOk) equal((await late.unwrap().wait()).unwrap().code, 3, "one that was faster");
  else equal<ErrorKind>(late.error.kind, ErrorKind.Cancelled, "given up");
}

/** User, group, and all groups of a command. */
const ASKS = "echo $(id -u) $(id -g) $(id -G)";
const NOBODY: u32 = 65534;

/** `dir`: a directory that nobody but the app's user may enter. */
async function owner(isRoot: bool, dir: string): Promise<void> {
  const own = await said(shell(ASKS));
  const user = <u32>I32.parseInt(own);
  equal(await said(shell(ASKS).uid(user)), own, "the app's");
  if (isRoot) {
    const all = shell(ASKS).uid(NOBODY).gid(NOBODY);
    equal(await said(all), "65534 65534 65534\n", "user and group");
    check((await said(shell(ASKS).uid(NOBODY))).startsWith("65534 0 0"), "the user alone");
    check((await said(shell(ASKS).gid(NOBODY))).startsWith("0 65534"), "the group alone");
    const outside = await shell("").uid(NOBODY).currentDir(dir).spawn();
    fails<Child>(outside, ErrorKind.PermissionDenied, `change directory "${dir}" (EACCES)`);
    fails<Child>(await new Command("/no-such").uid(NOBODY).spawn(), ErrorKind.NotFound, "ENOENT");
    const stuck = (await new Command("sleep").arg("60").uid(NOBODY).spawn()).unwrap();
    check((await stuck.kill()).isOk && (await stuck.wait()).isOk, "its end");
  } else {
    const words = 'set the user and group of "sh" (EPERM)';
    fails<Child>(await shell("").uid(0).spawn(), ErrorKind.PermissionDenied, words);
    fails<Child>(await shell("").gid(0).spawn(), ErrorKind.PermissionDenied, words);
  }
  equal(await said(shell(ASKS)), own, "the app's own as before");
  const noUser = await shell("").uid(U32.MAX_VALUE).spawn();
  fails<Child>(noUser, ErrorKind.InvalidInput, "no user has the number 4294967295");
  const noGroup = await shell("").gid(U32.MAX_VALUE).spawn();
  fails<Child>(noGroup, ErrorKind.InvalidInput, "no group has the number 4294967295");
}

async function feed(input: ChildStdin, bytes: Vec<u8>): Promise<void> {
  const written = await writeAll(input, bytes);
  check(written.isOk, "all is written");
  check((await input.close()).isOk, "closed");
}

async function cat(): Promise<void> {
  const child = (await new Command("cat").stdin(Stdio.piped()).stdout(Stdio.piped()).spawn())
    .unwrap();
  const input = child.takeStdin()!;
  check(child.takeStdin() === null, "it can be taken once");
  const size = 1000000;
  const feeding = feed(input, pattern(size));
  const output = (await child.waitWithOutput()).unwrap();
  await feeding;
  check(output.status.success, "its end");
  equal(output.stdout.length, size, "all came back");
  const wanted = pattern(size);
  for (let i = 0; i < size; i++) {
    if (output.stdout[i] != wanted[i]) throw new Error("byte " + i.toString() + " differs");
  }
  check((await input.write(Vec.fromString("x"))).isErr, "a pipe that is closed");
}

async function ends(): Promise<void> {
  const child = (await new Command("true").stdin(Stdio.piped()).spawn()).unwrap();
  const input = child.stdin!;
  child.stdin = null;
  check((await child.wait()).unwrap().success, "it has ended");
  failsToTransfer(await input.write(Vec.fromString("x")), ErrorKind.BrokenPipe, "write (EPIPE)");
  await input.close();
  const other = (await new Command("yes").stdout(Stdio.piped()).spawn()).unwrap();
  check((await other.stdout!.close()).isOk, "nobody reads");
  equal<i32>((await other.wait()).unwrap().signal, Signal.Pipe, "it is told so");
}

/** `yes` goes on until nobody reads: the app must not hold the pipe that connects them. */
async function connected(): Promise<void> {
  const source = (await new Command("yes").stdout(Stdio.piped()).spawn()).unwrap();
  const head = new Command("head").args(["-n", "3"]).stdin(Stdio.from(source.stdout!));
  equal(await said(head), "y\ny\ny\n", "what came through");
  equal<i32>((await source.wait()).unwrap().signal, Signal.Pipe, "the end of the source");
  const broken = (await new Command("yes").stdout(Stdio.piped()).spawn()).unwrap();
  const none = await new Command("no-such-program").stdin(Stdio.from(broken.stdout!)).spawn();
  check(none.isErr, "nobody to connect to");
  equal<i32>((await broken.wait()).unwrap().signal, Signal.Pipe, "and nobody who reads");
}

async function files(dir: string): Promise<void> {
  const path = dir + "/out";
  const file = (await new OpenOptions().write().create().open(path)).unwrap();
  const both = shell("echo out; echo err >&2").stdout(Stdio.from(file)).stderr(Stdio.from(file));
  check((await both.status()).unwrap().success, "both into one file");
  check((await file.close()).isOk, "the file is still the app's");
  const input = (await new OpenOptions().read().open(path)).unwrap();
  equal(await said(new Command("cat").stdin(Stdio.from(input))), "out\nerr\n", "from a file");
  check((await input.close()).isOk, "closed");
  const closed = await new Command("cat").stdin(Stdio.from(input)).spawn();
  fails<Child>(closed, ErrorKind.InvalidHandle, "spawn \"cat\" (EBADF)");
}

async function put(file: File, words: string): Promise<void> {
  equal((await file.write(Vec.fromString(words))).unwrap(), words.length, "written");
}

async function contents(path: string): Promise<string> {
  return (await readToString(path)).unwrap();
}

/** An app and its children stand at one place in a file. */
async function positions(dir: string): Promise<void> {
  const path = dir + "/out";
  const echo = (file: File): Command => shell("echo child").stdout(Stdio.from(file));
  const options = new OpenOptions().read().write().create();
  const file = (await options.open(path)).unwrap();
  await put(file, "first\n");
  check((await echo(file).status()).unwrap().success, "a child writes");
  await put(file, "second\n");
  check((await echo(file).stderr(Stdio.from(file)).status()).unwrap().success, "and another one");
  await put(file, "third\n");
  equal(await contents(path), "first\nchild\nsecond\nchild\nthird\n", "one after the other");

  equal<u64>((await file.seek(SeekFrom.end(-6))).unwrap(), 25, "from the end");
  check((await echo(file).status()).unwrap().success, "where the app went");
  equal<u64>((await file.seek(SeekFrom.current(0))).unwrap(), 31, "where the child got");
  fails<u64>(await file.seek(SeekFrom.current(-99)), ErrorKind.InvalidInput, "seek out EINVAL");
  equal<u64>((await file.seek(SeekFrom.start(6))).unwrap(), 6, "from the beginning");
  const head = new Command("head").args(["-c", "6"]).stdin(Stdio.from(file));
  equal(await said(head), "child\n", "what a child reads");
  equal((await file.read(Vec.withCapacity<u8>(6))).buf.toString(), "second", "what comes then");
  equal((await file.readAt(Vec.withCapacity<u8>(5), 0)).buf.toString(), "first", "readAt");
  check((await file.close()).isOk, "close");

  const log = (await new OpenOptions().append().open(path)).unwrap();
  check((await echo(log).status()).unwrap().success, "a child appends");
  await put(log, "end\n");
  check((await log.close()).isOk, "close");
  equal(await contents(path), "first\nchild\nsecond\nchild\nchild\nchild\nend\n", "appended");

  const fifo = (await options.open(dir + "/fifo")).unwrap();
  check((await echo(fifo).status()).unwrap().success, "what has no position");
  equal((await fifo.read(Vec.withCapacity<u8>(99))).buf.toString(), "child\n", "comes through");
  fails<u64>(await fifo.seek(SeekFrom.start(0)), ErrorKind.NotSeekable, "seek fifo ESPIPE");
  check((await fifo.close()).isOk, "close");
}

/** Prints so many lines, one by one, while the app does something else. */
const LINES = "n=0; while [ $n -lt 3000 ]; do echo child; n=$((n+1)); done";

/** What app and child write at once overwrites nothing. */
async function together(dir: string): Promise<void> {
  const file = (await File.create(dir + "/out")).unwrap();
  const child = (await shell(LINES).stdout(Stdio.from(file)).spawn()).unwrap();
  for (let i = 0; i < 3000; i++) await put(file, "mine.\n");
  check((await child.wait()).unwrap().success, "the child");
  check((await file.close()).isOk, "close");
  const lines = (await contents(dir + "/out")).split("\n");
  equal(lines.length, 6001, "lines");
  for (let i = 0; i < 6000; i++) {
    check(lines[i] == "child" || lines[i] == "mine.", "a whole line: " + lines[i]);
  }
}

/** The same for the standard output; the test looks at it. */
async function sharedOutput(): Promise<i32> {
  const child = (await shell(LINES).spawn()).unwrap();
  for (let i = 0; i < 3000; i++) (await println("mine.")).unwrap();
  return (await child.wait()).unwrap().code;
}

async function codeOf(code: i32): Promise<i32> {
  const status = await shell("exit " + code.toString()).status();
  return status.isOk ? status.unwrap().code : -1;
}

async function many(): Promise<void> {
  const running: Promise<i32>[] = [];
  for (let i = 0; i < 200; i++) running.push(codeOf(i));
  const codes = await Promise.all<i32>(running);
  for (let i = 0; i < 200; i++) equal(codes[i], i, "the code of each");
}

/** In the directory: `tool`, which says so. */
async function busy(dir: string): Promise<void> {
  const path = dir + "/tool";
  const file = (await new OpenOptions().write().open(path)).unwrap();
  const refused = await new Command(path).spawn();
  fails<Child>(refused, ErrorKind.ExecutableFileBusy, "spawn tool (ETXTBSY)");
  const started = new Command(path).output();
  check((await file.close()).isOk, "closed");
  equal((await started).unwrap().stdout.toString(), "tool\n", "once it is closed");
}

/** Does everything that makes a child, a pipe or both, and does not always work. */
async function children(): Promise<void> {
  check((await shell("exit 0").status()).isOk, "status");
  check((await shell("echo x").output()).isOk, "output");
  check((await new Command("no-such-program").output()).isErr, "missing");
  check((await shell("").currentDir("/no/such").output()).isErr, "no directory");
  const piped = shell("exec cat").stdin(Stdio.piped()).stdout(Stdio.piped());
  check((await (await piped.spawn()).unwrap().waitWithOutput()).isOk, "piped");
  check((await timeout(shell("exec sleep 1000").output(), Duration.fromNanos(0))).isErr, "late");
  check((await timeout(shell("exec sleep 1000").output(), Duration.fromMillis(2))).isErr, "later");
  const spawning = shell("exec sleep 1000").stdout(Stdio.piped()).spawn();
  spawning.cancel();
  const spawned = await spawning;
  if (spawned.isOk) await spawned.unwrap().end();
  (await shell("exec cat").stdin(Stdio.piped()).spawn()).unwrap().detach();
  (await shell("sleep 0.01").spawn()).unwrap().detach();
}

/** Descriptors of the launcher, without the one that lists them. */
async function descriptors(): Promise<i32> {
  return I32.parseInt((await said(shell("ls /proc/$PPID/fd | wc -l"))).trim());
}

async function nothingLeft(): Promise<void> {
  await children();
  // Whoever was let go takes a moment; then nothing of them is left.
  const reaped = "n=0; while [ $(pgrep -P $PPID | wc -l) -gt 1 ] && [ $n -lt 500 ]; " +
    "do sleep 0.01; n=$((n+1)); done; pgrep -P $PPID | wc -l";
  equal(await said(shell(reaped)), "1\n", "only the one that looks");
  const before = await descriptors();
  for (let i = 0; i < 10; i++) await children();
  equal(await said(shell(reaped)), "1\n", "again");
  // What nobody waits for is closed a moment later.
  let after = await descriptors();
  for (let i = 0; i < 100 && after > before; i++) after = await descriptors();
  check(after <= before, `descriptors: ${after} where there were ${before}`);
}

async function onlyStreams(): Promise<void> {
  // The last one is that of the directory which is listed.
  equal(await said(new Command("ls").arg("/proc/self/fd")), "0\n1\n2\n3\n", "what it has open");
}

/** In the directory: `tool`, which may be started, and `sh`, which may not. */
async function listed(dir: string): Promise<void> {
  equal(await said(new Command("./tool")), "tool\n", "what is on the list");
  equal(await said(shell("echo real")), "real\n", "the PATH of the launcher");
  equal(await said(shell("echo $LANG").env("LANG", "C")), "C\n", "what harms nobody");
  fails<Child>(await new Command(dir + "/tool").spawn(), ErrorKind.PermissionDenied, "(EACCES)");
  fails<Child>(await new Command("/bin/sh").spawn(), ErrorKind.PermissionDenied, "(EACCES)");
  const harmful = ["PATH", "LD_PRELOAD", "GCONV_PATH", "BASH_ENV", "ENV", "IFS", "HOME", "X"];
  for (let i = 0; i < harmful.length; i++) {
    const passed = await shell("").env(harmful[i], dir).spawn();
    fails<Child>(passed, ErrorKind.PermissionDenied, "pass a variable to \"sh\" (EACCES)");
  }
  equal(await said(shell("echo led").processGroup()), "led\n", "a group of its own");
  const joined = await shell("").processGroup(2).spawn();
  const words = 'set the process group of "sh" (EACCES)';
  fails<Child>(joined, ErrorKind.PermissionDenied, words);
  const other = await shell("").uid(NOBODY).spawn();
  fails<Child>(other, ErrorKind.PermissionDenied, 'set the user and group of "sh" (EACCES)');
}

async function denied(): Promise<void> {
  fails<Child>(await shell("").spawn(), ErrorKind.PermissionDenied, "spawn \"sh\" (EACCES)");
  const output = await shell("").output();
  fails<Output>(output, ErrorKind.PermissionDenied, "spawn \"sh\" (EACCES)");
}

/** There are few descriptors. That they have run out is an error, and nothing is lost by it. */
async function exhausted(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    const children: Child[] = [];
    const command = new Command("cat").stdin(Stdio.piped()).stdout(Stdio.piped());
    while (true) {
      const started = await command.spawn();
      if (started.isErr) {
        fails<Child>(started, ErrorKind.TooManyOpenFiles, "\"cat\" (EMFILE)");
        break;
      }
      children.push(started.unwrap());
    }
    check(children.length > 2 && children.length < 60, "some of them were started");
    for (let i = 0; i < children.length; i++) {
      check((await children[i].wait()).unwrap().success, "each ends");
      check((await children[i].stdout!.close()).isOk, "its output");
    }
    equal(await said(shell("echo again")), "again\n", "then it works again");
  }
}

async function mistakes(): Promise<void> {
  fails<Child>(await new Command("a\0b").spawn(), ErrorKind.InvalidInput, "NUL");
  fails<Child>(await new Command("ls").arg("a\0b").spawn(), ErrorKind.InvalidInput, "argument NUL");
  fails<Child>(await new Command("ls").env("A=B", "c").spawn(), ErrorKind.InvalidInput, "A=B");
  fails<Child>(await new Command("ls").env("", "c").spawn(), ErrorKind.InvalidInput, "variable");
  fails<Child>(await new Command("ls").currentDir("\0").spawn(), ErrorKind.InvalidInput, "NUL");
  const child = (await new Command("sleep").arg("1000").spawn()).unwrap();
  child.detach();
  fails<Unit>(await child.signal(Signal.Kill), ErrorKind.InvalidHandle, "sleep (EBADF)");
  const result: Result<Unit> = await child.kill();
  check(result.isErr, "one that was let go");
  (await new Command("kill").arg(child.id.toString()).status()).unwrap();
  if (args().length > 2) exit(2);
}
