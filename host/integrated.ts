/**
 * The integrated way to run: a guest inside an application that has an event loop of its own.
 * Nothing here waits: the guest runs in slices, and between them the backend tells when to go on.
 */
import type { Backend } from "./backend/backend.js";
import { soon } from "./schedule.js";

/** How an application shares its event loop with a guest. */
export interface SharingOptions {
  /**
   * How long a guest that always has something to do runs before everything else in the
   * application gets its turn, in milliseconds; 1 unless given.
   */
  readonly slice?: number;
  /**
   * Whether the process stays while nothing but the guest waits for something, as it does for a
   * timer or a socket of its own; true unless given.
   */
  readonly keepsAlive?: boolean;
}

const MILLISECOND = 1e6;

/** Drives one guest by the event loop, until a step of it throws. */
export class Driver {
  /** Rejected with what a step threw, which is how the guest has ended. */
  readonly ended: Promise<never>;
  private readonly step: () => number;
  private readonly backend: Backend;
  private readonly slice: number;
  private readonly keepsAlive: boolean;
  private reject!: (thrown: unknown) => void;
  /** Whether a slice is to come by itself, rather than when the backend says so. */
  private isComing = false;

  /**
   * @param step one turn that does not wait. It gives how long there is nothing to do, in
   *   nanoseconds: 0 when there is more at once, `Infinity` until something completes.
   */
  constructor(step: () => number, backend: Backend, options: SharingOptions) {
    const { slice = 1, keepsAlive = true } = options;
    this.step = step;
    this.backend = backend;
    this.slice = slice * MILLISECOND;
    this.keepsAlive = keepsAlive;
    this.ended = new Promise((_resolve, reject) => this.reject = reject);
    this.poke();
  }

  /** Has the guest go on soon, whatever it waits for. */
  poke(): void {
    if (this.isComing) return;
    this.isComing = true;
    soon(() => {
      this.isComing = false;
      this.go();
    });
  }

  private go(): void {
    const { backend } = this;
    try {
      const end = backend.now() + this.slice;
      do {
        const pause = this.step();
        if (pause > 0) {
          backend.notify(() => this.go(), pause === Infinity ? -1 : pause, this.keepsAlive);
          return;
        }
      } while (backend.now() < end);
      this.poke();
    } catch (thrown) {
      backend.notify(null, 0, false);
      this.reject(thrown);
    }
  }
}

/**
 * Takes turns until work that yields how long it may wait for one, in nanoseconds, has ended.
 *
 * @param turn takes one turn without waiting. @returns what that has brought.
 */
export async function takeTurns(
  work: Iterable<number>,
  backend: Backend,
  turn: () => number,
): Promise<void> {
  for (const wait of work) {
    if (turn() > 0 || wait === 0) continue;
    await new Promise<void>((resolve) => backend.notify(resolve, wait, true));
  }
}
