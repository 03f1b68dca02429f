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

/**
 * The reference: says in the fewest words what a store must do. Documents are kept as text, so that a rule which keeps or changes an
 * object it was given shows.
 */
export function createMemoryRoomStore(): RoomStore {
  const documents = new Map<string, { key: RoomKey; text: string }>();
  const load = (key: RoomKey): RoomState | null => {
    const document = documents.get(nameOf(key));
    return document === undefined ? null : (JSON.parse(document.text) as RoomState);
  };
  const all = (): StoredRoom[] =>
    [...documents.values()].map(({ key, text }) => ({ ...key, state: JSON.parse(text) as RoomState })).sort(byKey);

  return {
    async transact<R>(key: RoomKey, decide: Decide<R>): Promise<R> {
      const state = load(key);
      const { next, result } = decide(state, () => all().filter((room) => room.state.live !== null).length);
      if (next === null) documents.delete(nameOf(key));
      else if (next !== state)
        documents.set(nameOf(key), { key: { sdkAppId: key.sdkAppId, roomId: key.roomId }, text: JSON.stringify(next) });
      return result;
    },
    async read(key) {
      return load(key);
    },
    async list(sdkAppId, { skip, limit, order }): Promise<LiveListing> {
      const rooms = all().flatMap(({ state, ...key }) =>
        key.sdkAppId === sdkAppId && state.live !== null ? [{ ...key, live: state.live }] : [],
      );
      return { rooms: rooms.sort(ORDERS[order]).slice(skip, skip + limit), total: rooms.length };
    },
    async due(now, limit) {
      const due = all().flatMap(({ state, ...key }) => {
        const { dueAt } = storedColumns(state);
        return dueAt !== null && dueAt <= now ? [{ key, dueAt }] : [];
      });
      return due
        .sort((a, b) => a.dueAt - b.dueAt)
        .slice(0, limit)
        .map(({ key }) => key);
    },
    async scan({ sdkAppId, revokedOnly }, after, limit) {
      return all()
        .filter((room) => sdkAppId === undefined || room.sdkAppId === sdkAppId)
        .filter((room) => !revokedOnly || room.state.revocations.length > 0)
        .filter((room) => after === null || byKey(room, after) > 0)
        .slice(0, limit);
    },
  };
}

type Listed = LiveListing['rooms'][number];

const ORDERS: Record<ListOrder, (a: Listed, b: Listed) => number> = {
  newest: (a, b) => b.live.createdAt - a.live.createdAt || byKey(a, b),
  oldest: (a, b) => a.live.createdAt - b.live.createdAt || byKey(a, b),
  fullest: (a, b) => b.live.seats.length - a.live.seats.length || b.live.createdAt - a.live.createdAt || byKey(a, b),
};

function nameOf(key: RoomKey): string {
  return `${key.sdkAppId}:${key.roomId}`;
}

function byKey(a: RoomKey, b: RoomKey): number {
  return a.sdkAppId - b.sdkAppId || (a.roomId < b.roomId ? -1 : Number(a.roomId > b.roomId));
}
