import type { TappableBroadcast, Tracks, ViewEnd, Viewer, ViewerSocket } from '../stream/types.ts';
import type { Channel } from './channel.ts';

/** Who plays what in a room, so that somebody who is removed plays nothing any more. */
export class Views {
  readonly #byViewer = new Map<string, Set<Viewer>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many streams somebody plays now. */
  of(viewerId: string): number {
    return this.#byViewer.get(viewerId)?.size ?? 0;
  }

  /** Attaches a viewer to a channel and remembers him until he leaves or is ended. */
  watch(viewerId: string, channel: Channel, tracks: Tracks, format: 'flv' | 'rtmp', socket: ViewerSocket): Viewer {
    let ended = false;
    const forget = () => {
      ended = true;
      if (held !== null) this.#remove(viewerId, held);
    };
    let held: Viewer | null = null;
    const viewer = channel.attach(tracks, format, {
      write: (chunk) => socket.write(chunk),
      backlogBytes: () => socket.backlogBytes(),
      end: (reason) => {
        forget();
        socket.end(reason);
      },
    });
    held = viewer;
    if (!ended) this.#add(viewerId, viewer);
    return {
      leave: () => {
        forget();
        viewer.leave();
      },
      end: (reason) => viewer.end(reason),
    };
  }

  /** The same for a viewer who is served in another thread. @param onEnd he must be ended there. */
  share(
    viewerId: string,
    channel: Channel,
    tracks: Tracks,
    onEnd: (reason: ViewEnd) => void,
  ): { readonly broadcast: TappableBroadcast; release(): void } {
    const shared = channel.share(tracks);
    const viewer: Viewer = {
      leave: () => {
        this.#remove(viewerId, viewer);
        shared.release();
      },
      end: (reason) => {
        viewer.leave();
        onEnd(reason);
      },
    };
    this.#add(viewerId, viewer);
    return { broadcast: shared.broadcast, release: () => viewer.leave() };
  }

  /** Ends everything that this viewer plays. */
  end(viewerId: string, reason: ViewEnd): void {
    for (const viewer of [...(this.#byViewer.get(viewerId) ?? [])]) viewer.end(reason);
  }

  endAll(reason: ViewEnd): void {
    for (const viewerId of [...this.#byViewer.keys()]) this.end(viewerId, reason);
  }

  #add(viewerId: string, viewer: Viewer): void {
    const views = this.#byViewer.get(viewerId) ?? new Set();
    views.add(viewer);
    this.#byViewer.set(viewerId, views);
    this.#size++;
  }

  #remove(viewerId: string, viewer: Viewer): void {
    const views = this.#byViewer.get(viewerId);
    if (views?.delete(viewer) !== true) return;
    this.#size--;
    if (views.size === 0) this.#byViewer.delete(viewerId);
  }
}
