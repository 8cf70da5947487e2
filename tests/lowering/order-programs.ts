/**
 * Small async programs, made up by a seed, that log what they do. They are TypeScript as well as
 * AssemblyScript, so that Node can say in which order JavaScript would do it.
 */
import { shuffled, type Pick } from "./harness.js";
import { evaluate } from "./in-node.js";

/** One program: the function `start` of a class of its own begins it. */
export interface OrderProgram {
  readonly name: string;
  readonly text: string;
}

/** What all programs of a file share. */
const shared = `
abstract class Step {
  async go(n: i32): Promise<i32> { await yieldNow(); return n; }
}
class Short extends Step {
  async go(n: i32): Promise<i32> { await yieldNow(); log("short"); return n + 1; }
}
class Long extends Step {
  async go(n: i32): Promise<i32> {
    await sleep(Duration.fromMillis(1));
    log("long");
    return await super.go(n);
  }
}
async function recurse(name: string, n: i32): Promise<i32> {
  if (n == 0) { await yieldNow(); return 1; }
  const below = await recurse(name, n - 1);
  log(name + below.toString());
  return below + 1;
}
async function settled(n: i32): Promise<i32> { return n; }
`;

/** How a step waits; the second group also where JavaScript would do it in another order. */
const waits = [
  "await yieldNow();",
  "await sleep(Duration.fromMillis(1));",
  "await sleep(Duration.fromMillis(2));",
  `n += await recurse("r", 2);`,
  "n += await this.step.go(n);",
  "n += await new Short().go(n);",
];
const waitsOfOurs = [
  "n += await settled(n);",
  "await this.gate;",
  "this.gate.fulfill(1);",
  "n += await this.first;",
  "this.first = settled(n);",
];

/** Makes a program of some async methods, each of which calls later ones. */
export function makeProgram(seed: number, likeJavaScript: boolean): OrderProgram {
  const pick = shuffled(seed * 7919 + 1);
  const name = `Program${seed}`;
  const count = 3 + pick(3);
  const methods = Array.from({ length: count }, (_, index) =>
    method(index, count, likeJavaScript, pick));
  const text = `class ${name} {
  step: Step = ${pick(2) ? "new Short()" : "new Long()"};
${likeJavaScript ? "" : "  gate: Promise<i32> = new Promise<i32>();"}
  first: Promise<i32> = Promise.resolve<i32>(1);
${methods.join("\n")}
  async start(): Promise<void> {
    const a = this.m0(1);
    log("started a");
    const b = this.m1(2);
    log("started b");
    const c = this.m${pick(count)}(3);
    this.first = c;
    const sum = (await a) + (await b);
    ${likeJavaScript ? "" : "this.gate.fulfill(1);"}
    const rest = await Promise.all<i32>([c, this.m${count - 1}(4)]);
    log("end " + (sum + rest[0] + rest[1]).toString());
  }
}`;
  return { name, text };
}

function method(index: number, count: number, likeJavaScript: boolean, pick: Pick): string {
  const one = <T>(list: readonly T[]): T => list[pick(list.length)] as T;
  const steps: string[] = [`log("m${index}." + n.toString());`, one(waits)];
  for (let left = 1 + pick(4); left > 0; left--) {
    const callee = index + 1 + pick(count);
    if (callee < count) {
      const promise = `p${left}`;
      steps.push(one([
        `n += await this.m${callee}(n);`,
        `n += await this.m${callee}(n);`,
        `const ${promise} = this.m${callee}(n); ${one(waits)} n += await ${promise};`,
      ]));
    } else {
      steps.push(one(likeJavaScript ? waits : [...waits, ...waitsOfOurs]));
    }
    steps.push(`log("m${index}/${left}." + n.toString());`);
  }
  const last = pick(3) ? "return n;" : `return await recurse("t${index}.", 1);`;
  return `  async m${index}(n: i32): Promise<i32> {\n    ${steps.join("\n    ")}\n    ${last}\n  }`;
}

/** The programs as one app; the host says which of them runs. */
export function asApp(programs: readonly OrderProgram[]): string {
  const cases = programs.map(({ name }, index) =>
    `  if (which() == ${index}) await new ${name}().start();`);
  return `import { yieldNow } from "std/rt";
import { Duration, sleep } from "std/time";
@external("std", "log") declare function log(message: string): void;
@external("std", "which") declare function which(): i32;
${shared}
${programs.map(({ text }) => text).join("\n")}
export async function main(): Promise<void> {
${cases.join("\n")}
}
`;
}

/**
 * What JavaScript does. Turns and timers are played here, so that no clock decides: like Node, each
 * callback is followed by all that it makes ready.
 */
export async function runInNode(program: OrderProgram): Promise<string[]> {
  const lines: string[] = [];
  const turns: (() => void)[] = [];
  const timers: { at: number; wake: () => void }[] = [];
  let now = 0;
  const world = {
    log: (line: string) => { lines.push(line); },
    yieldNow: () => new Promise<void>((wake) => { turns.push(wake); }),
    sleep: (milliseconds: number) => new Promise<void>((wake) => {
      timers.push({ at: now + milliseconds, wake });
    }),
    Duration: { fromMillis: (milliseconds: number) => milliseconds },
  };
  const text = `${shared}\n${program.text}`;
  const begin = await evaluate(text, world, `() => new ${program.name}().start()`);
  let ended = false;
  void (begin as () => Promise<void>)().then(() => { ended = true; });
  for (;;) {
    await new Promise(setImmediate);
    if (ended) return lines;
    const ready = turns.splice(0);
    if (!ready.length) now = Math.min(...timers.map(({ at }) => at));
    const due = timers.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    for (const timer of due) timers.splice(timers.indexOf(timer), 1);
    for (const wake of [...ready, ...due.map((timer) => timer.wake)]) {
      wake();
      await new Promise(setImmediate);
    }
  }
}
