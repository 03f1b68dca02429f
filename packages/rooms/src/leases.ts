import type { Happening, Outcome } from './happening.ts';
import { stands } from './revocation.ts';
import type { RoomsSettings } from './settings.ts';
import type { RoomState, Seat } from './state.ts';
import { depart, isLive } from './succession.ts';

/** Whether the seat is still somebody's at `now` (Unix ms): he is in the media room, or his lease runs. */
export function isHeld(seat: Seat, now: number): boolean {
  return seat.participantSid !== null || seat.leaseUntil > now;
}

/**
 * Brings a state up to date: lapsed seats are freed, run-out removals forgotten, and a document without content goes. Applied
 * before every rule and to every read, so that nobody ever meets a ghost, whenever the sweep comes.
 */
export function settle(state: RoomState | null, now: number, settings: RoomsSettings): Outcome {
  if (state === null) return { state, happenings: [] };
  let settled: RoomState | null = state;
  const happenings: Happening[] = [];
  if (isLive(state)) {
    const lapsed = state.live.seats.filter((seat) => !isHeld(seat, now));
    const outcome = depart(
      state,
      lapsed.map(({ userId }) => ({ userId, reason: 'expired' })),
      now,
      settings,
    );
    settled = outcome.state;
    happenings.push(...outcome.happenings);
  }
  return forgetRunOut(state, settled, happenings, now);
}

function forgetRunOut(before: RoomState, settled: RoomState | null, happenings: Happening[], now: number): Outcome {
  const runOut = before.revocations.filter((one) => !stands(one, now));
  for (const { userId } of runOut) happenings.push({ kind: 'forgiven', userId });
  if (settled === null || runOut.length === 0) return { state: settled, happenings };
  const revocations = settled.revocations.filter((one) => stands(one, now));
  const state = settled.live === null && revocations.length === 0 ? null : { ...settled, revocations };
  return { state, happenings };
}
