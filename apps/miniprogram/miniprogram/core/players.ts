import { Backoff, type RecoveryPolicy } from './backoff.ts';
import { PLAYER, PUSHER } from './codes.ts';
import type { RemoteStream } from './members/stream.ts';
import type { Clock } from './ports.ts';

/** What one `<live-player>` shows now. */
export interface PlayerView {
  /** Empty: there is no player at this moment. */
  readonly src: string;
  readonly mode: 'RTC' | 'live';
  /** Frames (or, where there is no picture, sound) have come through. */
  readonly playing: boolean;
  /** Tried to the end: `retry` begins anew. */
  readonly failed: boolean;
}

export const NO_PLAYER: PlayerView = { src: '', mode: 'RTC', playing: false, failed: false };

/** Between two modes of one player there is a moment without one: it takes its mode when it is put in. */
const CHANGE_MS = 100;

export interface PlayersHost {
  /** Views have changed. */
  changed(): void;
  /** Asks for fresh play URLs; they come by `sync`. */
  renew(): void;
  /** Whether his picture is looked at: one that is not may never have a first frame. */
  shows(userId: string): boolean;
}

interface Line {
  stream: RemoteStream;
  mode: 'RTC' | 'live';
  /** The URL in use, or empty between two tries. */
  src: string;
  playing: boolean;
  failed: boolean;
  readonly backoff: Backoff;
  cancel: (() => void) | null;
}

/**
 * The players of one component: RTC mode on RTMP first; FLV in live mode when that gives up (−2301), is not to be had
 * (−2302) or shows nothing in time (no 2003); when that fails too, fresh URLs after a growing wait, a bounded number of times.
 * A player that runs is never touched by fresh tickets, since they are checked at connect only.
 */
export class Players {
  readonly #clock: Clock;
  readonly #policy: RecoveryPolicy;
  readonly #host: PlayersHost;
  #lines = new Map<string, Line>();
  #paused = false;

  constructor(clock: Clock, policy: RecoveryPolicy, host: PlayersHost) {
    this.#clock = clock;
    this.#policy = policy;
    this.#host = host;
  }

  get paused(): boolean {
    return this.#paused;
  }

  view(key: string): PlayerView {
    return this.#lines.get(key) ?? NO_PLAYER;
  }

  /**
   * The streams that have a place now.
   *
   * @param renewed their URLs carry fresh tickets, nothing else is new: what runs goes on with the old ones
   */
  sync(streams: readonly RemoteStream[], renewed: boolean): void {
    const shown = new Set(streams.map((stream) => stream.key));
    for (const [key, line] of this.#lines) {
      if (shown.has(key)) continue;
      line.cancel?.();
      this.#lines.delete(key);
    }
    for (const stream of streams) {
      const line = this.#lines.get(stream.key);
      if (line === undefined) this.#add(stream);
      else this.#update(line, stream, renewed);
    }
  }

  /** An event of a player. Those of a player that is no longer there, or between two tries, say nothing. */
  event(key: string, code: number): void {
    const line = this.#lines.get(key);
    if (line === undefined || line.src === '') return;
    const shows = code === (this.#hasPicture(line.stream) ? PLAYER.firstFrame : PLAYER.playing);
    if (shows || (code === PLAYER.playing && line.playing)) this.#plays(line);
    else if (code === PLAYER.gaveUp || code === PLAYER.noFastUrl || code === PUSHER.serverClosed) this.#broke(line);
  }

  /** The page comes into view again, or goes out of it: hidden players are closed by the system one by one. */
  pause(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    for (const line of this.#lines.values()) {
      line.cancel?.();
      line.cancel = null;
      line.src = '';
      line.playing = false;
      if (!paused) this.#begin(line, 'RTC');
    }
    this.#host.changed();
  }

  /** Tries one that has failed again, because its user asks. */
  retry(key: string): void {
    const line = this.#lines.get(key);
    if (line === undefined || !line.failed) return;
    line.backoff.reset();
    this.#later(line, 0, true);
    this.#host.changed();
  }

  clear(): void {
    for (const line of this.#lines.values()) line.cancel?.();
    this.#lines = new Map();
    this.#paused = false;
  }

  #add(stream: RemoteStream): void {
    const backoff = new Backoff(this.#policy.play, this.#clock.random);
    const line: Line = { stream, mode: 'RTC', src: '', playing: false, failed: false, backoff, cancel: null };
    this.#lines.set(stream.key, line);
    if (!this.#paused) this.#begin(line, 'RTC');
  }

  #update(line: Line, stream: RemoteStream, renewed: boolean): void {
    const before = line.stream;
    line.stream = stream;
    if (this.#paused) return;
    const same = before.playUrl === stream.playUrl && before.flvUrl === stream.flvUrl;
    if (same || (renewed && line.src !== '')) return;
    // Between two tries fresh URLs are what was waited for; the wait itself is kept.
    if (line.src === '' && line.cancel !== null && before.playUrl !== '') return;
    if (!renewed) line.backoff.reset();
    this.#begin(line, 'RTC');
  }

  #begin(line: Line, mode: 'RTC' | 'live'): void {
    line.cancel?.();
    line.cancel = null;
    line.playing = false;
    line.failed = false;
    const { playUrl, flvUrl } = line.stream;
    line.mode = mode === 'RTC' && playUrl === '' && flvUrl !== '' ? 'live' : mode;
    line.src = line.mode === 'RTC' ? playUrl : flvUrl;
    // Without a picture there is no first frame to wait for.
    if (line.src === '' || !this.#hasPicture(line.stream)) return;
    line.cancel = this.#clock.after(this.#policy.firstFrameMs, () => {
      line.cancel = null;
      this.#broke(line);
    });
  }

  #hasPicture(stream: RemoteStream): boolean {
    return stream.hasVideo && this.#host.shows(stream.userId);
  }

  #plays(line: Line): void {
    line.cancel?.();
    line.cancel = null;
    line.backoff.reset();
    if (line.playing) return;
    line.playing = true;
    this.#host.changed();
  }

  #broke(line: Line): void {
    line.cancel?.();
    line.cancel = null;
    line.playing = false;
    line.src = '';
    if (line.mode === 'RTC' && line.stream.flvUrl !== '') {
      line.cancel = this.#clock.after(CHANGE_MS, () => {
        this.#begin(line, 'live');
        this.#host.changed();
      });
    } else {
      const wait = line.backoff.next();
      if (wait === null) line.failed = true;
      else this.#later(line, wait, true);
    }
    this.#host.changed();
  }

  #later(line: Line, wait: number, renew: boolean): void {
    line.failed = false;
    line.src = '';
    if (renew) this.#host.renew();
    line.cancel?.();
    line.cancel = this.#clock.after(Math.max(wait, CHANGE_MS), () => {
      this.#begin(line, 'RTC');
      this.#host.changed();
    });
  }
}
