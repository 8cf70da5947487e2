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
import { meant, parseRun, UsageError } from "./options.js";
import type { RunCommand } from "./options.js";
import { NativeDir } from "./resource/dir.js";
import { inherited } from "./resource/stdio.js";
import { oneLine, safeName } from "./safe-text.js";

const NAME = "rusticated";

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

/**
 * The arguments as bytes where Node has lost some: what is not UTF-8 has become U+FFFD in
 * `process.argv`, and a file of such a name could not be opened.
 */
function exact(args: readonly string[]): readonly (string | Uint8Array)[] {
  if (process.platform !== "linux" || !args.some((text) => text.includes("\ufffd"))) return args;
  const line = readFileSync("/proc/self/cmdline", "latin1").split("\0").slice(0, -1);
  return line.slice(-args.length).map((text) => Buffer.from(text, "latin1"));
}

function contextFor(options: RunCommand): ContextBuilder {
  const builder = new ContextBuilder()
    .args(exact(options.app))
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

function run(command: RunCommand): number | Promise<number> {
  const [path] = command.app;
  if (path === undefined) throw new UsageError("run needs the path of a wasm");
  const context = contextOf(contextFor(command));
  let module: WebAssembly.Module | null = null;
  let instance: Instance | null = null;
  let code: number | Promise<number>;
  try {
    module = new WebAssembly.Module(readFileSync(path === "-" ? 0 : path));
    instance = new Instance(module, context);
    code = instance.runBlocking() & 0xff;
  } catch (error) {
    code = report(error, command, module);
  }
  for (const lost of instance?.unwritten ?? []) tellLost(path, lost);
  return instance === null || code === 0 ? code : advised(code, command, instance);
}

/** Says what an app that has failed may have lacked. @returns the exit code. */
async function advised(
  code: number | Promise<number>,
  command: RunCommand,
  instance: Instance,
): Promise<number> {
  const ended = await code;
  const { hintsFor } = await import("./hints.js");
  for (const hint of hintsFor(command, instance.refused)) complain(`hint: ${hint}`);
  return ended;
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
  { words, app: [path = "", ...args] }: RunCommand,
  module: WebAssembly.Module | null,
): Promise<number> {
  const name = oneLine(path);
  if (error instanceof GuestFailure) {
    complain(`${name}: ${await explained(error, path, module)}`);
    return error.exitCode;
  }
  if (error instanceof BackendError) complain(`${NAME}: ${error.message}`);
  else if (error instanceof WebAssembly.CompileError) {
    if (path.endsWith(".ts")) await refuseSource(path, words, args);
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

/** @throws UsageError that says how a source is run. */
async function refuseSource(
  path: string,
  options: readonly string[],
  args: readonly string[],
): Promise<never> {
  const { howToRun } = await import("./hints.js");
  const commands = howToRun(path, options, args);
  throw new UsageError(`${path} is a source, which is built first: ${commands}`,
    { hasAdvice: true });
}

async function build(args: string[]): Promise<number> {
  const { build: compile } = await import("../std-shim/build.js");
  return compile(args);
}

async function help(topic?: string): Promise<number> {
  if (topic === "build") return build(["--help"]);
  if (topic !== undefined && topic !== "run") return refuse(topic);
  const { helpText } = await import("./usage.js");
  print(1, helpText(topic));
  return 0;
}

async function version(): Promise<number> {
  const { versionText } = await import("./usage.js");
  print(1, versionText());
  return 0;
}

/** @throws UsageError for a word that is no command. */
async function refuse(word: string): Promise<never> {
  if (word.endsWith(".ts")) await refuseSource(word, [], []);
  if (word.endsWith(".wasm")) {
    const { commandOf } = await import("./hints.js");
    throw new UsageError(`an app is run by: ${commandOf("run", word)}`, { hasAdvice: true });
  }
  throw new UsageError(`unknown command ${word}${meant(word, ["run", "build", "help"])}`);
}

function main([command, ...args]: string[]): number | Promise<number> {
  switch (command) {
    case "run": {
      const parsed = parseRun(args);
      return parsed.isHelp ? help("run") : run(parsed);
    }
    case "build":
      return build(args);
    case "help":
      return help(args[0]);
    case "--help":
    case "-h":
      return help();
    case "--version":
    case "-V":
      return version();
    case undefined:
      throw new UsageError("no command");
    default:
      return refuse(command);
  }
}

function fail(error: unknown): void {
  const isHelpless = error instanceof UsageError && !error.hasAdvice;
  const hint = isHelpless ? ` (see ${NAME} --help)` : "";
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
