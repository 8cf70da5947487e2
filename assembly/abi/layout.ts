/**
 * Where each field of the records that cross the boundary lies, in bytes. All are little endian and
 * aligned to 8. `records.ts` draws them and proves these numbers at compile time.
 */

/** One operation: the submission and, later, the completion. */
export const enum Overlapped {
  Opcode = 0,
  Flags = 4,
  Handle = 8,
  /** An `OverlappedState`. */
  State = 12,
  Ptr0 = 16,
  Len0 = 20,
  Ptr1 = 24,
  Len1 = 28,
  Offset = 32,
  /** ≥ 0 the value, < 0 a negative `Errno`. */
  Result = 40,
  /** A word that belongs to the guest; the host never touches it. */
  User = 48,
  /** A second word of the guest's. */
  Link = 52,
  /** The operating system's own error code when the result is negative, or 0. */
  OsError = 56,
  /** The host's: which operation in flight this is. Worthless to the guest. */
  Token = 60,
  Size = 64,
}

/** `state` of an `Overlapped`. The guest sets `Idle` and `Submitted`, the host `Done`. */
export const enum OverlappedState {
  Idle = 0,
  Submitted = 1,
  Done = 2,
}

/** One of the ranges that `Op.WriteVectored` writes. */
export const enum MemoryRange {
  Pointer = 0,
  Length = 4,
  Size = 8,
  /** How many one operation has at most. */
  Most = 1024,
}

/** What `Op.Stat` writes. Times are nanoseconds since 1970. */
export const enum Stat {
  Device = 0,
  Inode = 8,
  /** A `FileKind`. */
  Kind = 16,
  /** Permission bits, 0o7777 at most. */
  Mode = 20,
  Links = 24,
  Length = 32,
  Accessed = 40,
  Modified = 48,
  Changed = 56,
  /** `Time.Unknown` where the file system does not keep it. */
  Created = 64,
  Uid = 72,
  Gid = 76,
  /** Bytes on the disk; fewer than the length for a sparse file. */
  Allocated = 80,
  Size = 88,
}

/** What `Op.SetTimes` reads: two signed 64-bit times. */
export const enum FileTimes {
  Accessed = 0,
  Modified = 8,
  Size = 16,
}

/** What `Op.SetOwner` reads: the numbers of the user and the group. */
export const enum FileOwner {
  /** `Unchanged` leaves it as it is, here and in `Group`. */
  User = 0,
  Group = 4,
  Size = 8,
  Unchanged = 0xffffffff,
}

/** An address of a socket: what names an end of a connection. */
export const enum SocketAddress {
  /** An `AddressFamily`. */
  Family = 0,
  /** 0 to 65535. */
  Port = 4,
  /** 16 bytes, the most significant one first; of IPv4 the first four, and the others are 0. */
  Address = 8,
  /** Of IPv6: the interface that a link-local address means, or 0. */
  Scope = 24,
  /** Of IPv6: the flow label and traffic class, usually 0. */
  Flow = 28,
  Size = 32,
}

/**
 * What `Op.Spawn` reads. Behind it come strings, each with a NUL at its end and nothing in between:
 * the program, the directory (empty for the guest's current one), the arguments from the program's
 * name on, then changes of the environment: `NAME=VALUE` sets a variable, `NAME` takes it out.
 */
export const enum Command {
  /** Bits of `CommandFlag`. */
  Flags = 0,
  /** How many arguments, the program's name included; at least 1. */
  ArgumentCount = 4,
  /** How many changes of the environment. */
  VariableCount = 8,
  /** Handles that the child gets as its streams, or a `CommandStream`. */
  Stdin = 12,
  Stdout = 16,
  Stderr = 20,
  /** Written when it fails: a `CommandStep`. */
  Step = 24,
  /** A `CommandGroup`, or the number of a process group of the guest's session. */
  ProcessGroup = 28,
  /** The number of a user, or a `CommandOwner`. */
  UserId = 32,
  /** The number of a group of users, or a `CommandOwner`. */
  GroupId = 36,
  /** Where the strings begin. */
  Strings = 40,
}

/**
 * What `Op.ReadDirectory` writes, one for each entry. The name follows, without an end of its own;
 * `.` and `..` are left out. Nothing but the first one need be aligned.
 */
export const enum DirectoryEntry {
  Inode = 0,
  /** Bytes from this entry to the next one. */
  Next = 8,
  NameLength = 12,
  /** A `FileKind`; `Unknown` where the file system does not tell. */
  Kind = 14,
  Name = 16,
  /** Bytes of the smallest buffer to read into. */
  LeastBuffer = 1024,
}

/** What `Op.CopyRange` reads. */
export const enum CopyTarget {
  /** Where to write, in bytes from the beginning. */
  Offset = 0,
  /** How many bytes to copy at most. */
  Length = 8,
  /** The handle of the file to write to. */
  Handle = 16,
  Reserved = 20,
  Size = 24,
}

/** What the guest's export `_completions` is the address of. */
export const enum Completions {
  /** How many entries the array of completions has room for. */
  Capacity = 1024,
  /**
   * Behind the array: the addresses of the `Printer`s of the standard output and of the standard
   * error, 0 while nothing has been printed there.
   */
  Printers = 4096,
  Size = 4104,
}

/**
 * The guest's object that prints to a stream. The host looks at it once, when the guest has ended:
 * what waits there, behind what the operation has not written, it then writes itself.
 */
export const enum Printer {
  /** The address of a `Vec<u8>`, see `Bytes`: what waits for the operation to be done. */
  Waiting = 0,
  /** The address of the guest's operation that prints, or 0. */
  Printing = 4,
}

/** The guest's `Vec<u8>`. */
export const enum Bytes {
  /** The address of the first byte. */
  Data = 0,
  /** How many bytes there are. */
  Count = 4,
}

/** The guest's object for an operation. */
export const enum Operation {
  /** The address of its `Overlapped`. */
  Record = 24,
}
