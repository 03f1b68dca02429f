import { type Audience, createAudience, defaultHoldMs } from '../stream/audience.ts';
import type { BroadcastLimits, TapEvent, Tracks, ViewEnd, Viewer, ViewerSocket } from '../stream/types.ts';

export interface FlvAudiencesOptions {
  readonly limits: BroadcastLimits;
  readonly clock: () => number;
  readonly onKeyframeNeeded: (feed: number) => void;
}

/** The viewers of HTTP-FLV on the main thread: one audience for each feed that the worker has opened. */
export class FlvAudiences {
  readonly #options: FlvAudiencesOptions;
  readonly #audiences = new Map<number, Audience>();

  constructor(options: FlvAudiencesOptions) {
    this.#options = options;
  }

  open(feed: number, tracks: Tracks): void {
    const { limits, clock, onKeyframeNeeded } = this.#options;
    this.#audiences.set(
      feed,
      createAudience({ tracks, limits, clock, holdMs: defaultHoldMs, onKeyframeNeeded: () => onKeyframeNeeded(feed) }),
    );
  }

  tell(feed: number, event: TapEvent): void {
    const audience = this.#audiences.get(feed);
    if (audience === undefined) return;
    if (event.kind === 'preamble') audience.setPreamble(event.bytes);
    else if (event.kind === 'chunk') audience.push(event.chunk, event.ageMs);
    else audience.close(event.reason);
  }

  /** Throws when the feed is gone or has too many viewers. */
  attach(feed: number, socket: ViewerSocket): Viewer {
    const audience = this.#audiences.get(feed);
    if (audience === undefined) throw new Error('the stream has ended');
    return audience.addViewer(socket);
  }

  close(feed: number): void {
    const audience = this.#audiences.get(feed);
    this.#audiences.delete(feed);
    audience?.close('source-ended');
  }

  closeAll(reason: ViewEnd): void {
    const all = [...this.#audiences.values()];
    this.#audiences.clear();
    for (const audience of all) audience.close(reason);
  }
}
