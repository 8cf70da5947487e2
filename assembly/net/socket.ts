/**
 * What all sockets have in common.
 *
 * @module
 */
import { BindFlag, SocketNameFlag } from "../abi/flags";
import { SocketAddress } from "../abi/layout";
import { Op } from "../abi/op";
import { CloseOperation, outcome } from "../closing";
import { Error, Result, Unit } from "../error";
import { Operation } from "../rt/operation";
import { Vec } from "../vec";
import { SocketAddr } from "./address";

/** What is special about a socket that waits for others; may be combined by `|`. */
export const enum Bind {
  /**
   * Only IPv6: on `[::]` nothing comes over IPv4, whose port of the same number stays free. An
   * address of IPv4 is an error.
   */
  Ipv6Only = BindFlag.Ipv6Only,
  /**
   * Others may have the same address and port, if they say so, too. What is sent to a group comes
   * to all of them; anything else to one. For datagrams only, else `InvalidInput`.
   */
  Shared = BindFlag.Shared,
}

/** An operation on a socket that has nothing to tell but whether it succeeded. */
export class SocketOperation extends Operation<Result<Unit>> {
  constructor(
    opcode: u32, private verb: string, handle: u32, private name: string, flags: u32, offset: i64,
  ) {
    super(opcode);
    this.handle = handle;
    this.flagBits = flags;
    this.offset = offset;
  }

  protected settle(result: i64, osError: u32): Result<Unit> {
    return outcome(result, osError, this.verb, this.name);
  }
}

/** Asks for an option that is a number, or a `bool`. */
// @ts-ignore: decorator
@final
export class OptionOperation<T> extends Operation<Result<T>> {
  constructor(private verb: string, handle: u32, private name: string, option: u32) {
    super(Op.GetSocketOption);
    this.handle = handle;
    this.flagBits = option;
  }

  protected settle(result: i64, osError: u32): Result<T> {
    if (result < 0) {
      return Result.err<T>(Error.fromResult(result, osError, this.verb, this.name));
    }
    return Result.ok<T>(isBoolean<T>() ? <T>(result != 0) : <T>result);
  }
}

/** Sets an option of a socket. `verb`: what messages call that. */
export function setOption(
  verb: string, handle: u32, name: string, option: u32, value: i64,
): Promise<Result<Unit>> {
  return new SocketOperation(Op.SetSocketOption, verb, handle, name, option, value).start();
}

/** The address of this end. */
export function localAddrOf(handle: u32, name: string): Promise<Result<SocketAddr>> {
  return new NameOperation(handle, name, SocketNameFlag.Local).start();
}

/** The address of the other end. */
export function peerAddrOf(handle: u32, name: string): Promise<Result<SocketAddr>> {
  return new NameOperation(handle, name, SocketNameFlag.Peer).start();
}

// @ts-ignore: decorator
@final
class NameOperation extends Operation<Result<SocketAddr>> {
  private address: Vec<u8>;

  /** `which`: a `SocketNameFlag`. */
  constructor(handle: u32, private name: string, private which: u32) {
    super(Op.SocketName);
    this.address = Vec.withCapacity<u8>(SocketAddress.Size);
    this.handle = handle;
    this.flagBits = which;
    this.lend1(this.address, SocketAddress.Size);
  }

  protected settle(result: i64, osError: u32): Result<SocketAddr> {
    if (result >= 0) return Result.ok<SocketAddr>(SocketAddr.fromRecord(this.address));
    const verb = this.which == SocketNameFlag.Local ? "local address" : "peer address";
    return Result.err<SocketAddr>(Error.fromResult(result, osError, verb, this.name));
  }
}

/**
 * Makes a socket, or accepts one, and may be told an address in return. One that nobody
 * wants any more is closed again.
 */
export abstract class SocketMaker<T> extends Operation<Result<T>> {
  private told: Vec<u8> | null = null;

  constructor(opcode: u32, protected verb: string, protected name: string) {
    super(opcode);
  }

  /** Has the host tell an address: whose it is, or what it really is. It becomes `name`. */
  protected askForName(): void {
    const told = Vec.withCapacity<u8>(SocketAddress.Size);
    this.told = told;
    this.lend1(told, SocketAddress.Size);
  }

  protected settle(result: i64, osError: u32): Result<T> {
    const told = this.told;
    if (result >= 0 && told !== null) this.name = SocketAddr.fromRecord(told).toString();
    if (result >= 0) return Result.ok<T>(this.made(<u32>result));
    return Result.err<T>(Error.fromResult(result, osError, this.verb, this.name));
  }

  protected disposeLate(result: i64): bool {
    new CloseOperation(<u32>result, this.name).start();
    return true;
  }

  /** What stands for the handle. */
  protected abstract made(handle: u32): T;
}
