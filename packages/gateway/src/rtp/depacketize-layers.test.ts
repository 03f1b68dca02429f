import { describe, expect, it } from 'vitest';
import { av1Payloads, vp9Payloads } from '../egress/testing/pictures.ts';
import { seeded } from '../egress/testing/random.ts';
import type { Depacketizer, PictureSink } from './depacketize.ts';
import { Av1Depacketizer } from './depacketize-av1.ts';
import { Vp9Depacketizer } from './depacketize-vp9.ts';

class Recorder implements PictureSink {
  readonly told: string[] = [];
  readonly pictures: Uint8Array[] = [];
  readonly depacketizer: Depacketizer;

  constructor(make: (sink: PictureSink) => Depacketizer) {
    this.depacketizer = make(this);
  }

  onParameterSets(): void {
    this.told.push('sets');
  }
  onPicture(data: Uint8Array, _timestamp: number, keyframe: boolean): void {
    this.told.push(keyframe ? 'key' : 'delta');
    this.pictures.push(data);
  }
  onDamage(): void {
    this.told.push('damage');
  }

  picture(payloads: readonly Uint8Array[], timestamp: number): this {
    payloads.forEach((payload, i) => {
      this.depacketizer.push(payload, timestamp, i === payloads.length - 1);
    });
    return this;
  }
}

const vp9 = () => new Recorder((sink) => new Vp9Depacketizer(sink, 50_000));
const av1 = () => new Recorder((sink) => new Av1Depacketizer(sink, 50_000));
const frame = (head: number, size: number) => Uint8Array.from({ length: size }, (_, i) => (i === 0 ? head : i & 0xff));
const key = 0x82;
const delta = 0x86;

describe('VP9 from RTP', () => {
  it('[EG22] frames come back byte for byte, keyframes are known', () => {
    const recorder = vp9()
      .picture(vp9Payloads([frame(key, 3_000)], 1), 0)
      .picture(vp9Payloads([frame(delta, 10)], 2), 1);
    expect(recorder.told).toEqual(['key', 'delta']);
    expect(Buffer.compare(recorder.pictures[0]!, frame(key, 3_000))).toBe(0);
  });

  it('[EG22] layers become one superframe with its index', () => {
    const layers = [frame(key, 100), frame(delta, 300), frame(delta, 2_000)];
    const [data] = vp9().picture(vp9Payloads(layers, 1), 0).pictures;
    const marker = 0xc0 | (1 << 3) | 2;
    expect(data!.length).toBe(2_400 + 8);
    expect([...data!.subarray(2_400)]).toEqual([marker, 100, 0, 300 & 0xff, 1, 2_000 & 0xff, 7, marker]);
  });

  it('[EG22] descriptors with references and structures are skipped', () => {
    const body = [...frame(key, 20)];
    const descriptors = [
      [0x0c],
      [0x8c, 5],
      [0x5c, 0x03, 0x05, 0x02],
      [0x3c, 0x00],
      [0x0e, 0x38, ...new Array<number>(8).fill(1), 2, 0x08, 1, 1, 0x00],
    ];
    for (const descriptor of descriptors) {
      const recorder = vp9().picture([Uint8Array.from([...descriptor, ...body])], 0);
      expect(recorder.told, String(descriptor)).toEqual(['key']);
      expect([...recorder.pictures[0]!]).toEqual(body);
    }
  });

  it('[EG22] pictures without beginning or end, or too large, are damage', () => {
    const payloads = vp9Payloads([frame(key, 3_000)], 1);
    expect(vp9().picture(payloads.slice(1), 0).told).toEqual(['damage']);
    expect(vp9().picture(payloads.slice(0, 2), 0).told).toEqual(['damage']);
    expect(vp9().picture(vp9Payloads([frame(key, 60_000)], 1), 0).told).toEqual(['damage']);
    expect(vp9().picture([Uint8Array.of(0x8c, 1)], 0).told).toEqual(['damage']);
  });
});

/** An OBU in the low-overhead format. */
function obu(type: number, size: number): number[] {
  const length = size > 127 ? [(size & 0x7f) | 0x80, size >> 7] : [size];
  return [(type << 3) | 2, ...length, ...frame(7, size)];
}
const delimiter = [0x12, 0];

describe('AV1 from RTP', () => {
  it('[EG23] temporal units come back byte for byte, keyframes are known', () => {
    const units = [
      Uint8Array.from([...delimiter, ...obu(1, 10), ...obu(6, 3_000)]),
      Uint8Array.from([...delimiter, ...obu(6, 200)]),
    ];
    const recorder = av1();
    units.forEach((unit, i) => {
      recorder.picture(av1Payloads(unit), i);
    });
    expect(recorder.told).toEqual(['key', 'delta']);
    expect(recorder.pictures.map((data) => Buffer.compare(data, units[recorder.pictures.indexOf(data)]!))).toEqual([
      0, 0,
    ]);
  });

  it('[EG23] several elements in a packet, with lengths for all or for all but the last', () => {
    const [one, two] = [
      [0x08, 1, 2],
      [0x30, 9, 9, 9],
    ];
    const expected = [...delimiter, 0x0a, 2, 1, 2, 0x32, 3, 9, 9, 9];
    for (const payload of [
      [0x20, 3, ...one!, ...two!],
      [0x00, 3, ...one!, 4, ...two!],
    ]) {
      expect([...av1().picture([Uint8Array.from(payload)], 0).pictures[0]!]).toEqual(expected);
    }
  });

  it('[EG23] continuations without a beginning or an end, wrong lengths and empty units are damage', () => {
    for (const payload of [
      [0x90, 0x30, 1],
      [0x50, 0x30, 1],
      [0x20, 9, 0x30, 1],
      [0x00, 0xff, 0xff, 0xff, 0xff],
      [0x10],
    ]) {
      expect(av1().picture([Uint8Array.from(payload)], 0).told, String(payload)).toEqual(['damage']);
    }
    expect(av1().picture(av1Payloads(Uint8Array.from(obu(6, 16_000))).slice(1), 0).told).toEqual(['damage']);
    const good = Uint8Array.from([0x10, 0x30, 1]);
    expect(av1().picture([good, Uint8Array.from([0x90, 0x30, 1])], 0).told).toEqual(['damage']);
    expect(av1().picture([good, Uint8Array.from([0x50, 0x30, 1])], 0).told).toEqual(['damage']);
  });

  it('[EG18] random payloads never throw (kept seeds)', () => {
    for (const seed of [1, 2, 3, 5, 8, 13, 21]) {
      const random = seeded(seed);
      for (const recorder of [vp9(), av1()]) {
        for (let i = 0; i < 3_000; i++) {
          const payload = Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256));
          recorder.depacketizer.push(payload, Math.floor(i / 3), random() < 0.3);
          if (random() < 0.01) recorder.depacketizer.lost();
        }
        expect(recorder.told).toContain('damage');
      }
    }
  });
});
