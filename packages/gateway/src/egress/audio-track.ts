/** One subscribed audio track: Opus packets in order for the {@link AudioFeed}. */
import type { IncomingRtp, LinkSubscription, RemoteTrack, SubscriptionSink } from '../link/types.ts';
import { extendTimestamp } from '../rtp/sequence.ts';
import type { ReceiveTimeline } from '../timeline/receive-timeline.ts';
import type { AudioFeed } from './audio-feed.ts';
import { ReorderBuffer, type ReorderSink } from './reorder.ts';
import type { EgressLimits } from './types.ts';

export interface AudioTrackOptions {
  readonly track: RemoteTrack;
  readonly limits: EgressLimits;
  readonly timeline: ReceiveTimeline;
  readonly feed: AudioFeed;
  readonly onUnavailable: (detail: string) => void;
}

/** Timestamps begin one turn up, so that those before the first stay above zero. */
const turn = 4_294_967_296;

export class AudioTrack implements SubscriptionSink, ReorderSink {
  readonly reorder: ReorderBuffer;
  readonly #options: AudioTrackOptions;
  #track: RemoteTrack;
  #subscription: LinkSubscription | null = null;
  #reference = Number.NaN;
  /** Told of packets of another codec. */
  #told = false;

  constructor(options: AudioTrackOptions) {
    this.#options = options;
    this.#track = options.track;
    this.reorder = new ReorderBuffer(options.limits, this);
  }

  get sid(): string {
    return this.#track.sid;
  }

  get muted(): boolean {
    return this.#track.muted;
  }

  /** The subscription that this is the sink of. */
  attach(subscription: LinkSubscription): void {
    this.#subscription = subscription;
  }

  update(track: RemoteTrack): void {
    this.#track = track;
  }

  /** The link was lost and is back. */
  resumed(): void {
    this.reorder.reset();
  }

  tick(now: number): void {
    this.reorder.tick(now);
  }

  close(): void {
    this.#subscription?.close();
    this.#subscription = null;
  }

  onRtp(packet: IncomingRtp, now: number): void {
    const mimeType = this.#subscription?.mimeType ?? this.#track.mimeType;
    if (mimeType !== 'audio/opus') {
      if (!this.#told) this.#options.onUnavailable(`The sound comes as ${mimeType}: publish Opus.`);
      this.#told = true;
      return;
    }
    this.reorder.push(packet, now);
  }

  onSenderReport(ntpMs: number, rtpTimestamp: number): void {
    const reference = Number.isNaN(this.#reference) ? turn + rtpTimestamp : this.#reference;
    this.#reference = reference;
    this.#options.timeline.audio.reports.report(ntpMs, rtpTimestamp, reference);
  }

  onPacket(packet: IncomingRtp, now: number): void {
    this.#reference = Number.isNaN(this.#reference)
      ? turn + packet.timestamp
      : extendTimestamp(packet.timestamp, this.#reference);
    // Padding alone has no sound.
    if (packet.payload.length > 0) this.#options.feed.push(packet.payload, this.#reference, now);
  }

  /** The feed sees by itself what is missing. */
  onLost(): void {}

  /** The feed sees by the timestamps whether sound goes on. */
  onRestart(): void {}

  onMissing(sequences: readonly number[]): void {
    this.#subscription?.nack(sequences);
  }
}
