/** Bits of `flags` of `Op.Open`. Read, write or append must be among them. */
export const enum OpenFlag {
  Read = 1,
  Write = 2,
  /** Every write goes to the end of the file. Implies the right to write. */
  Append = 4,
  /** Create the file when it does not exist. */
  Create = 8,
  /** Create the file, and fail with `EEXIST` when it is there already. */
  CreateNew = 16,
  Truncate = 32,
  /** Fail with `ENOTDIR` unless it is a directory. */
  Directory = 64,
  /** Fail with `ELOOP` when the last component is a symbolic link. */
  NoFollow = 128,
  /** All bits that have a meaning. */
  All = 255,
}

/** Bits of `flags` of `Op.Sync`. */
export const enum SyncFlag {
  /** The contents only, not the times. */
  Data = 1,
}

/** Bits of `flags` of `Op.Stat`, `Op.SetPermissions`, `Op.SetTimes` and `Op.SetOwner`. */
export const enum StatFlag {
  /** Of a symbolic link, mean the link itself. */
  NoFollow = 1,
}

/** `flags` of `Op.Lock`: one of the first three, and `Try` or not. */
export const enum LockFlag {
  Unlock = 0,
  /** Excludes exclusive locks. */
  Shared = 1,
  /** Excludes all others. */
  Exclusive = 2,
  /** The bits of these three. */
  Kind = 3,
  /** Does not wait. */
  Try = 4,
}

/** `flags` of `Op.Seek`: from where the offset counts. */
export const enum SeekFlag {
  Start = 0,
  Current = 1,
  End = 2,
}

/** What a file is: `kind` of a `Stat` record. */
export const enum FileKind {
  Unknown = 0,
  File = 1,
  Directory = 2,
  Symlink = 3,
  CharDevice = 4,
  BlockDevice = 5,
  Fifo = 6,
  Socket = 7,
}

/** Which protocol an address belongs to: `family` of a `SocketAddress` record. */
export const enum AddressFamily {
  Ipv4 = 4,
  Ipv6 = 6,
}

/** Bits of `flags` of `Op.Shutdown`. At least one is set. */
export const enum ShutdownFlag {
  /** Whatever is read from now on is the end. */
  Read = 1,
  /** The peer reads the end once it has read what was written. */
  Write = 2,
  /** All bits that have a meaning. */
  All = 3,
}

/** Bits of `flags` of `Op.Listen` and `Op.BindDatagram`. */
export const enum BindFlag {
  /** Of IPv6: nothing of IPv4 comes. Otherwise it does, where the address is `::`. */
  Ipv6Only = 1,
  /** Of datagrams: others may have the same address, if all of them say so (SO_REUSEADDR). */
  Shared = 2,
}

/** `flags` of `Op.SetMembership`. */
export const enum MembershipFlag {
  Join = 0,
  Leave = 1,
}

/** Bits of `flags` of `Op.ReceiveFrom`. */
export const enum ReceiveFlag {
  /** What is received stays there, and is received again next time. */
  Peek = 1,
  /** All bits that have a meaning. */
  All = 1,
}

/** Bits of the high 32 bits of what `Op.ReceiveFrom` gives. */
export const enum ReceivedWord {
  /** The datagram was longer than the room for it; the rest is lost, unless it was a peek. */
  Truncated = 1,
}

/** `flags` of `Op.SocketName`: whose address. */
export const enum SocketNameFlag {
  Local = 0,
  Peer = 1,
}

/** `flags` of `Op.SetSocketOption` and `Op.GetSocketOption`: which one. */
export const enum SocketOption {
  /** 1, as at first: small writes leave at once, rather than wait for more (TCP_NODELAY). */
  NoDelay = 0,
  /** 1: datagrams may be sent to broadcast addresses. */
  Broadcast = 1,
  /** How many routers a packet passes at most, 1 to 255. */
  TimeToLive = 2,
  /** Bytes that the system keeps for reading. It rounds them. */
  ReceiveBuffer = 3,
  /** Bytes that the system keeps while they are sent. It rounds them. */
  SendBuffer = 4,
  /** 1: a connection on which nothing comes for long is probed (SO_KEEPALIVE). */
  KeepAlive = 5,
  /** 1: closing drops what was not sent, and resets the connection (SO_LINGER of 0 seconds). */
  ZeroLinger = 6,
  /** 1, as at first: what is sent to a group comes to this machine as well, if it is in it. */
  MulticastLoop = 7,
  /** How many routers a datagram to a group passes at most, 0 to 255. */
  MulticastTimeToLive = 8,
  /** The number of the interface by which datagrams to groups leave, or 0. It can only be set. */
  MulticastInterface = 9,
}

/** Handles with a fixed meaning. */
export const enum Handle {
  Stdin = 0,
  Stdout = 1,
  Stderr = 2,
  /** No directory: the path is resolved in the guest's namespace. */
  Root = 0xffffffff,
}

