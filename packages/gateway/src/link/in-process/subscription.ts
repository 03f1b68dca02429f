/** One subscription as its owner holds it: the same object on every port. */
import type { LinkSubscription, SubscriptionSink } from '../types.ts';
import type { StreamSink } from './port.ts';

export interface SubscriptionHost {
  requestKeyframe(stream: number): void;
  nack(stream: number, sequences: readonly number[]): void;
  unsubscribe(subscription: Subscription): void;
}

export class Subscription implements LinkSubscription, StreamSink {
  readonly trackSid: string;
  readonly #sink: SubscriptionSink;
  readonly #host: SubscriptionHost;
  readonly #clock: () => number;
  readonly #keyframeIntervalMs: number;
  #mimeType: string | null = null;
  /** The stream that carries the track now; 0 = none. */
  #stream = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(
    trackSid: string,
    sink: SubscriptionSink,
    host: SubscriptionHost,
    context: { readonly clock: () => number; readonly keyframeIntervalMs: number },
  ) {
    this.trackSid = trackSid;
    this.#sink = sink;
    this.#host = host;
    this.#clock = context.clock;
    this.#keyframeIntervalMs = context.keyframeIntervalMs;
  }

  get mimeType(): string | null {
    return this.#mimeType;
  }

  attach(stream: number, mimeType: string): void {
    this.#stream = stream;
    this.#mimeType = mimeType;
  }

  detach(): void {
    this.#stream = 0;
  }

  onRtp(
    mimeType: string,
    marker: boolean,
    sequence: number,
    timestamp: number,
    bytes: Uint8Array,
    from: number,
    length: number,
  ): void {
    if (this.#closed) return;
    this.#mimeType = mimeType;
    const payload = bytes.subarray(from, from + length);
    this.#sink.onRtp({ payload, sequence, timestamp, marker }, this.#clock());
  }

  onReport(ntpMs: number, timestamp: number): void {
    if (!this.#closed) this.#sink.onSenderReport(ntpMs, timestamp, this.#clock());
  }

  onUnsubscribed(): void {
    this.detach();
  }

  requestKeyframe(): void {
    const now = this.#clock();
    // A request before the stream is known would reach nobody: it must not use up the interval.
    if (this.#closed || this.#stream === 0 || now - this.#askedAt < this.#keyframeIntervalMs) return;
    this.#askedAt = now;
    this.#host.requestKeyframe(this.#stream);
  }

  nack(sequences: readonly number[]): void {
    if (!this.#closed && this.#stream !== 0 && sequences.length > 0) this.#host.nack(this.#stream, sequences);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.unsubscribe(this);
    this.detach();
  }
}
