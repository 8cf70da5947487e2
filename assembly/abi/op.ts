/**
 * The operations: what the `opcode` of an `Overlapped` may say. Numbers are part of the ABI and are
 * never reused. Which fields each one reads is written beside it; fields that are not named must be
 * zero. An opcode that the host does not know completes with `ENOSYS`.
 *
 * "at" means: `handle` is a directory handle that `path` is relative to, or `Handle.Root`, which
 * resolves `path` in the namespace that the guest was given.
 */
export const enum Op {
  /** Completes with 0. */
  Nop = 0,
  /**
   * Opens a file or a directory. at; (ptr0, len0) path in UTF-8 or whatever bytes the OS uses;
   * flags `OpenFlag`; offset: permission bits of a new file. Result: the new handle.
   */
  Open = 1,
  /**
   * Closes `handle`: first cancels what is in flight on it and waits for that. Cannot be cancelled
   * itself.
   */
  Close = 2,
  /**
   * Reads into (ptr0, len0) from `offset`, or from where the stream is when `offset` is
   * `Offset.Current`. Result: bytes read, 0 at the end of the stream.
   */
  Read = 3,
  /** Writes (ptr0, len0) at `offset` or `Offset.Current`. Result: bytes written, maybe fewer. */
  Write = 4,
  /** Makes what was written durable; flags `SyncFlag`. */
  Sync = 5,
  /**
   * Describes a file into (ptr1, len1), a `Stat` record. With len0 == 0 the file of `handle`; else
   * at, (ptr0, len0) path; flags `StatFlag`.
   */
  Stat = 6,
  /** Sets the length of the file of `handle` to `offset` bytes. */
  SetLength = 7,
  /** Sets the permission bits to `offset`; the file is named as by `Stat`. */
  SetPermissions = 8,
  /** Sets the times to (ptr1, len1), a `FileTimes` record; the file is named as by `Stat`. */
  SetTimes = 9,
}
