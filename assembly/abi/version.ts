/**
 * The version of the boundary between guest and host. A guest carries the version that it was
 * compiled with as its exported global `_abi`; the host refuses any other before it runs anything.
 * Raise it with every change that an old guest or an old host would misread.
 */
export const enum Abi {
  Version = 2,
}
