/** What `std/io` must do on every backend: `tests/guest/std/io.ts` does it, this looks on. */
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { openSync, closeSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { compileC, findCompiler } from "../../scripts/native.js";
import { assert, exec, root, suite, tempDir, type ExecResult, type Suite } from "../harness.js";
import { compileGuest, runGuest, runOnTerminal, type RunOptions } from "../std/guest.js";
import type { Variant } from "./backends.js";

const launcher = join(root, "dist/host/launcher.cjs");

/** Cases in which the guest has its own streams. */
const plainCases = {
  bufReader: "BufReader finds lines however the bytes come",
  lineLimit: "BufReader gives up a line that does not end",
  bufReaderErrors: "BufReader loses nothing to an error",
  toEnd: "readToEnd reads to the end",
  exactly: "readExact fills its buffer, or says how far it came",
  readLines: "readLines gives the lines without their ends",
  bufWriter: "BufWriter keeps little, and loses nothing to an error",
  writers: "writeAll writes everything, or says why not",
  copies: "copy moves everything, or says why not",
} as const;

/** How the cases run the guest. */
class Guest {
  wasm = "";
  readonly env: Variant["env"];

  constructor({ env }: Variant) {
    this.env = env;
  }

  run(args: string[], options: RunOptions = {}): Promise<ExecResult> {
    return runGuest(this.wasm, { grants: [], args, env: this.env, ...options });
  }

  /** Starts it with streams of the test's choice. */
  spawn(name: string, stdio: StdioOptions): ChildProcess {
    const env = { ...process.env, ...this.env };
    return spawn(process.execPath, this.command(name), { stdio, env });
  }

  /** Has a shell run it: `"$0" "$@"` in `script` is the guest. */
  shell(script: string, name: string, cwd = ".", input = Buffer.alloc(0)): Promise<ExecResult> {
    return this.shellWords(script, [name], cwd, input);
  }

  /** The same with more arguments than the name of the case. */
  shellWords(script: string, args: string[], cwd = ".", input?: Buffer): Promise<ExecResult> {
    const words = ["-c", script, process.execPath, ...this.command(...args)];
    return exec("sh", words, { env: this.env, cwd, ...(input && { input }) });
  }

  private command(...args: string[]): string[] {
    return [launcher, "run", this.wasm, ...args];
  }
}

/** Runs the suite on a backend. */
export function ioConformance(variant: Variant): void {
  const test = suite(`std/io on ${variant.name}`, { timeout: 60_000 });
  const guest = new Guest(variant);
  test.before(async () => {
    guest.wasm = await compileGuest("std/io.ts");
  });
  addPlainCases(test, guest);
  addRedirectedCases(test, guest);
  addOutputCases(test, guest);
  addLeftCases(test, guest);
  addInputCases(test, guest);
  addKindCases(test, guest);
  test.run();
}

function addPlainCases(test: Suite, guest: Guest): void {
  for (const [name, title] of Object.entries(plainCases)) {
    test(title, async () => {
      const { code, stdout, stderr } = await guest.run([name]);
      assert.is(stderr, "");
      assert.is(stdout, "ok\n");
      assert.is(code, 0);
    });
  }

  test("lines of the standard input", async () => {
    const input = Buffer.concat([Buffer.from("one\r\n\ntwo\0\n"), Buffer.from([0xff, 0x0a, 0x33])]);
    const { stdout, code } = await guest.run(["lines"], { input });
    assert.is(stdout, "5:one\n1:\n5:two\0\nerror: read \"stdin\": not valid UTF-8\n1:3\n");
    assert.is(code, 0);
  });
}

/** Streams that are files and pipes. */
function addRedirectedCases(test: Suite, guest: Guest): void {
  for (const kind of ["pipe", "file"]) {
    test(`copies 5 MB from ${kind} to ${kind}`, async () => {
      const input = Buffer.alloc(5_000_000, "0123456789");
      if (kind === "pipe") {
        assert.ok((await guest.run(["cat"], { input })).stdoutBytes.equals(input));
        return;
      }
      const dir = tempDir("io");
      writeFileSync(join(dir, "in"), input);
      const { code, stderr } = await guest.shell(`exec "$0" "$@" <in >out`, "cat", dir);
      assert.is(stderr, "");
      assert.is(code, 0);
      assert.ok(readFileSync(join(dir, "out")).equals(input));
    });
  }

  test("output that is a file is appended to where the file stands", async () => {
    const dir = tempDir("io");
    const script = `printf 'before\n'; "$0" "$@"; printf 'after\n'`;
    assert.is((await guest.shell(`( ${script} ) >out`, "copies", dir)).stderr, "");
    assert.is(readFileSync(join(dir, "out"), "utf8"), "before\nok\nafter\n");
  });
}

function addOutputCases(test: Suite, guest: Guest): void {
  test("what is printed keeps the order of the calls", async () => {
    const { stdout, stderr, code } = await guest.run(["order"]);
    const numbers = Array.from({ length: 2000 }, (_, i) => `${i}\n`).join("");
    const rest = stdout.slice(3 + numbers.length);
    assert.is(stdout.slice(0, 3 + numbers.length), `abc${numbers}`);
    for (const name of ["p", "q"]) {
      const own = rest.split("\n").filter((line) => line.startsWith(name));
      assert.equal(own, [`${name}0`, `${name}1`, `${name}2`]);
    }
    assert.match(rest, /end\n$/);
    assert.is(stderr, "xy\n\n");
    assert.is(code, 0);
  });

  test("a print that is cancelled takes along nothing that others have printed", async () => {
    // The reader begins when the first text has filled the pipe and was given up.
    const script = `"$0" "$@" | (sleep 0.5; cat)`;
    const { stdout, code } = await guest.shell(script, "given up");
    assert.is(code, 0);
    assert.match(stdout, /^x+kept\nlast\n$/);
  });

  test("what trace says is there, even if the app dies of the next line", async () => {
    const file = join(tempDir("trace"), "errors");
    const { code, stderr } = await guest.run(["traces"]);
    assert.is(code, 134);
    await guest.shell(`"$0" "$@" 2>'${file}'`, "traces");
    const lines = Array.from({ length: 100 }, (_, i) => `trace: line ${i}.0, 0.5\n`).join("");
    const expected = `${lines}trace: ${"long ".repeat(20_000)}\n`;
    for (const said of [stderr, readFileSync(file, "utf8")]) {
      assert.is(said.slice(0, expected.length), expected);
      assert.match(said.slice(expected.length), /trap: unreachable/);
    }
  });

  test("20 MB reach a reader who is slow", async () => {
    const child = guest.spawn("flood", ["ignore", "pipe", "inherit"]);
    let size = 0;
    const exited = once(child, "exit");
    for await (const chunk of child.stdout!) {
      if (size === 0) await new Promise((resolve) => setTimeout(resolve, 200));
      size += (chunk as Buffer).length;
    }
    assert.is(size, 320 * (16 << 12));
    assert.equal((await exited)[0], 0);
  });

  test("a reader who has gone is an error, not a signal", async () => {
    const child = guest.spawn("broken", ["ignore", "pipe", "pipe"]);
    child.stdout!.destroy();
    let said = "";
    child.stderr!.on("data", (chunk: Buffer) => { said += chunk.toString(); });
    const [code] = await once(child, "close");
    assert.is(code, 7);
    assert.match(said, /^write "stdout": .*EPIPE/);
  });
}

/** How an app can end, and what its exit code is then. */
const ways = { return: 7, exit: 7, throw: 134, unwrap: 134, trap: 134, deadlock: 1 } as const;

/** What is printed and never waited for. */
function addLeftCases(test: Suite, guest: Guest): void {
  const count = 60_000;
  const all = Array.from({ length: count }, (_, index) => `line ${index}\n`).join("");

  for (const [way, expected] of Object.entries(ways)) {
    test(`what nobody waited for is written before the end (${way})`, async () => {
      const ends = [way, `late ${way}`].map((name) => guest.run(["left", name, "3"]));
      for (const [index, { code, stdout, stderr }] of (await Promise.all(ends)).entries()) {
        assert.is(stdout, `line 0\nline 1\nline 2\n${index === 1 ? "late\n" : ""}`);
        assert.is(code, expected);
        assert.match(stderr, /^said/);
      }
    });
  }

  test("all of it, to a reader who is slow, a file, and a file that does not block", async () => {
    const dir = tempDir("left");
    for (const way of ["return", "late trap"]) {
      const wanted = way === "return" ? all : `${all}late\n`;
      const words = ["left", way, String(count)];
      const slow = `"$0" "$@" 2>errors | (sleep 0.3; cat)`;
      assert.is((await guest.shellWords(slow, words, dir)).stdout, wanted);
      assert.match(readFileSync(join(dir, "errors"), "utf8"), /^said/);
      await guest.shellWords(`"$0" "$@" >out 2>errors`, words, dir);
      assert.is(readFileSync(join(dir, "out"), "utf8"), wanted);
    }
  });

  test("a reader who has gone loses nothing that he wanted", async () => {
    const script = `("$0" "$@"; echo " $?" >&2) | true`;
    const { stderr } = await guest.shellWords(script, ["left", "exit", String(count)]);
    assert.is(stderr, "said 7\n");
  });

  test("what cannot be written is said", async () => {
    const words = ["left", "exit", "3"];
    const { code, stderr } = await guest.shellWords(`exec "$0" "$@" >/dev/full`, words);
    assert.is(code, 7);
    assert.match(stderr, /^said.*: 21 bytes printed to stdout are lost: no space left/);
  });

  test("a pipe that nobody reads does not hold up the end for ever", async () => {
    // The writing end of a pipe alone would be told that nobody can read it.
    const script = `mkfifo pipe; exec 3<>pipe; exec "$0" "$@" >&3`;
    const words = ["left", "exit", String(count)];
    const { code, stderr } = await guest.shellWords(script, words, tempDir("left"));
    assert.is(code, 7);
    assert.match(stderr, /^said.*: \d+ bytes printed to stdout are lost: nobody reads them\n$/);
  });
}

/** Pipes of a shell (those of Node are sockets), devices, and streams that others have changed. */
function addKindCases(test: Suite, guest: Guest): void {
  test("copies 5 MB through pipes, sockets and files that do not block", async () => {
    const compiler = findCompiler();
    if (compiler === null) return;
    const dir = tempDir("io");
    const changer = join(dir, "nonblocking");
    compileC(compiler, changer, [join(root, "tests/native/nonblocking.c")], []);
    const input = Buffer.alloc(5_000_000, "0123456789");
    writeFileSync(join(dir, "in"), input);
    const slow = `(sleep 0.1; cat in) | ./nonblocking "$0" "$@" | (sleep 0.1; cat)`;
    for (const script of [slow, `./nonblocking "$0" "$@" <in | cat`]) {
      const { stdoutBytes, stderr } = await guest.shell(script, "cat", dir);
      assert.ok(stdoutBytes.equals(input), stderr);
    }
    const script = `exec ${changer} "$0" "$@"`;
    const { stdoutBytes, stderr } = await guest.shell(script, "cat", dir, input);
    assert.ok(stdoutBytes.equals(input), stderr);
  });

  test("a pipe that nobody reads any more is an error, not a signal", async () => {
    const { stderr } = await guest.shell(`("$0" "$@"; echo "code $?" >&2) | true`, "broken");
    assert.match(stderr, /^write "stdout": .*EPIPE.*\ncode 7\n$/);
  });

  test("devices: one that is full, one that is empty, one that never ends", async () => {
    assert.is((await guest.shell(`exec "$0" "$@" >/dev/full`, "flood")).code, 1);
    assert.is((await guest.shell(`exec "$0" "$@" </dev/null`, "cat")).stdout, "");
    const { stdoutBytes } = await guest.shell(`"$0" "$@" </dev/zero | head -c 100000`, "cat");
    assert.ok(stdoutBytes.equals(Buffer.alloc(100_000)));
  });

  // Node opens /dev/null in the place of a stream that is closed, before anybody can tell.
  test("an output that is closed takes what is printed", async () => {
    const { code, stderr } = await guest.shell(`exec "$0" "$@" >&-`, "order");
    assert.equal([code, stderr], [0, "xy\n\n"]);
  });
}

function addInputCases(test: Suite, guest: Guest): void {
  test("a standard stream that is closed is an error, or empty", async () => {
    const { stdout, code } = await guest.shell(`exec "$0" "$@" <&-`, "closed");
    assert.is(stdout, "ok\n");
    assert.is(code, 0);
  });

  test("an input that is at its end", async () => {
    const input = openSync("/dev/null", "r");
    const child = guest.spawn("lines", [input, "pipe", "inherit"]);
    closeSync(input);
    const [code] = await once(child, "close");
    assert.is(code, 0);
  });

  test("terminals are told from other streams", async () => {
    assert.is((await guest.run(["terminal"])).stdout, "no no no\n");
    const { stdout } = await runOnTerminal(guest.wasm, { args: ["terminal"], env: guest.env });
    assert.is(stdout, "yes yes yes\r\n");
  });

  test("a read of the standard input can be given up", async () => {
    const child = guest.spawn("patience", ["pipe", "pipe", "inherit"]);
    let said = "";
    child.stdout!.on("data", (chunk: Buffer) => {
      if (said === "") child.stdin!.end("kept\n");
      said += chunk.toString();
    });
    const [code] = await once(child, "close");
    assert.is(said, "waiting\nkept\n\n");
    assert.is(code, 0);
  });
}
