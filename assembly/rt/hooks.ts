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

/** A task that was asked to end early begins to wait. */
export let onLateWait: ((task: usize) => void) | null = null;

/**
 * What a task waited for has settled, with these `flags`, and one of the two was cancelled. Whether
 * the task goes on; otherwise it has ended.
 */
export let onLateWake: ((task: usize, flags: i32) => bool) | null = null;

/** Gives back what tasks have left that were cancelled; before the tick submits. */
export let onReclaim: (() => void) | null = null;

/** Ends what tasks that were cancelled have begun and nobody else has. */
export let onLeave: (() => void) | null = null;

/** Sets what operations need. */
export function useOperations(completions: (count: i32) => void, submit: () => void): void {
  onCompletions = completions;
  onSubmit = submit;
}

/** Sets what cancelling needs. */
export function useCancelling(
  wait: (task: usize) => void, wake: (task: usize, flags: i32) => bool, reclaim: () => void,
): void {
  onLateWait = wait;
  onLateWake = wake;
  onReclaim = reclaim;
}

/** Sets what has more to end than handles. */
export function useLeaving(leave: () => void): void {
  onLeave = leave;
}

/** Sets what timers need. */
export function useTimers(fire: () => void, next: () => f64): void {
  onTimers = fire;
  nextDeadline = next;
}
