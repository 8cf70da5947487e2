/**
 * Makes `dist/host/launcher.cjs`: the launcher and all that `run` needs, in one CommonJS file. Node
 * takes about a millisecond to load each ES module, and five to begin loading any, which together
 * were more than twice the start of Node itself.
 *
 * The files are compiled anew, with `const enum`s put in as numbers, and written one after another
 * into one scope. That is possible because they are in order, none waits for another at the top
 * level, and no two use the same name there; each of these is checked, not hoped for. What is
 * imported dynamically stays outside.
 */
import { spawnSync } from "node:child_process";
import { builtinModules } from "node:module";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "build/bundle");
const entry = join(folder, "host/launcher.js");
const output = join(root, "dist/host/launcher.cjs");

const importStatement = /^import\s+(?:\{([^}]*)\}\s+from\s+)?"([^"]+)";\n/gm;
const reexportStatement = /^export\s+\{[^}]*\}\s+from\s+"([^"]+)";\n/gm;
const declaration = /^(?:export )?(?:async )?(?:const|let|function|class) ([\w$]+)/gm;

/** Compiles the launcher and what it imports to plain ES modules below `folder`. */
function compile(): void {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const options = [
    ...["--ignoreConfig", "--target", "es2022", "--lib", "es2023,dom", "--types", "node"],
    ...["--module", "esnext", "--moduleResolution", "bundler", "--strict", "--skipLibCheck"],
    ...["--removeComments", "--rootDir", root, "--outDir", folder],
  ];
  const args = [tsc, ...options, join(root, "host/launcher.ts")];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`tsc: ${stdout}`);
}

/** The files that `file` needs, before it, each once. */
function inOrder(file: string, found: Map<string, string>, above: readonly string[]): void {
  if (above.includes(file)) {
    throw new Error(`imports in a circle: ${[...above, file].map(short).join(" → ")}`);
  }
  if (found.has(file)) return;
  const text = substitutes[short(file)] ?? readFileSync(file, "utf8");
  const targets = [...text.matchAll(importStatement)].map((match) => match[2]!)
    .concat([...text.matchAll(reexportStatement)].map((match) => match[1]!));
  for (const target of targets) {
    if (target.startsWith(".")) inOrder(join(dirname(file), target), found, [...above, file]);
  }
  found.set(file, text);
}

function short(file: string): string {
  return relative(folder, file);
}

/** Notes the names that a file imports from Node, and refuses what one scope cannot express. */
function builtinsOf(file: string, text: string, names: Map<string, string>): void {
  for (const [, list = "", from = ""] of text.matchAll(importStatement)) {
    if (/\bas\b/.test(list)) throw new Error(`${short(file)} renames an import: ${list.trim()}`);
    if (from.startsWith(".")) continue;
    if (!builtinModules.includes(from.replace(/^node:/, ""))) {
      throw new Error(`${short(file)} imports ${from}, which is neither ours nor Node's`);
    }
    for (const name of list.split(",").map((part) => part.trim())) {
      if (name !== "") names.set(name, from);
    }
  }
}

/** The statement that gets the names from Node's modules. */
function requires(names: ReadonlyMap<string, string>): string {
  const modules = [...new Set(names.values())];
  return modules.map((from) => {
    const list = [...names].filter((pair) => pair[1] === from).map(([name]) => name);
    return `const { ${list.join(", ")} } = require("${from}");\n`;
  }).join("");
}

/** What stands for a file that is about the place it lies in, and what that needs of Node. */
const substitutes: Readonly<Record<string, string>> = {
  "host/root.js": `import { join } from "node:path";
export const packageRoot = join(__dirname, "../..");
`,
};

/** One file as part of the common scope. Dynamic imports are made relative to the output. */
function body(file: string, text: string): string {
  const place = join(root, "dist", short(dirname(file)));
  return text
    .replace(/^#!.*\n/, "")
    .replace(importStatement, "")
    .replace(reexportStatement, "")
    .replace(/^export \{\};\n/gm, "")
    .replace(/^export (?=(async )?(const|let|function|class) )/gm, "")
    .replace(/\bimport\("(\.[^"]+)"\)/g, (_all, target: string) =>
      `import(${JSON.stringify(`./${relative(dirname(output), join(place, target))}`)})`);
}

/** Puts the files into one; throws where that would change what they mean. */
function bundle(): string {
  const files = new Map<string, string>();
  inOrder(entry, files, []);
  const names = new Map<string, string>();
  const declared = new Map<string, string>();
  let bodies = "";
  for (const [file, text] of files) {
    builtinsOf(file, text, names);
    for (const [, name = ""] of text.matchAll(declaration)) {
      const other = declared.get(name);
      if (other !== undefined) {
        throw new Error(`${short(other)} and ${short(file)} both declare ${name}`);
      }
      declared.set(name, file);
    }
    bodies += body(file, text);
  }
  if (/^(export|import) /m.test(bodies) || bodies.includes("import.meta")) {
    throw new Error("a form of import or export is left over");
  }
  return `#!/usr/bin/env node\n"use strict";\n${requires(names)}${bodies}`;
}

try {
  compile();
  const text = bundle();
  mkdirSync(dirname(output), { recursive: true });
  // Others may be running the old one.
  writeFileSync(`${output}.new`, text, { mode: 0o755 });
  renameSync(`${output}.new`, output);
} catch (error) {
  console.error(`bundle: ${(error as Error).message}`);
  process.exitCode = 1;
}
