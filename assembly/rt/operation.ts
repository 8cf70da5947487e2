import { Errno } from "../abi/errno";
import { cancel, submit } from "../abi/imports";
import { OverlappedState } from "../abi/layout";
import { Overlapped } from "../abi/records";
import { Vec } from "../vec";
import { Buffer } from "./buffer";
import { completionAt } from "./completions";
import { __create, assign } from "./create";
import { useOperations } from "./hooks";
import { panic } from "./panic";
import { Flag, link, nodeAt, State } from "./node";
import { Promise as PromiseClass, PromiseBase } from "./promise";
import { enqueue } from "./scheduler";

// ── Records ──────────────────────────────────────────────────────────────────────────────────────

/** Free records, linked. */
let free: usize = 0;

/** The newest slab. Slabs are used again, never given back. */
let slabs: usize = 0;

/** How many records a slab has. Before them is the address of the slab that is older. */
const SLAB: usize = 32;
const SLAB_HEADER: usize = 16;
const SLAB_SIZE: usize = SLAB_HEADER + SLAB * offsetof<Overlapped>();

/**
 * What keeps operations alive while they have a record: the one object of this class is pinned, so
 * that the collector asks it at the beginning of each cycle and once more at the very end. Hence
 * nothing needs to be said to the collector when a record is taken and freed, where pinning and
 * unpinning every operation costs more than all that its completion does.
 */
// @ts-ignore: decorator
@final
class Records {
  /** Called by the garbage collector. */
  private __visit(cookie: u32): void {
    for (let slab = slabs; slab; slab = load<usize>(slab)) {
      const end = slab + SLAB_SIZE;
      for (let at = slab + SLAB_HEADER; at < end; at += offsetof<Overlapped>()) {
        __visit(changetype<Overlapped>(at).user, cookie);
      }
    }
  }
}

/** Made when the app begins, so that taking a record never collects. */
// @ts-ignore: decorator
@lazy const records: Records = new Records();

function takeRecord(): Overlapped {
  if (!free) addSlab();
  const record = changetype<Overlapped>(free);
  free = record.link;
  return record;
}

function addSlab(): void {
  if (!slabs) __pin(changetype<usize>(records));
  const slab = heap.alloc(SLAB_SIZE);
  memory.fill(slab, 0, SLAB_SIZE);
  const end = slab + SLAB_SIZE;
  for (let at = slab + SLAB_HEADER; at < end; at += offsetof<Overlapped>()) {
    freeRecord(changetype<Overlapped>(at));
  }
  store<usize>(slab, slabs);
  slabs = slab;
}

function freeRecord(record: Overlapped): void {
  record.user = 0;
  record.link = free;
  free = changetype<usize>(record);
}

/** Whether an operation that the host, or the batch, has is about this handle. */
export function isInFlight(handle: u32): bool {
  for (let slab = slabs; slab; slab = load<usize>(slab)) {
    const end = slab + SLAB_SIZE;
    for (let at = slab + SLAB_HEADER; at < end; at += offsetof<Overlapped>()) {
      const record = changetype<Overlapped>(at);
      if (record.user && record.handle == handle) return true;
    }
  }
  return false;
}

// ── The batch: what the tick submits when it ends ────────────────────────────────────────────────

let batch: usize = 0;
let batchCapacity: usize = 0;
let batchCount: usize = 0;
/** Some entries are 0: their operations were cancelled meanwhile. */
let batchHasHoles: bool = false;

function queueRecord(record: Overlapped): void {
  if (batchCount == batchCapacity) growBatch();
  record.state = OverlappedState.Submitted;
  record.link = batchCount;
  store<usize>(batch + batchCount * sizeof<usize>(), changetype<usize>(record));
  batchCount++;
}

function growBatch(): void {
  if (!batchCapacity) {
    useOperations(takeCompletions, submitBatch);
    batchCapacity = 32;
    batch = heap.alloc(batchCapacity * sizeof<usize>());
  } else {
    batchCapacity <<= 1;
    batch = heap.realloc(batch, batchCapacity * sizeof<usize>());
  }
}

