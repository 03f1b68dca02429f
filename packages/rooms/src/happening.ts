import type { RoomState } from './state.ts';
import type { RoomEvent, RoomKey } from './types.ts';

type WithoutKey<E> = E extends unknown ? Omit<E, 'key'> : never;

/** A {@link RoomEvent} before it is said which room it is about: rules do not know their room's key. */
export type Happening = WithoutKey<RoomEvent>;

/** What a rule makes of a room, with what there is to tell about it once it is stored. */
export interface Outcome<S = RoomState | null> {
  /** The very object that came in when nothing changed. */
  readonly state: S;
  readonly happenings: readonly Happening[];
}

/** An outcome together with the answer for whoever asked. */
export interface Ruling<T> extends Outcome {
  readonly value: T;
}

/** Says which room. */
export function eventOf(key: RoomKey, happening: Happening): RoomEvent {
  return { ...happening, key };
}
