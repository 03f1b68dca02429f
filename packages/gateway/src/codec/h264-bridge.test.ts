import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinAnnexB, joinAvcc, nalType, splitAnnexB, splitAvcc } from '../h264/nal.ts';
import { readSps } from '../h264/sps.ts';
import type { VideoConfig, VideoFrame } from '../stream/types.ts';
import type { CodecPoolWithCounts } from './pool.ts';
import { ffmpeg } from './testing/media.ts';
import { collect, makePool, until } from './testing/pools.ts';
import type { BridgeOutput } from './types.ts';

const WIDTH = 360;
const HEIGHT = 640;

let pool: CodecPoolWithCounts;
beforeAll(async () => {
  pool = await makePool();
});
afterAll(() => pool.close());

interface Phone {
  readonly config: VideoConfig;
  readonly frames: readonly VideoFrame[];
}

/** A phone's group: each picture is grey of another brightness, so that a decoded one says which it is. */
function phone(profile: string, seconds = 3, size = `${WIDTH}x${HEIGHT}`): Phone {
  const rate = 15;
  const source = `color=gray:s=${size}:r=${rate}:d=${seconds},geq=lum=${'40+N*4'}:cb=128:cr=128`;
  const encoder = [
    '-c:v',
    'libx264',
    '-profile:v',
    profile,
    '-bf',
    '0',
    '-g',
    '1000',
    '-preset',
    'veryfast',
    '-qp',
    '20',
  ];
  const nals = splitAnnexB(ffmpeg(['-f', 'lavfi', '-i', source, ...encoder, '-f', 'h264', '-']));
  const find = (type: number) => nals?.find((nal) => nalType(nal) === type) ?? new Uint8Array(0);
  const slices = nals?.filter((nal) => [1, 5].includes(nalType(nal))) ?? [];
  return {
    config: { kind: 'video-config', sps: find(7), pps: find(8) },
    frames: slices.map((nal, k) => ({
      kind: 'video',
      timestampMs: 5_000 + Math.round((k * 1_000) / rate),
      keyframe: nalType(nal) === 5,
      data: joinAvcc([nal]),
    })),
  };
}

/** Brightness in the middle of every picture, by ffmpeg. */
function brightness(outputs: readonly BridgeOutput[], width = WIDTH, height = HEIGHT): number[] {
  const nals = outputs.flatMap((output) =>
    output.kind === 'video-config' ? [output.sps, output.pps] : (splitAvcc(output.data) ?? []),
  );
  const raw = ffmpeg(
    [
      '-xerror',
      '-err_detect',
      'explode',
      '-f',
      'h264',
      '-i',
      '-',
      '-pix_fmt',
      'gray',
      '-vsync',
      'passthrough',
      '-f',
      'rawvideo',
      '-',
    ],
    joinAnnexB(nals),
  );
  const size = width * height;
  return Array.from({ length: raw.length / size }, (_, i) => raw[i * size + (height >> 1) * width + (width >> 1)]!);
}

function videos(outputs: readonly BridgeOutput[]): VideoFrame[] {
  return outputs.filter((output) => output.kind === 'video');
}

