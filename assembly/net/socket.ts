/**
 * What all sockets have in common.
 *
 * @module
 */
import { SocketNameFlag } from "../abi/flags";
import { SocketAddress } from "../abi/layout";
import { Op } from "../abi/op";
import { CloseOperation, outcome } from "../closing";
import { Error, Result, Unit } from "../error";
import { Operation } from "../rt/operation";
import { Vec } from "../vec";
import { SocketAddr } from "./address";

/** An operation on a socket that has nothing to tell but whether it succeeded. */
// @ts-ignore: decorator
@final
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

/** Asks for an option. */
// @ts-ignore: decorator
@final
export class OptionOperation extends Operation<Result<u32>> {
  constructor(private verb: string, handle: u32, private name: string, option: u32) {
    super(Op.GetSocketOption);
    this.handle = handle;
    this.flagBits = option;
  }

  protected settle(result: i64, osError: u32): Result<u32> {
    if (result >= 0) return Result.ok<u32>(<u32>result);
    return Result.err<u32>(Error.fromResult(result, osError, this.verb, this.name));
  }
}

/** Asks for one of a socket's addresses. */
// @ts-ignore: decorator
@final
export class NameOperation extends Operation<Result<SocketAddr>> {
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

/** Makes a socket, or accepts one. One that nobody wants any more is closed again. */
export abstract class SocketMaker<T> extends Operation<Result<T>> {
  constructor(opcode: u32, protected verb: string, protected name: string) {
    super(opcode);
  }

  protected settle(result: i64, osError: u32): Result<T> {
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
