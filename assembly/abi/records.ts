import { Overlapped as Layout } from "./layout";

// ╒══════════════════ Overlapped, 64 bytes, little endian ════════════════╕
//   0 │ opcode  u32                      │ flags   u32                     │   4
//   8 │ handle  u32                      │ state   u32                     │  12
//  16 │ ptr0    usize                    │ len0    u32                     │  20
//  24 │ ptr1    usize                    │ len1    u32                     │  28
//  32 │ offset  i64                                                        │
//  40 │ result  i64   ≥ 0 the value, < 0 a negative Errno                  │
//  48 │ user    usize   the guest's      │ link    usize   the guest's     │  52
//  56 │ osError u32                      │ token   u32     the host's      │  60
// ╘═══════════════════════════════════════════════════════════════════════╛

/** The submission and, later, the completion of one operation. */
// @ts-ignore: decorator
@unmanaged
export class Overlapped {
  opcode: u32;
  flags: u32;
  handle: u32;
  /** An `OverlappedState`. */
  state: u32;
  ptr0: usize;
  len0: u32;
  ptr1: usize;
  len1: u32;
  offset: i64;
  result: i64;
  /** The operation's promise. */
  user: usize;
  /** While free: the next free record. While queued: its place in the batch. */
  link: usize;
  osError: u32;
  /** The host's. */
  token: u32;
}

// The compiler evaluates these; nothing of them is left in the wasm.
if (
  offsetof<Overlapped>("opcode") != Layout.Opcode ||
  offsetof<Overlapped>("flags") != Layout.Flags ||
  offsetof<Overlapped>("handle") != Layout.Handle ||
  offsetof<Overlapped>("state") != Layout.State ||
  offsetof<Overlapped>("ptr0") != Layout.Ptr0 ||
  offsetof<Overlapped>("len0") != Layout.Len0 ||
  offsetof<Overlapped>("ptr1") != Layout.Ptr1 ||
  offsetof<Overlapped>("len1") != Layout.Len1 ||
  offsetof<Overlapped>("offset") != Layout.Offset ||
  offsetof<Overlapped>("result") != Layout.Result ||
  offsetof<Overlapped>("user") != Layout.User ||
  offsetof<Overlapped>("link") != Layout.Link ||
  offsetof<Overlapped>("osError") != Layout.OsError ||
  offsetof<Overlapped>("token") != Layout.Token ||
  offsetof<Overlapped>() != Layout.Size
) ERROR("abi/records.ts does not agree with abi/layout.ts");
