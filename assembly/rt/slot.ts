/**
 * Room for one value of any type, `void` included.
 *
 * A field of type `T` would do but for `void`, and for the layout: every `Promise<T>` must look
 * the same to the scheduler, whatever `T` is.
 */
export abstract class Slot {
  private scalar: u64 = 0;
  /** Where the garbage collector looks: a managed value and nothing else. */
  private reference: Slot | null = null;

  /** Keeps a value. */
  // @ts-ignore: decorator
  @inline
  protected put<T>(value: T): void {
    if (isManaged<T>()) {
      this.reference = changetype<Slot | null>(changetype<usize>(value));
    } else if (isReference<T>()) {
      this.scalar = changetype<usize>(value);
    } else {
      if (sizeof<T>() > 8) ERROR("a promise or result cannot hold a v128");
      store<T>(changetype<usize>(this), value, offsetof<Slot>("scalar"));
    }
  }

  /** The value that `put` kept; must have the same type. */
  // @ts-ignore: decorator
  @inline
  protected get<T>(): T {
    // @ts-ignore: void
    if (isVoid<T>()) return;
    if (isManaged<T>()) return changetype<T>(changetype<usize>(this.reference));
    if (isReference<T>()) return changetype<T>(<usize>this.scalar);
    return load<T>(changetype<usize>(this), offsetof<Slot>("scalar"));
  }
}
