/** Trees: made, listed, and removed. */
import { createDirAll, readDir, removeDirAll, write } from "std/fs";
import { join } from "std/path";
import { below, check, done, isRunning, pattern, sound, soundTransfer } from "./state";

/** Works below `folder`, which does not exist yet. */
export async function useDirectories(folder: string): Promise<void> {
  while (isRunning()) {
    const count = below(40) + 1;
    sound(await createDirAll(join(folder, "deep/deeper/deepest")), "create");
    for (let i = 0; i < count; i++) {
      soundTransfer(await write(join(folder, `entry-${i}`), pattern(10, i)), "write");
    }
    const reader = sound(await readDir(folder), "read");
    let seen = 0;
    for (;;) {
      const next = sound(await reader.next(), "next");
      if (next === null) break;
      seen++;
    }
    check(seen == count + 1, "entries");
    sound(await removeDirAll(folder), "remove");
    done("trees");
  }
}
