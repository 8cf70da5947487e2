/**
 * What performs operations: the interface between the host and a backend, and its contract.
 *
 * 1. Every staged operation gives exactly one completion, a cancelled one included: with
 *    `-ECANCELED`, or with its real result where that was faster. `StageOp.Cancel` gives none.
 * 2. A backend never calls back: completions appear in the stage when `turn` returns, and nowhere
 *    else. It works on the thread that calls it, whatever threads it uses inside.
 * 3. Guest memory belongs to the backend only inside the ranges of operations in flight. Having
 *    reported an operation's completion it never touches its ranges again. Paths are copied during
 *    the turn that submits them; what goes out (`Stat` records) is written by the calling thread.
 * 4. The host has checked ranges against the size of the memory and flags against the bits that
 *    the op knows. A backend checks what only it can know: NUL in a path (`EINVAL`), its length
 *    (`ENAMETOOLONG`), whether it knows the op (`ENOSYS`).
 * 5. A failure is a negative `Errno` of the ABI and, in the high half, the operating system's own
 *    number if it has one (`CompletionWord`). A backend translates what its system says by name.
 *    Under `StageArgument.Beneath` a path that leaves the directory gives `EACCES`.
 * 6. While the guest runs at most the context's limit of operations are in flight, and slots are
 *    below that limit; closing what it leaves behind may take any below `StageLayout.Slots`. A
 *    backend learns of them only by use, so its tables grow.
 */
export interface Backend {
  /** `io_uring`, `epoll`, … as `STD_BACKEND` names it. */
  readonly name: string;

  /** The staging area, `StageLayout.Size` bytes; the same for the backend's whole life. */
  readonly stage: ArrayBuffer;

  /**
   * Tells where guest memory is: a view of all of it. Called before the first turn, and again
   * whenever `memory.buffer` has become another object (the guest grew its memory).
   *
   * @throws when the memory has moved under operations that hold its old address.
   */
  attach(memory: Uint8Array): void;

  /**
   * Lends a text for which the stage has no room to the submissions of the coming turn that have
   * `StageArgument.Annex`. Nobody changes it before that turn is over.
   */
  annex(text: Uint8Array): void;

  /**
   * Performs the first `count` staged submissions, in order, and waits until there is at least one
   * completion or `timeout` nanoseconds are over (-1: as long as it takes, 0: not at all). Both
   * happen in one system call where the OS can do that. With nothing in flight and a timeout of
   * -1 it would wait for ever; the host does not ask for that.
   *
   * The integrated way to run (a host inside an application with its own event loop) only ever asks
   * with a timeout of 0, and has the backend's `notify` tell it when to. A backend that lives by
   * the event loop itself says so by `canWait`, and is never asked to.
   *
   * @returns how many completions are now in the stage; 0 at a timeout or a spurious wake-up.
   */
  turn(count: number, timeout: number): number;

  /**
   * Serves the synchronous import `terminal` on a descriptor.
   *
   * @param command a `Terminal` of the ABI.
   * @returns ≥ 0 the answer, < 0 a negative `Errno`.
   */
  terminal(descriptor: number, command: number, argument: number): number;

  /**
   * Ends the backend. The host has cancelled everything and drained it for a bounded time, so what
   * may still be in flight is only what the kernel cannot cancel (say, a thread that opens a FIFO).
   * Such leftovers keep no access to guest memory, end by themselves, and a descriptor that
   * they still produce is closed. Calling it twice is harmless.
   */
  close(): void;

  /** Nanoseconds since some fixed moment, by the clock that `turn` and `notify` wait by. */
  now(): number;

  /** Whether `turn` can wait; a backend of promises cannot. */
  readonly canWait: boolean;

  /**
   * Calls `wake` once, on the JavaScript thread and never from within this call, when a turn would
   * bring a completion, or `timeout` nanoseconds are over (-1: no limit). Asking again replaces
   * what was asked before; null takes it back.
   *
   * @param keepsAlive whether the process stays for it when nothing else does.
   */
  notify(wake: (() => void) | null, timeout: number, keepsAlive: boolean): void;
}
