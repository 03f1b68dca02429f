import { describe, expect, test } from 'vitest';
import { unpack } from '../rtp/testing/plain-depacketizer.ts';
import type { AudioConfig, VideoConfig } from '../stream/types.ts';
import { createIngress } from './ingress.ts';
import { FakeCodecs } from './testing/fake-codecs.ts';
import { type FakePacket, type FakePublication, FakeSession } from './testing/fake-session.ts';
import { FakePhone, Viewer } from './testing/pictures.ts';
import type { IngressLimits, IngressTrouble } from './types.ts';

const limits: IngressLimits = {
  payloadBytes: 1_150,
  bridgeIntervalMs: 1_000,
  bridgeBitsPerSecond: 1_500_000,
  reportIntervalMs: 1_000,
};
const UNIX = 1_790_000_000_000;
const audioConfig: AudioConfig = {
  kind: 'audio-config',
  asc: Uint8Array.of(0x12, 0x10),
  sampleRate: 44_100,
  channels: 2,
};
/** 640×360. */
const realSps = Uint8Array.from(Buffer.from('674d401ed900a02ff970110000030001000003003c0f162e48', 'hex'));

class Stage {
  now = 1_000;
  readonly session = new FakeSession();
  readonly codecs = new FakeCodecs();
  readonly phone = new FakePhone();
  readonly troubles: IngressTrouble[] = [];
  readonly mutes: string[] = [];
  ms = 0;
  audioMs = 0;
  audio = true;
  readonly ingress = createIngress({
    session: this.session,
    codecs: this.codecs,
    limits,
    clock: () => this.now,
    wallClock: () => UNIX + this.now,
    group: () => this.phone.group,
    onTrouble: (trouble) => this.troubles.push(trouble),
    onMutedByServer: (track, muted) => this.mutes.push(`${track} ${muted}`),
  });

  configure(): void {
    this.ingress.write(this.phone.config);
    if (this.audio) this.ingress.write(audioConfig);
  }

  /** One picture and the sound that belongs to it. */
  async frame(keyframe = false): Promise<void> {
    await this.pass(33);
    this.ingress.write(this.phone.picture(keyframe, this.ms));
  }

  /** Sound alone, and the clock. */
  async pass(duration: number): Promise<void> {
    this.now += duration;
    this.ms += duration;
    for (; this.audio && this.audioMs < this.ms; this.audioMs += 1_024 / 44.1) {
      this.ingress.write({ kind: 'audio', timestampMs: Math.floor(this.audioMs), data: Uint8Array.of(1, 2, 3) });
    }
    this.ingress.tick();
    await settled();
  }

  async frames(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.frame();
  }
}

/** Everything that waits for promises has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function running(): Promise<Stage> {
  const stage = new Stage();
  stage.configure();
  await settled();
  await stage.frame(true);
  await stage.frames(10);
  return stage;
}

/** What a viewer of all packets saw; throws where he could not have. */
function watch(publication: FakePublication) {
  const viewer = new Viewer();
  let last: number | null = null;
  let ms = 0;
  const pictures = publication.accessUnits().map((packets) => {
    const timestamp = packets[0]!.timestamp;
    expect(packets.every((packet) => packet.timestamp === timestamp)).toBe(true);
    if (last !== null) ms += ((timestamp - last) | 0) / 90;
    last = timestamp;
    const nals = unpack(packets);
    const slice = nals.at(-1)!;
    const [sps, pps] = nals;
    const parameters: VideoConfig | null =
      nals.length === 3 && sps !== undefined && pps !== undefined ? { kind: 'video-config', sps, pps } : null;
    const data = new Uint8Array(4 + slice.length);
    data.set(slice, 4);
    return viewer.see({ kind: 'video', timestampMs: ms, keyframe: (slice[0]! & 0x1f) === 5, data }, parameters);
  });
  return { viewer, pictures };
}

function steps(packets: readonly FakePacket[]): number[] {
  return packets.slice(1).map((packet, i) => (packet.timestamp - packets[i]!.timestamp) | 0);
}

