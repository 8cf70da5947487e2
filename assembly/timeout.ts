/** A promise that is waited for so long and no longer: what `timeout` of `std/time` is made of. */

import { Error, ErrorKind, Result } from "./error";
import { Combined, Until, enrol } from "./rt/combine";
import { Promise } from "./rt/promise";
import { Timer } from "./rt/timers";

/** What `timeout` returns. */
export class Timeout<T> extends Combined<Result<T>> {
  constructor(private promise: Promise<T>, timer: Timer) {
    super(2, Until.Settled);
    enrol(this, 0, promise);
    enrol(this, 1, timer);
  }

  wake(): void {
    const promise = this.promise;
    const isInTime = this.winner == 0;
    // It may have been done after all, before the request to end early reached it: then its
    // value is told rather than lost.
    if (promise.isFulfilled && (isInTime || !promise.endedEarly)) {
      this.fulfill(Result.fromPromise<T>(promise));
    } else {
      const error = isInTime
        ? new Error(ErrorKind.Cancelled, "cancelled")
        : new Error(ErrorKind.TimedOut, "timed out");
      this.fulfill(Result.err<T>(error));
    }
  }
}
