import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { config, h264Picture } from '../egress/testing/pictures.ts';
import { seeded } from '../egress/testing/random.ts';
import { joinAvcc, splitAvcc } from '../h264/nal.ts';
import { H264Depacketizer } from './depacketize-h264.ts';
import { H264Packetizer, parameterPackets } from './packetize.ts';

interface Packet {
  readonly payload: Uint8Array;
  readonly timestamp: number;
  readonly marker: boolean;
}

class Recorder {
  readonly told: string[] = [];
  readonly pictures: { data: Uint8Array; timestamp: number; keyframe: boolean }[] = [];
  readonly sets: { sps: Uint8Array; pps: Uint8Array }[] = [];
  damages = 0;
  readonly depacketizer: H264Depacketizer;

  constructor(maxFrameBytes = 100_000) {
    this.depacketizer = new H264Depacketizer(
      {
        onParameterSets: (sps, pps) => {
          this.told.push('sets');
          this.sets.push({ sps, pps });
        },
        onPicture: (data, timestamp, keyframe) => {
          this.told.push(keyframe ? 'key' : 'delta');
          this.pictures.push({ data, timestamp, keyframe });
        },
        onDamage: () => {
          this.told.push('damage');
          this.damages++;
        },
      },
      maxFrameBytes,
    );
  }

  push(...packets: Packet[]): this {
    for (const { payload, timestamp, marker } of packets) this.depacketizer.push(payload, timestamp, marker);
    return this;
  }
}

const sets = parameterPackets(config, 1_150);
const packetizer = new H264Packetizer(1_150);

/** Packets of an access unit, by the gateway's own packetizer. */
function packets(data: Uint8Array, timestamp: number, parameters: typeof sets | null): Packet[] {
  const list: Packet[] = [];
  packetizer.send(data, parameters, timestamp, {
    send: (payload, stamp, marker) => list.push({ payload: payload.slice(), timestamp: stamp, marker }),
  });
  return list;
}

const key = (timestamp: number, bytes = 3_000) => packets(h264Picture(true, 1, bytes), timestamp, sets);
const delta = (timestamp: number, bytes = 500) => packets(h264Picture(false, 2, bytes), timestamp, null);
const single = (nal: readonly number[], timestamp: number, marker = true): Packet => ({
  payload: Uint8Array.from(nal),
  timestamp,
  marker,
});

const slice = [0x41, 0x9a, 0x80, 1];
const bSlice = [0x01, 0x9e, 0x80, 1];
const stap = (...nals: readonly number[][]): number[] => [
  0x78,
  ...nals.flatMap((nal) => [nal.length >> 8, nal.length & 0xff, ...nal]),
];
const sps = [...config.sps];
const pps = [...config.pps];
const idr = [0x65, 0x88, 0x80, 1];