describe('publications', () => {
  test('[IN20] each is made at its first configuration, with the size that the parameter sets tell, and once', async () => {
    const stage = new Stage();
    expect(stage.session.publications).toHaveLength(0);
    stage.ingress.write({ ...stage.phone.config, sps: realSps });
    await settled();
    expect(stage.session.of('video').options).toMatchObject({
      source: 'camera',
      width: 640,
      height: 360,
      muted: false,
    });
    stage.ingress.write(audioConfig);
    await settled();
    expect(stage.session.of('audio').options).toMatchObject({ source: 'microphone', muted: false });
    stage.ingress.write(stage.phone.reconfigure());
    stage.ingress.write({ ...audioConfig, asc: Uint8Array.of(0x11, 0x90) });
    await stage.frame(true);
    expect(stage.session.publications).toHaveLength(2);
  });

  test('[IN20] sound alone, and pictures alone', async () => {
    const sound = new Stage();
    sound.ingress.write(audioConfig);
    await settled();
    await sound.pass(1_000);
    expect(sound.session.publications).toHaveLength(1);
    expect(sound.session.of('audio').packets.length).toBeGreaterThan(45);

    const silent = new Stage();
    silent.audio = false;
    silent.configure();
    await silent.frame(true);
    await silent.frames(10);
    expect(silent.session.publications).toHaveLength(1);
    expect(watch(silent.session.of('video')).viewer.pictures).toBe(11);
  });

  test('[IN21] pictures that come before it is confirmed wait, the newest group alone', async () => {
    const stage = new Stage();
    stage.session.prompt = false;
    stage.configure();
    await stage.frame(true);
    await stage.frames(4);
    await stage.frame(true);
    await stage.frames(3);
    const video = stage.session.asked[0]!.resolve();
    await settled();
    expect(watch(video).pictures.map((picture) => picture.index)).toEqual([5, 6, 7, 8]);
    await stage.frames(2);
    expect(watch(video).viewer.pictures).toBe(6);
    expect(stage.codecs.bridges).toHaveLength(0);
  });

  test('[IN21] when more waited than may, a bridge makes the first picture', async () => {
    const stage = new Stage();
    stage.session.prompt = false;
    stage.configure();
    await stage.frame(true);
    await stage.frames(200);
    const video = stage.session.asked[0]!.resolve();
    await settled();
    for (let i = 0; i < 10; i++) await stage.frame();
    expect(stage.codecs.bridges).toHaveLength(1);
    expect(watch(video).pictures[0]).toMatchObject({ encoder: 1, reference: -1 });
  });

  test('[IN22] a refusal is told once and tried again with pauses', async () => {
    const stage = new Stage();
    stage.session.prompt = false;
    stage.audio = false;
    stage.configure();
    for (let second = 0; second < 60; second++) {
      for (const asked of stage.session.asked.splice(0)) asked.reject('not allowed to publish');
      await stage.pass(1_000);
    }
    expect(stage.troubles).toEqual([{ kind: 'not-published', track: 'video', detail: 'not allowed to publish' }]);
    stage.session.prompt = true;
    for (const asked of stage.session.asked.splice(0)) asked.resolve();
    await stage.frame(true);
    await stage.pass(31_000);
    await stage.frame(true);
    expect(watch(stage.session.of('video')).viewer.keyframes).toBeGreaterThan(0);
  });

  test('[IN23] close unpublishes, also what is confirmed only afterwards, and ends the jobs', async () => {
    const stage = await running();
    stage.session.of('video').sink.onKeyframeNeeded();
    stage.ingress.close();
    expect(stage.session.publications.every((publication) => publication.unpublished)).toBe(true);
    expect(stage.codecs.jobs).toMatchObject({ 'aac-to-opus': 0, 'h264-bridge': 0 });
    await stage.frame(true);

    const late = new Stage();
    late.session.prompt = false;
    late.configure();
    late.ingress.close();
    const publication = late.session.asked[0]!.resolve();
    await settled();
    expect(publication.unpublished).toBe(true);
  });
});

