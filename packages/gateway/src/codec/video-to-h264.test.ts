import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinAnnexB, splitAvcc } from '../h264/nal.ts';
import { readSps } from '../h264/sps.ts';
import type { VideoFrame } from '../stream/types.ts';
import type { CodecPoolWithCounts } from './pool.ts';
import { ffmpeg } from './testing/media.ts';
import { collect, makePool, until } from './testing/pools.ts';
import type { BridgeOutput, ForeignCodec, ForeignFrame } from './types.ts';

let pool: CodecPoolWithCounts;
beforeAll(async () => {
  pool = await makePool();
});
afterAll(() => pool.close());

const encoders: Record<ForeignCodec, readonly string[]> = {
  vp8: ['libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-auto-alt-ref', '0', '-b:v', '1M'],
  vp9: ['libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0', '-b:v', '1M'],
  av1: ['libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0', '-b:v', '1M'],
  h265: ['libx265', '-preset', 'ultrafast', '-x265-params', 'bframes=0:log-level=none:repeat-headers=1', '-qp', '20'],
};

/** A browser's camera: bright pictures that grow darker, with a keyframe at the beginning alone. */
function camera(codec: ForeignCodec, size: string, seconds: number, fromMs: number, rate = 15): ForeignFrame[] {
  const source = `color=gray:s=${size}:r=${rate}:d=${seconds},geq=lum=${'200-N*4'}:cb=128:cr=128`;
  const args = ['-f', 'lavfi', '-i', source, '-pix_fmt', 'yuv420p', '-c:v', ...encoders[codec], '-g', '1000'];
  if (codec === 'h265') return accessUnits(ffmpeg([...args, '-f', 'hevc', '-']), fromMs, rate);
  const ivf = ffmpeg([...args, '-f', 'ivf', '-']);
  const frames: ForeignFrame[] = [];
  for (let at = 32; at + 12 <= ivf.length; ) {
    const size = ivf.readUInt32LE(at);
    const k = frames.length;
    const timestampMs = fromMs + Math.round((k * 1_000) / rate);
    frames.push({ data: ivf.subarray(at + 12, at + 12 + size), timestampMs, keyframe: k === 0 });
    at += 12 + size;
  }
  return frames;
}

/** H.265 of annex B by pictures: each ends with its slice. */
function accessUnits(bytes: Buffer, fromMs: number, rate: number): ForeignFrame[] {
  const frames: ForeignFrame[] = [];
  const starts: number[] = [];
  for (let i = 0; i + 3 < bytes.length; i++) if (bytes.readUIntBE(i, 3) === 1) starts.push(i);
  let begin = 0;
  starts.forEach((start, n) => {
    const type = (bytes[start + 3]! >> 1) & 63;
    if (type >= 32) return;
    const end = starts[n + 1] ?? bytes.length;
    const timestampMs = fromMs + Math.round((frames.length * 1_000) / rate);
    frames.push({ data: bytes.subarray(begin, end), timestampMs, keyframe: type >= 16 });
    begin = end;
  });
  return frames;
}

function videos(outputs: readonly BridgeOutput[]): VideoFrame[] {
  return outputs.filter((output) => output.kind === 'video');
}

/** Mean brightness of every picture of one size, by ffmpeg. */
function brightness(outputs: readonly BridgeOutput[]): number[] {
  const nals = outputs.flatMap((output) =>
    output.kind === 'video-config' ? [output.sps, output.pps] : (splitAvcc(output.data) ?? []),
  );
  const args = ['-xerror', '-err_detect', 'explode', '-f', 'h264', '-i', '-', '-vf', 'crop=2:2', '-pix_fmt', 'gray'];
  const raw = ffmpeg([...args, '-vsync', 'passthrough', '-f', 'rawvideo', '-'], joinAnnexB(nals));
  return Array.from({ length: raw.length / 4 }, (_, i) => raw[i * 4]!);
}

