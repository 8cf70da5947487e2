/**
 * Paths in virtual directories: follows them component by component, beneath a root, through
 * symbolic links. The rules are those of `openat2` with `RESOLVE_BENEATH`: what leads out by `..`,
 * by an absolute path or by a link fails with `EACCES`, also if it came back in.
 */
import { Errno, FileKind } from "../../abi.js";
import { fail, get, type Steps } from "./answer.js";
import type { FileStat, HostDir } from "./resource.js";

/** As many links as Linux follows on one path. */
const MOST_LINKS = 40;
const LONGEST_NAME = 255;

/** Where a path leads: a name in a directory, which need not exist. */
export interface Found {
  /** The directory that the last component is in; with `name` null, what was found itself. */
  readonly dir: HostDir;
  readonly name: string | null;
  /** The names that lead from the root to `dir`, no links among them. */
  readonly names: readonly string[];
  /** What is there; null if nothing is. With `name` null it is not asked for, and null. */
  readonly stat: FileStat | null;
  /** Whether the path ended in a slash, so that only a directory may be there. */
  readonly hasSlash: boolean;
}

/** What `walk` does with a symbolic link that is the last component. */
export const enum Last {
  /** Follows it. One that leads nowhere is where something new would be made. */
  Follow,
  /** Means the link itself. */
  Keep,
}

/** Follows `path`, which is not empty, from `root`. */
export function* walk(root: HostDir, path: string, last: Last): Steps<Found> {
  const dirs: HostDir[] = [root];
  const names: string[] = [];
  const rest = componentsOf(path);
  let hasSlash = path.endsWith("/");
  let links = 0;
  while (rest.length > 0) {
    const name = rest.pop()!;
    const dir = dirs[dirs.length - 1]!;
    if (name === ".") continue;
    if (name === "..") {
      if (dirs.length === 1) fail(Errno.EACCES);
      dirs.pop();
      names.pop();
      continue;
    }
    const isLast = rest.length === 0;
    const stat = yield* get(dir.look(name));
    // A slash behind a link means what the link leads to.
    if (stat?.kind === FileKind.Symlink && (!isLast || hasSlash || last === Last.Follow)) {
      if (++links > MOST_LINKS) fail(Errno.ELOOP);
      const target = yield* readLink(dir, name);
      if (isLast) hasSlash ||= target.endsWith("/");
      rest.push(...componentsOf(target));
      continue;
    }
    if (isLast) return { dir, name, names, stat, hasSlash };
    if (stat === null) fail(Errno.ENOENT);
    if (stat.kind !== FileKind.Directory) fail(Errno.ENOTDIR);
    dirs.push(yield* get(dir.dir(name)));
    names.push(name);
  }
  return { dir: dirs[dirs.length - 1]!, name: null, names, stat: null, hasSlash: true };
}

/** The components, the first one last. @throws for what leads out or could be no name. */
function componentsOf(path: string): string[] {
  if (path === "") fail(Errno.ENOENT);
  if (path.startsWith("/")) fail(Errno.EACCES);
  if (path.includes("\0")) fail(Errno.EINVAL);
  const names = path.split("/").filter((name) => name !== "");
  // A character has at most three bytes for each of its code units.
  for (const name of names) {
    if (name.length > LONGEST_NAME) fail(Errno.ENAMETOOLONG);
    if (name.length * 3 > LONGEST_NAME && byteLength(name) > LONGEST_NAME) {
      fail(Errno.ENAMETOOLONG);
    }
  }
  return names.reverse();
}

function byteLength(name: string): number {
  let length = 0;
  for (const character of name) {
    const code = character.codePointAt(0)!;
    if (code < 0x80 || (code >= 0xdc80 && code <= 0xdcff)) length += 1;
    else if (code < 0x800) length += 2;
    else length += code < 0x10000 ? 3 : 4;
  }
  return length;
}

function* readLink(dir: HostDir, name: string): Steps<string> {
  if (dir.readLink === undefined) fail(Errno.ENOTSUP);
  return yield* get(dir.readLink(name));
}
