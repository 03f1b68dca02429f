import { LianmaiError } from '@lianmai/protocol';
import type { Outcome } from './happening.ts';
import { revoke } from './revocation.ts';
import type { RoomsSettings } from './settings.ts';
import { isLive, type LiveState, type RoomState, seatOf } from './state.ts';
import { depart } from './succession.ts';
import type { Actor } from './types.ts';

/** The state of a room in use; throws `noSuchRoom`. */
export function requireLive(state: RoomState | null): LiveState {
  if (!isLive(state)) throw new LianmaiError('noSuchRoom');
  return state;
}

/** The state, if the actor owns the room or is the server. */
export function requireOwned(state: RoomState | null, actor: Actor): LiveState {
  const lived = requireLive(state);
  if (actor.kind === 'user' && actor.userId !== lived.live.ownerId) throw new LianmaiError('notOwner');
  return lived;
}

/** Leaves by own will. */
export function quitRoom(state: RoomState | null, userId: string, now: number, settings: RoomsSettings): Outcome {
  const lived = requireLive(state);
  if (seatOf(lived.live, userId) === undefined) throw new LianmaiError('notMember');
  return depart(lived, [{ userId, reason: 'quit' }], now, settings);
}

/**
 * Removes a user and keeps him out. He need not sit there at the moment: his own quit may have come first, and he may hold
 * a ticket; a second kick is told again, so that a failed removal from the media room can be repeated.
 */
export function kickMember(
  state: RoomState | null,
  actor: Actor,
  memberId: string,
  now: number,
  settings: RoomsSettings,
): Outcome {
  const lived = requireOwned(state, actor);
  if (actor.kind === 'user' && actor.userId === memberId) {
    throw new LianmaiError('invalidArgument', 'You cannot remove yourself. Quit the room or dissolve it.');
  }
  const revocations = revoke(lived.revocations, memberId, settings.maxRevocations);
  const outcome = depart({ ...lived, revocations }, [{ userId: memberId, reason: 'kicked' }], now, settings);
  // Told first: the doors must be shut before anybody acts on the seat being free.
  return { state: outcome.state, happenings: [{ kind: 'kicked', userId: memberId }, ...outcome.happenings] };
}

/** Lets a removed user in again; nothing happens to one who was not removed. */
export function forgiveMember(state: RoomState | null, actor: Actor, memberId: string): Outcome {
  const lived = requireOwned(state, actor);
  const revocations = lived.revocations.filter((one) => one.userId !== memberId);
  if (revocations.length === lived.revocations.length) return { state, happenings: [] };
  return { state: { ...lived, revocations }, happenings: [{ kind: 'forgiven', userId: memberId }] };
}

/** Ends the room for everybody. */
export function dissolveRoom(state: RoomState | null, actor: Actor, now: number, settings: RoomsSettings): Outcome {
  const lived = requireOwned(state, actor);
  return depart(
    lived,
    lived.live.seats.map(({ userId }) => ({ userId, reason: 'dissolved' })),
    now,
    settings,
  );
}
