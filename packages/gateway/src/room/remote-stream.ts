import type { Logger } from 'pino';
import type { Egress, EgressOptions, EgressTrouble } from '../egress/types.ts';
import type { LinkSession, RemoteTrack } from '../link/types.ts';
import type { MediaUnit } from '../stream/types.ts';
import type { Channel } from './channel.ts';
import type { StreamState } from './roster.ts';

export interface RemoteStreamParts {
  readonly userId: string;
  readonly streamType: 'main' | 'aux';
  readonly createEgress: (options: Pick<EgressOptions, 'session' | 'sink' | 'onTrouble' | 'beginMs'>) => Egress;
  /** Null when codecs work. */
  readonly codecsUnavailable: () => string | null;
  readonly clock: () => number;
  readonly log: Logger;
  /** What can be played has changed. */
  readonly onChanged: () => void;
}

/** A stream nobody watches any more is kept for so long: players come back after a change of URL. */
const LINGER_MS = 10_000;

/**
 * Pages publish a camera or screen anew when a phone comes that cannot decode what they sent: for a moment there is none.
 * Nobody's player is ended for that; a picture that is withdrawn for good is told this much later.
 */
const REPUBLISH_MS = 1_500;

/**
 * Camera and microphone (`main`) or the screen (`aux`) of one participant who is no phone of this gateway. It is
 * subscribed while a phone plays it.
 */
export class RemoteStream {
  readonly #parts: RemoteStreamParts;
  #channel: Channel | null = null;
  #name = '';
  #tracks: readonly RemoteTrack[] = [];
  #session: LinkSession | null = null;
  #egress: Egress | null = null;
  /** Latest stamp that viewers got, and when. */
  #last: { readonly timestampMs: number; readonly at: number } | null = null;
  #watched = false;
  #idleSince: number | null = null;
  /** When the picture was withdrawn that may be published again any moment. */
  #withdrawnAt: number | null = null;
  #missing: 'video-codec' | 'audio-codec' | null = null;

  constructor(parts: RemoteStreamParts) {
    this.#parts = parts;
  }

  /** The channel this stream fills; set once, at once. */
  use(channel: Channel): void {
    this.#channel = channel;
  }

  get state(): StreamState {
    const { userId, streamType } = this.#parts;
    const encrypted = this.#tracks.some((track) => track.encrypted);
    return {
      userId,
      streamType,
      name: this.#name,
      tracks: this.#channel?.available ?? { video: false, audio: false },
      muted: this.#tracks.some((track) => track.kind === 'audio' && track.muted),
      missing: encrypted ? 'encrypted' : this.#missing,
    };
  }

  /** Nothing is published any more, and nothing was a moment ago. */
  get over(): boolean {
    return this.#tracks.length === 0 && this.#withdrawnAt === null;
  }

