import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinAvcc, nalType, splitAnnexB } from '../h264/nal.ts';
import type { CodecPoolWithCounts } from './pool.ts';
import { encodeAac, encodeOpus, ffmpeg, tone } from './testing/media.ts';
import { collect, makePool, until } from './testing/pools.ts';
import type { AacOutput, BridgeOutput, OpusOutput } from './types.ts';

/** Kept seeds: the same damage in every run. */
const SEEDS = [1, 7, 2_026, 41_337];
const RUNS = 25;

let pool: CodecPoolWithCounts;
const troubles: string[] = [];
beforeAll(async () => {
  pool = await makePool({}, { onTrouble: (sentence) => troubles.push(sentence) });
});
afterAll(() => pool.close());

/** Good frames with some of them cut, overwritten or made up. */
function damaged(frames: readonly Uint8Array[]): fc.Arbitrary<Uint8Array[]> {
  const change = fc.record({
    at: fc.nat(frames.length - 1),
    kind: fc.constantFrom('cut', 'flip', 'noise', 'empty', 'swap'),
    offset: fc.nat(400),
    value: fc.integer({ min: 1, max: 255 }),
    noise: fc.uint8Array({ maxLength: 600 }),
  });
  return fc.array(change, { minLength: 1, maxLength: 12 }).map((changes) => {
    const result = frames.map((frame) => Uint8Array.from(frame));
    for (const { at, kind, offset, value, noise } of changes) {
      const frame = result[at]!;
      if (kind === 'cut') result[at] = frame.subarray(0, offset % (frame.length + 1));
      else if (kind === 'flip' && frame.length > 0) frame[offset % frame.length]! ^= value;
      else if (kind === 'noise') result[at] = noise;
      else if (kind === 'empty') result[at] = new Uint8Array(0);
      else result[at] = result[offset % result.length]!;
    }
    return result;
  });
}

/** All that was fed is done, and an innocent job beside it works. */
async function settle(ends: readonly string[]): Promise<void> {
  const sink = collect<AacOutput>();
  const job = pool.openOpusToAac({ channels: 1 }, sink);
  for (let k = 0; k < 6; k++) job?.write({ data: null, place: k * 960, samples: 960 });
  await until(() => pool.pending === 0);
  expect(sink.outputs.length).toBeGreaterThan(0);
  expect(sink.ends).toEqual([]);
  job?.close();
  expect(ends.length).toBeLessThanOrEqual(1);
  for (const end of ends) expect(['undecodable', 'refused']).toContain(end);
}

async function each(frames: readonly Uint8Array[], feed: (damaged: readonly Uint8Array[]) => Promise<void>) {
  for (const seed of SEEDS) await fc.assert(fc.asyncProperty(damaged(frames), feed), { seed, numRuns: RUNS });
  expect(troubles).toEqual([]);
  expect(pool.unavailable).toBeNull();
}

describe('damaged input ends no process', () => {
  it('[CD14] AAC, and configurations of it', { timeout: 120_000 }, async () => {
    const { frames, asc } = encodeAac(tone(440, 0.5, 48_000, 0.6), 48_000, 1);
    await each(frames, async (input) => {
      const sink = collect<OpusOutput>();
      const job = pool.openAacToOpus(asc, sink);
      input.forEach((data, k) => {
        job?.write({ data, place: k * 1_024 });
      });
      await settle(sink.ends);
      job?.close();
    });
    const configs = fc.uint8Array({ minLength: 0, maxLength: 12 });
    for (const seed of SEEDS) {
      await fc.assert(
        fc.asyncProperty(configs, async (config) => {
          const sink = collect<OpusOutput>();
          const job = pool.openAacToOpus(config, sink);
          frames.forEach((data, k) => {
            job?.write({ data, place: k * 1_024 });
          });
          await settle(sink.ends);
          job?.close();
        }),
        { seed, numRuns: RUNS },
      );
    }
    expect(troubles).toEqual([]);
  });

  it('[CD25] Opus', { timeout: 120_000 }, async () => {
    const { packets } = encodeOpus(tone(440, 0.5, 48_000, 0.6), 1, 20);
    await each(packets, async (input) => {
      const sink = collect<AacOutput>();
      const job = pool.openOpusToAac({ channels: 2 }, sink);
      input.forEach((data, k) => {
        job?.write({ data, place: k * 960, samples: 960 });
      });
      await settle(sink.ends);
      job?.close();
    });
  });

  it('[CD35] H.264, and parameter sets of it', { timeout: 120_000 }, async () => {
    const nals = splitAnnexB(
      ffmpeg([
        '-f',
        'lavfi',
        '-i',
        'testsrc2=s=160x120:d=1:r=15',
        '-c:v',
        'libx264',
        '-bf',
        '0',
        '-g',
        '99',
        '-f',
        'h264',
        '-',
      ]),
    );
    const sets = nals?.filter((nal) => [7, 8].includes(nalType(nal))) ?? [];
    const pictures = nals?.filter((nal) => [1, 5].includes(nalType(nal))).map((nal) => joinAvcc([nal])) ?? [];
    await each([...sets, ...pictures], async ([sps, pps, ...input]) => {
      const sink = collect<BridgeOutput>();
      const job = pool.openBridge({ encodeFromMs: 300, bitsPerSecond: 500_000 }, sink);
      job?.write({ kind: 'video-config', sps: sps ?? new Uint8Array(0), pps: pps ?? new Uint8Array(0) });
      input.forEach((data, k) => {
        job?.write({ kind: 'video', timestampMs: k * 66, keyframe: k === 0, data });
      });
      await settle(sink.ends);
      job?.close();
    });
  });

  for (const codec of ['vp8', 'vp9'] as const) {
    it(`[CD44] ${codec}`, { timeout: 120_000 }, async () => {
      const encoder = codec === 'vp8' ? ['libvpx'] : ['libvpx-vp9'];
      const source = ['-f', 'lavfi', '-i', 'testsrc2=s=160x120:d=1:r=15', '-c:v', ...encoder];
      const ivf = ffmpeg([...source, '-deadline', 'realtime', '-lag-in-frames', '0', '-f', 'ivf', '-']);
      const frames: Uint8Array[] = [];
      for (let at = 32; at + 12 <= ivf.length; at += 12 + ivf.readUInt32LE(at)) {
        frames.push(ivf.subarray(at + 12, at + 12 + ivf.readUInt32LE(at)));
      }
      await each(frames, async (input) => {
        const sink = collect<BridgeOutput>();
        const job = pool.openVideoToH264(codec, sink);
        input.forEach((data, k) => {
          job?.write({ data, timestampMs: k * 66, keyframe: k % 3 === 0 });
        });
        await settle(sink.ends);
        job?.close();
      });
    });
  }
});
