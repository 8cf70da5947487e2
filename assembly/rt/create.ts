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

/**
 * Sets a field of an object that was made a moment ago, before anything else was: the collector has
 * not seen it yet, so that it need not be told.
 */
// @ts-ignore: decorator
@inline
export function initialize<C, F>(object: C, offset: usize, value: F): void {
  const field = changetype<usize>(object) + offset;
  if (isReference<F>()) store<usize>(field, changetype<usize>(value));
  else store<F>(field, value);
}

/** Sets a field to an object, as `=` does, but without a call where the collector needs none. */
// @ts-ignore: decorator
@inline
export function assign<C, F>(object: C, offset: usize, value: F): void {
  store<usize>(changetype<usize>(object) + offset, changetype<usize>(value));
  link(changetype<usize>(object), changetype<usize>(value));
}
