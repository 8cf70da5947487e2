/**
 * Submissions and completions as a backend in TypeScript sees them: decoded from the stage, and
 * written to it.
 */
import { CompletionWord, StageArgument, StageLayout, SubmissionWord } from "./stage.js";

/** One staged submission. What it lends lies in guest memory. */
export interface Submission {
  /** An `Op`, or a `StageOp`. */
  readonly op: number;
  readonly slot: number;
  readonly generation: number;
  readonly descriptor: number;
  readonly pointer: number;
  readonly length: number;
  readonly pointer1: number;
  readonly length1: number;
  readonly offset: bigint;
  readonly flags: number;
  /** `StageArgument` bits. */
  readonly argument: number;
  /** What the host has put before the path, or in place of a record; a copy. */
  readonly prefix: Uint8Array;
  /** The same for the second path. */
  readonly secondPrefix: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const FIRST = StageLayout.Submissions >> 2;
/** The upper half of a failure for which no system has a number. */
const FAILED = 0x80000000;
const FIRST_COMPLETION = StageLayout.Completions >> 2;

/** The stage, from the backend's side. */
export class StageReader {
  private readonly words: Uint32Array;
  private readonly bytes: Uint8Array;
  private annexed: Uint8Array = NOTHING;

  constructor(stage: ArrayBuffer) {
    this.words = new Uint32Array(stage);
    this.bytes = new Uint8Array(stage);
  }

  /** Keeps a text that was lent for the coming turn. */
  annex(text: Uint8Array): void {
    this.annexed = text;
  }

  /** One word of the submission with this number. */
  word(index: number, word: SubmissionWord): number {
    return this.words[FIRST + index * SubmissionWord.Count + word]!;
  }

  /** Decodes the submission with this number. */
  submission(index: number): Submission {
    const word = (name: SubmissionWord): number => this.word(index, name);
    const argument = word(SubmissionWord.Argument);
    const text = (argument & StageArgument.Annex) !== 0 ? this.annexed : this.bytes;
    const copy = (source: Uint8Array, from: number, length: number): Uint8Array =>
      length === 0 ? NOTHING : source.slice(from, from + length);
    return {
      op: word(SubmissionWord.Op),
      slot: word(SubmissionWord.Slot),
      generation: word(SubmissionWord.Generation),
      descriptor: word(SubmissionWord.Descriptor) | 0,
      pointer: word(SubmissionWord.Pointer0),
      length: word(SubmissionWord.Length0),
      pointer1: word(SubmissionWord.Pointer1),
      length1: word(SubmissionWord.Length1),
      offset: BigInt.asIntN(64, (BigInt(word(SubmissionWord.OffsetHigh)) << 32n) |
        BigInt(word(SubmissionWord.OffsetLow))),
      flags: word(SubmissionWord.Flags),
      argument,
      prefix: copy(text, word(SubmissionWord.PrefixOffset), word(SubmissionWord.PrefixLength)),
      secondPrefix: copy(this.bytes, word(SubmissionWord.SecondPrefixOffset),
        word(SubmissionWord.SecondPrefixLength)),
    };
  }

  /** Moves a submission to a lower number, so that those that remain have no gaps. */
  move(from: number, to: number): void {
    const size = SubmissionWord.Count;
    this.words.copyWithin(FIRST + to * size, FIRST + from * size, FIRST + (from + 1) * size);
  }

  /** Writes the completion with this number: a value, or a negative `Errno`. */
  complete(index: number, slot: number, generation: number, result: number): void {
    const at = FIRST_COMPLETION + index * CompletionWord.Count;
    this.words[at + CompletionWord.Slot] = slot;
    this.words[at + CompletionWord.Generation] = generation;
    this.words[at + CompletionWord.ResultLow] = result;
    this.words[at + CompletionWord.ResultHigh] = result < 0 ? FAILED : result / 0x100000000;
  }
}

/** The whole first path of a submission: what the host put before it, and the guest's part. */
export function firstPath(submission: Submission, memory: Uint8Array): Uint8Array {
  const { prefix, pointer, length } = submission;
  return joined(prefix, memory.subarray(pointer, pointer + length));
}

/** The same for the second path. */
export function secondPath(submission: Submission, memory: Uint8Array): Uint8Array {
  const { secondPrefix, pointer1, length1 } = submission;
  return joined(secondPrefix, memory.subarray(pointer1, pointer1 + length1));
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
