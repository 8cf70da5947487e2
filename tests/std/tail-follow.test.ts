/** The demo that follows a file, beside the real `tail`, and while real tools write to the file. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Conversation, type Ending } from "../conversation.js";
import { assert, fdCount, root, suite, tempDir } from "../harness.js";
import { compileGuest, runGuest } from "./guest.js";

const launcher = join(root, "dist/host/launcher.cjs");
const test = suite("demo/tail-follow", { timeout: 60_000 });
let wasm = "";
test.before(async () => {
  wasm = await compileGuest("demo/tail-follow.ts");
});

/** Something that is followed: what is said about it comes on the standard error output. */
class Following {
  readonly talk: Conversation;
  readonly ended: Promise<unknown[]>;
  private complaints = "";

  constructor(folder: string, name: string) {
    const args = [launcher, "run", "--dir", ".", wasm, name];
    this.talk = new Conversation(process.execPath, args, {
      cwd: folder,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.ended = once(this.child, "close");
    this.child.stderr!.on("data", (bytes: Buffer) => { this.complaints += bytes.toString(); });
  }

  get child(): ChildProcess {
    return this.talk.child;
  }

  async expect(...lines: string[]): Promise<void> {
    for (const line of lines) await this.talk.expect(line);
  }

  /** Ends it. @returns what it said besides. */
  async stop(signal: NodeJS.Signals): Promise<string> {
    this.talk.kill(signal);
    const wanted: Ending = { code: 0, signal: null };
    assert.equal(await this.talk.end(), wanted, this.complaints);
    return this.complaints;
  }
}

function shell(folder: string, script: string): void {
  execFileSync("sh", ["-c", script], { cwd: folder });
}

test("shows the last lines, then what is appended, until Ctrl-C", async () => {
  const folder = tempDir("tail");
  shell(folder, "seq 15 >log");
  const following = new Following(folder, "log");
  await following.expect("6", "7", "8", "9", "10", "11", "12", "13", "14", "15");
  shell(folder, "echo one >>log; printf 'two, ' >>log");
  await following.expect("one");
  shell(folder, "echo its rest >>log");
  await following.expect("two, its rest");
  shell(folder, "seq 20000 >>log");
  for (let number = 1; number <= 20000; number++) await following.expect(String(number));
  const size = execFileSync("sh", ["-c", "tail -n +6 log | wc -c"], { cwd: folder });
  const wanted = `tail-follow: ${size.toString().trim()} bytes of "log"\n`;
  assert.is(await following.stop("SIGINT"), wanted);
});

test("follows a file that is cut off, removed and replaced", async () => {
  const folder = tempDir("tail");
  shell(folder, "echo first >log");
  const following = new Following(folder, "log");
  await following.expect("first");
  const descriptors = fdCount(following.child.pid!);
  shell(folder, "echo new >log");
  await following.expect("new");
  for (let round = 1; round <= 3; round++) {
    // What is written to the old file before the new one is there is not lost.
    shell(folder, `echo late ${round} >>log; mv log log.1; echo later >>log.1; echo new >log`);
    await following.expect(`late ${round}`, "later", "new");
  }
  shell(folder, "rm log; echo back >log");
  await following.expect("back");
  shell(folder, "echo end >>log");
  await following.expect("end");
  // One more for a look at the name, now or then.
  assert.ok(fdCount(following.child.pid!) <= descriptors + 1, "each file is closed");
  const said = await following.stop("SIGTERM");
  assert.is(said.match(/was cut off/g)?.length, 1);
  assert.is(said.match(/is another file now/g)?.length, 4);
  assert.match(said, /tail-follow: \d+ bytes of "log"\n$/);
});

const contents: [what: string, text: string][] = [
  ["no end of the line", "one\ntwo"],
  ["ten lines", "x\n".repeat(10)],
  ["eleven lines without the last end", "y\n".repeat(10) + "z"],
  ["lines longer than a block", `${"a".repeat(100_000)}\n`.repeat(12)],
  ["ends of lines where blocks meet", `${"c".repeat(65_535)}\n`.repeat(15)],
];

for (const [what, text] of contents) {
  test(`begins where the real tail begins: ${what}`, async () => {
    const folder = tempDir("tail");
    writeFileSync(join(folder, "log"), text);
    const wanted = execFileSync("tail", ["-n", "10", "log"], { cwd: folder }).toString();
    const child = spawn(process.execPath, [launcher, "run", "--dir", ".", wasm, "log"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    let shown = "";
    child.stdout.on("data", (bytes: Buffer) => {
      shown += bytes.toString();
      if (shown.length >= wanted.length) child.kill("SIGINT");
    });
    await once(child, "close");
    assert.ok(shown === wanted, `${shown.length} and ${wanted.length} bytes`);
  });
}

test("what cannot be followed is told", async () => {
  const folder = tempDir("tail");
  shell(folder, "mkdir dir");
  const ask = async (...args: string[]): Promise<unknown[]> => {
    const { stdout, stderr, code } = await runGuest(wasm, { args, cwd: folder });
    return [stdout, stderr, code];
  };
  assert.equal(await ask(), ["", "usage: tail-follow FILE\n", 2]);
  assert.equal(await ask("nope"),
    ["", 'tail-follow: open "nope": not found (ENOENT)\n', 1]);
  assert.equal(await ask("dir"),
    ["", 'tail-follow: follow "dir": is not a regular file\n', 1]);
});

test("a reader who has gone ends it", async () => {
  const folder = tempDir("tail");
  shell(folder, "seq 5 >log");
  const following = new Following(folder, "log");
  await following.expect("1", "2", "3", "4", "5");
  following.child.stdout!.destroy();
  shell(folder, "echo more >>log");
  assert.is((await following.ended)[0], 1);
});

test.run();
