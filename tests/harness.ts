/**
 * What every test file uses: uvu's suites, with what uvu leaves out. A test that hangs fails by its
 * name; a suite that forgot `.run()`, a hook that throws and an unhandled rejection fail the file.
 * `scripts/test/runner.ts` reads the reports that this file sends through `TEST_REPORT_FD`.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite as uvuSuite } from "uvu";
export * as assert from "uvu/assert";

/** What one test file tells the runner, one JSON object per line. */
export type Report =
  | { kind: "begin"; suite: string; test: string; timeout: number }
  | { kind: "end"; suite: string; test: string; milliseconds: number; error?: string }
  | { kind: "skip"; suite: string; test: string; reason: string }
  | { kind: "forgotten"; suite: string }
  | { kind: "finished" }
  | { kind: "open"; resources: string[] };

/** A test: it fails when it throws, or when the promise that it returned is rejected. */
export type Test = () => void | Promise<void>;

/** One suite. Call it to add a test; call `run` once, after the last test. */
export interface Suite {
  (name: string, test: Test): void;
  /** Leaves out a test that cannot run here, and says why. */
  skip(name: string, reason: string): void;
  before(hook: Test): void;
  after(hook: Test): void;
  beforeEach(hook: Test): void;
  afterEach(hook: Test): void;
  run(): void;
}

export interface SuiteOptions {
  /** Milliseconds that each test may take; 30 000 unless given. */
  timeout?: number;
  /** Why a test is left out, by its name. */
  skips?: Readonly<Record<string, string>>;
}

/** The root of this checkout. */
export const root = findRoot(dirname(fileURLToPath(import.meta.url)));

const defaultTimeout = 30_000;
const openHandleGrace = 2_000;
const reportDescriptor = Number(process.env["TEST_REPORT_FD"] ?? -1);
const forgotten = new Set<string>();
const temporary: string[] = [];
let suitesLeft = 0;
let failures = 0;

/** Makes a suite. A suite of which `run` is never called fails the file. */
export function suite(name: string, options: SuiteOptions = {}): Suite {
  const timeout = options.timeout ?? defaultTimeout;
  const uvu = uvuSuite(name);
  let added = 0;
  let reported = 0;
  let isPrepared = true;
  forgotten.add(name);
  const add = (test: string, body: Test): void => {
    const reason = options.skips?.[test];
    if (reason !== undefined) return skip(test, reason);
    added++;
    uvu(test, async () => {
      reported++;
      // The runner prints what was reported; by hand, uvu prints what is thrown.
      await attempt(name, test, timeout, isPrepared ? body : unprepared).catch((error: unknown) => {
        if (reportDescriptor < 0) throw error;
      });
    });
  };
  const skip = (test: string, reason: string): void => {
    uvu.skip(test);
    send({ kind: "skip", suite: name, test, reason });
  };
  // uvu forgets a hook that throws, and with it every test of the suite: report it as a test.
  const hook = (what: string, body: Test) => async (): Promise<void> => {
    await attempt(name, what, timeout, body, true).catch(() => {
      if (what === "before hook") isPrepared = false;
    });
  };
  return Object.assign(add, {
    skip,
    before: (body: Test): void => uvu.before(hook("before hook", body)),
    after: (body: Test): void => uvu.after(hook("after hook", body)),
    beforeEach: (body: Test): void => uvu.before.each(hook("beforeEach hook", body)),
    afterEach: (body: Test): void => uvu.after.each(hook("afterEach hook", body)),
    run: (): void => {
      forgotten.delete(name);
      suitesLeft++;
      uvu.after(() => endSuite(name, added - reported));
      uvu.run();
    },
  });
}

/** What a test does whose suite is not ready for it: it would complain of what it lacks. */
function unprepared(): never {
  throw new Error("not run, as the before hook failed");
}

function endSuite(name: string, missing: number): void {
  if (missing > 0) fail(name, "whole suite", `${missing} tests never began`);
  suitesLeft--;
  if (suitesLeft > 0) return;
  send({ kind: "finished" });
  const timer = setTimeout(() => {
    const resources = process.getActiveResourcesInfo().filter((what) => what !== "Timeout");
    send({ kind: "open", resources });
  }, openHandleGrace);
  timer.unref();
}

/** Runs one test or hook under the clock and reports it; a hook is reported only when it fails. */
async function attempt(
  suiteName: string, test: string, timeout: number, body: Test, isHook = false,
): Promise<void> {
  if (!isHook) send({ kind: "begin", suite: suiteName, test, timeout });
  const began = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`timed out after ${timeout / 1000} s`);
    timer = setTimeout(() => reject(error), timeout);
  });
  try {
    await Promise.race([body(), late]);
  } catch (error) {
    fail(suiteName, test, describe(error), performance.now() - began);
    throw error;
  } finally {
    clearTimeout(timer);
  }
  const milliseconds = performance.now() - began;
  if (!isHook) send({ kind: "end", suite: suiteName, test, milliseconds });
}

