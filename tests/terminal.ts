/** A program on a terminal of its own, and a test that sits at it: `tests/native/pty.c`. */
import { constants } from "node:os";
import { join } from "node:path";
import { compileC, findCompiler } from "../scripts/native.js";
import { Conversation } from "./conversation.js";
import { assert, root, tempDir } from "./harness.js";

let helper: string | undefined;

/** Whether there can be terminals: the helper has to be compiled. */
export function hasTerminals(): boolean {
  return findCompiler() !== null;
}

function helperPath(): string {
  if (helper !== undefined) return helper;
  helper = join(tempDir("pty"), "pty");
  compileC(findCompiler()!, helper, [join(root, "tests/native/pty.c")], []);
  return helper;
}

/** One terminal, and the program on it. */
export class Terminal {
  private readonly talk: Conversation;
  /** What the terminal shows and the test has not expected yet. */
  private shown = "";
  /** What else has been told, in its order. */
  private readonly told: string[] = [];

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.talk = new Conversation(helperPath(), [command, ...args], {
      env: { ...process.env, ...env },
    });
  }

  /** Waits until the terminal shows this, and takes all up to its end. @returns what it took. */
  async shows(text: string): Promise<string> {
    while (!this.shown.includes(text)) {
      assert.ok(await this.listen(), `it shows only ${JSON.stringify(this.shown)}`);
    }
    const end = this.shown.indexOf(text) + text.length;
    const taken = this.shown.slice(0, end);
    this.shown = this.shown.slice(end);
    return taken;
  }

  /** Types. */
  type(text: string): void {
    this.talk.say(`type ${Buffer.from(text).toString("hex")}`);
  }

  /** Gives the terminal another size. */
  resize(columns: number, rows: number): void {
    this.talk.say(`size ${columns} ${rows}`);
  }

  /** Sends the program a signal. */
  kill(signal: NodeJS.Signals): void {
    this.talk.say(`kill ${constants.signals[signal]}`);
  }

  /** Puts the program in front, or a shell. */
  put(where: "front" | "back"): void {
    this.talk.say(where);
  }

  /** Hangs up. */
  hang(): void {
    this.talk.say("hang");
  }

  /** How the terminal takes what is typed: `raw` or `cooked`. */
  async mode(): Promise<string> {
    this.talk.say("mode");
    return this.answer("mode");
  }

  /** Waits until the terminal is in this mode. */
  async becomes(mode: "raw" | "cooked"): Promise<void> {
    while (await this.mode() !== mode);
  }

  /** What was typed and nobody has read. */
  async left(): Promise<string> {
    this.talk.say("left");
    return Buffer.from(await this.answer("left"), "hex").toString();
  }

  /** Waits until the program has stopped. */
  async stops(): Promise<void> {
    await this.answer("stopped");
  }

  /** Waits until the program has ended: its code or its signal. */
  async ends(): Promise<number | NodeJS.Signals> {
    const [how, number] = (await this.answer("exit", "signal")).split(" ");
    const found = Object.entries(constants.signals).find(([, value]) => value === Number(number));
    return how === "exit" ? Number(number) : found![0] as NodeJS.Signals;
  }

  /** Gives the terminal up; what still runs on it is killed. */
  close(): Promise<unknown> {
    return this.talk.leave();
  }

  private async answer(...names: string[]): Promise<string> {
    for (;;) {
      const at = this.told.findIndex((line) => names.includes(line.split(" ")[0]!));
      if (at >= 0) {
        const [line] = this.told.splice(at, 1);
        return names.length > 1 ? line! : line!.slice(names[0]!.length + 1);
      }
      assert.ok(await this.listen(), `it did not say ${names.join(" or ")}`);
    }
  }

  /** Takes one line of what has happened. @returns false at the end. */
  private async listen(): Promise<boolean> {
    const line = await this.talk.next();
    if (line === undefined) return false;
    if (line.startsWith("said ")) this.shown += Buffer.from(line.slice(5), "hex").toString();
    else this.told.push(line);
    return true;
  }
}
