/**
 * Paths as text, without a look at any file system. The words and their meaning are those of
 * Rust's `std::path`; `normalize` and `relative`, which Rust has not, are those of `node:path`.
 *
 * The functions of the module follow the system that the host runs on; `posix` and `windows` are
 * the two flavours by themselves, wherever the app runs.
 *
 * A file name that is not UTF-8 comes as a string with escapes, see `std/os-string`; nothing here
 * minds them.
 *
 * @module
 */
import { consts } from "./env";

const enum Code {
  Dot = 0x2e,
  Slash = 0x2f,
  Colon = 0x3a,
  Question = 0x3f,
  Backslash = 0x5c,
}

/** The rules for paths of one family of systems. All its methods are pure functions of text. */
export class PathFlavour {
  /** Use `posix` or `windows`. */
  constructor(private readonly isWindows: bool) {}

  /** What stands between two components: `/` or `\`. */
  get separator(): string {
    return this.isWindows ? "\\" : "/";
  }

  /**
   * Whether `path` means the same file whatever the current directory is. On Windows that takes a
   * root and also a drive or share: `C:\a` and `\\server\share`, but neither `\a` nor `C:a`.
   */
  isAbsolute(path: string): bool {
    return this.hasRoot(path) && (!this.isWindows || this.prefixLength(path) > 0);
  }

  /**
   * `path` as seen from `base`: the two with a separator between them. A `path` that is absolute,
   * or on another drive, is the answer by itself; one with only a root (`\a` on Windows) keeps
   * the drive of `base`. Nothing is normalized. An empty `path` adds a separator.
   */
  join(base: string, path: string): string {
    if (this.prefixLength(path) > 0) return path;
    const prefix = this.prefixLength(base);
    if (this.hasRoot(path)) return base.substring(0, prefix) + path;
    const bare = base.length == 0 || (prefix == base.length && !this.hasRoot(base));
    if (bare || this.isSeparatorAt(base, base.length - 1)) return base + path;
    return base + this.separator + path;
  }

  /**
   * The shortest text that names the same as `path` by its letters alone: `.` and repeated
   * separators go, `name/..` goes (which is wrong where `name` is a symbolic link), `..` at a
   * root goes. A separator at the end stays. The empty path becomes `.`. On Windows `/` becomes
   * `\`, and paths that begin with `\\?\` stay as they are, as the system takes them literally.
   */
  normalize(path: string): string {
    if (this.isVerbatim(path)) return path;
    const prefix = this.prefixLength(path);
    const rooted = this.hasRoot(path);
    const body = this.normalBody(path, rooted).join(this.separator);
    let head = path.substring(0, prefix);
    if (this.isWindows) head = head.replaceAll("/", "\\");
    if (rooted) head += this.separator;
    if (body.length == 0 && rooted) return head;
    const closed = path.length > prefix && this.isSeparatorAt(path, path.length - 1);
    const core = head.length > 0 ? head + body : this.guarded(body);
    return (body.length > 0 ? core : head + ".") + (closed ? this.separator : "");
  }

  /**
   * The path without its last component; `null` when it is a root, a bare drive or empty. The
   * parent of a single name is the empty path, which `join` takes as the current directory.
   */
  parent(path: string): string | null {
    const start = this.bodyStart(path);
    const end = this.trimmedEnd(path, path.length, start);
    if (end == start) return null;
    return path.substring(0, this.trimmedEnd(path, this.nameStart(path, end, start), start));
  }

  /** The last component, if it is a name: `null` for a root, the empty path, `.` and `..`. */
  fileName(path: string): string | null {
    const start = this.bodyStart(path);
    const end = this.trimmedEnd(path, path.length, start);
    const name = path.substring(this.nameStart(path, end, start), end);
    return name.length == 0 || name == "." || name == ".." ? null : name;
  }

  /** The file name without its extension and that one's dot. `.profile` is all stem. */
  fileStem(path: string): string | null {
    const name = this.fileName(path);
    if (name === null) return null;
    const dot = name.lastIndexOf(".");
    return dot > 0 ? name.substring(0, dot) : name;
  }

  /**
   * What follows the last dot of the file name, `""` when nothing does; `null` when there is no
   * file name, or no dot in it other than at its beginning.
   */
  extension(path: string): string | null {
    const name = this.fileName(path);
    if (name === null) return null;
    const dot = name.lastIndexOf(".");
    return dot > 0 ? name.substring(dot + 1) : null;
  }

  /**
   * The path with another extension, given without a dot, in place of the last one; with none if
   * `extension` is empty. A path without a file name stays as it is.
   */
  withExtension(path: string, extension: string): string {
    const stem = this.fileStem(path);
    if (stem === null) return path;
    const start = this.bodyStart(path);
    const end = this.trimmedEnd(path, path.length, start);
    const stemEnd = this.nameStart(path, end, start) + stem.length;
    const dotted = extension.length > 0 ? "." + extension : "";
    return path.substring(0, stemEnd) + dotted;
  }

