/**
 * The pump of one instance: takes the guest's submissions, has the backend perform them, and brings
 * what completed back to the guest. The invariant: a record that the guest submitted is either in
 * `inFlight` or in `queue`, never in both and never in neither, until a tick has been told of it.
 */
import { Errno, Op, Overlapped, Signal } from "./abi.js";
import type { Backend } from "./backend/backend.js";
import { StageArgument } from "./backend/stage.js";
import { callOf, handlesOf, Verdict } from "./calls/index.js";
import type { Grants, Limits } from "./context.js";
import { GuestFailure } from "./failure.js";
import { Handles, Right } from "./handles.js";
import { InFlight, NONE, OWN_RECORD } from "./inflight.js";
import type { GuestMemory } from "./memory.js";
import type { Namespace } from "./namespace.js";
import { Network } from "./network.js";
import { CompletionQueue } from "./queue.js";
import { Refusals } from "./refusals.js";
import { NativeChild } from "./resource/child.js";
import { NativeFile } from "./resource/file.js";
import { NativeSocket } from "./resource/socket.js";
import type { Resource } from "./resource/resource.js";
import { isLarge, Staging } from "./staging.js";
import { endTransfers, startTransfers } from "./transfer.js";

const HIGH_OF_NEGATIVE = 0xffffffff;

/** How long a teardown waits for what it has cancelled, in nanoseconds. */
const DRAIN_LIMIT = 1e9;

/** Submissions, completions, and the wait between them. */
export class Loop {
  readonly memory: GuestMemory;
  readonly backend: Backend;
  readonly staging: Staging;
  readonly inFlight: InFlight;
  readonly handles: Handles;
  readonly namespace: Namespace;
  readonly grants: Grants;
  readonly network: Network;
  readonly queue = new CompletionQueue();
  readonly refusals = new Refusals();
  /** Set by a call: the handle table's index that the operation belongs to, or -1. */
  target = NONE;
  /** Set by a call that gives a handle: what the guest may do with that, `Right` bits. */
  rights: number = Right.All;
  /** How many submissions and completions were looked at; for tests of what a turn costs. */
  work = 0;

  /** Handles that the operations in flight will need. */
  private opening = 0;
  /** What operations gave after the guest had ended, to be closed. */
  private readonly unclaimed: Resource[] = [];
  private ownSlot = NONE;
  private ownResult = 0;
  private isClosed = false;

  constructor(
    memory: GuestMemory,
    backend: Backend,
    namespace: Namespace,
    limits: Limits,
    grants: Grants,
  ) {
    this.memory = memory;
    this.backend = backend;
    this.namespace = namespace;
    this.grants = grants;
    this.network = new Network(grants.network);
    this.staging = new Staging(backend.stage);
    this.inFlight = new InFlight(limits.operations);
    this.handles = new Handles(limits.handles);
    backend.attach(memory.whole());
  }

  /** Whether a turn could bring nothing: nothing is in flight and nothing is staged. */
  get isStill(): boolean {
    return this.inFlight.count === 0 && this.staging.count === 0;
  }

  /** Whether an op that gives a handle may start: its handles are reserved from now on. */
  get hasRoomForHandle(): boolean {
    return this.hasRoomForHandles(1);
  }

  /** The same for one that gives `count`. */
  hasRoomForHandles(count: number): boolean {
    return this.handles.count + this.opening + count <= this.handles.limit;
  }

  /** The import `submit`. @throws GuestFailure for what cannot be completed in any way. */
  submit(list: number, count: number): void {
    const memory = this.memory;
    if ((list & 3) !== 0 || !memory.contains(list, count * 4)) {
      throw new GuestFailure("fault", `submit: the list at ${hex(list)} is out of bounds`);
    }
    // Each record is the host's once. A guest with more than its memory holds submits some that
    // wait to be told of already, and would fill the host's memory with them.
    const records = this.inFlight.count + this.queue.length + count;
    if (records * Overlapped.Size > memory.size) {
      throw new GuestFailure("fault", "submit: more operations than its memory has room for");
    }
    for (let index = 0; index < count; index++) {
      index = startTransfers(this, list, index, count);
      if (index < count) this.submitOne(memory.word(list + index * 4));
    }
  }

