import { link } from "./node";

/**
 * Makes an object without calling its constructor: all its fields are zero, false or null. For
 * what is made with every await: each constructor of each base class would be a call of its own
 * that sets to zero what is zero already.
 */
// @ts-ignore: decorator
@global @inline
export function __create<C>(): C {
  return changetype<C>(__new(offsetof<C>(), idof<C>()));
}

/** Sets a field to an object, as `=` does, but without a call where the collector needs none. */
// @ts-ignore: decorator
@inline
export function assign<C, F>(object: C, offset: usize, value: F): void {
  store<usize>(changetype<usize>(object) + offset, changetype<usize>(value));
  link(changetype<usize>(object), changetype<usize>(value));
}

/** Sets a field of an object that nobody has any more to null, whatever its type says. */
// @ts-ignore: decorator
@inline
export function clear<C>(object: C, offset: usize): void {
  store<usize>(changetype<usize>(object) + offset, 0);
}