  /** The tracks that the participant publishes of this stream type. */
  update(name: string, tracks: readonly RemoteTrack[]): void {
    this.#name = name;
    const before = this.#tracks;
    this.#tracks = tracks;
    const codec = (kind: string, list: readonly RemoteTrack[]) =>
      list.find((track) => track.kind === kind)?.mimeType ?? '';
    if (pictureOf(tracks) !== null) this.#withdrawnAt = null;
    else if (pictureOf(before)?.muted === false) this.#withdrawnAt = this.#parts.clock();
    // Another codec may be one that phones can decode.
    if (codec('video', before) !== codec('video', tracks) && this.#missing === 'video-codec') this.#missing = null;
    this.#refresh();
    const egress = this.#egress;
    if (egress === null) return;
    for (const old of before) if (!tracks.some((track) => track.sid === old.sid)) egress.remove(old.sid);
    for (const track of tracks) {
      if (before.some((old) => old.sid === track.sid)) egress.update(track);
      else this.#add(egress, track);
    }
  }

  setSession(session: LinkSession | null): void {
    this.#session = session;
    this.#egress?.close();
    this.#egress = null;
    if (this.#watched) this.#begin();
  }

  resumed(): void {
    this.#egress?.resumed();
  }

  setWatched(watched: boolean): void {
    this.#watched = watched;
    this.#idleSince = watched ? null : this.#parts.clock();
    if (watched) this.#begin();
  }

  requestKeyframe(): void {
    this.#egress?.requestKeyframe();
  }

  /** Every 10 ms or so. */
  tick(): void {
    this.#egress?.tick();
    if (this.#withdrawnAt !== null && this.#parts.clock() - this.#withdrawnAt >= REPUBLISH_MS) {
      this.#withdrawnAt = null;
      this.#refresh();
    }
    if (this.#idleSince === null || this.#parts.clock() - this.#idleSince < LINGER_MS) return;
    this.#idleSince = null;
    this.#egress?.close();
    this.#egress = null;
  }

  close(): void {
    this.#egress?.close();
    this.#egress = null;
    this.#tracks = [];
    this.#channel?.end('source-ended');
  }

  #begin(): void {
    const session = this.#session;
    const channel = this.#channel;
    if (this.#egress !== null || session === null || channel === null) return;
    const egress = this.#parts.createEgress({
      session,
      // A new session goes on behind the old one's stamps, as far behind as it took: those who watch must not be thrown back.
      beginMs: this.#last === null ? 0 : this.#last.timestampMs + (this.#parts.clock() - this.#last.at),
      sink: { write: (unit) => this.#write(channel, unit) },
      onTrouble: (trouble) => this.#onTrouble(trouble),
    });
    this.#egress = egress;
    for (const track of this.#tracks) this.#add(egress, track);
  }

  #add(egress: Egress, track: RemoteTrack): void {
    if (track.encrypted) return;
    try {
      egress.add(track);
    } catch (error) {
      // The session is about to end, or holds all it can: neither a viewer nor the others' streams may fail by it.
      const { userId, log } = this.#parts;
      log.warn({ err: error, userId, track: track.sid }, 'a track could not be subscribed');
    }
  }

  #write(channel: Channel, unit: MediaUnit): void {
    if (unit.kind === 'video' || unit.kind === 'audio') {
      const timestampMs = Math.max(unit.timestampMs, this.#last?.timestampMs ?? 0);
      this.#last = { timestampMs, at: this.#parts.clock() };
    }
    channel.write(unit);
  }

  #onTrouble(trouble: EgressTrouble): void {
    const { userId, streamType, log } = this.#parts;
    log.warn({ userId, streamType, trouble: trouble.kind, detail: trouble.detail }, 'a stream is not whole on phones');
    this.#missing = trouble.kind === 'no-video-codec' ? 'video-codec' : 'audio-codec';
    this.#refresh();
  }

  /** A muted camera sends nothing; a muted microphone goes on as silence, so that players do not stall. */
  #refresh(): void {
    const unavailable = this.#parts.codecsUnavailable() !== null;
    const clear = this.#tracks.filter((track) => !track.encrypted);
    const picture = pictureOf(this.#tracks);
    const sound = clear.some((track) => track.kind === 'audio');
    const foreign = picture !== null && picture.mimeType !== '' && picture.mimeType !== 'video/h264';
    if (unavailable && foreign) this.#missing = 'video-codec';
    else if (unavailable && sound) this.#missing ??= 'audio-codec';
    const shown = picture === null ? this.#withdrawnAt !== null : !picture.muted;
    this.#channel?.setAvailable({
      video: shown && this.#missing !== 'video-codec',
      audio: sound && this.#missing !== 'audio-codec' && !unavailable,
    });
    this.#parts.onChanged();
  }
}

/** Camera or screen, where phones may see it. */
function pictureOf(tracks: readonly RemoteTrack[]): RemoteTrack | null {
  return tracks.find((track) => track.kind === 'video' && !track.encrypted) ?? null;
}
