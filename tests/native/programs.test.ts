/** The native helper under AddressSanitizer and UBSan: C programs that drive it without Node. */
import { join } from "node:path";
import { compileC, findCompiler, helperSources } from "../../scripts/native.js";
import { assert, exec, root, suite, tempDir } from "../harness.js";

const test = suite("native programs", { timeout: 120_000 });
const folder = join(root, "tests/native");
const sanitizers = [
  "-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined",
  // Checked calls would go past the sanitizer's own.
  "-fno-sanitize-recover=all", "-U_FORTIFY_SOURCE",
];

/** Each is a file beside this one, linked with `fixture.c`. */
const programs = [
  "operations", "cached", "streams", "vectored", "readiness", "sandbox", "beneath", "signals",
  "spawn", "terminal", "errors", "teardown", "held", "cancels", "overflow", "refused", "exhausted",
  "scarce", "fuzz",
];

const compiler = findCompiler();

const build = tempDir("native");
const helper = join(build, "helper.o");

test.before(() => {
  if (compiler === null) return;
  const sources = [...helperSources(true), join(folder, "fixture.c")];
  compileC(compiler, helper, sources, [...sanitizers, "-r", "-nostdlib"]);
});

for (const name of programs) {
  if (compiler === null) {
    test.skip(name, "no C compiler");
    continue;
  }
  test(name, async () => {
    const program = join(build, name);
    compileC(compiler, program, [join(folder, `${name}.c`), helper], sanitizers);
    // Inherited preloads come before the sanitizer's own library, which refuses that.
    const env = { LD_PRELOAD: undefined, ASAN_OPTIONS: "detect_leaks=1" };
    const { code, signal, stdout, stderr } = await exec(program, [], { env, timeout: 100_000 });
    assert.is(code ?? signal, 0, stdout + stderr);
  });
}

test.run();
