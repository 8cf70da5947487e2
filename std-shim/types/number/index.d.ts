/**
 * Must come before AssemblyScript's own types, and be a file of its own for that: they declare
 * `Number` as an alias, which TypeScript does not take for the type of numbers.
 */
interface Number {
  /** Writes it out, to the base `radix` (10 unless given). */
  toString(radix?: i32): string;
}
