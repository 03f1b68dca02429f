import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeOpus, ffmpeg } from '../codec/testing/media.ts';
import { makePool, until } from '../codec/testing/pools.ts';
import type { CodecPool } from '../codec/types.ts';
import { createFlvDemuxer } from '../flv/demux.ts';
import { createUnitReader } from '../flv/unit-reader.ts';
import { joinAnnexB, nalType, nalTypes } from '../h264/nal.ts';
import { unpack } from '../rtp/testing/plain-depacketizer.ts';
import type { MediaUnit, VideoFrame } from '../stream/types.ts';
import { createUnitGroup } from '../stream/unit-group.ts';
import { createIngress } from './ingress.ts';
import { type FakePublication, FakeSession } from './testing/fake-session.ts';

const FPS = 50;
const WIDTH = 160;
const HEIGHT = 90;

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

/** What a phone would push: a white bar that moves all the time, a white flash and a beep at every full second. */
function push(seconds: number, groupSeconds: number): MediaUnit[] {
  const bar = `color=white:s=16x90:r=${FPS}[bar];color=black:s=${WIDTH}x${HEIGHT}:r=${FPS}[night]`;
  const flash = `drawbox=t=fill:color=white:enable='lt(mod(t+0.001,1),0.06)'`;
  const picture = `${bar};[night][bar]overlay=x='mod(n*3,144)',${flash}`;
  const sound = "aevalsrc='if(lt(mod(t,1),0.06),0.8*sin(2*PI*1000*t),0)':s=44100";
  const bytes = ffmpeg([
    ...['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound, '-t', String(seconds), '-pix_fmt', 'yuv420p'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-profile:v', 'high', '-bf', '0'],
    ...['-g', String(groupSeconds * FPS), '-keyint_min', String(groupSeconds * FPS), '-sc_threshold', '0'],
    ...['-c:a', 'aac', '-ac', '1', '-f', 'flv', '-'],
  ]);
  const reader = createUnitReader();
  const units: MediaUnit[] = [];
  for (const tag of createFlvDemuxer().push(bytes)) {
    if (tag.kind === 'header') continue;
    const reading = reader.read(tag, tag.timestamp);
    if (reading.kind === 'refused') throw new Error(reading.code);
    units.push(...reading.units);
  }
  return units;
}

class Phone {
  readonly session = new FakeSession();
  readonly #group = createUnitGroup(8_000_000);
  readonly ingress;
  now = 0;

  constructor(codecs: CodecPool) {
    this.ingress = createIngress({
      session: this.session,
      codecs,
      limits: { payloadBytes: 1_150, bridgeIntervalMs: 1_000, bridgeBitsPerSecond: 1_500_000, reportIntervalMs: 1_000 },
      clock: () => this.now,
      wallClock: () => 1_790_000_000_000 + this.now,
      group: () => this.#group.pictures(),
      onTrouble: (trouble) => {
        throw new Error(trouble.detail);
      },
      onMutedByServer: () => {},
    });
  }

  write(unit: MediaUnit): void {
    if (unit.kind === 'video' || unit.kind === 'audio') this.now = Math.max(this.now, unit.timestampMs);
    this.#group.add(unit, this.now);
    this.ingress.write(unit);
    this.ingress.tick();
  }
}

/** Lightness of every pixel of every picture that a decoder makes of what was sent; throws at the least error. */
function decode(video: FakePublication): { timestamp: number; picture: Buffer }[] {
  const units = video.accessUnits();
  const stream = joinAnnexB(units.flatMap((packets) => unpack(packets)));
  const strict = ['-xerror', '-err_detect', 'explode', '-f', 'h264', '-i', '-'];
  const raw = ffmpeg([...strict, '-vsync', 'passthrough', '-pix_fmt', 'gray', '-f', 'rawvideo', '-'], stream);
  const size = WIDTH * HEIGHT;
  expect(raw.length / size).toBe(units.length);
  return units.map((packets, i) => ({
    timestamp: packets[0]!.timestamp,
    picture: raw.subarray(i * size, (i + 1) * size),
  }));
}

/** Mean lightness: the bar alone makes a tenth of white. */
function light(picture: Buffer): number {
  let sum = 0;
  for (const value of picture) sum += value;
  return sum / picture.length;
}

/** Wall-clock time by the last report (RFC 3550 §6.4.1). */
function wallClock(publication: FakePublication, timestamp: number, ticksPerMs: number): number {
  const report = publication.reports.at(-1)!;
  return report.ntpMs + ((timestamp - report.rtpTimestamp) | 0) / ticksPerMs;
}

