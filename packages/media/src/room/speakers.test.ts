import { ConnectionQuality } from '@livekit/protocol';
import { describe, expect, it } from 'vitest';
import { QualityScore } from './quality.ts';
import { SpeakerBoard, SpeakerLevel } from './speakers.ts';

describe('[SG30] speakers', () => {
  it('[SG30] a level rises smoothly, falls at once below the threshold, and is told in eighths', () => {
    const speaker = new SpeakerLevel(0.0178);
    speaker.update(0.9);
    expect(speaker.active).toBe(true);
    expect(speaker.level).toBe(0.625);
    speaker.update(0.9);
    expect(speaker.level).toBe(0.875);
    speaker.update(0.001);
    expect(speaker.active).toBe(false);
    expect(speaker.level).toBe(0);
  });

  it('[SG30] only changes are announced, the loudest first, silence included', () => {
    const board = new SpeakerBoard();
    expect(
      board
        .changes(
          new Map([
            ['a', 0.5],
            ['b', 0.75],
            ['c', 0],
          ]),
        )
        .map(({ sid }) => sid),
    ).toEqual(['b', 'a']);
    expect(
      board.changes(
        new Map([
          ['a', 0.5],
          ['b', 0.75],
        ]),
      ),
    ).toEqual([]);
    expect(
      board.changes(
        new Map([
          ['a', 0],
          ['b', 0.75],
        ]),
      ),
    ).toMatchObject([{ sid: 'a', active: false, level: 0 }]);
  });
});

describe('[SG31] connection quality', () => {
  const sample = (lossRate: number, rttMs = 20) =>
    ({ kind: 'video', lossRate, rttMs, jitterMs: 2, active: true }) as const;

  it('[SG31] falls under loss and comes back when it ends', () => {
    const score = new QualityScore();
    score.update([sample(0)]);
    expect(score.quality).toBe(ConnectionQuality.EXCELLENT);
    score.update([sample(0.2)]);
    score.update([sample(0.2)]);
    expect(score.quality).toBe(ConnectionQuality.POOR);
    for (let round = 0; round < 6; round++) score.update([sample(0)]);
    expect(score.quality).toBe(ConnectionQuality.EXCELLENT);
  });

  it('[SG31] a long way lowers it, a silent stream says nothing, and it never says LOST', () => {
    const far = new QualityScore();
    far.update([sample(0, 900)]);
    expect(far.quality).not.toBe(ConnectionQuality.EXCELLENT);
    const muted = new QualityScore();
    muted.update([{ ...sample(1), active: false }]);
    expect(muted.quality).toBe(ConnectionQuality.EXCELLENT);
    const worst = new QualityScore();
    for (let round = 0; round < 20; round++) worst.update([sample(1, 10_000)]);
    expect(worst.quality).toBe(ConnectionQuality.POOR);
    worst.update([sample(Number.NaN)]);
    expect(Number.isFinite(worst.score)).toBe(true);
  });
});
