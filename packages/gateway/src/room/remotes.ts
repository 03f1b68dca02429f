import { isUserId } from '@lianmai/protocol';
import type { Logger } from 'pino';
import type { Egress, EgressOptions } from '../egress/types.ts';
import type { LinkSession, RemoteParticipant, RemoteTrack } from '../link/types.ts';
import type { TappableBroadcast, Tracks } from '../stream/types.ts';
import { Channel } from './channel.ts';
import { RemoteStream } from './remote-stream.ts';
import type { StreamState } from './roster.ts';

export interface RemotesParts {
  readonly createBroadcast: (tracks: Tracks, onKeyframeNeeded: () => void) => TappableBroadcast;
  readonly createEgress: (options: Pick<EgressOptions, 'session' | 'sink' | 'onTrouble' | 'beginMs'>) => Egress;
  readonly codecsUnavailable: () => string | null;
  readonly clock: () => number;
  readonly log: Logger;
  readonly onChanged: () => void;
}

type StreamType = 'main' | 'aux';

interface Remote {
  readonly streams: Map<StreamType, { readonly stream: RemoteStream; readonly channel: Channel }>;
  participant: RemoteParticipant;
}

/** Everybody in the media room who is no phone of this gateway, with the streams that phones may play. */
export class Remotes {
  readonly #parts: RemotesParts;
  readonly #remotes = new Map<string, Remote>();
  #session: LinkSession | null = null;

  constructor(parts: RemotesParts) {
    this.#parts = parts;
  }

  /** The full list, as the watcher tells it. */
  update(participants: readonly RemoteParticipant[]): void {
    const present = new Set(participants.map(({ identity }) => identity));
    for (const identity of [...this.#remotes.keys()]) if (!present.has(identity)) this.drop(identity);
    for (const participant of participants) this.#update(participant);
    this.#parts.onChanged();
  }

  has(identity: string): boolean {
    return this.#remotes.has(identity);
  }

  name(identity: string): string {
    return this.#remotes.get(identity)?.participant.name || identity;
  }

  channel(identity: string, streamType: StreamType): Channel | null {
    return this.#remotes.get(identity)?.streams.get(streamType)?.channel ?? null;
  }

  states(): StreamState[] {
    const states: StreamState[] = [];
    this.#each((stream) => states.push(stream.state));
    return states;
  }

  /** The session that streams are subscribed on, or null while there is none. */
  setSession(session: LinkSession | null): void {
    this.#session = session;
    this.#each((stream) => stream.setSession(session));
  }

  resumed(): void {
    this.#each((stream) => stream.resumed());
  }

  tick(): void {
    for (const { streams } of this.#remotes.values()) {
      for (const [streamType, { stream }] of streams) {
        stream.tick();
        // Nobody has a screen of which nothing is left; camera and microphone stand for the person.
        if (streamType === 'aux' && stream.over) this.#end(streams, 'aux');
      }
    }
  }

  /** Forgets somebody; his viewers are ended. */
  drop(identity: string): void {
    const remote = this.#remotes.get(identity);
    if (remote === undefined) return;
    this.#remotes.delete(identity);
    for (const { stream } of remote.streams.values()) stream.close();
  }

  close(): void {
    for (const identity of [...this.#remotes.keys()]) this.drop(identity);
  }

  #update(participant: RemoteParticipant): void {
    const known = this.#remotes.get(participant.identity);
    const remote = known ?? { participant, streams: new Map() };
    remote.participant = participant;
    if (known === undefined) this.#remotes.set(participant.identity, remote);
    // Other services of a LiveKit server choose names as they like; no stream name, and so no ticket, can hold every one.
    const playable = isUserId(participant.identity);
    if (!playable && known === undefined) {
      this.#parts.log.warn({ identity: participant.identity }, 'a participant whose name is no user id is not played');
    }
    for (const streamType of ['main', 'aux'] as const) {
      const tracks = playable ? participant.tracks.filter((track) => streamTypeOf(track) === streamType) : [];
      const held = remote.streams.get(streamType);
      if (held !== undefined) {
        held.stream.update(participant.name, tracks);
        if (streamType === 'aux' && held.stream.over) this.#end(remote.streams, 'aux');
      } else if (streamType === 'main' || tracks.length > 0) {
        const made = this.#make(participant.identity, streamType);
        remote.streams.set(streamType, made);
        made.stream.update(participant.name, tracks);
        made.stream.setSession(this.#session);
      }
    }
  }

  #end(streams: Remote['streams'], streamType: StreamType): void {
    const held = streams.get(streamType);
    streams.delete(streamType);
    held?.stream.close();
    this.#parts.onChanged();
  }

  #make(userId: string, streamType: StreamType): { stream: RemoteStream; channel: Channel } {
    const stream = new RemoteStream({ userId, streamType, ...this.#parts });
    const channel = new Channel({
      createBroadcast: this.#parts.createBroadcast,
      onKeyframeNeeded: () => stream.requestKeyframe(),
      onWatched: (watched) => stream.setWatched(watched),
    });
    stream.use(channel);
    return { stream, channel };
  }

  #each(act: (stream: RemoteStream) => void): void {
    for (const remote of this.#remotes.values()) for (const { stream } of remote.streams.values()) act(stream);
  }
}

/** A screen and its sound are one stream, camera and microphone another. */
function streamTypeOf(track: RemoteTrack): StreamType {
  return track.source === 'screen_share' || track.source === 'screen_share_audio' ? 'aux' : 'main';
}
