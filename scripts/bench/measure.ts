/** How we measure: interleaved runs, medians, one ratio that always means "times better". */

/** One line of the result, as the JSON file has it. */
export interface Row {
  name: string;
  ours: number;
  peer: number;
  /** Short: `c`, `node`, …; `bar` where the peer is a limit that we set ourselves. */
  peerName: string;
  /** How many times better ours is, whatever the unit; 0.5: half as good. */
  ratio: number;
  unit: string;
}

/** A quantity that a benchmark measures. */
export interface Quantity {
  name: string;
  unit: string;
  better: "higher" | "lower";
}

/** One of those who do the same work. */
export interface Contestant {
  /** `ours` or the name of the peer. */
  name: string;
  /** Does the work once and gives each quantity of the benchmark, in the benchmark's order. */
  sample(): Promise<number[]>;
}

export interface Benchmark {
  quantities: Quantity[];
  /** How often each contestant runs; 5 unless given. */
  rounds?: number;
  /** Compiles what is needed and gives the contestants, ours first. */
  prepare(): Promise<Contestant[]>;
  /** More rows that follow from the measured ones. */
  derive?(rows: Row[]): Row[];
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 ? upper : (upper + (sorted[half - 1] as number)) / 2;
}

export function makeRow(quantity: Quantity, ours: number, peer: number, peerName: string): Row {
  const ratio = quantity.better === "higher" ? ours / peer : peer / ours;
  return { name: quantity.name, ours, peer, peerName, ratio, unit: quantity.unit };
}

/** Runs the contestants in turn, another one first in each round, and compares the medians. */
export async function measure(benchmark: Benchmark): Promise<Row[]> {
  const contestants = await benchmark.prepare();
  const samples = contestants.map((): number[][] => []);
  for (let round = 0; round < (benchmark.rounds ?? 5); round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const index = (round + turn) % contestants.length;
      samples[index]?.push(await (contestants[index] as Contestant).sample());
    }
  }
  const middle = (contestant: number, quantity: number): number =>
    median((samples[contestant] as number[][]).map((sample) => sample[quantity] as number));
  const rows = benchmark.quantities.flatMap((quantity, index) =>
    contestants.slice(1).map((peer, before) =>
      makeRow(quantity, middle(0, index), middle(before + 1, index), peer.name)));
  return [...rows, ...benchmark.derive?.(rows) ?? []];
}
