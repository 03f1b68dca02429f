import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CodecPoolWithCounts } from './pool.ts';
import { amplitudeOf, burst, burstAt, channel, decodeOpus, encodeAac, level, tone } from './testing/media.ts';
import { collect, makePool, until } from './testing/pools.ts';
import type { AacInput, OpusOutput } from './types.ts';

const RATE = 48_000;

let pool: CodecPoolWithCounts;
beforeAll(async () => {
  pool = await makePool();
});
afterAll(() => pool.close());

/** Place of frame k as a phone tells it: in milliseconds, rounded, on its own clock. */
function stamped(k: number, rate: number, clock = 1): number {
  return Math.round((((k - 1) * 1_024) / rate) * 1_000 * clock) * 48;
}

async function run(asc: Buffer, inputs: readonly AacInput[], enough: (outputs: readonly OpusOutput[]) => boolean) {
  const sink = collect<OpusOutput>();
  const job = pool.openAacToOpus(asc, sink);
  if (job === null) throw new Error('no job');
  for (const input of inputs) job.write(input);
  await until(() => enough(sink.outputs) || sink.ends.length > 0);
  job.close();
  expect(sink.ends).toEqual([]);
  return sink.outputs;
}

/** Enough when the outputs reach so far into the inputs' time. */
function reaching(place: number): (outputs: readonly OpusOutput[]) => boolean {
  return (outputs) => (outputs.at(-1)?.place ?? Number.NEGATIVE_INFINITY) >= place;
}

