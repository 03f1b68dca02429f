import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTimeLine, type TrackKind } from './time-line.ts';

const limits = { maxStepBackMs: 1_000, maxStepForwardMs: 10_000 };

function line() {
  const jumps: [TrackKind, number][] = [];
  const timeLine = createTimeLine(limits, (kind, byMs) => jumps.push([kind, byMs]));
  return { place: timeLine.place, jumps };
}

describe('the timeline of a publish', () => {
  it('[MS42] goes on past 32 bits, for both kinds together', () => {
    const { place, jumps } = line();
    const begin = 2 ** 32 - 100;
    for (let i = 0; i < 20; i++) {
      expect(place('video', (begin + i * 40) >>> 0, i * 40)).toBe(begin + i * 40);
      expect(place('audio', (begin + i * 40 + 10) >>> 0, i * 40)).toBe(begin + i * 40 + 10);
    }
    expect(jumps).toEqual([]);
  });

  it('[MS42] a small step back is held, and the stamps behind it are right again', () => {
    const { place, jumps } = line();
    expect([100, 140, 120, 130, 160].map((stamp, i) => place('video', stamp, i * 40))).toEqual([
      100, 140, 140, 140, 160,
    ]);
    expect(jumps).toEqual([]);
  });

  it('[MS43] an encoder that begins anew goes on where it was, sound and picture together', () => {
    const { place, jumps } = line();
    place('video', 500_000, 0);
    place('audio', 500_010, 10);
    // 100 ms later everything begins at 0 again, sound 15 ms before the picture.
    expect(place('audio', 0, 110)).toBe(500_110);
    expect(place('video', 15, 115)).toBe(500_125);
    expect(place('audio', 23, 133)).toBe(500_133);
    expect(place('video', 55, 155)).toBe(500_165);
    expect(jumps).toEqual([
      ['audio', -500_010],
      ['video', -499_985],
    ]);
  });

  it('[MS43] a jump ahead that no time explains is bridged; a pause that it does is kept', () => {
    const { place, jumps } = line();
    place('video', 0, 0);
    expect(place('video', 60_000, 60_000)).toBe(60_000);
    expect(jumps).toEqual([]);
    expect(place('video', 9_000_000, 60_040)).toBe(60_040);
    expect(jumps).toEqual([['video', 8_940_000]]);
    expect(place('video', 9_000_040, 60_080)).toBe(60_080);
  });

  it('[MS47] stamps that run ahead of the time, each step as far as it may, are told of; drift and late bursts are not', () => {
    let ahead = 0;
    const fast = createTimeLine(
      limits,
      () => {},
      () => ahead++,
    );
    for (let i = 0; i < 100; i++) expect(fast.place('video', i * 9_900, i)).toBe(i * 9_900);
    expect(ahead).toBeGreaterThan(40);
    ahead = 0;
    const drifting = createTimeLine(
      limits,
      () => {},
      () => ahead++,
    );
    // A day, 100 ppm too fast, with a minute in which nothing came through and then all at once.
    for (let s = 0; s < 86_400; s++) {
      const minute = (s % 3_600) - 1_800;
      const late = minute >= 0 && minute < 60 ? 60 - minute : 0;
      drifting.place('audio', Math.round(s * 1_000.1), (s + late) * 1_000);
    }
    expect(ahead).toBe(0);
  });

  it('[MS43] a straggler of the old time does not tear the other kind away', () => {
    const { place, jumps } = line();
    place('video', 1_000, 0);
    place('audio', 1_000, 0);
    place('video', 900_000, 40);
    expect(place('audio', 1_023, 41)).toBe(1_023);
    expect(place('audio', 900_010, 50)).toBe(1_050);
    expect(jumps).toHaveLength(2);
  });

  it('[MS43] what stalled and comes in a burst keeps its stamps', () => {
    const { place, jumps } = line();
    place('video', 0, 0);
    for (let i = 1; i < 100; i++) expect(place('video', i * 40, 5_000 + i)).toBe(i * 40);
    expect(jumps).toEqual([]);
  });

  it('[MS42] never goes back within a kind and is never negative, whatever comes', () => {
    const step = fc.record({
      kind: fc.constantFrom<TrackKind>('audio', 'video'),
      stamp: fc.oneof(fc.nat(2 ** 32 - 1), fc.nat(5_000)),
      wait: fc.nat(3_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { place } = line();
        const last = { audio: 0, video: 0 };
        let now = 0;
        for (const { kind, stamp, wait } of steps) {
          now += wait;
          const at = place(kind, stamp, now);
          expect(at).toBeGreaterThanOrEqual(last[kind]);
          expect(Number.isSafeInteger(at)).toBe(true);
          last[kind] = at;
        }
      }),
    );
  });
});