// Each makes its media and processes first: on a loaded machine that takes its time.
describe('the bridge', { timeout: 60_000 }, () => {
  for (const profile of ['baseline', 'main', 'high']) {
    it(`[CD30] begins with the picture asked for as IDR, and goes on with clean pictures: ${profile}`, async () => {
      const { config, frames } = phone(profile);
      const from = frames[30]!;
      const sink = collect<BridgeOutput>();
      const job = pool.openBridge({ encodeFromMs: from.timestampMs - 0.5, bitsPerSecond: 1_500_000 }, sink);
      job?.write(config);
      for (const frame of frames) job?.write(frame);
      await until(() => videos(sink.outputs).length >= 15 || sink.ends.length > 0);
      job?.close();
      expect(sink.ends).toEqual([]);
      expect(sink.outputs[0]?.kind).toBe('video-config');
      const pictures = videos(sink.outputs);
      expect(pictures.map(({ timestampMs }) => timestampMs)).toEqual(
        frames.slice(30).map((frame) => frame.timestampMs),
      );
      expect(pictures.map(({ keyframe }) => keyframe)).toEqual([true, ...new Array<boolean>(14).fill(false)]);
      // ffmpeg shows the limited range: 16 … 235 becomes 0 … 255.
      const seen = brightness(sink.outputs);
      expect(seen).toHaveLength(15);
      seen.forEach((value, i) => {
        const luma = 40 + (30 + i) * 4;
        expect(Math.abs(value - ((luma - 16) * 255) / 219)).toBeLessThan(4);
      });
    });
  }

  it('[CD31] makes constrained baseline without reordering, slices only, parameter sets apart', async () => {
    const { config, frames } = phone('main', 1);
    const sink = collect<BridgeOutput>();
    const job = pool.openBridge({ encodeFromMs: 0, bitsPerSecond: 1_500_000 }, sink);
    job?.write(config);
    for (const frame of frames) job?.write(frame);
    await until(() => videos(sink.outputs).length >= 15 || sink.ends.length > 0);
    job?.close();
    const [told] = sink.outputs;
    const sps = told?.kind === 'video-config' ? readSps(told.sps) : null;
    expect(sps).toMatchObject({ profile: 66, width: WIDTH, height: HEIGHT, frameMbsOnly: true });
    expect((sps?.constraints ?? 0) & 0xc0).toBe(0xc0);
    expect(sps?.restriction?.maxNumReorderFrames).toBe(0);
    for (const { data, keyframe } of videos(sink.outputs)) {
      expect(new Set(splitAvcc(data)?.map(nalType))).toEqual(new Set([keyframe ? 5 : 1]));
    }
  });

  it('[CD32] makes another keyframe of the next picture when it is asked to', async () => {
    const { config, frames } = phone('baseline', 1);
    const sink = collect<BridgeOutput>();
    const job = pool.openBridge({ encodeFromMs: 0, bitsPerSecond: 1_500_000 }, sink);
    job?.write(config);
    for (const [k, frame] of frames.entries()) {
      if (k === 7) job?.requestKeyframe();
      job?.write(frame);
    }
    await until(() => videos(sink.outputs).length >= 15 || sink.ends.length > 0);
    job?.close();
    expect(videos(sink.outputs).flatMap(({ keyframe }, i) => (keyframe ? [i] : []))).toEqual([0, 7]);
    expect(brightness(sink.outputs)).toHaveLength(15);
  });

  it('[CD33] takes a whole group at once, and ends when it falls behind afterwards', async () => {
    const small = await makePool({ maxQueuedFrames: 5 });
    const { config, frames } = phone('main', 8, '160x120');
    const whole = collect<BridgeOutput>();
    const job = small.openBridge({ encodeFromMs: frames.at(-1)!.timestampMs, bitsPerSecond: 500_000 }, whole);
    job?.write(config);
    for (const frame of frames) job?.write(frame);
    await until(() => whole.outputs.length >= 2 || whole.ends.length > 0);
    expect(whole.ends).toEqual([]);
    job?.close();

    const flooded = collect<BridgeOutput>();
    const other = small.openBridge({ encodeFromMs: 0, bitsPerSecond: 500_000 }, flooded);
    other?.write(config);
    for (const frame of frames) other?.write(frame);
    expect(flooded.ends).toEqual(['refused']);
    expect(small.jobs['h264-bridge']).toBe(0);
    await small.close();
  });

  it('[CD34] refuses pictures that are too large or change their size', async () => {
    const { config, frames } = phone('main', 1);
    const bounded = await makePool({ maxPixels: 320 * 240 });
    const large = collect<BridgeOutput>();
    const job = bounded.openBridge({ encodeFromMs: 0, bitsPerSecond: 500_000 }, large);
    job?.write(config);
    for (const frame of frames) job?.write(frame);
    await until(() => large.ends.length > 0);
    expect(large.ends).toEqual(['refused']);
    await bounded.close();

    const other = phone('main', 1, '160x120');
    const changed = collect<BridgeOutput>();
    const second = pool.openBridge({ encodeFromMs: 0, bitsPerSecond: 500_000 }, changed);
    for (const unit of [config, ...frames, other.config, ...other.frames]) second?.write(unit);
    await until(() => changed.ends.length > 0);
    expect(changed.ends).toEqual(['refused']);
    expect(videos(changed.outputs)).toHaveLength(15);
  });

  it('[CD35] ends as undecodable a group that is damaged, or has no keyframe at its beginning', async () => {
    const { config, frames } = phone('main', 1);
    const damaged = frames.map((frame, k) => (k === 5 ? { ...frame, data: Buffer.alloc(60, 0x41) } : frame));
    const cases = [[config, ...damaged], [config, ...frames.slice(1)], [...frames]];
    for (const units of cases) {
      const sink = collect<BridgeOutput>();
      const job = pool.openBridge({ encodeFromMs: 1e6, bitsPerSecond: 500_000 }, sink);
      for (const unit of units) job?.write(unit);
      await until(() => sink.ends.length > 0);
      expect(sink.ends).toEqual(['undecodable']);
    }
    expect(pool.jobs['h264-bridge']).toBe(0);
  });

  it('[CD36] opens so many as the budget has', () => {
    const sink = collect<BridgeOutput>();
    const jobs = Array.from({ length: 17 }, () => pool.openBridge({ encodeFromMs: 0, bitsPerSecond: 1 }, sink));
    expect(jobs.filter((job) => job === null)).toHaveLength(1);
    for (const job of jobs) job?.close();
    expect(pool.jobs['h264-bridge']).toBe(0);
  });
});
