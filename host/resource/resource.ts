/**
 * What a handle stands for. A *native* resource has a descriptor of the OS, and the backend
 * performs its operations. A *virtual* one has methods (`virtual/resource.ts`); it gets a
 * descriptor from `FIRST_VIRTUAL` on for each instance, by which `backend/router.ts` knows it. The
 * rest of the host sees no difference.
 */

/**
 * Descriptors from this number on are none of the OS, which never gives one as high. Negative
 * numbers are for what stands in place of a descriptor, `StageDescriptor`, and no resource has one.
 */
export const FIRST_VIRTUAL = 0x40000000;

/** A file, a directory, a stream, a socket, a child. */
export interface Resource {
  readonly kind: "file" | "dir" | "child" | "socket";
  /** The OS's descriptor, below `FIRST_VIRTUAL`, or that of a virtual resource. */
  readonly descriptor: number;
  /** Whether closing the handle closes the descriptor, or leaves it to whoever opened it. */
  readonly owned: boolean;
  /** Whether it is a terminal, whose reads wait for a human. */
  readonly isTerminal: boolean;
  /** Whether it is a file at a position that others may move: those who gave us a stream. */
  readonly isShared?: boolean;
}

/** Something of the OS with contents: a file, a pipe, a terminal. */
export interface OsFile extends Resource {
  readonly kind: "file";
}

/** Something of the OS that paths start from. */
export interface OsDir extends Resource {
  readonly kind: "dir";
}
