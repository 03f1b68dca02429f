import type { ListOrder } from '@lianmai/protocol';
import type { LiveRoom, RoomState } from './state.ts';
import type { RoomKey } from './types.ts';

/** What a decision makes of a room. `next` the very object that came in: nothing is written; null: the document goes. */
export interface Transition<R> {
  readonly next: RoomState | null;
  readonly result: R;
}

/**
 * Decides on the state of one room. Synchronous, without effects: a store that compares and sets calls it again with the newer
 * state. What it throws leaves the room as it was and rejects `transact` with just that error.
 *
 * `liveRooms` counts the live rooms of the whole store. It is asked only when a room is to be made, and may be a
 * moment old where a store cannot count inside the transition: a guard against floods, not an exact bound.
 */
export type Decide<R> = (state: RoomState | null, liveRooms: () => number) => Transition<R>;

export interface StoredRoom extends RoomKey {
  readonly state: RoomState;
}

export interface LiveListing {
  readonly rooms: (RoomKey & { readonly live: LiveRoom })[];
  /** Live rooms of the application, whatever the page. */
  readonly total: number;
}

/**
 * Where rooms are kept. The store enforces the concurrency rules, over all processes that use the same database:
 *
 * - `transact` is atomic and durable for one key: between the state that `decide` saw and the one written nobody else
 *   wrote (transaction, or version compare-and-set with retry), and it resolves only when the new state would survive the
 *   loss of the process.
 * - there is one document per (sdkAppId, roomId), by a unique key of the database.
 *
 * It needs no transaction over two documents, so a document database serves (with `_id` made of the key and a version
 * field). A failure of the database is `LianmaiError('storeUnavailable')`. The store knows no rule: it reads of the state only
 * what {@link storedColumns} takes out for its indexes.
 */
export interface RoomStore {
  transact<R>(key: RoomKey, decide: Decide<R>): Promise<R>;
  /** The committed state, or null. */
  read(key: RoomKey): Promise<RoomState | null>;
  /**
   * A page of one application's live rooms. Orders: `newest` by createdAt down, `oldest` by createdAt up, `fullest`
   * by the number of seats down, then newest; ties by roomId as text upward, so that pages do not overlap.
   */
  list(sdkAppId: number, page: { skip: number; limit: number; order: ListOrder }): Promise<LiveListing>;
  /** Keys of rooms whose `dueAt` is at most `now` (Unix ms), most overdue first. */
  due(now: number, limit: number): Promise<RoomKey[]>;
  /** Documents after a key, in the order of (sdkAppId, roomId as text): for walks over everything. */
  scan(
    filter: { sdkAppId?: number; revokedOnly?: boolean },
    after: RoomKey | null,
    limit: number,
  ): Promise<StoredRoom[]>;
}

/** What a store indexes of a room, beside its key. */
export interface StoredColumns {
  readonly live: boolean;
  /** Unix ms; 0 for an ended room. */
  readonly createdAt: number;
  readonly members: number;
  readonly revoked: boolean;
  /** Unix ms when something in it lapses; null: nothing will by itself. */
  readonly dueAt: number | null;
}

/** Takes out of a state what stores index. */
export function storedColumns(state: RoomState): StoredColumns {
  let dueAt = Number.POSITIVE_INFINITY;
  for (const seat of state.live?.seats ?? []) {
    if (seat.participantSid === null) dueAt = Math.min(dueAt, seat.leaseUntil);
  }
  for (const revocation of state.revocations) dueAt = Math.min(dueAt, revocation.until ?? dueAt);
  return {
    live: state.live !== null,
    createdAt: state.live?.createdAt ?? 0,
    members: state.live?.seats.length ?? 0,
    revoked: state.revocations.length > 0,
    dueAt: dueAt === Number.POSITIVE_INFINITY ? null : dueAt,
  };
}
