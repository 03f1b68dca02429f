/** One subscribed video track: packets in order, pictures, keyframes, and nothing that refers to what is missing. */
import type { CodecPool, ForeignCodec } from '../codec/types.ts';
import type { IncomingRtp, LinkSubscription, RemoteTrack, SubscriptionSink } from '../link/types.ts';
import type { Depacketizer, PictureSink } from '../rtp/depacketize.ts';
import { Av1Depacketizer } from '../rtp/depacketize-av1.ts';
import { H264Depacketizer } from '../rtp/depacketize-h264.ts';
import { Vp8Depacketizer } from '../rtp/depacketize-vp8.ts';
import { Vp9Depacketizer } from '../rtp/depacketize-vp9.ts';
import { extendTimestamp } from '../rtp/sequence.ts';
import type { VideoConfig, VideoFrame } from '../stream/types.ts';
import type { ReceiveTimeline } from '../timeline/receive-timeline.ts';
import { KeyframeRequests } from './keyframes.ts';
import { PassThrough, type PictureOut, type PictureOutSink, Transcoder } from './picture-out.ts';
import { ReorderBuffer, type ReorderSink } from './reorder.ts';
import type { EgressLimits } from './types.ts';

export interface VideoTrackOptions {
  readonly track: RemoteTrack;
  readonly limits: EgressLimits;
  readonly codecs: CodecPool;
  readonly timeline: ReceiveTimeline;
  readonly now: number;
  readonly onUnit: (unit: VideoConfig | VideoFrame) => void;
  /** The first keyframe of all is here: the stream begins at this local time. */
  readonly onBegin: (localMs: number) => void;
  readonly onUnavailable: (detail: string) => void;
}

/** A track without any packet after this is looked at for its codec. */
const noPacketMs = 5_000;
/** Timestamps begin one turn up, so that those before the first stay above zero. */
const turn = 4_294_967_296;

export class VideoTrack implements SubscriptionSink, ReorderSink, PictureSink, PictureOutSink {
  readonly reorder: ReorderBuffer;
  readonly keyframes: KeyframeRequests;
  readonly #options: VideoTrackOptions;
  #track: RemoteTrack;
  #subscription: LinkSubscription | null = null;
  #mimeType: string | null = null;
  #depacketizer: Depacketizer | null = null;
  #out: PictureOut | null = null;
  /** Nothing is told until a keyframe. */
  #waiting = true;
  /** Cannot be shown in the codec it has now. */
  #unavailable = false;
  /** Newest extended timestamp, NaN before the first packet. */
  #newest = Number.NaN;
  /** What timestamps are extended from before that: a report may come first. */
  #firstReported = Number.NaN;
  /** Timestamp of the packet that is being taken. */
  #arriving = 0;
  #now: number;
  #attachedAt = Number.NaN;

  constructor(options: VideoTrackOptions) {
    this.#options = options;
    this.#track = options.track;
    this.#now = options.now;
    this.reorder = new ReorderBuffer(options.limits, this);
    this.keyframes = new KeyframeRequests(options.limits.keyframeIntervalMs, () =>
      this.#subscription?.requestKeyframe(),
    );
  }

  get sid(): string {
    return this.#track.sid;
  }

  /** Whether pictures may be waited for. */
  get expected(): boolean {
    return !this.#track.muted && !this.#unavailable;
  }

  /** The subscription that this is the sink of. */
  attach(subscription: LinkSubscription): void {
    this.#subscription = subscription;
    this.#attachedAt = this.#now;
    this.#need(this.#now);
  }