function fail(suiteName: string, test: string, error: string, milliseconds = 0): void {
  failures++;
  send({ kind: "end", suite: suiteName, test, milliseconds, error });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const details = (error as { details?: unknown }).details;
  const stack = (error.stack ?? "").split("\n")
    .filter((line) => /^\s+at /.test(line) && !/node_modules|node:|tests\/harness\./.test(line));
  return [
    error.message,
    ...(typeof details === "string" && details ? [details] : []),
    ...stack.slice(0, 6).map((line) => line.trim()),
  ].join("\n");
}

/** Synchronous, because the process may be killed or may exit at any moment. */
function send(report: Report): void {
  if (reportDescriptor < 0) return;
  const line = Buffer.from(JSON.stringify(report) + "\n");
  for (let sent = 0; sent < line.length;) {
    try {
      sent += writeSync(reportDescriptor, line, sent);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
    }
  }
}

process.on("unhandledRejection", (error) => {
  fail("process", "unhandled rejection", describe(error));
});

process.on("exit", () => {
  for (const name of forgotten) {
    failures++;
    send({ kind: "forgotten", suite: name });
    console.error(`suite "${name}" was not run: call .run() after its last test`);
  }
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
  if (failures > 0) process.exitCode = 1;
});

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (readdirSync(folder).includes("package.json")) return folder;
    if (folder === dirname(folder)) throw new Error("there is no package.json above " + from);
  }
}

/** Makes an empty folder with a name of its own; it is removed when the process ends. */
export function tempDir(label = "test"): string {
  const folder = mkdtempSync(join(tmpdir(), `std-${label}-`));
  temporary.push(folder);
  return folder;
}

/** How many file descriptors the process has open now. Linux only. */
export function fdCount(pid: number | "self" = "self"): number {
  // The listing itself has one open while it reads its own folder.
  return readdirSync(`/proc/${pid}/fd`).length - (pid === "self" ? 1 : 0);
}

/** Bytes of memory that are resident for the process now. Linux only. */
export function residentBytes(pid: number | "self" = "self"): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found?.[1] ?? NaN) * 1024;
}

export interface ExecOptions {
  cwd?: string;
  /** Added to this process's environment; `undefined` removes a name. */
  env?: Record<string, string | undefined>;
  /** What the process reads as its standard input; nothing (end of input at once) unless given. */
  input?: string | Uint8Array;
  /** Who it is: the number of a user and group. Whoever runs the test unless given. */
  user?: number;
  /** Descriptors that it inherits, as its own from 3 on. */
  inherit?: readonly number[];
  /** Milliseconds after which it is killed, and the promise rejected; 25 000 unless given. */
  timeout?: number;
}

export interface ExecResult {
  /** The exit code; null when a signal ended the process. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** The bytes of standard output, for what is not text. */
  stdoutBytes: Buffer;
}

/** Runs a program to its end. A failure of the program is a result, not an exception. */
export function exec(
  command: string, args: readonly string[], options: ExecOptions = {},
): Promise<ExecResult> {
  const timeout = options.timeout ?? 25_000;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      ...options.user === undefined ? {} : { uid: options.user, gid: options.user },
      env: { ...process.env, TEST_REPORT_FD: undefined, ...options.env },
      stdio: ["pipe", "pipe", "pipe", ...options.inherit ?? []],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      const said = Buffer.concat([...out, ...err]).toString().slice(-2000);
      const line = [command, ...args].join(" ");
      reject(new Error(`killed after ${timeout / 1000} s: ${line}\n${said}`));
    }, timeout);
    child.stdout?.on("data", (bytes: Buffer) => out.push(bytes));
    child.stderr?.on("data", (bytes: Buffer) => err.push(bytes));
    // A program that ends before it has read its input is no fault of the test.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
    child.on("error", (error) => { clearTimeout(timer); reject(error); });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const stdoutBytes = Buffer.concat(out);
      const stderr = Buffer.concat(err).toString();
      resolve({ code, signal, stdout: stdoutBytes.toString(), stderr, stdoutBytes });
    });
  });
}

/** Runs the command line of this checkout: `launch(["run", "app.wasm", "argument"])`. */
export function launch(args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const launcher = join(root, "dist/host/launcher.cjs");
  return exec(process.execPath, [launcher, ...args], options);
}