describe('mute', () => {
  test('[IN24] nothing is sent while muted; afterwards pictures begin with a keyframe and time has gone on', async () => {
    const stage = await running();
    const video = stage.session.of('video');
    const audio = stage.session.of('audio');
    stage.ingress.setMuted('video', true);
    stage.ingress.setMuted('audio', true);
    expect([video.mutes, audio.mutes]).toEqual([[true], [true]]);
    expect(stage.codecs.jobs['aac-to-opus']).toBe(0);
    const counts = [video.packets.length, audio.packets.length];
    await stage.pass(33);
    await stage.frames(100);
    expect([video.packets.length, audio.packets.length]).toEqual(counts);
    stage.ingress.setMuted('video', false);
    stage.ingress.setMuted('audio', false);
    await stage.frames(3);
    await stage.frame(true);
    await stage.frames(3);
    const { pictures } = watch(video);
    expect(pictures[11]).toMatchObject({ encoder: 0, reference: -1 });
    const gap = steps(audio.packets)[counts[1]! - 1]!;
    expect(gap / 48).toBeGreaterThan(3_200);
    expect(audio.packets[counts[1]!]!.marker).toBe(true);
  });

  test('[IN24] pictures that were written while muted: the first one to be seen comes from a bridge', async () => {
    const stage = await running();
    const video = stage.session.of('video');
    stage.ingress.setMuted('video', true);
    await stage.frames(5);
    await stage.frame(true);
    await stage.frames(30);
    stage.ingress.setMuted('video', false);
    await stage.frames(2);
    const { pictures } = watch(video);
    expect(pictures[11]).toMatchObject({ encoder: 1, index: stage.phone.next - 3 });

    // Muted twice over: nobody says that all were written.
    stage.ingress.setMuted('video', true);
    stage.ingress.setMuted('video', true);
    stage.now += 2_000;
    stage.ingress.setMuted('video', false);
    await stage.frames(3);
    expect(stage.codecs.bridges).toHaveLength(1);
  });

  test('[IN24] a phone muted from the beginning is published muted', async () => {
    const stage = new Stage();
    stage.ingress.setMuted('video', true);
    stage.configure();
    await settled();
    expect(stage.session.of('video').options.muted).toBe(true);
    await stage.frame(true);
    stage.session.prompt = true;
    expect(stage.session.of('video').packets).toHaveLength(0);
  });

  test('[IN24] muted while the publication is on its way: it hears of it', async () => {
    const stage = new Stage();
    stage.session.prompt = false;
    stage.configure();
    stage.ingress.setMuted('video', true);
    const video = stage.session.asked[0]!.resolve();
    await settled();
    expect(video.mutes).toEqual([true]);
  });

  test('[IN25] the owner’s mute is told and obeyed, and lifted by the phone’s own', async () => {
    const stage = await running();
    const video = stage.session.of('video');
    video.sink.onMutedByServer(true);
    video.muted = true;
    expect(stage.mutes).toEqual(['video true']);
    await stage.frame(true);
    stage.ingress.setMuted('video', false);
    await stage.frame(true);
    expect(video.mutes).toEqual([false]);
    // The first, that of a bridge, and the phone's own.
    expect(watch(video).viewer.keyframes).toBe(3);
  });
});

describe('sound', () => {
  test('[IN40] packets of 20 ms, stamped by the count of samples, as loud as the codec says', async () => {
    const stage = await running();
    const { packets } = stage.session.of('audio');
    expect(packets.length).toBeGreaterThan(10);
    expect(new Set(steps(packets))).toEqual(new Set([960]));
    expect(packets.map((packet) => packet.marker)).toEqual([true, ...packets.slice(1).map(() => false)]);
    expect(new Set(packets.map((packet) => packet.level))).toEqual(new Set([20]));
  });

  test('[IN41] a codec process that dies costs a short gap; stamps go on, nobody is troubled, pictures flow', async () => {
    const stage = await running();
    const audio = stage.session.of('audio');
    const video = stage.session.of('video');
    const before = audio.packets.length;
    const pictures = video.packets.length;
    // The next job begins with what was heard already.
    stage.codecs.preRoll = 15_000;
    stage.codecs.audio[0]!.end('crashed');
    await stage.frames(20);
    expect(stage.codecs.audio).toHaveLength(2);
    expect(audio.packets.length).toBeGreaterThan(before + 5);
    expect(Math.min(...steps(audio.packets))).toBeGreaterThanOrEqual(720);
    expect(Math.max(...steps(audio.packets)) / 48).toBeLessThan(200);
    expect(video.packets.length).toBe(pictures + 20);
    expect(stage.troubles).toEqual([]);
    expect(stage.session.publications).toHaveLength(2);
  });

  test('[IN41] one that dies again and again is told once and opened at growing distances', async () => {
    const stage = await running();
    for (let i = 0; i < 300; i++) {
      if (stage.codecs.jobs['aac-to-opus'] > 0) stage.codecs.audio.at(-1)!.end('crashed');
      await stage.frame();
    }
    expect(stage.codecs.audio.length).toBeLessThan(10);
    expect(stage.troubles).toHaveLength(1);
    expect(stage.troubles[0]).toMatchObject({ kind: 'no-audio-codec' });
  });

  test('[IN42] without codecs: told once, no microphone is claimed, pictures go on; sound comes when there is a place', async () => {
    const stage = new Stage();
    stage.codecs.unavailable = 'the codec library is not installed: npm i node-av';
    stage.configure();
    await settled();
    await stage.frame(true);
    await stage.frames(60);
    expect(stage.troubles).toEqual([{ kind: 'no-audio-codec', detail: stage.codecs.unavailable }]);
    expect(stage.session.publications).toHaveLength(1);
    expect(watch(stage.session.of('video')).viewer.pictures).toBe(61);
    stage.codecs.unavailable = null;
    for (let i = 0; i < 400; i++) await stage.frame();
    expect(stage.session.of('audio').packets.length).toBeGreaterThan(0);
    expect(stage.troubles).toHaveLength(1);
  });

  test('[IN43] another configuration means another job; the same again does not', async () => {
    const stage = await running();
    stage.ingress.write({ ...audioConfig, asc: audioConfig.asc.slice() });
    expect(stage.codecs.audio).toHaveLength(1);
    stage.codecs.sampleRate = 48_000;
    stage.ingress.write({ kind: 'audio-config', asc: Uint8Array.of(0x11, 0x90), sampleRate: 48_000, channels: 2 });
    await stage.frames(10);
    expect(stage.codecs.audio).toHaveLength(2);
    expect(stage.codecs.audio[0]!.closed).toBe(true);
    expect(Math.min(...steps(stage.session.of('audio').packets))).toBeGreaterThanOrEqual(720);
  });
});

