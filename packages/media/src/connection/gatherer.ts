import type { MediaKind } from '../forward/types.ts';

/** Starts a timer; the answer cancels it. */
export type SetTimer = (callback: () => void, ms: number) => () => void;

export const systemTimer: SetTimer = (callback, ms) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

export interface GathererOptions {
  readonly gatherMs: number;
  readonly retryMs: number;
  readonly setTimer: SetTimer;
  /** Sections that are missing now, beyond those that exist. */
  readonly missing: (kind: MediaKind) => number;
  /** Whether a new description would change something with the sections that exist. */
  readonly useful: () => boolean;
  readonly tell: (needed: { readonly audios: number; readonly videos: number }) => void;
}

/**
 * Tells that descriptions must change: once for several changes, never asking twice for one section, and again when
 * nothing came of it (the message may have gone down with a WebSocket).
 */
export class NegotiationGatherer {
  readonly #options: GathererOptions;
  /** Sections asked for that no description has brought yet. */
  readonly #requested = { audio: 0, video: 0 };
  #cancelGather: (() => void) | null = null;
  #cancelRetry: (() => void) | null = null;

  constructor(options: GathererOptions) {
    this.#options = options;
  }

  /** Something changed that a description must say. */
  changed(): void {
    if (this.#cancelGather !== null) return;
    this.#cancelGather = this.#options.setTimer(() => this.#tell(), this.#options.gatherMs);
  }

  /** A description came that says everything so far, with so many new sections. */
  settled(newSections: { readonly audio: number; readonly video: number }): void {
    this.stop();
    this.#requested.audio = Math.max(0, this.#requested.audio - newSections.audio);
    this.#requested.video = Math.max(0, this.#requested.video - newSections.video);
  }

  /** Sections that were asked for and are still to come. */
  requested(kind: MediaKind): number {
    return this.#requested[kind];
  }

  stop(): void {
    this.#cancelGather?.();
    this.#cancelGather = null;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
  }

  #tell(): void {
    this.#cancelGather = null;
    const audios = Math.max(0, this.#options.missing('audio') - this.#requested.audio);
    const videos = Math.max(0, this.#options.missing('video') - this.#requested.video);
    // Everything that is missing was asked for already: its offer is on the way.
    const waiting = this.#requested.audio + this.#requested.video > 0 && audios + videos === 0;
    this.#requested.audio += audios;
    this.#requested.video += videos;
    this.#planRetry();
    if (!waiting || this.#options.useful()) this.#options.tell({ audios, videos });
  }

  #planRetry(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.setTimer(() => {
      // Only "renegotiate" this time: an offer that already has the sections will show them, and one that has not is
      // followed by a new request, since nothing counts as requested any more.
      this.#requested.audio = 0;
      this.#requested.video = 0;
      this.#planRetry();
      this.#options.tell({ audios: 0, videos: 0 });
    }, this.#options.retryMs);
  }
}
