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

/** The time of this machine. */
export const systemClock: SystemClock = {
  now: () => BigInt(Date.now()) * 1_000_000n,
};

/** The steady clock of this machine; it has the rate of the one that backends wait by. */
export const monotonicClock: MonotonicClock = {
  now: () => Math.floor(performance.now() * 1e6),
};
