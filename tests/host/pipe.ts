/** What Node itself cannot make: pipes with both ends in this process, and devices. */
import { execFileSync } from "node:child_process";
import { constants, openSync, rmSync } from "node:fs";
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

/**
 * Opens a null or zero device of the test's own, for reading and writing: a fuzzer that runs as
 * root takes its permissions away, and the machine's must not suffer. Where root cannot make one it
 * is a file; what others do does the machine's no harm.
 *
 * @param folder where it may be made.
 */
export function openDevice(folder: string, name: "null" | "zero"): number {
  const path = join(folder, name);
  try {
    execFileSync("mknod", [path, "c", "1", name === "null" ? "3" : "5"], { stdio: "ignore" });
    return openSync(path, constants.O_RDWR);
  } catch {
    if (process.geteuid?.() !== 0) return openSync(`/dev/${name}`, constants.O_RDWR);
    rmSync(path, { force: true });
    return openSync(path, constants.O_RDWR | constants.O_CREAT);
  }
}
