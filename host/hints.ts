/**
 * What the launcher advises when an app has failed: the options that would have allowed what it was
 * refused. Nothing here is needed by an app that succeeds, so it is loaded only then.
 */
import { statSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { RunCommand } from "./options.js";
import { widthOfOption } from "./options.js";
import type { Refusal } from "./refusals.js";
import { oneLine, safeName } from "./safe-text.js";

/** The advice, each on one line and safe to be shown. */
export function hintsFor(command: RunCommand, refused: readonly Refusal[]): string[] {
  const misplaced = misplacedIn(command);
  return [...misplaced === undefined ? [] : [misplaced],
    ...refused.map((refusal) => hintFor(refusal, command))];
}

/** What to do with a source that was to be run. */
export function howToRun(source: string, options: readonly string[], args: readonly string[] = []):
string {
  const wasm = `${/([^/]*)\.ts$/.exec(source)![1]!}.wasm`;
  return `${commandOf("build", source)} && ${commandOf("run", ...options, wasm, ...args)}`;
}

/** A command line of ours, for a shell. */
export function commandOf(...words: readonly string[]): string {
  return ["rusticated", ...words].map(quoted).join(" ");
}

/** A word as a shell takes it for just that. */
function quoted(word: string): string {
  return oneLine(/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
}

/** What to do with options of `run` that are behind the app, if there are any. */
function misplacedIn({ words, app: [path = "", ...args] }: RunCommand): string | undefined {
  // Who ends the options in so many words knows where they end.
  if (words.at(-1) === "--") return undefined;
  const options: string[] = [];
  const others: string[] = [];
  for (let at = 0; at < args.length;) {
    const width = widthOfOption(args.slice(at));
    if (width > 0) options.push(...args.slice(at, at + width));
    else others.push(args[at]!);
    at += Math.max(1, width);
  }
  if (options.length === 0) return undefined;
  return `what comes behind ${quoted(path)} went to the app, ${quoted(options[0]!)} as well; ` +
    `options of run come before: ${commandOf("run", ...words, ...options, path, ...others)}`;
}

function hintFor(refusal: Refusal, command: RunCommand): string {
  const { kind } = refusal;
  const name = `"${safeName(refusal.name)}"`;
  switch (kind) {
    case "read":
    case "change":
      return pathHint(refusal, command);
    case "read-only":
      return `${refusal.name === "" ? "an open file" : name} was not to be changed; ` +
        "--dir instead of --dir-ro would allow it";
    case "connect":
    case "listen":
      return `to ${kind === "listen" ? "listen on" : "connect to"} ${safeName(refusal.name)} is ` +
        `not granted; --net ${shown(`${kind}:${refusal.name}`)} would allow it`;
    case "lookup": {
      const at = refusal.name.lastIndexOf(":");
      const port = refusal.name.slice(at + 1);
      return `to look up "${safeName(refusal.name.slice(0, at))}" is not granted; ` +
        `--net ${shown(`connect:*:${port === "0" ? "*" : port}`)} would allow it, and to connect`;
    }
    case "program": {
      const isListable = /^[^,]+$/.test(refusal.name);
      const option = isListable ? `--allow-run=${shown(refusal.name)}` : "--allow-run";
      return `to start ${name} is not granted; ${option} would allow it`;
    }
    case "variable":
      return `the variable ${name} is not for a program of a list; ` +
        `--env ${shown(refusal.name)}=VALUE would allow just that value`;
  }
}

/** What would let it reach a path: the nearest directory that there is. */
function pathHint({ kind, name, currentDir }: Refusal, { grants }: RunCommand): string {
  const what = `"${safeName(name)}" is not granted`;
  const option = kind === "change" ? "--dir" : "--dir-ro";
  // With a directory granted at its own path the app starts where the launcher does.
  const isElsewhere = currentDir === "/" && !grants.some(({ guest }) => guest === undefined);
  const here = workingDirectory();
  const start = isElsewhere ? here : currentDir;
  const folder = folderOf(resolve(start, name));
  // Nobody should grant everything to have one file read.
  if (folder === "/" || folder.includes("::")) return `${what}; ${option} grants a directory`;
  const given = name.startsWith("/") ? folder : relative(here, folder) || ".";
  return `${what}; ${option} ${shown(given)} would allow it`;
}

/** The launcher's own current directory; the root when that is gone. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return "/";
  }
}

/** The nearest directory at or above an absolute path. */
function folderOf(path: string): string {
  try {
    if (statSync(path).isDirectory()) return path;
  } catch {
    // It is not there, and then nobody knows whether it would be one.
  }
  return path === "/" ? path : folderOf(dirname(path));
}

/** A text that the guest has made up, as a word for a shell. */
function shown(text: string): string {
  return quoted(safeName(text));
}
