import { describe, expect, test } from 'vitest';
import { seeded } from '../ingress/testing/random.ts';
import { DelayFloor } from './delay-floor.ts';
import { NTP_UNIX_OFFSET_MS, SourceTimeline } from './source-timeline.ts';

const UNIX = 1_790_000_000_000;

class Clocks {
  now = 5_000;
  offsets = [0xffff_f000, 17];
  readonly timeline: SourceTimeline;

  constructor() {
    this.timeline = new SourceTimeline({
      clock: () => this.now,
      wallClock: () => UNIX + this.now,
      random: () => this.offsets.shift()!,
    });
  }
}

describe('SourceTimeline', () => {
  test('[IN10] milliseconds are linear in both clocks, from random offsets, over the wrap', () => {
    const { timeline } = new Clocks();
    expect(timeline.videoTimestamp(0)).toBe(0xffff_f000);
    expect(timeline.videoTimestamp(100)).toBe(9_000 - 0x1000);
    expect(timeline.audioTimestamp(timeline.audioPlace(20))).toBe(17 + 960);
    // A stream of 60 days.
    const far = 60 * 86_400_000;
    expect((timeline.videoTimestamp(far + 40) - timeline.videoTimestamp(far)) >>> 0).toBe(3_600);
    expect(timeline.audioTimestamp(timeline.audioPlace(far + 20) + 0.4)).toBe(
      (timeline.audioTimestamp(timeline.audioPlace(far)) + 960) >>> 0,
    );
  });

  test('[IN11] a report maps one moment to wall clock and to both tracks exactly', () => {
    const clocks = new Clocks();
    const { timeline } = clocks;
    timeline.arrive('video', 1_000, clocks.now);
    clocks.now += 123.456;
    const { ntpMs, videoTimestamp, audioTimestamp } = timeline.report(clocks.now);
    // Picture and sound of the moment 1,000 ms came at 5,000; the report is about the newest whole millisecond.
    expect(videoTimestamp).toBe(timeline.videoTimestamp(1_123));
    expect(audioTimestamp).toBe(timeline.audioTimestamp(timeline.audioPlace(1_123)));
    expect(ntpMs).toBeCloseTo(UNIX + NTP_UNIX_OFFSET_MS + 5_123, 3);
  });

  test('[IN11] the system’s clock set back or forward reaches nobody', () => {
    let now = 0;
    let wall = UNIX;
    const timeline = new SourceTimeline({ clock: () => now, wallClock: () => wall });
    timeline.arrive('audio', 0, now);
    const before = timeline.report(now).ntpMs;
    wall -= 3_600_000;
    now += 1_000;
    expect(timeline.report(now).ntpMs - before).toBe(1_000);
  });

  test.each([100, -100, 0])(
    '[IN12] an hour with a clock %i ppm fast: followed within 5 ms, never a step back',
    (ppm) => {
      const clocks = new Clocks();
      const { timeline } = clocks;
      const random = seeded(48_000 + ppm);
      const rate = 1 + ppm * 1e-6;
      const start = clocks.now;
      const least = 30;
      let lastNtp = 0;
      let lastVideo = timeline.videoTimestamp(0);
      let worst = 0;
      let reportAt = start + 1_000;
      let video = 0;
      let audio = 0;
      let arrived = start;
      while (clocks.now < start + 3_600_000) {
        const kind = video <= audio ? 'video' : 'audio';
        const stamp = Math.floor(kind === 'video' ? video : audio);
        if (kind === 'video') video += 1_000 / 30;
        else audio += 1_024 / 44.1;
        // Jitter, and TCP's stalls; order stays.
        const jitter = random() < 0.01 ? random() * 800 : random() ** 2 * 40;
        arrived = Math.max(arrived, start + stamp / rate + least + jitter);
        clocks.now = arrived;
        expect(timeline.arrive(kind, stamp, arrived)).toBe(false);
        if (clocks.now < reportAt) continue;
        reportAt += 1_000;
        const report = timeline.report(clocks.now);
        expect(report.ntpMs).toBeGreaterThan(lastNtp);
        lastNtp = report.ntpMs;
        const step = (report.videoTimestamp - lastVideo) | 0;
        expect(step).toBeGreaterThan(0);
        lastVideo = report.videoTimestamp;
        // Both tracks say the same moment.
        const ms = (report.videoTimestamp - timeline.videoTimestamp(0)) / 90;
        const samples = ((report.audioTimestamp - timeline.audioTimestamp(0)) >>> 0) % 2 ** 32;
        expect((((ms * 48) % 2 ** 32) + 2 ** 32) % 2 ** 32 === samples || Math.abs(ms) > 2 ** 31 / 90).toBe(true);
        if (clocks.now < start + 60_000) continue;
        const true_ = (clocks.now - start - least) * rate;
        const told =
          Math.floor(true_) + ((report.videoTimestamp - timeline.videoTimestamp(Math.floor(true_))) | 0) / 90;
        worst = Math.max(worst, Math.abs(told - true_));
      }
      expect(worst).toBeLessThan(5);
    },
  );

  test('[IN13] a source that begins anew goes on where the timeline has come to, both tracks alike', () => {
    const clocks = new Clocks();
    const { timeline } = clocks;
    for (let ms = 0; ms < 10_000; ms += 20) {
      clocks.now += 20;
      timeline.arrive('video', ms, clocks.now);
      timeline.arrive('audio', ms, clocks.now);
    }
    const before = timeline.report(clocks.now);
    clocks.now += 3_000;
    expect(timeline.arrive('video', 0, clocks.now)).toBe(true);
    expect(timeline.at(0)).toBe(9_980 + 3_000);
    clocks.now += 5;
    expect(timeline.arrive('audio', 4, clocks.now)).toBe(false);
    expect(timeline.at(4)).toBe(timeline.at(0) + 4);
    const after = timeline.report(clocks.now);
    expect((after.videoTimestamp - before.videoTimestamp) | 0).toBe(3_005 * 90);
    expect(after.ntpMs - before.ntpMs).toBe(3_005);
  });

  test('[IN13] a leap forward is a break, a pause is not; the place always rises', () => {
    const clocks = new Clocks();
    const { timeline } = clocks;
    timeline.arrive('video', 0, clocks.now);
    clocks.now += 60_000;
    expect(timeline.arrive('video', 60_500, clocks.now)).toBe(false);
    clocks.now += 33;
    expect(timeline.arrive('video', 3_600_000, clocks.now)).toBe(true);
    expect(timeline.at(3_600_000)).toBeGreaterThan(60_500);
    // Units of before, far behind: another break, forward again.
    const place = timeline.at(3_600_000);
    expect(timeline.arrive('audio', 60_600, clocks.now)).toBe(true);
    expect(timeline.at(60_600)).toBeGreaterThan(place);
  });

  test('[IN12] a push whose first packets come late is put right at once', () => {
    const clocks = new Clocks();
    const { timeline } = clocks;
    timeline.arrive('video', 0, clocks.now + 900);
    clocks.now += 1_000;
    timeline.arrive('video', 990, clocks.now);
    expect((timeline.report(clocks.now).videoTimestamp - timeline.videoTimestamp(990)) | 0).toBe(0);
  });
});