  update(track: RemoteTrack, now: number): void {
    const before = this.#track;
    this.#track = track;
    this.#now = now;
    // A muted track begins anew with a keyframe; the media server leaves out what is between, without a gap in the numbers.
    if (track.muted && !before.muted) this.#waiting = true;
    if (!track.muted && before.muted && this.#waiting) this.#need(now);
  }

  /** The link was lost and is back. */
  resumed(now: number): void {
    this.reorder.reset();
    this.#depacketizer?.lost();
    this.#need(now);
  }

  tick(now: number): void {
    this.#now = now;
    this.reorder.tick(now);
    this.#out?.tick(now);
    if (this.expected) this.keyframes.tick(now);
    if (this.#mimeType === null && this.expected && now - this.#attachedAt > noPacketMs) this.#missing();
  }

  close(): void {
    this.#subscription?.close();
    this.#subscription = null;
    this.#out?.close();
  }

  onRtp(packet: IncomingRtp, now: number): void {
    this.#now = now;
    const mimeType = this.#subscription?.mimeType ?? this.#track.mimeType;
    if (mimeType !== this.#mimeType) this.#choose(mimeType);
    if (this.#unavailable) return;
    this.#arriving = packet.timestamp;
    const timestamp = this.#extend(packet.timestamp);
    if (Number.isNaN(this.#newest) || timestamp > this.#newest) this.#observe(timestamp);
    this.reorder.push(packet, now);
  }

  onSenderReport(ntpMs: number, rtpTimestamp: number): void {
    const reference = this.#extend(rtpTimestamp);
    if (Number.isNaN(this.#newest)) this.#firstReported = reference;
    this.#options.timeline.video.reports.report(ntpMs, rtpTimestamp, reference);
  }

  onPacket(packet: IncomingRtp): void {
    this.#depacketizer?.push(packet.payload, this.#extend(packet.timestamp), packet.marker);
  }

  onLost(): void {
    this.#depacketizer?.lost();
    this.#need(this.#now);
  }

  onRestart(): void {
    this.onLost();
    this.#options.timeline.video.forget();
    this.#newest = Number.NaN;
    this.#firstReported = Number.NaN;
    this.#observe(this.#extend(this.#arriving));
  }

  onMissing(sequences: readonly number[]): void {
    this.#subscription?.nack(sequences);
  }

  onParameterSets(sps: Uint8Array, pps: Uint8Array): void {
    this.#out?.config(sps, pps);
  }

  onDamage(): void {
    this.#need(this.#now);
  }

  onNeedKeyframe(): void {
    this.#need(this.#now);
  }

  onPicture(data: Uint8Array, timestamp: number, keyframe: boolean): void {
    if (this.#waiting && !keyframe) return;
    if (keyframe) {
      this.#waiting = false;
      this.keyframes.came();
    }
    const { timeline } = this.#options;
    const localMs = timeline.video.localAt(timestamp, this.#now);
    if (!timeline.started) this.#options.onBegin(localMs);
    this.#out?.picture(data, timeline.streamMs(localMs), keyframe);
  }

  onUnit(unit: VideoConfig | VideoFrame): void {
    this.#options.onUnit(unit);
  }

  onUnavailable(detail: string): void {
    this.#unavailable = true;
    this.#options.onUnavailable(detail);
  }

  #extend(timestamp: number): number {
    if (!Number.isNaN(this.#newest)) return extendTimestamp(timestamp, this.#newest);
    return Number.isNaN(this.#firstReported) ? turn + timestamp : extendTimestamp(timestamp, this.#firstReported);
  }

  #observe(timestamp: number): void {
    this.#newest = timestamp;
    this.#options.timeline.video.observe(timestamp, this.#now);
  }

  /** Nothing came: perhaps because nobody can send what phones can be shown. */
  #missing(): void {
    this.#attachedAt = Number.NaN;
    const { mimeType } = this.#track;
    if (mimeType !== 'video/h264' && foreignCodecs[mimeType] === undefined) this.onUnavailable(notShown(mimeType));
  }

  #need(now: number): void {
    this.#waiting = true;
    if (this.expected) this.keyframes.want(now);
  }

  /** Packets of another codec begin to come. */
  #choose(mimeType: string): void {
    const { limits, codecs } = this.#options;
    this.#mimeType = mimeType;
    this.#out?.close();
    this.#out = null;
    this.#depacketizer = null;
    this.#unavailable = false;
    this.reorder.reset();
    const foreign = foreignCodecs[mimeType];
    if (mimeType === 'video/h264') {
      this.#depacketizer = new H264Depacketizer(this, limits.maxFrameBytes);
      this.#out = new PassThrough(this);
    } else if (foreign === undefined) {
      this.onUnavailable(notShown(mimeType));
      return;
    } else {
      this.#depacketizer = foreign.make(this, limits.maxFrameBytes);
      this.#out = new Transcoder(codecs, foreign.codec, this, this.#now);
    }
    this.#need(this.#now);
  }
}

interface Foreign {
  readonly codec: ForeignCodec;
  make(sink: PictureSink, maxFrameBytes: number): Depacketizer;
}

const foreignCodecs: Readonly<Record<string, Foreign>> = {
  'video/vp9': { codec: 'vp9', make: (sink, maxFrameBytes) => new Vp9Depacketizer(sink, maxFrameBytes) },
  'video/av1': { codec: 'av1', make: (sink, maxFrameBytes) => new Av1Depacketizer(sink, maxFrameBytes) },
  'video/vp8': { codec: 'vp8', make: (sink, maxFrameBytes) => new Vp8Depacketizer(sink, maxFrameBytes) },
};

function notShown(mimeType: string): string {
  return `The picture comes as ${mimeType}, which phones cannot show: publish H.264.`;
}
