import type { Happening, Outcome } from './happening.ts';
import { revocationsAfterEnd } from './revocation.ts';
import type { RoomsSettings } from './settings.ts';
import { type LiveRoom, type RoomState, seatOf } from './state.ts';
import type { RoomEvent } from './types.ts';

type LeaveReason = Extract<RoomEvent, { kind: 'member-left' }>['reason'];

/** Who is to go, and why. */
export interface Departure {
  readonly userId: string;
  readonly reason: LeaveReason;
}

type Lived = RoomState & { readonly live: LiveRoom };

/**
 * Takes members out of their room. When the owner is among them the longest-present of the others owns it; the creator stays who
 * he was. The room ends with its last member, and with `dissolved` for all of them at once. Users without a seat are passed over.
 */
export function depart(state: Lived, departures: readonly Departure[], now: number, settings: RoomsSettings): Outcome {
  const leaving = departures.filter((one) => seatOf(state.live, one.userId) !== undefined);
  if (leaving.length === 0) return { state, happenings: [] };
  const happenings: Happening[] = leaving.map(({ userId, reason }) => ({ kind: 'member-left', userId, reason }));
  const gone = new Set(leaving.map((one) => one.userId));
  const seats = state.live.seats.filter((seat) => !gone.has(seat.userId));
  const first = seats[0];
  if (first === undefined) {
    happenings.push({
      kind: 'room-ended',
      reason: leaving.every((one) => one.reason === 'dissolved') ? 'dissolved' : 'empty',
    });
    return { state: ended(state, now, settings), happenings };
  }
  const ownerId = gone.has(state.live.ownerId) ? first.userId : state.live.ownerId;
  if (ownerId !== state.live.ownerId) happenings.push({ kind: 'owner-changed', userId: ownerId });
  return { state: { ...state, live: { ...state.live, seats, ownerId } }, happenings };
}

/** What stays of a room that has ended: its removals until they run out, or nothing. */
function ended(state: RoomState, now: number, settings: RoomsSettings): RoomState | null {
  const revocations = revocationsAfterEnd(state.revocations, now, settings.revocationMs);
  return revocations.length === 0 ? null : { live: null, revocations };
}

/** Whether there is a room in use. */
export function isLive(state: RoomState | null): state is Lived {
  return state !== null && state.live !== null;
}
