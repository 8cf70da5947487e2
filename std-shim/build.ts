/**
 * `rusticated build`: asc with our transform, optimising unless told otherwise. Everything that asc
 * takes may be given, an `asconfig.json` beside the app is respected, and an app that names our
 * `asconfig.json` there by itself comes to the same.
 */
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { help, parse } from "assemblyscript/util/options.js";
import { reasonOf } from "../host/error-text.js";
import { commandOf } from "../host/hints.js";
import { meant, widthOfOption } from "../host/options.js";
import { BUILD } from "../host/usage.js";

/** How to optimise when neither the command line nor the app's configuration says. */
const defaultOptimization = ["--optimizeLevel", "3", "--shrinkLevel", "1"];

/** Says that what is built is no app, but functions for somebody else's. */
const libraryOption = "--library";

const transformOf = (isLibrary: boolean): string =>
  fileURLToPath(new URL(isLibrary ? "./target.js" : "./app.js", import.meta.url));

/** asc's options as they are after its configuration files have been read. */
interface Configuration {
  options: {
    optimize?: boolean;
    optimizeLevel?: number;
    shrinkLevel?: number;
    debug?: boolean;
    noEmit?: boolean;
    outFile?: string | null;
    textFile?: string | null;
  };
  entries: string[];
}

/**
 * Compiles an app. `args` are asc's: `["app.ts", "-o", "app.wasm"]`; and `--library` for what is no
 * app. Diagnostics and messages go to the standard streams. Returns the exit code.
 */
export async function build(words: readonly string[]): Promise<number> {
  const args = words.filter((word) => word !== libraryOption);
  const isLibrary = args.length < words.length;
  const { options: own, unknown: [stranger] } = parse(args, asc.options, false);
  if (stranger !== undefined) return complain(2, unknownOption(stranger));
  if (own["help"] !== undefined) return tell(BUILD + help(asc.options));
  if (own["version"] !== undefined) return tell(`AssemblyScript ${asc.version}`);
  const given = [...args, ...configOf(args)];
  const configuration = await readConfiguration(given);
  const [entry, ...others] = configuration?.entries ?? [];
  if (!configuration || entry === undefined) {
    return complain(2, "name the app's file: build app.ts -o app.wasm [asc's options]");
  }
  const { options } = configuration;
  if (!isLibrary && others.some((other) => resolve(other) !== resolve(entry))) {
    return complain(2, severalApps(configuration.entries));
  }
  // asc would write the wasm to standard output.
  if (options.outFile === "") return complain(2, "-o needs the name of a file: -o app.wasm");
  const extra = ["--transform", transformOf(isLibrary)];
  if (!options.optimize && options.optimizeLevel === undefined && !options.debug) {
    if (options.shrinkLevel === undefined) extra.push(...defaultOptimization);
  }
  const isUnnamed = !options.noEmit && !hasOutput(options);
  if (isUnnamed) {
    options.outFile = `${basename(entry, ".ts")}.wasm`;
    extra.push("--outFile", options.outFile);
  }
  const output = new Output();
  const { stdout, stderr } = process;
  const writeFile = output.write.bind(output);
  const { error } = await asc.main([...given, ...extra], { stdout, stderr, writeFile });
  if (error) return 1;
  if (output.failure !== null) return complain(1, output.failure);
  return isUnnamed ? tell(`${options.outFile}: ${output.size} bytes`) : 0;
}

/** What is wrong with an option that is none. asc would warn of it, and build something else. */
function unknownOption(word: string): string {
  if (widthOfOption([word]) > 0) return `${word} is an option of run`;
  const known = Object.keys(asc.options).filter((name) => !name.startsWith(" "))
    .map((name) => name.startsWith("-") ? name : `--${name}`);
  const [name = ""] = word.split("=");
  return `unknown option ${word}${meant(name, [libraryOption, ...known])}`;
}

/** What is wrong with several entries, of which asc makes one wasm with the first one's `main`. */
function severalApps(apps: readonly string[]): string {
  const commands = apps.map((app) => commandOf("build", app));
  return `each app is built by itself: ${commands.join(" && ")}`;
}

function tell(message: string): number {
  process.stdout.write(`${message}\n`);
  return 0;
}

function complain(code: number, message: string): number {
  process.stderr.write(`build: ${message}\n`);
  return code;
}

/** Writes what asc makes. asc by itself says nothing of a file that could not be written. */
class Output {
  /** Why the first file could not be written. */
  failure: string | null = null;
  /** Bytes of the wasm that was written. */
  size = 0;

  write(name: string, contents: string | Uint8Array, base: string): void {
    const path = resolve(base, name);
    let doing = `create the folder ${dirname(name)}`;
    try {
      makeFolder(dirname(path));
      doing = `write ${name}`;
      writeFileSync(path, contents);
      if (name.endsWith(".wasm")) this.size = contents.length;
    } catch (error) {
      this.failure ??= `cannot ${doing}: ${reasonOf(error)}`;
    }
  }
}

/** Makes a folder and those above it. (Node's own way never ends below `/proc`.) */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another compilation may have been quicker.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

function hasOutput({ outFile, textFile }: Configuration["options"]): boolean {
  return typeof outFile === "string" || typeof textFile === "string";
}

/**
 * The configuration that lies in this folder or beside the app, unless one is named. It is named by
 * its whole path: what a relative one says of this very folder (`./transform.js`) asc would take
 * for the name of a package.
 */
function configOf(args: readonly string[]): string[] {
  if (args.includes("--config") || args.includes("--baseDir")) return [];
  const entry = args.find((argument) => argument.endsWith(".ts"));
  const folders = entry === undefined ? ["."] : [".", dirname(entry)];
  const config = folders.map((folder) => resolve(folder, "asconfig.json")).find(existsSync);
  return config === undefined ? [] : ["--config", config];
}

/** Asks asc itself what the command line and the configuration files come to. */
async function readConfiguration(args: readonly string[]): Promise<Configuration | null> {
  const answer = asc.createMemoryStream();
  await asc.main([...args, "--showConfig"], { stdout: asc.createMemoryStream(), stderr: answer });
  const text = answer.toString();
  const start = text.indexOf("{");
  if (start < 0) return null;
  try {
    return JSON.parse(text.slice(start)) as Configuration;
  } catch {
    return null;
  }
}
