/** The command: usage, grants, exit codes, messages, signals. */
import { spawn } from "node:child_process";
import {
  cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Op } from "../../host/abi.js";
import { assert, exec, launch, root, suite, tempDir } from "../harness.js";
import { binary, guest } from "./wat.js";

const test = suite("host: launcher", { timeout: 60_000 });

// Node reads these certificates at every start, which takes several times as long as our tests.
delete process.env["NODE_EXTRA_CA_CERTS"];

const folder = tempDir("launcher");
const launcher = join(root, "dist/host/launcher.cjs");

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, binary(text));
  return path;
}

const IMPORTS = `(import "std" "submit" (func $submit (param i32 i32)))
  (import "std" "exit" (func $exit (param i32)))
  (import "std" "info" (func $info (param i32 i32 i32 i32) (result i32)))
  (import "std" "panic" (func $panic (param i32 i32)))`;

/** Submits one operation: `op` on `handle` with (ptr0, len0) at the current position. */
const ONE = `(func $one (param $op i32) (param $handle i32) (param $flags i32) (param $pointer i32)
  (param $length i32) (param $offset i64)
  (i32.store (i32.const 128) (local.get $op))
  (i32.store (i32.const 132) (local.get $flags))
  (i32.store (i32.const 136) (local.get $handle))
  (i32.store (i32.const 144) (local.get $pointer))
  (i32.store (i32.const 148) (local.get $length))
  (i64.store (i32.const 160) (local.get $offset))
  (i32.store (i32.const 64) (i32.const 128))
  (call $submit (i32.const 64) (i32.const 1)))`;

/** Prints the answer to one `info` and exits with its length, or with the error. */
function informer(what: number, index: number): string {
  return guest({
    imports: IMPORTS,
    more: `${ONE} (global $n (mut i32) (i32.const 0))`,
    start: `(global.set $n (call $info (i32.const ${what}) (i32.const ${index}) (i32.const 512)
        (i32.const 4096)))
      (if (i32.lt_s (global.get $n) (i32.const 0)) (then (call $exit (global.get $n))))
      (call $one (i32.const ${Op.Write}) (i32.const 1) (i32.const 0) (i32.const 512)
        (global.get $n) (i64.const -1)) (f64.const inf)`,
    tick: "(call $exit (global.get $n)) (f64.const inf)",
  });
}

function exiting(code: number): string {
  return guest({ imports: IMPORTS, start: `(call $exit (i32.const ${code})) (f64.const 0)` });
}

/** Opens a path and exits with the result of that. */
function opener(path: string): string {
  return guest({
    imports: IMPORTS,
    more: `${ONE} (data (i32.const 512) "${path}")`,
    start: `(call $one (i32.const ${Op.Open}) (i32.const -1) (i32.const 1) (i32.const 512)
      (i32.const ${path.length}) (i64.const 0)) (f64.const inf)`,
    tick: "(call $exit (i32.load (i32.const 168))) (f64.const inf)",
  });
}

const EACCES = 256 - 2;
const ENOENT = 256 - 44;
/** The first handle after the standard streams. */
const OPENED = 3;

