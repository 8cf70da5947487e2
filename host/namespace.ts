/**
 * The guest's tree of paths: which directory a path belongs to, and what to ask that directory for.
 *
 * The tree's inner nodes are the components of the mount points; they are no real directories and
 * know no links, so `.` and `..` among them are resolved here, by the text. From the first
 * component that is no such node on, the path belongs to the nearest mount above, and the kernel
 * resolves it beneath that directory. So no check of text guards the sandbox; the kernel does.
 */
import { Errno } from "./abi.js";
import type { OsDir } from "./resource/resource.js";

const SLASH = 0x2f;
const DOT = 0x2e;
const EMPTY = new Uint8Array(0);
/** Makes UTF-8. */
export const encoder = new TextEncoder();

/** The longest path that is looked at, in bytes (`PATH_MAX`). */
export const MAX_PATH = 4096;

interface Node {
  readonly name: Uint8Array;
  readonly parent: Node | null;
  readonly children: Node[];
  dir: OsDir | null;
  isReadOnly: boolean;
}

/** A directory and where it appears, as absolute path. */
export interface Mount {
  readonly dir: OsDir;
  readonly path: string;
  /** Whether nothing in it may be changed. */
  readonly isReadOnly?: boolean;
}

/** Where the text of a path lies: guest memory, or an array of bytes. */
export interface Text {
  /** The byte at an address. */
  byte(address: number): number;
}

/** The namespace of one instance. What `resolve` found stays in its fields until the next call. */
export class Namespace {
  /** The directory that the path found belongs to; null: the process's own, without limits. */
  dir: OsDir | null = null;
  /** How many bytes of the path are used up; the rest is relative to `dir`. */
  consumed = 0;
  /** What comes before the rest. */
  prefix: Uint8Array = EMPTY;
  /** Whether nothing below `dir` may be changed. */
  isReadOnly = false;

  /** Whether every path is the process's own (`--allow-all`). */
  readonly isAmbient: boolean;

  private readonly root: Node = newNode(EMPTY, null);
  /** The node of `dir`. */
  private mounted: Node = this.root;
  /** Whether `current` is the process's own current directory, so that nothing needs adding. */
  private isOwnCurrent: boolean;
  private current: Uint8Array;
  private currentNode: Node = this.root;
  /** The part of the current directory below `currentNode`, with a slash at the end; or empty. */
  private currentInner: Uint8Array = EMPTY;

  /**
   * @param mounts what can be reached, or null for everything that the process can.
   * @param current the guest's current directory, absolute.
   */
  constructor(mounts: readonly Mount[] | null, current: string) {
    this.isAmbient = mounts === null;
    this.isOwnCurrent = mounts === null;
    for (const mount of mounts ?? []) this.mount(mount);
    this.current = Uint8Array.of(SLASH);
    this.enter(this.absolute(encoder.encode(current)));
  }

  /** The guest's current directory. */
  get currentDir(): Uint8Array {
    return this.current;
  }

  /** Whether the path found is the very directory that was granted. */
  get isMountPoint(): boolean {
    return this.prefix === HERE;
  }

  /** Where the guest sees `dir`: an absolute path. */
  get mountPath(): Uint8Array {
    const names: Uint8Array[] = [];
    for (let node = this.mounted; node.parent !== null; node = node.parent) {
      names.unshift(node.name);
    }
    return absoluteOf(names);
  }

  /** Resolves the path of `length` ≥ 1 bytes at `address`. @returns 0 or a negative `Errno`. */
  resolve(text: Text, address: number, length: number): number {
    if (length > MAX_PATH) return -Errno.ENAMETOOLONG;
    const isAbsolute = text.byte(address) === SLASH;
    this.consumed = 0;
    this.prefix = EMPTY;
    if (this.isAmbient) {
      this.dir = null;
      if (!isAbsolute && !this.isOwnCurrent) this.prefix = withSlash(this.current);
      return 0;
    }
    if (!isAbsolute && this.currentInner.length !== 0) {
      return this.found(this.currentNode, this.currentInner, length);
    }
    const node = this.walk(text, address, length, isAbsolute ? this.root : this.currentNode);
    return this.found(node, EMPTY, length);
  }

  /**
   * What `path` means as an absolute path without `.` and `..`, by its text.
   */
  absolute(path: Uint8Array): Uint8Array {
    const kept: Uint8Array[] = [];
    const joined = path[0] === SLASH ? [path] : [this.current, path];
    for (const text of joined) {
      for (const [from, to] of components(text)) {
        const name = text.subarray(from, to);
        if (isDotDot(name)) kept.pop();
        else kept.push(name);
      }
    }
    return absoluteOf(kept);
  }

