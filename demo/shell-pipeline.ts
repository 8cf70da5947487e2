/**
 * Runs two programs, the output of the first being the input of the second, as `first | second`
 * does in a shell; collects what the second one says, and prints it with a count of its lines.
 *
 *     rusticated run --allow-run shell-pipeline.wasm ls -l /tmp -- sort -r
 */
import { args } from "std/env";
import { Error, eprintln, stdout, writeAll } from "std/io";
import { Command, ExitStatus, Signal, Stdio } from "std/process";
import { Vec } from "std/vec";

export async function main(): Promise<i32> {
  const words = args().slice(1);
  const middle = words.indexOf("--");
  if (middle < 1 || middle == words.length - 1) {
    await eprintln("usage: shell-pipeline PROGRAM [ARGUMENT…] -- PROGRAM [ARGUMENT…]");
    return 2;
  }
  const first = words.slice(0, middle);
  const second = words.slice(middle + 1);

  const begun = await command(first).stdout(Stdio.piped()).spawn();
  if (begun.isErr) return fail(begun.error);
  const source = begun.unwrap();

  // The pipe goes from one to the other: not a byte of it comes through here.
  const input = Stdio.from(source.stdout!);
  const joined = await command(second).stdin(input).stdout(Stdio.piped()).spawn();
  if (joined.isErr) {
    // Nobody reads what the first one writes; it may not even try.
    void await source.kill();
    void await source.wait();
    return fail(joined.error);
  }

  const said = await joined.unwrap().waitWithOutput();
  const ended = await source.wait();
  if (said.isErr) return fail(said.error);
  if (ended.isErr) return fail(ended.error);
  const output = said.unwrap();

  const printed = await writeAll(stdout(), output.stdout);
  if (printed.isErr) return fail(printed.error);
  await eprintln(`lines: ${countLines(output.stdout)}`);
  const failed = await tell(first[0], ended.unwrap());
  return (await tell(second[0], output.status)) || failed ? 1 : 0;
}

function command(words: string[]): Command {
  return new Command(words[0]).args(words.slice(1));
}

function countLines(text: Vec<u8>): i32 {
  let count = 0;
  for (let i = 0; i < text.length; i++) if (text[i] == 0x0a) count++;
  return count;
}

/**
 * Says how a program has ended, unless that was well. One that writes on when nobody reads any more
 * ends by a signal, and that is well, too.
 */
async function tell(program: string, status: ExitStatus): Promise<bool> {
  if (status.success || status.signal == Signal.Pipe) return false;
  await eprintln(`${program}: ${status.toString()}`);
  return true;
}

async function fail(error: Error): Promise<i32> {
  await eprintln(error.toString());
  return 1;
}
