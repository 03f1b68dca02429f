import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_PLACE, SequenceMap } from './sequence-map.ts';
import { seeded } from './testing/scene.ts';

describe('sequence map', () => {
  it('[FW5] packets left out leave no gap, late ones find the offset of their time', () => {
    const map = new SequenceMap(1);
    map.anchor(100);
    expect(map.map(100)).toBe(1);
    expect(map.skip(101)).toBe(true);
    expect(map.skip(102)).toBe(true);
    expect(map.map(104)).toBe(3);
    expect(map.map(103)).toBe(2);
    // 106 is late when 107 went out: its place is open, it cannot be left out any more.
    expect(map.map(107)).toBe(6);
    expect(map.skip(106)).toBe(false);
    expect(map.map(106)).toBe(5);
    expect(map.map(99)).toBe(NO_PLACE);
  });

  it('[FW5] a new source follows without a gap and voids the old one', () => {
    const map = new SequenceMap(10);
    map.anchor(5000);
    expect(map.map(5000)).toBe(10);
    expect(map.map(5001)).toBe(11);
    map.anchor(70);
    expect(map.map(70)).toBe(12);
    expect(map.map(69)).toBe(NO_PLACE);
  });

  it('[FW5] whatever is lost, late or left out, no two packets share a number and only lost ones leave a hole (property)', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seeded(seed);
        const map = new SequenceMap(Math.floor(random() * 100));
        const sent = new Map<number, number>();
        const open: { extended: number; skip: boolean }[] = [];
        let lost = 0;
        map.anchor(1000);
        const deliver = (extended: number, skip: boolean) => {
          if (skip && map.skip(extended)) return;
          const out = map.map(extended);
          if (out === NO_PLACE) throw new Error(`No place for ${extended}.`);
          if (sent.has(out)) throw new Error(`${out} twice.`);
          sent.set(out, extended);
        };
        deliver(1000, false);
        for (let extended = 1001; extended < 1200; extended++) {
          const skip = random() < 0.1;
          const fate = random();
          if (fate < 0.05) lost++;
          else if (fate < 0.15) open.push({ extended, skip });
          else deliver(extended, skip);
          while (open.length > 3) {
            const late = open.shift()!;
            deliver(late.extended, late.skip);
          }
        }
        deliver(1200, false);
        for (const late of open) deliver(late.extended, late.skip);
        const numbers = [...sent.keys()].sort((a, b) => a - b);
        expect(numbers.at(-1)! - numbers[0]! + 1 - numbers.length).toBe(lost);
        const inOrder = numbers.map((out) => sent.get(out)!);
        expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});
