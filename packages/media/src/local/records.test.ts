import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_RECORD_PAYLOAD, RecordWriter, readRecords } from './records.ts';

type Read =
  | { kind: 'rtp'; stream: number; form: [number, boolean, number, number]; payload: number[]; level: number }
  | { kind: 'report'; stream: number; ntpMs: number; timestamp: number };

function read(buffer: ArrayBuffer): Read[] {
  const all: Read[] = [];
  readRecords(buffer, {
    onRtp: (stream, payloadType, marker, sequence, timestamp, bytes, from, length, level) =>
      all.push({
        kind: 'rtp',
        stream,
        form: [payloadType, marker, sequence, timestamp],
        payload: [...bytes.subarray(from, from + length)],
        level,
      }),
    onReport: (stream, ntpMs, timestamp) => all.push({ kind: 'report', stream, ntpMs, timestamp }),
  });
  return all;
}

describe('[LL11] records', () => {
  it('[LL11] come back as they were written, in order', () => {
    const record = fc.oneof(
      fc.record({
        kind: fc.constant('rtp' as const),
        stream: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        form: fc.tuple(
          fc.integer({ min: 0, max: 127 }),
          fc.boolean(),
          fc.integer({ min: 0, max: 0xffff }),
          fc.integer({ min: 0, max: 0xffff_ffff }),
        ),
        payload: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 }),
        level: fc.integer({ min: -1, max: 255 }),
      }),
      fc.record({
        kind: fc.constant('report' as const),
        stream: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        ntpMs: fc.double({ min: 0, max: 1e13, noNaN: true }),
        timestamp: fc.integer({ min: 0, max: 0xffff_ffff }),
      }),
    );
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), (records) => {
        const writer = new RecordWriter(64_000);
        for (const one of records) {
          if (one.kind === 'report') writer.report(one.stream, one.ntpMs, one.timestamp);
          else {
            const bytes = Uint8Array.from([9, ...one.payload, 9]);
            writer.rtp(one.stream, ...one.form, bytes, 1, one.payload.length, one.level);
          }
        }
        expect(read(writer.take())).toEqual(records);
        expect(writer.used).toBe(0);
      }),
    );
  });

  it('[LL11] a payload that is too long is not written, and a full writer says so', () => {
    const writer = new RecordWriter(4_000);
    expect(writer.rtp(1, 96, false, 0, 0, new Uint8Array(MAX_RECORD_PAYLOAD + 1), 0, MAX_RECORD_PAYLOAD + 1)).toBe(-1);
    expect([writer.used, writer.hasRoom]).toEqual([0, true]);
    for (let i = 0; i < 2; i++) writer.rtp(1, 96, false, i, 0, new Uint8Array(1_900), 0, 1_900);
    expect(writer.hasRoom).toBe(false);
  });

  it('[LL11] any bytes are read without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        read(bytes.slice().buffer);
      }),
    );
  });
});