const usage: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /no command/],
  [["fly"], /unknown command fly \(see/],
  [["buidl", "a.ts"], /unknown command buidl; did you mean build\? \(see rusticated --help\)/],
  [["help", "rnu"], /unknown command rnu; did you mean run\?/],
  [["src/a.ts"], /a source, .*: rusticated build src\/a\.ts && rusticated run a\.wasm\n/],
  [["a b.wasm"], /an app is run by: rusticated run 'a b\.wasm'\n/],
  [["run"], /needs the path of a wasm/],
  [["run", "--fly", "a.wasm"], /unknown option --fly \(see/],
  [["run", "--dri=.", "a.wasm"], /unknown option --dri=\.; did you mean --dir\?/],
  [["run", "--alow-run", "a.wasm"], /unknown option --alow-run; did you mean --allow-run\?/],
  [["run", "-x"], /unknown option -x/],
  [["run", "--dir"], /--dir needs a value/],
  [["run", "--dir", "/nowhere", "a.wasm"], /--dir \/nowhere: not found \(ENOENT\)/],
  [["run", "--dir", "/etc/passwd", "a.wasm"], /--dir \/etc\/passwd: not a directory \(ENOTDIR\)/],
  [["run", "--dir", ".::data", "a.wasm"], /must be absolute/],
  [["run", "--dir", "::/data", "a.wasm"], /no directory before/],
  [["run", "--env", "NAME", "a.wasm"], /no NAME=VALUE/],
  [["run", "--env", "=x", "a.wasm"], /no NAME=VALUE/],
  [["run", "--net", "fly", "a.wasm"], /--net fly: neither listen/],
  [["run", "--net", "listen:127.0.0.1", "a.wasm"], /--net 127\.0\.0\.1: no port/],
  [["run", "--net", "connect:[::1]", "a.wasm"], /--net \[::1\]: no port/],
  [["run", "--net", "connect:example.com:80", "a.wasm"], /"example\.com" is no address/],
  [["run", "--net", "connect:0.0.0.0:80", "a.wasm"], /nobody is at 0\.0\.0\.0/],
  [["run", "--net", "listen:*:70000", "a.wasm"], /"70000" is no port/],
  [["run", "--allow-all=1", "a.wasm"], /takes no value/],
  [["build"], /name the app's file/],
  [["build", "a.ts", "-o"], /-o needs the name of a file/],
  [["build", "a.ts", "-o", ""], /-o needs the name of a file/],
  [["build", "a.ts", "--outFile="], /-o needs the name of a file/],
  [["build", "a.ts", "-o", "--debug"], /-o needs the name of a file/],
  [["build", "a.ts", "--watch"], /^build: unknown option --watch\n/],
  [["build", "a.ts", "--dbug"], /unknown option --dbug; did you mean --debug\?/],
  [["build", "a.ts", "--libary"], /unknown option --libary; did you mean --library\?/],
  [["build", "a.ts", "--dir", "."], /--dir is an option of run/],
  [["build", "a.ts", "b c.ts"], /: rusticated build a\.ts && rusticated build 'b c\.ts'\n/],
];

test("mistakes in the command line: one line, exit code 2", async () => {
  for (const [args, pattern] of usage) {
    const { code, stderr, stdout } = await launch(args);
    assert.is(code, 2, args.join(" "));
    assert.match(stderr, pattern);
    assert.is(stderr.trimEnd().split("\n").length, 1);
    assert.is(stdout, "");
  }
});

test("--help", async () => {
  for (const [commands, pattern] of [
    [[["--help"], ["-h"], ["help"]], /^Usage:\n[^]* run [^]* build [^]*--dir HOST\[::GUEST\]/],
    [[["run", "--dir", ".", "--help"], ["run", "-h"], ["help", "run"]], /^Usage: rusticated run/],
    [[["build", "--help"], ["build", "a.ts", "-h"], ["help", "build"]],
      /^Usage: rusticated build [^]*--library [^]*--noAssert/],
  ] as const) {
    for (const args of commands) {
      const { code, stdout, stderr } = await launch(args);
      assert.equal([code, stderr], [0, ""], args.join(" "));
      assert.match(stdout, pattern);
    }
  }
});

test("--version", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    version: string;
  };
  for (const option of ["--version", "-V"]) {
    assert.is((await launch([option])).stdout, `rusticated ${version}\n`);
  }
  assert.match((await launch(["build", "--version"])).stdout, /^AssemblyScript \d+\.\d+/);
});

test("arguments after the app are the app's", async () => {
  const wasm = write("arg.wasm", informer(0, 2));
  const { code, stdout } = await launch(["run", wasm, "--dir", "--grüße", "x"]);
  assert.is(stdout, "--grüße");
  assert.is(code, 9);
  const named = await launch(["run", "--", write("arg0.wasm", informer(0, 0)), "--help"]);
  assert.is(named.stdout, join(folder, "arg0.wasm"));
});

