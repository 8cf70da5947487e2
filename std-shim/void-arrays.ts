/**
 * `Promise.all` of tasks without a value gives an `Array<void>`, which AssemblyScript refuses:
 * `[]=` would have a parameter without a type. It becomes an array of bytes that nobody reads.
 */
import type { Resolver, Type } from "assemblyscript";

const arrayName = "~lib/array/Array";

/** Makes `resolver` take `Array<void>` as `Array<u8>`. */
export function allowVoidArrays(resolver: Resolver): void {
  const resolveClass = resolver.resolveClass.bind(resolver);
  resolver.resolveClass = (prototype, typeArguments, ...rest) => {
    const [type] = typeArguments ?? [];
    const isVoidArray = prototype.internalName === arrayName && type?.toString() === "void";
    if (!isVoidArray) return resolveClass(prototype, typeArguments, ...rest);
    const { u8 } = type.constructor as unknown as typeof Type;
    return resolveClass(prototype, [u8], ...rest);
  };
}
