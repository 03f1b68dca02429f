import { isUserId } from '@lianmai/protocol';
import { takeSeat } from './capacity.ts';
import { boundedUserName } from './checks.ts';
import type { Happening, Outcome, Ruling } from './happening.ts';
import { isHeld } from './leases.ts';
import { isRevokedIn } from './revocation.ts';
import type { RoomsSettings } from './settings.ts';
import { isLive, type LiveState, type RoomState, type Seat, seatOf } from './state.ts';
import { depart } from './succession.ts';
import type { IsAwaited, MediaPresence } from './types.ts';

/**
 * A participant is in the media room: his seat is held by that presence from now on, and his lease has done its work. One
 * without a seat gets one while there is room. Refused, so that he is removed there: a removed user, one too many, a name that
 * no ticket of ours can hold, and everybody when the room has ended: a connection never makes a room.
 */
export function participantJoined(
  state: RoomState | null,
  presence: MediaPresence,
  now: number,
): Ruling<'seated' | 'refused'> {
  const { userId, participantSid } = presence;
  if (!isLive(state) || !isUserId(userId) || isRevokedIn(state, userId, now))
    return { state, happenings: [], value: 'refused' };
  const held = { participantSid, presentSince: now, leaseUntil: 0 };
  const taken = takeSeat(
    state.live,
    userId,
    (seat) => (seat.participantSid === participantSid ? seat : { ...seat, ...held }),
    () => ({ userId, userName: boundedUserName(presence.userName), joinedAt: now, ...held }),
  );
  if (taken === null) return { state, happenings: [], value: 'refused' };
  const happenings: Happening[] = taken.joined ? [{ kind: 'member-joined', userId }] : [];
  return { state: taken.room === state.live ? state : { ...state, live: taken.room }, happenings, value: 'seated' };
}

/**
 * A participant went. Only the SID that holds the seat frees it: the late end of an older connection says nothing about the
 * newer one. A seat entered anew in between stays for its lease, and that of somebody who is awaited for a new one.
 */
export function participantLeft(
  state: RoomState | null,
  presence: MediaPresence,
  now: number,
  settings: RoomsSettings,
  isAwaited: IsAwaited,
): Outcome {
  if (!isLive(state)) return { state, happenings: [] };
  const seat = seatOf(state.live, presence.userId);
  if (seat === undefined || seat.participantSid !== presence.participantSid) return { state, happenings: [] };
  return vacate(state, [seat], now, settings, isAwaited);
}

/**
 * Makes the seats follow a listing of the media room. A listing is a moment old: what was learnt within the grace time
 * stands against it.
 */
export function reconcileRoom(
  state: RoomState | null,
  participants: readonly MediaPresence[],
  now: number,
  settings: RoomsSettings,
  isAwaited: IsAwaited,
): Ruling<{ refused: MediaPresence[] }> {
  const refused: MediaPresence[] = [];
  const happenings: Happening[] = [];
  let current = state;
  if (isLive(current)) {
    const listed = new Set(participants.map((one) => one.userId));
    const vanished = current.live.seats.filter(
      (seat) => seat.participantSid !== null && !listed.has(seat.userId) && !isFresh(seat, now, settings),
    );
    const outcome = vacate(current, vanished, now, settings, isAwaited);
    current = outcome.state;
    happenings.push(...outcome.happenings);
  }
  for (const presence of participants) {
    const seat = isLive(current) ? seatOf(current.live, presence.userId) : undefined;
    if (seat !== undefined && isFresh(seat, now, settings)) continue;
    const ruling = participantJoined(current, presence, now);
    current = ruling.state;
    happenings.push(...ruling.happenings);
    if (ruling.value === 'refused') refused.push(presence);
  }
  return { state: current, happenings, value: { refused } };
}

/** Nobody is in the media room any more, and everybody may come back: presence turns into leases. */
export function presenceLost(state: RoomState | null, now: number, settings: RoomsSettings): Outcome {
  if (!isLive(state) || state.live.seats.every((seat) => seat.participantSid === null))
    return { state, happenings: [] };
  const seats = state.live.seats.map((seat) => (seat.participantSid === null ? seat : awaited(seat, now, settings)));
  return { state: { ...state, live: { ...state.live, seats } }, happenings: [] };
}

/** Ends the presence of these seats, and frees those that no lease holds. */
function vacate(
  state: LiveState,
  vacated: readonly Seat[],
  now: number,
  settings: RoomsSettings,
  isAwaited: IsAwaited,
): Outcome {
  if (vacated.length === 0) return { state, happenings: [] };
  const seats = state.live.seats.map((seat) => {
    if (!vacated.includes(seat)) return seat;
    return isAwaited(seat.userId) ? awaited(seat, now, settings) : absent(seat);
  });
  const freed = seats.filter((seat) => !isHeld(seat, now));
  return depart(
    { ...state, live: { ...state.live, seats } },
    freed.map(({ userId }) => ({ userId, reason: 'media' })),
    now,
    settings,
  );
}

function absent(seat: Seat): Seat {
  return { ...seat, participantSid: null, presentSince: 0 };
}

/** The seat of somebody who is to come back. */
function awaited(seat: Seat, now: number, settings: RoomsSettings): Seat {
  return { ...absent(seat), leaseUntil: now + settings.leaseMs };
}

function isFresh(seat: Seat, now: number, settings: RoomsSettings): boolean {
  return seat.participantSid !== null && now - seat.presentSince < settings.reconcileGraceMs;
}