/** Takes a record out of the batch, unless the host has it already. */
function unqueueRecord(record: Overlapped): bool {
  const place = record.link;
  const entry = batch + place * sizeof<usize>();
  if (place >= batchCount || load<usize>(entry) != changetype<usize>(record)) return false;
  store<usize>(entry, 0);
  batchHasHoles = true;
  return true;
}

function submitBatch(): void {
  let count = batchCount;
  if (!count) return;
  if (batchHasHoles) count = closeHoles();
  batchHasHoles = false;
  batchCount = 0;
  if (count) submit(batch, <u32>count);
}

function closeHoles(): usize {
  let count: usize = 0;
  for (let place: usize = 0; place < batchCount; place++) {
    const entry = load<usize>(batch + place * sizeof<usize>());
    if (!entry) continue;
    store<usize>(batch + count * sizeof<usize>(), entry);
    count++;
  }
  return count;
}

function takeCompletions(count: i32): void {
  for (let index = 0; index < count; index++) {
    const record = changetype<Overlapped>(completionAt(index));
    if (record.state != OverlappedState.Done) panic("the host completed what was not in flight");
    record.state = OverlappedState.Idle;
    changetype<PromiseBase>(record.user).complete(record.result, record.osError);
  }
}

// ── Operations ───────────────────────────────────────────────────────────────────────────────────

/**
 * One request to the host, which is the promise of its outcome.
 *
 * A class for each kind of request derives from it: its constructor calls `super(opcode)` and sets
 * the fields that the opcode reads; `settle` makes the value. Then `start()`, at once. From there
 * on the host has the record, and what was lent, until the completion, which comes exactly once;
 * until then the operation stays alive, with all that it refers to, whoever else forgets it.
 */
export abstract class Operation<T> extends PromiseClass<T> {
  /** 0 once it has completed. */
  private record!: Overlapped;
  private lent0: Vec<u8> | null = null;
  private lent1: Vec<u8> | null = null;

  /** `opcode`: an `Op`. */
  constructor(opcode: u32) {
    super();
    this.flags = State.Pending;
    this.prepare(opcode, 0, 0);
  }

  /** Gives a new operation its record. What is not named here is 0. */
  // @ts-ignore: decorator
  @inline
  protected prepare(opcode: u32, handle: u32, offset: i64): void {
    const record = takeRecord();
    this.record = record;
    record.opcode = opcode;
    record.flags = 0;
    record.handle = handle;
    // Pointers and lengths.
    store<u64>(changetype<usize>(record), 0, offsetof<Overlapped>("ptr0"));
    store<u64>(changetype<usize>(record), 0, offsetof<Overlapped>("ptr1"));
    record.offset = offset;
    record.user = changetype<usize>(this);
  }

  /** `lend0` for one that has done nothing but `prepare`. */
  // @ts-ignore: decorator
  @inline
  protected lendFirst(vec: Vec<u8>, length: i32): void {
    const record = this.record;
    record.ptr0 = vec.lend(length);
    record.len0 = length;
    assign(this, offsetof<this>("lent0"), vec);
  }

  /** What is lent first. */
  // @ts-ignore: decorator
  @inline
  protected get first(): Vec<u8> {
    return changetype<Vec<u8>>(this.lent0);
  }

  /** What was asked for. */
  // @ts-ignore: decorator
  @inline
  protected get opcode(): u32 {
    return this.record.opcode;
  }

  /** Where in the file. */
  // @ts-ignore: decorator
  @inline
  protected get offset(): i64 {
    return this.record.offset;
  }

  /** What the opcode knows as its flags. */
  protected set flagBits(bits: u32) {
    this.record.flags = bits;
  }

  /** The handle that it works on. */
  protected set handle(handle: u32) {
    this.record.handle = handle;
  }

  /** The offset in a file, or what else the opcode reads there. */
  protected set offset(offset: i64) {
    this.record.offset = offset;
  }

  /** Lends `length` bytes of `vec` as the first buffer: a read its capacity, a write its length. */
  protected lend0(vec: Vec<u8>, length: i32): void {
    this.record.ptr0 = vec.lend(length);
    this.record.len0 = length;
    this.lent0 = vec;
  }

