import { describe, expect, it } from 'vitest';
import { vp8Payloads, vp8Picture } from '../egress/testing/pictures.ts';
import { seeded } from '../egress/testing/random.ts';
import { Vp8Depacketizer } from './depacketize-vp8.ts';

class Recorder {
  readonly told: string[] = [];
  readonly pictures: Uint8Array[] = [];
  readonly depacketizer = new Vp8Depacketizer(
    {
      onParameterSets: () => this.told.push('sets'),
      onPicture: (data, _timestamp, keyframe) => {
        this.told.push(keyframe ? 'key' : 'delta');
        this.pictures.push(data);
      },
      onDamage: () => this.told.push('damage'),
    },
    50_000,
  );

  frame(payloads: readonly Uint8Array[], timestamp: number): this {
    payloads.forEach((payload, i) => {
      this.depacketizer.push(payload, timestamp, i === payloads.length - 1);
    });
    return this;
  }
}

describe('VP8 from RTP', () => {
  it('[EG20] frames come back byte for byte, with every form of descriptor', () => {
    const frame = vp8Picture(true, 1, 3_000);
    const recorder = new Recorder();
    recorder.frame(vp8Payloads(frame, 300), 0);
    const descriptors = [
      [0x10],
      [0x90, 0x00],
      [0x90, 0x80, 0x05],
      [0x90, 0x80, 0x85, 0x01],
      [0x90, 0x40, 0x09],
      [0x90, 0x20, 0x40],
      [0x90, 0x10, 0x03],
      [0x90, 0xf0, 0x85, 0x01, 0x09, 0x23],
    ];
    for (const [i, descriptor] of descriptors.entries()) {
      recorder.frame([Uint8Array.from([...descriptor, ...frame])], i + 1);
    }
    expect(recorder.told).toEqual(new Array(9).fill('key'));
    for (const picture of recorder.pictures) expect(Buffer.compare(picture, frame)).toBe(0);
  });

  it('[EG20] a second partition continues the frame', () => {
    const frame = vp8Picture(false, 1, 100);
    const recorder = new Recorder().frame(
      [Uint8Array.from([0x10, ...frame.subarray(0, 40)]), Uint8Array.from([0x11, ...frame.subarray(40)])],
      0,
    );
    expect(recorder.told).toEqual(['delta']);
    expect(Buffer.compare(recorder.pictures[0]!, frame)).toBe(0);
  });

  it('[EG13] blank pictures that a media server sends for a withdrawn camera are left out, with what refers to them', () => {
    const blank = vp8Picture(true, 1, 30);
    blank.set([8, 0, 8, 0], 6);
    const recorder = new Recorder();
    const frames = [vp8Picture(true, 1, 100), blank, vp8Picture(false, 2, 100)];
    for (const [i, frame] of frames.entries()) recorder.frame(vp8Payloads(frame, i), i);
    expect(recorder.told).toEqual(['key']);
    // Upscaling stands in the two bits above each side (RFC 6386 §9.1): it makes no picture larger.
    blank.set([8, 0x40, 8, 0x80], 6);
    recorder.frame(vp8Payloads(blank, 3), 3);
    expect(recorder.told).toEqual(['key']);
    recorder.frame(vp8Payloads(vp8Picture(true, 4, 100), 4), 4).frame(vp8Payloads(vp8Picture(false, 5, 100), 5), 5);
    expect(recorder.told).toEqual(['key', 'key', 'delta']);
  });

  it('[EG21] frames without beginning or end, too large, empty or with a wrong start code are damage', () => {
    const payloads = vp8Payloads(vp8Picture(false, 1, 3_000), 1);
    expect(new Recorder().frame(payloads.slice(1), 0).told).toEqual(['damage']);
    const cut = new Recorder().frame([], 0);
    for (const payload of payloads.slice(0, 2)) cut.depacketizer.push(payload, 0, false);
    cut.depacketizer.lost();
    expect(cut.told).toEqual(['damage']);
    expect(new Recorder().frame(vp8Payloads(vp8Picture(false, 1, 60_000), 1), 0).told).toEqual(['damage']);
    expect(new Recorder().frame([Uint8Array.of(0x10)], 0).told).toEqual(['damage']);
    const wrong = vp8Picture(true, 1, 100);
    wrong[4] = 0;
    expect(new Recorder().frame(vp8Payloads(wrong, 1), 0).told).toEqual(['damage']);
  });

  it('[EG18] random payloads never throw (kept seeds)', () => {
    for (const seed of [1, 2, 3, 5, 8, 13]) {
      const random = seeded(seed);
      const recorder = new Recorder();
      for (let i = 0; i < 3_000; i++) {
        const payload = Uint8Array.from({ length: Math.floor(random() * 30) }, () => Math.floor(random() * 256));
        if (random() < 0.5 && payload.length > 0) payload[0] = 0x10;
        recorder.depacketizer.push(payload, Math.floor(i / 3), random() < 0.3);
        if (random() < 0.01) recorder.depacketizer.lost();
      }
      expect(recorder.told).toContain('damage');
    }
  });
});
