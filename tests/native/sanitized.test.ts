/** The addon, built with AddressSanitizer and UBSan, under the host that drives it in Node. */
import { join } from "node:path";
import { findCompiler } from "../../scripts/native.js";
import { assert, exec, root, suite } from "../harness.js";

const timeout = 280_000;
const test = suite("sanitized addon", { timeout });

/** Runs the named test files on the sanitized build; `without` as `STD_IO_URING_WITHOUT`. */
async function sanitize(names: string[], without: string): Promise<void> {
  const script = join(root, "dist/scripts/sanitize.js");
  const env = { STD_IO_URING_WITHOUT: without };
  const options = { cwd: root, env, timeout };
  const args = [script, ...names];
  const { code, signal, stdout, stderr } = await exec(process.execPath, args, options);
  assert.is(code ?? signal, 0, stdout + stderr);
}

if (findCompiler() === null) {
  test.skip("all of it", "no C compiler");
} else {
  const names = ["host/teardown", "host/fuzz", "host/sandbox", "host/loop"];
  test("with the kernel's opcodes", () => sanitize(["native/addon", ...names], "0"));
  test("without them", () => sanitize(names, "1023"));
}

test.run();
