import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RtcpWriter } from './rtcp-writer.ts';
import { type Feedback, readFeedback } from './testing/feedback.ts';
import { seeded } from './testing/scene.ts';
import { TransportCcRecorder } from './transport-cc.ts';

function drain(recorder: TransportCcRecorder): Feedback[] {
  const writer = new RtcpWriter();
  const found: Feedback[] = [];
  while (recorder.write(writer, 1, 2)) {
    found.push(readFeedback(new DataView(Uint8Array.from(writer.packet()).buffer)));
    writer.reset();
  }
  return found;
}

describe('transport-wide feedback', () => {
  it('[FW10] tells every packet’s arrival to 250 µs, with missing ones, over the wrap of the sequence', () => {
    const recorder = new TransportCcRecorder();
    const times = new Map<number, number>();
    for (let i = 0; i < 40; i++) {
      if (i % 7 === 3) continue;
      const sequence = (65_520 + i) & 0xffff;
      times.set(sequence, 5000.3 + i * 3.7);
      recorder.record(sequence, 5000.3 + i * 3.7);
    }
    const [feedback, ...more] = drain(recorder);
    expect(more).toEqual([]);
    expect(feedback).toMatchObject({ media: 2, base: 65_520, count: 40, feedbackCount: 0, referenceMs: 4992 });
    for (const [sequence, arrival] of feedback!.arrivals) {
      const at = times.get(sequence);
      if (at === undefined) expect(arrival).toBeNull();
      else expect(Math.abs(arrival! - at)).toBeLessThanOrEqual(0.25);
    }
    expect(recorder.pending).toBe(false);
  });

  it('[FW10] counts feedback packets modulo 256 and goes on where the last one ended', () => {
    const recorder = new TransportCcRecorder();
    for (let i = 0; i < 300; i++) {
      recorder.record(i, i * 50);
      const [feedback] = drain(recorder);
      expect(feedback).toMatchObject({ base: i, count: 1, feedbackCount: i & 0xff });
    }
  });

  it('[FW10] a packet that comes after its report is reported again', () => {
    const recorder = new TransportCcRecorder();
    for (const sequence of [1, 2, 4]) recorder.record(sequence, 100 + sequence);
    expect(drain(recorder)[0]!.arrivals.get(3)).toBeNull();
    recorder.record(3, 130);
    const [feedback] = drain(recorder);
    expect(feedback!.base).toBe(3);
    expect(feedback!.arrivals.get(3)).toBe(130);
  });

  it('[FW10] splits where a pause is too long for a delta', () => {
    const recorder = new TransportCcRecorder();
    recorder.record(1, 0);
    recorder.record(2, 60_000);
    const [first, second] = drain(recorder);
    expect(first!.arrivals.get(1)).toBe(0);
    expect(second!.arrivals.get(2)).toBe(60_000);
  });

  it('[FW10] any pattern of loss, reordering and bursts is told within one MTU a packet (property)', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 3000 }), (seed, packets) => {
        const random = seeded(seed);
        const loss = random() * 0.8;
        const base = Math.floor(random() * 65_536);
        const arrivals: { sequence: number; at: number }[] = [];
        let now = random() * 1e7;
        for (let i = 0; i < packets; i++) {
          now += random() < 0.1 ? random() * 100 : random() * 0.4;
          if (random() >= loss)
            arrivals.push({ sequence: (base + i) & 0xffff, at: now + (random() < 0.1 ? random() * 30 : 0) });
        }
        arrivals.sort((a, b) => a.at - b.at);
        const recorder = new TransportCcRecorder();
        const reported = new Map<number, number | null>();
        let next = 0;
        for (const { sequence, at } of arrivals) {
          recorder.record(sequence, at);
          if (++next % 500 !== 0 && next !== arrivals.length) continue;
          for (const feedback of drain(recorder)) {
            expect(feedback.bytes).toBeLessThan(1200);
            for (const [key, value] of feedback.arrivals) reported.set(key, value);
          }
        }
        for (const { sequence, at } of arrivals) {
          const told = reported.get(sequence);
          const wrapped = at % (2 ** 24 * 64);
          if (told === undefined || told === null || Math.abs(told - wrapped) > 0.2501) {
            throw new Error(`Packet ${sequence} came at ${wrapped}, told ${told}.`);
          }
        }
      }),
      { numRuns: 60, seed: 7 },
    );
  });
});
