/**
 * What the app was started with: arguments, environment, current directory; and what it runs on.
 * Nothing here waits but `setCurrentDir`. Strings of the system that are not UTF-8 come with
 * escapes, see `std/os-string`, and can be handed on to `std/fs` as they are.
 *
 * @module
 */
import { Errno } from "./abi/errno";
import { Info } from "./abi/flags";
import { readDir } from "./directory";
import { Error, Result, Unit } from "./error";
import { fromSystem, toSystem } from "./os-string";
import { hostChdir, hostInfo } from "./rt/host";

/** The arguments; the first is the name of the program. A new array at every call. */
export function args(): string[] {
  return all(Info.Arg);
}

/**
 * The environment that the host granted; a new map at every call. Of two variables with one name
 * the first counts.
 */
export function vars(): Map<string, string> {
  const found = new Map<string, string>();
  const entries = all(Info.Env);
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    const end = nameEnd(entry);
    const name = entry.substring(0, end);
    if (!found.has(name)) found.set(name, entry.substring(end + 1));
  }
  return found;
}

/** The value of one environment variable; `null` when there is none. It may be empty. */
export function getVar(name: string): string | null {
  const entries = all(Info.Env);
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    const end = nameEnd(entry);
    if (end == name.length && entry.startsWith(name)) return entry.substring(end + 1);
  }
  return null;
}

/** Windows has names such as `=C:`; no name is empty, so the search begins behind the first. */
function nameEnd(entry: string): i32 {
  const end = entry.indexOf("=", 1);
  return end < 0 ? entry.length : end;
}

function all(what: Info): string[] {
  const found = new Array<string>();
  while (true) {
    const bytes = hostInfo(what, found.length);
    if (bytes === null) return found;
    found.push(fromSystem(bytes));
  }
}

/** The directory that relative paths start from. Fails when it is gone, or hidden from the app. */
export function currentDir(): Result<string> {
  const bytes = hostInfo(Info.CurrentDir, 0);
  if (bytes === null) {
    return Result.err<string>(Error.fromResult(-Errno.ENOENT, 0, "current directory"));
  }
  return Result.ok<string>(fromSystem(bytes));
}

/**
 * Makes relative paths start from `path`, for this app alone. Fails when that is no directory that
 * the app may open.
 */
export async function setCurrentDir(path: string): Promise<Result<Unit>> {
  const opened = await readDir(path);
  if (opened.isErr) {
    const why = opened.error;
    return Result.err<Unit>(Error.fromResult(-why.errno, why.osCode, "change directory", path));
  }
  await opened.unwrap().close();
  const errno = hostChdir(toSystem(path));
  if (errno != 0) return Result.err<Unit>(Error.fromResult(errno, 0, "change directory", path));
  return Result.unit();
}

/** The directory for temporary files. That it exists, or was granted, is not promised. */
export function tempDir(): string {
  return single(Info.TempDir);
}

function single(what: Info): string {
  const bytes = hostInfo(what, 0);
  return bytes === null ? "" : fromSystem(bytes);
}

/** What the host runs on. */
export class Consts {
  /** The operating system as Rust spells it: `linux`, `macos`, `windows`, `freebsd`, … */
  get os(): string {
    return single(Info.Os);
  }

  /** What the system is like: `unix`, `windows` or `web`. */
  get family(): string {
    const os = this.os;
    return os == "windows" || os == "web" ? os : "unix";
  }

  /** The processor as Rust spells it: `x86_64`, `aarch64`, … */
  get arch(): string {
    return single(Info.Arch);
  }
}

/** What the host runs on, as in Rust's `std::env::consts`. */
// @ts-ignore: decorator
@lazy export const consts: Consts = new Consts();
