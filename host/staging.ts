/**
 * The host's side of the stage: where submissions are written until the next turn takes them, and
 * where completions are read.
 */
import { CompletionWord, StageLayout, StageOp, SubmissionWord } from "./backend/stage.js";
import { MAX_PATH } from "./namespace.js";

/** Up to here two more prefixes of any length fit. */
const LAST_PREFIX = StageLayout.Prefixes + StageLayout.PrefixesSize - 2 * MAX_PATH;

/** The submissions of the coming turn, and the completions of the last one. */
export class Staging {
  /** How many submissions are staged. */
  count = 0;
  /** All of the stage. */
  readonly words: Uint32Array;
  private readonly bytes: Uint8Array;
  /** What was lent to the backend for the coming turn, which must live until then. */
  private annexed: Uint8Array | null = null;
  /** Whether any submission has more than `write` sets; those words are zero otherwise. */
  private hasMore = false;
  /** Where the next prefix goes; what lies before belongs to what is staged. */
  private prefixEnd = StageLayout.Prefixes;

  constructor(stage: ArrayBuffer) {
    this.words = new Uint32Array(stage, 0, StageLayout.Size >> 2);
    this.bytes = new Uint8Array(stage);
  }

  /** Whether a turn has to take what is staged before anything can be added. */
  get isFull(): boolean {
    return this.count === StageLayout.SubmissionsCapacity || this.prefixEnd > LAST_PREFIX;
  }

  /** How many submissions without a prefix fit. */
  get room(): number {
    return this.isFull ? 0 : StageLayout.SubmissionsCapacity - this.count;
  }

  /** Whether the next submission can have a prefix of this length, by `prefix` or by `annex`. */
  hasRoomFor(length: number): boolean {
    if (isLarge(length)) return this.annexed === null;
    return this.prefixEnd + length <= StageLayout.Prefixes + StageLayout.PrefixesSize;
  }

  /**
   * Writes the next submission. It becomes part of the coming turn by `commit`; until then it can
   * be written again. What has no parameter here is zero, unless `range1` or `prefix` set it.
   */
  write(
    op: number,
    descriptor: number,
    argument: number,
    flags: number,
    pointer: number,
    length: number,
    offsetLow: number,
    offsetHigh: number,
  ): void {
    const { words } = this;
    const at = this.next();
    words[at + SubmissionWord.Op] = op;
    words[at + SubmissionWord.Descriptor] = descriptor;
    words[at + SubmissionWord.Pointer0] = pointer;
    words[at + SubmissionWord.Length0] = length;
    words[at + SubmissionWord.OffsetLow] = offsetLow;
    words[at + SubmissionWord.OffsetHigh] = offsetHigh;
    words[at + SubmissionWord.Flags] = flags;
    words[at + SubmissionWord.Argument] = argument;
  }

  /** Sets the second range of the next submission. */
  range1(pointer: number, length: number): void {
    const at = this.next();
    this.hasMore = true;
    this.words[at + SubmissionWord.Pointer1] = pointer;
    this.words[at + SubmissionWord.Length1] = length;
  }

  /** Puts text, which has room, before the path of the next submission. */
  prefix(text: Uint8Array): void {
    const at = this.next();
    this.words[at + SubmissionWord.PrefixOffset] = this.text(text);
    this.words[at + SubmissionWord.PrefixLength] = text.length;
  }

  /** Makes text that is too large for the stage, and lent to the backend, the prefix. */
  annex(text: Uint8Array): void {
    const at = this.next();
    this.hasMore = true;
    this.annexed = text;
    this.words[at + SubmissionWord.PrefixLength] = text.length;
  }

  /** The same for its second path. */
  secondPrefix(text: Uint8Array): void {
    const at = this.next();
    this.words[at + SubmissionWord.SecondPrefixOffset] = this.text(text);
    this.words[at + SubmissionWord.SecondPrefixLength] = text.length;
  }

  /** Makes the next submission part of the coming turn. */
  commit(slot: number, generation: number): void {
    const at = this.next();
    this.words[at + SubmissionWord.Slot] = slot;
    this.words[at + SubmissionWord.Generation] = generation;
    this.count++;
  }

  /** Stages the wish to cancel an operation. There must be room. */
  cancel(slot: number, generation: number): void {
    this.write(StageOp.Cancel, 0, 0, 0, 0, 0, 0, 0);
    this.commit(slot, generation);
  }

  /** Called when a turn has taken everything. */
  taken(): void {
    if (this.hasMore) {
      // One more than counts: a submission can have been written and then not committed.
      const written = Math.min(this.count + 1, StageLayout.SubmissionsCapacity);
      this.words.fill(0, 0, written * SubmissionWord.Count);
      this.hasMore = false;
    }
    this.count = 0;
    this.annexed = null;
    this.prefixEnd = StageLayout.Prefixes;
  }

  /** The slot of the completion with this number. */
  completedSlot(index: number): number {
    return this.words[completion(index) + CompletionWord.Slot]!;
  }

  /** The generation of the completion with this number. */
  completedGeneration(index: number): number {
    return this.words[completion(index) + CompletionWord.Generation]!;
  }

  /** The low half of the result of the completion with this number. */
  resultLow(index: number): number {
    return this.words[completion(index) + CompletionWord.ResultLow]!;
  }

  /** The high half of the result of the completion with this number. */
  resultHigh(index: number): number {
    return this.words[completion(index) + CompletionWord.ResultHigh]!;
  }

  /** Puts text into the stage. @returns where. */
  private text(text: Uint8Array): number {
    const from = this.prefixEnd;
    this.hasMore = true;
    this.bytes.set(text, from);
    this.prefixEnd = from + text.length;
    return from;
  }

  /** The word index of the next submission. */
  private next(): number {
    return (StageLayout.Submissions >> 2) + this.count * SubmissionWord.Count;
  }
}

/** Whether the stage does not take a text of this length, or only that one. */
export function isLarge(length: number): boolean {
  return length > StageLayout.PrefixesSize >> 1;
}

/** The word index of a completion. */
function completion(index: number): number {
  return (StageLayout.Completions >> 2) + index * CompletionWord.Count;
}
