/** What each error means, in words; for messages. */
import { Errno } from "./abi.js";

const TEXTS = {
  [Errno.Success]: "success (no error)",
  [Errno.E2BIG]: "argument list too long (E2BIG)",
  [Errno.EACCES]: "permission denied (EACCES)",
  [Errno.EADDRINUSE]: "address in use (EADDRINUSE)",
  [Errno.EADDRNOTAVAIL]: "address not available (EADDRNOTAVAIL)",
  [Errno.EAFNOSUPPORT]: "address family not supported (EAFNOSUPPORT)",
  [Errno.EAGAIN]: "resource temporarily unavailable (EAGAIN)",
  [Errno.EALREADY]: "already in progress (EALREADY)",
  [Errno.EBADF]: "bad handle (EBADF)",
  [Errno.EBADMSG]: "bad message (EBADMSG)",
  [Errno.EBUSY]: "resource busy (EBUSY)",
  [Errno.ECANCELED]: "cancelled (ECANCELED)",
  [Errno.ECHILD]: "no child process (ECHILD)",
  [Errno.ECONNABORTED]: "connection aborted (ECONNABORTED)",
  [Errno.ECONNREFUSED]: "connection refused (ECONNREFUSED)",
  [Errno.ECONNRESET]: "connection reset (ECONNRESET)",
  [Errno.EDEADLK]: "would deadlock (EDEADLK)",
  [Errno.EDESTADDRREQ]: "destination address required (EDESTADDRREQ)",
  [Errno.EDOM]: "argument out of domain (EDOM)",
  [Errno.EDQUOT]: "quota exceeded (EDQUOT)",
  [Errno.EEXIST]: "already exists (EEXIST)",
  [Errno.EFAULT]: "bad address (EFAULT)",
  [Errno.EFBIG]: "file too large (EFBIG)",
  [Errno.EHOSTUNREACH]: "host unreachable (EHOSTUNREACH)",
  [Errno.EIDRM]: "identifier removed (EIDRM)",
  [Errno.EILSEQ]: "illegal byte sequence (EILSEQ)",
  [Errno.EINPROGRESS]: "in progress (EINPROGRESS)",
  [Errno.EINTR]: "interrupted (EINTR)",
  [Errno.EINVAL]: "invalid argument (EINVAL)",
  [Errno.EIO]: "input/output error (EIO)",
  [Errno.EISCONN]: "already connected (EISCONN)",
  [Errno.EISDIR]: "is a directory (EISDIR)",
  [Errno.ELOOP]: "too many symbolic links (ELOOP)",
  [Errno.EMFILE]: "too many open files (EMFILE)",
  [Errno.EMLINK]: "too many links (EMLINK)",
  [Errno.EMSGSIZE]: "message too large (EMSGSIZE)",
  [Errno.EMULTIHOP]: "multihop attempted (EMULTIHOP)",
  [Errno.ENAMETOOLONG]: "name too long (ENAMETOOLONG)",
  [Errno.ENETDOWN]: "network is down (ENETDOWN)",
  [Errno.ENETRESET]: "connection aborted by network (ENETRESET)",
  [Errno.ENETUNREACH]: "network unreachable (ENETUNREACH)",
  [Errno.ENFILE]: "too many open files in the system (ENFILE)",
  [Errno.ENOBUFS]: "no buffer space (ENOBUFS)",
  [Errno.ENODEV]: "no such device (ENODEV)",
  [Errno.ENOENT]: "not found (ENOENT)",
  [Errno.ENOEXEC]: "not an executable (ENOEXEC)",
  [Errno.ENOLCK]: "no locks available (ENOLCK)",
  [Errno.ENOLINK]: "link severed (ENOLINK)",
  [Errno.ENOMEM]: "out of memory (ENOMEM)",
  [Errno.ENOMSG]: "no such message (ENOMSG)",
  [Errno.ENOPROTOOPT]: "protocol option not available (ENOPROTOOPT)",
  [Errno.ENOSPC]: "no space left (ENOSPC)",
  [Errno.ENOSYS]: "not implemented (ENOSYS)",
  [Errno.ENOTCONN]: "not connected (ENOTCONN)",
  [Errno.ENOTDIR]: "not a directory (ENOTDIR)",
  [Errno.ENOTEMPTY]: "directory not empty (ENOTEMPTY)",
  [Errno.ENOTRECOVERABLE]: "state not recoverable (ENOTRECOVERABLE)",
  [Errno.ENOTSOCK]: "not a socket (ENOTSOCK)",
  [Errno.ENOTSUP]: "not supported (ENOTSUP)",
  [Errno.ENOTTY]: "not a terminal (ENOTTY)",
  [Errno.ENXIO]: "no such device or address (ENXIO)",
  [Errno.EOVERFLOW]: "value too large (EOVERFLOW)",
  [Errno.EOWNERDEAD]: "previous owner died (EOWNERDEAD)",
  [Errno.EPERM]: "not permitted (EPERM)",
  [Errno.EPIPE]: "broken pipe (EPIPE)",
  [Errno.EPROTO]: "protocol error (EPROTO)",
  [Errno.EPROTONOSUPPORT]: "protocol not supported (EPROTONOSUPPORT)",
  [Errno.EPROTOTYPE]: "wrong protocol for socket (EPROTOTYPE)",
  [Errno.ERANGE]: "result too large (ERANGE)",
  [Errno.EROFS]: "read-only file system (EROFS)",
  [Errno.ESPIPE]: "cannot seek (ESPIPE)",
  [Errno.ESRCH]: "no such process (ESRCH)",
  [Errno.ESTALE]: "stale file handle (ESTALE)",
  [Errno.ETIMEDOUT]: "timed out (ETIMEDOUT)",
  [Errno.ETXTBSY]: "executable busy (ETXTBSY)",
  [Errno.EXDEV]: "crosses devices (EXDEV)",
  [Errno.ENOTCAPABLE]: "not capable (ENOTCAPABLE)",
} satisfies Record<Errno, string>;

const TEXT_TABLE: readonly string[] = Object.values(TEXTS);

/** What an `Errno` means; undefined for a number that is none. */
export function errorText(errno: number): string | undefined {
  return TEXT_TABLE[errno];
}

/** Why something failed: an error of the system in plain words, else the message's first line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, message } = error as NodeJS.ErrnoException;
  const text = TEXT_TABLE.find((one) => code !== undefined && one.endsWith(` (${code})`));
  return text ?? message.split("\n")[0]!;
}
