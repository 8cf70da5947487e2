/** Sources of random bytes that a guest may be given. */

/** Makes random bytes. */
export interface Random {
  /** Fills all of `target`, which may be a view of guest memory. */
  fill(target: Uint8Array): void;
}

/** What `crypto.getRandomValues` gives at most in one call. */
const CHUNK = 65536;

/** Bytes that nobody can predict. */
export const secureRandom: Random = {
  fill(target) {
    for (let at = 0; at < target.length; at += CHUNK) {
      const part = target.subarray(at, at + CHUNK);
      if (isUnshared(part)) crypto.getRandomValues(part);
      else part.set(crypto.getRandomValues(new Uint8Array(part.length)));
    }
  },
};

/** Whether a view may be given to `getRandomValues`, which refuses shared memory in browsers. */
function isUnshared(view: Uint8Array): view is Uint8Array<ArrayBuffer> {
  return view.buffer instanceof ArrayBuffer;
}

/** The same bytes over and over; for tests. */
export class DeterministicRandom implements Random {
  private readonly bytes: Uint8Array;
  private position = 0;

  /** @param bytes what to repeat; at least one byte. */
  constructor(bytes: Uint8Array) {
    if (bytes.length === 0) throw new RangeError("DeterministicRandom needs at least one byte");
    this.bytes = bytes.slice();
  }

  /** @inheritdoc */
  fill(target: Uint8Array): void {
    for (let index = 0; index < target.length; index++) {
      target[index] = this.bytes[this.position]!;
      this.position = (this.position + 1) % this.bytes.length;
    }
  }
}
