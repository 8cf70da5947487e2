/**
 * The embedding API: gives a guest what it may use, and runs it.
 *
 *     const context = new ContextBuilder()
 *       .args(["app", "notes.txt"])
 *       .stdout(inherited(1))
 *       .dir(NativeDir.open("data"), "/data")
 *       .build();
 *     const code = await new Instance(module, context).run();
 *
 * Nothing here reaches a file unless it was handed a `NativeDir`, or told to `allowAll`; nor the
 * network unless told to `listen`, `connect`, `allowNet` or `allowAll`.
 */
export type { Backend } from "./backend/backend.js";
export { BackendError, selectBackend } from "./backend/select.js";
export { ContextBuilder } from "./context.js";
export type { Context, Grants, GuestText, Limits } from "./context.js";
export { GuestFailure } from "./failure.js";
export type { FailureKind } from "./failure.js";
export type { Unwritten } from "./flush.js";
export { Instance } from "./instance.js";
export { ProgramError } from "./locate.js";
export type { InstanceOptions } from "./instance.js";
export type { GivenDir, GivenFile, Grant } from "./given.js";
export type { AddressPattern, NetworkGrants } from "./network.js";
export type { ProgramGrants } from "./programs.js";
export type { Refusal } from "./refusals.js";
export { monotonicClock, systemClock } from "./resource/clock.js";
export type { MonotonicClock, SystemClock } from "./resource/clock.js";
export { NativeDir } from "./resource/dir.js";
export { NativeFile } from "./resource/file.js";
export { DeterministicRandom, secureRandom } from "./resource/random.js";
export type { Random } from "./resource/random.js";
export type { OsDir, OsFile, Resource } from "./resource/resource.js";
export { HostError } from "./resource/virtual/answer.js";
export type { Answer } from "./resource/virtual/answer.js";
export { MemoryDir, MemoryFile } from "./resource/virtual/memory-dir.js";
export type { MemoryFiles, MemoryOptions } from "./resource/virtual/memory-dir.js";
export { OverlayDir } from "./resource/virtual/overlay-dir.js";
export { pipe, ReadPipe, WritePipe } from "./resource/virtual/pipe.js";
export { ReadOnlyDir } from "./resource/virtual/read-only-dir.js";
export type * from "./resource/virtual/resource.js";
export { readBlob, readFrom, writeTo } from "./resource/virtual/streams.js";
export type { Chunk, NodeWritable, Sink, Source } from "./resource/virtual/streams.js";
export { inherited } from "./resource/stdio.js";
export { explain } from "./trap.js";
