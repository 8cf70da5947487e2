/** Where `std/*` is: the sources in `assembly/`, whatever folder the app is in. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** What AssemblyScript calls the folder of our sources. */
export const stdPrefix = "~lib/std/";

const assemblyFolder = findAssembly(dirname(fileURLToPath(import.meta.url)));

/** `assembly` in the folder of the package, which is one or two above this one. */
function findAssembly(folder: string): string {
  for (let current = folder; dirname(current) !== current; current = dirname(current)) {
    const assembly = join(current, "assembly");
    if (existsSync(join(current, "package.json")) && existsSync(assembly)) return assembly;
  }
  throw new Error(`the sources of std are not where they should be, above ${folder}`);
}

/** Whether a path of AssemblyScript's is one of ours; `~lib/std` itself is too. */
export function isStd(path: string): boolean {
  return path.startsWith(stdPrefix) || path === "~lib/std.ts" || path === "~lib/std";
}

/** The source of a file of std by AssemblyScript's path for it, or null if there is none. */
export function readStd(path: string): string | null {
  const name = path.slice(stdPrefix.length).replace(/(\/index)?(\.ts)?$/, "");
  if (name.split("/").some((part) => part === "" || part.startsWith("."))) return null;
  for (const file of [`${name}.ts`, `${name}/index.ts`]) {
    const whole = join(assemblyFolder, file);
    if (existsSync(whole)) return readFileSync(whole, "utf8");
  }
  return null;
}

/** What an app is meant to import; the other files in `assembly/` are std's own. */
const surface = [
  "env", "fs", "io", "net", "path", "process", "random", "rt", "signal", "time", "tty", "vec",
];

/** The modules of std that there are, for people: `std/env`, `std/fs`, … */
export function modules(): string[] {
  const exists = (name: string): boolean => readStd(`${stdPrefix}${name}.ts`) !== null;
  return surface.filter(exists).map((name) => `std/${name}`);
}
