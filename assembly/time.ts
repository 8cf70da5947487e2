/** Time: how long, until when, and waiting for it. */

import { Clock } from "./abi/flags";
import { Error, ErrorKind, Result } from "./error";
import { hostNow } from "./rt/host";
import { panic } from "./rt/panic";
import { Timer } from "./rt/timers";
import { Timeout } from "./timeout";

/** A span of time, not negative, exact to the nanosecond. */
export class Duration {
  private constructor(
    /** The whole span in nanoseconds. */
    readonly nanos: i64,
  ) {}

  /** From nanoseconds. */
  static fromNanos(nanos: i64): Duration {
    if (nanos < 0) panic("a Duration cannot be negative");
    return new Duration(nanos);
  }

  /** From microseconds. */
  static fromMicros(micros: i64): Duration {
    return Duration.fromNanos(scale(micros, 1_000));
  }

  /** From milliseconds. */
  static fromMillis(millis: i64): Duration {
    return Duration.fromNanos(scale(millis, 1_000_000));
  }

  /** From seconds. */
  static fromSecs(secs: i64): Duration {
    return Duration.fromNanos(scale(secs, 1_000_000_000));
  }

  /** From seconds with a fraction. */
  static fromSecsF64(secs: f64): Duration {
    if (!(secs >= 0)) panic("a Duration cannot be negative");
    return new Duration(<i64>Math.min(secs * 1e9, 9223372036854774784));
  }

  /** Nanoseconds. */
  asNanos(): i64 {
    return this.nanos;
  }

  /** Whole microseconds. */
  asMicros(): i64 {
    return this.nanos / 1_000;
  }

  /** Whole milliseconds. */
  asMillis(): i64 {
    return this.nanos / 1_000_000;
  }

  /** Whole seconds. */
  asSecs(): i64 {
    return this.nanos / 1_000_000_000;
  }

  /** Seconds with their fraction. */
  asSecsF64(): f64 {
    return <f64>this.nanos / 1e9;
  }

  // @ts-ignore: decorator
  @operator("+")
  plus(other: Duration): Duration {
    return new Duration(saturate(this.nanos, other.nanos));
  }

  // @ts-ignore: decorator
  @operator("==")
  equals(other: Duration): bool {
    return this.nanos == other.nanos;
  }

  // @ts-ignore: decorator
  @operator("<")
  isLess(other: Duration): bool {
    return this.nanos < other.nanos;
  }

  // @ts-ignore: decorator
  @operator(">")
  isGreater(other: Duration): bool {
    return this.nanos > other.nanos;
  }
}

/** A product that stays at the largest number rather than overflow. */
function scale(count: i64, unit: i64): i64 {
  return count > i64.MAX_VALUE / unit ? i64.MAX_VALUE : count * unit;
}

/** A sum that stays at the largest number rather than overflow; `more` is not negative. */
function saturate(time: i64, more: i64): i64 {
  const sum = time + more;
  return sum < time ? i64.MAX_VALUE : sum;
}

/** A point in time of a clock that never goes back, to measure with. */
export class Instant {
  private constructor(private time: i64) {}

  /** The present. */
  static now(): Instant {
    return new Instant(hostNow(Clock.Monotonic));
  }

  /** How long ago it was. */
  elapsed(): Duration {
    return Instant.now().durationSince(this);
  }

  /** How long after `earlier` it is; nothing when it is before. */
  durationSince(earlier: Instant): Duration {
    return Duration.fromNanos(max(this.time - earlier.time, 0));
  }

  /** So much later. */
  plus(span: Duration): Instant {
    return new Instant(saturate(this.time, span.nanos));
  }

  /** Waits until then. */
  wait(): Promise<void> {
    return Timer.at(this.time);
  }
}

/** A point in time of the calendar. The clock may be set, and so go back. */
export class SystemTime {
  private constructor(
    /** Nanoseconds since 1970-01-01T00:00:00Z. */
    readonly nanos: i64,
  ) {}

  /** The present. */
  static now(): SystemTime {
    return new SystemTime(hostNow(Clock.Realtime));
  }

  /** So many nanoseconds since 1970-01-01T00:00:00Z. */
  static fromUnixNanos(nanos: i64): SystemTime {
    return new SystemTime(nanos);
  }

  /** Whole seconds since 1970-01-01T00:00:00Z. */
  asUnixSecs(): i64 {
    const whole = this.nanos / 1_000_000_000;
    return this.nanos < whole * 1_000_000_000 ? whole - 1 : whole;
  }

  /** How long after `earlier` it is, or an error when it is before. */
  durationSince(earlier: SystemTime): Result<Duration> {
    if (this.nanos < earlier.nanos) {
      const error = new Error(ErrorKind.InvalidInput, "the other time is later");
      return Result.err<Duration>(error.in("durationSince"));
    }
    return Result.ok<Duration>(Duration.fromNanos(this.nanos - earlier.nanos));
  }

  /** How long ago it was, or an error when it lies ahead. */
  elapsed(): Result<Duration> {
    return SystemTime.now().durationSince(this);
  }
}

/** Waits for so long. Cancelled, it becomes cancelled, and so does who awaits it. */
export function sleep(span: Duration): Promise<void> {
  return Timer.at(saturate(hostNow(Clock.Monotonic), span.nanos));
}

/** Ticks at a fixed rate. A tick that came late does not delay those after it. */
export class Interval {
  private next: i64;

  constructor(private period: Duration) {
    if (!period.nanos) panic("an interval needs a period");
    this.next = hostNow(Clock.Monotonic);
  }

  /** Waits for the next tick. The first one is one period after the start. */
  tick(): Promise<void> {
    this.next = saturate(this.next, this.period.nanos);
    return Timer.at(this.next);
  }
}

/** Ticks with this period, the first time one period from now. */
export function interval(period: Duration): Interval {
  return new Interval(period);
}

/**
 * Waits for `promise`, but for so long at most: then it is cancelled, waited for, and the result
 * is an error of the kind `TimedOut`; or its value, when it was done before the request reached it.
 * When somebody else cancels it, or has done so before, the result is an error of the kind
 * `Cancelled`, at once.
 */
export function timeout<T>(promise: Promise<T>, span: Duration): Promise<Result<T>> {
  // @ts-ignore: the global Promise is this one
  return new Timeout<T>(promise, Timer.at(saturate(hostNow(Clock.Monotonic), span.nanos)));
}
