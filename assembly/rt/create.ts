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
