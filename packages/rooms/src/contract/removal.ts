import { describe, expect, it } from 'vitest';
import type { RoomsSettingsInput } from '../settings.ts';
import { HOUR, type Lab, LEASE, present, refused, room, SERVER, user } from './lab.ts';

/** Kick, forgive, dissolve. */
export function removalSuite(lab: (settings?: RoomsSettingsInput) => Promise<Lab>): void {
  describe('removal', () => {
    it('[RM50] [RM51] [RM71] a removed member is out and stays out, at every door', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.enter('1', 'bob');
      hall.told();
      expect(await hall.rooms.kick(user('ann'), room('1'), 'bob')).toMatchObject({ memberCount: 1 });
      expect(hall.told()).toEqual(['kicked bob', 'member-left bob (kicked)']);
      await refused(hall.enter('1', 'bob'), 'removed');
      await refused(hall.rooms.heartbeat(room('1'), 'bob'), 'removed');
      expect(await hall.rooms.mediaJoined(room('1'), present('bob', 'PA_1'))).toBe('refused');
      expect(await hall.rooms.isRevoked(room('1'), 'bob')).toBe(true);
      expect(await hall.rooms.isRevoked(room('1'), 'ann')).toBe(false);
      expect(await hall.rooms.revocations()).toEqual([{ ...room('1'), userId: 'bob' }]);
      await hall.rooms.mediaJoined(room('1'), present('ann', 'PA_1'));
      hall.now += 100 * HOUR;
      await refused(hall.enter('1', 'bob'), 'removed');
    });

    it('[RM52] [RM53] the removal outlives the room: making it anew does not help, waiting does', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.enter('1', 'bob');
      await hall.rooms.kick(user('ann'), room('1'), 'bob');
      expect(await hall.rooms.quit(room('1'), 'ann')).toBeNull();
      await refused(hall.enter('1', 'bob'), 'removed');
      await refused(hall.create('1', 'bob'), 'removed');
      await refused(hall.rooms.info(SERVER, room('1')), 'noSuchRoom');
      hall.now += HOUR - 1;
      expect(await hall.enter('1', 'cat')).toMatchObject({ created: true, room: { creator: 'cat' } });
      await refused(hall.enter('1', 'bob'), 'removed');
      expect(await hall.rooms.privileges(room('1'), 'bob')).toBe(0);
      hall.told();
      hall.now += 1;
      expect(await hall.enter('1', 'bob')).toMatchObject({ created: false });
      expect(hall.told()).toEqual(['forgiven bob', 'member-joined bob']);
      expect(await hall.rooms.revocations()).toEqual([]);
    });

    it('[RM52] a removal that has run out is told and forgotten by the sweep', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.rooms.kick(SERVER, room('1'), 'bob');
      hall.now += LEASE;
      await hall.rooms.sweep();
      expect(await hall.store.scan({}, null, 9)).toHaveLength(1);
      hall.told();
      hall.now += HOUR;
      expect(await hall.rooms.isRevoked(room('1'), 'bob')).toBe(false);
      await hall.rooms.sweep();
      expect(hall.told()).toEqual(['forgiven bob']);
      expect(await hall.store.scan({}, null, 9)).toEqual([]);
    });

    it('[RM54] the owner lets him in again', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.enter('1', 'cat');
      await hall.rooms.kick(user('ann'), room('1'), 'bob');
      await refused(hall.rooms.forgive(user('cat'), room('1'), 'bob'), 'notOwner');
      hall.told();
      await hall.rooms.forgive(user('ann'), room('1'), 'bob');
      await hall.rooms.forgive(user('ann'), room('1'), 'bob');
      expect(hall.told()).toEqual(['forgiven bob']);
      expect(await hall.enter('1', 'bob')).toMatchObject({ created: false });
    });

    it('[RM55] whoever quits faster than the kick is kept out all the same, and a kick can be repeated', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.rooms.kick(user('ann'), room('1'), 'bob');
      await hall.rooms.kick(user('ann'), room('1'), 'bob');
      expect(hall.told().slice(2)).toEqual(['kicked bob', 'kicked bob']);
      expect(await hall.rooms.revocations()).toHaveLength(1);
      await refused(hall.enter('1', 'bob'), 'removed');
    });

    it('[RM55] nobody removes himself, and the memory for removals is bounded', async () => {
      const hall = await lab({ maxRevocations: 2 });
      await hall.enter('1', 'ann');
      await refused(hall.rooms.kick(user('ann'), room('1'), 'ann'), 'invalidArgument');
      await refused(hall.rooms.kick(user('ann'), room('1'), 'no user id'), 'invalidArgument');
      await hall.rooms.kick(user('ann'), room('1'), 'bob');
      await hall.rooms.kick(user('ann'), room('1'), 'cat');
      await refused(hall.rooms.kick(user('ann'), room('1'), 'dan'), 'invalidArgument');
      await hall.rooms.kick(user('ann'), room('1'), 'cat');
      expect(await hall.rooms.isRevoked(room('1'), 'bob')).toBe(true);
      await refused(hall.rooms.kick(user('ann'), room('2'), 'bob'), 'noSuchRoom');
    });

    it('[RM50] the server key removes anybody; with the last member the room ends', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.enter('1', 'bob');
      expect(await hall.rooms.kick(SERVER, room('1'), 'ann')).toMatchObject({ creator: 'ann', ownerID: 'bob' });
      hall.told();
      expect(await hall.rooms.kick(SERVER, room('1'), 'bob')).toMatchObject({
        roomID: '1',
        memberCount: 0,
        members: [],
      });
      expect(hall.told()).toEqual(['kicked bob', 'member-left bob (kicked)', 'room-ended (empty)']);
      expect(await hall.members('1')).toBeNull();
      await refused(hall.enter('1', 'ann'), 'removed');
    });

    it('[RM56] dissolving ends the room for all', async () => {
      const hall = await lab();
      for (const name of ['ann', 'bob']) await hall.enter('1', name);
      await hall.rooms.mediaJoined(room('1'), present('bob', 'PA_1'));
      await refused(hall.rooms.dissolve(user('bob'), room('1')), 'notOwner');
      hall.told();
      const before = await hall.rooms.dissolve(user('ann'), room('1'));
      expect(before).toMatchObject({ memberCount: 2, ownerID: 'ann' });
      expect(hall.told()).toEqual([
        'member-left ann (dissolved)',
        'member-left bob (dissolved)',
        'room-ended (dissolved)',
      ]);
      expect(await hall.rooms.mediaJoined(room('1'), present('bob', 'PA_1'))).toBe('refused');
      await refused(hall.rooms.dissolve(SERVER, room('1')), 'noSuchRoom');
      expect(await hall.enter('1', 'bob')).toMatchObject({ created: true });
    });

    it('[RM60] the owner and members see the members, the server key too', async () => {
      const hall = await lab();
      await hall.enter('1', 'ann');
      await hall.enter('1', 'bob');
      for (const actor of [user('ann'), user('bob'), SERVER]) {
        expect((await hall.rooms.info(actor, room('1'))).members?.map((one) => one.userID)).toEqual(['ann', 'bob']);
      }
      await hall.rooms.kick(user('ann'), room('1'), 'bob');
      expect(await hall.rooms.info(user('bob'), room('1'))).not.toHaveProperty('members');
    });
  });
}
