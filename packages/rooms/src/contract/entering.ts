import { describe, expect, it } from 'vitest';
import type { RoomsSettingsInput } from '../settings.ts';
import { APP, type Lab, LEASE, present, refused, room, SERVER, user } from './lab.ts';

type MakeLab = (settings?: RoomsSettingsInput, extra?: { random?: () => number }) => Promise<Lab>;

/** Creating, entering, quitting. */
export function enteringSuite(lab: MakeLab): void {
  describe('entering and leaving', () => {
    it('[RM2] [RM8] enter with an id makes the room, then joins it', async () => {
      const hall = await lab();
      const made = await hall.rooms.enter({ ...room('42'), roomName: ' tea ', userId: 'ann', userName: 'Ann' });
      expect(made).toMatchObject({
        created: true,
        privileges: 255,
        leaseUntil: hall.now + LEASE,
        room: {
          roomID: '42',
          roomName: 'tea',
          creator: 'ann',
          ownerID: 'ann',
          memberCount: 1,
          capacity: 16,
          createTime: hall.now,
        },
      });
      const joined = await hall.rooms.enter({ ...room('42'), roomName: 'coffee', userId: 'bob', userName: 'Bob' });
      expect(joined).toMatchObject({ created: false, room: { roomName: 'tea', ownerID: 'ann', memberCount: 2 } });
      expect(joined.room.members?.map((one) => one.userName)).toEqual(['Ann', 'Bob']);
      expect(hall.told()).toEqual(['room-created', 'member-joined ann', 'member-joined bob']);
    });

    it('[RM7] a room without a name is called by its number', async () => {
      const hall = await lab();
      expect((await hall.enter('42', 'ann')).room.roomName).toBe('42');
      expect((await hall.create('43', 'ann')).room.roomName).toBe('43');
    });

    it('[RM2] without the privilege to create, an absent room is not made', async () => {
      const hall = await lab();
      const request = { userId: 'ann', userName: 'Ann', mayCreate: false };
      await refused(hall.rooms.enter({ ...room('42'), ...request }), 'noSuchRoom');
      await refused(hall.rooms.enter({ sdkAppId: APP, roomName: 'tea', ...request }), 'notPermitted');
      await hall.enter('42', 'bob');
      expect(await hall.rooms.enter({ ...room('42'), ...request })).toMatchObject({ created: false });
    });

    it('[RM6] drawn ids have eight digits, the first not 0; a taken one is drawn anew', async () => {
      const draws = [0, 0, 0.999999999, 0, 0.5];
      const hall = await lab({}, { random: () => draws.shift() ?? 0 });
      const ids: string[] = [];
      for (const userId of ['ann', 'bob', 'cat']) {
        ids.push((await hall.rooms.enter({ sdkAppId: APP, roomName: 'tea', userId, userName: userId })).room.roomID);
      }
      expect(ids).toEqual(['10000000', '99999999', '55000000']);
      const stuck = hall.rooms.create(user('dan'), { key: { sdkAppId: APP }, userId: 'dan', userName: 'Dan' });
      await refused(stuck, 'tooManyRooms');
      expect(await hall.members('10000000')).toEqual(['ann']);
    });

    it('[RM10] capacity: the default, the wanted, the most', async () => {
      const hall = await lab({ defaultCapacity: 2, maxCapacity: 3 });
      expect((await hall.create('1', 'ann')).room.capacity).toBe(2);
      expect((await hall.create('2', 'ann', { capacity: 3 })).room.capacity).toBe(3);
      for (const capacity of [0, 4, 1.5, Number.NaN])
        await refused(hall.create('3', 'ann', { capacity }), 'invalidArgument');
      await hall.enter('1', 'bob');
      await refused(hall.enter('1', 'cat'), 'roomFull');
      await hall.rooms.quit(room('1'), 'bob');
      expect((await hall.enter('1', 'cat')).room.memberCount).toBe(2);
    });

    it('[RM13] no more rooms than the server is set up for; ended ones make place', async () => {
      const hall = await lab({ maxRooms: 2 });
      await hall.enter('1', 'ann');
      await hall.enter('2', 'ann');
      await refused(hall.enter('3', 'ann'), 'tooManyRooms');
      expect(await hall.enter('2', 'bob')).toMatchObject({ created: false });
      await hall.rooms.kick(SERVER, room('1'), 'zed');
      await hall.rooms.quit(room('1'), 'ann');
      expect(await hall.enter('3', 'ann')).toMatchObject({ created: true });
    });

    it('[RM14] everything is checked once more, whoever calls', async () => {
      const hall = await lab();
      await refused(hall.enter('1', 'a b'), 'invalidArgument');
      await refused(hall.enter('1', ''), 'invalidArgument');
      await refused(hall.create('1', 'ann', { privilegeMap: 256 }), 'invalidArgument');
      await refused(hall.rooms.list(0, { skip: 0, limit: 1, order: 'newest' }), 'invalidArgument');
      const request = { key: room('1'), userId: 'bob', userName: 'Bob' };
      await refused(hall.rooms.create(user('ann'), request), 'notYourself');
      expect(await hall.rooms.create(SERVER, request)).toMatchObject({ room: { creator: 'bob' } });
      const long = await hall.rooms.enter({ ...room('1'), userId: 'cat', userName: `${'x'.repeat(63)}😀` });
      expect(long.room.members?.[1]?.userName).toBe('x'.repeat(63));
    });

    it('[RM21] the last to quit ends the room', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.enter('1', 'bob');
      hall.told();
      const left = await hall.rooms.quit(room('1'), 'bob');
      expect(left).toMatchObject({ memberCount: 1 });
      expect(left).not.toHaveProperty('members');
      expect(await hall.rooms.quit(room('1'), 'ann')).toBeNull();
      expect(hall.told()).toEqual(['member-left bob (quit)', 'member-left ann (quit)', 'room-ended (empty)']);
      expect(await hall.store.read(room('1'))).toBeNull();
    });

    it('[RM22] [RM23] who has been there longest inherits, by his first entering; the creator stays the creator', async () => {
      const hall = await lab();
      for (const name of ['ann', 'bob', 'cat']) await hall.enter('1', name);
      await hall.enter('1', 'bob');
      await hall.rooms.mediaJoined(room('1'), present('cat', 'PA_1'));
      hall.told();
      expect(await hall.rooms.quit(room('1'), 'ann')).toMatchObject({ creator: 'ann', ownerID: 'bob' });
      expect(hall.told()).toEqual(['member-left ann (quit)', 'owner-changed bob']);
      expect((await hall.enter('1', 'ann')).room).toMatchObject({ creator: 'ann', ownerID: 'bob' });
      expect(await hall.rooms.requireOwner(user('bob'), room('1'))).toMatchObject({ ownerID: 'bob' });
      expect(await hall.rooms.requireOwner(SERVER, room('1'))).toMatchObject({ ownerID: 'bob' });
      await refused(hall.rooms.requireOwner(user('ann'), room('1')), 'notOwner');
      await refused(hall.rooms.requireOwner(user('ann'), room('2')), 'noSuchRoom');
    });

    it('[RM65] applications do not see one another', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      const other = { sdkAppId: APP + 1, roomId: '1' };
      expect(await hall.rooms.enter({ ...other, userId: 'ann', userName: 'Ann' })).toMatchObject({ created: true });
      await hall.rooms.kick(SERVER, other, 'bob');
      expect(await hall.rooms.isRevoked(room('1'), 'bob')).toBe(false);
      await hall.rooms.quit(other, 'ann');
      expect(await hall.members('1')).toEqual(['ann']);
      expect((await hall.rooms.list(APP + 1, { skip: 0, limit: 9, order: 'newest' })).total).toBe(0);
    });

    it('[RM73] a listener that fails costs nobody anything', async () => {
      const hall = await lab();
      hall.rooms.onEvent(() => {
        throw new Error('listener');
      });
      const after: string[] = [];
      hall.rooms.onEvent((event) => after.push(event.kind));
      expect(await hall.enter('1', 'ann')).toMatchObject({ created: true });
      expect(after).toEqual(['room-created', 'member-joined']);
    });

    it('[RM70] events are told when the store has the change, and none for a refusal', async () => {
      const hall = await lab();
      const stored: Promise<unknown>[] = [];
      hall.rooms.onEvent((event) =>
        stored.push(hall.store.read(event.key).then((state) => state?.live?.seats.length ?? 0)),
      );
      await hall.create('1', 'ann', { capacity: 1 });
      await refused(hall.enter('1', 'bob'), 'roomFull');
      expect(await Promise.all(stored)).toEqual([1, 1]);
      expect(hall.told()).toEqual(['room-created', 'member-joined ann']);
    });
  });
}
