/** Commands for a worse world: a small disk, few descriptors, bad routes, no rights. Linux only. */
import { spawnSync } from "node:child_process";
import {
  chmodSync, chownSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { exec, root, tempDir, type ExecResult } from "./harness.js";

/** A program with its arguments. */
export type Words = readonly string[];

/** What makes it possible here, or why it is not. */
export type Possible<T> = { readonly ok: T } | { readonly why: string };

/** Mounts a tmpfs with the options `$0` on `$1`, and becomes the rest. */
const MOUNT = 'mount -t tmpfs -o "$0" tmpfs "$1" && shift && exec "$@"';

/** Ways into a mount namespace of one's own: root's, and that of a user who is root only there. */
const NAMESPACES: readonly Words[] = [["unshare", "-m"], ["unshare", "-U", "-r", "-m"]];

/**
 * Finds out how a program can have a file system of its own. The answer makes of a command one
 * that sees a tmpfs with these options on `dir`. Nobody else sees it, and it ends with the program,
 * however that ends.
 */
export function findDisk(): Possible<(options: string, dir: string, command: Words) => string[]> {
  const reasons: string[] = [];
  for (const namespace of NAMESPACES) {
    const onDisk = (options: string, dir: string, command: Words): string[] =>
      [...namespace, "sh", "-c", MOUNT, options, dir, ...command];
    const why = tryOut(onDisk("size=64k", tempDir("disk"), ["true"]));
    if (why === null) return { ok: onDisk };
    reasons.push(why);
  }
  return { why: `mounting is not allowed here: ${reasons.join("; ")}` };
}

/** The user who may do nothing special, by the number that every Linux knows. */
const NOBODY = 65534;

/** The command line of this checkout, for somebody without rights. */
export interface Plain {
  /** Who runs it; undefined for whoever runs the tests, when that is not root. */
  readonly user: number | undefined;
  /** A folder of theirs, which the caller removes. */
  readonly folder: string;
  /** A copy of the launcher that they can read, in a folder that is not theirs. */
  readonly launcher: string;
}

/** Finds out how to run the launcher as a user whom permissions can stop. */
export function findPlain(): Possible<Plain> {
  // Beneath the folder of the test run only its owner can reach anything.
  const base = mkdtempSync("/tmp/std-plain-");
  const folder = join(base, "theirs");
  const launcher = join(base, "dist/host/launcher.cjs");
  chmodSync(base, 0o755);
  mkdirSync(folder);
  for (const part of ["package.json", "prebuilds", "dist/host/launcher.cjs"]) {
    cpSync(join(root, part), join(base, part), { recursive: true });
  }
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? NOBODY : undefined;
  if (user !== undefined) chownSync(folder, user, user);
  const why = tryOut([process.execPath, launcher, "--help"], user);
  if (why === null) return { ok: { user, folder, launcher } };
  rmSync(base, { recursive: true });
  return { why: `user ${NOBODY} cannot run the launcher here: ${why}` };
}

/** Runs an app as that user, in their folder, which is all that it may reach. */
export function runPlainly(
  { user, folder, launcher }: Plain,
  wasm: string,
  input = "",
): Promise<ExecResult> {
  const readable = join(dirname(folder), "app.wasm");
  copyFileSync(wasm, readable);
  const args = [launcher, "run", "--dir", ".", readable];
  return exec(process.execPath, args, { cwd: folder, input, ...user !== undefined && { user } });
}

/**
 * Finds out how a program can have a network of its own, which these commands set up. The answer
 * makes of a command one that sees only that network.
 */
export function findNetwork(setUp: Words): Possible<(command: Words) => string[]> {
  const reasons: string[] = [];
  const script = [...setUp, 'exec "$0" "$@"'].join(" && ");
  for (const namespace of [["unshare", "-n"], ["unshare", "-U", "-r", "-n"]]) {
    const within = (command: Words): string[] =>
      [...namespace, "sh", "-c", script, ...command];
    const why = tryOut(within(["true"]));
    if (why === null) return { ok: within };
    reasons.push(why);
  }
  return { why: `a network of one's own is not to be had here: ${reasons.join("; ")}` };
}

/** Runs a command. What it complains about, or null when it succeeds. */
function tryOut([program = "", ...args]: Words, user?: number): string | null {
  const who = user === undefined ? {} : { uid: user, gid: user };
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8", ...who });
  if (status === 0) return null;
  return error?.message ?? stderr.trim();
}

/** Makes of a command one that may have so many descriptors open. */
export function withDescriptors(count: number, command: Words): string[] {
  return ["sh", "-c", `ulimit -n ${count}; exec "$0" "$@"`, ...command];
}
