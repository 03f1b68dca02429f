/** A decoded picture: when it is shown, and how light it is (0 … 255). */
export interface ShownFrame {
  readonly ms: number;
  readonly light: number;
}

/** Decoded sound: samples, and when each run of them is heard. */
export interface HeardSound {
  readonly rate: number;
  readonly samples: Int16Array;
  /** In order; a run begins at sample `first`. */
  readonly runs: readonly { readonly first: number; readonly ms: number }[];
}

/** One flash with its beep. */
export interface Beat {
  /** Which second of the recording the beep is in. */
  readonly second: number;
  /** How far the picture is behind the sound (ms; negative: before it). */
  readonly apart: number;
}

export interface Skew {
  readonly median: number;
  readonly beats: readonly Beat[];
}

/** Flashes and beeps come once a second, and what belongs together is nearer than half of that. */
const PERIOD_MS = 1_000;
const LIGHT = 128;
/** Recordings of the same beats begin so many seconds apart at most. */
const MAX_SHIFT = 8;
/** 0, 1, −1, 2, −2 … */
const SHIFTS = Array.from(
  { length: 2 * MAX_SHIFT + 1 },
  (_, index) => (index % 2 === 1 ? 1 : -1) * Math.ceil(index / 2),
);

/**
 * @param fromMs what is before it is not counted: the receiver settles.
 */
export function skewOf(frames: readonly ShownFrame[], sound: HeardSound, fromMs: number): Skew {
  const beeps = beepsIn(sound);
  const beats: Beat[] = [];
  for (const flash of flashesIn(frames)) {
    if (flash < fromMs) continue;
    const beep = beeps.find((at) => Math.abs(flash - at) < PERIOD_MS / 2);
    if (beep === undefined) continue;
    beats.push({ second: Math.round((beep - (beeps[0] ?? 0)) / PERIOD_MS), apart: flash - beep });
  }
  return { median: medianOf(beats.map(({ apart }) => apart)), beats };
}

/**
 * What lies between two recordings of the same flashes and beeps: `after` less `before`, beat by beat. Which beat of one is
 * which of the other is not written on them: it is found by the unevenness of the sender, which both show. A constant
 * difference has no part in that choice, and among equals the nearest has it. Every beat counts in it: a sender whose
 * unevenness nearly repeats itself would by its better half be taken for itself some beats later.
 */
export function addedBetween(before: Skew, after: Skew): { readonly median: number; readonly all: readonly number[] } {
  const earlier = new Map(before.beats.map(({ second, apart }) => [second, apart]));
  let best = { median: Number.NaN, all: [] as readonly number[], spread: Number.POSITIVE_INFINITY };
  for (const shift of SHIFTS) {
    const all = after.beats.flatMap(({ second, apart }) => {
      const was = earlier.get(second + shift);
      return was === undefined ? [] : [apart - was];
    });
    if (all.length < after.beats.length / 2) continue;
    const median = medianOf(all);
    const spread = all.reduce((sum, value) => sum + Math.abs(value - median), 0) / all.length;
    if (spread < best.spread) best = { median, all, spread };
  }
  return best;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The first light frame of each flash. */
function flashesIn(frames: readonly ShownFrame[]): readonly number[] {
  const found: number[] = [];
  frames.forEach(({ ms, light }, index) => {
    const before = frames[index - 1];
    if (before !== undefined && before.light < LIGHT && light >= LIGHT) found.push(ms);
  });
  return found;
}

/** The first loud sample of each beep. */
function beepsIn({ samples, rate, runs }: HeardSound): readonly number[] {
  let peak = 0;
  for (const value of samples) peak = Math.max(peak, Math.abs(value));
  const loud = peak * 0.3;
  const found: number[] = [];
  let run = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < samples.length; index += 1) {
    if (Math.abs(samples[index] ?? 0) < loud) continue;
    while ((runs[run + 1]?.first ?? Number.POSITIVE_INFINITY) <= index) run += 1;
    const { first, ms } = runs[run] ?? { first: 0, ms: 0 };
    const at = ms + ((index - first) * 1000) / rate;
    if (at - last > PERIOD_MS / 2) found.push(at);
    last = at;
  }
  return found;
}
