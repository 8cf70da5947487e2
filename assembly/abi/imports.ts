/**
 * Everything that a guest imports, and nothing else. An app imports only what it uses.
 *
 * The module `std` is the host's. The module `asyncify` never reaches the host: Binaryen's pass
 * resolves it inside the wasm.
 */

/** Hands `count` operations to the host: `list` is an array of pointers to `Overlapped`. */
// @ts-ignore: decorator
@external("std", "submit")
export declare function submit(list: usize, count: u32): void;

/** Asks that the operation of this record end early. It completes all the same, once. */
// @ts-ignore: decorator
@external("std", "cancel")
export declare function cancel(overlapped: usize): void;

/** The time of a `Clock` in nanoseconds, or a negative `Errno`. */
// @ts-ignore: decorator
@external("std", "now")
export declare function now(clock: u32): i64;

/** Fills memory with random bytes. 0 or a negative `Errno`. */
// @ts-ignore: decorator
@external("std", "random")
export declare function random(pointer: usize, length: usize): i32;

/**
 * Writes an `Info` if it fits into `length` bytes. Returns how many bytes it has, `-ENOENT` past
 * the last one, or another negative `Errno`.
 */
// @ts-ignore: decorator
@external("std", "info")
export declare function info(what: u32, index: u32, pointer: usize, length: usize): i32;

/** Says what relative paths start from. That it is there was looked at before. 0 or -`Errno`. */
// @ts-ignore: decorator
@external("std", "chdir")
export declare function chdir(pointer: usize, length: usize): i32;

/** A `Terminal` command on a handle. ≥ 0 the answer, or a negative `Errno`. */
// @ts-ignore: decorator
@external("std", "terminal")
export declare function terminal(handle: u32, command: u32, argument: u32): i64;

/** Writes to the standard error, and has written when it returns. It tells of no failure. */
// @ts-ignore: decorator
@external("std", "trace")
export declare function trace(pointer: usize, length: usize): void;

/** Ends the process. Never returns. */
// @ts-ignore: decorator
@external("std", "exit")
export declare function exit(code: i32): void;

/** Ends the process with a message in UTF-8, as a bug of the app. Never returns. */
// @ts-ignore: decorator
@external("std", "panic")
export declare function panic(pointer: usize, length: usize): void;

/** What AssemblyScript itself calls for a trap with a message, and apps may. Never returns. */
// @ts-ignore: decorator
@external("std", "abort")
export declare function abort(
  message?: string | null,
  file?: string | null,
  line?: u32,
  column?: u32,
): void;

// Where size counts the compiler has `fail(number)` called for a `panic` or an `abort` of which it
// knows everything: see host/failure-section.ts.

/** Runs the top-level code of all modules. The compiler binds it; the host never sees it. */
// @ts-ignore: decorator
@external("std", "toplevel")
export declare function toplevel(): void;

// Where the compiler has packed the string literals, and where the first one belongs. It binds
// these, too.
// @ts-ignore: decorator
@external("std", "literalsStart")
export declare function literalsStart(): usize;

// @ts-ignore: decorator
@external("std", "literalsEnd")
export declare function literalsEnd(): usize;

// @ts-ignore: decorator
@external("std", "firstLiteral")
export declare function firstLiteral(): usize;

// @ts-ignore: decorator
@external("asyncify", "start_unwind")
export declare function startUnwind(area: usize): void;

// @ts-ignore: decorator
@external("asyncify", "stop_unwind")
export declare function stopUnwind(): void;

// @ts-ignore: decorator
@external("asyncify", "start_rewind")
export declare function startRewind(area: usize): void;

// @ts-ignore: decorator
@external("asyncify", "stop_rewind")
export declare function stopRewind(): void;
