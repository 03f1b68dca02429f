import {
  AudioFrame,
  AudioSource,
  AudioStream,
  DisconnectReason,
  LocalAudioTrack,
  LocalVideoTrack,
  type RemoteTrack,
  Room,
  RoomEvent,
  type RoomOptions,
  TrackKind,
  TrackPublishOptions,
  TrackSource,
  VideoBufferType,
  VideoCodec,
  VideoFrame,
  VideoSource,
  VideoStream,
} from '@livekit/rtc-node';
import { isColor } from './client.ts';
import type { Rgb } from './harness-api.ts';
import type { Target } from './targets/types.ts';
import { type TokenSpec, tokenFor } from './tokens.ts';
import { type WaitOptions, waitFor } from './wait.ts';

const RATE = 48_000;
const FRAME_MS = 20;

interface Watched {
  frames: number;
  frame: VideoFrame | null;
}

interface Heard {
  readonly samples: Float64Array;
  frames: number;
}

/** The option exists in the native layer only; the SDK passes it on as it passes every other. */
interface NodeRoomOptions extends RoomOptions {
  readonly singlePeerConnection: boolean;
}

export interface NodeJoinSpec extends TokenSpec {
  readonly url?: string;
  /** Default true, as the SDK's. */
  readonly singlePeerConnection?: boolean;
}

/** A participant on `@livekit/rtc-node`: publishes a colour and a tone, and checks those of others. */
export class NodeParticipant {
  readonly identity: string;
  readonly room = new Room();
  readonly events: string[] = [];
  readonly #watched = new Map<string, Watched>();
  readonly #heard = new Map<string, Heard>();
  #closed = false;

  constructor(identity: string) {
    this.identity = identity;
  }

  async join(target: Target, spec: NodeJoinSpec): Promise<void> {
    await this.connect(spec.url ?? target.wsUrl, await tokenFor(target, spec), spec.singlePeerConnection);
  }

  /** Goes in with a token that somebody else made. */
  async connect(url: string, token: string, singlePeerConnection = true): Promise<void> {
    const { room } = this;
    room
      .on(RoomEvent.TrackSubscribed, (track, publication, participant) => {
        this.events.push(`trackSubscribed:${participant.identity}`);
        this.#watch(track, participant.identity, publication.source ?? TrackSource.SOURCE_UNKNOWN);
      })
      .on(RoomEvent.ParticipantConnected, (who) => this.events.push(`participantConnected:${who.identity}`))
      .on(RoomEvent.ParticipantDisconnected, (who) => this.events.push(`participantDisconnected:${who.identity}`))
      .on(RoomEvent.Reconnecting, () => this.events.push('reconnecting'))
      .on(RoomEvent.Reconnected, () => this.events.push('reconnected'))
      .on(RoomEvent.Disconnected, (reason) => this.events.push(`disconnected:${DisconnectReason[reason]}`))
      .on(RoomEvent.DataReceived, (payload, who, _kind, topic) =>
        this.events.push(`data:${who?.identity ?? ''}:${topic ?? ''}:${new TextDecoder().decode(payload)}`),
      );
    const options: NodeRoomOptions = { autoSubscribe: true, dynacast: false, singlePeerConnection };
    await room.connect(url, token, options);
    this.#local().registerRpcMethod('echo', async (call) => `${call.callerIdentity}:${call.payload}`);
    room.registerTextStreamHandler('words', (reader, who) => {
      void reader.readAll().then((text) => this.events.push(`text:${who.identity}:${text}`));
    });
  }

  /** Publishes a picture in one colour with a moving mark, 15 times a second. */
  async publishVideo(color: Rgb, codec: VideoCodec = VideoCodec.VP8): Promise<void> {
    const [width, height] = [320, 180];
    const source = new VideoSource(width, height);
    const track = LocalVideoTrack.createVideoTrack('camera', source);
    const options = new TrackPublishOptions({
      source: TrackSource.SOURCE_CAMERA,
      videoCodec: codec,
      simulcast: false,
    });
    await this.#local().publishTrack(track, options);
    let count = 0;
    const timer = setInterval(() => {
      if (this.#closed) {
        clearInterval(timer);
        return;
      }
      source.captureFrame(paint(width, height, color, count));
      count += 1;
    }, 66);
  }

  /** Publishes a sine. */
  async publishAudio(tone: number): Promise<void> {
    const source = new AudioSource(RATE, 1, 200);
    const track = LocalAudioTrack.createAudioTrack('microphone', source);
    await this.#local().publishTrack(track, new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE }));
    const size = (RATE / 1000) * FRAME_MS;
    let at = 0;
    const pump = async () => {
      while (!this.#closed) {
        const samples = Int16Array.from({ length: size }, (_, index) =>
          Math.round(10_000 * Math.sin((2 * Math.PI * tone * (at + index)) / RATE)),
        );
        at += size;
        // Resolves when the queue has room again: the source keeps the time.
        await source.captureFrame(new AudioFrame(samples, RATE, 1, size));
      }
    };
    pump().catch(() => {});
  }

