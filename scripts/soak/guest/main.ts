// Rounds of everything that std can do: `main FOLDER`. A line on the standard input begins a round
// and says how many milliseconds it lasts; at its end, when nothing is left open, a line says what
// was done. The end of the input ends the soak.
import { args } from "std/env";
import { BufReader, println, stdin } from "std/io";
import { join } from "std/path";
import { useUdp, useUnix } from "./datagrams";
import { useDirectories } from "./directories";
import { useFiles } from "./files";
import { useProcesses } from "./processes";
import { beginRound, takeCounts } from "./state";
import { useTcp } from "./streams";
import { useAccepts, useFifo, useMemory, useTimers } from "./waiting";

const FILES = 4;

async function round(folder: string): Promise<void> {
  const all = new Array<Promise<void>>();
  for (let i = 0; i < FILES; i++) all.push(useFiles(folder, i));
  all.push(useTcp("127.0.0.1:0"));
  all.push(useTcp("[::1]:0"));
  all.push(useUdp("127.0.0.1:0"));
  all.push(useUnix(join(folder, "socket")));
  all.push(useDirectories(join(folder, "tree")));
  all.push(useProcesses());
  all.push(useTimers());
  all.push(useFifo(join(folder, "fifo")));
  all.push(useAccepts());
  all.push(useMemory());
  for (let i = 0; i < all.length; i++) await all[i];
}

export async function main(): Promise<void> {
  const folder = args()[1];
  const input = new BufReader(stdin());
  for (;;) {
    const line = (await input.readLine()).unwrap();
    if (line == "") return;
    beginRound(I32.parseInt(line));
    await round(folder);
    __collect();
    await println(`pages=${memory.size()}${takeCounts()}`);
  }
}
