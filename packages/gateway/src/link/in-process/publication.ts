/** One publication as its owner holds it: the same object on every port. */
import { randomInt, randomUUID } from 'node:crypto';
import { levelByte } from '../audio-level.ts';
import type { LinkPublication, PublicationOptions, PublicationSink } from '../types.ts';
import type { EnginePort } from './port.ts';

export interface PublicationHost {
  mute(publication: Publication): void;
  unpublish(publication: Publication): void;
}

export class Publication implements LinkPublication {
  readonly options: PublicationOptions;
  readonly sink: PublicationSink;
  readonly #host: PublicationHost;
  readonly #maxPayloadBytes: number;
  readonly #keyframeIntervalMs: number;
  readonly #clock: () => number;
  /** Our id of the track; a new one for each session. */
  cid: string = randomUUID();
  sid = '';
  muted: boolean;
  ended = false;
  #port: EnginePort | null = null;
  #stream = 0;
  #sequence = randomInt(0, 0x8000);
  #askedAt = Number.NEGATIVE_INFINITY;
  #owed: NodeJS.Timeout | null = null;

  constructor(
    options: PublicationOptions,
    sink: PublicationSink,
    host: PublicationHost,
    context: { readonly clock: () => number; readonly maxPayloadBytes: number; readonly keyframeIntervalMs: number },
  ) {
    this.options = options;
    this.sink = sink;
    this.#host = host;
    this.#clock = context.clock;
    this.#maxPayloadBytes = context.maxPayloadBytes;
    this.#keyframeIntervalMs = context.keyframeIntervalMs;
    this.muted = options.muted;
  }

  /** Whether packets go out. */
  get attached(): boolean {
    return this.#port !== null;
  }

  get stream(): number {
    return this.#stream;
  }

  /** The engine confirmed it: packets go out there. */
  attach(port: EnginePort, stream: number): void {
    this.#port = port;
    this.#stream = stream;
  }

  /** The session is gone: packets go nowhere until it is back. */
  detach(): void {
    this.#port = null;
    this.#stream = 0;
    if (this.#owed !== null) clearTimeout(this.#owed);
    this.#owed = null;
  }

  send(payload: Uint8Array, timestamp: number, marker: boolean, level?: number): void {
    const port = this.#port;
    if (port === null || this.ended || payload.length === 0 || payload.length > this.#maxPayloadBytes) return;
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    port.rtp(this.#stream, marker, sequence, timestamp, payload, levelByte(level));
  }

  report(ntpMs: number, rtpTimestamp: number): void {
    if (!this.ended) this.#port?.report(this.#stream, ntpMs, rtpTimestamp);
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
    this.detach();
  }

  /** Told at once, then at most once in the interval; a request within it is told when it is over, for a late viewer's sake. */
  onKeyframeNeeded(): void {
    if (this.options.kind !== 'video' || this.ended || this.#owed !== null) return;
    const wait = this.#askedAt + this.#keyframeIntervalMs - this.#clock();
    if (wait <= 0) {
      this.#tellKeyframe();
      return;
    }
    this.#owed = setTimeout(() => {
      this.#owed = null;
      this.#tellKeyframe();
    }, wait);
    this.#owed.unref();
  }

  #tellKeyframe(): void {
    this.#askedAt = this.#clock();
    this.sink.onKeyframeNeeded();
  }
}
