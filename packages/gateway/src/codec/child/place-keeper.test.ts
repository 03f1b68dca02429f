import { describe, expect, it } from 'vitest';
import { PlaceKeeper } from './place-keeper.ts';

const RATE = 48_000;
const FRAME = 1_024;
const options = { gap: 1_920, maxFill: 96_000 };

/** A run of frames whose places come from a clock that is off, rounded to milliseconds; the job obeys the keeper. */
function follow(seconds: number, ppm: number) {
  const keeper = new PlaceKeeper(options);
  let own = 0;
  let worst = 0;
  let fastest = 0;
  let steepest = 0;
  let last = 0;
  const verdicts = new Set<string>();
  for (let k = 0; k * FRAME < seconds * RATE; k++) {
    const place = k * FRAME * (1 + ppm / 1e6);
    const given = Math.round(place / 48) * 48;
    verdicts.add(keeper.judge(given, own, FRAME));
    // The first seconds are for finding the speed.
    if (k * FRAME > 30 * RATE) worst = Math.max(worst, Math.abs(own - place));
    fastest = Math.max(fastest, Math.abs(keeper.speed));
    steepest = Math.max(steepest, Math.abs(keeper.speed - last));
    last = keeper.speed;
    own += FRAME * (1 + keeper.speed);
  }
  return { worst, fastest, steepest, verdicts };
}

describe('places of sound', () => {
  for (const ppm of [100, -100, 0]) {
    it(`[CD12] stays within 1 ms for an hour when the clock is ${ppm} ppm off, by speed alone`, () => {
      const run = follow(3_600, ppm);
      expect([...run.verdicts]).toEqual(['play']);
      expect(run.worst).toBeLessThan(48);
      // 0.03 % is half a cent; from frame to frame a fiftieth of that.
      expect(run.fastest).toBeLessThan(0.0003);
      expect(run.steepest).toBeLessThan(0.000_005);
    });
  }

  it('[CD12] never changes the speed by more than 0.2 %, whatever is told', () => {
    const keeper = new PlaceKeeper(options);
    let own = 0;
    let seed = 1;
    for (let k = 0; k < 10_000; k++) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      const verdict = keeper.judge(own + (seed / 2_147_483_648 - 0.5) * 500_000, own, FRAME);
      expect(Math.abs(keeper.speed)).toBeLessThanOrEqual(0.002);
      if (verdict === 'fill' || verdict === 'jump') expect(keeper.amount).toBeGreaterThan(0);
      if (verdict === 'jump') {
        expect(keeper.amount).toBeGreaterThan(own);
        own = keeper.amount;
      }
      if (verdict === 'fill') own += keeper.amount;
      if (verdict !== 'drop') own += FRAME;
    }
  });

  it('[CD13] fills what is missing, jumps what is too much, drops what was there already', () => {
    const keeper = new PlaceKeeper(options);
    expect(keeper.judge(0, 0, FRAME)).toBe('play');
    expect(keeper.judge(FRAME + 5_000, FRAME, FRAME)).toBe('fill');
    expect(keeper.amount).toBe(5_000);
    expect(keeper.judge(100_000, 110_000, FRAME)).toBe('drop');
    expect(keeper.judge(500_000, 110_000, FRAME)).toBe('jump');
    expect(keeper.amount).toBe(500_000);
  });

  it('[CD13] goes on where it stands when the source goes back for good or stands still', () => {
    const keeper = new PlaceKeeper(options);
    keeper.judge(10_000_000, 10_000_000, FRAME);
    expect(keeper.judge(0, 10_001_024, FRAME)).toBe('play');
    expect(keeper.judge(FRAME, 10_002_048, FRAME)).toBe('play');

    const stuck = new PlaceKeeper(options);
    let played = 0;
    for (let k = 0; k < 1_000; k++) if (stuck.judge(0, played * FRAME, FRAME) === 'play') played++;
    expect(played).toBeGreaterThan(10);
  });
});