  /** Lends `length` bytes of `vec` as the second buffer. */
  protected lend1(vec: Vec<u8>, length: i32): void {
    this.record.ptr1 = vec.lend(length);
    this.record.len1 = length;
    this.lent1 = vec;
  }

  /** For `retry`: the next round begins `count` bytes later in what is lent first. */
  protected advance0(count: u32): void {
    const record = this.record;
    if (count > record.len0) panic("more was transferred than was lent");
    record.ptr0 += count;
    record.len0 -= count;
  }

  /** For `retry`: gives back what is lent first, and lends another in its place. */
  protected exchange0(vec: Vec<u8>, length: i32): void {
    this.lent0!.giveBack();
    this.lend0(vec, length);
  }

  /** It must not be cancelled, as closing a handle must not. */
  protected shield(): void {
    this.flags |= Flag.Shielded;
  }

  /** Queues it; the tick submits it when it ends. */
  // The global `Promise` is the same class, by the name that editors know.
  start(): Promise<T> {
    queueRecord(this.record);
    return this;
  }

  cancel(): void {
    cancelOperation(this, this.record);
  }

  /** The turn of one that was cancelled before the host ever saw it. */
  wake(): void {
    this.complete(-Errno.ECANCELED, 0);
  }

  /** For `complete`, which does not know `T`. */
  protected finish(result: i64, osError: u32): void {
    this.put<T>(this.settle(result, osError));
  }

  /**
   * Makes the value, once, when the host is done and what was lent has been given back.
   * `result`: ≥ 0 the value, < 0 a negative `Errno`; `osError`: the operating system's own code.
   */
  protected abstract settle(result: i64, osError: u32): T;

  // `PromiseBase` has two more that may be overridden, `retry` and `disposeLate`.
}

// @ts-ignore: decorator
@inline
function recordOf(operation: usize): Overlapped {
  return changetype<Overlapped>(load<usize>(operation, offsetof<Operation<i32>>("record")));
}

// @ts-ignore: decorator
@inline
function giveBack(operation: usize, field: usize): void {
  const lent = load<usize>(operation + field);
  if (lent) changetype<Buffer<u8>>(lent).giveBack();
}

/** `retry` wants it once more. */
export function submitAgain(operation: usize): void {
  queueRecord(recordOf(operation));
}

/** What was lent is the guest's again. */
export function takeBack(operation: usize): void {
  giveBack(operation, offsetof<Operation<i32>>("lent0"));
  giveBack(operation, offsetof<Operation<i32>>("lent1"));
}

/** The record is not needed any more, and does not keep the operation alive any more. */
export function freeRecordOf(operation: usize): void {
  freeRecord(recordOf(operation));
}

/** Operations that were awaited by the only one who had them, linked by `next`: see `reuse`. */
let spare: PromiseBase | null = null;

/**
 * Keeps an operation that nobody has any more, for the next one of its class: making an object and
 * collecting it again is a good part of what one read costs. There is one such class, `Transfer`.
 */
export function reuse(operation: usize): void {
  const node = nodeAt(operation);
  node.flags = Flag.Reusable;
  node.reference = 0;
  store<usize>(operation, 0, offsetof<Operation<i32>>("lent0"));
  const next = changetype<usize>(spare);
  node.next = next;
  if (next) link(operation, next);
  spare = changetype<PromiseBase>(operation);
}

/** Lets go of those, and of what they refer to. */
export function forgetSpare(): void {
  spare = null;
}

/** One of those, or a new one, on which no constructor has been called. */
// @ts-ignore: decorator
@inline
export function takeOperation<C extends PromiseBase>(): C {
  const operation = changetype<usize>(spare);
  if (!operation) {
    const made = __create<C>();
    made.flags = Flag.Reusable;
    return made;
  }
  spare = changetype<PromiseBase | null>(nodeAt(operation).next);
  nodeAt(operation).next = 0;
  return changetype<C>(operation);
}

function cancelOperation(operation: PromiseBase, record: Overlapped): void {
  if (operation.state != State.Pending) return;
  if (operation.flags & (Flag.Shielded | Flag.CancelRequested)) return;
  operation.flags |= Flag.CancelRequested;
  if (unqueueRecord(record)) enqueue(changetype<usize>(operation));
  else cancel(changetype<usize>(record));
}
