import { describe, expect, it } from 'vitest';
import { extendSequence, extendTimestamp, sequenceDistance } from './sequence.ts';

describe('counters that wrap', () => {
  it('[EG1] are widened to the nearest number, over their wrap and beyond 32 bits', () => {
    expect(extendSequence(2, 65_536 + 65_534)).toBe(2 * 65_536 + 2);
    expect(extendSequence(65_534, 2 * 65_536 + 2)).toBe(65_536 + 65_534);
    expect(extendSequence(7, 7)).toBe(7);
    expect(extendTimestamp(5, 4_294_967_290)).toBe(4_294_967_296 + 5);
    expect(extendTimestamp(4_294_967_290, 4_294_967_296 + 5)).toBe(4_294_967_290);
    const far = 4_294_967_296 * 1_000 + 77;
    expect(extendTimestamp(78, far)).toBe(far + 1);
    expect(sequenceDistance(1, 65_535)).toBe(2);
    expect(sequenceDistance(65_535, 1)).toBe(-2);
  });

  it('[EG1] count on for ever: a hundred turns in steps up to half a turn', () => {
    let number = 65_536 + 9;
    for (let i = 0; i < 1_000; i++) {
      const next = number + ((i * 7_919) % 32_000);
      expect(extendSequence(next % 65_536, number)).toBe(next);
      number = next;
    }
  });
});
