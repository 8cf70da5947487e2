/** A program that a test talks with, line by line. */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { assert } from "./harness.js";

/** How a program has ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program whose standard input and output belong to the test. */
export class Conversation {
  readonly child: ChildProcess;
  private readonly ended: Promise<unknown[]>;
  private readonly lines: AsyncIterator<string>;

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], ...options });
    this.ended = once(this.child, "close");
    this.child.stdin!.on("error", () => {});
    const lines = createInterface({ input: this.child.stdout!, crlfDelay: Infinity });
    this.lines = lines[Symbol.asyncIterator]();
  }

  /** The next line that it says; undefined when it has no more to say. */
  async next(): Promise<string | undefined> {
    const next = await this.lines.next();
    return next.done === true ? undefined : next.value;
  }

  /** The same for a test that wants to see that there is none. */
  async line(): Promise<string> {
    return await this.next() ?? "(the end)";
  }

  /** The next line that it says must be this one. */
  async expect(line: string): Promise<void> {
    assert.is(await this.line(), line);
  }

  /** Sends a line. */
  say(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }

  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** It ends, and has nothing more to say. */
  async end(): Promise<Ending> {
    this.child.stdin!.end();
    assert.is(await this.next(), undefined);
    return this.leave();
  }

  /** Says no more, and waits for its end, whatever it still says. */
  async leave(): Promise<Ending> {
    this.child.stdin!.end();
    while (await this.next() !== undefined);
    const [code, signal] = await this.ended as [number | null, NodeJS.Signals | null];
    return { code, signal };
  }
}
