import type { Rgb } from './harness-api.ts';

/** Colours that stay apart after any codec, and tones that stay apart in any spectrum. */
export const COLORS = {
  red: [200, 30, 30],
  green: [30, 160, 40],
  blue: [30, 50, 200],
  yellow: [210, 200, 30],
  magenta: [190, 40, 190],
  cyan: [30, 180, 190],
  grey: [110, 110, 110],
} as const satisfies Record<string, Rgb>;

export const TONES = { a: 500, b: 900, c: 1300, d: 1700, e: 2300 } as const;