  /** The path with another last component; with one more where it has no file name. */
  withFileName(path: string, name: string): string {
    const above = this.fileName(path) === null ? path : this.parent(path);
    return this.join(above === null ? "" : above, name);
  }

  /** `path` and the directories that it is in, from the inside to the outside. */
  ancestors(path: string): string[] {
    const found: string[] = [path];
    let next = this.parent(path);
    while (next !== null) {
      found.push(next);
      next = this.parent(next);
    }
    return found;
  }

  /** Whether the components of `path` begin with those of `base`: `/ab` is not in `/a`. */
  startsWith(path: string, base: string): bool {
    return this.stripPrefix(path, base) !== null;
  }

  /** Whether the components of `path` end with those of `end`. */
  endsWith(path: string, end: string): bool {
    const parts = this.components(path);
    const wanted = this.components(end);
    const first = parts.length - wanted.length;
    return first >= 0 && this.hasParts(parts, first, wanted);
  }

  /** What of `path` comes behind `base`, may be empty; `null` when it is not in there. */
  stripPrefix(path: string, base: string): string | null {
    const parts = this.components(path);
    const wanted = this.components(base);
    if (parts.length < wanted.length || !this.hasParts(parts, 0, wanted)) return null;
    const rest = parts.slice(wanted.length);
    return rest.length > 0 && rest[0] == this.separator
      ? this.separator + rest.slice(1).join(this.separator)
      : rest.join(this.separator);
  }

  private hasParts(parts: string[], first: i32, wanted: string[]): bool {
    for (let i = 0; i < wanted.length; i++) {
      if (!this.isSame(parts[first + i], wanted[i])) return false;
    }
    return true;
  }

  /**
   * The parts of `path`: a drive or share if it has one, a separator if it has a root, then the
   * names. `..` is kept; `.` only at the very beginning; empty names never.
   */
  components(path: string): string[] {
    const parts = new Array<string>();
    const prefix = this.prefixLength(path);
    if (prefix > 0) parts.push(path.substring(0, prefix));
    const rooted = this.hasRoot(path);
    if (rooted) parts.push(this.separator);
    const names = this.names(path);
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      if (name != "." || (i == 0 && !rooted && !this.isSeparatorAt(path, prefix))) parts.push(name);
    }
    return parts;
  }

  /**
   * The path that leads from the directory `from` to `to`, by their letters alone; `.` when they
   * are the same. `null` when there is none: one of them is absolute and the other is not, they
   * are on different drives, or `from` begins with more `..` than `to`. Names are compared
   * without regard to case on Windows. The current directory plays no part.
   */
  relative(from: string, to: string): string | null {
    const source = this.resolved(from);
    const target = this.resolved(to);
    const rooted = this.hasRoot(from);
    if (rooted != this.hasRoot(to)) return null;
    if (!this.isSame(this.prefixOf(from), this.prefixOf(to))) return null;
    const most = min(source.length, target.length);
    let common = 0;
    while (common < most && this.isSame(source[common], target[common])) common++;
    const way = new Array<string>();
    for (let i = common; i < source.length; i++) {
      if (source[i] == "..") return null;
      way.push("..");
    }
    for (let i = common; i < target.length; i++) way.push(target[i]);
    return way.length > 0 ? this.guarded(way.join(this.separator)) : ".";
  }

  /** A relative path whose first name must not be read as a drive: `.\C:x`, never `C:x`. */
  private guarded(path: string): string {
    return this.prefixLength(path) > 0 ? "." + this.separator + path : path;
  }

  /** Drive or share of a path, with one spelling of the separators. */
  private prefixOf(path: string): string {
    const prefix = path.substring(0, this.prefixLength(path));
    return this.isWindows ? prefix.replaceAll("/", "\\") : prefix;
  }

  private isSame(a: string, b: string): bool {
    return a == b || (this.isWindows && a.toLowerCase() == b.toLowerCase());
  }

  /** The names of `path` with `.` and `name/..` resolved. */
  private resolved(path: string): string[] {
    return this.normalBody(path, this.hasRoot(path));
  }

  private normalBody(path: string, rooted: bool): string[] {
    const kept = new Array<string>();
    const names = this.names(path);
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      if (name == ".") continue;
      if (name != "..") kept.push(name);
      else if (kept.length > 0 && kept[kept.length - 1] != "..") kept.pop();
      else if (!rooted) kept.push(name);
    }
    return kept;
  }

  /** What stands between separators after drive and root, `.` and `..` included. */
  private names(path: string): string[] {
    const found = new Array<string>();
    let start = this.prefixLength(path);
    for (let i = start; i <= path.length; i++) {
      if (i < path.length && !this.isSeparatorAt(path, i)) continue;
      if (i > start) found.push(path.substring(start, i));
      start = i + 1;
    }
    return found;
  }

  private isVerbatim(path: string): bool {
    return this.isWindows && path.startsWith("\\\\?\\");
  }

  private isSeparatorAt(path: string, index: i32): bool {
    if (index >= path.length) return false;
    const code = path.charCodeAt(index);
    if (!this.isWindows) return code == Code.Slash;
    return code == Code.Backslash || (code == Code.Slash && !this.isVerbatim(path));
  }

  /** Whether names begin at a root. A share has one even when nothing follows it. */
  private hasRoot(path: string): bool {
    const prefix = this.prefixLength(path);
    return prefix > 2 || this.isSeparatorAt(path, prefix);
  }

  /** Where the first name, or its first separator too many, stands. */
  private bodyStart(path: string): i32 {
    const prefix = this.prefixLength(path);
    return this.isSeparatorAt(path, prefix) ? prefix + 1 : prefix;
  }

  /** `end` without separators and meaningless dots before it. */
  private trimmedEnd(path: string, end: i32, start: i32): i32 {
    while (end > start) {
      const last = end - 1;
      if (this.isSeparatorAt(path, last)) {
        end = last;
        continue;
      }
      if (path.charCodeAt(last) != Code.Dot) break;
      if (last == start ? !this.hasRoot(path) : !this.isSeparatorAt(path, last - 1)) break;
      end = last;
    }
    return end;
  }

  private nameStart(path: string, end: i32, start: i32): i32 {
    while (end > start && !this.isSeparatorAt(path, end - 1)) end--;
    return end;
  }

  /**
   * How many letters name a drive (`C:`), a share (`\\server\share`), a device (`\\.\COM1`) or
   * the beginning of a literal path (`\\?\C:`, `\\?\UNC\server\share`). 0 on POSIX.
   */
  private prefixLength(path: string): i32 {
    if (!this.isWindows || path.length < 2) return 0;
    if (path.charCodeAt(1) == Code.Colon) return isLetter(path.charCodeAt(0)) ? 2 : 0;
    if (!this.isSeparatorAt(path, 0) || !this.isSeparatorAt(path, 1)) return 0;
    const server = this.componentEnd(path, 2);
    if (this.isVerbatim(path)) {
      const name = this.componentEnd(path, 4);
      if (path.substring(4, name) != "UNC") return name;
      return this.componentEnd(path, this.componentEnd(path, name + 1) + 1);
    }
    const share = this.componentEnd(path, server + 1);
    return server > 2 && share > server + 1 ? share : 0;
  }

  private componentEnd(path: string, start: i32): i32 {
    while (start < path.length && !this.isSeparatorAt(path, start)) start++;
    return min(start, path.length);
  }
}

