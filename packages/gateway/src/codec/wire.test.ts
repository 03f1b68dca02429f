import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_MESSAGE_BYTES,
  MessageType,
  readConfig,
  readFrame,
  type WireMessage,
  WireReader,
  WireWriter,
} from './wire.ts';

function writer(): { writer: WireWriter; written: () => Buffer } {
  const parts: Buffer[] = [];
  const made = new WireWriter({ write: (bytes) => parts.push(Buffer.from(bytes)) });
  return {
    writer: made,
    written: () => {
      made.flush();
      return Buffer.concat(parts);
    },
  };
}

describe('framing between gateway and codec process', () => {
  it('[CD50] whatever way the bytes are cut, the same messages come out', () => {
    const frame = fc.record({
      job: fc.nat(0xffff_ffff),
      place: fc.double({ noNaN: true, noDefaultInfinity: true }),
      aux: fc.nat(0xffff_ffff),
      data: fc.uint8Array({ maxLength: 9_000 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 5_000 })), (frames, cuts) => {
        const out = writer();
        for (const { job, place, aux, data } of frames) out.writer.frame(MessageType.input, job, place, aux, data);
        const bytes = out.written();
        const read: unknown[] = [];
        const reader = new WireReader(({ type, job, payload }) => {
          const parts = readFrame(payload);
          expect(type).toBe(MessageType.input);
          read.push({ job, place: parts?.place, aux: parts?.aux, data: Uint8Array.from(parts?.data ?? []) });
        });
        let at = 0;
        for (const cut of cuts) {
          reader.read(bytes.subarray(at, at + cut));
          at = Math.min(bytes.length, at + cut);
        }
        reader.read(bytes.subarray(at));
        expect(read).toEqual(frames.map((item) => ({ ...item, data: Uint8Array.from(item.data) })));
      }),
      { numRuns: 200, seed: 41 },
    );
  });

  it('[CD50] writes once a turn, and what it handed on is not written to again', async () => {
    const batches: Buffer[] = [];
    const made = new WireWriter({ write: (bytes) => batches.push(bytes) });
    for (let i = 0; i < 100; i++) made.frame(MessageType.input, i, i, 0, Buffer.alloc(100, i));
    await new Promise(setImmediate);
    expect(batches).toHaveLength(1);
    const before = Buffer.from(batches[0]!);
    for (let i = 0; i < 100; i++) made.frame(MessageType.input, i, i, 0, Buffer.alloc(100, 255));
    await new Promise(setImmediate);
    expect(batches).toHaveLength(2);
    expect(batches[0]!.equals(before)).toBe(true);
  });

  it('[CD51] believes no length that cannot be, and no payload that is too short', () => {
    const reader = new WireReader(() => {});
    const head = Buffer.alloc(9);
    head.writeUInt32LE(MAX_MESSAGE_BYTES + 1, 0);
    expect(() => reader.read(head)).toThrow(RangeError);
    expect(readFrame(Buffer.alloc(11))).toBeNull();
    expect(readConfig(Buffer.alloc(3))).toBeNull();
    expect(readConfig(Buffer.of(9, 0, 0, 0, 1, 2))).toBeNull();
  });

  it('[CD51] carries parameter sets', () => {
    const out = writer();
    out.writer.config(MessageType.config, 7, Uint8Array.of(1, 2, 3), Uint8Array.of(4));
    const messages: WireMessage[] = [];
    new WireReader((message) => messages.push(message)).read(out.written());
    expect(readConfig(messages[0]!.payload)).toEqual({ sps: Buffer.of(1, 2, 3), pps: Buffer.of(4) });
  });
});