  /** The import `cancel`. What is not in flight, or cannot be cancelled, is ignored. */
  cancel(record: number): void {
    if (!this.memory.holdsRecord(record)) return;
    const slot = this.memory.token(record >>> 2);
    if (!this.inFlight.holds(slot, record) || this.inFlight.op(slot) === Op.Close) return;
    this.cancelSlot(slot);
  }

  /** Makes sure that the views are those of the memory as it is now. */
  renew(): void {
    if (this.memory.renew()) this.backend.attach(this.memory.whole());
  }

  /**
   * One turn: hands over what is staged and waits as `Backend.turn` does. What completed is in the
   * queue afterwards.
   *
   * @returns how many operations have completed.
   */
  turn(timeout: number): number {
    const staged = this.staging.count;
    const count = this.backend.turn(staged, timeout);
    this.work += staged + count;
    this.staging.taken();
    for (let index = 0; index < count; index++) {
      index = endTransfers(this, index, count);
      if (index < count) this.complete(index);
    }
    return count;
  }

  /** Makes room in the stage. */
  ensureRoom(): void {
    // What the turn brings may let as many handles be closed, which fills it again.
    while (this.staging.isFull) this.turn(0);
  }

  /**
   * Makes room for a text of `length` bytes.
   *
   * @returns whether it is to be lent, by `annex`, rather than put into the stage.
   */
  ensureRoomFor(length: number): boolean {
    while (this.staging.isFull || !this.staging.hasRoomFor(length)) this.turn(0);
    return isLarge(length);
  }

  /** Lends a text to the next submission, for which there is room. */
  annex(text: Uint8Array): void {
    this.backend.annex(text);
    this.staging.annex(text);
  }

  /** Whether no more operations may start. */
  get isAtLimit(): boolean {
    return this.inFlight.count >= this.inFlight.limit;
  }

  /**
   * Performs the submission that was written as the host's own, in turns that the caller takes, as
   * in `closing`; the guest gets to know nothing of it. The caller has made sure of room in the
   * stage and below the limit.
   *
   * @param patience for how many nanoseconds to wait.
   * @returns its result, ≥ 0 or a negative `Errno`; `-ETIMEDOUT` for one that is still in flight.
   */
  *performing(op: Op, patience: number): Generator<number, number, void> {
    const slot = this.stage(OWN_RECORD, op, NONE);
    this.ownSlot = slot;
    if (yield* this.waitingFor(() => this.ownSlot !== slot, patience)) return this.ownResult;
    this.ownSlot = NONE;
    return -Errno.ETIMEDOUT;
  }

  /** Waits for `isDone` in turns that the caller takes. @returns whether it is in time. */
  *waitingFor(isDone: () => boolean, patience: number): Generator<number, boolean, void> {
    const end = this.backend.now() + patience;
    for (let left = patience; !isDone(); left = end - this.backend.now()) {
      if (left <= 0) return false;
      yield left;
    }
    return true;
  }

  /**
   * Cancels everything, waits for it as long as is reasonable, and closes what the guest left open.
   * What the guest's memory holds is not its any more. Calling it twice is harmless.
   */
  close(): void {
    this.take(this.closing());
  }

  /** Takes the turns of work that yields how long each may wait. */
  take(work: Generator<number, void, void>): void {
    const { canWait } = this.backend;
    for (const wait of work) {
      // What only the event loop could bring does not come while we stand in its way.
      if (this.turn(canWait ? wait : 0) === 0 && !canWait) break;
    }
  }

  /**
   * The same in turns that the caller takes: yields before each how long that may wait, in
   * nanoseconds. Whoever stops early leaves the rest to the backend.
   */
  *closing(): Generator<number, void, void> {
    if (this.isClosed) return;
    this.isClosed = true;
    try {
      // The guest may have grown its memory after its last call.
      this.renew();
      for (let slot = 0; slot < this.inFlight.used; slot++) this.cancelSlot(slot);
      yield* this.draining(0);
      const stuck = this.inFlight.count;
      for (const resource of this.handles.drain()) {
        if (resource.owned) this.closeLeft(resource);
      }
      yield* this.draining(stuck);
    } finally {
      this.backend.close();
    }
  }

