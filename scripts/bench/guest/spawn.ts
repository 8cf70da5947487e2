/** Starts a program and waits for it, again and again. Arguments: program, how often. */
import { args } from "std/env";
import { println } from "std/io";
import { Command } from "std/process";
import { Instant } from "std/time";

export async function main(): Promise<void> {
  const given = args();
  const count = I32.parseInt(given[2]);
  const command = new Command(given[1]);
  let bad = 0;
  const began = Instant.now();
  for (let index = 0; index < count; index++) {
    const ended = await command.status();
    if (ended.isErr || !ended.unwrap().success) bad++;
  }
  const seconds = began.elapsed().asSecsF64();
  await println(`seconds=${seconds} operations=${count} bad=${bad}`);
}
