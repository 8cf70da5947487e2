/** Pipes with both ends in this process, which Node itself cannot make. */
import { execFileSync } from "node:child_process";
import { constants, openSync } from "node:fs";
import { join } from "node:path";

let count = 0;

/**
 * Opens a pipe for reading and writing by one descriptor, which is the caller's. Reads from it wait
 * until something is written to it; there is never an end.
 *
 * @param folder where its name may be made.
 */
export function openPipe(folder: string): number {
  const path = join(folder, `pipe-${count++}`);
  execFileSync("mkfifo", [path]);
  return openSync(path, constants.O_RDWR);
}