function isLetter(code: i32): bool {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** Paths of Linux, macOS, the BSDs and the web. */
// @ts-ignore: decorator
@lazy export const posix: PathFlavour = new PathFlavour(false);

/** Paths of Windows: drives, shares, two separators. */
// @ts-ignore: decorator
@lazy export const windows: PathFlavour = new PathFlavour(true);

// @ts-ignore: decorator
@lazy let ofHost: PathFlavour | null = null;

/** The flavour of the system that the host runs on. */
export function native(): PathFlavour {
  const known = ofHost;
  if (known !== null) return known;
  const flavour = consts.os == "windows" ? windows : posix;
  ofHost = flavour;
  return flavour;
}

/** See `PathFlavour.isAbsolute`. */
export function isAbsolute(path: string): bool {
  return native().isAbsolute(path);
}

/** See `PathFlavour.join`. */
export function join(base: string, path: string): string {
  return native().join(base, path);
}

/** See `PathFlavour.normalize`. */
export function normalize(path: string): string {
  return native().normalize(path);
}

/** See `PathFlavour.parent`. */
export function parent(path: string): string | null {
  return native().parent(path);
}

/** See `PathFlavour.fileName`. */
export function fileName(path: string): string | null {
  return native().fileName(path);
}

/** See `PathFlavour.fileStem`. */
export function fileStem(path: string): string | null {
  return native().fileStem(path);
}

/** See `PathFlavour.extension`. */
export function extension(path: string): string | null {
  return native().extension(path);
}

/** See `PathFlavour.withExtension`. */
export function withExtension(path: string, extension: string): string {
  return native().withExtension(path, extension);
}

/** See `PathFlavour.withFileName`. */
export function withFileName(path: string, name: string): string {
  return native().withFileName(path, name);
}

/** See `PathFlavour.ancestors`. */
export function ancestors(path: string): string[] {
  return native().ancestors(path);
}

/** See `PathFlavour.startsWith`. */
export function startsWith(path: string, base: string): bool {
  return native().startsWith(path, base);
}

/** See `PathFlavour.endsWith`. */
export function endsWith(path: string, end: string): bool {
  return native().endsWith(path, end);
}

/** See `PathFlavour.stripPrefix`. */
export function stripPrefix(path: string, base: string): string | null {
  return native().stripPrefix(path, base);
}

/** See `PathFlavour.components`. */
export function components(path: string): string[] {
  return native().components(path);
}

/** See `PathFlavour.relative`. */
export function relative(from: string, to: string): string | null {
  return native().relative(from, to);
}
