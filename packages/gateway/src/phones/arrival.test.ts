import { describe, expect, it } from 'vitest';
import { Arrival } from './arrival.ts';

/** Feeds 40 ms units for a while with a delay by time, and answers every judgement. */
function judge(ms: number, delay: (at: number) => number | null): string[] {
  const arrival = new Arrival(0);
  const answers: string[] = [];
  for (let at = 0; at < ms; at += 20) {
    if (at % 40 === 0) {
      const late = delay(at);
      if (late !== null) arrival.add(at - late, at);
    }
    const quality = arrival.take(at);
    if (quality !== null && answers.at(-1) !== quality) answers.push(quality);
  }
  return answers;
}

describe('how well a push arrives', () => {
  it('[PS45] a steady push is excellent, however long its way is', () => {
    expect(judge(20_000, () => 0)).toEqual(['excellent']);
    expect(judge(20_000, () => 900)).toEqual(['excellent']);
  });

  it('[PS45] delay that comes and goes is good or poor, and excellent again after it', () => {
    expect(judge(20_000, (at) => (at > 6_000 && at < 8_000 ? 500 : 0))).toEqual(['excellent', 'good', 'excellent']);
    expect(judge(20_000, (at) => (at > 6_000 && at < 8_000 ? 1_500 : 0))).toEqual(['excellent', 'poor', 'excellent']);
  });

  it('[PS45] silence is poor, then lost', () => {
    expect(judge(20_000, (at) => (at > 6_000 ? null : 0))).toEqual(['excellent', 'poor', 'lost']);
  });

  it('[PS45] drift of 100 ppm over an hour changes nothing', () => {
    expect(judge(3_600_000, (at) => at / 10_000)).toEqual(['excellent']);
  });
});
