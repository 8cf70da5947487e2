import { ErrorKind as Kind } from "../abi/error-kind";
import { Info } from "../abi/flags";
import { hostInfo } from "./host";

/** Which kind each `Errno` is, by its number. */
// @ts-ignore: decorator
@lazy const KINDS: StaticArray<u8> = [
  <u8>Kind.Other, // Success
  <u8>Kind.ArgumentListTooLong, // E2BIG
  <u8>Kind.PermissionDenied, // EACCES
  <u8>Kind.AddrInUse, // EADDRINUSE
  <u8>Kind.AddrNotAvailable, // EADDRNOTAVAIL
  <u8>Kind.Unsupported, // EAFNOSUPPORT
  <u8>Kind.WouldBlock, // EAGAIN
  <u8>Kind.InProgress, // EALREADY
  <u8>Kind.InvalidHandle, // EBADF
  <u8>Kind.InvalidData, // EBADMSG
  <u8>Kind.ResourceBusy, // EBUSY
  <u8>Kind.Cancelled, // ECANCELED
  <u8>Kind.NoSuchProcess, // ECHILD
  <u8>Kind.ConnectionAborted, // ECONNABORTED
  <u8>Kind.ConnectionRefused, // ECONNREFUSED
  <u8>Kind.ConnectionReset, // ECONNRESET
  <u8>Kind.Deadlock, // EDEADLK
  <u8>Kind.NotConnected, // EDESTADDRREQ
  <u8>Kind.InvalidInput, // EDOM
  <u8>Kind.QuotaExceeded, // EDQUOT
  <u8>Kind.AlreadyExists, // EEXIST
  <u8>Kind.InvalidInput, // EFAULT
  <u8>Kind.FileTooLarge, // EFBIG
  <u8>Kind.HostUnreachable, // EHOSTUNREACH
  <u8>Kind.Other, // EIDRM
  <u8>Kind.InvalidData, // EILSEQ
  <u8>Kind.InProgress, // EINPROGRESS
  <u8>Kind.Interrupted, // EINTR
  <u8>Kind.InvalidInput, // EINVAL
  <u8>Kind.InputOutput, // EIO
  <u8>Kind.AlreadyConnected, // EISCONN
  <u8>Kind.IsADirectory, // EISDIR
  <u8>Kind.FilesystemLoop, // ELOOP
  <u8>Kind.TooManyOpenFiles, // EMFILE
  <u8>Kind.TooManyLinks, // EMLINK
  <u8>Kind.MessageTooLong, // EMSGSIZE
  <u8>Kind.Other, // EMULTIHOP
  <u8>Kind.InvalidFilename, // ENAMETOOLONG
  <u8>Kind.NetworkDown, // ENETDOWN
  <u8>Kind.ConnectionAborted, // ENETRESET
  <u8>Kind.NetworkUnreachable, // ENETUNREACH
  <u8>Kind.TooManyOpenFiles, // ENFILE
  <u8>Kind.OutOfMemory, // ENOBUFS
  <u8>Kind.NoSuchDevice, // ENODEV
  <u8>Kind.NotFound, // ENOENT
  <u8>Kind.NotExecutable, // ENOEXEC
  <u8>Kind.NoLocksAvailable, // ENOLCK
  <u8>Kind.Other, // ENOLINK
  <u8>Kind.OutOfMemory, // ENOMEM
  <u8>Kind.Other, // ENOMSG
  <u8>Kind.Unsupported, // ENOPROTOOPT
  <u8>Kind.StorageFull, // ENOSPC
  <u8>Kind.Unsupported, // ENOSYS
  <u8>Kind.NotConnected, // ENOTCONN
  <u8>Kind.NotADirectory, // ENOTDIR
  <u8>Kind.DirectoryNotEmpty, // ENOTEMPTY
  <u8>Kind.Other, // ENOTRECOVERABLE
  <u8>Kind.NotASocket, // ENOTSOCK
  <u8>Kind.Unsupported, // ENOTSUP
  <u8>Kind.NotATerminal, // ENOTTY
  <u8>Kind.NoSuchDevice, // ENXIO
  <u8>Kind.ValueTooLarge, // EOVERFLOW
  <u8>Kind.Other, // EOWNERDEAD
  <u8>Kind.PermissionDenied, // EPERM
  <u8>Kind.BrokenPipe, // EPIPE
  <u8>Kind.ProtocolError, // EPROTO
  <u8>Kind.Unsupported, // EPROTONOSUPPORT
  <u8>Kind.Unsupported, // EPROTOTYPE
  <u8>Kind.ValueTooLarge, // ERANGE
  <u8>Kind.ReadOnlyFilesystem, // EROFS
  <u8>Kind.NotSeekable, // ESPIPE
  <u8>Kind.NoSuchProcess, // ESRCH
  <u8>Kind.StaleNetworkFileHandle, // ESTALE
  <u8>Kind.TimedOut, // ETIMEDOUT
  <u8>Kind.ExecutableFileBusy, // ETXTBSY
  <u8>Kind.CrossesDevices, // EXDEV
  <u8>Kind.PermissionDenied, // ENOTCAPABLE
];

