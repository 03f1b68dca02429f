import type { Participant } from 'livekit-client';

/** As much of a participant as the order needs. */
export type Arrived = Pick<Participant, 'identity' | 'isLocal' | 'joinedAt'>;

/**
 * Me first, then whoever has been here longest. Nobody's row moves while he is here: a list that follows who speaks puts somebody
 * else under the finger that is about to remove one.
 */
export function byArrival<T extends Arrived>(people: readonly T[]): T[] {
  return [...people].sort(
    (one, other) =>
      Number(other.isLocal) - Number(one.isLocal) ||
      arrival(one) - arrival(other) ||
      (one.identity < other.identity ? -1 : 1),
  );
}

/** Unix ms, whole seconds as LiveKit tells them. */
function arrival({ joinedAt }: Arrived): number {
  return joinedAt === undefined ? Number.MAX_SAFE_INTEGER : joinedAt.getTime();
}
