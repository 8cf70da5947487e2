/**
 * What a handle can stand for. A *native* resource has a descriptor of the OS, and a backend
 * performs its operations; that is all the host core needs to know about it. A *virtual* one has
 * `Resource.descriptor` `VIRTUAL` and performs them in JavaScript; they need the integrated way to
 * run, and their methods come with it.
 */

/** The descriptor of a resource that is no descriptor of the OS. */
export const VIRTUAL = -1;

/** A file, a directory, a stream, a socket, a child. */
export interface Resource {
  readonly kind: "file" | "dir" | "child" | "socket";
  /** The OS's descriptor, or `VIRTUAL`. */
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
