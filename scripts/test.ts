#!/usr/bin/env node
/** `npm test [-- name…]`: runs every test file, or those whose path contains one of the names. */
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { killAll, runFiles, type FileResult } from "./test/runner.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const compiled = join(root, "dist");

/** Every compiled test file whose source still exists, as paths below `dist`. */
function findTests(names: readonly string[]): string[] {
  const all = readdirSync(join(compiled, "tests"), { recursive: true, encoding: "utf8" })
    .map((path) => join("tests", path))
    .filter((path) => path.endsWith(".test.js"))
    .filter((path) => existsSync(join(root, path.replace(/\.js$/, ".ts"))))
    .sort();
  if (!names.length) return all;
  const chosen = new Set<string>();
  for (const name of names) {
    const found = all.filter((path) => path.replace(/\.js$/, ".ts").includes(name));
    if (!found.length) throw new Error(`no test file has "${name}" in its path`);
    for (const path of found) chosen.add(path);
  }
  return [...chosen].sort();
}

function print(result: FileResult): void {
  const name = relative(compiled, result.file).replace(/\.js$/, ".ts");
  const { passed, failures, skipped } = result;
  const verdict = failures.length ? "FAIL" : "ok  ";
  const counts = `${passed} passed` + (failures.length ? `, ${failures.length} failed` : "");
  console.log(`${verdict}  ${name}  ${counts}  ${(result.milliseconds / 1000).toFixed(1)} s`);
  for (const skip of skipped) console.log(`      skipped: ${skip}`);
  for (const { name, message } of failures) {
    console.log(`      ${name}`);
    console.log(shorten(message).replace(/^/gm, "        "));
  }
  const output = result.output.replace(ofUvu, "").trim();
  if (failures.length && output) console.log(shorten(output).replace(/^/gm, "      | "));
}

/** Without the middle of lines that nobody could read, and the lines after the first hundred. */
function shorten(text: string): string {
  const lines = text.split("\n").map((line) =>
    line.length <= 400 ? line : `${line.slice(0, 200)} … ${line.slice(-200)}`);
  const left = lines.length - 100;
  return left <= 0 ? lines.join("\n") : [...lines.slice(0, 100), `… ${left} more`].join("\n");
}

/** uvu's own account of a suite: what it says was reported already, and better. */
const ofUvu = /^.*[•✘ ] {2,}\(\d+ \/ \d+\)\n|^ {2}(Total|Passed|Skipped|Duration): .*\n/gm;

async function main(): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      killAll();
      process.exit(130);
    });
  }
  const files = findTests(process.argv.slice(2)).map((path) => join(compiled, path));
  const results = await runFiles(files, { onFile: print });
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failures.length, 0);
  console.log(`${passed} passed, ${failed} failed`);
  if (failed || !passed) process.exitCode = 1;
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  console.log("0 passed, 1 failed");
  process.exitCode = 1;
});
