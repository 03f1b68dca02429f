import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CodecPoolWithCounts } from './pool.ts';
import { amplitudeOf, burst, burstAt, channel, decodeAac, encodeOpus, level, tone } from './testing/media.ts';
import { collect, makePool, until } from './testing/pools.ts';
import type { AacOutput, OpusInput } from './types.ts';

const RATE = 48_000;

let pool: CodecPoolWithCounts;
beforeAll(async () => {
  pool = await makePool();
});
afterAll(() => pool.close());

async function run(channels: 1 | 2, inputs: readonly OpusInput[], until48k: number) {
  const sink = collect<AacOutput>();
  const job = pool.openOpusToAac({ channels }, sink);
  if (job === null) throw new Error('no job');
  for (const input of inputs) job.write(input);
  await until(() => (sink.outputs.at(-1)?.place ?? -1) >= until48k || sink.ends.length > 0);
  job.close();
  expect(sink.ends).toEqual([]);
  return sink.outputs;
}

/** Packets with their places on a timeline where the sound's first sample is at `start`. */
function opus(pcm: Float32Array, channels: 1 | 2, frameMs = 20, start = 0): OpusInput[] {
  const { packets, padding } = encodeOpus(pcm, channels, frameMs);
  const samples = frameMs * 48;
  return packets.map((data, k) => ({ data, place: start + k * samples - padding, samples }));
}

function continuous(outputs: readonly AacOutput[]): void {
  for (let i = 1; i < outputs.length; i++) expect(outputs[i]!.place - outputs[i - 1]!.place).toBe(1_024);
}

// Each makes its media and processes first: on a loaded machine that takes its time.
describe('Opus to AAC', { timeout: 60_000 }, () => {
  for (const { frameMs, channels } of [
    { frameMs: 20, channels: 1 },
    { frameMs: 20, channels: 2 },
    { frameMs: 10, channels: 1 },
    { frameMs: 60, channels: 2 },
  ] as const) {
    it(`[CD20] keeps pitch and level of a tone: ${frameMs} ms, ${channels} channel(s)`, async () => {
      const left = tone(440, 0.5, RATE, 3);
      const right = tone(1_000, 0.25, RATE, 3);
      const pcm =
        channels === 1
          ? left
          : Float32Array.from({ length: left.length * 2 }, (_, i) => (i % 2 ? right : left)[i >> 1]!);
      const outputs = await run(channels, opus(pcm, channels, frameMs), 2.8 * RATE);
      continuous(outputs);
      expect(outputs[0]!.place).toBeGreaterThanOrEqual(0);
      expect(outputs[0]!.place).toBeLessThan(1_024);
      const decoded = decodeAac(
        outputs.map(({ data }) => data),
        channels,
      );
      const middle = channel(decoded, 0, channels).subarray(RATE, 2 * RATE);
      expect(amplitudeOf(middle, 440, RATE)).toBeCloseTo(0.5, 1);
      expect(amplitudeOf(middle, 880, RATE)).toBeLessThan(0.01);
      if (channels === 2) {
        const other = channel(decoded, 1, channels).subarray(RATE, 2 * RATE);
        expect(amplitudeOf(other, 1_000, RATE)).toBeCloseTo(0.25, 1);
        expect(amplitudeOf(other, 440, RATE)).toBeLessThan(0.01);
      }
    });
  }

  for (const start of [0, 12_345_678_901]) {
    it(`[CD21] puts a short sound within 2 ms of its place, from ${start} on`, async () => {
      const pcm = new Float32Array(RATE * 3);
      burst(pcm, RATE * 2, RATE);
      const outputs = await run(1, opus(pcm, 1, 20, start), start + 2.7 * RATE);
      const decoded = decodeAac(
        outputs.map(({ data }) => data),
        1,
      );
      const at = outputs[0]!.place + burstAt(decoded, RATE, decoded.length) - start;
      expect(Math.abs(at - 2 * RATE)).toBeLessThan(96);
    });
  }

  it('[CD22] conceals a lost packet, and leads a longer loss to silence', async () => {
    const inputs = opus(tone(440, 0.5, RATE, 4), 1).map((input, k) =>
      k === 60 || (k >= 90 && k < 140) ? { ...input, data: null } : input,
    );
    const outputs = await run(1, inputs, 3.7 * RATE);
    continuous(outputs);
    const decoded = decodeAac(
      outputs.map(({ data }) => data),
      1,
    );
    const at = (place: number) => Math.round(place - outputs[0]!.place);
    // One packet: the pitch goes on.
    const concealed = decoded.subarray(at(inputs[60]!.place), at(inputs[61]!.place));
    expect(amplitudeOf(concealed, 440, RATE)).toBeGreaterThan(0.2);
    // A second: silence once the fading is over, sound again afterwards.
    expect(level(decoded.subarray(at(inputs[101]!.place), at(inputs[138]!.place)))).toBeLessThan(0.002);
    expect(level(decoded.subarray(at(inputs[145]!.place), at(inputs[160]!.place)))).toBeGreaterThan(0.3);
  });

  it('[CD23] fills a jump of places with silence, and jumps over a long one', async () => {
    const late = 60 * RATE;
    const inputs = opus(tone(440, 0.5, RATE, 4), 1)
      .filter((_, k) => !(k >= 60 && k < 90))
      .map((input) => (input.place > 2.5 * RATE ? { ...input, place: input.place + late } : input));
    const outputs = await run(1, inputs, late + 3.7 * RATE);
    const steps = outputs.slice(1).map(({ place }, i) => place - outputs[i]!.place);
    const jumps = steps.filter((step) => step !== 1_024);
    expect(jumps).toHaveLength(1);
    expect(Math.abs(jumps[0]! - late)).toBeLessThan(2_100);
    const decoded = decodeAac(
      outputs.map(({ data }) => data),
      1,
    );
    const at = (place: number) => place - outputs[0]!.place;
    expect(level(decoded.subarray(at(62 * 960), at(88 * 960)))).toBeLessThan(0.002);
    expect(level(decoded.subarray(at(95 * 960), at(115 * 960)))).toBeGreaterThan(0.3);
  });

  it('[CD24] is silent while nothing is sent, without having heard a packet', async () => {
    const inputs = Array.from({ length: 100 }, (_, k) => ({ data: null, place: k * 960, samples: 960 }));
    const outputs = await run(1, inputs, 1.8 * RATE);
    continuous(outputs);
    expect(
      level(
        decodeAac(
          outputs.map(({ data }) => data),
          1,
        ),
      ),
    ).toBeLessThan(0.0001);
  });

  it('[CD25] ends as undecodable what is no Opus', async () => {
    const sink = collect<AacOutput>();
    const job = pool.openOpusToAac({ channels: 1 }, sink);
    const noise = Buffer.of(0xff, 0xff, 0xff);
    for (let k = 0; k < 100; k++) job?.write({ data: noise, place: k * 960, samples: 960 });
    await until(() => sink.ends.length > 0);
    expect(sink.ends).toEqual(['undecodable']);
    expect(pool.jobs['opus-to-aac']).toBe(0);
  });
});
