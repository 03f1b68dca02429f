import { describe, expect, it } from 'vitest';
import { joinAvcc, nalType, splitAvcc, withEmulationPrevention } from '../h264/nal.ts';
import { readSps } from '../h264/sps.ts';
import { makeFlv, probe, tagsOf, unitsOf } from '../stream/testing/ffmpeg.ts';
import { seeded } from '../stream/testing/random.ts';
import type { MediaUnit, VideoConfig } from '../stream/types.ts';
import { tagBody } from './body.ts';
import { createFlvMuxer } from './mux.ts';
import { createUnitReader, type MediaMessage, type TimeLineNotice, type UnitReaderLimits } from './unit-reader.ts';

const small = tagsOf(makeFlv({ size: '176x144', seconds: 1 }));
const large = tagsOf(makeFlv({ size: '320x240', seconds: 1 }));
const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

/** Everything that a reader makes of messages that come at their time; the refusal's code and sentence last. */
function read(messages: readonly MediaMessage[], limits: Partial<UnitReaderLimits> = {}) {
  const notices: TimeLineNotice[] = [];
  const reader = createUnitReader(limits, (notice) => notices.push(notice));
  const units: MediaUnit[] = [];
  for (const message of messages) {
    const reading = reader.read(message, message.timestamp);
    if (reading.kind === 'refused') {
      expect(reader.read(messages[0]!, message.timestamp)).toBe(reading);
      return { units, notices, reader, code: reading.code, detail: reading.detail };
    }
    units.push(...reading.units);
  }
  return { units, notices, reader, code: null, detail: '' };
}

const video = (payload: Uint8Array, timestamp = 0): MediaMessage => ({ kind: 'video', timestamp, payload });
const audio = (payload: Uint8Array, timestamp = 0): MediaMessage => ({ kind: 'audio', timestamp, payload });
const kinds = (units: readonly MediaUnit[]) => units.map((unit) => unit.kind);
const config = unitsOf(makeFlv({ seconds: 0.2 })).find((unit): unit is VideoConfig => unit.kind === 'video-config')!;
const header = video(tagBody(config));
const aacHeader = audio(hex('af001208'));
/** Body of a picture of these NAL units, flags as told. */
const picture = (nals: readonly Uint8Array[], first = 0x27) => Uint8Array.of(first, 1, 0, 0, 0, ...joinAvcc(nals));
/** Slices by their header: first_mb 0, the type, pps 0. */
const idr = Uint8Array.of(0x65, 0x88, 0x84, 0x21);
const p = Uint8Array.of(0x41, 0x9a, 0x24, 0x21);

