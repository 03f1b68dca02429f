import type { Outcome } from './happening.ts';
import { forgetRunOut } from './revocation.ts';
import type { RoomsSettings } from './settings.ts';
import { isLive, type RoomState, type Seat } from './state.ts';
import { depart } from './succession.ts';

/** Whether the seat is still somebody's at `now` (Unix ms): he is in the media room, or his lease runs. */
export function isHeld(seat: Seat, now: number): boolean {
  return seat.participantSid !== null || seat.leaseUntil > now;
}

/**
 * Brings a state up to date: lapsed seats are freed, run-out removals forgotten, and a document without content goes.
 * Applied before every rule and to every read, so that nobody ever meets a ghost, whenever the sweep comes. A room ends when
 * its last lease does, not when somebody notices.
 */
export function settle(state: RoomState | null, now: number, settings: RoomsSettings): Outcome {
  if (!isLive(state)) return forgetRunOut(state, now);
  const lapsed = state.live.seats.filter((seat) => !isHeld(seat, now));
  const lastLapse = Math.max(...lapsed.map((seat) => seat.leaseUntil));
  const departures = lapsed.map(({ userId }) => ({ userId, reason: 'expired' as const }));
  const departed = depart(state, departures, lastLapse, settings);
  const forgotten = forgetRunOut(departed.state, now);
  return { state: forgotten.state, happenings: [...departed.happenings, ...forgotten.happenings] };
}
