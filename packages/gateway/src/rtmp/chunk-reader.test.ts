import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkReader, type ChunkReaderLimits } from './chunk-reader.ts';
import { encodeMessage } from './chunk-writer.ts';
import { MESSAGE } from './constants.ts';
import { uint32Body } from './control.ts';
import { RtmpError } from './errors.ts';
import { ChunkEncoder, type TestMessage } from './testing/chunk-encoder.ts';
import { LIMITS } from './testing/limits.ts';

interface Read {
  readonly type: number;
  readonly messageStream: number;
  readonly timestamp: number;
  readonly body: string;
}

function readerOf(limits: ChunkReaderLimits = LIMITS) {
  const read: Read[] = [];
  const reader = new ChunkReader(limits, (type, messageStream, timestamp, payload) => {
    read.push({ type, messageStream, timestamp, body: Buffer.from(payload).toString('hex') });
  });
  return { reader, read };
}

function readAll(bytes: Uint8Array, cuts: readonly number[] = []): Read[] {
  const { reader, read } = readerOf();
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b).concat(bytes.length)) {
    const piece = bytes.subarray(from, cut);
    expect(reader.read(piece, 0)).toBe(piece.length);
    from = Math.max(from, cut);
  }
  return read;
}

function expected(message: TestMessage): Read {
  const { type, messageStream, timestamp, body } = message;
  return { type, messageStream, timestamp, body: Buffer.from(body).toString('hex') };
}

function body(length: number, seed = 7): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff);
}

function media(chunkStream: number, timestamp: number, bytes: Uint8Array, type: number = MESSAGE.video): TestMessage {
  return { chunkStream, type, messageStream: 1, timestamp, body: bytes };
}

