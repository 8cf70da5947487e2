/**
 * Runs test files, each in a process of its own, and trusts none of them: a file that ran no test,
 * a suite that was not run, a test that blocks the process, a process that does not end and one
 * that leaves another behind are failures with a name.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Report } from "../../tests/harness.js";

export interface RunnerOptions {
  /** How many files run at the same time; 2 unless given. */
  jobs?: number;
  /** Milliseconds for a whole file; ten minutes unless given. */
  fileTimeout?: number;
  /** Milliseconds between the end of the last test and the end of the process; 5 000. */
  exitGrace?: number;
  /** Called with each file's result as soon as it is there. */
  onFile?: (result: FileResult) => void;
}

export interface Failure {
  /** `suite > test`, or what is wrong with the file as a whole. */
  name: string;
  message: string;
}

export interface FileResult {
  file: string;
  passed: number;
  skipped: string[];
  failures: Failure[];
  milliseconds: number;
  /** What the file printed; for the reader of a failure. */
  output: string;
}

/** Milliseconds that a test may block the event loop past its own timeout before it is killed. */
const blockedGrace = 3_000;

/** Runs the files and gives their results in the order of `files`. */
export async function runFiles(
  files: readonly string[], options: RunnerOptions = {},
): Promise<FileResult[]> {
  const results: FileResult[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < files.length; index = next++) {
      const result = await new FileRun(files[index] as string, options).end;
      results[index] = result;
      options.onFile?.(result);
    }
  };
  await Promise.all(Array.from({ length: options.jobs ?? 2 }, work));
  return results;
}

/** Kills every test process that still runs; for a runner that is interrupted. */
export function killAll(): void {
  for (const run of running) run.kill();
}

const running = new Set<FileRun>();

/** One file's process, from its start to the verdict. */
class FileRun {
  readonly end: Promise<FileResult>;
  private readonly result: FileResult;
  private readonly child: ChildProcess;
  private readonly began = performance.now();
  private readonly folder = mkdtempSync(join(tmpdir(), "std-run-"));
  private readonly whole: NodeJS.Timeout;
  private readonly exitGrace: number;
  private watchdog: NodeJS.Timeout | undefined;
  private current: { suite: string; test: string } | undefined;
  private finished = false;
  private killed = false;
  private open = "";
  private exitCode: number | null = null;

  constructor(file: string, options: RunnerOptions) {
    this.result = { file, passed: 0, skipped: [], failures: [], milliseconds: 0, output: "" };
    this.exitGrace = options.exitGrace ?? 5_000;
    // In a process group of its own, so that what it started can be found and ended with it.
    this.child = spawn(process.execPath, ["--enable-source-maps", file], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      env: testEnvironment(this.folder),
    });
    running.add(this);
    this.readOutput();
    this.readReports(this.child.stdio[3] as Readable);
    const limit = options.fileTimeout ?? 600_000;
    this.whole = setTimeout(() => {
      this.kill(this.place("whole file"), `still running after ${limit / 1000} s`);
    }, limit);
    this.end = new Promise((resolve) => {
      this.child.on("error", (error) => this.fail("process", String(error)));
      this.child.on("close", () => resolve(this.verdict()));
      this.child.on("exit", (code, signal) => this.exited(code, signal));
    });
  }

  /** Ends the process and all that it started; with a name also records the failure. */
  kill(name = "", message = ""): void {
    if (name) this.fail(name, message);
    this.killed = true;
    signalGroup(this.child.pid);
  }

  private fail(name: string, message: string): void {
    this.result.failures.push({ name, message });
  }

  private place(otherwise: string): string {
    return this.current ? `${this.current.suite} > ${this.current.test}` : otherwise;
  }

  private readOutput(): void {
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (bytes: Buffer) => {
        this.result.output = (this.result.output + bytes.toString()).slice(-20_000);
      });
    }
  }

  private readReports(stream: Readable): void {
    let rest = "";
    stream.on("data", (bytes: Buffer) => {
      const lines = (rest + bytes.toString()).split("\n");
      rest = lines.pop() as string;
      for (const line of lines) this.take(JSON.parse(line) as Report);
    });
    stream.on("error", () => {});
  }

  private take(report: Report): void {
    switch (report.kind) {
      case "begin": return this.begin(report.suite, report.test, report.timeout);
      case "end": return this.endTest(`${report.suite} > ${report.test}`, report.error);
      case "skip":
        this.result.skipped.push(`${report.suite} > ${report.test}: ${report.reason}`);
        return;
      case "forgotten":
        return this.fail(report.suite, "the suite was not run: call .run() after its last test");
      case "finished": return this.expectExit();
      case "open":
        this.open = report.resources.length ? `: ${report.resources.join(", ")}` : "";
    }
  }

  private begin(suite: string, test: string, timeout: number): void {
    this.current = { suite, test };
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => {
      this.kill(this.place(""), `blocks the process; killed after ${timeout / 1000} s`);
    }, timeout + blockedGrace);
  }

  private endTest(name: string, error: string | undefined): void {
    clearTimeout(this.watchdog);
    this.current = undefined;
    if (error === undefined) this.result.passed++;
    else this.fail(name, error);
  }

  private expectExit(): void {
    this.finished = true;
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => {
      this.kill("whole file", `does not end: something is still open${this.open}`);
    }, this.exitGrace);
  }

  private exited(code: number | null, signal: NodeJS.Signals | null): void {
    clearTimeout(this.watchdog);
    clearTimeout(this.whole);
    if (!this.killed) {
      if (signal) this.fail(this.place("whole file"), `the process died of ${signal}`);
      else if (!this.finished && this.current) {
        this.fail(this.place(""), `the process ended in the middle, code ${code}`);
      }
      const left = groupMembers(this.child.pid as number);
      if (left.length) this.fail("whole file", `leaves processes behind: ${left.join("; ")}`);
    }
    signalGroup(this.child.pid);
    this.exitCode = code;
  }

  private verdict(): FileResult {
    const { result } = this;
    running.delete(this);
    rmSync(this.folder, { recursive: true, force: true });
    result.milliseconds = performance.now() - this.began;
    if (!result.failures.length && !this.killed) {
      if (!this.finished) this.fail("whole file", "no suite was run to its end");
      else if (this.exitCode !== 0) this.fail("whole file", `exit code ${this.exitCode}`);
      else if (!result.passed && !result.skipped.length) this.fail("whole file", "ran no test");
    }
    return result;
  }
}

/** What a test sees is the same everywhere: asc, for one, writes colours when it sees `CI`. */
function testEnvironment(folder: string): NodeJS.ProcessEnv {
  const { CI: _, ...rest } = process.env;
  return { ...rest, TEST_REPORT_FD: "3", TMPDIR: folder, NO_COLOR: "1" };
}

function signalGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The command lines of the live processes of a group, zombies left out. Linux; elsewhere none. */
function groupMembers(group: number): string[] {
  const found: string[] = [];
  if (process.platform !== "linux") return found;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // pid (name) state parent group …; the name may hold anything, blanks and brackets included.
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [state, , itsGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(itsGroup) !== group || state === "Z" || state === "X") continue;
      found.push(readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim());
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}
