import { describe, expect, it } from 'vitest';
import type { RoomState, Seat } from '../state.ts';
import type { RoomStore } from '../store.ts';
import type { RoomKey } from '../types.ts';
import { APP, type OpenStore, room } from './lab.ts';

/** What every {@link RoomStore} must do, without the rules above it. */
export function storeSuite(open: OpenStore): void {
  const withStore = async (test: (store: RoomStore) => Promise<void>): Promise<void> => {
    const opened = await open();
    try {
      await test(opened.store);
    } finally {
      await opened.close();
    }
  };

  describe('store', () => {
    it('[RM80] a transition sees what the one before it wrote, however many are asked for at once', () =>
      withStore(async (store) => {
        const add = (): Promise<number> =>
          store.transact(room('1'), (state) => {
            const seats = [...(state?.live?.seats ?? []), seat(`u${state?.live?.seats.length ?? 0}`)];
            return { next: stateOf({ seats }), result: seats.length };
          });
        const results = await Promise.all(Array.from({ length: 50 }, add));
        expect(results.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
        expect((await store.read(room('1')))?.live?.seats).toHaveLength(50);
      }));

    it('[RM80] keeps a state as it is, and lets it go', () =>
      withStore(async (store) => {
        const state: RoomState = {
          ...stateOf({
            seats: [seat('ann'), { ...seat('bob'), participantSid: 'PA_1', presentSince: 7, userName: 'Zoë 😀 "' }],
          }),
          revocations: [
            { userId: 'eve', until: null },
            { userId: 'fay', until: 9 },
          ],
        };
        expect(await store.read(room('1'))).toBeNull();
        await put(store, room('1'), state);
        expect(await store.read(room('1'))).toEqual(state);
        await put(store, room('1'), { live: null, revocations: state.revocations });
        expect(await store.read(room('1'))).toEqual({ live: null, revocations: state.revocations });
        await put(store, room('1'), null);
        expect(await store.read(room('1'))).toBeNull();
        expect(await store.scan({}, null, 10)).toEqual([]);
      }));

    it('[RM81] a decision that throws writes nothing, and harms none that is made at the same time', () =>
      withStore(async (store) => {
        await put(store, room('1'), stateOf({ seats: [seat('ann')] }));
        const refusal = new Error('refused');
        const results = await Promise.allSettled([
          put(store, room('2'), stateOf({ seats: [seat('bob')] })),
          store.transact(room('1'), () => {
            throw refusal;
          }),
          put(store, room('3'), stateOf({ seats: [seat('cat')] })),
        ]);
        expect(results.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(results[1]).toMatchObject({ reason: refusal });
        const all = await store.scan({}, null, 10);
        expect(all.map((one) => `${one.roomId} ${one.state.live?.seats[0]?.userId}`)).toEqual([
          '1 ann',
          '2 bob',
          '3 cat',
        ]);
      }));

    it('[RM13] counts the live rooms of all applications while deciding', () =>
      withStore(async (store) => {
        const count = (): Promise<number> =>
          store.transact(room('99'), (state, liveRooms) => ({ next: state, result: liveRooms() }));
        expect(await count()).toBe(0);
        await put(store, room('1'), stateOf({}));
        await put(store, room('2'), stateOf({}));
        await put(store, { sdkAppId: APP + 1, roomId: '1' }, stateOf({}));
        expect(await count()).toBe(3);
        await put(store, room('1'), { live: null, revocations: [{ userId: 'eve', until: 9 }] });
        expect(await count()).toBe(2);
        await put(store, room('1'), stateOf({}));
        await put(store, room('1'), stateOf({ capacity: 9 }));
        expect(await count()).toBe(3);
        for (const roomId of ['1', '2']) await put(store, room(roomId), null);
        expect(await count()).toBe(1);
        expect((await store.list(APP, { skip: 0, limit: 9, order: 'newest' })).total).toBe(0);
      }));

    it('[RM62] [RM63] lists in three orders, with ties settled, so that pages neither overlap nor leave gaps', () =>
      withStore(async (store) => {
        const rooms: [string, number, number][] = [
          ['5', 100, 1],
          ['10', 100, 3],
          ['9', 300, 1],
          ['70', 200, 3],
          ['8', 200, 2],
        ];
        for (const [roomId, createdAt, members] of rooms) {
          const seats = Array.from({ length: members }, (_, index) => seat(`u${index}`));
          await put(store, room(roomId), stateOf({ createdAt, seats }));
        }
        await put(store, room('1'), { live: null, revocations: [{ userId: 'eve', until: 9 }] });
        await put(store, { sdkAppId: APP + 1, roomId: '2' }, stateOf({}));
        const ids = async (order: 'newest' | 'oldest' | 'fullest', limit: number): Promise<string[]> => {
          const all: string[] = [];
          for (let skip = 0; skip < 6; skip += limit) {
            const page = await store.list(APP, { skip, limit, order });
            expect(page.total).toBe(5);
            expect(page.rooms.length).toBeLessThanOrEqual(limit);
            all.push(...page.rooms.map((one) => one.roomId));
          }
          return all;
        };
        for (const limit of [1, 2, 10]) {
          expect(await ids('newest', limit)).toEqual(['9', '70', '8', '10', '5']);
          expect(await ids('oldest', limit)).toEqual(['10', '5', '70', '8', '9']);
          expect(await ids('fullest', limit)).toEqual(['70', '10', '8', '9', '5']);
        }
        expect((await store.list(APP, { skip: 9, limit: 9, order: 'newest' })).rooms).toEqual([]);
      }));

    it('[RM33] tells what is due, most overdue first: leases, and removals that run out', () =>
      withStore(async (store) => {
        await put(
          store,
          room('1'),
          stateOf({
            seats: [
              { ...seat('ann'), leaseUntil: 300 },
              { ...seat('bob'), leaseUntil: 200 },
            ],
          }),
        );
        await put(store, room('2'), stateOf({ seats: [{ ...seat('ann'), leaseUntil: 0, participantSid: 'PA_1' }] }));
        await put(store, room('3'), { live: null, revocations: [{ userId: 'eve', until: 100 }] });
        await put(store, room('4'), {
          ...stateOf({ seats: [{ ...seat('ann'), leaseUntil: 400 }] }),
          revocations: [{ userId: 'eve', until: null }],
        });
        const ids = async (now: number, limit: number): Promise<string[]> =>
          (await store.due(now, limit)).map((one) => one.roomId);
        expect(await ids(99, 9)).toEqual([]);
        expect(await ids(199, 9)).toEqual(['3']);
        expect(await ids(200, 9)).toEqual(['3', '1']);
        expect(await ids(1000, 9)).toEqual(['3', '1', '4']);
        expect(await ids(1000, 2)).toEqual(['3', '1']);
      }));

    it('[RM80] walks over everything, in parts, in one order', () =>
      withStore(async (store) => {
        const keys: RoomKey[] = [
          room('10'),
          room('9'),
          { sdkAppId: APP + 1, roomId: '1' },
          { sdkAppId: 7, roomId: '5' },
        ];
        for (const key of keys) await put(store, key, stateOf({}));
        await put(store, room('77'), { ...stateOf({}), revocations: [{ userId: 'eve', until: null }] });
        const walk = async (filter: { sdkAppId?: number; revokedOnly?: boolean }): Promise<string[]> => {
          const seen: string[] = [];
          for (let after: RoomKey | null = null; ; ) {
            const part = await store.scan(filter, after, 2);
            seen.push(...part.map((one) => `${one.sdkAppId - APP} ${one.roomId}`));
            after = part.at(-1) ?? null;
            if (after === null) return seen;
          }
        };
        expect(await walk({})).toEqual([`${7 - APP} 5`, '0 10', '0 77', '0 9', '1 1']);
        expect(await walk({ sdkAppId: APP })).toEqual(['0 10', '0 77', '0 9']);
        expect(await walk({ revokedOnly: true })).toEqual(['0 77']);
        expect(await walk({ sdkAppId: 7, revokedOnly: true })).toEqual([]);
      }));
  });
}

function put(store: RoomStore, key: RoomKey, next: RoomState | null): Promise<void> {
  return store.transact(key, () => ({ next, result: undefined }));
}

function seat(userId: string): Seat {
  return { userId, userName: userId, joinedAt: 1, participantSid: null, presentSince: 0, leaseUntil: 1000 };
}

function stateOf(live: Partial<NonNullable<RoomState['live']>>): RoomState {
  const room = {
    roomName: 'tea',
    creator: 'ann',
    ownerId: 'ann',
    capacity: 4,
    privilegeMap: 255,
    createdAt: 1,
    seats: [seat('ann')],
  };
  return { live: { ...room, ...live }, revocations: [] };
}
