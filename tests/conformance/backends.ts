/** What the conformance suites run on: ways to run a guest, and what each of them leaves out. */
import { join } from "node:path";
import { exec, launch, root, type ExecResult } from "../harness.js";
import type { RunOptions } from "../std/guest.js";

/** A way to run guests. */
export interface Variant {
  readonly name: string;
  /** Variables that choose it, for those who start the launcher by themselves. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs a compiled guest to its end. */
  run(wasm: string, options: RunOptions): Promise<ExecResult>;
  /** Why a case is left out, by its title. */
  readonly skips: Readonly<Record<string, string>>;
}

const everything = String(Number.MAX_SAFE_INTEGER);

/** A backend of the launcher. */
function launched(name: string, env: Variant["env"]): Variant {
  const run: Variant["run"] = (wasm, { grants = ["--allow-all"], args = [], ...options }) =>
    launch(["run", ...grants, wasm, ...args], { ...options, env: { ...env, ...options.env } });
  return { name, env, run, skips: {} };
}

/**
 * Every backend, and each way in which it may work differently elsewhere: with the kernel kept away
 * from the guest's memory, and on a kernel that knows none of io_uring's operations, or nothing
 * that came after the first epoll.
 */
export const backends: readonly Variant[] = [
  launched("io_uring", { STD_BACKEND: "io_uring" }),
  launched("io_uring without opcodes, bounced",
    { STD_BACKEND: "io_uring", STD_IO_URING_WITHOUT: everything, STD_MEMORY: "bounce" }),
  launched("epoll", { STD_BACKEND: "epoll" }),
  launched("epoll on an old kernel, bounced",
    { STD_BACKEND: "epoll", STD_IO_URING_WITHOUT: everything, STD_MEMORY: "bounce" }),
];

const OTHER = {
  DEVICE: "there are no devices in a tree in memory",
  FIFO: "there are no FIFOs in a tree in memory",
  PROC: "it reads what the system tells of the process",
  LIMIT: "it is about a limit of the system for the process",
} as const;

const fixture = join(root, "dist/tests/conformance/fixtures/virtual.js");

/** Trees that are not the system's. */
export const trees: readonly Variant[] = ["memory", "overlay"].map((name) => ({
  name,
  env: {},
  run: (wasm, { grants = ["--allow-all"], args = [], ...options }) =>
    exec(process.execPath, [fixture, name, "run", ...grants, wasm, ...args], {
      ...options, env: { STD_TEST_VIRTUAL: "yes", ...options.env },
    }),
  skips: {
    "a FIFO is read to its end": OTHER.FIFO,
    "an open that is cancelled leaves nothing open": OTHER.FIFO,
    "a read that is cancelled gives the buffer back and loses nothing": OTHER.FIFO,
    "metadata tells what there is": OTHER.FIFO,
    "every kind of file is told": OTHER.FIFO,
    "devices are files": OTHER.DEVICE,
    "a full device is an error": OTHER.DEVICE,
    "touching a buffer that is lent dies": OTHER.DEVICE,
    "whole files are read and written": OTHER.PROC,
    "a file that does not know its length is copied": OTHER.PROC,
    "a copy that does not fit says so": OTHER.LIMIT,
  },
}));
