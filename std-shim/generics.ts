/**
 * The generic classes of std are constructible wherever an app stands. `new BufReader(file)` finds
 * its type out in a function, but AssemblyScript does not look for it in a method, nor in generic
 * code; and a default, as in `BufReader<R = AsyncRead>`, it looks up in the file of the caller.
 */
import type { ClassPrototype, Range, Resolver } from "assemblyscript";
import { CommonFlags, isKind, NodeKind } from "./internals.js";
import { isStd } from "./resolve.js";

type Refuse = (message: string, range: Range) => void;

/** Makes `resolver` find out the types that std's classes are made for, and refuse `v128`. */
export function inferStdGenerics(resolver: Resolver, refuse: Refuse): void {
  refuseVectors(resolver, refuse);
  const resolve = resolver.resolveClassInclTypeArguments.bind(resolver);
  resolver.resolveClassInclTypeArguments = (prototype, given, ...more) => {
    if (given?.length || !isGenericOfStd(prototype)) return resolve(prototype, given, ...more);
    const [flow, context, , at, ...rest] = more;
    // It infers only where no types are known yet, those of the code around included.
    if (isKind(at, NodeKind.New) && flow && hasConstructor(prototype)) {
      return resolve(prototype, null, flow, context, new Map(), at, ...rest);
    }
    return resolve(prototype, null, null, prototype, new Map(), at, ...rest);
  };
}

/** A `v128` is refused where the app writes the type, once. */
function refuseVectors(resolver: Resolver, refuse: Refuse): void {
  const resolve = resolver.resolveClassInclTypeArguments.bind(resolver);
  const refused = new Set<Range>();
  resolver.resolveClassInclTypeArguments = (prototype, ...rest) => {
    const made = resolve(prototype, ...rest);
    const [, , , , { range }] = rest;
    const isVector = made?.typeArguments?.some((type) => type.toString() === "v128") &&
      slots.includes(prototype.name) && isGenericOfStd(prototype);
    if (!isVector || isStd(range.source.normalizedPath)) return made;
    if (!refused.has(range)) refuse(noVectors, range);
    refused.add(range);
    return null;
  };
}

/** What keeps a value of any type, in 64 bits. */
const slots = ["Promise", "Result"];

const noVectors = "A promise or result cannot hold a v128: it has 64 bits. Put it into an object.";

function isGenericOfStd(prototype: ClassPrototype): boolean {
  return prototype.is(CommonFlags.Generic as number) &&
    isStd(prototype.declaration.range.source.normalizedPath);
}

function hasConstructor(prototype: ClassPrototype): boolean {
  for (let p: ClassPrototype | null = prototype; p; p = p.basePrototype) {
    if (p.constructorPrototype) return true;
  }
  return false;
}
