/** Runs programs that are TypeScript as well as AssemblyScript in Node, as JavaScript. */
import { transform } from "esbuild";

/**
 * Evaluates a program whose imports `world` has by name. `result` is an expression that begins it.
 */
export async function evaluate(
  source: string,
  world: Readonly<Record<string, unknown>>,
  result: string,
): Promise<unknown> {
  const text = source.replace(/^import .*$/gm, "").replace(/^@external.*$/gm, "")
    .replace(/^declare function .*$/gm, "").replace(/^export (?=async|class|function)/gm, "");
  const { code } = await transform(text, { loader: "ts" });
  return new Function(...Object.keys(world), `${code}\nreturn ${result};`)(...Object.values(world));
}

/** Runs a program whose `main` is async to its end. @returns the lines that it printed. */
export async function linesInNode(source: string): Promise<string[]> {
  const lines: string[] = [];
  const print = (line: string): void => { lines.push(line); };
  const yieldNow = (): Promise<void> => new Promise((wake) => setImmediate(wake));
  await evaluate(source, { print, yieldNow }, "main()");
  return lines;
}
