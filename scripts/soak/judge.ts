/** Whether a guest that was measured again and again stayed as it was. */

/** The guest at rest. */
export interface Sample {
  /** Of guest memory, 64 KiB each. */
  readonly pages: number;
  readonly mebibytes: number;
  /** What each descriptor stands for, sorted. */
  readonly descriptors: readonly string[];
  readonly children: number;
  /** What was done in the round. */
  readonly counts: string;
}

/** What may come and go without being a leak: the collectors of V8 and of the guest are lazy. */
const spareMebibytes = 16;
const sparePages = 32;
/** So many samples, and what is early has seen all there is to see. */
const manySamples = 30;

/** What is wrong with the samples of a run; nothing is what one wants. */
export function judge(samples: readonly Sample[]): string[] {
  const found: string[] = [];
  const third = Math.max(1, Math.floor(samples.length / 3));
  const most = (part: readonly Sample[], of: (sample: Sample) => number): number =>
    Math.max(...part.map(of));
  const early = samples.slice(0, third);
  const late = samples.slice(-third);
  const [first] = samples;
  for (const { descriptors } of samples) {
    if (String(descriptors) === String(first?.descriptors)) continue;
    found.push(`descriptors were ${String(first?.descriptors)} and became ${String(descriptors)}`);
    break;
  }
  const children = most(samples, (sample) => sample.children);
  if (children > 0) found.push(`${children} child processes are left`);
  const before = most(early, ({ pages }) => pages);
  const pages = most(late, ({ pages }) => pages) - before;
  // Guest memory doubles when it grows, and a short run may just have come to that point.
  if (pages > (samples.length < manySamples ? before : sparePages)) {
    found.push(`guest memory grew by ${pages} pages`);
  }
  const least = Math.min(...late.map(({ mebibytes }) => mebibytes));
  const grown = least - most(early, ({ mebibytes }) => mebibytes);
  if (grown > spareMebibytes) found.push(`the process grew by ${grown.toFixed()} MiB`);
  return found;
}
