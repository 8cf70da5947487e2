/** Counts the files below a directory. Argument: its path. */
import { args } from "std/env";
import { readDir } from "std/fs";
import { println } from "std/io";
import { Instant } from "std/time";

/** How many directories are read at once. */
const LANES: i32 = 16;

export async function main(): Promise<void> {
  const began = Instant.now();
  let files = 0;
  const found = [args()[1]];
  while (found.length > 0) {
    const reading = new Array<Promise<i32>>();
    for (let lane = 0; lane < LANES && found.length > 0; lane++) {
      reading.push(list(found.pop(), found));
    }
    for (let lane = 0; lane < reading.length; lane++) files += await reading[lane];
  }
  await println(`files=${files} seconds=${began.elapsed().asSecsF64()}`);
}

/** The files of one directory; its directories are added to `found`. */
async function list(path: string, found: string[]): Promise<i32> {
  const dir = (await readDir(path)).unwrap();
  let files = 0;
  for (let entry = (await dir.next()).unwrap(); entry; entry = (await dir.next()).unwrap()) {
    if ((await entry.fileType()).unwrap().isDir) found.push(entry.path);
    else files++;
  }
  return files;
}
