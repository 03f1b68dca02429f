import type { Cause } from '../events.ts';
import type { RemoteStream } from '../members/stream.ts';
import type { PlayerView } from '../players.ts';
import type { Facts } from './facts.ts';
import type { Phase } from './phase.ts';

/** One person (or his screen) as `bindStateEvent` tells of him. */
export interface MemberStatus {
  readonly userID: string;
  readonly name: string;
  readonly streamType: 'main' | 'aux';
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  /** Has a tile; the others have a name only. */
  readonly shown: boolean;
  /** Picture or sound has come through. */
  readonly playing: boolean;
  /** `excellent`, `good`, `poor`, `lost`; empty when nobody said. */
  readonly quality: string;
  /** Why there is no picture or sound; empty when all is well. */
  readonly missing: string;
}

/** What stands between the user and the others just now; the component is at work on it. */
export type Trouble = '' | 'connection' | 'server-restart' | 'sending';

/** Everything a page may want to show around the component. */
export interface RoomStatus {
  readonly phase: Phase;
  readonly reconnecting: boolean;
  readonly trouble: Trouble;
  readonly ownerID: string;
  readonly mutedByOwner: { readonly audio: boolean; readonly video: boolean };
  readonly members: readonly MemberStatus[];
  /** What last did not work as it should. */
  readonly notice: Cause | null;
}

export interface StatusParts {
  readonly phase: Phase;
  readonly facts: Facts;
  readonly streams: readonly RemoteStream[];
  readonly seated: readonly RemoteStream[];
  readonly player: (key: string) => PlayerView;
  readonly notice: Cause | null;
}

export function buildStatus(parts: StatusParts): RoomStatus {
  const { facts } = parts;
  const shown = new Set(parts.seated.map((stream) => stream.key));
  return {
    phase: parts.phase,
    reconnecting: facts.reconnecting,
    trouble: troubleOf(facts),
    ownerID: facts.owner,
    mutedByOwner: facts.mutedByOwner,
    members: parts.streams.map((stream) => ({
      userID: stream.userId,
      name: stream.name,
      streamType: stream.streamType,
      hasVideo: stream.hasVideo,
      hasAudio: stream.hasAudio,
      shown: shown.has(stream.key),
      playing: parts.player(stream.key).playing,
      quality: facts.qualities[stream.userId] ?? '',
      missing: stream.missing,
    })),
    notice: parts.notice,
  };
}

function troubleOf({ reconnecting, restarting, unsent }: Facts): Trouble {
  if (reconnecting) return restarting ? 'server-restart' : 'connection';
  return unsent ? 'sending' : '';
}