describe('what ffmpeg sends', () => {
  it('[MS30] every profile without B frames goes through, and is played again', () => {
    for (const profile of ['baseline', 'main', 'high'] as const) {
      const units = unitsOf(makeFlv({ profile, seconds: 1, slices: 2, channels: 2, sampleRate: 48_000 }));
      expect(kinds(units).filter((kind) => kind === 'video')).toHaveLength(25);
      const frames = units.filter((unit) => unit.kind === 'video');
      expect(frames.filter((frame) => frame.keyframe)).toHaveLength(1);
      for (const frame of frames) {
        const types = splitAvcc(frame.data)!.map(nalType);
        expect(types).toEqual(frame.keyframe ? [5, 5] : [1, 1]);
      }
      const muxer = createFlvMuxer();
      const file = Buffer.concat([
        muxer.preamble({ video: true, audio: true }, null, null),
        ...units.map((unit) => muxer.unit(unit)),
      ]);
      expect(probe(file).video?.nb_read_frames).toBe('25');
    }
  });

  it('[MS31] B frames are refused, with their composition offsets and without', () => {
    const tags = tagsOf(makeFlv({ bFrames: 2, seconds: 1 }));
    expect(read(tags)).toMatchObject({ code: 'bFrames', detail: expect.stringContaining('B frames') });
    const hidden = tags.map((tag) => {
      const payload = tag.payload.slice();
      if (tag.kind === 'video') payload.fill(0, 2, 5);
      return { ...tag, payload };
    });
    expect(read(hidden)).toMatchObject({ code: 'bFrames' });
  });

  it('[MS32] a new resolution is told before its keyframe', () => {
    const later = large.map((tag) => ({ ...tag, timestamp: tag.timestamp + 1_000 }));
    const { units, code } = read([...small, ...later]);
    expect(code).toBeNull();
    const changes = units.filter((unit) => unit.kind === 'video-config');
    expect(changes.map((unit) => readSps(unit.sps)?.width)).toEqual([176, 320]);
    const at = units.indexOf(changes[1]!);
    expect(units[at + 1]).toMatchObject({ kind: 'video', keyframe: true });
    // The same sound goes on: nothing new is told of it.
    expect(kinds(units).filter((kind) => kind === 'audio-config')).toHaveLength(1);
  });

  it('[MS33] parameter sets inside the pictures count like those in a header', () => {
    const other = unitsOf(makeFlv({ size: '320x240', seconds: 0.2, channels: 0 }));
    const fresh = other.find((unit): unit is VideoConfig => unit.kind === 'video-config')!;
    const key = splitAvcc(other.find((unit) => unit.kind === 'video')!.data)!;
    const { units } = read([
      header,
      video(picture([idr], 0x17)),
      video(picture([hex('09f0'), fresh.sps, fresh.pps, hex('0600'), ...key, hex('0cff80')], 0x17), 40),
      video(picture([fresh.sps, fresh.pps, ...key], 0x17), 80),
    ]);
    expect(kinds(units)).toEqual(['video-config', 'video', 'video-config', 'video', 'video']);
    const frames = units.filter((unit) => unit.kind === 'video');
    // AUD, SEI, filler and the sets themselves are gone.
    expect(splitAvcc(frames[1]!.data)!.map(nalType)).toEqual(key.map(nalType));
    expect(frames[2]!.data).toEqual(joinAvcc(key));
  });

  it('[MS34] of several sets in a header, the first picture’s are taken', () => {
    // pps 1 of the same sps: ue(1) = 010, ue(0) = 1.
    const second = Uint8Array.of(0x68, 0b01010111, ...config.pps.subarray(2));
    const record = Uint8Array.of(
      ...[0x17, 0, 0, 0, 0, 1, config.sps[1]!, config.sps[2]!, config.sps[3]!, 0xff, 0xe1],
      ...[config.sps.length >> 8, config.sps.length & 255, ...config.sps, 2],
      ...[0, config.pps.length, ...config.pps, 0, second.length, ...second],
    );
    // first_mb 0 = 1, type 7 = 0001000, pps 1 = 010.
    const usesSecond = Uint8Array.of(0x65, 0b10001000, 0b01011111, 0x80);
    const { units } = read([video(record), video(picture([usesSecond], 0x17))]);
    expect(units[0]).toEqual({ kind: 'video-config', sps: config.sps, pps: second });
    // Within one group there is no telling a player of another set.
    const delta = Uint8Array.of(0x41, 0b10001000, 0b01011111, 0x80);
    expect(read([video(record), video(picture([idr], 0x17)), video(picture([usesSecond]), 40)]).code).toBeNull();
    expect(read([video(record), video(picture([idr], 0x17)), video(picture([delta]), 40)]).code).toBe('badMedia');
  });

  it('[MS35] lengths of one and two bytes become four', () => {
    for (const size of [1, 2]) {
      const body = header.payload.slice();
      body[9] = 0xfc | (size - 1);
      const nalBytes = size === 1 ? [idr.length, ...idr] : [0, idr.length, ...idr];
      const { units } = read([video(body), video(Uint8Array.of(0x17, 1, 0, 0, 0, ...nalBytes))]);
      expect(units[1]).toMatchObject({ kind: 'video', keyframe: true, data: joinAvcc([idr]) });
    }
  });
});

