import { Operation } from "std/rt/operation";

// What the programs in this folder use to be seen, and to suspend. The fake host of
// tests/lowering/harness.ts completes operations in whatever order the test asks for.

// @ts-ignore: decorator
@external("test", "print")
declare function hostPrint(message: string): void;

/** Prints a line for the test to compare. */
export function print(message: string): void {
  hostPrint(message);
}

// @ts-ignore: decorator
@final
class Pause extends Operation<i32> {
  constructor(value: i32) {
    super(0);
    this.offset = value;
  }

  protected settle(result: i64, osError: u32): i32 {
    return <i32>result;
  }
}

/** Suspends for a turn or more of the host; its value is `value`. */
export function pause(value: i32 = 0): Promise<i32> {
  return new Pause(value).start();
}
