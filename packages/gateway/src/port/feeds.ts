import type { BroadcastTap, TapEvent, TappableBroadcast } from '../stream/types.ts';
import type { FromWorker } from './messages.ts';

interface Feed {
  readonly id: number;
  readonly tap: BroadcastTap;
  viewers: number;
}

/**
 * Broadcasts that are handed to the main thread, where the HTTP sockets are: one tap for each, however many viewers it has
 * there, for as long as it has any.
 */
export class Feeds {
  readonly #post: (message: FromWorker, transfer?: readonly ArrayBuffer[]) => void;
  readonly #byBroadcast = new Map<TappableBroadcast, Feed>();
  readonly #byId = new Map<number, Feed>();
  #nextId = 1;

  constructor(post: (message: FromWorker, transfer?: readonly ArrayBuffer[]) => void) {
    this.#post = post;
  }

  /** Adds a viewer; answers the feed's number and how to take the viewer off again. */
  add(broadcast: TappableBroadcast): { readonly id: number; release(): void } {
    const feed = this.#byBroadcast.get(broadcast) ?? this.#open(broadcast);
    feed.viewers++;
    let held = true;
    return {
      id: feed.id,
      release: () => {
        if (!held) return;
        held = false;
        if (--feed.viewers === 0) this.#close(broadcast, feed);
      },
    };
  }

  requestKeyframe(id: number): void {
    this.#byId.get(id)?.tap.requestKeyframe();
  }

  #open(broadcast: TappableBroadcast): Feed {
    const id = this.#nextId++;
    this.#post({ type: 'feed-open', feed: id, tracks: broadcast.tracks });
    const feed: Feed = { id, viewers: 0, tap: broadcast.tap('flv', (event) => this.#tell(id, event)) };
    this.#byBroadcast.set(broadcast, feed);
    this.#byId.set(id, feed);
    return feed;
  }

  #close(broadcast: TappableBroadcast, feed: Feed): void {
    feed.tap.stop();
    this.#byBroadcast.delete(broadcast);
    this.#byId.delete(feed.id);
    this.#post({ type: 'feed-close', feed: feed.id });
  }

  /** The bytes are shared in this thread, and may lie in a larger buffer: a copy of exactly them crosses. */
  #tell(feed: number, event: TapEvent): void {
    switch (event.kind) {
      case 'preamble': {
        const bytes = Uint8Array.from(event.bytes);
        this.#post({ type: 'feed-event', feed, event: { ...event, bytes } }, [bytes.buffer]);
        return;
      }
      case 'chunk': {
        const bytes = Uint8Array.from(event.chunk.bytes);
        const chunk = { ...event.chunk, bytes };
        this.#post({ type: 'feed-event', feed, event: { ...event, chunk } }, [bytes.buffer]);
        return;
      }
      case 'end':
        this.#post({ type: 'feed-event', feed, event });
    }
  }
}
