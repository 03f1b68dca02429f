import { describe, expect, it } from 'vitest';
import { PacketSlab } from '../transport/slab.ts';
import { CODEC, codecOf, describePayload } from './codec.ts';
import { RtpPacket, readRtp } from './packet.ts';
import { rtp, vp8 } from './testing/packets.ts';
import { seeded } from './testing/scene.ts';

const slab = new PacketSlab(1);
const slot = slab.take();

function describeAs(mimeType: string, payload: Uint8Array | number[], descriptor?: number[]): RtpPacket {
  const bytes = rtp({
    ssrc: 1,
    sequence: 1,
    timestamp: 1,
    payloadType: 96,
    payload: Uint8Array.from(payload),
    extensions: descriptor === undefined ? [] : [[12, Uint8Array.from(descriptor)]],
  });
  slab.bytes.set(bytes, slab.offset(slot));
  slab.lengths[slot] = bytes.length;
  const packet = new RtpPacket();
  expect(readRtp(slab, slot, packet)).toBe(true);
  describePayload(slab.bytes, packet, codecOf(mimeType), 12);
  return packet;
}

describe('keyframe detection', () => {
  it('[FW20] VP8: by the P bit of the first partition’s first packet; picture id and TL0PICIDX are read', () => {
    expect(describeAs('video/vp8', vp8({ key: true, pictureId: 0x1234, tl0: 7 }))).toMatchObject({
      keyframe: 1,
      pictureId: 0x1234,
      pictureIdMask: 0x7fff,
      tl0: 7,
    });
    expect(describeAs('video/vp8', vp8({ key: false, pictureId: 0x55, short: true }))).toMatchObject({
      keyframe: 0,
      pictureId: 0x55,
      pictureIdMask: 0x7f,
      tl0: -1,
    });
    expect(describeAs('video/vp8', vp8({ key: true, start: false })).keyframe).toBe(0);
  });

  it('[FW20] H.264: SPS alone, in a STAP-A; IDR slices and fragments only when nothing came before', () => {
    expect(describeAs('video/h264', [0x67, 1, 2]).keyframe).toBe(1);
    expect(describeAs('video/h264', [0x78, 0, 2, 0x67, 1, 0, 1, 0x68]).keyframe).toBe(1);
    expect(describeAs('video/h264', [0x78, 0, 1, 0x09, 0, 2, 0x67, 1]).keyframe).toBe(1);
    expect(describeAs('video/h264', [0x65, 1]).keyframe).toBe(2);
    expect(describeAs('video/h264', [0x7c, 0x85, 1]).keyframe).toBe(2);
    expect(describeAs('video/h264', [0x7c, 0x05, 1]).keyframe).toBe(0);
    expect(describeAs('video/h264', [0x7c, 0x81, 1]).keyframe).toBe(0);
    expect(describeAs('video/h264', [0x61, 1]).keyframe).toBe(0);
    expect(describeAs('video/h264', [0x78, 0, 1, 0x61]).keyframe).toBe(0);
  });

  it('[FW20] H.265: parameter sets, IRAP slices and fragments', () => {
    expect(describeAs('video/h265', [32 << 1, 1, 0]).keyframe).toBe(1);
    expect(describeAs('video/h265', [48 << 1, 1, 0, 2, 33 << 1, 1]).keyframe).toBe(1);
    expect(describeAs('video/h265', [19 << 1, 1, 0]).keyframe).toBe(2);
    expect(describeAs('video/h265', [49 << 1, 1, 0x80 | 19]).keyframe).toBe(2);
    expect(describeAs('video/h265', [49 << 1, 1, 19]).keyframe).toBe(0);
    expect(describeAs('video/h265', [1 << 1, 1, 0]).keyframe).toBe(0);
  });

  it('[FW20] VP9: not predicted, start of frame, lowest spatial layer', () => {
    expect(describeAs('video/vp9', [0x88, 0x12, 1]).keyframe).toBe(1);
    expect(describeAs('video/vp9', [0xa8, 0x80, 0x12, 0x00, 1]).keyframe).toBe(1);
    expect(describeAs('video/vp9', [0xa8, 0x80, 0x12, 0x02, 1]).keyframe).toBe(0);
    expect(describeAs('video/vp9', [0xc8, 0x12, 1]).keyframe).toBe(0);
    expect(describeAs('video/vp9', [0x80, 0x12, 1]).keyframe).toBe(0);
  });

  it('[FW20] AV1: by the dependency descriptor’s structure, else by the N bit', () => {
    expect(describeAs('video/av1', [0x08, 1]).keyframe).toBe(1);
    expect(describeAs('video/av1', [0x88, 1]).keyframe).toBe(0);
    expect(describeAs('video/av1', [0x00, 1], [0x80, 0, 1, 0x80]).keyframe).toBe(1);
    expect(describeAs('video/av1', [0x08, 1], [0x80, 0, 1]).keyframe).toBe(0);
  });

  it('[FW20] every truncation and random payload of every codec is read within its bounds', () => {
    const random = seeded(5);
    const samples = [
      vp8({ key: true, pictureId: 3000, tl0: 2, size: 2 }),
      [0x78, 0, 2, 0x67, 1, 0, 9],
      [0xa8, 0x80, 0x12, 0x02],
    ];
    for (const mimeType of [
      'video/vp8',
      'video/h264',
      'video/h265',
      'video/vp9',
      'video/av1',
      'video/x',
      'audio/opus',
    ]) {
      for (const sample of samples) {
        for (let n = 0; n <= sample.length; n++) describeAs(mimeType, Uint8Array.from(sample).subarray(0, n));
      }
      for (let i = 0; i < 500; i++) {
        describeAs(
          mimeType,
          Uint8Array.from({ length: Math.floor(random() * 12) }, () => random() * 256),
        );
      }
    }
    expect(codecOf('video/x')).toBe(CODEC.video);
  });
});
