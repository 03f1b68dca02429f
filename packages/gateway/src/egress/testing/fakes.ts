/** A link and a codec pool that do what their contracts say, on a virtual clock. */
import type {
  AacOutput,
  BridgeOutput,
  CodecJob,
  CodecJobKind,
  CodecPool,
  CodecSink,
  ForeignCodec,
  ForeignFrame,
  OpusInput,
} from '../../codec/types.ts';
import type { LinkSession, LinkSubscription, RemoteTrack, SubscriptionSink } from '../../link/types.ts';
import type { MediaUnit, UnitSink } from '../../stream/types.ts';
import { opusCapture } from './pictures.ts';

/** Time that tests move. */
export class FakeClock {
  now = 1_000;
  readonly read = (): number => this.now;
}

export class FakeSubscription implements LinkSubscription {
  mimeType: string | null;
  readonly trackSid: string;
  readonly sink: SubscriptionSink;
  readonly nacked: number[][] = [];
  keyframeRequests = 0;
  closed = false;
  onKeyframeRequest: () => void = () => {};
  onNack: (sequences: readonly number[]) => void = () => {};

  constructor(trackSid: string, sink: SubscriptionSink, mimeType: string | null) {
    this.trackSid = trackSid;
    this.sink = sink;
    this.mimeType = mimeType;
  }

  requestKeyframe(): void {
    this.keyframeRequests++;
    this.onKeyframeRequest();
  }

  nack(sequences: readonly number[]): void {
    this.nacked.push([...sequences]);
    this.onNack(sequences);
  }

  close(): void {
    this.closed = true;
  }
}

/** A session that only subscribes. */
export class FakeSession {
  readonly subscriptions: FakeSubscription[] = [];

  /** Mime types that packets have from the start; without one, it is negotiated later. */
  readonly mimeTypes = new Map<string, string>();

  get session(): LinkSession {
    return {
      identity: 'watcher',
      sid: 'PA_watcher',
      room: '1:1',
      publish: () => Promise.reject(new Error('it only watches')),
      subscribe: (trackSid, sink) => {
        const subscription = new FakeSubscription(trackSid, sink, this.mimeTypes.get(trackSid) ?? null);
        this.subscriptions.push(subscription);
        return subscription;
      },
      sendChat: () => {},
      leave: () => Promise.resolve(),
    };
  }

  of(trackSid: string): FakeSubscription {
    const found = this.subscriptions.findLast((subscription) => subscription.trackSid === trackSid);
    if (found === undefined) throw new Error(`nobody subscribed to ${trackSid}`);
    return found;
  }
}

/** An Opus-to-AAC job: frames of 1,024 samples, behind by one frame, that say when their first sample was taken. */
export class FakeAudioJob implements CodecJob<OpusInput> {
  readonly sink: CodecSink<AacOutput>;
  readonly channels: 1 | 2;
  closed = false;
  /** Packets and holes written. */
  packets = 0;
  holes = 0;
  /** Of late, for the frames to come. */
  readonly #inputs: OpusInput[] = [];
  #have = 0;
  #made = 0;

  constructor(channels: 1 | 2, sink: CodecSink<AacOutput>) {
    this.channels = channels;
    this.sink = sink;
  }

