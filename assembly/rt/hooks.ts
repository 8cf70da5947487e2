/**
 * The parts of a tick that only some apps need. Each part puts its function here when it is first
 * used, so that an app which never uses it does not carry it.
 */

/** Takes so many completions off `_completions`. */
export let onCompletions: ((count: i32) => void) | null = null;

/** Submits what has been queued. */
export let onSubmit: (() => void) | null = null;

/** Fires the timers that are due. */
export let onTimers: (() => void) | null = null;

/** The absolute time of the nearest timer in nanoseconds, or `Infinity`. */
export let nextDeadline: (() => f64) | null = null;

/** Sets what operations need. */
export function useOperations(completions: (count: i32) => void, submit: () => void): void {
  onCompletions = completions;
  onSubmit = submit;
}

/** Sets what timers need. */
export function useTimers(fire: () => void, next: () => f64): void {
  onTimers = fire;
  nextDeadline = next;
}
