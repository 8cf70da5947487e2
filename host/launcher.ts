#!/usr/bin/env node
/**
 * The command. It begins with what `run` needs and loads nothing else until that is needed: how
 * fast a hello world starts is decided by what is imported here.
 */
import { readFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { Errno } from "./abi.js";
import { BackendError } from "./backend/select.js";
import { ContextBuilder } from "./context.js";
import type { Context } from "./context.js";
import { errorText, reasonOf } from "./error-text.js";
import { GuestFailure } from "./failure.js";
import type { Unwritten } from "./flush.js";
import { Instance } from "./instance.js";
import { ProgramError } from "./locate.js";
import { NativeDir } from "./resource/dir.js";
import { inherited } from "./resource/stdio.js";
import { oneLine, safeName } from "./safe-text.js";

const NAME = "rusticated";

const HELP = `Usage:
  ${NAME} run [options] app.wasm [arguments…]    run an app
  ${NAME} build app.ts [-o app.wasm] [asc options…]  compile an app; with --library
                                               what has no main

Options of run (what an app is not given it cannot reach):
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
`;

/** A mistake in the command line; exit code 2. */
class UsageError extends Error {}

interface Grant {
  readonly host: string;
  readonly guest: string | undefined;
  readonly isReadOnly: boolean;
}

interface RunOptions {
  readonly grants: Grant[];
  readonly env: [string, string][];
  readonly network: string[];
  /** Programs; null: all of them. */
  programs: string[] | null;
  isAllAllowed: boolean;
}

/** Writes a message to standard error as well as that is possible. Its lines are lines. */
function complain(message: string): void {
  print(2, `${message.split("\n").map(oneLine).join("\n")}\n`);
}

function print(descriptor: number, text: string): void {
  try {
    writeSync(descriptor, text);
  } catch {
    // Nobody reads it: there is nobody left to tell.
  }
}

function splitOption(argument: string): [string, string | undefined] {
  const at = argument.indexOf("=");
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}

/** Takes the options off `args`; what remains is the app and its arguments. */
function parseRun(args: string[]): RunOptions {
  const options: RunOptions = {
    grants: [], env: [], network: [], programs: [], isAllAllowed: false,
  };
  while (args[0]?.startsWith("-") && args[0] !== "-") {
    const argument = args.shift()!;
    if (argument === "--") break;
    const [name, attached] = splitOption(argument);
    if (name === "--allow-all") {
      if (attached !== undefined) throw new UsageError("--allow-all takes no value");
      options.isAllAllowed = true;
      continue;
    }
    if (name === "--allow-run") {
      const names = attached?.split(",");
      if (names?.includes("")) throw new UsageError("--allow-run=: a program without a name");
      options.programs = names === undefined ? null : options.programs?.concat(names) ?? null;
      continue;
    }
    if (name !== "--dir" && name !== "--dir-ro" && name !== "--env" && name !== "--net") {
      throw new UsageError(`unknown option ${argument}`);
    }
    const value = attached ?? args.shift();
    if (value === undefined || value === "") throw new UsageError(`${name} needs a value`);
    if (name === "--dir") options.grants.push(parseGrant(name, value));
    else if (name === "--dir-ro") options.grants.push(parseGrant(name, value));
    else if (name === "--net") options.network.push(value);
    else options.env.push(parseVariable(value));
  }
  return options;
}

function parseGrant(option: string, value: string): Grant {
  const isReadOnly = option === "--dir-ro";
  const at = value.indexOf("::");
  if (at < 0) return { host: value, guest: undefined, isReadOnly };
  const grant = { host: value.slice(0, at), guest: value.slice(at + 2), isReadOnly };
  if (grant.host === "") throw new UsageError(`${option} ${value}: no directory before the ::`);
  if (!grant.guest.startsWith("/")) {
    throw new UsageError(`${option} ${value}: the guest's path must be absolute`);
  }
  return grant;
}

function grantNetwork(builder: ContextBuilder, value: string): void {
  const [, use, pattern = ""] = /^(listen|connect):(.*)$/.exec(value) ?? [];
  try {
    if (value === "all") builder.allowNet();
    else if (use === "listen") builder.listen(pattern);
    else if (use === "connect") builder.connect(pattern);
    else throw new TypeError(`${value}: neither listen:HOST:PORT nor connect:HOST:PORT nor all`);
  } catch (error) {
    throw new UsageError(`--net ${reasonOf(error)}`);
  }
}

function parseVariable(value: string): [string, string] {
  const [name, content] = splitOption(value);
  if (content === undefined || name === "") throw new UsageError(`--env ${value}: no NAME=VALUE`);
  return [name, content];
}

/**
 * The arguments as bytes where Node has lost some: what is not UTF-8 has become U+FFFD in
 * `process.argv`, and a file of such a name could not be opened.
 */
function exact(args: readonly string[]): readonly (string | Uint8Array)[] {
  if (process.platform !== "linux" || !args.some((text) => text.includes("\ufffd"))) return args;
  const line = readFileSync("/proc/self/cmdline", "latin1").split("\0").slice(0, -1);
  return line.slice(-args.length).map((text) => Buffer.from(text, "latin1"));
}

function contextFor(options: RunOptions, args: readonly string[]): ContextBuilder {
  const builder = new ContextBuilder()
    .args(exact(args))
    .stdin(inherited(0))
    .stdout(inherited(1))
    .stderr(inherited(2))
    // The process is the app's.
    .signals();
  const env = { ...(options.isAllAllowed ? process.env : {}), ...Object.fromEntries(options.env) };
  builder.envs(env);
  if (env["TMPDIR"]) builder.tempDir(env["TMPDIR"]);
  for (const { host, guest, isReadOnly } of options.grants) {
    try {
      builder.dir(NativeDir.open(host), guest ?? resolve(host), { isReadOnly });
    } catch (error) {
      throw new UsageError(`${isReadOnly ? "--dir-ro" : "--dir"} ${host}: ${reasonOf(error)}`);
    }
  }
  for (const value of options.network) grantNetwork(builder, value);
  if (options.programs === null) builder.allowRun();
  for (const program of options.programs ?? []) {
    builder.run(program, program.includes("/") ? resolve(program) : program);
  }
  if (options.isAllAllowed) return builder.allowAll(process.cwd());
  const hasOwnPaths = options.grants.some(({ guest }) => guest === undefined);
  return hasOwnPaths ? builder.currentDir(process.cwd()) : builder;
}

function contextOf(builder: ContextBuilder): Context {
  try {
    return builder.build();
  } catch (error) {
    throw error instanceof ProgramError ? new UsageError(`--allow-run: ${error.message}`) : error;
  }
}

function run(args: string[]): number | Promise<number> {
  const options = parseRun(args);
  const [path] = args;
  if (path === undefined) throw new UsageError("run needs the path of a wasm");
  const context = contextOf(contextFor(options, args));
  let module: WebAssembly.Module | null = null;
  let instance: Instance | null = null;
  try {
    module = new WebAssembly.Module(readFileSync(path === "-" ? 0 : path));
    instance = new Instance(module, context);
    return instance.runBlocking() & 0xff;
  } catch (error) {
    return report(error, path, module);
  } finally {
    for (const lost of instance?.unwritten ?? []) tellLost(path, lost);
  }
}

/** Says what the app printed last and nobody got to see. */
function tellLost(path: string, { stream, bytes, errno }: Unwritten): void {
  // Whoever was reading has seen enough.
  if (errno === Errno.EPIPE) return;
  const reason = errno === Errno.ETIMEDOUT ? "nobody reads them" : errorText(errno);
  complain(`${oneLine(path)}: ${bytes} bytes printed to ${stream} are lost: ${reason}`);
}

/** Says why the app could not be run to its end. @returns the exit code. */
async function report(
  error: unknown,
  path: string,
  module: WebAssembly.Module | null,
): Promise<number> {
  const name = oneLine(path);
  if (error instanceof GuestFailure) {
    complain(`${name}: ${await explained(error, path, module)}`);
    return error.exitCode;
  }
  if (error instanceof BackendError) complain(`${NAME}: ${error.message}`);
  else if (error instanceof WebAssembly.CompileError) {
    complain(`${name}: not a wasm module: ${safeName(error.message)}`);
  } else complain(`${name}: ${reasonOf(error)}`);
  return 1;
}

/** What the guest died of, for people. */
async function explained(
  failure: GuestFailure,
  path: string,
  module: WebAssembly.Module | null,
): Promise<string> {
  try {
    const { explain, readBeside } = await import("./trap.js");
    // What came from standard input has nothing beside it.
    return explain(failure, module, path === "-" ? undefined : (url) => readBeside(path, url));
  } catch {
    // Not even that file can be opened: perhaps that is just what the guest died of.
    return `${failure.kind}: ${failure.message}`;
  }
}

async function build(args: string[]): Promise<number> {
  const { build: compile } = await import("../std-shim/build.js");
  return compile(args);
}

function main(args: string[]): number | Promise<number> {
  const command = args.shift();
  switch (command) {
    case "run":
      if (args[0] === "--help") break;
      return run(args);
    case "build":
      if (args[0] === "--help") break;
      return build(args);
    case "--help":
    case "help":
      break;
    case undefined:
      throw new UsageError("no command");
    default:
      throw new UsageError(`unknown command ${command}`);
  }
  print(1, HELP);
  return 0;
}

function fail(error: unknown): void {
  const hint = error instanceof UsageError ? ` (see ${NAME} --help)` : "";
  complain(`${NAME}: ${reasonOf(error)}${hint}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

// Traps deep in an app should show more than the ten frames of the default.
Error.stackTraceLimit = 64;
try {
  const code = main(process.argv.slice(2));
  // No `process.exit`: what is still being written would be lost. No `await` at the top level: the
  // bundle cannot have one.
  if (typeof code === "number") process.exitCode = code;
  else code.then((value) => (process.exitCode = value), fail);
} catch (error) {
  fail(error);
}
