/** The lock that a file in memory has, as `flock` has it: for whoever has opened the file. */
import { Errno } from "../../abi.js";
import { Deferred, fail, HostError, type Answer } from "./answer.js";
import type { Waiting } from "./resource.js";

/** What may be asked of a lock: any number share it, or one has it alone, or nobody. */
export type LockKind = "shared" | "exclusive" | "none";

interface Waiter {
  readonly owner: object;
  readonly kind: "shared" | "exclusive";
  readonly done: Deferred<void>;
}

/** The lock of one file. Those who wait get it in the order in which they came. */
export class FileLock {
  private readonly holders = new Map<object, "shared" | "exclusive">();
  private readonly waiters: Waiter[] = [];

  /** Takes, changes or gives back the lock of `owner`. */
  set(owner: object, kind: LockKind, isTry: boolean, { signal }: Waiting): Answer<void> {
    // As on Linux, a lock that is changed is given back first, and may be lost to others.
    this.holders.delete(owner);
    if (kind === "none") return this.serve();
    if (this.waiters.length === 0 && this.allows(kind)) {
      this.holders.set(owner, kind);
      return this.serve();
    }
    if (isTry) {
      this.serve();
      fail(Errno.EAGAIN);
    }
    return this.wait({ owner, kind, done: new Deferred<void>() }, signal);
  }

  /** Whoever has opened the file has closed it. */
  release(owner: object): void {
    this.holders.delete(owner);
    this.serve();
  }

  private wait(waiter: Waiter, signal: AbortSignal): Answer<void> {
    this.waiters.push(waiter);
    signal.addEventListener("abort", () => {
      const index = this.waiters.indexOf(waiter);
      if (index < 0) return;
      this.waiters.splice(index, 1);
      waiter.done.reject(new HostError(Errno.ECANCELED));
      this.serve();
    }, { once: true });
    this.serve();
    return waiter.done.now();
  }

  private serve(): void {
    for (let next = this.waiters[0]; next !== undefined; next = this.waiters[0]) {
      if (!this.allows(next.kind)) return;
      this.waiters.shift();
      this.holders.set(next.owner, next.kind);
      next.done.resolve();
    }
  }

  private allows(kind: "shared" | "exclusive"): boolean {
    if (this.holders.size === 0) return true;
    return kind === "shared" && ![...this.holders.values()].includes("exclusive");
  }
}
