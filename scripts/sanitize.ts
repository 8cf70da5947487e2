/**
 * Builds the addon with AddressSanitizer and UBSan, and runs the tests that go through it in a Node
 * that has the sanitizer's library preloaded. Leaks are looked for by the C programs of
 * `tests/native`, not here: V8 does not free all it has when it ends.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileAddon, findCompiler, prebuildPath } from "./native.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "build/sanitize");
const flags = [
  "-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined",
  // Checked calls would go past the sanitizer's own.
  "-fno-sanitize-recover=all", "-U_FORTIFY_SOURCE",
];

/** What runs unless names are given: each is part of the paths of test files. */
const usual = ["native/addon", "host/", "conformance/"];

function preload(compiler: string): string {
  const libraries = ["libasan.so", "libubsan.so"].map((name) =>
    execFileSync(compiler, [`-print-file-name=${name}`], { encoding: "utf8" }).trim());
  const missing = libraries.find((path) => !existsSync(path));
  if (missing) throw new Error(`${compiler} has no ${missing}`);
  return libraries.join(" ");
}

function main(names: readonly string[]): number {
  const compiler = findCompiler();
  if (compiler === null) throw new Error("no C compiler found");
  compileAddon(compiler, join(folder, prebuildPath()), flags);
  const runner = join(root, "dist/scripts/test.js");
  const { status } = spawnSync(process.execPath, [runner, ...names], {
    cwd: root,
    stdio: "inherit",
    env: {
      ...process.env,
      // node-gyp-build looks there instead of beside package.json.
      RUSTICATED_PREBUILD: folder,
      LD_PRELOAD: preload(compiler),
      // V8 reserves more than the sanitizer likes to see; a finding ends the process.
      ASAN_OPTIONS: "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1",
      UBSAN_OPTIONS: "print_stacktrace=1:halt_on_error=1",
    },
  });
  return status ?? 1;
}

try {
  process.exitCode = main(process.argv.length > 2 ? process.argv.slice(2) : usual);
} catch (error) {
  console.error(`sanitize: ${(error as Error).message}`);
  process.exitCode = 1;
}
