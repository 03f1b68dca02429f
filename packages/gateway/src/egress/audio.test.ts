import { describe, expect, it } from 'vitest';
import { opusSamples, opusStereo } from './opus.ts';
import { opusPacket } from './testing/pictures.ts';
import { Scene } from './testing/scene.ts';

/** Frames of AAC that a time should hold. */
const frames = (ms: number) => (ms * 48) / 1_024;

function started(options: ConstructorParameters<typeof Scene>[0] = {}): Scene {
  const scene = new Scene(options);
  scene.add(scene.audio);
  return scene;
}

describe('sound', () => {
  it('[EG40] lengths of Opus packets are read from their first bytes', () => {
    expect(opusSamples(Uint8Array.of(31 << 3, 1))).toBe(960);
    expect(opusSamples(Uint8Array.of(0, 1))).toBe(480);
    expect(opusSamples(Uint8Array.of(3 << 3, 1))).toBe(2_880);
    expect(opusSamples(Uint8Array.of(16 << 3, 1))).toBe(120);
    expect(opusSamples(Uint8Array.of((31 << 3) | 1, 1))).toBe(1_920);
    expect(opusSamples(Uint8Array.of((31 << 3) | 3, 6))).toBe(5_760);
    expect(opusSamples(Uint8Array.of((31 << 3) | 3, 7))).toBe(0);
    expect(opusSamples(Uint8Array.of((31 << 3) | 3))).toBe(0);
    expect(opusSamples(new Uint8Array(0))).toBe(0);
    expect(opusStereo(opusPacket(0, true))).toBe(true);
    expect(opusStereo(opusPacket(0, false))).toBe(false);
  });

  it('[EG41] is unbroken through mute, and speaks again at once', () => {
    const scene = started();
    scene.run(2_000);
    scene.egress.update({ ...scene.audio, muted: true });
    scene.publisher.sendAudio = false;
    scene.run(10_000);
    expect(scene.units.of('audio').length).toBeGreaterThan(frames(11_700));
    expect(scene.audioShift).toBeNaN();
    const holes = scene.codecs.audio[0]!.holes;
    scene.egress.update(scene.audio);
    scene.publisher.sendAudio = true;
    scene.run(200);
    expect(scene.audioShift).not.toBeNaN();
    scene.run(5_000);
    expect(scene.longestAudioStep).toBeLessThan(24);
    expect(scene.codecs.audio[0]!.holes - holes).toBeLessThan(10);
    expect(scene.codecs.audio).toHaveLength(1);
  });

  it('[EG41] is unbroken through DTX, and silence is made in its holes', () => {
    const scene = started();
    scene.run(2_000);
    scene.publisher.dtx = true;
    scene.run(10_000);
    expect(scene.units.of('audio').length).toBeGreaterThan(frames(11_700));
    expect(scene.codecs.audio[0]!.holes).toBeGreaterThan(400);
    scene.publisher.dtx = false;
    const { packets } = scene.codecs.audio[0]!;
    scene.run(2_000);
    expect(scene.codecs.audio[0]!.packets - packets).toBeGreaterThan(97);
    expect(scene.longestAudioStep).toBeLessThan(24);
  });

  it('[EG41] a track that is muted from the start is silence', () => {
    const scene = new Scene();
    scene.publisher.sendAudio = false;
    scene.add({ ...scene.audio, muted: true }).run(1_000);
    expect(scene.units.of('audio').length).toBeGreaterThan(frames(850));
    expect(scene.units.of('audio-config')[0]).toMatchObject({ channels: 1, sampleRate: 48_000 });
  });

  it('[EG42] is unbroken under loss, jitter, reordering and repetition, and little of it is silence', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const scene = started({ seed, loss: 0.05, reorder: 0.1, duplicates: 0.1, jitterMs: 30 });
      scene.run(20_000);
      expect(scene.units.of('audio').length).toBeGreaterThan(frames(19_600));
      expect(scene.longestAudioStep).toBeLessThan(24);
      const job = scene.codecs.audio[0]!;
      expect(job.holes / (job.holes + job.packets)).toBeLessThan(0.09);
      expect(job.packets).toBeGreaterThan(900);
    }
  });

  it('[EG42] what is lost is asked for, and with repairs in time nothing is missing', () => {
    const scene = started({ loss: 0.05, repairMs: 20 });
    scene.run(20_000);
    const job = scene.codecs.audio[0]!;
    expect(scene.session.of('TR_audio').nacked.length).toBeGreaterThan(20);
    expect(job.holes / (job.holes + job.packets)).toBeLessThan(0.01);
  });

  it('[EG43] after a stall the backlog is not played late', () => {
    const scene = started({ seed: 3 });
    scene.run(3_000);
    const before = scene.audioShift;
    scene.publisher.stall(1_500);
    scene.run(4_000);
    expect(scene.audioShift - before).toBeLessThan(60);
    expect(scene.longestAudioStep).toBeLessThan(24);
    expect(scene.units.of('audio').length).toBeGreaterThan(frames(6_700));
  });

  it('[EG43] a sender whose timestamps jump ahead a little does not stay late for ever', () => {
    const scene = started({ seed: 5 });
    scene.run(3_000);
    const before = scene.audioShift;
    scene.publisher.jumpAudio(150);
    scene.run(1_000);
    expect(scene.audioShift - before).toBeGreaterThan(140);
    scene.run(8_000);
    expect(Math.abs(scene.audioShift - before)).toBeLessThan(40);
    expect(scene.longestAudioStep).toBeLessThan(24);
  });

  it('[EG43] after a standstill of this process what waited in the socket is heard', () => {
    const scene = started({ seed: 6 });
    scene.run(3_000);
    const { holes } = scene.codecs.audio[0]!;
    // The clock's next tick comes first, then all that arrived meanwhile.
    scene.clock.now += 700;
    scene.egress.tick();
    scene.run(3_000);
    expect(scene.codecs.audio[0]!.holes - holes).toBeLessThan(4);
  });

  it('[EG43] a sender whose timestamps stand still through a pause is heard at once when it comes back', () => {
    const scene = started({ seed: 4 });
    scene.run(3_000);
    scene.publisher.pauseClock(5_000);
    scene.run(6_000);
    expect(scene.audioShift).not.toBeNaN();
    const { packets } = scene.codecs.audio[0]!;
    scene.run(2_000);
    expect(scene.codecs.audio[0]!.packets - packets).toBeGreaterThan(97);
    expect(scene.longestAudioStep).toBeLessThan(24);
  });

  it('[EG44] the codec process crashes: another job goes on at the same place, after a short silence', () => {
    const scene = started();
    scene.run(3_000);
    scene.codecs.audio[0]!.crash();
    scene.run(3_000);
    expect(scene.codecs.audio).toHaveLength(2);
    expect(scene.longestAudioStep).toBeLessThan(24);
    expect(scene.units.of('audio').length).toBeGreaterThan(frames(5_700));
    expect(scene.units.of('audio-config')).toHaveLength(1);
    expect(scene.troubles).toEqual([]);
    expect(scene.codecs.audio[1]!.holes).toBeLessThan(15);
  });

  it('[EG44] one that crashes again and again on this sound is given up, told once', () => {
    const scene = started();
    scene.onUnit = () => {};
    for (let i = 0; i < 200; i++) {
      scene.run(100);
      const job = scene.codecs.audio.at(-1)!;
      if (!job.closed) job.crash();
    }
    expect(scene.codecs.audio.length).toBeLessThanOrEqual(6);
    expect(scene.troubles.map((trouble) => trouble.kind)).toEqual(['no-audio-codec']);
  });

  it('[EG45] without codecs the picture goes on alone, and the lack is told once', () => {
    const scene = new Scene();
    scene.codecs.unavailable = 'The codec library is not installed: run npm install.';
    scene.addBoth().run(5_000);
    expect(scene.troubles).toEqual([
      { kind: 'no-audio-codec', detail: 'The codec library is not installed: run npm install.' },
    ]);
    expect(scene.units.of('audio')).toHaveLength(0);
    expect(scene.units.of('audio-config')).toHaveLength(0);
    expect(scene.units.of('video').length).toBeGreaterThan(140);
  });

  it('[EG45] where no codec process runs for the moment it is tried again, and given up after ten seconds', () => {
    const late = new Scene();
    late.codecs.audioPlaces = 0;
    late.add(late.audio).run(3_000);
    expect(late.troubles).toEqual([]);
    late.codecs.audioPlaces = 1;
    late.run(3_000);
    expect(late.units.of('audio').length).toBeGreaterThan(frames(3_000));
    expect(late.longestAudioStep).toBeLessThan(24);
    const never = new Scene();
    never.codecs.audioPlaces = 0;
    never.addBoth().run(15_000);
    expect(never.troubles.map((trouble) => trouble.kind)).toEqual(['no-audio-codec']);
    expect(never.units.of('video').length).toBeGreaterThan(400);
  });

  it('[EG46] stereo where the sender sends it, and never changed afterwards', () => {
    for (const [first, later, channels] of [
      [true, false, 2],
      [false, true, 1],
    ] as const) {
      const scene = new Scene();
      scene.publisher.stereo = first;
      scene.add(scene.audio).run(1_000);
      scene.publisher.stereo = later;
      scene.run(1_000);
      scene.codecs.audio[0]!.crash();
      scene.run(1_000);
      expect(scene.units.of('audio-config').map((config) => config.channels)).toEqual([channels]);
      expect(scene.codecs.audio.map((job) => job.channels)).toEqual([channels, channels]);
    }
    const screen = new Scene();
    screen.publisher.sendAudio = false;
    screen.add({ ...screen.audio, source: 'screen_share_audio', muted: true }).run(500);
    expect(Buffer.from(screen.units.of('audio-config')[0]!.asc).toString('hex')).toBe('1190');
  });

  it('[EG47] a track that is replaced goes on in the same stream; one that comes back later too', () => {
    const scene = started();
    scene.run(3_000);
    const second = { ...scene.audio, sid: 'TR_second' };
    scene.add(second).run(3_000);
    expect(scene.session.of('TR_audio').closed).toBe(true);
    expect(scene.longestAudioStep).toBeLessThan(24);
    expect(scene.codecs.audio).toHaveLength(1);
    scene.egress.remove('TR_second');
    scene.run(2_000);
    expect(scene.codecs.audio[0]!.closed).toBe(true);
    scene.add({ ...scene.audio, sid: 'TR_third' }).run(3_000);
    expect(scene.units.of('audio-config')).toHaveLength(1);
    expect(scene.longestAudioStep).toBeLessThan(500);
    expect(scene.units.of('audio').length).toBeGreaterThan(frames(8_500));
  });

  it('[EG48] packets of another codec are told once and not decoded', () => {
    const scene = new Scene();
    scene.session.mimeTypes.set('TR_audio', 'audio/pcmu');
    scene.add(scene.audio).run(2_000);
    expect(scene.troubles.map((trouble) => trouble.kind)).toEqual(['no-audio-codec']);
    expect(scene.codecs.audio.every((job) => job.packets === 0)).toBe(true);
  });

  it('[EG49] a standstill of this process is made good without a hole', () => {
    const scene = started();
    scene.run(2_000);
    scene.clock.now += 4_000;
    scene.run(3_000);
    expect(scene.longestAudioStep).toBeLessThan(24);
    expect(scene.units.of('audio').length).toBeGreaterThan(frames(8_600));
  });

  it('[EG40] nothing is told after the end', () => {
    const scene = started();
    scene.run(1_000);
    const { length } = scene.units.units;
    scene.egress.close();
    scene.egress.tick();
    scene.run(1_000);
    expect(scene.units.units).toHaveLength(length);
    expect(scene.codecs.audio[0]!.closed).toBe(true);
    expect(scene.session.of('TR_audio').closed).toBe(true);
  });
});
