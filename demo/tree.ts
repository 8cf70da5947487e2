/**
 * Shows a directory as a tree with the bytes that its files have, and those of a directory with all
 * below it: `tree [-L DEPTH] [DIRECTORY…]`. What cannot be read is marked, and reported at the end.
 */
import { args } from "std/env";
import { DirEntry, Metadata, readDir, readLink, symlinkMetadata } from "std/fs";
import { Error, Result, eprintln, println } from "std/io";
import { join } from "std/path";

/** How many entries are described at once. */
const LANES: i32 = 32;

export async function main(): Promise<i32> {
  const tree = new Tree();
  const given = args();
  const roots = new Array<string>();
  for (let i = 1; i < given.length; i++) {
    if (given[i] != "-L") {
      roots.push(given[i]);
      continue;
    }
    const depth = i + 1 < given.length ? parseInt(given[++i]) : 0;
    if (!(depth >= 1 && depth <= 1_000_000)) {
      await eprintln("usage: tree [-L DEPTH] [DIRECTORY…]");
      return 2;
    }
    tree.depth = <i32>depth;
  }
  if (roots.length == 0) roots.push(".");
  for (let i = 0; i < roots.length; i++) {
    const shown = await tree.show(roots[i]);
    if (shown.isErr) return 1;
  }
  const directories = counted(tree.directories, "directory", "directories");
  const files = counted(tree.files, "file", "files");
  const total = `\n${readable(tree.bytes)} in ${directories}, ${files}`;
  if ((await println(total)).isErr) return 1;
  for (let i = 0; i < tree.problems.length; i++) await eprintln("tree: " + tree.problems[i]);
  return tree.problems.length == 0 ? 0 : 1;
}

/** A file or directory, and what is in it. */
class Node {
  /** Bytes of the file, or of everything in the directory. */
  bytes: u64 = 0;
  /** What stands behind the name. */
  note: string = "";
  entries: Node[] = [];

  constructor(readonly name: string) {}
}

class Tree {
  /** How many levels are shown; the sizes count all. */
  depth: i32 = i32.MAX_VALUE;
  bytes: u64 = 0;
  directories: i32 = 0;
  files: i32 = 0;
  problems: string[] = [];

  /** Shows one directory, or file. An error only when the output fails. */
  async show(path: string): Promise<Result<i32>> {
    const root = new Node(path);
    const found = await symlinkMetadata(path);
    if (found.isErr) this.fails(root, found.error);
    else await this.describe(root, path, found.unwrap());
    this.bytes += root.bytes;
    const lines = [this.line("", root)];
    this.draw(root, "", 1, lines);
    for (let i = 0; i < lines.length; i++) {
      const printed = await println(lines[i]);
      if (printed.isErr) return Result.err<i32>(printed.error);
    }
    return Result.ok<i32>(0);
  }

  private async describe(node: Node, path: string, metadata: Metadata): Promise<void> {
    if (metadata.isDir) {
      this.directories++;
      await this.enter(node, path);
      return;
    }
    this.files++;
    node.bytes = metadata.length;
    if (!metadata.isSymlink) return;
    const target = await readLink(path);
    if (target.isOk) node.note = " -> " + target.unwrap();
    else this.fails(node, target.error);
  }

  /** Reads a directory; its entries are described some at a time. */
  private async enter(node: Node, path: string): Promise<void> {
    const opened = await readDir(path);
    if (opened.isErr) return this.fails(node, opened.error);
    const dir = opened.unwrap();
    const entries = new Array<DirEntry>();
    let next = await dir.next();
    for (; next.isOk && next.unwrap() !== null; next = await dir.next()) {
      entries.push(next.unwrap()!);
    }
    await dir.close();
    if (next.isErr) this.fails(node, next.error);
    entries.sort((a, b) => (a.fileName < b.fileName ? -1 : a.fileName > b.fileName ? 1 : 0));
    for (let from = 0; from < entries.length; from += LANES) {
      await this.describeSome(node, path, entries.slice(from, from + LANES));
    }
  }

  private async describeSome(node: Node, path: string, entries: DirEntry[]): Promise<void> {
    const asked = new Array<Promise<Result<Metadata>>>();
    for (let i = 0; i < entries.length; i++) asked.push(entries[i].metadata());
    for (let i = 0; i < entries.length; i++) {
      const entry = new Node(entries[i].fileName);
      const found = await asked[i];
      if (found.isErr) this.fails(entry, found.error);
      else await this.describe(entry, join(path, entry.name), found.unwrap());
      node.bytes += entry.bytes;
      node.entries.push(entry);
    }
  }

  /** Notes what went wrong. */
  private fails(node: Node, error: Error): void {
    node.note = " [error]";
    this.problems.push(error.message);
  }

  private draw(node: Node, indent: string, level: i32, lines: string[]): void {
    if (level > this.depth) return;
    for (let i = 0; i < node.entries.length; i++) {
      const entry = node.entries[i];
      const isLast = i == node.entries.length - 1;
      lines.push(this.line(indent + (isLast ? "└── " : "├── "), entry));
      this.draw(entry, indent + (isLast ? "    " : "│   "), level + 1, lines);
    }
  }

  private line(indent: string, node: Node): string {
    return `${indent}[${readable(node.bytes).padStart(6)}]  ${node.name}${node.note}`;
  }
}

function counted(count: i32, one: string, more: string): string {
  return `${count} ${count == 1 ? one : more}`;
}

/** Bytes for people: `999`, `1.0K`, `12K`, `3.4G`. */
function readable(bytes: u64): string {
  const units = "KMGTPE";
  if (bytes < 1000) return bytes.toString();
  let unit = -1;
  let tenths = bytes * 10;
  for (; tenths >= 10_000; unit++) tenths = (tenths + 512) >> 10;
  if (unit < 0) return bytes.toString();
  const whole = tenths >= 100 ? ((tenths + 5) / 10).toString() : `${tenths / 10}.${tenths % 10}`;
  return whole + units.charAt(unit);
}