describe('DelayFloor', () => {
  test('[IN12] knows the least of the window, and forgets what is older', () => {
    const floor = new DelayFloor(1_000, 10);
    expect(floor.least(0)).toBe(Number.POSITIVE_INFINITY);
    floor.add(5, 0);
    for (let now = 50; now < 900; now += 50) floor.add(9, now);
    expect(floor.least(900)).toBe(5);
    for (let now = 900; now < 1_150; now += 50) floor.add(8, now);
    expect(floor.least(1_150)).toBe(8);
    expect(floor.least(60_000)).toBe(Number.POSITIVE_INFINITY);
    floor.add(3, 60_000);
    expect(floor.least(60_000)).toBe(3);
  });

  test('[IN12] against a plain list, with random steps', () => {
    const random = seeded(7);
    const floor = new DelayFloor(1_000, 10);
    const list: { at: number; delay: number }[] = [];
    let now = 0;
    for (let i = 0; i < 5_000; i++) {
      now += random() < 0.01 ? random() * 1_500 : random() * 30;
      const delay = random() * 100;
      floor.add(delay, now);
      list.push({ at: now, delay });
      const least = floor.least(now);
      const least900 = Math.min(...list.filter((entry) => entry.at > now - 900).map((entry) => entry.delay));
      const least1000 = Math.min(...list.filter((entry) => entry.at > now - 1_000).map((entry) => entry.delay));
      expect(least).toBeLessThanOrEqual(least900);
      expect(least).toBeGreaterThanOrEqual(least1000);
      if (list.length > 200) list.splice(0, 100);
    }
  });
});
