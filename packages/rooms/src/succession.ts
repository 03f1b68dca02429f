import type { Happening, Outcome } from './happening.ts';
import { forgetRunOut, revocationsAfterEnd } from './revocation.ts';
import type { RoomsSettings } from './settings.ts';
import { type LiveState, seatOf } from './state.ts';
import type { RoomEvent } from './types.ts';

type LeaveReason = Extract<RoomEvent, { kind: 'member-left' }>['reason'];

/** Who is to go, and why. */
export interface Departure {
  readonly userId: string;
  readonly reason: LeaveReason;
}

/**
 * Takes members out of their room. When the owner is among them the longest-present of the others owns it; the creator stays who
 * he was. The room ends with its last member; its removals stay until they run out. Users without a seat are passed over.
 */
export function depart(
  state: LiveState,
  departures: readonly Departure[],
  now: number,
  settings: RoomsSettings,
): Outcome {
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
    const revocations = revocationsAfterEnd(state.revocations, now, settings.revocationMs);
    const left = forgetRunOut({ live: null, revocations }, now);
    return { state: left.state, happenings: [...happenings, ...left.happenings] };
  }
  const ownerId = gone.has(state.live.ownerId) ? first.userId : state.live.ownerId;
  if (ownerId !== state.live.ownerId) happenings.push({ kind: 'owner-changed', userId: ownerId });
  return { state: { ...state, live: { ...state.live, seats, ownerId } }, happenings };
}
