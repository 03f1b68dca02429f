import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IncomingRtp } from '../link/types.ts';
import { ReorderBuffer, type ReorderSink } from './reorder.ts';
import { seeded } from './testing/random.ts';

const limits = { minReorderMs: 20, maxReorderMs: 60, maxReorderPackets: 64 };
const empty = new Uint8Array(0);

function packet(sequence: number): IncomingRtp {
  return { payload: empty, sequence: sequence & 0xffff, timestamp: 0, marker: false };
}

class Recorder {
  readonly got: number[] = [];
  readonly asked: number[][] = [];
  lost = 0;
  restarts = 0;
  readonly buffer: ReorderBuffer;

  constructor(given = limits) {
    this.buffer = new ReorderBuffer(given, this.#sink);
  }

  readonly #sink: ReorderSink = {
    onPacket: (taken) => this.got.push(taken.sequence),
    onLost: (packets) => {
      this.lost += packets;
    },
    onRestart: () => {
      this.restarts++;
    },
    onMissing: (sequences) => this.asked.push([...sequences]),
  };

  push(sequence: number, now: number): void {
    this.buffer.push(packet(sequence), now);
  }
}

describe('packets in order', () => {
  it('[EG2] go on at once when they are next, over the wrap of the numbers', () => {
    const recorder = new Recorder();
    for (let i = 0; i < 10; i++) recorder.push(65_530 + i, i);
    expect(recorder.got).toEqual([65_530, 65_531, 65_532, 65_533, 65_534, 65_535, 0, 1, 2, 3]);
    expect(recorder.buffer.waiting).toBe(0);
  });

  it('[EG2] are put in order, and repeated ones dropped', () => {
    const recorder = new Recorder();
    for (const [i, sequence] of [10, 12, 12, 11, 11, 10, 13, 13].entries()) recorder.push(sequence, i);
    expect(recorder.got).toEqual([10, 11, 12, 13]);
    expect(recorder.buffer.stats).toMatchObject({ duplicates: 4, repaired: 1, lost: 0 });
  });

  it('[EG3] missing ones are asked for at once, again while they are missing, and not for ever', () => {
    const recorder = new Recorder();
    recorder.push(10, 0);
    recorder.push(13, 0);
    expect(recorder.asked).toEqual([[11, 12]]);
    for (let now = 5; now <= 15; now += 5) recorder.buffer.tick(now);
    expect(recorder.asked).toHaveLength(1);
    recorder.push(11, 18);
    recorder.buffer.tick(20);
    expect(recorder.asked).toEqual([[11, 12], [12]]);
    for (let now = 25; now < 55; now += 5) recorder.buffer.tick(now);
    expect(recorder.asked).toEqual([[11, 12], [12], [12]]);
  });

  it('[EG3] in a long window it is asked for four times at most', () => {
    const recorder = new Recorder({ ...limits, maxReorderMs: 1_000 });
    recorder.push(10, 0);
    recorder.push(12, 0);
    for (let now = 5; now < 900; now += 5) recorder.buffer.tick(now);
    expect(recorder.asked).toEqual([[11], [11], [11], [11]]);
  });

  it('[EG4] what stays missing is given up when the window is over, and told', () => {
    const recorder = new Recorder();
    recorder.push(10, 0);
    recorder.push(13, 0);
    recorder.push(14, 30);
    recorder.buffer.tick(59);
    expect(recorder.got).toEqual([10]);
    recorder.buffer.tick(60);
    expect(recorder.got).toEqual([10, 13, 14]);
    expect(recorder.lost).toBe(2);
    recorder.push(12, 61);
    expect(recorder.got).toEqual([10, 13, 14]);
    expect(recorder.buffer.stats.late).toBe(1);
  });

  it('[EG4] the window shrinks where repairs are fast or never come, and grows with those that come late', () => {
    const fast = new Recorder();
    for (let i = 0; i < 400; i += 2) {
      fast.push(i + 1, i * 10);
      if (i === 0) continue;
      fast.push(i, i * 10 + 8);
    }
    expect(fast.buffer.windowMs).toBeLessThan(25);
    // Now they come 45 ms after the gap: at first too late, soon in time.
    let lost = fast.lost;
    for (let i = 402; i < 500; i += 2) {
      const now = i * 100;
      fast.push(i + 1, now);
      for (let tick = 0; tick < 45; tick += 5) fast.buffer.tick(now + tick);
      fast.push(i, now + 45);
      if (i === 404) lost = fast.lost;
    }
    expect(fast.buffer.windowMs).toBe(60);
    expect(fast.lost).toBe(lost);
    const never = new Recorder();
    for (let i = 0; i < 400; i += 2) {
      never.push(i, i * 100);
      never.buffer.tick(i * 100 + 99);
    }
    expect(never.buffer.windowMs).toBe(20);
  });

  it('[EG5] no more packets wait than the limit', () => {
    const recorder = new Recorder();
    recorder.push(0, 0);
    for (let i = 2; i < 200; i++) {
      recorder.push(i, 1);
      expect(recorder.buffer.waiting).toBeLessThanOrEqual(limits.maxReorderPackets);
    }
    expect(recorder.got.at(-1)).toBe(199);
    expect(recorder.lost).toBe(1);
  });

  it('[EG6] numbers that begin anew are followed after two in sequence, told once', () => {
    const recorder = new Recorder();
    for (let i = 0; i < 5; i++) recorder.push(i, i);
    recorder.push(30_000, 5);
    recorder.push(5, 6);
    expect(recorder.got).toEqual([0, 1, 2, 3, 4, 5]);
    for (let i = 40_000; i < 40_004; i++) recorder.push(i, 7);
    expect(recorder.got.slice(6)).toEqual([40_001, 40_002, 40_003]);
    expect(recorder.restarts).toBe(1);
  });

  it('[EG6] a few old packets are no new beginning', () => {
    const recorder = new Recorder();
    for (let i = 0; i < 500; i++) recorder.push(i, i);
    for (let i = 0; i < 10; i++) recorder.push(i + 100, 500);
    recorder.push(500, 501);
    expect(recorder.restarts).toBe(0);
    expect(recorder.got.at(-1)).toBe(500);
  });

  it('[EG2] with any loss, order and repetition: in order, none twice, and every one that came in time', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer(),
          first: fc.integer({ min: 0, max: 65_535 }),
          loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
          reorder: fc.double({ min: 0, max: 0.3, noNaN: true }),
          duplicates: fc.double({ min: 0, max: 0.2, noNaN: true }),
        }),
        ({ seed, first, loss, reorder, duplicates }) => {
          const random = seeded(seed);
          const arrivals: { at: number; number: number }[] = [];
          const sent = 400;
          const came = new Set<number>();
          for (let i = 0; i < sent; i++) {
            if (i > 0 && random() < loss) continue;
            came.add(i);
            // Less than the least window: so none of these may be given up.
            const way = i > 0 && random() < reorder ? random() * 18 : 0;
            arrivals.push({ at: i * 3 + way, number: i });
            if (random() < duplicates) arrivals.push({ at: i * 3 + way + random() * 40, number: i });
          }
          arrivals.sort((a, b) => a.at - b.at);
          const recorder = new Recorder();
          let next = 0;
          for (const { at, number } of arrivals) {
            for (; next <= at; next += 5) recorder.buffer.tick(next);
            recorder.push(first + number, at);
          }
          recorder.buffer.tick(1e9);
          const expected = [...came].sort((a, b) => a - b).map((number) => (first + number) & 0xffff);
          expect(recorder.got).toEqual(expected);
          expect(recorder.buffer.stats.delivered).toBe(expected.length);
        },
      ),
      { numRuns: 150, seed: 20_261_121 },
    );
  });

  it('[EG7] random numbers at random times never throw, and what waits stays bounded', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed);
      const recorder = new Recorder();
      let now = 0;
      for (let i = 0; i < 3_000; i++) {
        now += random() * 10;
        const near = random() < 0.8;
        recorder.push(near ? i + Math.floor(random() * 80) : Math.floor(random() * 65_536), now);
        if (random() < 0.5) recorder.buffer.tick(now);
        expect(recorder.buffer.waiting).toBeLessThanOrEqual(limits.maxReorderPackets);
      }
      for (const asked of recorder.asked) expect(asked.length).toBeLessThanOrEqual(64);
    }
  });
});
