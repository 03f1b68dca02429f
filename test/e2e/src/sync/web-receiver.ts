import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWebRtcLink, type Link, type LinkSession, type RemoteTrack } from '@lianmai/gateway/testing';
import { waitFor } from '../wait.ts';
import { accessUnits } from './access-units.ts';
import { decodePictures, decodeSound } from './decode.ts';
import { oggOpus, opusSamples } from './ogg-opus.ts';
import { ReceivedTrack } from './received.ts';
import { type Skew, skewOf } from './skew.ts';

/**
 * A member of the room who keeps one participant's RTP packets and sender reports, and afterwards has them decoded. It takes
 * part by the gateway's link, which shows what SDKs hide; the server under test stands between it and the sender.
 */
export class WebReceiver {
  readonly #link: Link;
  #session: LinkSession | null = null;
  #tracks: readonly { readonly identity: string; readonly track: RemoteTrack }[] = [];
  readonly #video = new ReceivedTrack(90_000);
  readonly #audio = new ReceivedTrack(48_000);

  constructor(url: string) {
    this.#link = createWebRtcLink({ url, clock: () => performance.now() });
  }

  async join(token: string): Promise<void> {
    this.#session = await this.#link.join(
      { token, renewToken: async () => token },
      {
        onParticipants: (all) => {
          this.#tracks = all.flatMap(({ identity, tracks }) => tracks.map((track) => ({ identity, track })));
        },
        onChat() {},
        onQuality() {},
        onReconnecting() {},
        onReconnected() {},
        onEnd() {},
      },
    );
  }

  /** Subscribes to camera and microphone of somebody. */
  async watch(identity: string): Promise<void> {
    const session = this.#session;
    if (session === null) throw new Error('not joined');
    const track = async (kind: RemoteTrack['kind']) => {
      const find = () => this.#tracks.find((one) => one.identity === identity && one.track.kind === kind) ?? null;
      const found = await waitFor(`${identity}'s ${kind}`, find, (one) => one !== null, { timeout: 20_000 });
      return found?.track.sid ?? '';
    };
    const [video, audio] = [await track('video'), await track('audio')];
    for (const [sid, kept] of [
      [audio, this.#audio],
      [video, this.#video],
    ] as const) {
      const subscription = session.subscribe(sid, kept);
      kept.onMissing = (sequences) => subscription.nack(sequences);
    }
  }

  /** Waits until so much media has come, with reports of both tracks. */
  async receive(ms: number): Promise<void> {
    await waitFor(
      `${ms} ms of pictures and sound, with reports`,
      () => [this.#video, this.#audio].map(({ lengthMs, reports }) => ({ lengthMs, reports })),
      (both) => both.every(({ lengthMs, reports }) => lengthMs >= ms && reports >= 3),
      { timeout: ms + 30_000, interval: 250 },
    );
  }

  /** @param folder for files to be decoded. */
  async skew(folder: string, settleMs: number): Promise<Skew> {
    const pictures = accessUnits(this.#video.packets());
    const h264 = join(folder, 'received.h264');
    await writeFile(h264, Buffer.concat(pictures.map(({ bytes }) => bytes)));
    const decoded = await decodePictures(h264);
    if (decoded.length !== pictures.length) {
      throw new Error(`${pictures.length} pictures came, ${decoded.length} were decoded`);
    }
    const frames = decoded.map(({ light }, index) => ({
      light,
      ms: this.#video.wallClock(pictures[index]?.timestamp ?? 0),
    }));
    const packets = this.#audio.packets();
    const opus = join(folder, 'received.ogg');
    await writeFile(opus, oggOpus(packets.map(({ payload }) => payload)));
    const { rate, samples } = await decodeSound(opus);
    let first = 0;
    const runs = packets.map(({ payload, timestamp }) => {
      const run = { first, ms: this.#audio.wallClock(timestamp) };
      first += opusSamples(payload);
      return run;
    });
    if (rate !== 48_000 || samples.length !== first) {
      throw new Error(`${first} samples came, ${samples.length} were decoded at ${rate} Hz`);
    }
    return skewOf(frames, { rate, samples, runs }, (frames[0]?.ms ?? 0) + settleMs);
  }

  async close(): Promise<void> {
    await this.#link.close();
  }
}
