import { describe, expect, it } from 'vitest';
import { tone } from '../testing/media.ts';
import { audioLevel } from './audio-level.ts';

const FRAME = 0.02;

describe('the level of a frame', () => {
  it('[CD16] silence is 127, what is as loud as can be 0, a sine 3 dB below', () => {
    expect(audioLevel(new Float32Array(960))).toBe(127);
    expect(audioLevel(new Float32Array(960).fill(1))).toBe(0);
    expect(audioLevel(new Float32Array(960).fill(-1))).toBe(0);
    expect(audioLevel(tone(1_000, 1, 48_000, FRAME))).toBe(3);
    expect(audioLevel(tone(1_000, 0.5, 48_000, FRAME))).toBe(9);
    expect(audioLevel(tone(1_000, 0.001, 48_000, FRAME))).toBe(63);
  });

  it('[CD16] never leaves 0 to 127', () => {
    expect(audioLevel(new Float32Array(960).fill(1e-20))).toBe(127);
    expect(audioLevel(new Float32Array(960).fill(1e-30))).toBe(127);
    expect(audioLevel(new Float32Array(960).fill(4))).toBe(0);
    expect(audioLevel(new Float32Array(960).fill(Number.NaN))).toBe(127);
    expect(audioLevel(new Float32Array(0))).toBe(127);
  });

  it('[CD16] counts all channels', () => {
    const stereo = tone(1_000, 1, 48_000, 2 * FRAME).map((sample, i) => (i % 2 === 0 ? sample : 0));
    expect(audioLevel(stereo)).toBe(6);
  });
});
