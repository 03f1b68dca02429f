import { describe, expect, it } from 'vitest';
import { makeAsc } from '../aac/config.ts';
import { silentFrame } from '../aac/silence.ts';
import { createGapFiller } from './gap-filler.ts';
import type { AudioConfig, AudioFrame, MediaUnit } from './types.ts';

const config: AudioConfig = { kind: 'audio-config', asc: makeAsc(3, 2), sampleRate: 48_000, channels: 2 };
const frameMs = 1_024 / 48;
const real = Uint8Array.of(1, 2, 3);

function scene() {
  const out: MediaUnit[] = [];
  const filler = createGapFiller({ write: (unit) => out.push(unit) });
  const audio = () => out.filter((unit): unit is AudioFrame => unit.kind === 'audio');
  return {
    out,
    audio,
    silent: () => audio().filter((unit) => unit.data !== real),
    config: () => filler.write(config),
    video: (timestampMs: number) => filler.write({ kind: 'video', keyframe: false, timestampMs, data: real }),
    sound: (timestampMs: number) => filler.write({ kind: 'audio', timestampMs: Math.round(timestampMs), data: real }),
  };
}

/** Pictures every 40 ms; sound on its grid where `sounds` says so, `late` behind the pictures. */
function play(one: ReturnType<typeof scene>, from: number, to: number, sounds: (ms: number) => boolean, late = 0) {
  let frame = Math.ceil((from - late) / frameMs);
  for (let at = from; at < to; at += 40) {
    one.video(at);
    for (; (frame + 1) * frameMs <= at + 40 - late; frame++) {
      if (frame >= 0 && sounds(frame * frameMs)) one.sound(frame * frameMs);
    }
  }
}

/** No two frames overlap by more than half of one, and no hole is longer than one. */
function expectEven(frames: readonly AudioFrame[], longest = frameMs): void {
  for (let i = 1; i < frames.length; i++) {
    const step = frames[i]!.timestampMs - frames[i - 1]!.timestampMs;
    expect(step, `frame ${i}`).toBeGreaterThanOrEqual(frameMs / 2 - 1);
    expect(step, `frame ${i}`).toBeLessThanOrEqual(frameMs + longest);
  }
}

describe('silence in gaps', () => {
  it('[MS70] sound that flows is left alone, unit by unit', () => {
    const one = scene();
    one.config();
    play(one, 0, 5_000, () => true);
    expect(one.silent()).toEqual([]);
    expect(one.out.filter((unit) => unit.kind === 'video')).toHaveLength(125);
  });

  it('[MS71] a mute of two seconds is filled on the sample grid, without holes or overlaps on either side', () => {
    const one = scene();
    one.config();
    play(one, 0, 6_000, (ms) => ms < 2_000 || ms >= 4_000);
    const silent = one.silent();
    expect(silent.length).toBeGreaterThan(80);
    for (const frame of silent) expect(frame.data).toEqual(silentFrame(2));
    expectEven(one.audio(), 1);
    // The grid is the one of the real frames.
    const first = one.audio().find((unit) => unit.data !== real)!;
    expect((first.timestampMs / frameMs) % 1).toSatisfy((rest: number) => rest < 0.05 || rest > 0.95);
    // Silence keeps up with the pictures while it lasts.
    expect(silent.at(-1)!.timestampMs).toBeGreaterThan(3_800);
    // At most 100 ms of real sound are lost at its return.
    const back = one.audio().find((unit) => unit.data === real && unit.timestampMs >= 3_900)!;
    expect(back.timestampMs).toBeLessThan(4_100);
  });

  it('[MS72] sound that always comes late is not taken for mute, after one mistake', () => {
    const one = scene();
    one.config();
    play(one, 0, 10_000, () => true, 400);
    expectEven(one.audio(), 1_000);
    const later = one.audio().filter((unit) => unit.timestampMs > 1_000);
    expect(later.every((unit) => unit.data === real)).toBe(true);
  });

  it('[MS73] sound that never comes is silence from a second on, with a configuration of ours where there is none', () => {
    const mute = scene();
    mute.config();
    play(mute, 0, 3_000, () => false);
    expect(mute.silent().length).toBeGreaterThan(80);
    expectEven(mute.audio());

    const none = scene();
    play(none, 0, 3_000, () => false);
    const told = none.out.filter((unit) => unit.kind === 'audio-config');
    expect(told).toMatchObject([{ sampleRate: 44_100, channels: 1 }]);
    expect(none.audio()[0]!.data).toEqual(silentFrame(1));
    expect(none.audio()[0]!.timestampMs).toBeGreaterThan(850);
    // The real configuration takes over when it comes.
    none.config();
    play(none, 3_000, 4_000, () => true);
    expect(none.out.filter((unit) => unit.kind === 'audio-config')).toHaveLength(2);
    expect(none.audio().at(-1)!.data).toBe(real);
  });

  it('[MS74] a gap of all kinds is not filled when it is long: the pictures have it too', () => {
    const one = scene();
    one.config();
    play(one, 0, 1_000, () => true);
    one.video(3_600_000);
    expect(one.silent()).toEqual([]);
    play(one, 3_600_040, 3_601_000, () => false);
    expect(one.silent().length).toBeGreaterThan(30);
    expect(one.silent()[0]!.timestampMs).toBeGreaterThan(3_599_000);
  });

  it('[MS71] frames that begin within the silence are left out, wherever they begin', () => {
    for (let offset = 0; offset < 22; offset += 3) {
      const one = scene();
      one.config();
      play(one, 0, 1_000, () => true);
      play(one, 1_000, 2_000, () => false);
      for (let at = 1_900 + offset; at < 2_500; at += frameMs) one.sound(at);
      expectEven(one.audio());
      expect(one.audio().at(-1)!.data).toBe(real);
    }
  });
});