// Each makes its media and processes first: on a loaded machine that takes its time.
describe('video of other codecs to H.264', { timeout: 60_000 }, () => {
  for (const codec of ['vp8', 'vp9', 'av1', 'h265'] as const) {
    it(`[CD40] shows the same pictures at the same times, with a keyframe at least every 2 s: ${codec}`, async () => {
      const frames = camera(codec, '320x240', 3, 1_000);
      const sink = collect<BridgeOutput>();
      const job = pool.openVideoToH264(codec, sink);
      for (const frame of frames) job?.write(frame);
      await until(() => videos(sink.outputs).length >= 45 || sink.ends.length > 0);
      job?.close();
      expect(sink.ends).toEqual([]);
      const pictures = videos(sink.outputs);
      expect(pictures.map(({ timestampMs }) => timestampMs)).toEqual(frames.map(({ timestampMs }) => timestampMs));
      expect(pictures.flatMap(({ keyframe }, i) => (keyframe ? [i] : []))).toEqual([0, 30]);
      const [told] = sink.outputs;
      expect(told?.kind === 'video-config' ? readSps(told.sps)?.profile : null).toBe(66);
      const seen = brightness(sink.outputs);
      expect(seen).toHaveLength(45);
      seen.forEach((value, i) => {
        expect(Math.abs(value - ((200 - i * 4 - 16) * 255) / 219)).toBeLessThan(8);
      });
    });
  }

  it('[CD41] begins anew with new parameter sets when the pictures change their size', async () => {
    const frames = [...camera('vp8', '320x240', 1, 0), ...camera('vp8', '161x121', 1, 1_000)];
    const sink = collect<BridgeOutput>();
    const job = pool.openVideoToH264('vp8', sink);
    for (const frame of frames) job?.write(frame);
    await until(() => videos(sink.outputs).length >= 30 || sink.ends.length > 0);
    job?.close();
    const sizes = sink.outputs.flatMap((output) => (output.kind === 'video-config' ? [readSps(output.sps)] : []));
    expect(sizes.map((sps) => [sps?.width, sps?.height])).toEqual([
      [320, 240],
      [160, 120],
    ]);
    const at = sink.outputs.findIndex((output, i) => i > 0 && output.kind === 'video-config');
    expect(sink.outputs[at + 1]).toMatchObject({ kind: 'video', keyframe: true, timestampMs: 1_000 });
    expect(brightness(sink.outputs)).toHaveLength(30);
  });

  it('[CD42] waits for a keyframe, and asks for one, at the beginning and after damage', async () => {
    const frames = camera('vp8', '320x240', 2, 0);
    const sink = collect<BridgeOutput>();
    const job = pool.openVideoToH264('vp8', sink);
    for (const frame of frames.slice(1, 5)) job?.write(frame);
    await until(() => sink.keyframesAsked > 0);
    for (const frame of frames.slice(0, 10)) job?.write(frame);
    await until(() => videos(sink.outputs).length === 10);
    // A frame of no use, then frames that stand on it.
    job?.write({ data: Buffer.of(0), timestampMs: 700, keyframe: false });
    for (const frame of frames.slice(10)) job?.write(frame);
    await until(() => sink.keyframesAsked > 1);
    for (const frame of frames.slice(0, 3)) job?.write({ ...frame, timestampMs: frame.timestampMs + 5_000 });
    await until(() => videos(sink.outputs).length === 13);
    expect(videos(sink.outputs)[10]).toMatchObject({ keyframe: true, timestampMs: 5_000 });
    job?.close();
    expect(sink.keyframesAsked).toBe(2);
  });

  it('[CD43] drops pictures up to a keyframe when it falls behind, and asks for one', async () => {
    const small = await makePool({ maxQueuedFrames: 5 });
    const frames = camera('vp8', '320x240', 2, 0);
    const sink = collect<BridgeOutput>();
    const job = small.openVideoToH264('vp8', sink);
    for (const frame of frames) job?.write(frame);
    expect(small.dropped).toBe(26);
    expect(sink.keyframesAsked).toBe(1);
    await until(() => videos(sink.outputs).length === 4);
    for (const frame of frames.slice(0, 3)) job?.write({ ...frame, timestampMs: frame.timestampMs + 5_000 });
    await until(() => videos(sink.outputs).length === 7);
    expect(videos(sink.outputs)[4]).toMatchObject({ keyframe: true, timestampMs: 5_000 });
    await small.close();
  });

  it('[CD44] ends as undecodable what is no video, and refuses what is too large', async () => {
    const noise = collect<BridgeOutput>();
    const job = pool.openVideoToH264('vp9', noise);
    for (let k = 0; k < 20; k++) job?.write({ data: Buffer.alloc(300, k + 3), timestampMs: k, keyframe: true });
    await until(() => noise.ends.length > 0);
    expect(noise.ends).toEqual(['undecodable']);
    const bounded = await makePool({ maxPixels: 100 * 100 });
    const large = collect<BridgeOutput>();
    const other = bounded.openVideoToH264('vp8', large);
    for (const frame of camera('vp8', '320x240', 1, 0)) other?.write({ ...frame, keyframe: true });
    await until(() => large.ends.length > 0);
    expect(large.outputs).toEqual([]);
    await bounded.close();
  });
});
