import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configsOf, makeFlv, unitsOf } from '../stream/testing/ffmpeg.ts';
import { seeded } from '../stream/testing/random.ts';
import { makeAvcConfig, readAvcConfig } from './avc-config.ts';
import { BitReader, BitsExhausted, BitWriter } from './bits.ts';
import {
  joinAnnexB,
  joinAvcc,
  nalType,
  splitAnnexB,
  splitAvcc,
  withEmulationPrevention,
  withoutEmulationPrevention,
} from './nal.ts';
import { readPps } from './pps.ts';
import { readSliceHeader } from './slice.ts';
import { readSps, withoutReordering } from './sps.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
/** NAL units as encoders make them: no start code inside, no zero at the end. */
const nal = fc
  .uint8Array({ minLength: 1, maxLength: 60 })
  .map((bytes) => withEmulationPrevention(Uint8Array.of(0x65, ...bytes, 0x80)));

describe('bits', () => {
  it('[MS1] what is written is read again', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 31)), (numbers) => {
        const writer = new BitWriter();
        for (const number of numbers) writer.unsigned(number);
        writer.trailing();
        const reader = new BitReader(writer.bytes());
        expect(numbers.map(() => reader.unsigned())).toEqual(numbers);
      }),
    );
  });

  it('[MS1] an endless Exp-Golomb code and the end of the bytes are errors', () => {
    expect(() => new BitReader(new Uint8Array(100)).unsigned()).toThrow(BitsExhausted);
    expect(() => new BitReader(Uint8Array.of(0x01)).unsigned()).toThrow(BitsExhausted);
    expect(() => new BitReader(new Uint8Array(2)).bits(17)).toThrow(BitsExhausted);
    expect([0x80, 0x40, 0x60, 0x20, 0x28].map((byte) => new BitReader(Uint8Array.of(byte)).signed())).toEqual([
      -0, 1, -1, 2, -2,
    ]);
  });
});

describe('NAL units', () => {
  it('[MS2] every framing gives back what was put in', () => {
    fc.assert(
      fc.property(fc.array(nal, { maxLength: 8 }), (nals) => {
        const plain = nals.map((one) => [...one]);
        expect(splitAvcc(joinAvcc(nals))?.map((one) => [...one])).toEqual(plain);
        expect(splitAnnexB(joinAnnexB(nals))?.map((one) => [...one])).toEqual(plain);
      }),
    );
  });

  it('[MS2] lengths of one and two bytes are read, three-byte start codes too', () => {
    expect(splitAvcc(hex('0265aa0141'), 1)).toEqual([hex('65aa'), hex('41')]);
    expect(splitAvcc(hex('000265aa000141'), 2)).toEqual([hex('65aa'), hex('41')]);
    expect(splitAnnexB(hex('ffff00000165aa000000014100'))).toEqual([hex('65aa'), hex('41')]);
  });

  it('[MS2] a length beyond the end and too many units are refused', () => {
    expect(splitAvcc(hex('0000000365aa'))).toBeNull();
    expect(splitAvcc(hex('000000'))).toBeNull();
    expect(splitAvcc(hex('ffffffff65'))).toBeNull();
    expect(splitAvcc(new Uint8Array(1_000_000), 1)).toBeNull();
    expect(splitAnnexB(joinAnnexB([hex('65'), hex('65'), hex('65')]), 2)).toBeNull();
  });

  it('[MS2] emulation prevention goes in and out again, and leaves no start code', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 255), { maxLength: 60 }), (numbers) => {
        // A payload ends with its stop bit, so never with a zero.
        const bytes = Uint8Array.of(...numbers, 0x80);
        const out = withEmulationPrevention(bytes);
        expect(Buffer.from(out).toString('hex')).not.toMatch(/^(..)*0000(00|01|02)/);
        expect([...withoutEmulationPrevention(out)]).toEqual([...bytes]);
      }),
    );
    const plain = hex('6764aabb');
    expect(withoutEmulationPrevention(plain)).toBe(plain);
  });
});

