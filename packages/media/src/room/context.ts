import type { ParticipantInfo, Room as RoomInfo, TrackInfo } from '@livekit/protocol';
import type { Logger } from 'pino';
import type { EngineConfig } from '../config.ts';
import type { Connection, ConnectionRole, ConnectionSink } from '../connection/types.ts';
import type { TokenAuthority } from '../signal/token.ts';

/** Makes the connection of one role; what happens on it is told to the sink. */
export type ConnectionFactory = (role: ConnectionRole, sink: ConnectionSink) => Connection;

/** What webhooks tell, in LiveKit's words. */
export type RoomEventName =
  | 'room_started'
  | 'room_finished'
  | 'participant_joined'
  | 'participant_left'
  | 'participant_connection_aborted'
  | 'track_published'
  | 'track_unpublished';

export interface RoomEvent {
  readonly event: RoomEventName;
  readonly room: RoomInfo;
  readonly participant?: ParticipantInfo;
  readonly track?: TrackInfo;
}

/** What every room and participant of an engine shares. */
export interface EngineContext {
  readonly config: EngineConfig;
  /** Monotonic milliseconds: the one clock of the engine. */
  readonly clock: () => number;
  /** Unix milliseconds, only for what clients and webhooks are shown. */
  readonly wallClock: () => number;
  readonly createConnection: ConnectionFactory;
  readonly tokens: TokenAuthority;
  /** The admission hook: whether an identity is kept out of a room now. Synchronous. */
  readonly isRevoked: (room: string, identity: string) => boolean;
  readonly emit: (event: RoomEvent) => void;
  readonly log: Logger;
}
