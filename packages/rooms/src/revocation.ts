import { LianmaiError } from '@lianmai/protocol';
import type { Outcome } from './happening.ts';
import type { Revocation, RoomState } from './state.ts';

/** Whether this user is kept out at `now` (Unix ms). */
export function isRevokedIn(state: RoomState | null, userId: string, now: number): boolean {
  return state?.revocations.some((one) => one.userId === userId && stands(one, now)) ?? false;
}

/** Throws `removed` for a user who is kept out. */
export function refuseRevoked(state: RoomState | null, userId: string, now: number): void {
  if (isRevokedIn(state, userId, now)) throw new LianmaiError('removed');
}

/** Whether a revocation still holds. */
export function stands(revocation: Revocation, now: number): boolean {
  return revocation.until === null || revocation.until > now;
}

/**
 * Adds the user for as long as the room lives. A full list refuses rather than forgetting somebody: a removal that comes
 * undone by itself would be none.
 */
export function revoke(revocations: readonly Revocation[], userId: string, most: number): readonly Revocation[] {
  const others = revocations.filter((one) => one.userId !== userId);
  if (others.length >= most) {
    throw new LianmaiError(
      'invalidArgument',
      `This room remembers ${most} removed users already. Let one in again first.`,
    );
  }
  return [...others, { userId, until: null }];
}

/** From the end of the room on the removals run out, each after the same time; those that ran already keep their end. */
export function revocationsAfterEnd(
  revocations: readonly Revocation[],
  endedAt: number,
  revocationMs: number,
): readonly Revocation[] {
  return revocations.map((one) => (one.until === null ? { ...one, until: endedAt + revocationMs } : one));
}

/** Forgets the removals that have run out, and the document with the last of them when there is no room in it. */
export function forgetRunOut(state: RoomState | null, now: number): Outcome {
  if (state === null) return { state, happenings: [] };
  const runOut = state.revocations.filter((one) => !stands(one, now));
  const revocations = state.revocations.filter((one) => stands(one, now));
  const happenings = runOut.map(({ userId }) => ({ kind: 'forgiven' as const, userId }));
  if (state.live === null && revocations.length === 0) return { state: null, happenings };
  return { state: runOut.length === 0 ? state : { ...state, revocations }, happenings };
}