describe('reports', () => {
  test('[IN50] after the first packet of each track and at the interval; both tracks agree exactly', async () => {
    const stage = await running();
    await stage.frames(120);
    const video = stage.session.of('video');
    const audio = stage.session.of('audio');
    expect(video.reports[0]?.after).toBe(1 + 1);
    expect(audio.reports[0]?.after).toBe(1);
    expect(video.reports.length).toBeGreaterThanOrEqual(4);
    expect(video.reports.length).toBeLessThanOrEqual(7);
    // Wall clock of a picture and of the sound that was written with the same millisecond.
    const videoZero = video.packets[0]!.timestamp - 33 * 90;
    const audioZero = audio.packets[0]!.timestamp;
    let together = 0;
    for (const report of video.reports) {
      const same = audio.reports.findLast((other) => other.ntpMs === report.ntpMs)!;
      expect(same).toBeDefined();
      together++;
      expect(((report.rtpTimestamp - videoZero) | 0) / 90).toBe(((same.rtpTimestamp - audioZero) | 0) / 48);
    }
    expect(together).toBeGreaterThan(3);
    for (const { reports } of [video, audio]) {
      for (const [i, report] of reports.entries()) {
        if (i > 0) expect(report.ntpMs).toBeGreaterThanOrEqual(reports[i - 1]!.ntpMs);
      }
    }
  });
});

describe('the source', () => {
  test('[IN13] that begins anew: pictures wait for its keyframe, stamps go on in both tracks', async () => {
    const stage = await running();
    const video = stage.session.of('video');
    const audio = stage.session.of('audio');
    stage.now += 2_000;
    stage.ms = 0;
    stage.audioMs = 0;
    await stage.frame();
    await stage.frame(true);
    await stage.frames(5);
    const { pictures } = watch(video);
    expect(pictures.map((picture) => picture.index).slice(-7)).toEqual([10, 12, 13, 14, 15, 16, 17]);
    expect(Math.min(...steps(video.packets.filter((packet) => packet.marker)))).toBeGreaterThan(0);
    expect(Math.min(...steps(audio.packets))).toBeGreaterThan(0);
  });

  test('[IN14] pictures of one millisecond get stamps of their own', async () => {
    const stage = await running();
    stage.ingress.write(stage.phone.picture(false, stage.ms));
    stage.ingress.write(stage.phone.picture(false, stage.ms));
    await stage.frame();
    expect(watch(stage.session.of('video')).viewer.pictures).toBe(14);
  });
});

describe('a late viewer', () => {
  test('[IN31] gets an IDR of the bridge; from the phone’s next one on its own pictures go out', async () => {
    const stage = await running();
    const video = stage.session.of('video');
    video.sink.onKeyframeNeeded();
    await stage.frames(10);
    expect(watch(video).viewer.encoder).toBe(1);
    await stage.frame(true);
    await stage.frames(3);
    const { viewer } = watch(video);
    expect(viewer.encoder).toBe(0);
    expect(viewer.skipped).toBe(0);
    expect(viewer.keyframes).toBe(3);
  });

  test('[IN36] waits for the phone’s keyframe when the pool has no place', async () => {
    const stage = await running();
    stage.codecs.bridgePlaces = 0;
    const video = stage.session.of('video');
    video.sink.onKeyframeNeeded();
    await stage.frames(10);
    await stage.frame(true);
    expect(watch(video).viewer).toMatchObject({ encoder: 0, keyframes: 2, skipped: 0 });
  });
});
