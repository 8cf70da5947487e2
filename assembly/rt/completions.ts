import { Completions } from "../abi/layout";

/** Where the host writes the pointers of the records that have completed. */
export const _completions: i32 = i32(memory.data(Completions.Capacity * 4));

/** The `index`-th of them. */
// @ts-ignore: decorator
@inline
export function completionAt(index: i32): usize {
  return load<u32>(<usize>_completions + (<usize>index << 2));
}
