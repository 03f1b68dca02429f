import { describe, expect, it } from 'vitest';
import { createFlvMuxer } from '../flv/mux.ts';
import { configsOf, decodeSound, makeFlv, probe, unitsOf } from '../stream/testing/ffmpeg.ts';
import { seeded } from '../stream/testing/random.ts';
import type { AudioConfig } from '../stream/types.ts';
import { makeAsc, readAacConfig, sampleRates } from './config.ts';
import { silentFrame } from './silence.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

describe('AudioSpecificConfig', () => {
  it('[MS10] every standard rate, mono and stereo, in two bytes', () => {
    for (const [index, sampleRate] of sampleRates.entries()) {
      for (const channels of [1, 2] as const) {
        const asc = makeAsc(index, channels);
        expect(readAacConfig(asc)).toEqual({ kind: 'aac-lc', asc, sampleRate, channels });
      }
    }
  });

  it('[MS10] the five bytes of FFmpeg are cut to two', () => {
    expect(readAacConfig(hex('118856e500'))).toEqual({
      kind: 'aac-lc',
      asc: hex('1188'),
      sampleRate: 48_000,
      channels: 1,
    });
    for (const channels of [1, 2] as const) {
      for (const sampleRate of [16_000, 44_100, 48_000]) {
        const { audio } = configsOf(unitsOf(makeFlv({ profile: null, channels, sampleRate, seconds: 0.2 })));
        expect(audio).toMatchObject({ sampleRate, channels });
        expect(audio?.asc).toHaveLength(2);
      }
    }
  });

  it('[MS10] a standard rate that is written out is the same as its index', () => {
    // Object type 2, index 15, 44,100 in 24 bits, one channel.
    const bits = `00010${'1111'}${(44_100).toString(2).padStart(24, '0')}0001000`;
    const bytes = bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2));
    expect(readAacConfig(Uint8Array.from(bytes))).toMatchObject({ asc: makeAsc(4, 1), sampleRate: 44_100 });
  });

  it('[MS11] what is not AAC-LC in mono or stereo is refused with a sentence', () => {
    const sentences: Record<string, RegExp> = {
      // HE-AAC explicitly (object type 5 and 29), and behind the sync word.
      '2b11881000': /HE-AAC.*send AAC-LC/,
      eb118800: /HE-AAC v2.*send AAC-LC/,
      '139056e580': /HE-AAC.*send AAC-LC/,
      '0990': /AAC Main/,
      // No channels (a program configuration follows), and six.
      '1180': /channel configuration 0/,
      '11b0': /channel configuration 6/,
      // 960 samples; scalable.
      '118c': /1,024/,
      '118a': /scalable/,
      // Reserved rate.
      '1690': /sample rate/,
      '11': /cut short/,
      '': /cut short/,
      f8e850: /audio object type 39|AAC ELD/,
    };
    for (const [config, sentence] of Object.entries(sentences)) {
      const read = readAacConfig(hex(config));
      expect(read.kind, config).toBe('refused');
      if (read.kind === 'refused') expect(read.detail, config).toMatch(sentence);
    }
  });

  it('[MS11] any bytes at all are read or refused', () => {
    for (let seed = 1; seed <= 3; seed++) {
      const random = seeded(seed);
      for (let i = 0; i < 3_000; i++) {
        const read = readAacConfig(random.bytes(random.integer(8)));
        if (read.kind === 'aac-lc') expect(readAacConfig(read.asc)).toEqual(read);
      }
    }
  });
});

describe('silence', () => {
  it('[MS12] silent frames decode to silence, mono and stereo, between frames that sound', () => {
    for (const channels of [1, 2] as const) {
      const units = unitsOf(makeFlv({ profile: null, channels, sampleRate: 44_100, seconds: 1 }));
      const config = units.find((unit): unit is AudioConfig => unit.kind === 'audio-config')!;
      const frames = units.filter((unit) => unit.kind === 'audio');
      const muxer = createFlvMuxer();
      const parts = [muxer.preamble({ video: false, audio: true }, null, config)];
      // 20 frames of the tone, 40 of silence, the rest of the tone.
      const sequence = [
        ...frames.slice(0, 20).map((frame) => frame.data),
        ...Array.from({ length: 40 }, () => silentFrame(channels)),
        ...frames.slice(20).map((frame) => frame.data),
      ];
      sequence.forEach((data, i) => {
        parts.push(muxer.unit({ kind: 'audio', timestampMs: Math.round((i * 1_024_000) / 44_100), data }));
      });
      const file = Buffer.concat(parts);
      expect(probe(file).audio).toMatchObject({ codec_name: 'aac', profile: 'LC', channels });
      const sound = decodeSound(file);
      const loudest = (fromFrame: number, toFrame: number) => {
        let most = 0;
        for (let i = fromFrame * 1_024 * channels; i < toFrame * 1_024 * channels; i++) {
          most = Math.max(most, Math.abs(sound[i] ?? 0));
        }
        return most;
      };
      expect(sound.length).toBeGreaterThan(60 * 1_024 * channels);
      expect(loudest(10, 15)).toBeGreaterThan(1_000);
      // Two frames at the edges overlap with the tone.
      expect(loudest(23, 57)).toBe(0);
      expect(loudest(65, 70)).toBeGreaterThan(1_000);
    }
  });
});
