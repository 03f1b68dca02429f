import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CodecPoolWithCounts, createCodecPool } from '../codec/index.ts';
import { codecLimitsSchema } from '../config.ts';
import { type ContractServer, Lab, until } from '../link/contract/lab.ts';
import { startEmbedded } from '../link/testing/embedded.ts';
import { findLiveKitServer, startLiveKit } from '../link/testing/livekit.ts';
import type { LinkPublication, LinkSession } from '../link/types.ts';
import { H264Packetizer, parameterPackets } from '../rtp/packetize.ts';
import { createEgress } from './egress.ts';
import { clipFps, h264Clip, opusClip } from './testing/clips.ts';
import { CheckedUnits } from './testing/fakes.ts';
import { beeps, flashes, flvOf, play, toneIn } from './testing/player.ts';
import { seeded } from './testing/random.ts';
import { limits } from './testing/scene.ts';

const seconds = 7;
const quiet = { onKeyframeNeeded: () => {}, onMutedByServer: () => {} };

/** A recording sent in real time, with reports of both tracks on one clock. */
class Clip {
  readonly #video = h264Clip(seconds, clipFps / 5);
  readonly #audio = opusClip(seconds);
  readonly #parameters = parameterPackets(this.#video.config, 1_150);
  readonly #packetizer = new H264Packetizer(1_150);
  #timer: NodeJS.Timeout | null = null;
  done = false;
  #began = 0;

  /** So much of it has been sent. */
  get seconds(): number {
    return (performance.now() - this.#began) / 1_000;
  }

  async publish(session: LinkSession): Promise<void> {
    const size = { width: 320, height: 180, muted: false };
    const camera = await session.publish({ kind: 'video', source: 'camera', name: 'camera', ...size }, quiet);
    const sound = { width: 0, height: 0, muted: false };
    const microphone = await session.publish({ kind: 'audio', source: 'microphone', name: 'mic', ...sound }, quiet);
    this.#run(camera, microphone);
  }

  #run(camera: LinkPublication, microphone: LinkPublication): void {
    const began = performance.now();
    this.#began = began;
    let frame = 0;
    let packet = 0;
    let report = 0;
    this.#timer = setInterval(() => {
      const ms = performance.now() - began;
      for (; frame < this.#video.frames.length && (frame * 1_000) / clipFps <= ms; frame++) {
        const { data, keyframe } = this.#video.frames[frame]!;
        const timestamp = 70_000 + (frame * 90_000) / clipFps;
        this.#packetizer.send(data, keyframe ? this.#parameters : null, timestamp, camera);
      }
      for (; packet < this.#audio.packets.length && packet * 20 <= ms; packet++) {
        const place = packet * 960 - this.#audio.padding;
        if (place >= 0) microphone.send(this.#audio.packets[packet]!, 900_000 + place, false);
      }
      if (ms >= report) {
        report += 1_000;
        camera.report(3.9e12 + ms, Math.round(70_000 + ms * 90));
        microphone.report(3.9e12 + ms, Math.round(900_000 + ms * 48));
      }
      if (frame === this.#video.frames.length && packet === this.#audio.packets.length) this.stop();
    }, 5);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.done = true;
  }
}

let pool: CodecPoolWithCounts;
beforeAll(async () => {
  pool = await createCodecPool({ limits: codecLimitsSchema.parse({}) });
});
afterAll(() => pool.close());

function suite(name: string, start: () => Promise<ContractServer>): void {
  describe(`through the real link and ${name}`, () => {
    let server: ContractServer;
    let lab: Lab;
    beforeAll(async () => {
      server = await start();
    }, 30_000);
    afterEach(() => lab.close());
    afterAll(() => server?.stop());

    for (const loss of [0, 0.02]) {
      it(`[EG63] an independent decoder finds pictures, tone, flash and beep together; loss ${loss * 100} %`, {
        timeout: 120_000,
      }, async () => {
        lab = new Lab(server);
        const clip = new Clip();
        const anna = await lab.join('anna');
        const random = seeded(20_261_121);
        const settings = loss === 0 ? {} : { impairment: { dropIncoming: () => random() < loss } };
        const watcher = await lab.join('watcher', { hidden: true, canPublish: false }, lab.link(settings));
        const units = new CheckedUnits();
        const troubles: string[] = [];
        const egress = createEgress({
          session: watcher.session,
          codecs: pool,
          limits,
          sink: units,
          clock: () => performance.now(),
          onTrouble: ({ detail }) => troubles.push(detail),
        });
        const timer = setInterval(() => egress.tick(), 10);
        // What was sent before anybody watched is not missed.
        let missed = 0;
        try {
          await clip.publish(anna.session);
          await until('both tracks', () =>
            ['video', 'audio'].every((kind) => watcher.told.track('anna', kind as 'video')),
          );
          for (const kind of ['video', 'audio'] as const) egress.add(watcher.told.track('anna', kind)!);
          missed = clip.seconds;
          await until('the end', () => clip.done, 20_000);
          const end = performance.now();
          await until('the last packets', () => performance.now() - end > 300);
        } finally {
          clearInterval(timer);
          clip.stop();
          egress.close();
        }
        expect(troubles).toEqual([]);
        const played = play(flvOf(units.units, { video: true, audio: true }));
        expect(played.errors).toBe('');
        // That every picture comes where nothing is lost is [EG60]; a busy machine loses packets on real sockets.
        expect(played.pictures.length).toBeGreaterThan((seconds - missed - 2) * clipFps * 0.4);
        const seen = flashes(played);
        const heard = beeps(played);
        expect(heard.length).toBeGreaterThanOrEqual(3);
        const paired = seen.slice(1).map((flash) => Math.min(...heard.map((ms) => Math.abs(ms - flash))));
        expect(paired.filter((apart) => apart < 500).length).toBeGreaterThanOrEqual(2);
        // A flash whose first picture was lost is seen later, by whole pictures.
        // Half of them have to be together: a machine that stands still stops sender and receiver alike.
        const median = paired.sort((a, b) => a - b)[Math.floor(paired.length / 2)]!;
        if (loss === 0) expect(median).toBeLessThan(41);
        expect(toneIn(played, heard[1]! + 300, heard[1]! + 900, 440)).toBeGreaterThan(0.03);
      });
    }
  });
}

suite('the embedded engine', startEmbedded);
const binary = findLiveKitServer(process.env['LIVEKIT_SERVER_BIN']);
if (binary !== null) suite('livekit-server', () => startLiveKit(binary));
