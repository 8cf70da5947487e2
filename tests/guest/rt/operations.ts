import { Op } from "std/abi/op";
import { BufResult, Error } from "std/error";
import { Operation } from "std/rt/operation";
import { Vec } from "std/vec";

/** Completes with `value`, after at least `delay` turns. */
export class Echo extends Operation<i64> {
  constructor(value: i64, delay: u32 = 0) {
    super(Op.Nop);
    this.offset = value;
    this.handle = delay;
  }

  protected settle(result: i64, osError: u32): i64 {
    return result;
  }
}

export function echo(value: i64, delay: u32 = 0): Promise<i64> {
  return new Echo(value, delay).start();
}

class Read extends Operation<BufResult> {
  constructor(private buf: Vec<u8>, seed: i64, delay: u32) {
    super(Op.Read);
    this.offset = seed;
    this.handle = delay;
    this.lend0(buf, buf.capacity);
  }

  protected settle(result: i64, osError: u32): BufResult {
    if (result < 0) {
      return new BufResult(0, this.buf, Error.fromResult(result, osError, "read", "nowhere"));
    }
    this.buf.setLength(<i32>result);
    return new BufResult(<i32>result, this.buf);
  }
}

/** Fills a buffer: byte i is seed + i. */
export function read(buf: Vec<u8>, seed: i64, delay: u32 = 0): Promise<BufResult> {
  return new Read(buf, seed, delay).start();
}

class Write extends Operation<i32> {
  constructor(buf: Vec<u8>) {
    super(Op.Write);
    this.lend0(buf, buf.length);
  }

  protected settle(result: i64, osError: u32): i32 {
    return <i32>result;
  }
}

/** The host notes it. */
export function say(text: string): Promise<i32> {
  return new Write(Vec.fromString(text)).start();
}

/** Counts what a resource went through. */
export class Tally {
  static opened: i32 = 0;
  static disposed: i32 = 0;
  static retried: i32 = 0;
}

class Open extends Operation<i64> {
  constructor(delay: u32) {
    super(Op.Open);
    this.offset = 7;
    this.handle = delay;
  }

  protected settle(result: i64, osError: u32): i64 {
    if (result >= 0) Tally.opened++;
    return result;
  }

  protected disposeLate(result: i64): bool {
    Tally.disposed++;
    return true;
  }
}

/** One whose result is a resource. */
export function open(delay: u32): Promise<i64> {
  return new Open(delay).start();
}

class Close extends Operation<i64> {
  constructor(delay: u32) {
    super(Op.Close);
    this.handle = delay;
    this.shield();
  }

  protected settle(result: i64, osError: u32): i64 {
    return result;
  }
}

/** One that cannot be cancelled. */
export function close(delay: u32): Promise<i64> {
  return new Close(delay).start();
}

class Stubborn extends Operation<i64> {
  private left: i64 = 3;

  constructor() {
    super(Op.Nop);
    this.offset = 0;
  }

  protected settle(result: i64, osError: u32): i64 {
    return result;
  }

  protected retry(result: i64): bool {
    if (this.left == 0) return false;
    Tally.retried++;
    this.left--;
    this.offset = 3 - this.left;
    return true;
  }
}

/** One that tries three times more. */
export function stubborn(): Promise<i64> {
  return new Stubborn().start();
}
