/** What all ops with paths share: which directory a path belongs to, and what may be done there. */
import { Errno, Handle, type Op } from "../abi.js";
import { StageArgument, StageDescriptor } from "../backend/stage.js";
import { Right } from "../handles.js";
import type { Loop } from "../loop.js";
import { MAX_PATH } from "../namespace.js";
import { useHandle, Verdict } from "./call.js";

/** What an op does to the tree of files. */
export const enum Effect {
  /** It looks. */
  None = 0,
  /** It changes what the path names, or makes it. */
  Changes = 1,
  /** It takes the name away. */
  Removes = 2,
}

/** A path that has been looked up in what the guest was given. */
export interface Place {
  /** The directory that the backend starts from. */
  readonly descriptor: number;
  /** What comes before the rest of the path, or null. */
  readonly prefix: Uint8Array | null;
  /** Where in guest memory the rest is. */
  readonly pointer: number;
  readonly length: number;
  /** Whether it lies in what was granted for reading only. */
  readonly isReadOnly: boolean;
}

/**
 * Looks up the path of `length` ≥ 1 bytes at `pointer`, relative to a handle or in the namespace.
 * A handle becomes what the submission works on.
 *
 * @returns the place, or a negative `Errno`.
 */
export function findPath(
  loop: Loop,
  handle: number,
  pointer: number,
  length: number,
  effect: Effect,
): Place | number {
  const { memory, namespace, refusals } = loop;
  if (!memory.contains(pointer, length)) return -Errno.EFAULT;
  if (length > MAX_PATH) return -Errno.ENAMETOOLONG;
  if (handle !== Handle.Root) return findBelow(loop, handle, pointer, length, effect);
  const bad = namespace.resolve(memory, pointer, length);
  if (bad !== 0) {
    const kind = effect === Effect.None ? "read" : "change";
    refusals.add(kind, memory.copyOut(pointer, length), namespace.currentDir);
    return bad;
  }
  const { dir, consumed, prefix, isReadOnly, isMountPoint } = namespace;
  if (prefix.length + length > MAX_PATH) return -Errno.ENAMETOOLONG;
  if (effect !== Effect.None && isReadOnly) return readOnly(loop, pointer, length);
  if (effect === Effect.Removes && isMountPoint) return -Errno.EBUSY;
  return {
    descriptor: dir?.descriptor ?? StageDescriptor.CurrentDir,
    prefix: prefix.length === 0 ? null : prefix,
    pointer: pointer + consumed,
    length: length - consumed,
    isReadOnly,
  };
}

function findBelow(
  loop: Loop,
  handle: number,
  pointer: number,
  length: number,
  effect: Effect,
): Place | number {
  const descriptor = useHandle(loop, handle, Right.At);
  if (descriptor < 0) return descriptor;
  const isReadOnly = (loop.handles.rights(loop.target) & Right.Change) === 0;
  if (effect !== Effect.None && isReadOnly) return readOnly(loop, pointer, length);
  return { descriptor, prefix: null, pointer, length, isReadOnly };
}

/** Refuses to change what was granted for reading only. @returns the negative `Errno`. */
function readOnly({ memory, refusals }: Loop, pointer: number, length: number): number {
  refusals.add("read-only", memory.copyOut(pointer, length));
  return -Errno.EROFS;
}

/** Stages an op on a place. */
export function usePlace(
  { namespace, staging }: Loop,
  op: Op,
  place: Place,
  flags: number,
  offset: number,
): number {
  const argument = namespace.isAmbient ? 0 : StageArgument.Beneath;
  staging.write(op, place.descriptor, argument, flags, place.pointer, place.length, offset, 0);
  if (place.prefix !== null) staging.prefix(place.prefix);
  return Verdict.Staged;
}