describe('sequence parameter sets', () => {
  const clips = {
    baseline: configsOf(unitsOf(makeFlv({ profile: 'baseline', size: '360x640', channels: 0, seconds: 0.2 }))).video!,
    main: configsOf(unitsOf(makeFlv({ profile: 'main', size: '320x180', channels: 0, seconds: 0.2 }))).video!,
    high: configsOf(unitsOf(makeFlv({ profile: 'high', size: '1280x720', channels: 0, seconds: 0.2 }))).video!,
  };

  it('[MS3] profile, level and the cropped size of what encoders make', () => {
    expect(readSps(clips.baseline.sps)).toMatchObject({ profile: 66, width: 360, height: 640, chromaFormat: 1 });
    expect(readSps(clips.main.sps)).toMatchObject({ profile: 77, width: 320, height: 180, frameMbsOnly: true });
    expect(readSps(clips.high.sps)).toMatchObject({ profile: 100, width: 1280, height: 720, bitDepthLuma: 8 });
  });

  /** A set as written bit by bit, with what matters open. */
  function make(options: { vui: 'none' | 'plain' | 'reorder'; profile?: number; refs?: number }): Uint8Array {
    const writer = new BitWriter();
    writer.bits(0x67, 8);
    writer.bits(options.profile ?? 77, 8);
    writer.bits(0, 8);
    writer.bits(31, 8);
    // id, log2_max_frame_num, poc type 0 and its length
    for (const value of [0, 0, 0, 2]) writer.unsigned(value);
    writer.unsigned(options.refs ?? 3);
    writer.bit(0);
    // 40 × 23 macroblocks of frames, cropped by 8 lines: 640 × 360
    writer.unsigned(39);
    writer.unsigned(22);
    writer.bit(1);
    writer.bit(1);
    writer.bit(1);
    for (const value of [0, 0, 0, 4]) writer.unsigned(value);
    writer.bit(options.vui === 'none' ? 0 : 1);
    if (options.vui !== 'none') {
      writer.bits(0, 4);
      // Timing with zeros in it, so that emulation prevention is needed.
      writer.bit(1);
      writer.bits(1, 32);
      writer.bits(50, 32);
      writer.bit(1);
      writer.bits(0, 3);
      writer.bit(options.vui === 'reorder' ? 1 : 0);
      if (options.vui === 'reorder') {
        writer.bit(1);
        for (const value of [2, 1, 10, 10, 2, 4]) writer.unsigned(value);
      }
    }
    writer.trailing();
    return withEmulationPrevention(writer.bytes());
  }

  it('[MS4] the rewriter adds or sets max_num_reorder_frames 0, and changes nothing else', () => {
    for (const vui of ['none', 'plain', 'reorder'] as const) {
      const before = make({ vui });
      const after = withoutReordering(before);
      const read = readSps(after);
      expect(read, vui).toEqual({
        ...readSps(before),
        vui: true,
        restriction: { maxNumReorderFrames: 0, maxDecFrameBuffering: 3 },
      });
      expect(Buffer.from(after).toString('hex'), vui).not.toMatch(/^(..)*0000(00|01|02)/);
      expect(withoutReordering(after), vui).toBe(after);
    }
    expect(readSps(make({ vui: 'plain' }))).toMatchObject({ width: 640, height: 360, vui: true, restriction: null });
  });

  it('[MS4] sets that cannot be read stay as they are', () => {
    for (const spoilt of [hex('67'), hex('6764'), hex('6742c01f'), hex('6742c01fda02'), hex('68ce3c80')]) {
      expect(withoutReordering(spoilt)).toBe(spoilt);
    }
  });

  it('[MS3] pictures beyond every level, and sets beyond their length, are refused', () => {
    const long = new Uint8Array(2_000).fill(0xff);
    long[0] = 0x67;
    expect(readSps(long)).toBeNull();
    const writer = new BitWriter();
    for (const value of [0x67, 66, 0, 30]) writer.bits(value, 8);
    for (const value of [0, 0, 2, 1]) writer.unsigned(value);
    writer.bit(0);
    writer.unsigned(60_000);
    writer.unsigned(60_000);
    writer.bits(0b110, 3);
    writer.bit(0);
    writer.trailing();
    expect(readSps(withEmulationPrevention(writer.bytes()))).toBeNull();
  });

  it('[MS5] AVCDecoderConfigurationRecord: made and read again, with the four bytes of High', () => {
    for (const [name, config] of Object.entries(clips)) {
      const record = makeAvcConfig(config.sps, config.pps);
      expect(readAvcConfig(record), name).toEqual({ lengthSize: 4, sps: [config.sps], pps: [config.pps] });
      expect(record.length - config.sps.length - config.pps.length, name).toBe(name === 'high' ? 15 : 11);
    }
    expect(readPps(clips.main.pps)).toEqual({ id: 0, spsId: 0 });
  });

  it('[MS5] a record that is cut short anywhere, or has three-byte lengths, is refused', () => {
    const record = makeAvcConfig(clips.main.sps, clips.main.pps);
    for (let length = 0; length < record.length; length++) {
      expect(readAvcConfig(record.subarray(0, length)), `${length}`).toBeNull();
    }
    expect(readAvcConfig(Uint8Array.of(...record.slice(0, 4), 0xfe, ...record.slice(5)))).toBeNull();
  });

  it('[MS6] slice headers tell I, P and B', () => {
    const kinds = (flv: Uint8Array) => {
      const found = new Set<string>();
      for (const unit of unitsOf(flv)) {
        if (unit.kind !== 'video') continue;
        for (const one of splitAvcc(unit.data) ?? []) found.add(`${nalType(one)}${readSliceHeader(one)?.kind}`);
      }
      return [...found].sort();
    };
    expect(kinds(makeFlv({ channels: 0, seconds: 0.5, slices: 3 }))).toEqual(['1P', '5I']);
    // first_mb 0, slice_type 1 and 6 are B; pps 0.
    expect(readSliceHeader(Uint8Array.of(0x01, 0b10101000, 0x80))).toEqual({ firstMb: 0, kind: 'B', ppsId: 0 });
    expect(readSliceHeader(Uint8Array.of(0x01, 0b10011110, 0x80))).toEqual({ firstMb: 0, kind: 'B', ppsId: 0 });
    expect(readSliceHeader(new Uint8Array(40))).toBeNull();
    expect(readSliceHeader(Uint8Array.of(0x01))).toBeNull();
  });

  it('[MS7] spoilt parameter sets, records and slices never throw', () => {
    const originals = [clips.baseline, clips.main, clips.high].flatMap(({ sps, pps }) => [
      sps,
      pps,
      makeAvcConfig(sps, pps),
      make({ vui: 'reorder', profile: 100 }),
    ]);
    for (let seed = 1; seed <= 4; seed++) {
      const random = seeded(seed);
      for (let i = 0; i < 3_000; i++) {
        const original = originals[random.integer(originals.length)]!;
        const spoilt =
          random() < 0.1 ? random.bytes(random.integer(80)) : random.spoil(original, 1 + random.integer(4));
        const sps = readSps(spoilt);
        if (sps !== null) expect(sps.width * sps.height).toBeLessThan(17_000 * 17_000);
        const rewritten = withoutReordering(spoilt);
        if (sps !== null) expect(readSps(rewritten)?.restriction?.maxNumReorderFrames).toBe(0);
        readPps(spoilt);
        readSliceHeader(spoilt);
        readAvcConfig(spoilt);
        splitAnnexB(spoilt);
        splitAvcc(spoilt, 1);
      }
    }
  });
});
