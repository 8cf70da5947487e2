/**
 * What a handle can stand for. A *native* resource has a descriptor of the OS, and a backend
 * performs its operations; that is all the host core needs to know about it. A *virtual* one
 * performs them in JavaScript, and will have a number from `FIRST_VIRTUAL` on; nothing serves them
 * yet, so a context takes only native ones.
 */

/**
 * Descriptors from this number on are none of the OS, which never gives one as high. Negative
 * numbers are for what stands in place of a descriptor, `StageDescriptor`, and no resource has one.
 */
export const FIRST_VIRTUAL = 0x40000000;

/** A file, a directory, a stream, a socket, a child. */
export interface Resource {
  readonly kind: "file" | "dir" | "child" | "socket";
  /** The OS's descriptor: from 0 to `FIRST_VIRTUAL` - 1. */
  readonly descriptor: number;
  /** Whether closing the handle closes the descriptor, or leaves it to whoever opened it. */
  readonly owned: boolean;
  /** Whether it is a terminal, whose reads wait for a human. */
  readonly isTerminal: boolean;
  /** Whether it is a file at a position that others may move: those who gave us a stream. */
  readonly isShared?: boolean;
}

/** Something with contents: a file, a pipe, a terminal. */
export interface HostFile extends Resource {
  readonly kind: "file";
}

/** Something that paths start from. */
export interface HostDir extends Resource {
  readonly kind: "dir";
}
