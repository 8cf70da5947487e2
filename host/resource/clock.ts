/** Clocks that a guest may be given. */

/** Tells the time of day. */
export interface SystemClock {
  /** Nanoseconds since 1970-01-01T00:00:00Z. May jump. */
  now(): bigint;
}

/** Measures time that never goes back. */
export interface MonotonicClock {
  /** Nanoseconds since some fixed moment. */
  now(): number;
}

const MILLISECOND = 1_000_000n;

/** What to add to the steady clock for the time of day, as far as is known. */
let offset = 0n;

/**
 * The time of this machine. The engine tells it in whole milliseconds; in between the steady clock
 * goes on, and never leaves the millisecond that the engine tells, so that the time follows every
 * adjustment at once.
 */
export const systemClock: SystemClock = {
  now(): bigint {
    const least = BigInt(Date.now()) * MILLISECOND;
    const steady = process.hrtime.bigint();
    let time = steady + offset;
    if (time < least) time = least;
    else if (time >= least + MILLISECOND) time = least + MILLISECOND - 1n;
    offset = time - steady;
    return time;
  },
};

/**
 * The steady clock of this machine; it has the rate of the one that backends wait by. Not that of
 * `performance`, which makes Node load a good part of itself.
 */
export const monotonicClock: MonotonicClock = {
  now(): number {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e9 + nanoseconds;
  },
};
