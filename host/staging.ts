/**
 * The host's side of the stage: where submissions are written until the next turn takes them, and
 * where completions are read.
 */
import { CompletionWord, StageLayout, StageOp, SubmissionWord } from "./backend/stage.js";
import { MAX_PATH } from "./namespace.js";

/** Up to here another prefix of any length fits. */
const LAST_PREFIX = StageLayout.Prefixes + StageLayout.PrefixesSize - MAX_PATH;

/** The submissions of the coming turn, and the completions of the last one. */
export class Staging {
  /** How many submissions are staged. */
  count = 0;
  /** All of the stage as words. Submissions are edited here in place. */
  readonly words: Uint32Array;
  private readonly bytes: Uint8Array;
  /** Where the next prefix goes; what lies before belongs to what is staged. */
  private prefixEnd = StageLayout.Prefixes;

  constructor(stage: ArrayBuffer) {
    this.words = new Uint32Array(stage);
    this.bytes = new Uint8Array(stage);
  }

  /** Whether a turn has to take what is staged before anything can be added. */
  get isFull(): boolean {
    return this.count === StageLayout.SubmissionsCapacity || this.prefixEnd > LAST_PREFIX;
  }

  /** The word index of the next submission. It counts only once `commit` is called. */
  next(): number {
    return (StageLayout.Submissions >> 2) + this.count * SubmissionWord.Count;
  }

  /** Makes the submission at `next()` part of the coming turn. */
  commit(slot: number, generation: number): void {
    const at = this.next();
    this.words[at + SubmissionWord.Slot] = slot;
    this.words[at + SubmissionWord.Generation] = generation;
    this.count++;
  }

  /** Stages the wish to cancel an operation. There must be room. */
  cancel(slot: number, generation: number): void {
    const at = this.next();
    this.words.fill(0, at, at + SubmissionWord.Count);
    this.words[at + SubmissionWord.Op] = StageOp.Cancel;
    this.commit(slot, generation);
  }

  /** Writes the submission at `next()`: `op` on a descriptor, and nothing else. */
  plain(op: number, descriptor: number): void {
    const at = this.next();
    this.words.fill(0, at, at + SubmissionWord.Count);
    this.words[at + SubmissionWord.Op] = op;
    this.words[at + SubmissionWord.Descriptor] = descriptor;
  }

  /** Puts text, `MAX_PATH` bytes at most, before the path of the submission at word `at`. */
  prefix(at: number, text: Uint8Array): void {
    const from = this.prefixEnd;
    this.bytes.set(text, from);
    this.prefixEnd = from + text.length;
    this.words[at + SubmissionWord.PrefixOffset] = from;
    this.words[at + SubmissionWord.PrefixLength] = text.length;
  }

  /** Called when a turn has taken everything. */
  taken(): void {
    this.count = 0;
    this.prefixEnd = StageLayout.Prefixes;
  }

  /** The word index of the completion with this number. */
  completion(index: number): number {
    return (StageLayout.Completions >> 2) + index * CompletionWord.Count;
  }

  /** The slot of the completion at word `at`. */
  completedSlot(at: number): number {
    return this.words[at + CompletionWord.Slot]!;
  }

  /** The generation of the completion at word `at`. */
  completedGeneration(at: number): number {
    return this.words[at + CompletionWord.Generation]!;
  }

  /** The low half of the result of the completion at word `at`. */
  resultLow(at: number): number {
    return this.words[at + CompletionWord.ResultLow]!;
  }

  /** The high half of the result of the completion at word `at`. */
  resultHigh(at: number): number {
    return this.words[at + CompletionWord.ResultHigh]!;
  }
}
