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

  /**
   * Lists the directory `handle`: fills (ptr0, len0) with `DirectoryEntry` records of what comes
   * next. Result: bytes filled, 0 at the end. Several at once on one handle share the entries.
   */
  ReadDirectory = 10,
  /** Makes a directory. at; (ptr0, len0) path; offset: its permission bits. */
  CreateDirectory = 11,
  /** Removes what is no directory. at; (ptr0, len0) path. */
  RemoveFile = 12,
  /** Removes an empty directory. at; (ptr0, len0) path. */
  RemoveDirectory = 13,
  /**
   * Renames (ptr0, len0) to (ptr1, len1), replacing what is there. at for the first; `offset` is
   * the directory handle, or `Handle.Root`, that the second is relative to.
   */
  Rename = 14,
  /**
   * Gives the file (ptr0, len0) a second name (ptr1, len1). Directories as for `Rename`. Of a
   * symbolic link it is the link itself that gets one.
   */
  HardLink = 15,
  /**
   * Makes the symbolic link (ptr0, len0), at, which leads to the text (ptr1, len1). In what was
   * granted that must not be an absolute path.
   */
  SymbolicLink = 16,
  /** Reads where the symbolic link (ptr0, len0), at, leads, into (ptr1, len1). Result: bytes. */
  ReadLink = 17,
  /**
   * Writes the absolute path without links, `.` and `..` of (ptr0, len0) into (ptr1, len1), as the
   * guest sees it. `handle` is `Handle.Root`. Result: bytes.
   */
  Canonicalize = 18,
  /**
   * Copies between two files inside of the OS: from `handle` at `offset` to what (ptr1, len1), a
   * `CopyTarget` record, says. Result: bytes copied, maybe fewer, 0 at the end of the source. Where
   * the source has a hole and the target ends there, so has the target then.
   */
  CopyRange = 19,

  /**
   * Listens for streams on (ptr0, len0), a `SocketAddress`; offset: backlog; flags `BindFlag`. The
   * address that it really is, a free port instead of 0 for one, goes to (ptr1, len1) unless len1
   * is 0. Result: the new handle.
   */
  Listen = 20,
  /** Connects a stream to (ptr0, len0), a `SocketAddress`. Result: the new handle. */
  Connect = 21,
  /**
   * Listens on a Unix socket that it makes. at; (ptr0, len0) path; offset: backlog. Result: the new
   * handle.
   */
  ListenUnix = 22,
  /** Connects to a Unix socket. at; (ptr0, len0) path. Result: the new handle. */
  ConnectUnix = 23,
  /**
   * Accepts a connection of the listener `handle`. Its peer's `SocketAddress` goes to (ptr1, len1)
   * unless len1 is 0. Result: the new handle.
   */
  Accept = 24,
  /**
   * Makes a datagram socket bound to (ptr0, len0), a `SocketAddress`; flags `BindFlag`. What it
   * really is goes to (ptr1, len1) as for `Listen`. Result: the new handle.
   */
  BindDatagram = 25,
  /** Sets the peer of the datagram socket `handle` to (ptr0, len0), a `SocketAddress`. */
  ConnectDatagram = 26,
  /** Sends the datagram (ptr0, len0) to (ptr1, len1), a `SocketAddress`. Result: bytes sent. */
  SendTo = 27,
  /**
   * Receives a datagram into (ptr0, len0) and its sender's `SocketAddress` into (ptr1, len1) unless
   * len1 is 0; flags `ReceiveFlag`. Of a stream, what has come. Result: bytes, and in the high 32
   * bits `ReceivedWord`.
   */
  ReceiveFrom = 28,
  /** Ends one or both directions of the stream `handle`; flags `ShutdownFlag`. */
  Shutdown = 29,
  /** Writes an address of the socket `handle` to (ptr1, len1); flags `SocketNameFlag`. */
  SocketName = 30,
  /** Sets an option of the socket `handle`; flags `SocketOption`; offset: its value. */
  SetSocketOption = 31,
  /** Result: the value of an option of the socket `handle`; flags `SocketOption`. */
  GetSocketOption = 32,
  /**
   * Looks the host name (ptr0, len0) up; writes `SocketAddress` records with the port `offset` to
   * (ptr1, len1), as many as fit. Result: how many, at least 1.
   */
  LookupHost = 33,

  /** Makes a pipe. Result: the handle to read from, and in the high 32 bits the one to write to. */
  Pipe = 34,
  /**
   * Starts a program: (ptr0, len0) is a `Command` record with its strings, aligned to 4. When it
   * fails, the record's `Command.Step` says at which `CommandStep`. Result: the handle of the
   * child, and in the high 32 bits its process id. One that was cancelled has not left a child.
   */
  Spawn = 35,
  /**
   * Waits until the child `handle` has ended. Result: in the low 32 bits its exit code; in the high
   * 32 bits 0, or the signal that ended it and other bits of `ExitWord`. May be asked any number of
   * times, also at once, until the handle is closed. A child that goes on after that is on its own.
   */
  Wait = 36,
  /**
   * Sends the signal `flags`, a `Signal`, to the child `handle`. One that has ended, and whose
   * handle is not closed yet, takes it without effect.
   */
  Kill = 37,
  /**
   * Watches for the signal `flags`, a `Signal`, sent to this process, which from now on does not
   * have its default effect. Result: a handle; reading from it gives one byte for each signal.
   */
  WatchSignal = 38,

  /**
   * Moves the position that the descriptor of `handle` has, and shares with all who were given it:
   * where `Offset.Current` is. flags `SeekFlag`; offset: bytes, signed. Result: where that is then.
   */
  Seek = 39,
  /** Sets user and group to (ptr1, len1), a `FileOwner` record; the file is named as by `Stat`. */
  SetOwner = 40,
  /**
   * Locks all of the file of `handle`, or unlocks it, for whoever has it by the same opening; flags
   * `LockFlag`. Waits as long as others have a lock that excludes this one; to be told so with
   * `EAGAIN` instead there is `LockFlag.Try`. Closing the last handle unlocks.
   */
  Lock = 41,
  /** Makes a second handle of the file `handle`. Both have one position. Result: the new handle. */
  Duplicate = 42,

  /**
   * Writes what the `MemoryRange` records in (ptr0, len0), aligned to 4, list, one after the other
   * and as one write, at `offset` or `Offset.Current`. They are 1 to `MemoryRange.Most`. Result:
   * bytes written, maybe fewer.
   */
  WriteVectored = 43,
  /**
   * Joins or leaves a group with the datagram socket `handle`: the address of (ptr0, len0), a
   * `SocketAddress`; flags `MembershipFlag`; offset: the number of the interface, or 0.
   */
  SetMembership = 44,
}
