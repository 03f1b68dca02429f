import type { ListOrder, RoomInfo } from '@lianmai/protocol';

/** A room is keyed by its application and its canonical id. */
export interface RoomKey {
  readonly sdkAppId: number;
  readonly roomId: string;
}

/** Who asks. `server`: the server key, which may act for anybody and see everything. */
export type Actor =
  | { readonly kind: 'user'; readonly userId: string; readonly userName: string }
  | { readonly kind: 'server' };

export interface EnterResult {
  readonly room: RoomInfo;
  readonly created: boolean;
  /** Privilege bits of this member in this room: what his ticket is made with. */
  readonly privileges: number;
  /** When the seat lapses unless renewed, Unix ms. */
  readonly leaseUntil: number;
}

/** Who is in the media room, as its webhooks and listings tell. */
export interface MediaPresence {
  readonly userId: string;
  readonly userName: string;
  /** LiveKit's participant SID: a late `left` of an older connection must not free the newer one's seat. */
  readonly participantSid: string;
}

/**
 * Whether this member's client is known to be there, although the media service has lost him: he comes back, and his seat waits
 * for him on a lease.
 */
export type IsAwaited = (userId: string) => boolean;

/** What happened to rooms, for whoever must act on it (media room, signalling); told after the store has it. */
export type RoomEvent =
  | { readonly kind: 'member-joined'; readonly key: RoomKey; readonly userId: string }
  | {
      readonly kind: 'member-left';
      readonly key: RoomKey;
      readonly userId: string;
      readonly reason: 'quit' | 'media' | 'expired' | 'kicked' | 'dissolved';
    }
  | { readonly kind: 'owner-changed'; readonly key: RoomKey; readonly userId: string }
  | { readonly kind: 'kicked'; readonly key: RoomKey; readonly userId: string }
  | { readonly kind: 'forgiven'; readonly key: RoomKey; readonly userId: string }
  | { readonly kind: 'room-created'; readonly key: RoomKey }
  | { readonly kind: 'room-ended'; readonly key: RoomKey; readonly reason: 'empty' | 'dissolved' };

/** The room rules over any {@link RoomStore}. Every method throws LianmaiError with the code of contracts §2. */
export interface Rooms {
  create(
    actor: Actor,
    request: {
      key: { sdkAppId: number; roomId?: string };
      userId: string;
      userName: string;
      roomName?: string;
      capacity?: number;
      privilegeMap?: number;
    },
  ): Promise<EnterResult>;
  /** Joins by id (creating when absent and allowed), or creates by name alone. */
  enter(request: {
    sdkAppId: number;
    roomId?: string;
    roomName?: string;
    userId: string;
    userName: string;
    mayCreate?: boolean;
  }): Promise<EnterResult>;
  /** The room as it is now, or null when it ended with this member. */
  quit(key: RoomKey, userId: string): Promise<RoomInfo | null>;
  info(actor: Actor, key: RoomKey): Promise<RoomInfo>;
  list(
    sdkAppId: number,
    page: { skip: number; limit: number; order: ListOrder },
  ): Promise<{ rooms: RoomInfo[]; total: number }>;
  /** Renews a seat that is not in the media room. */
  heartbeat(key: RoomKey, userId: string): Promise<{ expiresAt: number }>;
  /** Removes and writes the revocation. */
  kick(actor: Actor, key: RoomKey, memberId: string): Promise<RoomInfo>;
  /** Lifts the revocation. */
  forgive(actor: Actor, key: RoomKey, memberId: string): Promise<RoomInfo>;
  dissolve(actor: Actor, key: RoomKey): Promise<RoomInfo>;
  /** Throws unless the actor owns the room (or is the server). */
  requireOwner(actor: Actor, key: RoomKey): Promise<RoomInfo>;
  /**
   * Bits of this user in this room: the room's `privilegeMap`, or the configured default when there is no such room; 0 for
   * a user who was removed from it.
   */
  privileges(key: RoomKey, userId: string): Promise<number>;
  isRevoked(key: RoomKey, userId: string): Promise<boolean>;
  /** Every standing revocation, to hand to the media engine at its start. */
  revocations(): Promise<(RoomKey & { readonly userId: string })[]>;
  /** A participant appeared in the media room. `refused`: he must be removed from it (kicked, or no seat left). */
  mediaJoined(key: RoomKey, presence: MediaPresence): Promise<'seated' | 'refused'>;
  /** A participant went; frees the seat if it is still this SID's and he is not awaited. */
  mediaLeft(key: RoomKey, presence: MediaPresence, isAwaited?: IsAwaited): Promise<void>;
  /**
   * The media room as listed: seats present there but missing here are added, seats of vanished participants who are not awaited
   * freed.
   */
  reconcile(
    key: RoomKey,
    participants: readonly MediaPresence[],
    isAwaited?: IsAwaited,
  ): Promise<{ refused: MediaPresence[] }>;
  /** After a restart of the media service: every present seat becomes a lease, so that its owner may come back. */
  mediaRestarted(sdkAppId: number): Promise<void>;
  /** Frees lapsed seats and ends empty rooms. */
  sweep(): Promise<{ seats: number; rooms: number }>;
  onEvent(listener: (event: RoomEvent) => void): void;
}
