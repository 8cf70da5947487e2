/** What the command says of itself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./root.js";

const COMMANDS = `Usage:
  rusticated run [options] app.wasm [arguments…]     run an app
  rusticated build app.ts [-o app.wasm] [options]    compile an app
  rusticated help [run | build]                      say more of a command
  rusticated --version
`;

const RUN = `Usage: rusticated run [options] app.wasm [arguments…]

Runs an app; - is one from standard input. What an app is not given it cannot reach.

Options, which come before the app (what comes behind it is the app's):
  --dir HOST[::GUEST]  grant a directory, at its own path or at GUEST
  --dir-ro HOST[::GUEST]
                       the same for reading only
  --env NAME=VALUE     set an environment variable
  --net listen:HOST:PORT | connect:HOST:PORT | all
                       grant a part of the network: * is any host, any port
  --allow-run[=PROGRAM,…]
                       let it start any program, or these; they have all your rights
  --allow-all          grant all files, the network, programs and the whole environment

Variables: STD_BACKEND chooses how operations are performed, STD_MEMORY=bounce copies them.

The exit code is the app's; 134 when it died, 1 when it could not be run, 2 for a wrong command
line. When an app fails that was refused something, a hint names the option that would allow it.
`;

/** What `help build` says; the compiler's own options follow. */
export const BUILD = `Usage: rusticated build app.ts [-o app.wasm] [options]

Compiles an app, optimised unless options say otherwise. Without -o it becomes app.wasm in the
current directory. The exit code is 1 when it cannot be compiled, 2 for a wrong command line.

Options:
  --library             compile what has no main, but exports for other programs
  --disableWarning N    be silent about a dropped promise (301) or Result (302),
                        or a promise as a condition (2801)
  --debug --sourceMap   let an app that dies say where, in the lines of its source

All other options are those of the compiler:
`;

/** What the command says of itself, or of `run`. */
export function helpText(command?: "run"): string {
  return command === "run" ? RUN : `${COMMANDS}\n${RUN.slice(RUN.indexOf("Options"))}`;
}

/** The name and the version of the package. */
export function versionText(): string {
  const text = readFileSync(join(packageRoot, "package.json"), "utf8");
  const { name, version } = JSON.parse(text) as { name: string; version: string };
  return `${name} ${version}\n`;
}
