/** One publication as its owner holds it: the same object through every reconnection. */
import { randomUUID } from 'node:crypto';
import type { TrackInfo } from '@livekit/protocol';
import type { RtpSender } from './sender.ts';
import type { LinkPublication, PublicationOptions } from './types.ts';

export interface PublicationHost {
  mute(publication: Publication): void;
  unpublish(publication: Publication): void;
}

export class Publication implements LinkPublication {
  readonly options: PublicationOptions;
  readonly sender: RtpSender;
  readonly #host: PublicationHost;
  /** The client's id of the track; a new one for each connection. */
  cid = randomUUID() as string;
  /** As the server described it; null until it did. */
  info: TrackInfo | null = null;
  muted: boolean;
  ended = false;

  constructor(options: PublicationOptions, sender: RtpSender, host: PublicationHost) {
    this.options = options;
    this.sender = sender;
    this.#host = host;
    this.muted = options.muted;
  }

  get sid(): string {
    return this.info?.sid ?? '';
  }

  send(payload: Uint8Array, timestamp: number, marker: boolean, level?: number): void {
    if (!this.ended) this.sender.send(payload, timestamp, marker, level);
  }

  report(ntpMs: number, rtpTimestamp: number): void {
    if (!this.ended) this.sender.report(ntpMs, rtpTimestamp);
  }

  setMuted(muted: boolean): void {
    if (this.ended || muted === this.muted) return;
    this.muted = muted;
    this.#host.mute(this);
  }

  unpublish(): void {
    if (this.ended) return;
    this.ended = true;
    this.#host.unpublish(this);
  }
}
