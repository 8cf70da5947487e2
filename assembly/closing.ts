/**
 * Closing a handle, whatever it stands for.
 *
 * @module
 */
import { Op } from "./abi/op";
import { Error, Result, Unit } from "./error";
import { Operation } from "./rt/operation";

/** The handle of what has been closed: one that the host never gives. */
export const CLOSED: u32 = 0xfffffffe;

/** What a handle of the host's belongs to. */
export abstract class HandleOwner {
  constructor(
    /** The host's number for it; `CLOSED` once it is closed. For std alone. */
    public handle: u32,
    /** What messages call it. */
    readonly name: string,
  ) {}

  /** Whether the handle is this one's to close. For std alone. */
  get isOwner(): bool {
    return true;
  }
}

/** Closes a handle. Whatever asks for an end of it waits for it to be done. */
// @ts-ignore: decorator
@final
export class CloseOperation extends Operation<Result<Unit>> {
  /** `name`: what messages call it. */
  constructor(handle: u32, private name: string) {
    super(Op.Close);
    this.handle = handle;
    this.shield();
  }

  protected settle(result: i64, osError: u32): Result<Unit> {
    return outcome(result, osError, "close", this.name);
  }
}

/** What an operation gives that has nothing to tell but whether it succeeded. */
export function outcome(result: i64, osError: u32, verb: string, name: string): Result<Unit> {
  if (result >= 0) return Result.unit();
  return Result.err<Unit>(Error.fromResult(result, osError, verb, name));
}
