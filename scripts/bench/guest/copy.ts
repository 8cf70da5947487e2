/** Copies a file. Arguments: from, to. */
import { args } from "std/env";
import { copy } from "std/fs";
import { println } from "std/io";
import { Instant } from "std/time";

export async function main(): Promise<void> {
  const given = args();
  const began = Instant.now();
  const bytes = (await copy(given[1], given[2])).unwrap();
  await println(`bytes=${bytes} seconds=${began.elapsed().asSecsF64()}`);
}