  /** Makes an absolute path the current directory. The caller has made sure that it is one. */
  enter(path: Uint8Array): void {
    this.current = path;
    const text: Text = { byte: (address) => path[address]! };
    this.currentNode = this.walk(text, 0, path.length, this.root);
    const inner = path.subarray(this.consumed);
    this.currentInner = inner.length === 0 ? EMPTY : withSlash(inner);
  }

  /** As `enter`, for a guest that has left the process's own current directory. */
  change(path: Uint8Array): void {
    this.isOwnCurrent = false;
    this.enter(path);
  }

  /** Follows the path as long as it stays among the nodes; `consumed` says how far that was. */
  private walk(text: Text, address: number, length: number, start: Node): Node {
    let node = start;
    let at = 0;
    this.consumed = 0;
    while (at < length) {
      let end = at;
      while (end < length && text.byte(address + end) !== SLASH) end++;
      const next = step(node, text, address + at, end - at);
      if (next === null) break;
      node = next;
      at = end + 1;
      this.consumed = Math.min(at, length);
    }
    return node;
  }

  /** Notes the nearest mount above `node`, and the text between that and the rest of the path. */
  private found(node: Node, inner: Uint8Array, length: number): number {
    let mounted: Node | null = node;
    const names: Uint8Array[] = [];
    while (mounted !== null && mounted.dir === null) {
      names.unshift(mounted.name);
      mounted = mounted.parent;
    }
    if (mounted === null) return -Errno.EACCES;
    this.mounted = mounted;
    this.dir = mounted.dir;
    this.isReadOnly = mounted.isReadOnly;
    if (names.length !== 0) this.prefix = withSlash(absoluteOf(names).subarray(1));
    if (inner.length !== 0) this.prefix = concatenated(this.prefix, inner);
    // The mount point itself.
    if (this.prefix.length === 0 && this.consumed === length) this.prefix = HERE;
    return 0;
  }

  private mount({ dir, path, isReadOnly }: Mount): void {
    const text = this.absolute(encoder.encode(path));
    let node = this.root;
    for (const [from, to] of components(text)) {
      const name = text.slice(from, to);
      let child = node.children.find((other) => isSame(other.name, name));
      if (child === undefined) {
        child = newNode(name, node);
        node.children.push(child);
      }
      node = child;
    }
    node.dir = dir;
    node.isReadOnly = isReadOnly === true;
  }
}

function newNode(name: Uint8Array, parent: Node | null): Node {
  return { name, parent, children: [], dir: null, isReadOnly: false };
}

const HERE = encoder.encode(".");

/** The node that one component leads to from `node`; null when it leads out of the nodes. */
function step(node: Node, text: Text, address: number, length: number): Node | null {
  if (length === 0 || (length === 1 && text.byte(address) === DOT)) return node;
  if (length === 2 && text.byte(address) === DOT && text.byte(address + 1) === DOT) {
    return node.parent ?? node;
  }
  for (const child of node.children) {
    if (child.name.length !== length) continue;
    let index = 0;
    while (index < length && child.name[index] === text.byte(address + index)) index++;
    if (index === length) return child;
  }
  return null;
}

/** The components of a path, `.` and empty ones left out, as pairs of start and end. */
function components(path: Uint8Array): [number, number][] {
  const found: [number, number][] = [];
  for (let at = 0; at < path.length; at++) {
    let end = path.indexOf(SLASH, at);
    if (end < 0) end = path.length;
    const isHere = end - at === 1 && path[at] === DOT;
    if (end > at && !isHere) found.push([at, end]);
    at = end;
  }
  return found;
}

function isDotDot(name: Uint8Array): boolean {
  return name.length === 2 && name[0] === DOT && name[1] === DOT;
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function concatenated(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
}

function withSlash(path: Uint8Array): Uint8Array {
  return path[path.length - 1] === SLASH ? path : concatenated(path, Uint8Array.of(SLASH));
}

function absoluteOf(names: readonly Uint8Array[]): Uint8Array {
  if (names.length === 0) return Uint8Array.of(SLASH);
  const length = names.reduce((sum, name) => sum + 1 + name.length, 0);
  const path = new Uint8Array(length);
  let at = 0;
  for (const name of names) {
    path[at] = SLASH;
    path.set(name, at + 1);
    at += 1 + name.length;
  }
  return path;
}
