import { describe, expect, it } from 'vitest';
import { Scene } from './testing/scene.ts';

const hour = 3_600_000;

describe('picture and sound on one timeline', () => {
  for (const [seed, wallPpm, audioPpm, videoPpm] of [
    [1, 0, 100, -100],
    [2, 0, -100, 100],
    [3, 100, -100, -100],
    [4, -100, 100, 100],
  ] as const) {
    it(`[EG30] stay within 40 ms for an hour: wall ${wallPpm}, sound ${audioPpm}, picture ${videoPpm} ppm`, {
      timeout: 90_000,
    }, () => {
      const scene = new Scene({
        seed,
        wallPpm,
        audioPpm,
        videoPpm,
        jitterMs: 40,
        videoLagMs: 60,
        reportNoiseMs: 2,
        fps: 10,
      });
      scene.units.keep = false;
      scene.addBoth();
      let worst = 0;
      let worstReal = 0;
      let began = Number.NaN;
      scene.onUnit = () => {
        const { apart } = scene;
        if (Number.isNaN(apart)) return;
        worst = Math.max(worst, Math.abs(apart));
        // Stream time against real time.
        const lag = scene.clock.now - scene.units.lastAudioMs;
        if (Number.isNaN(began)) began = lag;
        worstReal = Math.max(worstReal, Math.abs(lag - began));
      };
      scene.run(10_000);
      // Before the first reports each follows its arrival.
      expect(worst).toBeLessThan(120);
      worst = 0;
      scene.run(hour);
      expect(worst).toBeLessThan(40);
      expect(worstReal).toBeLessThan(150);
      expect(scene.units.lastAudioMs).toBeGreaterThan(hour);
      expect(scene.codecs.audio).toHaveLength(1);
      // The sound was not patched: its clock's drift is in the stamps.
      expect(scene.codecs.audio[0]!.holes).toBeLessThan(5);
    });
  }

  it('[EG31] begin at zero together, whichever comes first', () => {
    for (const videoLagMs of [0, 50, 400]) {
      const scene = new Scene({ videoLagMs }).addBoth();
      scene.run(3_000);
      expect(scene.firstVideoMs).toBe(0);
      expect(scene.firstAudioMs).toBeLessThanOrEqual(22);
    }
  });

  it('[EG31] sound alone begins at once; sound does not wait for a muted camera, nor for ever for a silent one', () => {
    const alone = new Scene();
    alone.add(alone.audio).run(500);
    expect(alone.units.of('audio').length).toBeGreaterThan(15);
    expect(alone.firstAudioMs).toBeLessThanOrEqual(22);
    const muted = new Scene();
    muted.publisher.sendVideo = false;
    muted.add({ ...muted.video, muted: true }, muted.audio).run(500);
    expect(muted.units.of('audio').length).toBeGreaterThan(15);
    const silent = new Scene();
    silent.publisher.sendVideo = false;
    silent.add(silent.video, silent.audio).run(1_900);
    expect(silent.units.of('audio')).toHaveLength(0);
    silent.run(1_000);
    expect(silent.units.of('audio').length).toBeGreaterThan(30);
    // And it is fresh, not two seconds old.
    expect(Math.abs(silent.audioShift)).toBeGreaterThan(1_500);
  });

  it('[EG31] a stream that goes on behind another begins where it is told', () => {
    const scene = new Scene({ seed: 3, videoLagMs: 60, beginMs: 123_456 }).addBoth();
    scene.run(8_000);
    expect(scene.firstVideoMs).toBe(123_456);
    expect(Math.abs(scene.firstAudioMs - 123_456)).toBeLessThanOrEqual(22);
    expect(Math.abs(scene.apart)).toBeLessThan(20);
    expect(Math.abs(scene.units.lastAudioMs - 131_350)).toBeLessThan(150);
  });

  it('[EG32] before reports both follow their arrival; when they come, the picture is moved and nothing steps back', () => {
    const scene = new Scene({ seed: 5, videoLagMs: 150 }).addBoth();
    scene.publisher.reporting = false;
    scene.run(5_000);
    expect(scene.apart).toBeLessThan(-100);
    scene.publisher.reporting = true;
    scene.run(8_000);
    expect(Math.abs(scene.apart)).toBeLessThan(10);
    // The checked units throw on a step back; nor was there a jump ahead.
    expect(scene.longestVideoStep).toBeLessThan(60);
    expect(scene.longestAudioStep).toBeLessThan(24);
  });

  it('[EG32] reports that make no sense are not followed', () => {
    const scene = new Scene({ seed: 6 }).addBoth();
    scene.run(6_000);
    for (let i = 0; i < 5; i++) {
      scene.session.of('TR_video').sink.onSenderReport(1e15 + i * 1e6, i * 77_777, scene.clock.now);
      scene.session.of('TR_audio').sink.onSenderReport(Number.NaN, 5, scene.clock.now);
      scene.run(100);
    }
    expect(Math.abs(scene.apart)).toBeLessThan(40);
    expect(scene.longestVideoStep).toBeLessThan(60);
    scene.run(20_000);
    expect(Math.abs(scene.apart)).toBeLessThan(10);
  });

  it('[EG33] the camera pauses, and its stamps go on with real time while sound goes on', () => {
    const scene = new Scene({ seed: 7 }).addBoth();
    scene.run(8_000);
    scene.publisher.sendVideo = false;
    scene.run(20_000);
    scene.publisher.sendVideo = true;
    scene.run(8_000);
    expect(Math.abs(scene.apart)).toBeLessThan(20);
    expect(scene.longestAudioStep).toBeLessThan(24);
    expect(Math.abs(scene.units.lastVideoMs - scene.units.lastAudioMs)).toBeLessThan(200);
  });

  it('[EG33] a picture alone pauses, and the waiting is taken out of the stream', () => {
    const scene = new Scene({ seed: 8 });
    scene.add(scene.video).run(5_000);
    scene.publisher.sendVideo = false;
    scene.run(30_000);
    scene.publisher.sendVideo = true;
    scene.run(2_000);
    expect(scene.longestVideoStep).toBeLessThanOrEqual(150);
    expect(scene.units.lastVideoMs).toBeLessThan(8_000);
    expect(scene.units.lastVideoMs).toBeGreaterThan(6_000);
  });

  it("[EG34] a sender whose timestamps begin anew is put on the stream's time again", () => {
    const scene = new Scene({ seed: 9 }).addBoth();
    scene.run(8_000);
    scene.publisher.renumber();
    scene.run(8_000);
    expect(Math.abs(scene.apart)).toBeLessThan(40);
    expect(scene.longestVideoStep).toBeLessThan(1_500);
    expect(scene.longestAudioStep).toBeLessThan(24);
    expect(scene.units.lastAudioMs).toBeGreaterThan(15_000);
  });
});
