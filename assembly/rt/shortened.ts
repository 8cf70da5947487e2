/** How many units of a long text are shown, in bytes: its beginning, a mark, and its end. */
const SHOWN: usize = 512;
const FIRST: usize = 190;
const MARK: u16 = 0x2026;

/**
 * A text, without its middle if it is long: so that what follows a path in a message can be seen.
 * The half of a character at either cut becomes a replacement character when it is printed.
 */
export function shortened(text: string): string {
  const size = <usize>text.length << 1;
  if (size <= SHOWN) return text;
  const short = __new(SHOWN, idof<string>());
  const from = changetype<usize>(text) + size - SHOWN;
  memory.copy(short, from, SHOWN);
  memory.copy(short, changetype<usize>(text), FIRST);
  store<u16>(short, MARK, FIRST);
  return changetype<string>(short);
}