/**
 * What sort of error it is, independent of the operating system; Rust's names where it has one.
 * Made for `==` and `switch`; as a string it is its name.
 */
// An object without a place in memory: what refers to it is its number, and costs as little.
// @ts-ignore: decorator
@final @unmanaged
export class ErrorKind {
  /** None of the others. */
  static readonly Other: ErrorKind = changetype<ErrorKind>(Kind.Other);
  static readonly NotFound: ErrorKind = changetype<ErrorKind>(Kind.NotFound);
  static readonly PermissionDenied: ErrorKind = changetype<ErrorKind>(Kind.PermissionDenied);
  static readonly AlreadyExists: ErrorKind = changetype<ErrorKind>(Kind.AlreadyExists);
  /** An argument that makes no sense. */
  static readonly InvalidInput: ErrorKind = changetype<ErrorKind>(Kind.InvalidInput);
  /** Data that is not what it should be, such as text that is not UTF-8. */
  static readonly InvalidData: ErrorKind = changetype<ErrorKind>(Kind.InvalidData);
  /** The stream ended before what was expected of it. */
  static readonly UnexpectedEof: ErrorKind = changetype<ErrorKind>(Kind.UnexpectedEof);
  /** A write that took nothing. */
  static readonly WriteZero: ErrorKind = changetype<ErrorKind>(Kind.WriteZero);
  static readonly Interrupted: ErrorKind = changetype<ErrorKind>(Kind.Interrupted);
  /** It was cancelled before it was done. */
  static readonly Cancelled: ErrorKind = changetype<ErrorKind>(Kind.Cancelled);
  static readonly TimedOut: ErrorKind = changetype<ErrorKind>(Kind.TimedOut);
  static readonly WouldBlock: ErrorKind = changetype<ErrorKind>(Kind.WouldBlock);
  static readonly BrokenPipe: ErrorKind = changetype<ErrorKind>(Kind.BrokenPipe);
  static readonly IsADirectory: ErrorKind = changetype<ErrorKind>(Kind.IsADirectory);
  static readonly NotADirectory: ErrorKind = changetype<ErrorKind>(Kind.NotADirectory);
  static readonly DirectoryNotEmpty: ErrorKind = changetype<ErrorKind>(Kind.DirectoryNotEmpty);
  static readonly FilesystemLoop: ErrorKind = changetype<ErrorKind>(Kind.FilesystemLoop);
  static readonly ReadOnlyFilesystem: ErrorKind = changetype<ErrorKind>(Kind.ReadOnlyFilesystem);
  static readonly StorageFull: ErrorKind = changetype<ErrorKind>(Kind.StorageFull);
  static readonly QuotaExceeded: ErrorKind = changetype<ErrorKind>(Kind.QuotaExceeded);
  static readonly FileTooLarge: ErrorKind = changetype<ErrorKind>(Kind.FileTooLarge);
  static readonly InvalidFilename: ErrorKind = changetype<ErrorKind>(Kind.InvalidFilename);
  static readonly TooManyLinks: ErrorKind = changetype<ErrorKind>(Kind.TooManyLinks);
  static readonly CrossesDevices: ErrorKind = changetype<ErrorKind>(Kind.CrossesDevices);
  static readonly ExecutableFileBusy: ErrorKind = changetype<ErrorKind>(Kind.ExecutableFileBusy);
  static readonly ResourceBusy: ErrorKind = changetype<ErrorKind>(Kind.ResourceBusy);
  static readonly Deadlock: ErrorKind = changetype<ErrorKind>(Kind.Deadlock);
  static readonly NotSeekable: ErrorKind = changetype<ErrorKind>(Kind.NotSeekable);
  static readonly StaleNetworkFileHandle: ErrorKind =
    changetype<ErrorKind>(Kind.StaleNetworkFileHandle);
  static readonly OutOfMemory: ErrorKind = changetype<ErrorKind>(Kind.OutOfMemory);
  /** The host, or the operating system, cannot do it. */
  static readonly Unsupported: ErrorKind = changetype<ErrorKind>(Kind.Unsupported);
  static readonly ArgumentListTooLong: ErrorKind = changetype<ErrorKind>(Kind.ArgumentListTooLong);
  static readonly ConnectionRefused: ErrorKind = changetype<ErrorKind>(Kind.ConnectionRefused);
  static readonly ConnectionReset: ErrorKind = changetype<ErrorKind>(Kind.ConnectionReset);
  static readonly ConnectionAborted: ErrorKind = changetype<ErrorKind>(Kind.ConnectionAborted);
  static readonly NotConnected: ErrorKind = changetype<ErrorKind>(Kind.NotConnected);
  static readonly AddrInUse: ErrorKind = changetype<ErrorKind>(Kind.AddrInUse);
  static readonly AddrNotAvailable: ErrorKind = changetype<ErrorKind>(Kind.AddrNotAvailable);
  static readonly NetworkDown: ErrorKind = changetype<ErrorKind>(Kind.NetworkDown);
  static readonly NetworkUnreachable: ErrorKind = changetype<ErrorKind>(Kind.NetworkUnreachable);
  static readonly HostUnreachable: ErrorKind = changetype<ErrorKind>(Kind.HostUnreachable);
  /** What was used is closed. */
  static readonly InvalidHandle: ErrorKind = changetype<ErrorKind>(Kind.InvalidHandle);
  /** The device failed, or is gone. */
  static readonly InputOutput: ErrorKind = changetype<ErrorKind>(Kind.InputOutput);
  /** The same is being done already. */
  static readonly InProgress: ErrorKind = changetype<ErrorKind>(Kind.InProgress);
  static readonly AlreadyConnected: ErrorKind = changetype<ErrorKind>(Kind.AlreadyConnected);
  /** More than the process, the system, or the host's limit allows. */
  static readonly TooManyOpenFiles: ErrorKind = changetype<ErrorKind>(Kind.TooManyOpenFiles);
  /** More than one datagram can carry. */
  static readonly MessageTooLong: ErrorKind = changetype<ErrorKind>(Kind.MessageTooLong);
  /** There is no such device, or nobody at its other end. */
  static readonly NoSuchDevice: ErrorKind = changetype<ErrorKind>(Kind.NoSuchDevice);
  static readonly NoSuchProcess: ErrorKind = changetype<ErrorKind>(Kind.NoSuchProcess);
  /** The system does not know how to run the file. */
  static readonly NotExecutable: ErrorKind = changetype<ErrorKind>(Kind.NotExecutable);
  static readonly NotATerminal: ErrorKind = changetype<ErrorKind>(Kind.NotATerminal);
  static readonly NotASocket: ErrorKind = changetype<ErrorKind>(Kind.NotASocket);
  static readonly NoLocksAvailable: ErrorKind = changetype<ErrorKind>(Kind.NoLocksAvailable);
  /** A number or a size that the system cannot express. */
  static readonly ValueTooLarge: ErrorKind = changetype<ErrorKind>(Kind.ValueTooLarge);
  /** The other side does not keep to the protocol. */
  static readonly ProtocolError: ErrorKind = changetype<ErrorKind>(Kind.ProtocolError);

  /** Nothing is there; to TypeScript it tells this from all else that has a `toString`. */
  private readonly brand: u32 = 0;

  private constructor() {}

  /** The kind of an `Errno`. */
  static of(errno: i32): ErrorKind {
    const isKnown = <u32>errno < <u32>KINDS.length;
    return isKnown ? changetype<ErrorKind>(<usize>KINDS[errno]) : ErrorKind.Other;
  }

  /** Its name: `NotFound`. The host has the names, so that not every app carries them. */
  toString(): string {
    return hostInfo(Info.ErrorKind, <u32>changetype<usize>(this))!.toString();
  }
}