describe('H.264 from RTP', () => {
  it('[EG10] what the packetizer made comes back byte for byte: single units, STAP-A, FU-A', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            key: fc.boolean(),
            sizes: fc.array(fc.integer({ min: 20, max: 5_000 }), { minLength: 1, maxLength: 6 }),
          }),
          {
            minLength: 1,
            maxLength: 12,
          },
        ),
        (frames) => {
          const recorder = new Recorder();
          const sent = [h264Picture(true, 0, 100)];
          for (const frame of frames) {
            const units = frame.sizes.map((size) => splitAvcc(h264Picture(frame.key, size, size))![0]!);
            sent.push(joinAvcc(units));
          }
          sent.forEach((data, i) => {
            const keyframe = (data[4]! & 0x1f) === 5;
            recorder.push(...packets(data, i * 3_000, keyframe ? sets : null));
          });
          expect(recorder.pictures.map((picture) => Buffer.from(picture.data).toString('hex'))).toEqual(
            sent.map((data) => Buffer.from(data).toString('hex')),
          );
          expect(recorder.damages).toBe(0);
          expect(recorder.sets).toHaveLength(1);
        },
      ),
      { numRuns: 60, seed: 20_261_121 },
    );
  });

  it('[EG10] delimiters, SEI, filler and parameter sets are not in the picture', () => {
    const recorder = new Recorder();
    recorder.push(
      single([0x09, 0xf0], 0, false),
      single(stap(sps, pps), 0, false),
      single([0x06, 5, 1, 2, 0x80], 0, false),
      single(idr, 0, false),
      single([0x0c, 0xff, 0x80], 0, true),
    );
    expect(recorder.told).toEqual(['sets', 'key']);
    expect([...recorder.pictures[0]!.data]).toEqual([0, 0, 0, 4, ...idr]);
    expect(recorder.sets[0]).toEqual({ sps: config.sps, pps: config.pps });
  });

  it('[EG11] a picture ends with its marker, or where the next timestamp begins', () => {
    const recorder = new Recorder();
    recorder.push(single(stap(sps, pps, idr), 0, true), single(slice, 3_000, false), single(slice, 3_000, false));
    expect(recorder.told).toEqual(['sets', 'key']);
    recorder.push(single(slice, 6_000, true));
    expect(recorder.told).toEqual(['sets', 'key', 'delta', 'delta']);
    expect(recorder.pictures[1]!.data.length).toBe(16);
  });

  it('[EG12] parameter sets are told before the first keyframe and before the one that changes them', () => {
    const recorder = new Recorder();
    const otherPps = [0x68, 0xcb, 0x83, 0xcb, 0x28];
    recorder.push(single(stap(sps, pps, idr), 0), single(stap(sps, pps, idr), 1));
    recorder.push(single(stap(otherPps), 2, true), single(slice, 3));
    expect(recorder.told).toEqual(['sets', 'key', 'key', 'delta']);
    recorder.push(single(stap(sps, otherPps, idr), 4));
    expect(recorder.told.slice(4)).toEqual(['sets', 'key']);
    expect([...recorder.sets[1]!.pps]).toEqual(otherPps);
  });

  it('[EG12] an IDR picture whose parameter sets are not known is damage', () => {
    expect(new Recorder().push(single(idr, 0)).told).toEqual(['damage']);
    expect(new Recorder().push(single(stap(pps, idr), 0)).told).toEqual(['damage']);
  });

  it('[EG13] blank pictures that a media server sends for a muted camera are left out, with what refers to them', () => {
    const blank = [
      0x67, 0x42, 0xc0, 0x1f, 0x0f, 0xd9, 0x1f, 0x88, 0x88, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00,
      0xc8, 0x3c, 0x60, 0xc9, 0x20,
    ];
    const blankPps = [0x68, 0x87, 0xcb, 0x83, 0xcb, 0x20];
    const recorder = new Recorder();
    recorder.push(single(stap(sps, pps, idr), 0), single(stap(blank, blankPps, idr), 1), single(slice, 2));
    expect(recorder.told).toEqual(['sets', 'key']);
    recorder.push(single(stap(sps, pps, idr), 3), single(slice, 4));
    expect(recorder.told).toEqual(['sets', 'key', 'key', 'delta']);
  });

  it('[EG14] after a loss a picture is only believed when its beginning is seen', () => {
    const recorder = new Recorder();
    recorder.push(...key(0));
    recorder.depacketizer.lost();
    recorder.push(...delta(3_000));
    expect(recorder.told).toEqual(['sets', 'key', 'damage']);
    recorder.depacketizer.lost();
    recorder.push(...key(6_000).slice(1));
    expect(recorder.told).toEqual(['sets', 'key', 'damage', 'damage']);
    recorder.depacketizer.lost();
    recorder.push(...key(9_000));
    expect(recorder.told.slice(4)).toEqual(['key']);
  });

  it('[EG14] whichever packet of a picture is lost, it is not told', () => {
    const whole = key(3_000, 8_000);
    for (let missing = 0; missing < whole.length; missing++) {
      const recorder = new Recorder();
      recorder.push(...key(0));
      whole.forEach((packet, i) => {
        if (i === missing) recorder.depacketizer.lost();
        else recorder.push(packet);
      });
      recorder.push(...delta(6_000));
      expect(recorder.pictures.filter((picture) => picture.timestamp === 3_000)).toEqual([]);
      expect(recorder.damages).toBeGreaterThan(0);
    }
  });

  it('[EG15] B pictures are left out when nothing refers to them, and damage otherwise', () => {
    const recorder = new Recorder();
    recorder.push(single(stap(sps, pps, idr), 0), single(bSlice, 1), single(slice, 2));
    expect(recorder.told).toEqual(['sets', 'key', 'delta']);
    recorder.push(single([0x21, ...bSlice.slice(1)], 3));
    expect(recorder.told.at(-1)).toBe('damage');
  });

  it('[EG16] padding, cut aggregates, fragments without a beginning, unknown types: no picture of them', () => {
    const first = single(stap(sps, pps, idr), 0);
    const cases: [string, Packet[], string[]][] = [
      ['padding alone', [single([], 1, false), single(slice, 2)], ['delta']],
      ['a cut STAP-A', [single([0x78, 0, 9, 0x41, 0x9a], 1)], ['damage']],
      ['a STAP-A of nothing', [single([0x78, 0, 0, 0, 0], 1)], ['damage']],
      ['a fragment without a beginning', [single([0x7c, 0x41, 1, 2, 3], 1)], ['damage']],
      ['a fragment without an end', [single([0x5c, 0x81, 0x9a, 0x80, 3], 1)], ['damage']],
      ['a fragment of nothing', [single([0x5c, 0xc1], 1)], ['damage']],
      ['a type that is not negotiated', [single([0x5d, 0, 0, 0x81, 0x9a], 1)], ['damage']],
      ['a data partition', [single([0x42, 0x9a, 0x80, 1], 1)], ['damage']],
      ['a slice that cannot be read', [single([0x41], 1)], ['damage']],
      ['IDR and other slices mixed', [single(stap(idr, slice), 1)], ['damage']],
      ['parameter sets alone', [single(stap(sps, pps), 1)], []],
      ['a broken SPS', [single([0x67, 0xff], 1)], ['damage']],
    ];
    for (const [name, list, told] of cases) {
      const recorder = new Recorder().push(first);
      recorder.told.length = 0;
      recorder.push(...list);
      expect(recorder.told, name).toEqual(told);
    }
  });

  it('[EG17] a picture beyond the bound is damage, and the next one is taken', () => {
    const recorder = new Recorder(20_000);
    recorder.push(...key(0), ...delta(1, 50_000), ...key(2));
    expect(recorder.told).toEqual(['sets', 'key', 'damage', 'key']);
  });

  it('[EG17] a thousand slices or parameter sets cost no more than the bounds', () => {
    const recorder = new Recorder();
    recorder.push(single(stap(sps, pps, idr), 0));
    for (let i = 0; i < 1_000; i++) recorder.push(single(slice, 1, i === 999));
    expect(recorder.told.at(-1)).toBe('damage');
    for (let id = 0; id < 200; id++)
      recorder.push(single([0x68, (id << 1) & 0xff, 0x80 | (id & 0x7f), 0xcb, id], 2 + id));
    recorder.push(single(stap(sps, pps, idr), 900));
    expect(recorder.told.at(-1)).toBe('key');
  });

  it('[EG18] random and mutated payloads never throw, and every picture is well formed (kept seeds)', () => {
    for (const seed of [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233]) {
      const random = seeded(seed);
      const integer = (limit: number) => Math.floor(random() * limit);
      const recorder = new Recorder(30_000);
      for (let i = 0; i < 400; i++) {
        const list = random() < 0.3 ? key(i * 3_000, integer(6_000)) : delta(i * 3_000, integer(4_000));
        for (const packet of list) {
          if (random() < 0.02) {
            recorder.depacketizer.lost();
            continue;
          }
          let payload = packet.payload;
          if (random() < 0.1) {
            payload = payload.slice(0, integer(payload.length + 1));
            for (let n = integer(4); n > 0 && payload.length > 0; n--)
              payload[integer(Math.min(8, payload.length))] = integer(256);
          }
          if (random() < 0.02) payload = Uint8Array.from({ length: integer(50) }, () => integer(256));
          recorder.push({ payload, timestamp: packet.timestamp, marker: packet.marker !== random() < 0.01 });
        }
      }
      expect(recorder.pictures.length).toBeGreaterThan(50);
      for (const picture of recorder.pictures) {
        const nals = splitAvcc(picture.data);
        expect(nals).not.toBeNull();
        for (const nal of nals!) expect((nal[0]! & 0x1f) === 5).toBe(picture.keyframe);
        expect(picture.data.length).toBeLessThanOrEqual(30_000);
      }
    }
  });
});
