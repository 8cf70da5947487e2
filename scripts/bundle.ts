/**
 * Makes `dist/host/launcher.cjs`: the launcher and all that `run` needs, in one CommonJS file. Node
 * takes about a millisecond to load each ES module, and five to begin loading any, which together
 * were more than twice the start of Node itself. Only the compiler stays outside: whatever `run`
 * loaded once an app has started, an app that may write there could have replaced.
 */
import { chmodSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const output = join(root, "dist/host/launcher.cjs");

/**
 * A CommonJS file has a `require`: Node need not load a module for making one. What explains a
 * death has another use for that module, and is not in a hurry.
 */
const ownRequire: Plugin = {
  name: "own require",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:module$/ }, ({ path, importer }) =>
      importer.endsWith("trap.ts") ? { path, external: true } : { path, namespace: "own-require" });
    onLoad({ filter: /.*/, namespace: "own-require" }, () => (
      { contents: "export const createRequire = () => require;" }
    ));
  },
};

// Others may be running the old one, so the new one takes its place whole.
await build({
  entryPoints: [join(root, "host/launcher.ts")],
  outfile: `${output}.new`,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  // The bundle lies where the launcher lay, so these paths mean the same.
  plugins: [ownRequire],
  external: ["../std-shim/build.js"],
  // The one use of `import.meta` asks for the folder; the URL is for when there is no answer.
  define: { "import.meta.dirname": "__dirname", "import.meta.url": "undefined" },
  // Comments are a third of it; names stay, for whoever has to read a stack.
  minifyWhitespace: true,
  legalComments: "none",
  logLevel: "warning",
});
chmodSync(`${output}.new`, 0o755);
renameSync(`${output}.new`, output);