test("arguments that are not UTF-8 arrive as they are", async () => {
  const wasm = write("arg.wasm", informer(0, 1));
  const script = `"${process.execPath}" "${launcher}" run "${wasm}" $'a\\xff\\xfeb' c`;
  const { stdoutBytes } = await exec("bash", ["-c", script]);
  assert.is(stdoutBytes.toString("latin1"), "a\xff\xfeb");
});

test("the environment is what was given, and all of it with --allow-all", async () => {
  const first = write("env0.wasm", informer(1, 0));
  assert.is((await launch(["run", first])).code, ENOENT);
  const given = await launch(["run", "--env", "A=1=2", first]);
  assert.is(given.stdout, "A=1=2");
  const all = await launch(["run", "--allow-all", "--env=ONLY=mine", first], {
    env: { ONLY: "theirs" },
  });
  assert.ok(all.stdout.includes("="));
});

test("grants", async () => {
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "data/file"), "x");
  const path = join(folder, "data/file");
  const code = async (text: string, ...options: string[]): Promise<number | null> => {
    const { code: got, stderr } = await launch(["run", ...options, write("open.wasm", text)], {
      cwd: folder,
    });
    // Of what it has refused itself the host knows what would have allowed it.
    assert.match(stderr, got === EACCES ? /^hint: .* is not granted; .*\n$/ : /^$/);
    return got;
  };
  assert.is(await code(opener(path)), EACCES);
  assert.is(await code(opener("/data/file")), EACCES);
  assert.is(await code(opener(path), "--dir", "data"), OPENED);
  assert.is(await code(opener("data/file"), "--dir", "data"), OPENED);
  assert.is(await code(opener("/d/file"), "--dir", "data::/d"), OPENED);
  assert.is(await code(opener("d/file"), "--dir=data::/d"), OPENED);
  assert.is(await code(opener("data/file"), "--dir", "data::/d"), EACCES);
  assert.is(await code(opener(path), "--dir", "data::/d"), EACCES);
  assert.is(await code(opener("../data/file"), "--dir", "."), EACCES);
  assert.is(await code(opener(path), "--allow-all"), OPENED);
  assert.is(await code(opener("data/file"), "--allow-all"), OPENED);
  assert.is(await code(opener("data/nothing"), "--allow-all"), ENOENT);
});

test("a source given to run is told how it is run, as it was to be", async () => {
  writeFileSync(join(folder, "app.ts"), "export function main(): void {}");
  const { code, stderr } = await launch(["run", "--dir", "a b", "app.ts", "it's"], {
    cwd: (mkdirSync(join(folder, "a b")), folder),
  });
  assert.is(code, 2);
  assert.is(stderr, "rusticated: app.ts is a source, which is built first: rusticated build " +
    "app.ts && rusticated run --dir 'a b' app.wasm 'it'\\''s'\n");
});

test("an app that fails and was refused something is told which option allows it", async () => {
  const cwd = join(folder, "asks");
  mkdirSync(join(cwd, "my data"), { recursive: true });
  writeFileSync(join(cwd, "my data/file"), "x");
  for (const [path, option] of [
    ["my data/file", "'my data'"],
    ["my data", "'my data'"],
    ["my data/none/file", "'my data'"],
    ["none", "."],
    [join(cwd, "my data/file"), `'${join(cwd, "my data")}'`],
  ] as const) {
    const wasm = write("asks.wasm", opener(path));
    const { code, stderr } = await launch(["run", wasm], { cwd });
    assert.is(code, EACCES);
    assert.is(stderr, `hint: "${path}" is not granted; --dir-ro ${option} would allow it\n`);
    const granted = await launch(["run", "--dir-ro", option.replaceAll("'", ""), wasm], { cwd });
    assert.is(granted.code, path.includes("none") ? ENOENT : OPENED, granted.stderr);
    assert.is(granted.stderr, "");
  }
});

