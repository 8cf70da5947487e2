/** What is left to build once tsc has run: `npm run build`, and `npm install` through `prepare`. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Removes what tsc made from sources that are gone: it would be packed, and its tests would run.
 * The three kinds of output of `x.ts` are `x.js`, `x.js.map` and `x.d.ts`.
 */
function removeOrphans(): void {
  for (const path of readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" })) {
    const source = path.replace(/(\.js|\.js\.map|\.d\.ts)$/, ".ts");
    if (source !== path && !existsSync(join(root, source))) rmSync(join(root, "dist", path));
  }
}

/** A command of the package is a file with a `#!` line that may be executed. */
function makeCommandsExecutable(): void {
  const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    bin: Record<string, string>;
  };
  for (const path of Object.values(bin)) {
    const file = join(root, path);
    if (!readFileSync(file, "utf8").startsWith("#!/usr/bin/env node\n")) {
      throw new Error(`${path} must begin with "#!/usr/bin/env node"`);
    }
    chmodSync(file, 0o755);
  }
}

/** Runs one of our compiled scripts; its output is ours. */
function script(name: string, ...args: string[]): void {
  const file = join(root, "dist/scripts", name + ".js");
  const { status, error } = spawnSync(process.execPath, [file, ...args], {
    cwd: root,
    stdio: "inherit",
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${name} failed`);
}

try {
  removeOrphans();
  script("generate", "--check");
  script("native");
  script("bundle");
  makeCommandsExecutable();
} catch (error) {
  console.error(`build: ${(error as Error).message}`);
  process.exitCode = 1;
}
