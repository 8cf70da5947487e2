/**
 * Names that no app can take. Generated code stands among the declarations of the app, and what it
 * says must not mean one of these, be it a class `task` or a function `isVoid`. So it says `task~`,
 * which nobody can write, and calls the compiler's and the runtime's own things by such names too.
 */
import type { Program } from "assemblyscript";

/** A name that only generated code has. */
export function own(name: string): string {
  return `${name}~`;
}

/** What generated code says of AssemblyScript and of the runtime. */
const globals = ["void", "f64", "isVoid", "__create", "__start", "__startEmpty"];

/** Gives the globals their second names; to be called once the program is initialized. */
export function addOwnNames(program: Program, more: readonly string[]): void {
  const { elementsByName } = program;
  for (const name of [...globals, ...more]) {
    const element = elementsByName.get(name);
    if (element) elementsByName.set(own(name), element);
  }
}
