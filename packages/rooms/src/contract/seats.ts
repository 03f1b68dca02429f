import { describe, expect, it } from 'vitest';
import type { RoomsSettingsInput } from '../settings.ts';
import { APP, type Lab, LEASE, present, refused, room, SERVER, user } from './lab.ts';

/** Leases and presence in the media room. */
export function seatsSuite(lab: (settings?: RoomsSettingsInput) => Promise<Lab>): void {
  describe('seats', () => {
    it('[RM30] [RM31] a lease lapses unless a heartbeat renews it', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.enter('1', 'bob');
      hall.now += LEASE - 1;
      expect(await hall.rooms.heartbeat(room('1'), 'bob')).toEqual({ expiresAt: hall.now + LEASE });
      expect(await hall.members('1')).toEqual(['ann', 'bob']);
      hall.told();
      hall.now += 1;
      expect(await hall.members('1')).toEqual(['bob']);
      expect(hall.told()).toEqual(['member-left ann (expired)', 'owner-changed bob']);
      await refused(hall.rooms.heartbeat(room('1'), 'ann'), 'notMember');
      await refused(hall.rooms.heartbeat(room('2'), 'ann'), 'noSuchRoom');
    });

    it('[RM32] a lapsed seat is free for the next, in the same step', async () => {
      const hall = await lab();
      await hall.create('1', 'ann', { capacity: 2 });
      await hall.enter('1', 'bob');
      hall.now += LEASE / 2;
      await hall.rooms.heartbeat(room('1'), 'ann');
      hall.now += LEASE / 2;
      await hall.enter('1', 'cat');
      expect(await hall.members('1')).toEqual(['ann', 'cat']);
      expect(hall.told().slice(3)).toEqual(['member-left bob (expired)', 'member-joined cat']);
    });

    it('[RM32] a member count in the list counts no ghost', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.enter('1', 'bob');
      hall.now += LEASE - 1;
      await hall.rooms.heartbeat(room('1'), 'bob');
      hall.now += 1;
      const { rooms, total } = await hall.rooms.list(APP, { skip: 0, limit: 10, order: 'fullest' });
      expect(total).toBe(1);
      expect(rooms[0]).toMatchObject({ memberCount: 1, ownerID: 'bob' });
    });

    it('[RM33] the sweep frees lapsed seats and ends empty rooms, and tells how many', async () => {
      const hall = await lab();
      for (const roomId of ['1', '2', '3']) {
        await hall.enter(roomId, 'ann');
        await hall.enter(roomId, 'bob');
      }
      hall.now += LEASE - 1;
      await hall.rooms.heartbeat(room('3'), 'ann');
      expect(await hall.rooms.sweep()).toEqual({ seats: 0, rooms: 0 });
      hall.now += 1;
      hall.told();
      expect(await hall.rooms.sweep()).toEqual({ seats: 5, rooms: 2 });
      expect(hall.told().filter((one) => one.startsWith('room-ended'))).toHaveLength(2);
      expect(await hall.rooms.sweep()).toEqual({ seats: 0, rooms: 0 });
      expect(await hall.store.scan({}, null, 10)).toHaveLength(1);
    });

    it('[RM33] a sweep takes on more rooms than it reads at once', async () => {
      const hall = await lab();
      await Promise.all(Array.from({ length: 450 }, (_, index) => hall.enter(String(index + 1), 'ann')));
      hall.now += LEASE;
      expect(await hall.rooms.sweep()).toEqual({ seats: 450, rooms: 450 });
    });

    it('[RM34] [RM35] presence holds a seat for any time, and its end frees it at once', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      expect(await hall.rooms.mediaJoined(room('1'), present('ann', 'PA_1'))).toBe('seated');
      hall.now += 100 * LEASE;
      expect(await hall.rooms.sweep()).toEqual({ seats: 0, rooms: 0 });
      expect(await hall.rooms.heartbeat(room('1'), 'ann')).toEqual({ expiresAt: hall.now + LEASE });
      expect(await hall.members('1')).toEqual(['ann']);
      hall.told();
      await hall.rooms.mediaLeft(room('1'), present('ann', 'PA_1'));
      expect(hall.told()).toEqual(['member-left ann (media)', 'room-ended (empty)']);
      await hall.rooms.mediaLeft(room('1'), present('ann', 'PA_1'));
      expect(hall.told()).toEqual([]);
    });

    it('[RM36] the late end of an older connection leaves the newer one its seat', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.rooms.mediaJoined(room('1'), present('ann', 'PA_1'));
      await hall.rooms.mediaJoined(room('1'), present('ann', 'PA_2'));
      await hall.rooms.mediaLeft(room('1'), present('ann', 'PA_1'));
      hall.now += 100 * LEASE;
      expect(await hall.members('1')).toEqual(['ann']);
      await hall.rooms.mediaLeft(room('1'), present('ann', 'PA_2'));
      expect(await hall.members('1')).toBeNull();
    });

    it('[RM37] entering anew keeps the seat over the change of connections, and not for longer than a lease', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.rooms.mediaJoined(room('1'), present('ann', 'PA_1'));
      await hall.enter('1', 'ann');
      await hall.rooms.mediaLeft(room('1'), present('ann', 'PA_1'));
      expect(await hall.members('1')).toEqual(['ann']);
      await hall.rooms.mediaJoined(room('1'), present('ann', 'PA_2'));
      await hall.enter('1', 'ann');
      hall.now += LEASE;
      expect(await hall.members('1')).toEqual(['ann']);
      await hall.rooms.mediaLeft(room('1'), present('ann', 'PA_2'));
      expect(await hall.members('1')).toBeNull();
    });

    it('[RM38] after a restart of the media service everybody has a lease to come back', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.rooms.mediaJoined(room('1'), present('ann', 'PA_1'));
      await hall.rooms.mediaJoined(room('1'), present('bob', 'PA_2'));
      hall.now += 100 * LEASE;
      hall.told();
      await hall.rooms.mediaRestarted(APP);
      expect(await hall.members('1')).toEqual(['ann', 'bob']);
      hall.now += LEASE - 1;
      await hall.rooms.mediaJoined(room('1'), present('bob', 'PA_9'));
      hall.now += 1;
      expect(await hall.members('1')).toEqual(['bob']);
      expect(hall.told()).toEqual(['member-left ann (expired)', 'owner-changed bob']);
    });

    it('[RM39] a listing frees the vanished, seats the missed and refuses the rest', async () => {
      const hall = await lab({ defaultCapacity: 3 });
      await hall.enter('1', 'ann');
      await hall.enter('1', 'bob');
      await hall.rooms.kick(SERVER, room('1'), 'eve');
      await hall.rooms.mediaJoined(room('1'), present('ann', 'PA_1'));
      hall.now += 5000;
      hall.told();
      const listing = [
        present('bob', 'PA_2'),
        present('cat', 'PA_3'),
        present('eve', 'PA_4'),
        present('dan', 'PA_5'),
        present('fay', 'PA_6'),
      ];
      const { refused } = await hall.rooms.reconcile(room('1'), listing);
      expect(refused.map((one) => one.userId)).toEqual(['eve', 'fay']);
      expect(await hall.members('1')).toEqual(['bob', 'cat', 'dan']);
      expect(hall.told()).toEqual([
        'member-left ann (media)',
        'owner-changed bob',
        'member-joined cat',
        'member-joined dan',
      ]);
      hall.now += 100 * LEASE;
      expect(await hall.members('1')).toEqual(['bob', 'cat', 'dan']);
      expect(await hall.rooms.reconcile(room('2'), [present('ann', 'PA_1')])).toEqual({
        refused: [present('ann', 'PA_1')],
      });
    });

    it('[RM39] a listing older than what is known changes nothing', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.rooms.mediaJoined(room('1'), present('ann', 'PA_2'));
      hall.now += 4999;
      await hall.rooms.reconcile(room('1'), []);
      await hall.rooms.reconcile(room('1'), [present('ann', 'PA_1')]);
      await hall.rooms.mediaLeft(room('1'), present('ann', 'PA_1'));
      expect(await hall.members('1')).toEqual(['ann']);
      hall.now += 1;
      await hall.rooms.reconcile(room('1'), [present('ann', 'PA_3')]);
      await hall.rooms.mediaLeft(room('1'), present('ann', 'PA_2'));
      expect(await hall.members('1')).toEqual(['ann']);
      hall.now += 5000;
      await hall.rooms.reconcile(room('1'), []);
      expect(await hall.members('1')).toBeNull();
    });

    it('[RM41] the seat of somebody who is awaited waits on a lease, whether his end was told or found', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.rooms.mediaJoined(room('1'), present('ann', 'PA_1'));
      await hall.rooms.mediaJoined(room('1'), present('bob', 'PA_2'));
      await hall.rooms.mediaJoined(room('1'), present('cat', 'PA_3'));
      hall.now += 100 * LEASE;
      const isAwaited = (userId: string) => userId !== 'bob';
      hall.told();
      await hall.rooms.mediaLeft(room('1'), present('ann', 'PA_1'), isAwaited);
      await hall.rooms.mediaLeft(room('1'), present('bob', 'PA_2'), isAwaited);
      await hall.rooms.reconcile(room('1'), [], isAwaited);
      expect(hall.told()).toEqual(['member-left bob (media)']);
      expect(await hall.members('1')).toEqual(['ann', 'cat']);
      hall.now += LEASE - 1;
      await hall.rooms.heartbeat(room('1'), 'ann');
      hall.now += 1;
      expect(await hall.members('1')).toEqual(['ann']);
      hall.now += LEASE - 1;
      expect(await hall.members('1')).toBeNull();
    });

    it('[RM40] who appears in the media room without a seat: seated, or refused when full, removed, nameless or too late', async () => {
      const hall = await lab();
      await hall.create('1', 'ann', { capacity: 2 });
      await hall.rooms.kick(user('ann'), room('1'), 'eve');
      expect(await hall.rooms.mediaJoined(room('1'), present('eve', 'PA_1'))).toBe('refused');
      expect(await hall.rooms.mediaJoined(room('1'), present('not a user id', 'PA_1'))).toBe('refused');
      expect(await hall.rooms.mediaJoined(room('1'), present('bob', 'PA_2'))).toBe('seated');
      expect(await hall.rooms.mediaJoined(room('1'), present('cat', 'PA_3'))).toBe('refused');
      expect(await hall.rooms.mediaJoined(room('9'), present('bob', 'PA_4'))).toBe('refused');
      expect(await hall.members('1')).toEqual(['ann', 'bob']);
      expect(await hall.members('9')).toBeNull();
    });
  });
}
