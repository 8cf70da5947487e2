/**
 * What crosses the boundary, as the host sees it: the portable half of `assembly/abi`, in one
 * place. All of it is `const enum`, so nothing of this is left at run time.
 */
export { Abi } from "../assembly/abi/version.js";
export { Errno } from "../assembly/abi/errno.js";
export { ErrorKind } from "../assembly/abi/error-kind.js";
export {
  AddressFamily,
  BindFlag,
  Clock,
  CommandFlag,
  CommandGroup,
  CommandOwner,
  CommandStep,
  CommandStream,
  ExitWord,
  FileKind,
  Handle,
  Info,
  LockFlag,
  MembershipFlag,
  Offset,
  OpenFlag,
  ReceiveFlag,
  SeekFlag,
  ShutdownFlag,
  Signal,
  SocketNameFlag,
  SocketOption,
  StatFlag,
  SyncFlag,
  Terminal,
  TerminalMode,
} from "../assembly/abi/flags.js";
export {
  Bytes,
  Command,
  Completions,
  CopyTarget,
  DirectoryEntry,
  FileOwner,
  FileTimes,
  MemoryRange,
  Operation,
  Overlapped,
  OverlappedState,
  Printer,
  SocketAddress,
  Stat,
} from "../assembly/abi/layout.js";
export { Op } from "../assembly/abi/op.js";
