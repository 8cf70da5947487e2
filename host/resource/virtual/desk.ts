/** What the operations on virtual resources work with, and what they have in common. */
import { Errno } from "../../abi.js";
import type { Submission } from "../../backend/submission.js";
import { fail, type Steps } from "./answer.js";
import type { DirEntry, HostDir, HostFile, Waiting } from "./resource.js";

/** What an operation works with. Memory is only read before the first step that waits. */
export interface Desk {
  readonly submission: Submission;
  readonly memory: Uint8Array;
  readonly waiting: Waiting;
  /** What a descriptor stands for; `EXDEV` for one that is not virtual. */
  node(descriptor: number): OpenNode;
  /** Makes something that was opened the guest's. @returns its descriptor. */
  adopt(node: OpenNode): number;
  /** A buffer of this size, whose contents are anything. */
  buffer(length: number): Uint8Array;
}

/** What a descriptor stands for. */
export type OpenNode = OpenFile | OpenDir;

/** A file; of one that the guest has opened every descriptor is the same opening. */
export interface OpenFile {
  readonly kind: "file";
  readonly file: HostFile;
  /** How many descriptors stand for it. */
  uses: number;
}

/** A directory. */
export interface OpenDir {
  readonly kind: "dir";
  readonly dir: HostDir;
  listing: Listing | null;
  uses: number;
}

/** How far a directory has been listed. */
export interface Listing {
  next(): DirEntry | null | PromiseLike<DirEntry | null>;
  close?(): void;
  /** An entry for which the last buffer had no room. */
  left: DirEntry | null;
}

/** What an operation comes to: its result, and bytes for guest memory. */
export interface Outcome {
  readonly result: number;
  readonly bytes?: Uint8Array;
  /** Where the bytes go. */
  readonly pointer?: number;
}

/** Most bytes that one operation moves: what it lends is copied. */
export const MOST_BYTES = 1 << 20;

/** What has nothing to tell but that it is done. */
export const DONE: Outcome = { result: 0 };

/** What an operation does, in steps. */
export type VirtualCall = (desk: Desk) => Steps<Outcome>;

/** An implementation is not trusted to count: more than was lent would be others' bytes. */
export function requireCount(count: number, most: number): void {
  if (!Number.isInteger(count) || count < 0 || count > most) fail(Errno.EIO);
}

export function positionOf({ offset }: Submission): number | null {
  return offset < 0n ? null : Number(offset);
}

export function missing(): never {
  return fail(Errno.ENOTSUP);
}

export function fileOf(node: OpenNode, otherwise: Errno): HostFile {
  return node.kind === "file" ? node.file : fail(otherwise);
}

export function dirOf(node: OpenNode): HostDir {
  return node.kind === "dir" ? node.dir : fail(Errno.ENOTDIR);
}
