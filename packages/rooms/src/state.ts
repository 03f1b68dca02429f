/** A member's seat. It is alive while he is in the media room or his lease runs. */
export interface Seat {
  readonly userId: string;
  readonly userName: string;
  /** Unix ms. Shown only: who has been here longest is told by the order of the seats. */
  readonly joinedAt: number;
  /** SID of the participant in the media room that holds the seat; null when he is not there. */
  readonly participantSid: string | null;
  /** Since when (Unix ms) that SID holds the seat; 0 without one. */
  readonly presentSince: number;
  /**
   * Unix ms until which the seat lives without media presence. While he is present it is 0, unless he has entered once
   * more: then it covers the change from the old connection to the new one.
   */
  readonly leaseUntil: number;
}

/** A user who was removed and stays out. `until` null: as long as the room lives; else Unix ms. */
export interface Revocation {
  readonly userId: string;
  readonly until: number | null;
}

/** A room in use. It has a member at any time: `seats` is never empty where a store keeps it. */
export interface LiveRoom {
  readonly roomName: string;
  /** Who made it; never changes. */
  readonly creator: string;
  /** Who may kick and dissolve: one of the seats. */
  readonly ownerId: string;
  readonly capacity: number;
  /** Privilege bits of its members. */
  readonly privilegeMap: number;
  /** Unix ms. */
  readonly createdAt: number;
  /** Longest-present first. */
  readonly seats: readonly Seat[];
}

/**
 * Everything that is kept under a room's key: one document, plain JSON, changed as a whole.
 *
 * `live` null: the room has ended, and the document stays for its revocations alone until they run out, so that a removed
 * user does not come back by making the room anew.
 */
export interface RoomState {
  readonly live: LiveRoom | null;
  readonly revocations: readonly Revocation[];
}

/** A state with a room in use. */
export type LiveState = RoomState & { readonly live: LiveRoom };

/** Whether there is a room in use. */
export function isLive(state: RoomState | null): state is LiveState {
  return state !== null && state.live !== null;
}

/** The seat of this user. */
export function seatOf(room: LiveRoom, userId: string): Seat | undefined {
  return room.seats.find((seat) => seat.userId === userId);
}
