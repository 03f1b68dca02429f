import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configsOf, makeFlv, probe, tagsOf, unitsOf } from '../stream/testing/ffmpeg.ts';
import { seeded } from '../stream/testing/random.ts';
import type { MediaUnit } from '../stream/types.ts';
import { tagBody } from './body.ts';
import { createFlvDemuxer, FlvError, type FlvTag } from './demux.ts';
import { createFlvMuxer } from './mux.ts';
import { metadataBody } from './script.ts';

const clip = makeFlv({ profile: 'high', channels: 2, seconds: 1 });
const units = unitsOf(clip);
const { video, audio } = configsOf(units);

/** All of a stream as one viewer gets it. */
function mux(some: readonly MediaUnit[], tracks = { video: true, audio: true }): Buffer {
  const muxer = createFlvMuxer();
  return Buffer.concat([muxer.preamble(tracks, null, null), ...some.map((unit) => muxer.unit(unit))]);
}

describe('FLV written', () => {
  it('[MS20] flags in the header are those of the tracks, whatever is known of them', () => {
    for (const [tracks, flags] of [
      [{ video: true, audio: true }, 5],
      [{ video: true, audio: false }, 1],
      [{ video: false, audio: true }, 4],
    ] as const) {
      const muxer = createFlvMuxer();
      for (const known of [false, true]) {
        const bytes = muxer.preamble(tracks, known ? video : null, known ? audio : null);
        expect(bytes[4]).toBe(flags);
        const [header, ...tags] = createFlvDemuxer().push(bytes);
        expect(header).toEqual({ kind: 'header', hasAudio: tracks.audio, hasVideo: tracks.video });
        const expected = ['data'];
        if (known && tracks.video) expected.push('video');
        if (known && tracks.audio) expected.push('audio');
        expect(tags.map((tag) => tag.kind)).toEqual(expected);
      }
    }
  });

  it('[MS21] what is written is played by ffprobe: every picture, every frame, no complaint', () => {
    const preamble = createFlvMuxer().preamble({ video: true, audio: true }, video, audio);
    const frames = units.filter((unit) => unit.kind === 'video' || unit.kind === 'audio');
    const muxer = createFlvMuxer();
    for (const file of [mux(units), Buffer.concat([preamble, ...frames.map((unit) => muxer.unit(unit))])]) {
      const found = probe(file);
      expect(found.video).toMatchObject({ codec_name: 'h264', profile: 'High', width: 176, height: 144 });
      expect(found.video?.nb_read_frames).toBe('25');
      expect(found.audio).toMatchObject({ codec_name: 'aac', channels: 2, sample_rate: '44100' });
      expect(Number(found.audio?.nb_read_frames)).toBe(units.filter((unit) => unit.kind === 'audio').length);
    }
  });

  it('[MS21] metadata tells the size and the rates', () => {
    const text = Buffer.from(createFlvMuxer().preamble({ video: true, audio: true }, video, audio)).toString('latin1');
    for (const name of ['onMetaData', 'width', 'height', 'audiosamplerate', 'stereo']) expect(text).toContain(name);
    expect([...metadataBody({ a: true })]).toEqual([
      2, 0, 10, 111, 110, 77, 101, 116, 97, 68, 97, 116, 97, 8, 0, 0, 0, 1, 0, 1, 97, 1, 1, 0, 0, 9,
    ]);
  });

  it('[MS22] stamps go on past 24 and 32 bits; a configuration has the stamp of the frame before it', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), (timestampMs) => {
        const muxer = createFlvMuxer();
        const data = Uint8Array.of(0, 0, 0, 1, 0x41);
        const parts = [
          muxer.preamble({ video: true, audio: false }, null, null),
          muxer.unit({ kind: 'video', timestampMs, keyframe: false, data }),
          muxer.unit(video!),
        ];
        const tags = createFlvDemuxer().push(Buffer.concat(parts)).slice(2) as FlvTag[];
        expect(tags.map((tag) => tag.timestamp)).toEqual([timestampMs % 2 ** 32, timestampMs % 2 ** 32]);
      }),
    );
  });

  it('[MS23] a tag body is the same alone and in a tag', () => {
    const tags = tagsOf(mux(units)).filter((tag) => tag.kind !== 'data');
    expect(tags.map((tag) => Buffer.from(tag.payload).toString('hex'))).toEqual(
      units.map((unit) => Buffer.from(tagBody(unit)).toString('hex')),
    );
    const heads = new Map(units.map((unit) => [unit.kind, [...tagBody(unit).subarray(0, 5)]]));
    expect(heads.get('video-config')).toEqual([0x17, 0, 0, 0, 0]);
    expect(heads.get('audio-config')).toEqual([0xaf, 0, 0x12, 0x10]);
    expect(heads.get('video')).toEqual([0x27, 1, 0, 0, 0]);
    expect(heads.get('audio')?.slice(0, 2)).toEqual([0xaf, 1]);
  });
});

describe('FLV read', () => {
  it('[MS24] the same tags come whatever the pieces', () => {
    const whole = createFlvDemuxer().push(clip);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 50 }), (sizes) => {
        const demuxer = createFlvDemuxer();
        const found: unknown[] = [];
        for (let at = 0, i = 0; at < clip.length; i++) {
          const end = at + sizes[i % sizes.length]!;
          found.push(...demuxer.push(clip.subarray(at, end)));
          at = end;
        }
        expect(found.length).toBe(whole.length);
        expect(found).toEqual(whole);
        expect(demuxer.pending).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it('[MS24] payloads stay as they were when more comes', () => {
    const demuxer = createFlvDemuxer();
    const first = demuxer.push(clip.slice(0, 2_000));
    const copy = structuredClone(first);
    demuxer.push(clip.slice(2_000));
    expect(first).toEqual(copy);
  });

  it('[MS25] what is no FLV, a tag too long, and a wrong size behind a tag are errors that stay', () => {
    const broken: [string, Uint8Array][] = [
      ['no FLV', Buffer.from('GET / HTTP/1.1')],
      ['version', Uint8Array.of(0x46, 0x4c, 0x56, 2, 5, 0, 0, 0, 9)],
      ['header size', Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0xff, 0, 0, 9)],
      [
        'too long',
        Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0),
      ],
      ['encrypted', Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0, 0x29, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)],
    ];
    for (const [name, bytes] of broken) {
      const demuxer = createFlvDemuxer();
      expect(() => demuxer.push(bytes), name).toThrow(FlvError);
      expect(() => demuxer.push(clip), name).toThrow(FlvError);
      expect(demuxer.pending, name).toBe(0);
    }
    const spoilt = Uint8Array.from(mux(units));
    spoilt[spoilt.length - 1]! ^= 1;
    expect(() => createFlvDemuxer().push(spoilt)).toThrow(FlvError);
  });

  it('[MS26] spoilt streams end in FlvError or go on, and keep no more than one tag', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seeded(seed);
      const spoilt = random.spoil(clip.subarray(0, 6_000), 1 + random.integer(6));
      const demuxer = createFlvDemuxer({ maxTagBytes: 50_000 });
      try {
        for (let at = 0; at < spoilt.length; at += 700) {
          demuxer.push(spoilt.subarray(at, at + 700));
          expect(demuxer.pending).toBeLessThanOrEqual(50_004);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(FlvError);
      }
    }
  });
});
