import type {
  AudioConfig,
  MediaUnit,
  TappableBroadcast,
  Tracks,
  UnitSink,
  VideoConfig,
  ViewEnd,
  Viewer,
  ViewerSocket,
} from '../stream/types.ts';

export interface ChannelParts {
  /** Makes a broadcast that carries exactly these tracks. */
  readonly createBroadcast: (tracks: Tracks, onKeyframeNeeded: () => void) => TappableBroadcast;
  /** A viewer waits for a keyframe. */
  readonly onKeyframeNeeded: () => void;
  /** The first viewer came, or the last one went. */
  readonly onWatched: (watched: boolean) => void;
}

type Edition = 'video+audio' | 'video' | 'audio';

/**
 * One stream of one user with all who watch it. Players fix the set of tracks when they start, so every set that was
 * promised in a URL is a broadcast of its own (most streams have one): a viewer who may only hear has another than one
 * who also sees, and when the camera goes off, those who were promised a picture are ended and come back by the URL
 * that signalling told them.
 */
export class Channel implements UnitSink {
  readonly #parts: ChannelParts;
  readonly #broadcasts = new Map<Edition, TappableBroadcast>();
  #available: Tracks = { video: false, audio: false };
  #video: VideoConfig | null = null;
  #audio: AudioConfig | null = null;
  #viewers = 0;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
  }

  get available(): Tracks {
    return this.#available;
  }

  /** What flows from now on; viewers who were promised more are ended. */
  setAvailable(tracks: Tracks): void {
    if (tracks.video === this.#available.video && tracks.audio === this.#available.audio) return;
    this.#available = { video: tracks.video, audio: tracks.audio };
    for (const [edition, broadcast] of this.#broadcasts) {
      const broken = (broadcast.tracks.video && !tracks.video) || (broadcast.tracks.audio && !tracks.audio);
      if (!broken) continue;
      this.#broadcasts.delete(edition);
      broadcast.close('tracks');
    }
  }

  write(unit: MediaUnit): void {
    if (unit.kind === 'video-config') this.#video = unit;
    else if (unit.kind === 'audio-config') this.#audio = unit;
    const video = unit.kind === 'video' || unit.kind === 'video-config';
    if (!(video ? this.#available.video : this.#available.audio)) return;
    for (const broadcast of this.#broadcasts.values()) {
      if (video ? broadcast.tracks.video : broadcast.tracks.audio) broadcast.write(unit);
    }
  }

  /** Whether a URL that promises these tracks can be served now. */
  offers(tracks: Tracks): boolean {
    const some = tracks.video || tracks.audio;
    return some && (!tracks.video || this.#available.video) && (!tracks.audio || this.#available.audio);
  }

  /** Adds a viewer of the tracks that his URL promises. Throws when there are too many. */
  attach(tracks: Tracks, format: 'flv' | 'rtmp', socket: ViewerSocket): Viewer {
    const broadcast = this.#broadcast(tracks);
    const counted = this.#count();
    let viewer: Viewer;
    try {
      viewer = broadcast.addViewer(format, {
        write: (chunk) => socket.write(chunk),
        backlogBytes: () => socket.backlogBytes(),
        end: (reason) => {
          counted.release();
          socket.end(reason);
        },
      });
    } catch (error) {
      counted.release();
      throw error;
    }
    return {
      leave: () => {
        counted.release();
        viewer.leave();
      },
      end: (reason) => viewer.end(reason),
    };
  }

  /**
   * Counts a viewer whose bytes are handed to him in another thread: the broadcast to tap, and how to say that he left. The
   * end of the broadcast is told by the tap.
   */
  share(tracks: Tracks): { readonly broadcast: TappableBroadcast; release(): void } {
    const broadcast = this.#broadcast(tracks);
    return { broadcast, release: this.#count().release };
  }

  /** Ends every viewer. The channel may be used again. */
  end(reason: ViewEnd): void {
    const broadcasts = [...this.#broadcasts.values()];
    this.#broadcasts.clear();
    for (const broadcast of broadcasts) broadcast.close(reason);
    this.#video = null;
    this.#audio = null;
    this.#available = { video: false, audio: false };
  }

  #broadcast(tracks: Tracks): TappableBroadcast {
    const edition = editionOf(tracks);
    const existing = this.#broadcasts.get(edition);
    if (existing !== undefined) return existing;
    const broadcast = this.#parts.createBroadcast({ video: tracks.video, audio: tracks.audio }, () =>
      this.#parts.onKeyframeNeeded(),
    );
    this.#broadcasts.set(edition, broadcast);
    if (tracks.video && this.#video !== null) broadcast.write(this.#video);
    if (tracks.audio && this.#audio !== null) broadcast.write(this.#audio);
    return broadcast;
  }

  #count(): { release: () => void } {
    let held = true;
    if (this.#viewers++ === 0) this.#parts.onWatched(true);
    return {
      release: () => {
        if (!held) return;
        held = false;
        if (--this.#viewers === 0) this.#parts.onWatched(false);
      },
    };
  }
}

function editionOf({ video, audio }: Tracks): Edition {
  if (video && audio) return 'video+audio';
  return video ? 'video' : 'audio';
}
