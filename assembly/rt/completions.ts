import { Handle } from "../abi/flags";
import { Completions } from "../abi/layout";

/** Where the host writes the pointers of the records that have completed, and finds printers. */
export const _completions: i32 = i32(memory.data(Completions.Size));

/** The `index`-th of them. */
// @ts-ignore: decorator
@inline
export function completionAt(index: i32): usize {
  return load<u32>(<usize>_completions + (<usize>index << 2));
}

/** Tells the host which object prints to a standard stream: see the contract of the boundary. */
export function tellPrinter<P>(handle: u32, printer: P): void {
  const first = <usize>_completions + Completions.Printers;
  const offset = <usize>(handle - Handle.Stdout) * sizeof<usize>();
  store<usize>(first + offset, changetype<usize>(printer));
}
