/** Who else is in the room, merged from updates that may come late or twice. */
import {
  ConnectionQuality,
  Encryption_Type,
  type ParticipantInfo,
  ParticipantInfo_State,
  type TrackInfo,
  TrackSource,
  TrackType,
} from '@livekit/protocol';
import type { LinkLimits } from './limits.ts';
import type { LinkQuality, RemoteParticipant, RemoteTrack, TrackSourceName } from './types.ts';

const SOURCES: Readonly<Record<TrackSource, TrackSourceName>> = {
  [TrackSource.UNKNOWN]: 'unknown',
  [TrackSource.CAMERA]: 'camera',
  [TrackSource.MICROPHONE]: 'microphone',
  [TrackSource.SCREEN_SHARE]: 'screen_share',
  [TrackSource.SCREEN_SHARE_AUDIO]: 'screen_share_audio',
};

export function qualityName(quality: ConnectionQuality): LinkQuality {
  switch (quality) {
    case ConnectionQuality.EXCELLENT:
      return 'excellent';
    case ConnectionQuality.GOOD:
      return 'good';
    case ConnectionQuality.LOST:
      return 'lost';
    default:
      return 'poor';
  }
}

export function sourceNumber(name: TrackSourceName): TrackSource {
  const found = Object.entries(SOURCES).find(([, known]) => known === name);
  return found === undefined ? TrackSource.UNKNOWN : (Number(found[0]) as TrackSource);
}

interface Entry {
  readonly participant: RemoteParticipant;
  readonly version: number;
  /** What was told of it, to tell changes only. */
  readonly text: string;
}

export class Roster {
  readonly #limits: LinkLimits;
  readonly #bySid = new Map<string, Entry>();
  #self: { readonly identity: string; readonly sid: string } = { identity: '', sid: '' };

  constructor(limits: LinkLimits) {
    this.#limits = limits;
  }

  /** A new join: everybody is told anew. True when that changes the roster. */
  restart(self: ParticipantInfo, others: readonly ParticipantInfo[]): boolean {
    const before = this.#text();
    this.#self = { identity: self.identity, sid: self.sid };
    this.#bySid.clear();
    this.apply(others);
    return before !== this.#text();
  }

  /** True when the roster changed. */
  apply(updates: readonly ParticipantInfo[]): boolean {
    let changed = false;
    for (const info of updates) changed = this.#apply(info) || changed;
    return changed;
  }

  /** In the order of their joining. */
  list(): RemoteParticipant[] {
    return [...this.#bySid.values()].map((entry) => entry.participant);
  }

  identityOf(sid: string): string | null {
    return sid === this.#self.sid ? this.#self.identity : (this.#bySid.get(sid)?.participant.identity ?? null);
  }

  #apply(info: ParticipantInfo): boolean {
    if (info.sid === '' || info.identity === '' || info.sid === this.#self.sid) return false;
    const known = this.#bySid.get(info.sid);
    if (info.state === ParticipantInfo_State.DISCONNECTED) return this.#bySid.delete(info.sid);
    // Another session of oneself is on its way out: the newer connection won.
    if (info.identity === this.#self.identity || info.permission?.hidden === true) return this.#bySid.delete(info.sid);
    // Joining is not being there; JOINED is told to others before the media is up, as LiveKit's clients show it.
    if (info.state === ParticipantInfo_State.JOINING) return false;
    if (known !== undefined && info.version < known.version) return false;
    const participant = describe(info, this.#limits);
    const text = JSON.stringify(participant);
    if (known?.text === text) {
      this.#bySid.set(info.sid, { ...known, version: info.version });
      return false;
    }
    if (known === undefined) {
      // The same person came back under another SID before the old one was told gone.
      for (const [sid, entry] of this.#bySid) {
        if (entry.participant.identity === info.identity) this.#bySid.delete(sid);
      }
      if (this.#bySid.size >= this.#limits.maxParticipants) return false;
    }
    this.#bySid.set(info.sid, { participant, version: info.version, text });
    return true;
  }

  #text(): string {
    return [...this.#bySid.values()].map((entry) => entry.text).join('\n');
  }
}

function describe(info: ParticipantInfo, limits: LinkLimits): RemoteParticipant {
  const media = info.tracks.filter(
    (track) => track.sid !== '' && (track.type === TrackType.AUDIO || track.type === TrackType.VIDEO),
  );
  return {
    identity: info.identity,
    sid: info.sid,
    name: info.name,
    attributes: Object.fromEntries(Object.entries(info.attributes).slice(0, limits.maxAttributes)),
    tracks: media.slice(0, limits.maxTracksPerParticipant).map(describeTrack),
  };
}

function describeTrack(track: TrackInfo): RemoteTrack {
  return {
    sid: track.sid,
    kind: track.type === TrackType.AUDIO ? 'audio' : 'video',
    source: SOURCES[track.source] ?? 'unknown',
    muted: track.muted,
    mimeType: (track.codecs[0]?.mimeType || track.mimeType).toLowerCase(),
    encrypted: track.encryption !== Encryption_Type.NONE,
    width: track.width,
    height: track.height,
  };
}
