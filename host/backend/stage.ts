/**
 * Where each word lies in the staging area: the one `ArrayBuffer` through which the host and a
 * backend exchange submissions and completions. `scripts/generate.ts` makes the C header from this
 * file, so it holds `const enum`s only.
 *
 *     0            Submissions   4096 entries of 64 bytes, written by the host
 *     262144       Completions   4096 entries of 16 bytes, written by the backend
 *     327680       Prefixes      65536 bytes of text, written by the host
 *     393216       Turn          16 bytes: what a turn is asked for and what it gave
 *     393232       end
 *
 * All numbers are in the byte order of the machine, which is little endian wherever the host runs.
 */
export const enum StageLayout {
  /** Byte offset of the submissions. */
  Submissions = 0,
  /** How many submissions one turn takes at most. */
  SubmissionsCapacity = 4096,
  /** Byte offset of the completions. */
  Completions = 262144,
  /** How many completions one turn gives at most; the rest waits for the next turn. */
  CompletionsCapacity = 4096,
  /** Byte offset of the text that `SubmissionWord.PrefixOffset` points into. */
  Prefixes = 327680,
  /** Bytes of that text. */
  PrefixesSize = 65536,
  /** Byte offset of the words of a turn, `TurnWord`. */
  Turn = 393216,
  /** Bytes of the whole stage. */
  Size = 393232,
  /** Numbers of slots are below this one. */
  Slots = 4194304,
}

/**
 * Byte offsets, from `StageLayout.Turn` on, of the arguments and the answer of a turn. They lie in
 * the stage because a native call without arguments costs a third of one that has them.
 */
export const enum TurnWord {
  /** A 64-bit float: nanoseconds to wait at most, 0 not at all, < 0 as long as it takes. */
  Timeout = 0,
  /** How many submissions are staged. */
  Count = 8,
  /** The answer: how many completions are in the stage. */
  Produced = 12,
  Size = 16,
}

/** The 32-bit words of a submission. Words without a name here are zero. */
export const enum SubmissionWord {
  /** An `Op` of the ABI, or a `StageOp`. */
  Op = 0,
  /** Which operation in flight: a dense small integer that the host chose. */
  Slot = 1,
  /** Tells apart the operations that used the slot one after another. */
  Generation = 2,
  /** The descriptor (signed); for an op with a path the directory; or a `StageDescriptor`. */
  Descriptor = 3,
  /** Offset in guest memory of the first range; the host has checked that it lies inside. */
  Pointer0 = 4,
  Length0 = 5,
  /** Offset in guest memory of the second range, likewise checked. */
  Pointer1 = 6,
  Length1 = 7,
  OffsetLow = 8,
  OffsetHigh = 9,
  /** The flags of the ABI record, checked: only bits that the op knows. */
  Flags = 10,
  /** `StageArgument` bits. */
  Argument = 11,
  /**
   * Text that comes before the path in (Pointer0, Length0): bytes at this offset from the start of
   * the stage. It ends in a slash where one is needed. Valid until the turn returns. Of an op with
   * an address that goes out to the system: that address, a `SocketAddress` record. Of a vectored
   * write: its `MemoryRange` records, whose ranges the host has checked.
   */
  PrefixOffset = 12,
  /** Bytes of that text; 0 when there is none. */
  PrefixLength = 13,
  /** The same for the path in (Pointer1, Length1); its directory is in the low half of Offset. */
  SecondPrefixOffset = 14,
  SecondPrefixLength = 15,
  /** Words of a submission. */
  Count = 16,
}

/**
 * Byte offsets in what the host makes of a `Command` record: checked, complete, and its own. It is
 * the prefix of an `Op.Spawn`, whose descriptor is the directory that the child's is looked for in.
 * Behind it come strings, each with a NUL at its end: the program; where to look for it, as `PATH`
 * has it; the directory, or nothing to stay; the arguments; the environment.
 */
export const enum StageCommand {
  ArgumentCount = 0,
  VariableCount = 4,
  /** Descriptors (signed), or `StageDescriptor.Null`. */
  Stdin = 8,
  Stdout = 12,
  Stderr = 16,
  /** As in the `Command` record. */
  ProcessGroup = 20,
  UserId = 24,
  GroupId = 28,
  Strings = 32,
}

/** The 32-bit words of a completion. */
export const enum CompletionWord {
  Slot = 0,
  Generation = 1,
  /** The low half of the 64-bit result; of a failure its negative `Errno`. */
  ResultLow = 2,
  /** The high half; of a failure its highest bit is set, and below is the OS's number, or 0. */
  ResultHigh = 3,
  /** Words of a completion. */
  Count = 4,
}

/** What a submission may ask for beyond the ABI's `Op`. */
export const enum StageOp {
  /**
   * Asks to cancel the operation that Slot and Generation name, staged earlier or in this very
   * turn. It has no completion of its own; the one it names still completes exactly once. An
   * operation that the backend does not know (any more) is ignored.
   */
  Cancel = 0xff00,
}

/** Values of `SubmissionWord.Descriptor` with a meaning of their own. */
export const enum StageDescriptor {
  /** The process's current directory (`AT_FDCWD`). */
  CurrentDir = -1,
  /** The null device, for a stream of a child. */
  Null = -2,
}

/** Bits of `SubmissionWord.Argument`. */
export const enum StageArgument {
  /** The path must not leave the directory of the descriptor: `..`, links, absolute paths. */
  Beneath = 1,
  /** The descriptor is a terminal: wait until it is readable before reading. */
  Terminal = 2,
  /** Of a close: the guest has ended, and a signal that it did not take is nobody's any more. */
  Ended = 4,
  /** Of a close: the descriptor is a child's, which goes on without us. */
  Child = 8,
  /** The descriptor is a socket, for which there may be a better call than to read and write. */
  Socket = 16,
  /** The prefix is in the text that `Backend.annex` was given, not in the stage. */
  Annex = 32,
  /** Others may have the descriptor, too, and move its position. */
  Shared = 64,
}