  /**
   * Waits until at most `rest` operations are in flight, or for as long as is reasonable. When it
   * returns the backend has everything that was staged.
   */
  private *draining(rest: number): Generator<number, void, void> {
    const limit = this.backend.now() + DRAIN_LIMIT;
    for (let left = DRAIN_LIMIT; ; left = limit - this.backend.now()) {
      this.closeUnclaimed();
      const isEnough = this.inFlight.count <= rest || left <= 0;
      if (isEnough && this.staging.count === 0 && this.unclaimed.length === 0) return;
      yield Math.max(0, left);
    }
  }

  private submitOne(record: number): void {
    const { memory, inFlight } = this;
    if (!memory.holdsRecord(record)) {
      throw new GuestFailure("fault", `submit: no record can be at ${hex(record)}`);
    }
    const at = record >>> 2;
    // The record's completion belongs to the first submission, so the second could have none.
    if (inFlight.holds(memory.token(at), record)) {
      throw new GuestFailure("fault", `submit: the record at ${hex(record)} is in flight already`);
    }
    if (this.isAtLimit) return this.refuse(record, Errno.EAGAIN);
    this.ensureRoom();
    this.target = NONE;
    this.rights = Right.All;
    const op = memory.opcode(at);
    const verdict = callOf(op)(this, at);
    if (verdict === Verdict.Staged) memory.writeToken(at, this.stage(record, op, this.target));
    else if (verdict < 0) this.refuse(record, -verdict);
    else if (verdict === Verdict.Closing) this.startClosing(record, this.target);
    else this.finish(record, 0, 0, 0);
  }

  /** Makes the submission that was written an operation in flight. @returns its slot. */
  private stage(record: number, op: number, target: number): number {
    const { inFlight, staging, handles } = this;
    const slot = inFlight.acquire(record, op, target);
    if (target !== NONE) {
      inFlight.link(slot, handles.head(target));
      handles.setHead(target, slot);
    }
    const gives = handlesOf(op);
    if (gives > 0) inFlight.setRights(slot, this.rights);
    this.opening += gives;
    staging.commit(slot, inFlight.generation(slot));
    return slot;
  }

  /** Takes the completion with this number to the guest. */
  private complete(index: number): void {
    const { inFlight, staging } = this;
    const slot = staging.completedSlot(index);
    if (!inFlight.isCurrent(slot, staging.completedGeneration(index))) {
      throw new Error(`${this.backend.name} completed an operation that is not in flight`);
    }
    const op = inFlight.op(slot);
    const record = inFlight.record(slot);
    const handle = inFlight.handle(slot);
    let low = staging.resultLow(index);
    let high = staging.resultHigh(index);
    const isFailure = high >= 0x80000000;
    let osError = 0;
    if (isFailure) {
      osError = high & 0x7fffffff;
      high = HIGH_OF_NEGATIVE;
    }
    if (handle !== NONE) {
      if (op === Op.Close) this.handles.remove(handle);
      else this.leave(slot, handle);
    }
    const rights = inFlight.rights(slot);
    inFlight.release(slot);
    const gives = handlesOf(op);
    if (gives > 0) {
      this.opening -= gives;
      if (!isFailure && record !== OWN_RECORD) {
        low = this.opened(low, op, rights);
        if (gives > 1) high = this.opened(high, op, rights);
      }
    }
    if (record === OWN_RECORD) this.finishOwn(slot, low);
    else this.finish(record, low, high, osError);
  }

  /** Makes a descriptor that an `op` gave the guest's. @returns its handle. */
  private opened(descriptor: number, op: number, rights: number): number {
    const resource = resourceOf(op, descriptor);
    if (!this.isClosed) return this.handles.add(resource, op === Op.Spawn ? Right.Child : rights);
    // There may be more of them than the stage has room for.
    this.unclaimed.push(resource);
    return 0;
  }

