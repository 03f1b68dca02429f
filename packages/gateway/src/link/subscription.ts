/** One subscription as its owner holds it: the same object through every reconnection. */
import { RtpReceiver } from './receiver.ts';
import type { LinkSubscription, SubscriptionSink } from './types.ts';

export interface SubscriptionHost {
  requestKeyframe(receiver: RtpReceiver): void;
  nack(receiver: RtpReceiver, sequences: readonly number[]): void;
  unsubscribe(subscription: Subscription): void;
}

export class Subscription implements LinkSubscription {
  readonly trackSid: string;
  readonly receiver: RtpReceiver;
  readonly #host: SubscriptionHost;
  readonly #clock: () => number;
  readonly #keyframeIntervalMs: number;
  #askedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(
    trackSid: string,
    sink: SubscriptionSink,
    host: SubscriptionHost,
    context: {
      readonly clock: () => number;
      readonly keyframeIntervalMs: number;
      readonly onProblem: (error: unknown) => void;
    },
  ) {
    this.trackSid = trackSid;
    this.#host = host;
    this.#clock = context.clock;
    this.#keyframeIntervalMs = context.keyframeIntervalMs;
    // A listener that throws must not harm the link.
    this.receiver = new RtpReceiver({
      onRtp: (packet, now) => {
        if (this.#closed) return;
        try {
          sink.onRtp(packet, now);
        } catch (error) {
          context.onProblem(error);
        }
      },
      onSenderReport: (ntpMs, rtpTimestamp, now) => {
        if (this.#closed) return;
        try {
          sink.onSenderReport(ntpMs, rtpTimestamp, now);
        } catch (error) {
          context.onProblem(error);
        }
      },
    });
  }

  get mimeType(): string | null {
    return this.receiver.mimeType;
  }

  requestKeyframe(): void {
    const now = this.#clock();
    // A request before the stream is known would reach nobody: it must not use up the interval.
    if (this.#closed || this.receiver.ssrc === 0 || now - this.#askedAt < this.#keyframeIntervalMs) return;
    this.#askedAt = now;
    this.#host.requestKeyframe(this.receiver);
  }

  nack(sequences: readonly number[]): void {
    if (!this.#closed) this.#host.nack(this.receiver, sequences);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.unsubscribe(this);
  }
}
