/** Files: written, read in pieces at once, cut, and read whole. */
import { File, OpenOptions, read } from "std/fs";
import { join } from "std/path";
import { Vec } from "std/vec";
import { below, check, done, isPattern, isRunning, pattern, sound, soundTransfer } from "./state";

const PIECES = 4;

/** Works on a file of its own below `folder`. */
export async function useFiles(folder: string, id: i32): Promise<void> {
  const path = join(folder, `file-${id}`);
  while (isRunning()) {
    const length = below(200_000) + PIECES;
    const options = new OpenOptions().read().write().create().truncate();
    const file = sound(await options.open(path), "open");
    soundTransfer(await file.writeAllAt(pattern(length, id), 0), "write");
    const pieces = new Array<Promise<void>>();
    const size = length / PIECES;
    for (let i = 0; i < PIECES; i++) pieces.push(readPiece(file, i * size, size, id));
    for (let i = 0; i < PIECES; i++) await pieces[i];
    const rest = below(length);
    sound(await file.setLen(rest), "set length");
    check(sound(await file.metadata(), "stat").length == rest, "length");
    sound(await file.close(), "close");
    const whole = sound(await read(path), "read");
    check(whole.length == rest && isPattern(whole, rest, 0, id), "contents");
    done("files");
  }
}

async function readPiece(file: File, from: i32, length: i32, seed: i32): Promise<void> {
  let buf = Vec.withCapacity<u8>(length);
  for (let at = 0; at < length;) {
    const result = soundTransfer(await file.readAt(buf, from + at), "read at");
    buf = result.buf;
    check(result.n > 0 && isPattern(buf, result.n, from + at, seed), "piece");
    at += result.n;
  }
}
