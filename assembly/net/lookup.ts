/**
 * Names of machines, and the addresses that they stand for.
 *
 * @module
 */
import { SocketAddress } from "../abi/layout";
import { Op } from "../abi/op";
import { Error, ErrorKind, Result } from "../error";
import { Operation } from "../rt/operation";
import { Vec } from "../vec";
import { SocketAddr } from "./address";

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

/** The same for `NAME:PORT`. */
export function lookupText(text: string): Promise<Result<Array<SocketAddr>>> {
  const at = text.lastIndexOf(":");
  const port = at > 0 ? portOf(text, at + 1) : -1;
  if (port >= 0) return lookupHost(text.substring(0, at), <u16>port);
  const error = new Error(ErrorKind.InvalidInput, "neither an address nor NAME:PORT");
  return Promise.resolve(Result.err<Array<SocketAddr>>(error.in("parse", text)));
}

/**
 * Tries the addresses that `NAME:PORT` stands for, one after the other, until one will do. When
 * none does the error is that of the last one.
 */
export async function tryEach<T>(
  text: string, attempt: (address: SocketAddr) => Promise<Result<T>>,
): Promise<Result<T>> {
  const found = await lookupText(text);
  if (found.isErr) return Result.err<T>(found.error);
  const addresses = found.unwrap();
  let last = 0;
  while (true) {
    const tried = await attempt(addresses[last]);
    if (tried.isOk || ++last == addresses.length) return tried;
  }
}

/** The port that the text from `at` on is; −1 when it is none. */
function portOf(text: string, at: i32): i32 {
  let port = 0;
  if (at == text.length) return -1;
  for (; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (<u32>digit > 9) return -1;
    port = port * 10 + digit;
    if (port > 0xffff) return -1;
  }
  return port;
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