// Each makes its media and processes first: on a loaded machine that takes its time.
describe('AAC to Opus', { timeout: 60_000 }, () => {
  for (const { rate, channels } of [
    { rate: 48_000, channels: 1 },
    { rate: 44_100, channels: 2 },
    { rate: 16_000, channels: 1 },
  ] as const) {
    it(`[CD10] keeps pitch and level of a tone: ${rate} Hz, ${channels} channel(s)`, async () => {
      const left = tone(440, 0.5, rate, 3);
      const right = tone(1_000, 0.25, rate, 3);
      const pcm =
        channels === 1
          ? left
          : Float32Array.from({ length: left.length * 2 }, (_, i) => (i % 2 ? right : left)[i >> 1]!);
      const { frames, asc } = encodeAac(pcm, rate, channels);
      const inputs = frames.map((data, k) => ({ data, place: stamped(k, rate) }));
      const outputs = await run(asc, inputs, reaching(2.8 * RATE));
      const decoded = decodeOpus(
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

  for (const rate of [48_000, 44_100, 16_000]) {
    it(`[CD11] puts a short sound within 2 ms of its place: ${rate} Hz`, async () => {
      const pcm = new Float32Array(rate * 3);
      burst(pcm, rate * 2, rate);
      const { frames, asc } = encodeAac(pcm, rate, 1);
      const inputs = frames.map((data, k) => ({ data, place: stamped(k, rate) + 7_000_000_000 }));
      const outputs = await run(asc, inputs, reaching(7_000_000_000 + 2.5 * RATE));
      const decoded = decodeOpus(
        outputs.map(({ data }) => data),
        1,
      );
      const at = outputs[0]!.place + burstAt(decoded, RATE, decoded.length) - 7_000_000_000;
      expect(Math.abs(at - 2 * RATE)).toBeLessThan(96);
    });
  }

  for (const ppm of [100, -100]) {
    it(`[CD12] follows a clock that is ${ppm} ppm off, without gap or step`, async () => {
      const rate = 48_000;
      const clock = 1 + ppm / 1e6;
      const seconds = 60;
      const pcm = tone(300, 0.1, rate, seconds);
      for (const at of [30, 45, 58]) burst(pcm, at * rate, rate);
      const { frames, asc } = encodeAac(pcm, rate, 1);
      const inputs = frames.map((data, k) => ({ data, place: stamped(k, rate, clock) }));
      const outputs = await run(asc, inputs, reaching(58.5 * RATE));
      for (let i = 1; i < outputs.length; i++) expect(outputs[i]!.place - outputs[i - 1]!.place).toBe(960);
      const decoded = decodeOpus(
        outputs.map(({ data }) => data),
        1,
      );
      for (const at of [30, 45, 58]) {
        const from = at * RATE - outputs[0]!.place;
        const found = outputs[0]!.place + burstAt(decoded, from - 4_800, from + 4_800);
        expect(Math.abs(found - at * RATE * clock)).toBeLessThan(96);
      }
      // A step in a steady tone would be heard as energy beside it.
      const middle = decoded.subarray(10 * RATE, 29 * RATE);
      for (let i = 0; i + RATE <= middle.length; i += RATE) {
        const second = middle.subarray(i, i + RATE);
        const left = Math.sqrt(Math.max(0, level(second) ** 2 - amplitudeOf(second, 300, RATE) ** 2 / 2));
        expect(left).toBeLessThan(0.01);
      }
    });
  }

  it('[CD13] fills a gap with silence and goes on at the right place', async () => {
    const pcm = tone(440, 0.5, RATE, 4);
    const { frames, asc } = encodeAac(pcm, RATE, 1);
    const missing = (k: number) => k >= 70 && k < 120;
    const inputs = frames.map((data, k) => ({ data, place: stamped(k, RATE) })).filter((_, k) => !missing(k));
    const outputs = await run(asc, inputs, reaching(3.5 * RATE));
    for (let i = 1; i < outputs.length; i++) expect(outputs[i]!.place - outputs[i - 1]!.place).toBe(960);
    const decoded = decodeOpus(
      outputs.map(({ data }) => data),
      1,
    );
    const at = (place: number) => place - outputs[0]!.place;
    expect(level(decoded.subarray(at(69 * 1_024 + 2_000), at(118 * 1_024)))).toBeLessThan(0.002);
    expect(level(decoded.subarray(at(60 * 1_024), at(68 * 1_024)))).toBeGreaterThan(0.3);
    expect(level(decoded.subarray(at(121 * 1_024), at(140 * 1_024)))).toBeGreaterThan(0.3);
  });

  it('[CD13] jumps over a gap that is too long to fill, and never back', async () => {
    const { frames, asc } = encodeAac(tone(440, 0.5, RATE, 4), RATE, 1);
    const late = 60 * RATE;
    const inputs = frames.map((data, k) => ({ data, place: stamped(k, RATE) + (k >= 60 ? late : 0) }));
    // Then the source's timeline goes back to where it began: the job goes on where it stands.
    inputs.push(...frames.map((data, k) => ({ data, place: stamped(k, RATE) })));
    const outputs = await run(asc, inputs, (all) => all.length >= 370);
    const steps = outputs.slice(1).map(({ place }, i) => place - outputs[i]!.place);
    const jumps = steps.filter((step) => step !== 960);
    expect(jumps).toHaveLength(1);
    expect(Math.abs(jumps[0]! - late)).toBeLessThan(3_000);
  });

  it('[CD16] tells the level of the sound in each packet', async () => {
    // Whole periods in every packet.
    const loud = tone(400, 1, RATE, 1);
    const quiet = tone(400, 0.01, RATE, 1);
    const pcm = Float32Array.from([...loud, ...new Float32Array(RATE), ...quiet]);
    const { frames, asc } = encodeAac(pcm, RATE, 1);
    const inputs = frames.map((data, k) => ({ data, place: stamped(k, RATE) }));
    const outputs = await run(asc, inputs, reaching(2.9 * RATE));
    const during = (from: number, to: number) => {
      const levels = outputs.filter(({ place }) => place >= from * RATE && place < to * RATE).map((one) => one.level);
      return [Math.min(...levels), Math.max(...levels)];
    };
    // A sine of full scale is 3 dB below a square wave of it; AAC adds a little noise.
    for (const level of during(0.2, 0.8)) expect(Math.abs(level - 3)).toBeLessThanOrEqual(1);
    expect(during(1.2, 1.8)).toEqual([127, 127]);
    for (const level of during(2.2, 2.8)) expect(Math.abs(level - 43)).toBeLessThanOrEqual(1);
  });

  it('[CD14] ends as undecodable what is no AAC, and does not stumble over a damaged frame', async () => {
    const { frames, asc } = encodeAac(tone(440, 0.5, RATE, 3), RATE, 1);
    const noise = Buffer.alloc(200, 0xa7);
    const inputs = frames.map((data, k) => ({ data: k === 50 ? noise : data, place: stamped(k, RATE) }));
    const outputs = await run(asc, inputs, reaching(2.5 * RATE));
    for (let i = 1; i < outputs.length; i++) expect(outputs[i]!.place - outputs[i - 1]!.place).toBe(960);

    const sink = collect<OpusOutput>();
    const job = pool.openAacToOpus(asc, sink);
    for (let k = 0; k < 100; k++) job?.write({ data: noise, place: k * 1_024 });
    await until(() => sink.ends.length > 0);
    expect(sink.ends).toEqual(['undecodable']);
    expect(pool.jobs['aac-to-opus']).toBe(0);

    const refused = collect<OpusOutput>();
    pool.openAacToOpus(Buffer.of(0, 0), refused);
    await until(() => refused.ends.length > 0);
    expect(refused.ends).toHaveLength(1);
  });

  it('[CD15] takes no place that is no number', async () => {
    const { frames, asc } = encodeAac(tone(440, 0.5, RATE, 2), RATE, 1);
    const inputs = frames.flatMap((data, k) => [
      { data, place: stamped(k, RATE) },
      { data, place: Number.NaN },
      { data, place: Number.POSITIVE_INFINITY },
      { data, place: -1e300 },
    ]);
    const outputs = await run(asc, inputs, reaching(1.5 * RATE));
    for (let i = 1; i < outputs.length; i++) expect(outputs[i]!.place - outputs[i - 1]!.place).toBe(960);
  });
});