  async expectPicture(identity: string, color: Rgb, options: WaitOptions = {}): Promise<void> {
    let first = 0;
    await waitFor(
      `${this.identity}: a moving picture in ${color.join(',')} from ${identity}`,
      () => {
        const watched = this.#watched.get(identity);
        if (watched?.frame == null) return null;
        return { color: meanColor(watched.frame), frames: watched.frames };
      },
      (seen) => {
        if (seen === null || !isColor(seen.color, color)) return false;
        if (first === 0) first = seen.frames;
        return seen.frames >= first + 5;
      },
      { timeout: 12_000, interval: 150, ...options },
    );
  }

  async expectTone(identity: string, hz: number, options: WaitOptions = {}): Promise<void> {
    await waitFor(
      `${this.identity}: ${hz} Hz from ${identity}`,
      () => {
        const heard = this.#heard.get(identity);
        return heard === undefined ? null : { hz: pitch(heard.samples), frames: heard.frames };
      },
      (heard) => heard !== null && Math.abs(heard.hz - hz) <= 20,
      { timeout: 12_000, ...options },
    );
  }

  waitForEvent(entry: string, options?: WaitOptions): Promise<readonly string[]> {
    return waitFor(
      `${this.identity}: ${entry}`,
      () => this.events,
      (events) => events.includes(entry),
      options,
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.room.disconnect();
  }

  #local() {
    const { localParticipant } = this.room;
    if (localParticipant === undefined) throw new Error(`${this.identity} is not connected`);
    return localParticipant;
  }

  #watch(track: RemoteTrack, identity: string, source: TrackSource): void {
    if (track.kind === TrackKind.KIND_VIDEO && source === TrackSource.SOURCE_CAMERA) {
      const watched: Watched = { frames: 0, frame: null };
      this.#watched.set(identity, watched);
      void drain(new VideoStream(track), (event) => {
        watched.frames += 1;
        watched.frame = event.frame;
      });
    } else if (track.kind === TrackKind.KIND_AUDIO) {
      const heard: Heard = { samples: new Float64Array(RATE / 10), frames: 0 };
      this.#heard.set(identity, heard);
      void drain(new AudioStream(track, RATE, 1), (frame) => {
        heard.frames += 1;
        heard.samples.copyWithin(0, frame.data.length);
        heard.samples.set(frame.data, heard.samples.length - frame.data.length);
      });
    }
  }
}

async function drain<T>(stream: ReadableStream<T>, take: (value: T) => void): Promise<void> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    take(value);
  }
}

function paint(width: number, height: number, color: Rgb, count: number): VideoFrame {
  const data = new Uint8Array(width * height * 4);
  const markAt = Math.floor(((count % 30) / 30) * (width - 32));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const white = y < height * 0.4 && x >= markAt && x < markAt + 32;
      const at = (y * width + x) * 4;
      data[at] = white ? 255 : color[0];
      data[at + 1] = white ? 255 : color[1];
      data[at + 2] = white ? 255 : color[2];
      data[at + 3] = 255;
    }
  }
  return new VideoFrame(data, width, height, VideoBufferType.RGBA);
}

function meanColor(frame: VideoFrame): Rgb {
  const { data, width, height } = frame.convert(VideoBufferType.RGBA);
  const sum = [0, 0, 0];
  let count = 0;
  for (let y = Math.floor(height * 0.6); y < height - 4; y += 4) {
    for (let x = 4; x < width - 4; x += 4) {
      for (let channel = 0; channel < 3; channel += 1) {
        sum[channel] = (sum[channel] ?? 0) + (data[(y * width + x) * 4 + channel] ?? 0);
      }
      count += 1;
    }
  }
  const mean = (channel: number) => Math.round((sum[channel] ?? 0) / count);
  return [mean(0), mean(1), mean(2)];
}

/** Frequency of a clean tone by its rising zero crossings; 0 when it is too quiet. */
function pitch(samples: Float64Array): number {
  let energy = 0;
  let first = -1;
  let last = -1;
  let crossings = 0;
  for (let index = 1; index < samples.length; index += 1) {
    const before = samples[index - 1] ?? 0;
    const here = samples[index] ?? 0;
    energy += here * here;
    if (before < 0 && here >= 0) {
      if (first < 0) first = index;
      else crossings += 1;
      last = index;
    }
  }
  if (Math.sqrt(energy / samples.length) < 200 || crossings === 0) return 0;
  return Math.round((crossings * RATE) / (last - first));
}
