/** `std/env`: arguments, environment, current directory. */
import { Errno, Info } from "../abi.js";
import { errorKindName, errorText } from "../error-text.js";
import { encoder, MAX_PATH } from "../namespace.js";
import type { Parts } from "../parts.js";

/** Operating systems as Rust's `std::env::consts::OS` spells them, by `process.platform`. */
const OS_NAMES: Readonly<Record<string, string>> = { darwin: "macos", win32: "windows" };

/** Processors as Rust's `std::env::consts::ARCH` spells them, by `process.arch`. */
const ARCH_NAMES: Readonly<Record<string, string>> = {
  x64: "x86_64",
  arm64: "aarch64",
  ia32: "x86",
  ppc64: "powerpc64",
};

type Answer = (parts: Parts, index: number) => Uint8Array | undefined;

const ANSWERS = {
  [Info.Arg]: ({ context }, index) => context.args[index],
  [Info.Env]: ({ context }, index) => context.env[index],
  [Info.CurrentDir]: ({ loop }, index) => only(index, loop.namespace.currentDir),
  [Info.TempDir]: ({ context }, index) => only(index, encoder.encode(context.tempDir)),
  [Info.Os]: (_parts, index) =>
    only(index, encoder.encode(OS_NAMES[process.platform] ?? process.platform)),
  [Info.Arch]: (_parts, index) =>
    only(index, encoder.encode(ARCH_NAMES[process.arch] ?? process.arch)),
  [Info.ErrorText]: (_parts, index) => encoder.encode(errorText(index)),
  [Info.ProcessId]: (_parts, index) => only(index, encoder.encode(String(process.pid))),
  [Info.ErrorKind]: (_parts, index) => encoder.encode(errorKindName(index)),
} satisfies Record<Info, Answer>;

const ANSWER_TABLE: readonly Answer[] = Object.values(ANSWERS);

/** What has one answer has it at index 0. */
function only(index: number, answer: Uint8Array): Uint8Array | undefined {
  return index === 0 ? answer : undefined;
}

/**
 * The import `info`: writes the answer if it fits.
 *
 * @returns its length in bytes; `-ENOENT` past the last one; another negative `Errno`.
 */
export function info(
  parts: Parts,
  what: number,
  index: number,
  pointer: number,
  length: number,
): number {
  const { memory } = parts;
  const find = ANSWER_TABLE[what >>> 0];
  if (find === undefined) return -Errno.EINVAL;
  if (!memory.contains(pointer >>> 0, length >>> 0)) return -Errno.EFAULT;
  const answer = find(parts, index >>> 0);
  if (answer === undefined) return -Errno.ENOENT;
  if (answer.length <= length >>> 0) memory.copyIn(pointer >>> 0, answer);
  return answer.length;
}

/**
 * The import `chdir`: what relative paths start from. It is a text: that a directory is there the
 * guest has looked at, and whatever it is, each path is found beneath what was granted.
 *
 * @returns 0 or a negative `Errno`.
 */
export function chdir(parts: Parts, pointer: number, length: number): number {
  const { memory, loop } = parts;
  const address = pointer >>> 0;
  const size = length >>> 0;
  if (!memory.contains(address, size)) return -Errno.EFAULT;
  if (size === 0) return -Errno.ENOENT;
  if (size > MAX_PATH) return -Errno.ENAMETOOLONG;
  const path = loop.namespace.absolute(memory.copyOut(address, size));
  if (path.length > MAX_PATH) return -Errno.ENAMETOOLONG;
  loop.namespace.change(path);
  return 0;
}
