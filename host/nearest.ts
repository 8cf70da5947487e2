/** Finds out what somebody meant who wrote a word that is unknown. */

/**
 * The known word that differs the least from `word`, if it can be meant: of three letters one may
 * be wrong, missing, too many, or two in the wrong order.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  // No word that is meant is longer, and the work grows with the length.
  if (word.length > 64) return undefined;
  const letters = word.replace(/^-+/, "").length;
  let found: string | undefined;
  let least = Math.floor(letters / 3) + 1;
  for (const candidate of known) {
    const count = mistakes(word, candidate);
    if (count < least) [found, least] = [candidate, count];
  }
  return found;
}

/** How many mistakes lead from one word to another (the distance of optimal string alignment). */
function mistakes(left: string, right: string): number {
  let before: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let at = 1; at <= left.length; at++) {
    const row = [at];
    for (let to = 1; to <= right.length; to++) {
      const isSame = left[at - 1] === right[to - 1];
      let least = Math.min(last[to - 1]! + (isSame ? 0 : 1), last[to]! + 1, row[to - 1]! + 1);
      const isSwapped = at > 1 && to > 1 && left[at - 1] === right[to - 2] &&
        left[at - 2] === right[to - 1];
      if (isSwapped) least = Math.min(least, before[to - 2]! + 1);
      row.push(least);
    }
    [before, last] = [last, row];
  }
  return last[right.length]!;
}
