/** What `std/process` must do on every backend: `tests/guest/std/process.ts` does it. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ContextBuilder, inherited, Instance, selectBackend } from "../../host/index.js";
import { assert, exec, root, suite, tempDir, type ExecResult, type Suite } from "../harness.js";
import { compileGuest, runGuest, wasmBytes, type RunOptions } from "../std/guest.js";
import type { Variant } from "./backends.js";

const launcher = join(root, "dist/host/launcher.cjs");

/** Cases that need nothing. */
const plainCases = {
  status: "a child ends by its code or by a signal",
  output: "output and errors come at once, however much it is",
  signals: "children are sent signals, and never somebody else",
  missing: "what cannot be started is an error of spawn",
  arguments: "arguments arrive as they are",
  large: "command lines may be as long as the system takes them",
  waits: "any number of waits are told the same",
  cancelled: "a wait that is cancelled leaves the child alone; status and output end it",
  cat: "a child's input and output are pipes",
  input: "a child is given its input while it is waited for",
  lastWords: "waiting for a child ends its input after what is being written",
  groups: "a child may be in another process group",
  ends: "a pipe to or from nobody is an error, for both sides",
  connected: "two children are connected without the app in between",
  many: "200 children at once",
  nothingLeft: "no zombie and no descriptor is left, whatever was started",
  mistakes: "what no program can be given is refused",
} as const;

type Run = (args: string[], options?: RunOptions) => Promise<ExecResult>;

/** Runs the suite on a backend. */
export function processConformance({ name, env }: Variant): void {
  const test = suite(`std/process on ${name}`, { timeout: 60_000 });
  let wasm = "";
  test.before(async () => {
    wasm = await compileGuest("std/process.ts");
  });
  const run: Run = (args, options = {}) =>
    runGuest(wasm, { args, ...options, env: { ...env, ...options.env } });
  for (const [name, title] of Object.entries(plainCases)) {
    test(title, async () => isOk(await run([name])));
  }
  addPreparedCases(test, run);
  addLimitCases(test, run);

  test("descriptors that have run out are an error, which passes", async () => {
    const words = [launcher, "run", "--allow-all", wasm, "exhausted"];
    const script = 'ulimit -n 64; exec "$0" "$@"';
    isOk(await exec("sh", ["-c", script, process.execPath, ...words], { env }));
  });

  test("what app and child print to one file at once overwrites nothing", async () => {
    const file = join(tempDir("process"), "out");
    const words = [launcher, "run", "--allow-all", wasm, "sharedOutput"];
    const script = `exec "$0" "$@" > '${file}'`;
    const { code } = await exec("sh", ["-c", script, process.execPath, ...words], { env });
    assert.is(code, 0);
    const lines = readFileSync(file, "utf8").split("\n").sort();
    assert.equal(lines, ["", ...Array(3000).fill("child"), ...Array(3000).fill("mine.")]);
  });

  test("children of whoever embeds the host are left to them", async () => {
    const own = spawn("sh", ["-c", "exit 7"]);
    const exit = once(own, "exit");
    const module = new WebAssembly.Module(new Uint8Array(wasmBytes(wasm)));
    const context = new ContextBuilder().args(["app", "many"]).stderr(inherited(2)).allowRun();
    const backend = selectBackend(env["STD_BACKEND"]);
    assert.is(new Instance(module, context.build(), { backend }).runBlocking(), 0);
    assert.equal(await exit, [7, null]);
  });
  test.run();
}

function addPreparedCases(test: Suite, run: Run): void {
  test("a child may be another user, if the app is root", async () => {
    const dir = tempDir("process");
    chmodSync(dir, 0o700);
    isOk(await run(["owner", process.getuid?.() === 0 ? "root" : "user", dir]));
  });

  test("streams are inherited", async () => {
    const { code, stdout, stderr } = await run(["inherit"], { input: "through\n" });
    assert.is(stderr, "err\n");
    assert.is(stdout, "through\nok\n");
    assert.is(code, 0);
  });

  test("the environment is inherited, changed and cleared", async () => {
    isOk(await run(["environment"], { env: { INHERITED: "yes" } }));
  });

  test("programs and directories are found, or the error says which was not", async () => {
    const dir = tempDir("process");
    for (const folder of ["tools", "plain"]) mkdirSync(join(dir, folder));
    writeScript(join(dir, "tool"), "tool");
    writeScript(join(dir, "tools/tool"), "below");
    writeFileSync(join(dir, "plain/tool"), "#!/bin/sh\n");
    writeFileSync(join(dir, "text"), "no program\n");
    chmodSync(join(dir, "text"), 0o755);
    isOk(await run(["paths", dir]));
  });

  test("files are streams of a child", async () => {
    isOk(await run(["files", tempDir("process")]));
  });

  test("an app and its children stand at one place in a file", async () => {
    const dir = tempDir("process");
    execFileSync("mkfifo", [join(dir, "fifo")]);
    isOk(await run(["positions", dir]));
  });

  test("what app and child write to one file at once overwrites nothing", async () => {
    isOk(await run(["together", tempDir("process")]));
  });
}

/** What children must not get, and what must not be a child. */
function addLimitCases(test: Suite, run: Run): void {
  test("children have nothing open but their streams", async () => {
    const file = openSync("/dev/null", "r");
    try {
      // Descriptors 3 and 4 of the launcher, which every program inherits that does not refuse.
      isOk(await run(["onlyStreams"], { inherit: [file, file] }));
    } finally {
      closeSync(file);
    }
  });

  test("a program that is being written is busy, for a while", async () => {
    const dir = tempDir("process");
    writeScript(join(dir, "tool"), "tool");
    isOk(await run(["busy", dir]));
  });

  test("without a grant nothing is started", async () => {
    isOk(await run(["denied"], { grants: ["--dir", "/"] }));
    isOk(await run(["denied"], { grants: ["--allow-run=/bin/sh,bash"] }));
  });

  test("of a list, what is on it is started, wherever the app says to look", async () => {
    const dir = tempDir("process");
    writeScript(join(dir, "tool"), "tool");
    writeScript(join(dir, "sh"), "false");
    const grants = ["--allow-run=sh,./tool"];
    isOk(await run(["listed", dir], { grants, cwd: dir }));
  });
}

function writeScript(path: string, says: string): void {
  writeFileSync(path, `#!/bin/sh\necho ${says}\n`);
  chmodSync(path, 0o755);
}

function isOk({ code, stdout, stderr }: ExecResult): void {
  assert.is(stderr, "");
  assert.is(stdout, "ok\n");
  assert.is(code, 0);
}
