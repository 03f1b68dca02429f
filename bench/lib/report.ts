import { cpus } from 'node:os';

/** One measured thing beside its peer or floor, measured in the same run. */
export interface Row {
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  /** What it is compared with, and its figure; null where there is nothing to compare. */
  readonly peer: { readonly name: string; readonly value: number } | null;
  /** ours ÷ peer. */
  readonly ratio: number | null;
}

/** Makes a row; figures keep three significant digits, since a run's noise is larger than that. */
export function row(
  name: string,
  unit: string,
  ours: number,
  peer: { name: string; value: number } | null = null,
): Row {
  return {
    case: name,
    unit,
    ours: digits(ours),
    peer: peer === null ? null : { name: peer.name, value: digits(peer.value) },
    ratio: peer === null ? null : digits(ours / peer.value),
  };
}

function digits(value: number): number {
  return Number(value.toPrecision(3));
}

/** Prints the report as JSON on standard output. */
export function print(name: string, rows: readonly Row[], extra: Record<string, unknown> = {}): void {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  console.log(JSON.stringify({ bench: name, at: new Date().toISOString(), machine, ...extra, rows }, null, 2));
}

/** Median of a list. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Percentile by nearest rank. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil((p / 100) * sorted.length) - 1))] ?? Number.NaN;
}

/**
 * Operations per second of several contestants, measured in turns (A B C A B C …) so that a change of the machine's
 * mood meets all alike. Answers the median round of each.
 */
export function rates(contestants: Record<string, () => void>, rounds = 7, roundMs = 200): Record<string, number> {
  const names = Object.keys(contestants);
  const results = new Map<string, number[]>(names.map((name) => [name, []]));
  for (const name of names) for (let i = 0; i < 200; i++) contestants[name]!();
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const run = contestants[name]!;
      const begin = performance.now();
      let count = 0;
      let now = begin;
      while (now - begin < roundMs) {
        for (let i = 0; i < 50; i++) run();
        count += 50;
        now = performance.now();
      }
      results.get(name)!.push((count * 1000) / (now - begin));
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(results.get(name)!)]));
}
