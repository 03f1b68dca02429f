import { describe, expect, it } from 'vitest';
import { NackGenerator } from './nack-generator.ts';
import { ARRIVAL, Reception } from './reception.ts';

function take(reception: Reception, sequence: number, repaired = false): number {
  const arrival = reception.accept(sequence, repaired);
  if (arrival !== ARRIVAL.stale) reception.count(repaired);
  return arrival;
}

describe('reception', () => {
  it('[FW11] counts loss over the wrap, before and after repair (RFC 3550 A.3)', () => {
    const reception = new Reception();
    for (let i = 0; i < 100; i++) if (i % 10 !== 5) take(reception, (65_500 + i) & 0xffff);
    expect(reception.expected).toBe(100);
    expect(reception.lost).toBe(10);
    expect(reception.takeFraction()).toBe(25);
    expect(reception.takeFraction()).toBe(0);
    for (let i = 5; i < 55; i += 10) take(reception, (65_500 + i) & 0xffff, true);
    expect(reception.takeLoss()).toEqual({ beforeRepair: 0.1, afterRepair: 0.05, expected: 100 });
    expect(reception.takeLoss().expected).toBe(0);
    expect(reception.reportedHighest).toBe(65_599);
  });

  it('[FW11] measures jitter from the first packet of each frame', () => {
    const reception = new Reception();
    for (let i = 0; i < 200; i++) {
      reception.measureJitter(i * 3000, 1000 + (i * 100) / 3 + (i % 2) * 5, 90_000);
      reception.measureJitter(i * 3000, 1000 + (i * 100) / 3 + 20, 90_000);
    }
    expect(reception.jitter / 90).toBeGreaterThan(4.5);
    expect(reception.jitter / 90).toBeLessThan(5.5);
  });

  it('[FW11] a stray far away is dropped, two in a row begin the stream anew', () => {
    const reception = new Reception();
    take(reception, 100);
    expect(take(reception, 30_000)).toBe(ARRIVAL.stale);
    expect(take(reception, 101)).toBe(ARRIVAL.next);
    expect(take(reception, 40_000)).toBe(ARRIVAL.stale);
    expect(take(reception, 40_001)).toBe(ARRIVAL.restarted);
    expect(take(reception, 40_002)).toBe(ARRIVAL.next);
    expect(reception.expected).toBe(2);
  });
});

describe('NACK generator', () => {
  it('[FW12] asks for each missing packet at once, again after a round trip, and stops in the end', () => {
    const nacks = new NackGenerator();
    nacks.gap(10, 14);
    let now = 0;
    expect(nacks.collect(now, 50)).toBe(3);
    expect([...nacks.due.subarray(0, 3)]).toEqual([11, 12, 13]);
    expect(nacks.collect(49, 50)).toBe(0);
    expect(nacks.arrived(12, true, 40)).toBe(40);
    expect(nacks.arrived(12, true, 40)).toBe(-1);
    let asked = 1;
    for (now = 50; now < 5000; now += 50) if (nacks.collect(now, 50) === 2) asked++;
    expect(asked).toBe(10);
    expect(nacks.size).toBe(0);
  });

  it('[FW12] is bounded: old ones give way, a gap too wide is left to a keyframe', () => {
    const nacks = new NackGenerator();
    expect(nacks.gap(0, 1000)).toBe(false);
    expect(nacks.size).toBe(0);
    let highest = 0;
    for (let i = 0; i < 10; i++) {
      expect(nacks.gap(highest, highest + 101)).toBe(true);
      highest += 101;
    }
    expect(nacks.size).toBe(256);
    expect(nacks.collect(0, 50)).toBe(256);
    expect(nacks.due[255]).toBe(highest - 1);
  });
});
