/**
 * Machines that refuse system calls, or have no such yet. Without io_uring epoll serves, without
 * openat2 the walk by hand, and nobody has to ask for it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Op } from "../../host/abi.js";
import { compileC, findCompiler } from "../../scripts/native.js";
import { assert, exec, root, suite, tempDir, type ExecResult } from "../harness.js";
import { compileGuest } from "../std/guest.js";

const test = suite("fallback", { timeout: 120_000 });
const compiler = findCompiler();
const setting = "/proc/sys/kernel/io_uring_disabled";
const launcher = join(root, "dist/host/launcher.cjs");

/** Prints the name of the backend that is chosen here. */
const chooses = `
  import { selectBackend } from ${JSON.stringify(join(root, "dist/host/backend/select.js"))};
  const backend = selectBackend();
  console.log(backend.name);
  backend.close();`;

let wasm = "";
test.before(async () => {
  wasm = await compileGuest("std/fs.ts");
});

type Run = (args: string[], backend?: string) => Promise<ExecResult>;

/** What must be true wherever `run` runs Node. */
async function expectEpoll(run: Run, refusal: RegExp): Promise<void> {
  const chosen = await run(["--input-type=module", "-e", chooses]);
  assert.equal([chosen.stdout, chosen.stderr], ["epoll\n", ""]);
  const guest = [launcher, "run", "--allow-all", wasm];
  for (const name of ["cursor", "parallel"]) {
    const { stdout, stderr } = await run([...guest, name, tempDir("fallback")]);
    assert.equal([stdout, stderr], ["ok\n", ""]);
  }
  const forced = await run([...guest, "cursor", tempDir("fallback")], "io_uring");
  assert.is(forced.code, 1);
  assert.match(forced.stderr, refusal);
}

/** The first and the last number of what io_uring consists of, and that of openat2. */
const ofUring = ["425", "427"];
const ofOpenat2 = ["437", "437"];

if (compiler === null) {
  test.skip("a seccomp filter", "no C compiler");
} else {
  const program = join(tempDir("fallback"), "refusing");
  test.before(() => compileC(compiler, program, [join(root, "tests/native/refusing.c")], []));
  for (const [name, number] of [["EPERM", "1"], ["ENOSYS", "38"]] as const) {
    test(`a seccomp filter that answers ${name} to io_uring`, async () => {
      const run: Run = (args, backend) => {
        const all = [number, ...ofUring, process.execPath, ...args];
        return exec(program, all, { env: { STD_BACKEND: backend } });
      };
      await expectEpoll(run, new RegExp(`io_uring_setup: .*${name}`));
    });
    for (const file of ["sandbox", "sandbox-tree"]) {
      test(`a seccomp filter that answers ${name} to openat2: ${file}`, async () => {
        const script = join(root, `dist/tests/host/${file}.test.js`);
        const env = { STD_IO_URING_WITHOUT: String(2 ** Op.Open) };
        const args = [number, ...ofOpenat2, process.execPath, script];
        const { code, stdout, stderr } = await exec(program, args, { env, timeout: 100_000 });
        assert.is(code, 0, stdout + stderr);
        assert.match(stdout, /Passed: +[1-9]/);
      });
    }
  }
}

// It is the whole machine's, so nobody gets this test who has not asked for it.
if (process.env["STD_TEST_SYSCTL"] === undefined) {
  test.skip("sysctl kernel.io_uring_disabled=2", "it changes the machine: STD_TEST_SYSCTL=1");
} else {
  test("sysctl kernel.io_uring_disabled=2", async () => {
    const before = readFileSync(setting, "utf8");
    writeFileSync(setting, "2");
    try {
      const run: Run = (args, backend) =>
        exec(process.execPath, args, { env: { STD_BACKEND: backend } });
      await expectEpoll(run, /io_uring_setup: .*EPERM/);
    } finally {
      writeFileSync(setting, before);
    }
  });
}

test.run();