test("advice in a directory that is gone", async () => {
  const wasm = write("asks.wasm", opener("file"));
  const cwd = join(folder, "gone");
  mkdirSync(cwd);
  const { code, stderr } = await exec("bash",
    ["-c", `rmdir "$PWD"; exec "$0" "$@"`, process.execPath, launcher, "run", wasm], { cwd });
  const hint = `hint: "file" is not granted; --dir-ro grants a directory\n`;
  assert.equal([code, stderr], [EACCES, hint]);
});

test("an app that succeeds is told nothing, and one that dies is told as well", async () => {
  const ends = (how: string): string =>
    opener("/etc/passwd").replace("(call $exit (i32.load (i32.const 168)))", how);
  const content = await launch(["run", write("ends.wasm", ends("(call $exit (i32.const 0))"))]);
  assert.equal([content.code, content.stderr], [0, ""]);
  const dead = await launch(["run", write("ends.wasm", ends("(unreachable)"))]);
  assert.is(dead.code, 134);
  assert.match(dead.stderr, /trap: unreachable\n(?:    at .*\n)+hint: "\/etc\/passwd" is not /);
});

test("options of run behind an app that fails", async () => {
  const wasm = write("code.wasm", exiting(3));
  const said = async (...args: string[]): Promise<string> =>
    (await launch(["run", ...args])).stderr;
  const better = `rusticated run --env A=1 --dir . --allow-all ${wasm} x y`;
  assert.is(await said("--env", "A=1", wasm, "x", "--dir", ".", "y", "--allow-all"),
    `hint: what comes behind ${wasm} went to the app, --dir as well; ` +
    `options of run come before: ${better}\n`);
  assert.is(await said(wasm, "--directory", "-"), "");
  assert.is(await said("--", wasm, "--dir", "."), "");
  assert.is(await said(write("fine.wasm", exiting(0)), "--dir", "."), "");
});

