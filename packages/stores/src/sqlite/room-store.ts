import type { ListOrder } from '@lianmai/protocol';
import {
  type Decide,
  type LiveListing,
  type RoomKey,
  type RoomState,
  type RoomStore,
  type StoredRoom,
  storedColumns,
} from '@lianmai/rooms';
import type { Database, Row } from './database.ts';

const READ = 'SELECT state FROM rooms WHERE sdk_app_id = ? AND room_id = ?';
const COUNT_ALL = 'SELECT coalesce(sum(live), 0) AS live FROM room_counts';
const COUNT = 'SELECT live FROM room_counts WHERE sdk_app_id = ?';
const INSERT = `INSERT INTO rooms (live, created_at, members, revoked, due_at, state, sdk_app_id, room_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const UPDATE = `UPDATE rooms SET live = ?, created_at = ?, members = ?, revoked = ?, due_at = ?, state = ? WHERE sdk_app_id = ? AND room_id = ?`;
const DELETE = 'DELETE FROM rooms WHERE sdk_app_id = ? AND room_id = ?';
const DUE = 'SELECT sdk_app_id, room_id FROM rooms WHERE due_at <= ? ORDER BY due_at LIMIT ?';

const LIVE = 'SELECT sdk_app_id, room_id, state FROM rooms WHERE sdk_app_id = ? AND live = 1';
/** The list's queries; each order has its index. */
export const LIST: Record<ListOrder, string> = {
  newest: `${LIVE} ORDER BY created_at DESC, room_id LIMIT ? OFFSET ?`,
  oldest: `${LIVE} ORDER BY created_at, room_id LIMIT ? OFFSET ?`,
  fullest: `${LIVE} ORDER BY members DESC, created_at DESC, room_id LIMIT ? OFFSET ?`,
};

/** What a transition came to inside a shared transaction: a refusal of the rules must not undo the others' work. */
type Decided<R> = { readonly ok: true; readonly result: R } | { readonly ok: false; readonly error: unknown };

/** Rooms as one JSON document per row, beside it the columns that lists and sweeps need. */
export function createSqliteRoomStore(database: Database): RoomStore {
  const load = (key: RoomKey): RoomState | null => {
    const row = database.get(READ, key.sdkAppId, key.roomId);
    return row === undefined ? null : stateOf(row);
  };
  const save = (key: RoomKey, before: RoomState | null, next: RoomState): void => {
    const { live, createdAt, members, revoked, dueAt } = storedColumns(next);
    const sql = before === null ? INSERT : UPDATE;
    database.run(
      sql,
      Number(live),
      createdAt,
      members,
      Number(revoked),
      dueAt,
      JSON.stringify(next),
      key.sdkAppId,
      key.roomId,
    );
  };
  const liveRooms = (): number => Number(database.get(COUNT_ALL)?.['live'] ?? 0);

  return {
    async transact<R>(key: RoomKey, decide: Decide<R>): Promise<R> {
      const decided = await database.write((): Decided<R> => {
        const state = load(key);
        let transition: ReturnType<Decide<R>>;
        try {
          transition = decide(state, liveRooms);
        } catch (error) {
          return { ok: false, error };
        }
        const { next, result } = transition;
        if (next !== state) {
          if (next === null) database.run(DELETE, key.sdkAppId, key.roomId);
          else save(key, state, next);
        }
        return { ok: true, result };
      });
      if (!decided.ok) throw decided.error;
      return decided.result;
    },

    async read(key) {
      return load(key);
    },

    async list(sdkAppId, { skip, limit, order }): Promise<LiveListing> {
      const rooms = database.all(LIST[order], sdkAppId, limit, skip).flatMap((row) => {
        const { live } = stateOf(row);
        return live === null ? [] : [{ ...keyOf(row), live }];
      });
      return { rooms, total: Number(database.get(COUNT, sdkAppId)?.['live'] ?? 0) };
    },

    async due(now, limit) {
      return database.all(DUE, now, limit).map(keyOf);
    },

    async scan({ sdkAppId, revokedOnly }, after, limit): Promise<StoredRoom[]> {
      const conditions: string[] = [];
      const values: (number | string)[] = [];
      if (sdkAppId !== undefined) {
        conditions.push('sdk_app_id = ?');
        values.push(sdkAppId);
      }
      if (revokedOnly) conditions.push('revoked = 1');
      if (after !== null) {
        conditions.push('(sdk_app_id, room_id) > (?, ?)');
        values.push(after.sdkAppId, after.roomId);
      }
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
      const sql = `SELECT sdk_app_id, room_id, state FROM rooms ${where} ORDER BY sdk_app_id, room_id LIMIT ?`;
      return database.all(sql, ...values, limit).map((row) => ({ ...keyOf(row), state: stateOf(row) }));
    },
  };
}

function keyOf(row: Row): RoomKey {
  return { sdkAppId: Number(row['sdk_app_id']), roomId: String(row['room_id']) };
}

function stateOf(row: Row): RoomState {
  return JSON.parse(String(row['state'])) as RoomState;
}