/** `offset` values with a meaning of their own. */
export const enum Offset {
  /** Where the stream is; what streams that cannot seek always need. */
  Current = -1,
}

/** The argument of the import `now`. */
export const enum Clock {
  /** Nanoseconds since 1970-01-01T00:00:00Z. May jump. */
  Realtime = 0,
  /** Nanoseconds since the instance was made. Never goes back. */
  Monotonic = 1,
}

/** What the import `info` is asked for. */
export const enum Info {
  /** The `index`-th argument; 0 is the program's name. */
  Arg = 0,
  /** The `index`-th environment variable as `NAME=VALUE`. */
  Env = 1,
  /** The current directory. */
  CurrentDir = 2,
  /** The directory for temporary files. */
  TempDir = 3,
  /** The host's operating system: `linux`, `macos`, `windows`, …, as Rust spells them. */
  Os = 4,
  /** The host's processor: `x86_64`, `aarch64`, …, as Rust spells them. */
  Arch = 5,
  /** What the `Errno` `index` means, for a message: `not found (ENOENT)`. Any index has a text. */
  ErrorText = 6,
  /** The system's number of the process, in decimal digits. */
  ProcessId = 7,
  /** The name of the `ErrorKind` `index`: `NotFound`. Any index has one. */
  ErrorKind = 8,
}

/** Bits of `Command.Flags`. */
export const enum CommandFlag {
  /** The child's environment is the guest's, changed; otherwise it is what the changes set. */
  InheritEnvironment = 1,
  /** All bits that have a meaning. */
  All = 1,
}

/** Streams of a child that are no handle; no handle has these numbers. */
export const enum CommandStream {
  /** The guest's own stream of the same name; nothing if it has none. */
  Inherit = 0xffffffff,
  /** Nothing: at its end at once, and takes what is written. */
  Null = 0xfffffffd,
}

/** The process group of a child where none is named; none that it could join has these numbers. */
export const enum CommandGroup {
  /** That of the guest's process. */
  Inherit = 0,
  /** A new one, with the number of the child. */
  New = 1,
}

/** The user and the group of a child where none is named; none has this number. */
export const enum CommandOwner {
  /** That of the guest's process. */
  Inherit = 0xffffffff,
}

/** What of `Op.Spawn` failed. */
export const enum CommandStep {
  /** Starting the program. */
  Program = 0,
  /** Changing to the directory. */
  Directory = 1,
  /** Passing the environment, of which the program may not have all. */
  Environment = 2,
  /** Going to the process group, or being allowed to. */
  ProcessGroup = 3,
  /** Becoming the user and the group, or being allowed to. */
  Owner = 4,
}

/** The high 32 bits of what `Op.Wait` gives; 0 when the child ended by itself. */
export const enum ExitWord {
  /** The signal that ended it: a `Signal`. */
  SignalMask = 0x7f,
  /** The signal is none of `Signal`, and the number is the system's. */
  Foreign = 0x80,
  CoreDumped = 0x100,
}

/** Signals, by WASI's numbers: the same on every operating system. */
export const enum Signal {
  /** The terminal has gone; to many servers: read the configuration again. */
  Hangup = 1,
  /** Ctrl-C. */
  Interrupt = 2,
  /** Ctrl-\. */
  Quit = 3,
  /** The processor refused an instruction. */
  Illegal = 4,
  Trap = 5,
  Abort = 6,
  Bus = 7,
  FloatingPoint = 8,
  /** Cannot be watched. */
  Kill = 9,
  User1 = 10,
  /** Access to memory that is not there. */
  Segmentation = 11,
  User2 = 12,
  /** Cannot be watched: a write that nobody reads is an error. */
  Pipe = 13,
  Alarm = 14,
  /** Please end. */
  Terminate = 15,
  /** Cannot be watched: whoever started a child waits for it. */
  Child = 16,
  Continue = 17,
  /** Cannot be watched. */
  Stop = 18,
  /** Ctrl-Z. */
  TerminalStop = 19,
  TerminalInput = 20,
  TerminalOutput = 21,
  Urgent = 22,
  /** More processor time than the limit. */
  CpuTime = 23,
  /** A larger file than the limit. */
  FileSize = 24,
  VirtualAlarm = 25,
  Profile = 26,
  /** The terminal has another size. */
  WindowChange = 27,
  Poll = 28,
  Power = 29,
  /** A system call that is forbidden, or none. */
  SystemCall = 30,
}

/** What the import `terminal` is asked to do with a handle. */
export const enum Terminal {
  /** 1 when the handle is a terminal, else 0. */
  IsTerminal = 0,
  /** Columns in the low 16 bits, rows in the next 16; either may be 0 where nobody knows. */
  Size = 1,
  /** Sets the mode `arg`: a `TerminalMode`. */
  SetMode = 2,
}

/** Modes of a terminal. */
export const enum TerminalMode {
  Cooked = 0,
  Raw = 1,
}