test("what cannot be loaded: exit code 1 and a reason", async () => {
  writeFileSync(join(folder, "text.wasm"), "no wasm");
  const cases: readonly (readonly [string, RegExp])[] = [
    [join(folder, "missing.wasm"), /missing\.wasm: not found \(ENOENT\)/],
    [folder, /EISDIR/],
    [join(folder, "text.wasm"), /not a wasm module/],
    [
      write("env.wasm", `(module (import "env" "f" (func)))`),
      /not compiled for this host \(.*neither async nor std.*env\.f \(function\);.*build/,
    ],
    [write("old.wasm", guest({ version: 99 })), /version 99 .* version \d+: compile it again/],
    [write("empty.wasm", "(module)"), /not compiled for this host \(.*neither async.*_abi;.*build/],
    [write("dead.wasm", guest({})), /deadlock/],
  ];
  for (const [path, pattern] of cases) {
    const { code, stderr } = await launch(["run", path]);
    assert.is(code, 1, path);
    assert.match(stderr, pattern);
  }
});

test("what build cannot write it says", async () => {
  const app = join(folder, "app.ts");
  // No app, which would bring the runtime along: it is compiled four times.
  writeFileSync(app, "export function none(): void {}");
  const build = ["build", "--library", app, "-o"];
  const built = await launch([...build, join(folder, "new/deep/app.wasm")]);
  assert.equal([built.code, built.stderr], [0, ""]);
  assert.ok(existsSync(join(folder, "new/deep/app.wasm")));
  for (const [path, pattern] of [
    [folder, /^build: cannot write .*: is a directory \(EISDIR\)\n$/],
    [join(app, "app.wasm"), /^build: cannot create the folder .*app\.ts: already exists/],
    ["/proc/none/app.wasm", /^build: cannot create the folder \/proc\/none: not found \(ENOENT\)/],
  ] as const) {
    const { code, stdout, stderr } = await launch([...build, path]);
    assert.equal([code, stdout], [1, ""], path);
    assert.match(stderr, pattern);
  }
});

test("without -o build writes into the working directory, and says what", async () => {
  const cwd = join(folder, "unnamed");
  mkdirSync(join(cwd, "apps"), { recursive: true });
  writeFileSync(join(cwd, "apps/hello.ts"), "export function none(): void {}");
  const { code, stdout, stderr } = await launch(
    ["build", "apps/hello.ts", "--library", "--sourceMap"], { cwd });
  assert.equal([code, stderr], [0, ""]);
  assert.is(stdout, `hello.wasm: ${statSync(join(cwd, "hello.wasm")).size} bytes\n`);
});

test("build takes an app without main for a mistake", async () => {
  const cwd = join(folder, "mainless");
  mkdirSync(cwd);
  writeFileSync(join(cwd, "app.ts"), "export function start(): void {}");
  const { code, stderr } = await launch(["build", "app.ts", "-o", "app.wasm"], { cwd });
  assert.is(code, 1);
  assert.match(stderr, /did you mean 'start'\? Call it 'main'\.[^]*in app\.ts\(1,17\)/);
  assert.not(existsSync(join(cwd, "app.wasm")));
});

test("backends and the helper", async () => {
  const wasm = write("exit.wasm", exiting(0));
  const unknown = await launch(["run", wasm], { env: { STD_BACKEND: "fly" } });
  assert.is(unknown.code, 1);
  assert.match(unknown.stderr, /no backend is called "fly"; available: io_uring/);
  const missing = await launch(["run", wasm], { env: { RUSTICATED_PREBUILD: folder } });
  assert.is(missing.code, 1);
  assert.match(missing.stderr, /needs the native helper/);
  for (const memory of ["bounce", undefined]) {
    assert.is((await launch(["run", wasm], { env: { STD_MEMORY: memory } })).code, 0);
  }
});

test("exit codes are the app's, modulo 256", async () => {
  for (const [value, code] of [[0, 0], [3, 3], [-1, 255], [256, 0]] as const) {
    const wasm = write("code.wasm", exiting(value));
    assert.is((await launch(["run", wasm])).code, code);
  }
});

/** Adds the section that names a source map. */
function withMapUrl(wasm: Uint8Array, url: string): Buffer {
  const string = (text: string): Buffer =>
    Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);
  const content = Buffer.concat([string("sourceMappingURL"), string(url)]);
  return Buffer.concat([wasm, Buffer.of(0, content.length), content]);
}

test("traps and panics: exit code 134, and the app's own lines", async () => {
  const path = join(folder, "trap.wasm");
  const wasm = binary(guest({
    more: "(func $inner (unreachable))", start: "(call $inner) (f64.const 0)",
  }));
  // Everything is said to come from line 12, column 3 of app.ts.
  const map = { version: 3, sources: ["app.ts"], names: [], mappings: "AAWE" };
  for (const [url, text, frame] of [
    ["./trap.wasm.map", JSON.stringify(map), /at inner \(app\.ts:12:3\)/],
    ["trap.wasm.map", "no JSON", /at inner \(byte 0x/],
    ["https://example.com/trap.wasm.map", JSON.stringify(map), /at inner \(byte 0x/],
  ] as const) {
    writeFileSync(path, withMapUrl(wasm, url));
    writeFileSync(`${path}.map`, text);
    const { code, stderr } = await launch(["run", path]);
    assert.is(code, 134);
    assert.match(stderr, /trap\.wasm: trap: unreachable\n/);
    assert.match(stderr, frame);
  }
  const panic = write("panic.wasm", guest({
    imports: IMPORTS, more: `(data (i32.const 64) "open \\22x\\22: not found (ENOENT)")`,
    start: "(call $panic (i32.const 64) (i32.const 28)) (f64.const 0)",
  }));
  const said = await launch(["run", panic]);
  assert.is(said.code, 134);
  assert.match(said.stderr, /panic: open "x": not found \(ENOENT\)\n    at _start/);
});

test("nothing is loaded once an app has run, which might have written it", async () => {
  const copy = join(tempDir("launcher"), "package");
  for (const part of ["package.json", "prebuilds", "dist/host/launcher.cjs"]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  for (const name of readdirSync(join(root, "dist/host")).filter((path) => path.endsWith(".js"))) {
    writeFileSync(join(copy, "dist/host", name), `console.log("evil");`);
  }
  const path = write("trap.wasm", guest({ start: "(unreachable)" }));
  const args = [join(copy, "dist/host/launcher.cjs"), "run", "--dir", copy, path];
  const { code, stdout, stderr } = await exec(process.execPath, args);
  assert.equal([code, stdout], [134, ""]);
  assert.match(stderr, /trap: unreachable\n    at _start \(byte 0x/);
});

test("a stack that overflows", async () => {
  const wasm = write("deep.wasm", guest({
    more: "(func $deep (call $deep))", start: "(call $deep) (f64.const 0)",
  }));
  const { code, stderr } = await launch(["run", wasm]);
  assert.is(code, 134);
  assert.match(stderr, /trap: stack overflow/);
  assert.match(stderr, /at deep/);
});

/** Reads standard input and exits with the number of bytes. */
const reader = guest({
  imports: IMPORTS, more: ONE,
  start: `(call $one (i32.const ${Op.Read}) (i32.const 0) (i32.const 0) (i32.const 512)
    (i32.const 4096) (i64.const -1)) (f64.const inf)`,
  tick: "(call $exit (i32.load (i32.const 168))) (f64.const inf)",
});

test("standard streams: input, its end, closed ones, a reader that has gone", async () => {
  const wasm = write("reader.wasm", reader);
  assert.is((await launch(["run", wasm], { input: "hello" })).code, 5);
  assert.is((await launch(["run", wasm])).code, 0);
  const EBADF = 256 - 8;
  const EPIPE = 256 - 64;
  const shell = (script: string): Promise<{ code: number | null; stderr: string }> =>
    exec("bash", ["-c", script]);
  const command = `"${process.execPath}" "${launcher}" run`;
  // Node opens /dev/null where a standard stream is closed.
  assert.is((await shell(`${command} "${wasm}" <&-`)).code, 0);
  const writer = write("writer.wasm", guest({
    imports: IMPORTS, more: ONE,
    start: `(call $one (i32.const ${Op.Write}) (i32.const 1) (i32.const 0) (i32.const 512)
      (i32.const 4096) (i64.const -1)) (f64.const inf)`,
    tick: "(call $exit (i32.load (i32.const 168))) (f64.const inf)",
  }));
  const gone = await shell(`${command} "${writer}" | sleep 0; exit \${PIPESTATUS[0]}`);
  // Whether the reader has gone by then is a race; either is an answer, and neither is a crash.
  assert.ok([EPIPE, 0].includes(gone.code ?? -1), `exit code ${gone.code}`);
  assert.is(gone.stderr, "");
  const reads = write("reads.wasm", reader.replace("(i32.const 0) (i32.const 0) (i32.const 512)",
    "(i32.const 1) (i32.const 0) (i32.const 512)"));
  assert.is((await launch(["run", reads])).code, EBADF, "standard output cannot be read");
});

test("an app from standard input", async () => {
  assert.is((await launch(["run", "-"], { input: binary(exiting(6)) })).code, 6);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends an app that waits in the kernel`, async () => {
    const wasm = write("waits.wasm", reader);
    const child = spawn(process.execPath, [launcher, "run", wasm], { stdio: "pipe" });
    const ended = new Promise<NodeJS.Signals | null>((resolve) => {
      child.on("close", (_code, by) => resolve(by));
    });
    setTimeout(() => child.kill(signal), 700);
    assert.is(await ended, signal);
  });
}

test.run();
