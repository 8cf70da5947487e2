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

  /** No time at all. */
  static zero(): Duration {
    return new Duration(0);
  }

  /** The longest one, some 292 years. */
  static max(): Duration {
    return new Duration(i64.MAX_VALUE);
  }

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

  /** Milliseconds with their fraction. */
  asMillisF64(): f64 {
    return <f64>this.nanos / 1e6;
  }

  /** The nanoseconds beyond the whole seconds: 999 999 999 at most. */
  subsecNanos(): i32 {
    return <i32>(this.nanos % 1_000_000_000);
  }

  /** The whole microseconds beyond the whole seconds. */
  subsecMicros(): i32 {
    return this.subsecNanos() / 1_000;
  }

  /** The whole milliseconds beyond the whole seconds. */
  subsecMillis(): i32 {
    return this.subsecNanos() / 1_000_000;
  }

  /** It is no time at all. */
  get isZero(): bool {
    return this.nanos == 0;
  }

  /** How far apart the two are. */
  absDiff(other: Duration): Duration {
    return new Duration(abs(this.nanos - other.nanos));
  }

  /** What is left without `other`; nothing when that is longer. */
  saturatingSub(other: Duration): Duration {
    return new Duration(max(this.nanos - other.nanos, 0));
  }

  /** As people write it, in the largest unit that it has one of: `1.5s`, `20ms`, `0ns`. */
  toString(): string {
    const nanos = this.nanos;
    if (nanos >= 1_000_000_000) return decimal(nanos, 1_000_000_000) + "s";
    if (nanos >= 1_000_000) return decimal(nanos, 1_000_000) + "ms";
    return nanos >= 1_000 ? decimal(nanos, 1_000) + "µs" : nanos.toString() + "ns";
  }

  // @ts-ignore: decorator
  @operator("+")
  plus(other: Duration): Duration {
    return new Duration(saturate(this.nanos, other.nanos));
  }

  /** A longer one cannot be taken away: see `saturatingSub`. */
  // @ts-ignore: decorator
  @operator("-")
  minus(other: Duration): Duration {
    return Duration.fromNanos(this.nanos - other.nanos);
  }

  /** So many times as long. */
  // @ts-ignore: decorator
  @operator("*")
  times(factor: i64): Duration {
    if (factor < 0) panic("a Duration cannot be negative");
    return new Duration(factor == 0 ? 0 : scale(this.nanos, factor));
  }

  /** One of so many equal parts. */
  // @ts-ignore: decorator
  @operator("/")
  dividedBy(parts: i64): Duration {
    if (parts <= 0) panic("a Duration is divided into one part at least");
    return new Duration(this.nanos / parts);
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

  // @ts-ignore: decorator
  @operator("!=")
  differs(other: Duration): bool {
    return this.nanos != other.nanos;
  }

  // @ts-ignore: decorator
  @operator("<=")
  isAtMost(other: Duration): bool {
    return this.nanos <= other.nanos;
  }

  // @ts-ignore: decorator
  @operator(">=")
  isAtLeast(other: Duration): bool {
    return this.nanos >= other.nanos;
  }
}

/** `nanos` in a unit of so many, with as many digits after the point as it takes. */
function decimal(nanos: i64, unit: i64): string {
  const rest = (nanos % unit + unit).toString().substring(1);
  let end = rest.length;
  while (end > 0 && rest.charCodeAt(end - 1) == 0x30) end--;
  const whole = (nanos / unit).toString();
  return end > 0 ? whole + "." + rest.substring(0, end) : whole;
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

/** A difference that stays at the smallest number rather than overflow; `less` is not negative. */
function lessen(time: i64, less: i64): i64 {
  const rest = time - less;
  return rest > time ? i64.MIN_VALUE : rest;
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
  // @ts-ignore: decorator
  @operator("+")
  plus(span: Duration): Instant {
    return new Instant(saturate(this.time, span.nanos));
  }

  /** So much earlier. */
  // @ts-ignore: decorator
  @operator("-")
  minus(span: Duration): Instant {
    return new Instant(lessen(this.time, span.nanos));
  }

  // @ts-ignore: decorator
  @operator("==")
  equals(other: Instant): bool {
    return this.time == other.time;
  }

  // @ts-ignore: decorator
  @operator("!=")
  differs(other: Instant): bool {
    return this.time != other.time;
  }

  // @ts-ignore: decorator
  @operator("<")
  isBefore(other: Instant): bool {
    return this.time < other.time;
  }

  // @ts-ignore: decorator
  @operator("<=")
  isNotAfter(other: Instant): bool {
    return this.time <= other.time;
  }

  // @ts-ignore: decorator
  @operator(">")
  isAfter(other: Instant): bool {
    return this.time > other.time;
  }

  // @ts-ignore: decorator
  @operator(">=")
  isNotBefore(other: Instant): bool {
    return this.time >= other.time;
  }

  /** Waits until then; not at all when it has passed. */
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

  /** 1970-01-01T00:00:00Z, from which the others are counted. */
  static unixEpoch(): SystemTime {
    return new SystemTime(0);
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

  /** So much later. */
  // @ts-ignore: decorator
  @operator("+")
  plus(span: Duration): SystemTime {
    return new SystemTime(saturate(this.nanos, span.nanos));
  }

  /** So much earlier. */
  // @ts-ignore: decorator
  @operator("-")
  minus(span: Duration): SystemTime {
    return new SystemTime(lessen(this.nanos, span.nanos));
  }

  /**
   * Whether it is the same time. No operator: `==` and `!=` would be called for a comparison with
   * `null` as well, which a time that may be missing needs.
   */
  equals(other: SystemTime): bool {
    return this.nanos == other.nanos;
  }

  // @ts-ignore: decorator
  @operator("<")
  isBefore(other: SystemTime): bool {
    return this.nanos < other.nanos;
  }

  // @ts-ignore: decorator
  @operator("<=")
  isNotAfter(other: SystemTime): bool {
    return this.nanos <= other.nanos;
  }

  // @ts-ignore: decorator
  @operator(">")
  isAfter(other: SystemTime): bool {
    return this.nanos > other.nanos;
  }

  // @ts-ignore: decorator
  @operator(">=")
  isNotBefore(other: SystemTime): bool {
    return this.nanos >= other.nanos;
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

  constructor(
    /** How long it is from one tick to the next. */
    readonly period: Duration,
  ) {
    if (!period.nanos) panic("an interval needs a period");
    this.next = hostNow(Clock.Monotonic);
  }

  /** Starts anew: the next tick is one period from now. */
  reset(): void {
    this.next = hostNow(Clock.Monotonic);
  }

  /**
   * Waits for the next tick. The first one is one period after the start. Ticks that were missed
   * come at once, one by one, until all have been; `reset` leaves them out. A wait that is
   * cancelled has used its tick up.
   */
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