describe('what is not believed, not passed on, or refused', () => {
  it('[MS36] a keyframe is what has IDR slices alone, whatever the flag says', () => {
    const { units, reader } = read([
      header,
      // Says keyframe, is none: nothing can begin with it.
      video(picture([p], 0x17)),
      video(picture([idr], 0x27), 40),
      video(picture([p], 0x17), 80),
    ]);
    expect(units.slice(1)).toMatchObject([{ keyframe: true }, { keyframe: false }]);
    expect(reader.droppedFrames).toBe(1);
    expect(read([header, video(picture([idr, p], 0x17))])).toMatchObject({ code: 'badMedia' });
  });

  it('[MS37] frames before their configuration are left out', () => {
    const { units } = read([
      video(picture([idr], 0x17)),
      audio(hex('af0101182007')),
      aacHeader,
      audio(hex('af0101182007'), 23),
      // A header without a pps: the picture cannot be decoded.
      video(Uint8Array.of(...header.payload.slice(0, 13 + config.sps.length), 0), 40),
      video(picture([idr], 0x17), 40),
    ]);
    expect(kinds(units)).toEqual(['audio-config', 'audio']);
  });

  it('[MS38] other codecs and forms are refused with a sentence that names them', () => {
    const refused: [MediaMessage, RegExp][] = [
      [video(hex('22000084')), /H\.263.*send H\.264/],
      [video(hex('1c0000000001')), /HEVC/],
      [video(hex('9068766331')), /hvc1/],
      [video(hex('9061763031')), /av01/],
      [video(hex('14000000')), /VP6/],
      [audio(hex('2fff')), /MP3.*send AAC-LC/],
      [audio(hex('b2ff')), /Speex/],
      [audio(hex('904f707573')), /Opus/],
      [audio(hex('7eff')), /A-law/],
      [audio(hex('af00eb118800')), /HE-AAC/],
      [audio(hex('af05')), /packet type 5/],
      [video(hex('1703000000')), /packet type 3/],
      [video(hex('170000000001')), /sequence header/],
    ];
    for (const [message, sentence] of refused) {
      const { code, detail } = read([message]);
      expect(code, detail).toBe('badMedia');
      expect(detail).toMatch(sentence);
    }
    const pictures: [Uint8Array[], RegExp][] = [
      [[hex('42c0')], /partition/],
      [[hex('e5888421')], /forbidden/],
      [[hex('41')], /slice header/],
      [[hex('674200')], /parameter set/],
      // first_mb 1.
      [[hex('41529a24')], /part of a picture/],
    ];
    for (const [nals, sentence] of pictures) {
      const { code, detail } = read([header, video(picture(nals))]);
      expect(code, detail).toBe('badMedia');
      expect(detail).toMatch(sentence);
    }
    expect(read([header, video(Uint8Array.of(0x27, 1, 0, 0, 0, 0, 0, 0, 9, 1))])).toMatchObject({ code: 'badMedia' });
  });

  it('[MS38] empty messages, commands, ends of sequence and data are passed over', () => {
    const { units, code, reader } = read([
      audio(new Uint8Array(0)),
      video(new Uint8Array(0)),
      audio(hex('af')),
      video(hex('5700')),
      video(hex('17')),
      video(hex('1702000000')),
      header,
      video(Uint8Array.of(0x17, 1, 0, 0, 0)),
      video(picture([hex('0600'), hex('09f0')])),
      aacHeader,
      audio(hex('af01')),
      { kind: 'data', timestamp: 0, payload: new Uint8Array(10_000).fill(7) },
      { kind: 'data', timestamp: 0, payload: hex('01') },
    ]);
    expect(kinds(units)).toEqual(['audio-config']);
    expect(code).toBeNull();
    expect(reader.metadata).toHaveLength(4_096);
  });

  it('[MS39] an ADTS header that was left on is taken off', () => {
    const { units } = read([aacHeader, audio(hex('af01fff150400160fc01182007'))]);
    expect(units[1]).toMatchObject({ kind: 'audio', data: hex('01182007') });
  });

  it('[MS40] too large, too many, too often', () => {
    const key = video(picture([idr], 0x17));
    expect(read([header, key], { maxFrameBytes: 5 })).toMatchObject({ code: 'tooMuch' });
    expect(read([aacHeader, audio(new Uint8Array(5_000).fill(0xaf).with(1, 1))])).toMatchObject({ code: 'tooMuch' });
    const flood = Array.from({ length: 5_000 }, () => audio(new Uint8Array(0)));
    expect(read(flood)).toMatchObject({ code: 'tooMuch', detail: 'too many messages a second' });
    const changing = Array.from({ length: 300 }, (_, i) => audio(hex(i % 2 === 0 ? 'af001208' : 'af001210'), i));
    expect(read(changing)).toMatchObject({ code: 'tooMuch', detail: 'the configuration changes all the time' });
    const jumping = Array.from({ length: 100 }, (_, i) => audio(hex('af0101182007'), (i % 2) * 1_000_000));
    const reader = createUnitReader();
    reader.read(aacHeader, 0);
    const codes = jumping.map((message, i) => reader.read(message, i * 20)).filter((one) => one.kind === 'refused');
    expect(codes[0]).toMatchObject({ code: 'tooMuch', detail: 'the time stamps jump all the time' });
  });

  it('[MS47] a source whose stamps run ahead of the time is ended: somebody would make all its silence', () => {
    const reader = createUnitReader();
    reader.read(aacHeader, 0);
    let passed = 0;
    while (passed < 1_000 && reader.read(audio(hex('af0101182007'), passed * 1_900), passed * 5).kind !== 'refused')
      passed++;
    expect(reader.read(aacHeader, 10_000)).toMatchObject({
      code: 'tooMuch',
      detail: 'the time stamps run ahead of the time',
    });
    expect(passed * 1_900).toBeLessThan(60_000);
  });

  it('[MS41] spoilt streams end in a refusal or go on, and what comes out keeps the promises of a unit', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(seed);
      const reader = createUnitReader();
      const last = { audio: -1, video: -1 };
      let started = false;
      for (const tag of seed % 2 === 0 ? small : large) {
        const changes = random() < 0.2 ? 1 + random.integer(4) : 0;
        // The bytes that are looked at stand in front.
        const head = random.spoil(tag.payload.subarray(0, 40), changes);
        const payload = Uint8Array.of(...head, ...tag.payload.subarray(40));
        const timestamp = random() < 0.05 ? random.integer(2 ** 32) : tag.timestamp;
        const reading = reader.read({ ...tag, payload, timestamp }, tag.timestamp);
        if (reading.kind === 'refused') break;
        for (const unit of reading.units) {
          if (unit.kind === 'video-config') expect(readSps(unit.sps)).not.toBeNull();
          if (unit.kind === 'video') {
            started ||= unit.keyframe;
            expect(started).toBe(true);
            const types = splitAvcc(unit.data)!.map(nalType);
            expect(new Set(types)).toEqual(new Set([unit.keyframe ? 5 : 1]));
          }
          if (unit.kind === 'audio' || unit.kind === 'video') {
            expect(unit.timestampMs).toBeGreaterThanOrEqual(last[unit.kind]);
            last[unit.kind] = unit.timestampMs;
          }
        }
      }
    }
  });

  it('[MS41] random messages never throw', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seeded(seed);
      const reader = createUnitReader();
      reader.read(header, 0);
      for (let i = 0; i < 50; i++) {
        const payload = random.bytes(random.integer(60));
        const kind = (['audio', 'video', 'data'] as const)[random.integer(3)]!;
        if (kind === 'video' && random() < 0.9) payload.set([0x27, 1, 0, 0, 0].slice(0, payload.length));
        reader.read({ kind, timestamp: random.integer(2 ** 32), payload }, i * 20);
      }
    }
  });

  it('[MS41] emulation prevention hides no slice header', () => {
    const slice = withEmulationPrevention(Uint8Array.of(0x41, 0, 0, 0, 0, 1, 0xff, 0x80));
    expect(read([header, video(picture([slice]))]).code).toBe('badMedia');
  });
});
