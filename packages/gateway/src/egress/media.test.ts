import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CodecPoolWithCounts, createCodecPool } from '../codec/index.ts';
import { H264Packetizer, parameterPackets } from '../rtp/packetize.ts';
import { createEgress } from './egress.ts';
import { clipFps, foreignClip, h264Clip, opusClip } from './testing/clips.ts';
import { CheckedUnits, FakeClock, FakeSession, type FakeSubscription, remoteTrack } from './testing/fakes.ts';
import { av1Payloads, vp8Payloads, vp9Payloads } from './testing/pictures.ts';
import { beeps, flashes, flvOf, loudness, play, toneIn } from './testing/player.ts';
import { seeded } from './testing/random.ts';
import { limits } from './testing/scene.ts';
import type { Egress } from './types.ts';

const seconds = 8;
/** The codecs work as fast as the machine does: waited for, never hurried. */
const TIME = { timeout: 180_000 };

let pool: CodecPoolWithCounts;
beforeAll(async () => {
  pool = await createCodecPool({
    limits: {
      processes: 1,
      maxAudioJobs: 8,
      maxBridges: 2,
      maxVideoJobs: 2,
      maxQueuedFrames: 100,
      maxPixels: 1920 * 1088,
      maxFillMs: 2_000,
    },
  });
});
afterAll(() => pool.close());

/** What a clip's packets are at a time: sent into the sinks of a fake link. */
interface Feed {
  readonly atMs: number;
  readonly send: (now: number) => void;
}

class Room {
  readonly clock = new FakeClock();
  readonly link = new FakeSession();
  readonly units = new CheckedUnits();
  readonly troubles: string[] = [];
  readonly egress: Egress;
  readonly #feeds: Feed[] = [];
  readonly #random = seeded(77);
  #sequence = { audio: 65_500, video: 1_000 };
  readonly #arrived = { audio: 0, video: 0 };

  constructor() {
    this.egress = createEgress({
      session: this.link.session,
      codecs: pool,
      limits,
      sink: this.units,
      clock: this.clock.read,
      onTrouble: ({ detail }) => this.troubles.push(detail),
    });
  }

  subscribe(kind: 'audio' | 'video', mimeType: string): FakeSubscription {
    const track = remoteTrack({ kind, mimeType });
    this.link.mimeTypes.set(track.sid, mimeType);
    this.egress.add(track);
    return this.link.of(track.sid);
  }

