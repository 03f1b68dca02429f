import { describe, expect, it } from 'vitest';
import { ageOf } from './age.ts';

const NOW = 1_800_000_000_000;

describe('[WEB2] the age of a room is told in the largest unit that fits', () => {
  it.each([
    [0, { unit: 'now' }],
    [59_999, { unit: 'now' }],
    [60_000, { unit: 'minutes', count: 1 }],
    [59 * 60_000 + 59_999, { unit: 'minutes', count: 59 }],
    [3_600_000, { unit: 'hours', count: 1 }],
    [86_399_999, { unit: 'hours', count: 23 }],
    [86_400_000, { unit: 'days', count: 1 }],
    [400 * 86_400_000, { unit: 'days', count: 400 }],
  ] as const)('%i ms', (age, expected) => {
    expect(ageOf(NOW - age, NOW)).toEqual(expected);
  });

  it('a clock behind the server reads as just now, and so does nonsense', () => {
    expect(ageOf(NOW + 90_000, NOW)).toEqual({ unit: 'now' });
    expect(ageOf(Number.NaN, NOW)).toEqual({ unit: 'now' });
  });
});
