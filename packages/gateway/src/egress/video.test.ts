import { describe, expect, it } from 'vitest';
import { captureOf } from './testing/pictures.ts';
import { Scene } from './testing/scene.ts';

describe('pictures', () => {
  it('[EG50] a keyframe is asked for at once, and play starts with it', () => {
    const scene = new Scene();
    scene.add(scene.video);
    expect(scene.session.of('TR_video').keyframeRequests).toBe(1);
    scene.run(300);
    expect(scene.units.units.slice(0, 2).map((unit) => unit.kind)).toEqual(['video-config', 'video']);
    expect(scene.units.of('video')[0]!.keyframe).toBe(true);
  });

  it('[EG51] after a loss that stays nothing comes until a keyframe, which is asked for', () => {
    const scene = new Scene({ seed: 2 });
    scene.add(scene.video).run(2_000);
    scene.publisher.dropNext = 1;
    const lost = scene.units.lastVideoMs;
    scene.run(60);
    scene.run(2_000);
    const after = scene.units.of('video').find((unit) => unit.timestampMs > lost + 40)!;
    expect(after.keyframe).toBe(true);
    expect(scene.session.of('TR_video').keyframeRequests).toBe(2);
    expect(scene.units.of('video').at(-1)!.timestampMs).toBeGreaterThan(3_800);
  });

  it('[EG51] under heavy loss every picture that is told follows on the last one told, or is a keyframe', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const scene = new Scene({ seed, loss: 0.03, reorder: 0.05, duplicates: 0.05, repairMs: 40, jitterMs: 10 });
      scene.add(scene.video).run(20_000);
      const pictures = scene.units.of('video');
      expect(pictures.length).toBeGreaterThan(100);
      for (let i = 1; i < pictures.length; i++) {
        if (pictures[i]!.keyframe) continue;
        const step = captureOf(pictures[i]!.data) - captureOf(pictures[i - 1]!.data);
        expect(step).toBeLessThan(34);
      }
    }
  });

  it('[EG51] losses that are repaired in time cost no picture and no keyframe', () => {
    const scene = new Scene({ loss: 0.02, repairMs: 20 });
    scene.add(scene.video).run(10_000);
    expect(scene.units.of('video').length).toBeGreaterThan(290);
    expect(scene.session.of('TR_video').nacked.length).toBeGreaterThan(10);
  });

  it('[EG52] at most one keyframe request in the interval, whatever happens', () => {
    const scene = new Scene();
    scene.publisher.sendVideo = false;
    scene.add(scene.video);
    for (let i = 0; i < 100; i++) {
      scene.egress.requestKeyframe();
      scene.run(50);
    }
    expect(scene.session.of('TR_video').keyframeRequests).toBeLessThanOrEqual(5);
    expect(scene.session.of('TR_video').keyframeRequests).toBeGreaterThanOrEqual(4);
  });

  it('[EG52] a viewer who comes within the interval gets his keyframe at its end, unless one comes by itself', () => {
    const scene = new Scene();
    scene.add(scene.video).run(3_000);
    const subscription = scene.session.of('TR_video');
    scene.egress.requestKeyframe();
    scene.run(300);
    expect(subscription.keyframeRequests).toBe(2);
    scene.egress.requestKeyframe();
    scene.run(300);
    expect(subscription.keyframeRequests).toBe(2);
    scene.run(600);
    expect(subscription.keyframeRequests).toBe(3);
  });

  it('[EG53] mute and unmute: no requests while muted, and it begins again with a keyframe', () => {
    const scene = new Scene();
    scene.addBoth().run(3_000);
    const subscription = scene.session.of('TR_video');
    scene.publisher.sendVideo = false;
    scene.egress.update({ ...scene.video, muted: true });
    const { keyframeRequests } = subscription;
    scene.run(5_000);
    expect(subscription.keyframeRequests).toBe(keyframeRequests);
    const { length } = scene.units.of('video');
    scene.publisher.sendVideo = true;
    scene.egress.update(scene.video);
    scene.run(1_000);
    expect(scene.units.of('video')[length]!.keyframe).toBe(true);
    expect(scene.units.of('video').length).toBeGreaterThan(length + 20);
  });

  it('[EG54] the link comes back: a keyframe is asked for, and the stream goes on', () => {
    const scene = new Scene({ seed: 4 });
    scene.addBoth().run(5_000);
    scene.publisher.outage = true;
    scene.run(4_000);
    scene.publisher.outage = false;
    const { keyframeRequests } = scene.session.of('TR_video');
    scene.egress.resumed();
    expect(scene.session.of('TR_video').keyframeRequests).toBeGreaterThan(keyframeRequests);
    scene.run(3_000);
    expect(scene.longestAudioStep).toBeLessThan(24);
    expect(Math.abs(scene.units.lastVideoMs - scene.units.lastAudioMs)).toBeLessThan(150);
    expect(Math.abs(scene.apart)).toBeLessThan(40);
  });

  it('[EG55] VP8 goes through the transcoder, whose pictures keep their time', () => {
    const scene = new Scene({ seed: 5 });
    scene.publisher.codec = 'vp8';
    scene.session.mimeTypes.set('TR_video', 'video/vp8');
    scene.addBoth().run(6_000);
    expect(scene.codecs.video.map((job) => job.codec)).toEqual(['vp8']);
    expect(scene.codecs.video[0]!.inputs.length).toBeGreaterThan(150);
    expect(scene.units.of('video').length).toBeGreaterThan(150);
    expect(Math.abs(scene.apart)).toBeLessThan(40);
    expect(scene.troubles).toEqual([]);
  });

  it('[EG55] no place for a transcoder: told once with its codec, and sound goes on', () => {
    const scene = new Scene();
    scene.codecs.videoPlaces = 0;
    scene.publisher.codec = 'vp8';
    scene.session.mimeTypes.set('TR_video', 'video/vp8');
    scene.addBoth().run(3_000);
    expect(scene.troubles.map((trouble) => trouble.kind)).toEqual(['no-video-codec']);
    expect(scene.troubles[0]!.detail).toContain('VP8');
    expect(scene.units.of('audio').length).toBeGreaterThan(100);
    expect(scene.session.of('TR_video').keyframeRequests).toBeLessThan(3);
  });

  it('[EG56] a codec that nobody can show is told, whether packets of it come or none at all', () => {
    const coming = new Scene();
    coming.session.mimeTypes.set('TR_video', 'video/h266');
    coming.add({ ...coming.video, mimeType: 'video/h266' }).run(500);
    expect(coming.troubles.map((trouble) => trouble.kind)).toEqual(['no-video-codec']);
    const silent = new Scene();
    silent.publisher.sendVideo = false;
    silent.add({ ...silent.video, mimeType: 'video/h266' }).run(6_000);
    expect(silent.troubles.map((trouble) => trouble.kind)).toEqual(['no-video-codec']);
  });

  it('[EG57] a track that turns to H.264 is picked up, and its transcoder freed', () => {
    const scene = new Scene({ seed: 6 });
    scene.publisher.codec = 'vp8';
    scene.session.mimeTypes.set('TR_video', 'video/vp8');
    scene.add(scene.video).run(2_000);
    scene.publisher.codec = 'h264';
    scene.publisher.needKeyframe();
    scene.session.of('TR_video').mimeType = 'video/h264';
    scene.run(3_000);
    expect(scene.codecs.video[0]!.closed).toBe(true);
    expect(scene.units.lastVideoMs).toBeGreaterThan(4_500);
  });

  it('[EG57] published again in H.264 as another track: the new one takes its place on the same timeline', () => {
    const scene = new Scene({ seed: 6 });
    scene.codecs.videoPlaces = 0;
    scene.publisher.codec = 'vp8';
    scene.session.mimeTypes.set('TR_video', 'video/vp8');
    scene.addBoth().run(3_000);
    scene.publisher.codec = 'h264';
    scene.publisher.renumber();
    scene.add({ ...scene.video, sid: 'TR_again' }).run(8_000);
    expect(scene.session.of('TR_video').closed).toBe(true);
    expect(scene.units.of('video').length).toBeGreaterThan(200);
    expect(Math.abs(scene.apart)).toBeLessThan(40);
    expect(scene.units.of('video')[0]!.timestampMs).toBeGreaterThan(2_000);
  });

  it('[EG58] encrypted tracks are told and not subscribed', () => {
    const scene = new Scene();
    scene.egress.add({ ...scene.video, encrypted: true });
    scene.egress.add({ ...scene.audio, encrypted: true });
    expect(scene.troubles.map((trouble) => trouble.kind)).toEqual(['no-video-codec', 'no-audio-codec']);
    expect(scene.session.subscriptions).toHaveLength(0);
  });

  it('[EG59] the transcoder dies: another is opened, and begins with a keyframe', () => {
    const scene = new Scene({ seed: 7 });
    scene.publisher.codec = 'vp8';
    scene.session.mimeTypes.set('TR_video', 'video/vp8');
    scene.add(scene.video).run(15_000);
    scene.codecs.video[0]!.crash();
    scene.run(3_000);
    expect(scene.codecs.video).toHaveLength(2);
    expect(scene.codecs.video[1]!.inputs[0]!.keyframe).toBe(true);
    expect(scene.codecs.video[1]!.inputs.length).toBeGreaterThan(40);
    expect(scene.troubles).toEqual([]);
  });
});
