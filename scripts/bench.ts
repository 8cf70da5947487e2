/** `npm run bench [-- --json FILE] [name…]`: measures us against others, on this machine, now. */
import { writeFileSync } from "node:fs";
import { select } from "./bench/benchmarks.js";
import { measure, type Row } from "./bench/measure.js";

const usage = "usage: npm run bench [-- [--json FILE] [name…]]";

function format(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function print({ name, ours, peer, peerName, ratio, unit }: Row): void {
  const columns = [
    name.padEnd(22), format(ours).padStart(9), peerName.padStart(15), format(peer).padStart(9),
    ratio.toFixed(2).padStart(8), " " + unit,
  ];
  console.log(columns.join(" "));
}

async function main(args: string[]): Promise<void> {
  const names: string[] = [];
  let file: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] as string;
    if (arg === "--json" && (file = args[++index])) continue;
    if (arg.startsWith("-")) throw new Error(usage);
    names.push(arg);
  }
  console.log(["name".padEnd(22), "ours".padStart(9), "peer".padStart(25), "ratio".padStart(8)]
    .join(" "));
  const rows: Row[] = [];
  for (const benchmark of select(names)) {
    const measured = await measure(benchmark);
    measured.forEach(print);
    rows.push(...measured);
    // After every benchmark, so that what was measured survives the failure of a later one.
    if (file !== undefined) writeFileSync(file, JSON.stringify(rows, null, 2) + "\n");
  }
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