  packet(kind: 'audio' | 'video', atMs: number, payload: Uint8Array, timestamp: number, marker: boolean): void {
    const sequence = this.#sequence[kind]++ & 0xffff;
    const arrival = Math.max(this.#arrived[kind], atMs + 15 * this.#random());
    this.#arrived[kind] = arrival;
    this.#feeds.push({
      atMs: arrival,
      send: (now) => {
        const track = this.link.of(kind === 'audio' ? 'TR_audio' : 'TR_video');
        track.sink.onRtp({ payload, sequence, timestamp: timestamp % 2 ** 32, marker }, now);
      },
    });
  }

  /** Reports of both tracks every second: content time is the sender's clock. */
  reports(audioZero: number, videoZero: number): void {
    for (let ms = 500; ms < seconds * 1_000; ms += 1_000) {
      this.#feeds.push({
        atMs: ms,
        send: (now) => {
          const audio = Math.round(audioZero + ms * 48) % 2 ** 32;
          const video = Math.round(videoZero + ms * 90) % 2 ** 32;
          this.link.of('TR_audio').sink.onSenderReport(3.9e12 + ms, audio, now);
          this.link.of('TR_video').sink.onSenderReport(3.9e12 + ms, video, now);
        },
      });
    }
  }

  opus(zero: number): void {
    const { packets, padding } = opusClip(seconds);
    packets.forEach((packet, i) => {
      const place = i * 960 - padding;
      if (place >= 0) this.packet('audio', place / 48 + 20, packet, zero + place, false);
    });
  }

  h264(zero: number, lagMs: number): void {
    const clip = h264Clip(seconds, clipFps * 2);
    const parameters = parameterPackets(clip.config, 1_150);
    const packetizer = new H264Packetizer(1_150);
    clip.frames.forEach((frame, i) => {
      const ms = (i * 1_000) / clipFps;
      packetizer.send(frame.data, frame.keyframe ? parameters : null, zero + ms * 90, {
        send: (payload, timestamp, marker) => this.packet('video', ms + lagMs, payload.slice(), timestamp, marker),
      });
    });
  }

  foreign(codec: 'vp8' | 'vp9' | 'av1', zero: number): void {
    const payloadsOf = {
      vp8: (frame: Uint8Array, i: number) => vp8Payloads(frame, i),
      vp9: (frame: Uint8Array, i: number) => vp9Payloads([frame], i),
      av1: (frame: Uint8Array) => av1Payloads(frame),
    }[codec];
    foreignClip(codec, seconds).forEach((frame, i) => {
      const ms = (i * 1_000) / clipFps;
      const payloads = payloadsOf(frame, i);
      payloads.forEach((payload, n) => {
        this.packet('video', ms + 60, payload, zero + ms * 90, n === payloads.length - 1);
      });
    });
  }

  /** Runs the clock to the clips' end; waits for the codecs wherever they are behind. */
  async play(atMs: ReadonlyMap<number, () => void> = new Map(), behind: () => number = () => 0): Promise<void> {
    this.#feeds.sort((a, b) => a.atMs - b.atMs);
    const zero = this.clock.now;
    let next = 0;
    for (let ms = 0; ms <= seconds * 1_000; ms += 10) {
      this.clock.now = zero + ms;
      atMs.get(ms)?.();
      while (next < this.#feeds.length && this.#feeds[next]!.atMs <= ms) this.#feeds[next++]!.send(this.clock.now);
      this.egress.tick();
      // As long as a codec has work, however slow the machine is. Without any, time goes on all the same: a job that died is
      // opened again by the clock.
      for (let waits = 0; behind() > 400 && (pool.pending > 0 || waits < 25); waits++) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
  }
}

describe('what a player makes of it', () => {
  it('[EG60] decodes every picture and a steady tone, flash and beep within 40 ms', TIME, async () => {
    const room = new Room();
    room.subscribe('video', 'video/h264');
    room.subscribe('audio', 'audio/opus');
    room.opus(4_294_967_000);
    room.h264(4_294_900_000, 90);
    room.reports(4_294_967_000, 4_294_900_000);
    await room.play(new Map(), () => room.clock.now - 1_000 - room.units.lastAudioMs - 300);
    const played = play(flvOf(room.units.units, { video: true, audio: true }));
    expect(played.errors).toBe('');
    expect(played.pictures.length).toBeGreaterThanOrEqual((seconds - 0.5) * clipFps);
    expect(played.pictures[0]!.ms).toBe(0);
    expect(played.soundMs).toBeLessThanOrEqual(22);
    const seen = flashes(played);
    const heard = beeps(played);
    expect(seen.length).toBeGreaterThanOrEqual(6);
    for (const flash of seen.slice(1)) {
      const beep = heard.reduce((best, ms) => (Math.abs(ms - flash) < Math.abs(best - flash) ? ms : best));
      expect(Math.abs(beep - flash)).toBeLessThan(40);
    }
    for (let i = 1; i < heard.length; i++) expect(Math.abs(heard[i]! - heard[i - 1]! - 1_000)).toBeLessThan(6);
    for (const ms of heard.slice(0, -1)) expect(toneIn(played, ms + 300, ms + 900, 440)).toBeGreaterThan(0.03);
    expect(room.troubles).toEqual([]);
    room.egress.close();
  });

  it('[EG61] a codec process that is killed costs a short silence and nothing else', TIME, async () => {
    const room = new Room();
    room.subscribe('video', 'video/h264');
    room.subscribe('audio', 'audio/opus');
    room.opus(1_000);
    room.h264(1_000, 60);
    room.reports(1_000, 1_000);
    const kill = () => process.kill(pool.processes()[0]!, 'SIGKILL');
    await room.play(new Map([[4_000, kill]]), () => room.clock.now - 1_000 - room.units.lastAudioMs - 300);
    const played = play(flvOf(room.units.units, { video: true, audio: true }));
    expect(played.errors).toBe('');
    expect(played.pictures.length).toBeGreaterThanOrEqual((seconds - 0.5) * clipFps);
    const silent = [];
    for (let ms = 500; ms < 7_000; ms += 20) if (loudness(played, ms, ms + 20) < 0.01) silent.push(ms);
    expect(silent.length * 20).toBeGreaterThan(0);
    expect(silent.length * 20).toBeLessThan(1_200);
    const stamps = room.units.of('audio').map((unit) => unit.timestampMs);
    for (let i = 1; i < stamps.length; i++) expect(stamps[i]! - stamps[i - 1]!).toBeLessThan(24);
    expect(loudness(played, 6_000, 7_000)).toBeGreaterThan(0.03);
    room.egress.close();
  });

  for (const codec of ['vp8', 'vp9', 'av1'] as const) {
    it(`[EG62] ${codec} becomes H.264 that is decoded, flash and beep together`, TIME, async () => {
      const room = new Room();
      room.subscribe('video', `video/${codec}`);
      room.subscribe('audio', 'audio/opus');
      room.opus(5);
      room.foreign(codec, 9);
      room.reports(5, 9);
      const behind = () => room.clock.now - 1_000 - Math.min(room.units.lastAudioMs, room.units.lastVideoMs) - 300;
      await room.play(new Map(), behind);
      const played = play(flvOf(room.units.units, { video: true, audio: true }));
      expect(played.errors).toBe('');
      expect(played.pictures.length).toBeGreaterThan((seconds - 1) * clipFps);
      const heard = beeps(played);
      const seen = flashes(played);
      expect(seen.length).toBeGreaterThanOrEqual(5);
      for (const flash of seen.slice(1)) {
        expect(Math.min(...heard.map((ms) => Math.abs(ms - flash)))).toBeLessThan(41);
      }
      expect(room.troubles).toEqual([]);
      room.egress.close();
    });
  }
});