  write(input: OpusInput): void {
    if (this.closed) return;
    const last = this.#inputs.at(-1);
    if (last === undefined) {
      this.#have = input.place;
      this.#made = input.place;
    } else if (input.place !== this.#have) throw new Error('a hole in the sound');
    if (input.data === null) this.holes++;
    else this.packets++;
    this.#inputs.push(input);
    this.#have += input.samples;
    while (this.#have - this.#made >= 2_048) {
      const place = this.#made;
      this.#made += 1_024;
      this.sink.onOutput({ data: this.#captureAt(place), place });
    }
  }

  /** Eight bytes: when the sample at this place was taken, NaN in silence. */
  #captureAt(place: number): Uint8Array {
    while (this.#inputs.length > 1 && this.#inputs[1]!.place <= place) this.#inputs.shift();
    const input = this.#inputs[0]!;
    const data = new Uint8Array(8);
    const speaks = input.data !== null && input.data.length > 2;
    const capture = speaks ? opusCapture(input.data) + (place - input.place) / 48 : Number.NaN;
    new DataView(data.buffer).setFloat64(0, capture);
    return data;
  }

  close(): void {
    this.closed = true;
  }

  crash(): void {
    this.closed = true;
    this.sink.onEnd('crashed');
  }
}

/** A transcoder that makes one picture of every frame. */
export class FakeVideoJob implements CodecJob<ForeignFrame> {
  readonly inputs: ForeignFrame[] = [];
  readonly codec: ForeignCodec;
  readonly sink: CodecSink<BridgeOutput>;
  closed = false;

  constructor(codec: ForeignCodec, sink: CodecSink<BridgeOutput>) {
    this.codec = codec;
    this.sink = sink;
  }

  write(input: ForeignFrame): void {
    if (this.closed) return;
    this.inputs.push(input);
    if (this.inputs.length === 1) {
      this.sink.onOutput({ kind: 'video-config', sps: Uint8Array.of(0x67), pps: Uint8Array.of(0x68) });
    }
    this.sink.onOutput({ kind: 'video', timestampMs: input.timestampMs, keyframe: input.keyframe, data: input.data });
  }

  close(): void {
    this.closed = true;
  }

  crash(): void {
    this.closed = true;
    this.sink.onEnd('crashed');
  }
}

export class FakeCodecs implements CodecPool {
  unavailable: string | null = null;
  readonly audio: FakeAudioJob[] = [];
  readonly video: FakeVideoJob[] = [];
  videoPlaces = 1;
  audioPlaces = 1;
  readonly jobs: Readonly<Record<CodecJobKind, number>> = {
    'aac-to-opus': 0,
    'opus-to-aac': 0,
    'h264-bridge': 0,
    'video-to-h264': 0,
  };

  openAacToOpus(): null {
    return null;
  }

  openOpusToAac(options: { readonly channels: 1 | 2 }, sink: CodecSink<AacOutput>): FakeAudioJob | null {
    if (this.unavailable !== null || this.audio.filter((job) => !job.closed).length >= this.audioPlaces) return null;
    const job = new FakeAudioJob(options.channels, sink);
    this.audio.push(job);
    return job;
  }

  openBridge(): null {
    return null;
  }

  openVideoToH264(codec: ForeignCodec, sink: CodecSink<BridgeOutput>): FakeVideoJob | null {
    if (this.unavailable !== null || this.video.filter((job) => !job.closed).length >= this.videoPlaces) return null;
    const job = new FakeVideoJob(codec, sink);
    this.video.push(job);
    return job;
  }

  processes(): readonly number[] {
    return [];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Keeps the units and checks what holds for every stream: never back within a kind, configurations first. */
export class CheckedUnits implements UnitSink {
  readonly units: MediaUnit[] = [];
  /** Counts alone, for tests of an hour. */
  keep = true;
  lastVideoMs = -1;
  lastAudioMs = -1;
  #video = false;
  #audio = false;
  onUnit: (unit: MediaUnit) => void = () => {};

  write(unit: MediaUnit): void {
    if (unit.kind === 'video-config') this.#video = true;
    if (unit.kind === 'audio-config') {
      if (this.#audio) throw new Error('the audio configuration was told twice');
      this.#audio = true;
    }
    if (unit.kind === 'video') {
      if (!this.#video) throw new Error('a picture without its configuration');
      if (this.lastVideoMs < 0 && !unit.keyframe) throw new Error('the first picture is no keyframe');
      if (!(unit.timestampMs > this.lastVideoMs)) throw new Error('video went back');
      this.lastVideoMs = unit.timestampMs;
    }
    if (unit.kind === 'audio') {
      if (!this.#audio) throw new Error('sound without its configuration');
      if (!(unit.timestampMs > this.lastAudioMs)) throw new Error('audio went back');
      this.lastAudioMs = unit.timestampMs;
    }
    if (this.keep) this.units.push(unit);
    this.onUnit(unit);
  }

  of<Kind extends MediaUnit['kind']>(kind: Kind): Extract<MediaUnit, { kind: Kind }>[] {
    return this.units.filter((unit): unit is Extract<MediaUnit, { kind: Kind }> => unit.kind === kind);
  }
}

export function remoteTrack(fields: Partial<RemoteTrack> & { kind: 'audio' | 'video' }): RemoteTrack {
  const video = fields.kind === 'video';
  return {
    sid: video ? 'TR_video' : 'TR_audio',
    source: video ? 'camera' : 'microphone',
    muted: false,
    mimeType: video ? 'video/h264' : 'audio/opus',
    encrypted: false,
    width: video ? 640 : 0,
    height: video ? 360 : 0,
    ...fields,
  };
}