describe.skipIf(!hasFfmpeg)('with real codecs (skipped: no ffmpeg)', () => {
  let codecs: CodecPool;
  beforeAll(async () => {
    codecs = await makePool();
  });
  afterAll(() => codecs.close());

  test('[IN51] a flash and a beep of one moment are of one moment by RTP and sender reports, within 20 ms', async () => {
    const phone = new Phone(codecs);
    const units = push(6, 2);
    for (const unit of units.filter((one) => one.kind === 'video-config' || one.kind === 'audio-config')) {
      phone.write(unit);
    }
    await until(() => phone.session.publications.length === 2);
    for (const unit of units) phone.write(unit);
    const video = phone.session.of('video');
    const audio = phone.session.of('audio');
    await until(() => audio.packets.length > 285);

    const pictures = decode(video);
    const sound = decodeOpus(
      audio.packets.map((packet) => packet.payload),
      1,
    );
    const flashes: number[] = [];
    for (const [i, { timestamp, picture }] of pictures.entries()) {
      const before = pictures[i - 1];
      if (light(picture) > 150 && (before === undefined || light(before.picture) <= 150)) {
        flashes.push(wallClock(video, timestamp, 90));
      }
    }
    const beeps: number[] = [];
    let quietFor = 48_000;
    for (const [i, value] of sound.entries()) {
      if (Math.abs(value) < 0.1) {
        quietFor++;
        continue;
      }
      if (quietFor > 24_000) beeps.push(wallClock(audio, audio.packets[0]!.timestamp + i, 48));
      quietFor = 0;
    }
    // The first of each may be cut by the beginning of the stream.
    expect(flashes.length).toBeGreaterThanOrEqual(5);
    const apart = flashes.slice(1).map((flash) => beeps.map((beep) => beep - flash).sort((a, b) => a * a - b * b)[0]!);
    for (const distance of apart) expect(Math.abs(distance)).toBeLessThan(20);
    phone.ingress.close();
  });

  test('[IN39] a decoder shows every picture of the phone in order through a bridge and back', async () => {
    const phone = new Phone(codecs);
    const units = push(24, 3).filter((unit) => unit.kind === 'video' || unit.kind === 'video-config');
    phone.write(units[0]!);
    await until(() => phone.session.publications.length === 1);
    const video = phone.session.of('video');
    const own = parameterSets();
    const sent: VideoFrame[] = [];
    // The phone's pace, but faster: until its own pictures go out again after those of a bridge.
    for (const unit of units) {
      phone.write(unit);
      if (unit.kind === 'video') sent.push(unit);
      if (sent.length === 40) video.sink.onKeyframeNeeded();
      const sets = own(video);
      if (sets.bridge && sets.last === 'phone') break;
      await new Promise((resolve) => setTimeout(resolve, 6));
    }
    expect(own(video)).toEqual({ bridge: true, last: 'phone' });

    const pictures = decode(video);
    expect(pictures).toHaveLength(sent.length);
    const first = pictures[0]!.timestamp;
    const stream = joinAnnexB([...parameterNals(units[0]!), ...sent.flatMap((unit) => nalsOf(unit))]);
    const wanted = ffmpeg(
      ['-f', 'h264', '-i', '-', '-vsync', 'passthrough', '-pix_fmt', 'gray', '-f', 'rawvideo', '-'],
      stream,
    );
    for (const [i, { timestamp, picture }] of pictures.entries()) {
      const unit = sent[i]!;
      expect(((timestamp - first) | 0) / 90).toBe(unit.timestampMs - sent[0]!.timestampMs);
      let difference = 0;
      for (let at = 0; at < picture.length; at++) {
        difference += Math.abs((picture[at] ?? 0) - (wanted[i * picture.length + at] ?? 0));
      }
      // The bar moves by three of its sixteen columns a picture: the wrong picture differs by more than ten.
      expect(difference / picture.length).toBeLessThan(4);
    }
    phone.ingress.close();
  });
});

/** Whether a bridge's pictures have gone out, and whose were last, by their parameter sets. */
function parameterSets() {
  let phone: string | null = null;
  let seen = 0;
  const state = { bridge: false, last: 'phone' as 'phone' | 'bridge' };
  return (video: FakePublication) => {
    for (; seen < video.packets.length; seen++) {
      const { payload } = video.packets[seen]!;
      if ((payload[0]! & 0x1f) !== 24) continue;
      const sets = Buffer.from(payload).toString('hex');
      phone ??= sets;
      state.last = sets === phone ? 'phone' : 'bridge';
      if (state.last === 'bridge') state.bridge = true;
    }
    return { ...state };
  };
}

function parameterNals(unit: MediaUnit): Uint8Array[] {
  return unit.kind === 'video-config' ? [unit.sps, unit.pps] : [];
}

function nalsOf(unit: MediaUnit): Uint8Array[] {
  if (unit.kind !== 'video') return [];
  const nals: Uint8Array[] = [];
  const view = new DataView(unit.data.buffer, unit.data.byteOffset, unit.data.length);
  for (let at = 0; at < unit.data.length; ) {
    const length = view.getUint32(at);
    const nal = unit.data.subarray(at + 4, at + 4 + length);
    if (nalType(nal) !== nalTypes.sei) nals.push(nal);
    at += 4 + length;
  }
  return nals;
}