const messages = fc.array(
  fc.record({
    chunkStream: fc.constantFrom(3, 4, 63, 64, 319, 320, 65_599),
    type: fc.constantFrom<number>(MESSAGE.audio, MESSAGE.video, MESSAGE.dataAmf0),
    messageStream: fc.constantFrom(0, 1, 0xfffffffe),
    timestamp: fc.oneof(
      fc.constantFrom(0, 0xfffffe, 0xffffff, 0x1000000, 0xffffffff),
      fc.integer({ min: 0, max: 9_999 }),
    ),
    body: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 120, maxLength: 300 })),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('chunk reader', () => {
  it('[RT2] reads all header types and lengths of ids, however the bytes are cut', () => {
    fc.assert(
      fc.property(messages, fc.boolean(), fc.array(fc.nat(2_000), { maxLength: 40 }), (sent, longIds, cuts) => {
        const encoder = new ChunkEncoder();
        encoder.longIds = longIds;
        const bytes = Buffer.concat(sent.map((message) => encoder.message(message)));
        expect(
          readAll(
            bytes,
            cuts.filter((cut) => cut < bytes.length),
          ),
        ).toEqual(sent.map(expected));
      }),
      { seed: 20261121, numRuns: 300 },
    );
  });

  it('[RT2] reads byte by byte what it reads at once, also without repeated extended timestamps', () => {
    for (const repeatExtended of [true, false]) {
      const encoder = new ChunkEncoder();
      encoder.repeatExtended = repeatExtended;
      const sent = [media(6, 20_000_000, body(300)), media(6, 20_000_040, body(130)), media(6, 20_000_080, body(130))];
      const bytes = Buffer.concat(sent.map((message) => encoder.message(message)));
      expect(
        readAll(
          bytes,
          Array.from(bytes, (_, i) => i),
        ),
      ).toEqual(sent.map(expected));
    }
  });

  it('[RT2] a type-3 header begins a message with the last delta', () => {
    const encoder = new ChunkEncoder();
    const sent = [0, 40, 80, 120, 120].map((timestamp) => media(4, timestamp, body(10)));
    const bytes = sent.map((message) => encoder.message(message));
    // Type 0, type 2, then type 3 with one byte of header.
    expect(bytes.map((one) => one.length - 10)).toEqual([12, 4, 1, 1, 4]);
    expect(readAll(Buffer.concat(bytes))).toEqual(sent.map(expected));
  });

  it('[RT2] interleaved messages of several chunk streams are kept apart', () => {
    const encoder = new ChunkEncoder();
    const video = encoder.chunks(media(6, 5, body(400, 1)));
    const audio = encoder.chunks(media(4, 7, body(200, 2), MESSAGE.audio));
    const bytes = Buffer.concat([video[0]!, audio[0]!, video[1]!, audio[1]!, video[2]!, video[3]!]);
    expect(readAll(bytes).map((one) => [one.type, one.body.length / 2])).toEqual([
      [MESSAGE.audio, 200],
      [MESSAGE.video, 400],
    ]);
  });

  it('[RT3] extended timestamps come through, repeated on type-3 chunks or not', () => {
    for (const repeatExtended of [true, false]) {
      const encoder = new ChunkEncoder();
      encoder.repeatExtended = repeatExtended;
      const sent = [media(6, 0xffffff, body(500)), media(6, 0x12345678, body(500)), media(6, 0xfffffff0, body(129))];
      const bytes = Buffer.concat([
        ...sent.map((message) => encoder.message(message)),
        // Something behind it: the last chunk's look ahead must not eat it.
        encoder.message(media(4, 1, body(3), MESSAGE.audio)),
      ]);
      expect(readAll(bytes).slice(0, 3)).toEqual(sent.map(expected));
    }
  });

  it('[RT4] the chunk size may change in the middle of another message', () => {
    const encoder = new ChunkEncoder();
    const whole = body(1_000);
    const first = encoder.chunks(media(6, 9, whole))[0]!;
    const control: TestMessage = {
      chunkStream: 2,
      type: MESSAGE.setChunkSize,
      messageStream: 0,
      timestamp: 0,
      body: uint32Body(500),
    };
    const bytes = Buffer.concat([
      first,
      encoder.message(control),
      Uint8Array.of(0xc6),
      whole.subarray(128, 628),
      Uint8Array.of(0xc6),
      whole.subarray(628),
    ]);
    expect(readAll(bytes)).toEqual([expected(control), expected(media(6, 9, whole))]);
  });

  it('[RT5] an abort throws away what was gathered of a message, and frees its place', () => {
    const encoder = new ChunkEncoder();
    const { reader, read } = readerOf();
    reader.read(encoder.chunks(media(6, 9, body(1_000)))[0]!, 0);
    expect(reader.pendingBytes).toBe(1_000);
    reader.read(
      encoder.message({ chunkStream: 2, type: MESSAGE.abort, messageStream: 0, timestamp: 0, body: uint32Body(6) }),
      0,
    );
    expect(reader.pendingBytes).toBe(0);
    const next = media(6, 30, body(200));
    encoder.compress = false;
    reader.read(encoder.message(next), 0);
    expect(read.at(-1)).toEqual(expected(next));
  });

  it('[RT6] a message or a sum of messages over the limit ends it before anything is reserved', () => {
    const encoder = new ChunkEncoder();
    const long = (chunkStream: number, length: number): Uint8Array => {
      const header = encoder.message(media(chunkStream, 0, new Uint8Array(0))).slice();
      header.set([length >> 16, (length >> 8) & 0xff, length & 0xff], chunkStream < 64 ? 4 : 5);
      return Buffer.concat([header, new Uint8Array(Math.min(length, 128))]);
    };
    const { reader } = readerOf();
    expect(() => reader.read(long(6, 2_000_001), 0)).toThrow(RtmpError);
    expect(reader.pendingBytes).toBe(0);

    const many = readerOf().reader;
    let told = 0;
    expect(() => {
      for (let id = 3; id < 200; id += 1) {
        const bytes = long(id, 1_900_000);
        told += bytes.length;
        many.read(bytes, 0);
      }
    }).toThrow(RtmpError);
    expect(told).toBeLessThan(25_000);
    expect(many.pendingBytes).toBeLessThanOrEqual(LIMITS.maxPendingBytes);
  });

  it('[RT6] more chunk streams than allowed end it', () => {
    const { reader } = readerOf();
    const encoder = new ChunkEncoder();
    expect(() => {
      for (let id = 3; id < 3 + LIMITS.maxChunkStreams; id += 1) reader.read(encoder.message(media(id, 0, body(1))), 0);
    }).not.toThrow();
    expect(() => reader.read(encoder.message(media(90, 0, body(1))), 0)).toThrow(RtmpError);
  });

  it('[RT7] headers that cannot be meant end it', () => {
    const cases: Uint8Array[] = [
      Uint8Array.of(0xc3, 1, 2, 3),
      Uint8Array.of(0x83, 0, 0, 1),
      Buffer.concat([
        encodeMessage(6, 9, 1, 0, body(300), 128).subarray(0, 140),
        encodeMessage(6, 9, 1, 0, body(5), 128),
      ]),
      encodeMessage(2, MESSAGE.setChunkSize, 0, 0, uint32Body(0), 128),
      encodeMessage(2, MESSAGE.setChunkSize, 0, 0, uint32Body(0x80000001), 128),
      encodeMessage(2, MESSAGE.setChunkSize, 0, 0, body(3), 128),
      encodeMessage(2, MESSAGE.abort, 0, 0, body(1), 128),
    ];
    for (const bytes of cases) expect(() => readerOf().reader.read(bytes, 0)).toThrow(RtmpError);
  });

  it('[RT8] reads what the writer makes, whatever size, stamp and chunk size', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 700 }),
        fc.oneof(fc.nat(0xffffff), fc.constantFrom(0xfffffe, 0xffffff, 0xffffffff)),
        fc.constantFrom(128, 131, 700, 60_000),
        fc.integer({ min: 0, max: 5 }),
        (bytes, timestamp, chunkBytes, headBytes) => {
          const { reader, read } = readerOf();
          const control = encodeMessage(2, MESSAGE.setChunkSize, 0, 0, uint32Body(chunkBytes), 128);
          reader.read(control, 0);
          reader.read(encodeMessage(6, 9, 1, timestamp, bytes, chunkBytes, headBytes), 0);
          const whole = Buffer.concat([new Uint8Array(headBytes), bytes]).toString('hex');
          expect(read[1]).toEqual({ type: 9, messageStream: 1, timestamp, body: whole });
        },
      ),
      { seed: 20261121, numRuns: 200 },
    );
  });

  it('[RT2] stops where the listener says, and goes on from there', () => {
    const seen: number[] = [];
    const reader = new ChunkReader(LIMITS, (_type, _stream, timestamp) => {
      seen.push(timestamp);
      reader.paused = true;
    });
    const encoder = new ChunkEncoder();
    const bytes = Buffer.concat([1, 2, 3].map((timestamp) => encoder.message(media(4, timestamp, body(5)))));
    let at = 0;
    for (let round = 1; round <= 3; round += 1) {
      reader.paused = false;
      at = reader.read(bytes, at);
      expect(seen.length).toBe(round);
    }
    expect(at).toBe(bytes.length);
  });
});
