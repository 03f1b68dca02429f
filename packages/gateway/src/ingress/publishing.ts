/** One track's publication in the room: made once, tried again when it is refused, muted and ended with its owner. */
import type { LinkPublication, LinkSession, PublicationOptions, PublicationSink } from '../link/types.ts';
import { BackOff } from './back-off.ts';

export interface PublishingOptions {
  readonly session: LinkSession;
  readonly kind: 'audio' | 'video';
  readonly clock: () => number;
  /** It is confirmed: media may flow. */
  readonly onReady: (publication: LinkPublication) => void;
  /** Told once for a series of failures. */
  readonly onRefused: (detail: string) => void;
  readonly onKeyframeNeeded: () => void;
  readonly onMutedByServer: (muted: boolean) => void;
}

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

export class Publishing {
  readonly #options: PublishingOptions;
  readonly #backOff = new BackOff(FIRST_RETRY_MS, MAX_RETRY_MS);
  #size: { readonly width: number; readonly height: number } | null = null;
  #pending = false;
  #publication: LinkPublication | null = null;
  #muted = false;
  #closed = false;

  constructor(options: PublishingOptions) {
    this.#options = options;
  }

  /** Null until it is confirmed. */
  get publication(): LinkPublication | null {
    return this.#publication;
  }

  get muted(): boolean {
    return this.#muted;
  }

  /** There is something to publish. Once is enough: further calls do nothing. */
  want(width: number, height: number): void {
    if (this.#size !== null) return;
    this.#size = { width, height };
    this.tick();
  }

  /** Tries again when it is time. */
  tick(): void {
    if (this.#size === null || this.#closed || this.#pending || this.#publication !== null) return;
    if (this.#backOff.ready(this.#options.clock())) void this.#publish(this.#size);
  }

  setMuted(muted: boolean): void {
    this.#muted = muted;
    this.#publication?.setMuted(muted);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#publication?.unpublish();
    this.#publication = null;
  }

  async #publish(size: { readonly width: number; readonly height: number }): Promise<void> {
    const { session, kind } = this.#options;
    const muted = this.#muted;
    const options: PublicationOptions = {
      kind,
      source: kind === 'video' ? 'camera' : 'microphone',
      name: kind === 'video' ? 'camera' : 'microphone',
      ...size,
      muted,
    };
    this.#pending = true;
    try {
      this.#confirmed(await session.publish(options, this.#sink()), muted);
    } catch (error) {
      this.#pending = false;
      this.#failed(error instanceof Error ? error.message : String(error));
    }
  }

  #confirmed(publication: LinkPublication, muted: boolean): void {
    this.#pending = false;
    if (this.#closed) {
      publication.unpublish();
      return;
    }
    this.#backOff.succeeded();
    this.#publication = publication;
    if (this.#muted !== muted) publication.setMuted(this.#muted);
    this.#options.onReady(publication);
  }

  #failed(detail: string): void {
    if (this.#closed) return;
    this.#backOff.failed(this.#options.clock());
    if (this.#backOff.failures === 1) this.#options.onRefused(detail);
  }

  #sink(): PublicationSink {
    return {
      onKeyframeNeeded: () => {
        if (!this.#closed) this.#options.onKeyframeNeeded();
      },
      onMutedByServer: (muted) => {
        if (this.#closed || muted === this.#muted) return;
        this.#muted = muted;
        this.#options.onMutedByServer(muted);
      },
    };
  }
}