  private closeUnclaimed(): void {
    for (const resource of this.unclaimed.splice(0)) {
      // Nobody has got to know this child, so it should not be there.
      if (resource.kind === "child") {
        this.ensureRoom();
        this.staging.write(Op.Kill, resource.descriptor, 0, Signal.Kill, 0, 0, 0, 0);
        this.stage(OWN_RECORD, Op.Kill, NONE);
      }
      this.closeLeft(resource);
    }
  }

  /** Closes what a guest that has ended left open, whatever its limit of operations is. */
  private closeLeft({ descriptor, kind }: Resource): void {
    this.ensureRoom();
    const argument = StageArgument.Ended | (kind === "child" ? StageArgument.Child : 0);
    this.staging.write(Op.Close, descriptor, argument, 0, 0, 0, 0, 0);
    this.stage(OWN_RECORD, Op.Close, NONE);
  }

  private finish(record: number, low: number, high: number, osError: number): void {
    this.memory.writeResult(record >>> 2, low, high, osError);
    this.queue.push(record);
  }

  private finishOwn(slot: number, result: number): void {
    if (this.ownSlot !== slot) return;
    this.ownSlot = NONE;
    this.ownResult = result | 0;
  }

  private refuse(record: number, errno: number): void {
    this.finish(record, -errno, HIGH_OF_NEGATIVE, 0);
  }

  /** Takes a slot off its handle's list, and closes the handle if it waited for just that. */
  private leave(slot: number, handle: number): void {
    const head = this.inFlight.unlink(slot, this.handles.head(handle));
    this.handles.setHead(handle, head);
    const closer = this.handles.closer(handle);
    if (head === NONE && closer !== NONE) this.closeNow(handle, closer);
  }

  /** `Op.Close`: cancels what is in flight on the handle; when that is over the handle closes. */
  private startClosing(record: number, handle: number): void {
    const { inFlight, handles } = this;
    const slot = inFlight.acquire(record, Op.Close, handle);
    handles.setCloser(handle, slot);
    this.memory.writeToken(record >>> 2, slot);
    if (handles.head(handle) === NONE) return this.closeNow(handle, slot);
    this.cancelAllOf(handle);
  }

  private closeNow(handle: number, slot: number): void {
    const { inFlight, staging } = this;
    const resource = this.handles.resource(handle);
    if (resource.owned) {
      const argument = this.handles.argument(handle) & StageArgument.Child;
      staging.write(Op.Close, resource.descriptor, argument, 0, 0, 0, 0, 0);
      staging.commit(slot, inFlight.generation(slot));
      return;
    }
    const record = inFlight.record(slot);
    this.handles.remove(handle);
    inFlight.release(slot);
    this.finish(record, 0, 0, 0);
  }

  private cancelAllOf(handle: number): void {
    let slot = this.handles.head(handle);
    while (slot !== NONE) {
      if (this.staging.isFull) {
        // The turn may complete any of them, so the walk begins anew; asking twice does nothing.
        this.turn(0);
        slot = this.handles.head(handle);
        continue;
      }
      const next = this.inFlight.following(slot);
      this.cancelSlot(slot);
      slot = next;
    }
  }

  /** Asks once for the end of an operation, whatever the slot is in. */
  private cancelSlot(slot: number): void {
    if (this.inFlight.op(slot) === Op.Close || !this.inFlight.markCancelling(slot)) return;
    this.ensureRoom();
    // The turn that made room may have brought its completion.
    if (this.inFlight.isCancelling(slot)) {
      this.staging.cancel(slot, this.inFlight.generation(slot));
    }
  }
}

/** Ops that give a socket to read from and write to; from a listener nothing can be read. */
const TRANSFERS: readonly number[] = [Op.Connect, Op.ConnectUnix, Op.Accept, Op.BindDatagram];

/** What stands for the descriptor that an operation gave. */
function resourceOf(op: number, descriptor: number): Resource {
  if (op === Op.Spawn) return new NativeChild(descriptor);
  if (op === Op.Duplicate) return new NativeFile(descriptor, true, false, true);
  return TRANSFERS.includes(op) ? new NativeSocket(descriptor) : new NativeFile(descriptor);
}

function hex(address: number): string {
  return `0x${(address >>> 0).toString(16)}`;
}
