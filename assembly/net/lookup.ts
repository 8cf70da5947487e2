/**
 * Names of machines, and the addresses that they stand for.
 *
 * @module
 */
import { Errno } from "../abi/errno";
import { SocketAddress } from "../abi/layout";
import { Op } from "../abi/op";
import { Error, ErrorKind, Result } from "../error";
import { Operation } from "../rt/operation";
import { Vec } from "../vec";
import { SocketAddr } from "./address";
import { Reader } from "./reader";

/** How many addresses of one name are asked for. */
const MOST: i32 = 16;

/**
 * Looks a name up as the system does, `/etc/hosts` and all, and gives its addresses, with `port`,
 * in the order in which to try them; 16 at most. An address in text form stands for itself.
 *
 * `NotFound` when there is no such name, `WouldBlock` when nobody could be asked just now, and
 * `PermissionDenied` unless the app may connect to something.
 */
export function lookupHost(name: string, port: u16): Promise<Result<Array<SocketAddr>>> {
  return new LookupOperation(name, port).start();
}

/**
 * The same for `NAME:PORT`. What was meant to be an address, and is none, no name server is asked
 * for.
 */
export function lookupText(text: string): Promise<Result<Array<SocketAddr>>> {
  const reader = new Reader(text);
  const name = reader.host();
  if (!reader.failed && isMeantAsAddress(name)) {
    return Promise.resolve(Result.err<Array<SocketAddr>>(SocketAddr.parse(text).error));
  }
  const port = reader.port();
  if (!reader.failed) return lookupHost(name, port);
  const why = "neither an address nor NAME:PORT: " + reader.problem;
  const error = new Error(ErrorKind.InvalidInput, why);
  return Promise.resolve(Result.err<Array<SocketAddr>>(error.in("parse", text)));
}

/** No name has brackets or colons, or is made of nothing but digits and points. */
function isMeantAsAddress(host: string): bool {
  if (host.startsWith("[") || host.includes(":")) return true;
  for (let i = 0; i < host.length; i++) {
    const char = host.charCodeAt(i);
    if (char != 0x2e && (char < 0x30 || char > 0x39)) return false;
  }
  return true;
}

/**
 * Tries the addresses that `NAME:PORT` stands for, one after the other, until one will do. When
 * none does the error is that of the last one. `flags` are what `attempt` makes of them.
 */
export async function tryEach<T>(
  text: string, flags: u32, attempt: (address: SocketAddr, flags: u32) => Promise<Result<T>>,
): Promise<Result<T>> {
  const found = await lookupText(text);
  if (found.isErr) return Result.err<T>(found.error);
  const addresses = found.unwrap();
  let last = 0;
  while (true) {
    const tried = await attempt(addresses[last], flags);
    if (tried.isOk || tried.error.errno == Errno.ECANCELED) return tried;
    if (++last == addresses.length) return tried;
  }
}

// @ts-ignore: decorator
@final
class LookupOperation extends Operation<Result<Array<SocketAddr>>> {
  private found: Vec<u8>;

  constructor(private name: string, port: u16) {
    super(Op.LookupHost);
    const bytes = Vec.fromString(name);
    this.found = Vec.withCapacity<u8>(MOST * SocketAddress.Size);
    this.offset = port;
    this.lend0(bytes, bytes.length);
    this.lend1(this.found, this.found.capacity);
  }

  protected settle(result: i64, osError: u32): Result<Array<SocketAddr>> {
    if (result < 0) {
      const error = Error.fromResult(result, osError, "lookup", this.name);
      return Result.err<Array<SocketAddr>>(error);
    }
    const addresses = new Array<SocketAddr>();
    for (let i = 0; i < <i32>result; i++) {
      addresses.push(SocketAddr.fromRecord(this.found, i * SocketAddress.Size));
    }
    return Result.ok<Array<SocketAddr>>(addresses);
  }
}
