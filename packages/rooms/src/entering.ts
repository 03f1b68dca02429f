import { LianmaiError } from '@lianmai/protocol';
import { takeSeat } from './capacity.ts';
import type { Happening, Outcome } from './happening.ts';
import { refuseRevoked } from './revocation.ts';
import type { RoomsSettings } from './settings.ts';
import { isLive, type LiveRoom, type LiveState, type RoomState, type Seat } from './state.ts';

/** Somebody at the door; checked already. */
export interface Entrant {
  readonly userId: string;
  readonly userName: string;
}

/** What a new room is made with; checked already. */
export interface NewRoom {
  readonly roomName: string;
  readonly capacity: number;
  readonly privilegeMap: number;
}

/** A room that certainly lives. */
export type LiveOutcome = Outcome<LiveState>;

/** Makes the room, with its creator in the first seat. Removals of a room that had this id before go on until they run out. */
export function makeRoom(
  state: RoomState | null,
  entrant: Entrant,
  room: NewRoom,
  liveRooms: () => number,
  now: number,
  settings: RoomsSettings,
): LiveOutcome {
  if (isLive(state)) throw new LianmaiError('roomExists');
  refuseRevoked(state, entrant.userId, now);
  if (liveRooms() >= settings.maxRooms) throw new LianmaiError('tooManyRooms');
  const live: LiveRoom = {
    ...room,
    creator: entrant.userId,
    ownerId: entrant.userId,
    createdAt: now,
    seats: [leasedSeat(entrant, now, settings)],
  };
  const happenings: Happening[] = [{ kind: 'room-created' }, { kind: 'member-joined', userId: entrant.userId }];
  return { state: { live, revocations: state?.revocations ?? [] }, happenings };
}

/**
 * Seats the user in the room that there is, on a lease until he appears in the media room. He who has a seat keeps it, full or not; with
 * a connection still there, the lease covers the change to the new one.
 */
export function joinRoom(state: LiveState, entrant: Entrant, now: number, settings: RoomsSettings): LiveOutcome {
  refuseRevoked(state, entrant.userId, now);
  const taken = takeSeat(
    state.live,
    entrant.userId,
    (seat) => ({ ...seat, userName: entrant.userName, leaseUntil: now + settings.leaseMs }),
    () => leasedSeat(entrant, now, settings),
  );
  if (taken === null) throw new LianmaiError('roomFull');
  const happenings: Happening[] = taken.joined ? [{ kind: 'member-joined', userId: entrant.userId }] : [];
  return { state: { ...state, live: taken.room }, happenings };
}

function leasedSeat(entrant: Entrant, now: number, settings: RoomsSettings): Seat {
  return { ...entrant, joinedAt: now, participantSid: null, presentSince: 0, leaseUntil: now + settings.leaseMs };
}

/** Renews a lease. A seat held by media presence needs none: its end is the end of the presence. */
export function renewLease(state: RoomState | null, userId: string, now: number, settings: RoomsSettings): Outcome {
  if (!isLive(state)) throw new LianmaiError('noSuchRoom');
  refuseRevoked(state, userId, now);
  const index = state.live.seats.findIndex((seat) => seat.userId === userId);
  const seat = state.live.seats[index];
  if (seat === undefined) throw new LianmaiError('notMember');
  if (seat.participantSid !== null) return { state, happenings: [] };
  const seats = state.live.seats.with(index, { ...seat, leaseUntil: now + settings.leaseMs });
  return { state: { ...state, live: { ...state.live, seats } }, happenings: [] };
}
