import { FUNCTIONS, type FunctionName, type FunctionSpec, LianmaiError, PRIVILEGE } from '@lianmai/protocol';
import type { RoomStore } from '@lianmai/rooms';
import { createMemoryStores } from '@lianmai/stores';
import { verifyPrivateMapKey, verifyUserSig } from '@lianmai/tickets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, Harness } from '../testing/harness.ts';

let harness: Harness;
let nextRoom = 1000;
const freshRoom = () => String(nextRoom++);

beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

/** A good event for each function, in a room where `user` is owner and `other` a member. */
function goodEvent(name: FunctionName, roomID: string, other: Client): object {
  switch (name) {
    case 'webrtc-login':
      return { type: 'guest', name: 'Lin' };
    case 'webrtc-create-room':
      return { roomName: 'made' };
    case 'webrtc-get-room-list':
      return {};
    case 'webrtc-kick-member':
      return { roomID, memberID: other.userId };
    case 'webrtc-mute-member':
      return { roomID, memberID: other.userId, kind: 'audio' };
    default:
      return { roomID };
  }
}

describe('the functions host', () => {
  const named = (Object.entries(FUNCTIONS) as [FunctionName, FunctionSpec][]).flatMap(([name, spec]) =>
    [name, ...spec.aliases].map((called) => [called, name] as const),
  );

  it.each(named)('[FN1] %s answers its envelope', async (called, name) => {
    const [owner, other] = [await harness.guest(), await harness.guest()];
    const roomID = freshRoom();
    await harness.call('webrtc-create-room', { roomID }, owner);
    await harness.call('webrtc-enter-room', { roomID }, other);
    const { status, body } = await harness.raw(called, goodEvent(name, roomID, other), owner);
    expect(body).toMatchObject({ code: 0, message: 'success' });
    expect(status).toBe(200);
  });

  it('[FN2] answers 10013 for a name that is none', async () => {
    const user = await harness.guest();
    for (const name of ['webrtc-no-such', 'constructor', '__proto__', 'webrtc-enter-room%2F']) {
      expect(await harness.code(name, {}, user)).toBe(10013);
    }
  });

  it('[FN3] names the field of a missing or wrong argument, and tells a bad roomID from it', async () => {
    const user = await harness.guest();
    const missing = await harness.raw('webrtc-quit-room', {}, user);
    expect(missing.body).toMatchObject({ code: 10001, message: 'roomID is missing.' });
    const wrong = await harness.raw('webrtc-get-room-list', { limit: 101 }, user);
    expect(wrong.body.code).toBe(10001);
    expect(wrong.body.message).toContain('limit');
    const kind = await harness.raw('webrtc-mute-member', { roomID: 1, memberID: 'a', kind: 'smell' }, user);
    expect(kind.body.message).toContain('kind');
    expect(await harness.code('webrtc-enter-room', {}, user)).toBe(10001);
    for (const roomID of ['0', '00', '01', '-1', '1.0', ' 1', '4294967295', 0, 4294967295, 1.5, true, {}, [1], null]) {
      expect(await harness.code('webrtc-get-room-info', { roomID }, user), JSON.stringify(roomID)).toBe(10002);
      expect(await harness.code('webrtc-enter-room', { roomID }, user), JSON.stringify(roomID)).toBe(10002);
    }
  });

  it.each([
    ['nothing at all', undefined],
    ['no JSON', '{'],
    ['a list', []],
    ['a text', '"x"'],
    ['null', 'null'],
    ['a number', '7'],
  ])('[FN4] answers 10001 for %s as the event', async (_what, event) => {
    const user = await harness.guest();
    expect(await harness.code('webrtc-enter-room', event, user)).toBe(10001);
  });

  it('[FN4] answers 10012 for a body above the limit', async () => {
    const user = await harness.guest();
    const { status, body } = await harness.raw('webrtc-enter-room', { roomName: 'x'.repeat(40_000) }, user);
    expect([status, body.code]).toEqual([413, 10012]);
  });

  it('[FN13] signs tickets that verify, bound to user, application and room, with the bits of the room', async () => {
    const user = await harness.guest();
    const roomID = freshRoom();
    const bits = PRIVILEGE.enterRoom | PRIVILEGE.receiveAudio;
    await harness.call('webrtc-create-room', { roomID, privilegeMap: bits }, user);
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID }, user);
    const { publicKeyPem: key, accountType } = harness.server.credentials.application;
    const expected = { key, sdkAppId: harness.sdkAppId, userId: user.userId };
    expect(signInfo).toMatchObject({ userID: user.userId, sdkAppID: harness.sdkAppId, accountType });
    const userSig = verifyUserSig(signInfo.userSig, expected);
    const mapKey = verifyPrivateMapKey(signInfo.privateMapKey, { ...expected, room: { roomId: Number(roomID) } });
    expect(userSig).toMatchObject({ ok: true });
    expect(mapKey).toMatchObject({ ok: true, privileges: bits });
    if (!userSig.ok || !mapKey.ok) throw new Error('refused');
    expect(signInfo.expiresAt).toBe(Math.min(userSig.expiresAt, mapKey.expiresAt) * 1000);
  });

  it('[FN13] sig-api signs a userSig alone without a room, and both with one, a member or not', async () => {
    const user = await harness.guest();
    const alone = await harness.call('webrtc-sig-api', {}, user);
    expect(alone.privateMapKey).toBe('');
    const both = await harness.call('webrtc-sig-api', { roomID: freshRoom() }, user);
    expect(both.privateMapKey).not.toBe('');
  });

  it('[FN14] enters by id, makes by name, and needs one of them', async () => {
    const [one, two] = [await harness.guest(), await harness.guest()];
    const roomID = freshRoom();
    const made = await harness.call('webrtc-enter-room', { roomID: Number(roomID), roomName: 'tea' }, one);
    expect(made.roomInfo).toMatchObject({ roomID, roomName: 'tea', creator: one.userId, ownerID: one.userId });
    const joined = await harness.call('webrtc-enter-room', { roomID, roomName: 'other' }, two);
    expect(joined.roomInfo).toMatchObject({ roomID, roomName: 'tea', memberCount: 2 });
    const named = await harness.call('webrtc-enter-room', { roomName: 'tea' }, two);
    expect(named.roomInfo.roomID).not.toBe(roomID);
    expect(await harness.code('webrtc-create-room', { roomID }, two)).toBe(10004);
  });

  it('[FN15] lists pages in order, counted, without members', async () => {
    const own = await Harness.start({ config: { rooms: { listLimit: 3 } } });
    try {
      const user = await own.guest();
      for (let roomID = 1; roomID <= 5; roomID++) await own.call('webrtc-create-room', { roomID }, user);
      const { body } = await own.raw('webrtc-get-room-list', { limit: 2, skip: 1, order: 'oldest' }, user);
      expect(body).toMatchObject({ total: 5, data: [{ roomID: '2' }, { roomID: '3' }] });
      expect(JSON.stringify(body.data)).not.toContain('members');
      expect(await own.call('webrtc-get-room-list', { limit: 100 }, user)).toHaveLength(3);
    } finally {
      await own.stop();
    }
  });

  it('[FN16] a kick takes the member out of the media room, holds at every door, and can be lifted', async () => {
    const [owner, member] = [await harness.guest(), await harness.guest()];
    const roomID = freshRoom();
    await harness.call('webrtc-create-room', { roomID }, owner);
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID }, member);
    const room = harness.mediaRoom(roomID);
    harness.media.join(room, member.userId);
    await harness.settled();
    expect(await harness.code('webrtc-kick-member', { roomID, memberID: owner.userId }, member)).toBe(10008);
    const after = await harness.call('webrtc-kick-member', { roomID, memberID: member.userId }, owner);
    expect(after.memberCount).toBe(1);
    expect(harness.media.has(room, member.userId)).toBe(false);
    expect(harness.media.revoked).toContain(`${room}/${member.userId}`);
    expect(await harness.code('webrtc-enter-room', { roomID }, member)).toBe(10009);
    expect(await harness.code('webrtc-sig-api', { roomID }, member)).toBe(10009);
    expect(await harness.code('webrtc-heartbeat', { roomID }, member)).toBe(10009);
    expect((await harness.roomsig(signInfo, roomID)).body).toMatchObject({ ErrorCode: -102011 });

    await harness.call('webrtc-kick-member', { roomID, memberID: member.userId, kick: false }, owner);
    expect(harness.media.revoked).not.toContain(`${room}/${member.userId}`);
    expect(await harness.code('webrtc-enter-room', { roomID }, member)).toBe(0);
  });

  it('[FN16] a kick outlives the room: making it anew is no door either', async () => {
    const [owner, member] = [await harness.guest(), await harness.guest()];
    const roomID = freshRoom();
    await harness.call('webrtc-create-room', { roomID }, owner);
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID }, member);
    await harness.call('webrtc-kick-member', { roomID, memberID: member.userId }, owner);
    await harness.call('webrtc-dissolve-room', { roomID }, owner);
    for (const name of ['webrtc-create-room', 'webrtc-enter-room', 'webrtcroom-enter-room', 'webrtc-sig-api']) {
      expect(await harness.code(name, { roomID, roomName: 'mine' }, member), name).toBe(10009);
    }
    expect((await harness.roomsig(signInfo, roomID)).body).toMatchObject({ ErrorCode: -102011 });
    expect(await harness.code('webrtc-get-room-info', { roomID }, owner)).toBe(10003);
    expect(await harness.code('webrtc-enter-room', { roomID: freshRoom() }, member)).toBe(0);
  });

  it('[FN16] a kick that the media service did not hear of is told, and made good by comparing', async () => {
    const [owner, member] = [await harness.guest(), await harness.guest()];
    const roomID = freshRoom();
    await harness.call('webrtc-create-room', { roomID }, owner);
    await harness.call('webrtc-enter-room', { roomID }, member);
    const room = harness.mediaRoom(roomID);
    harness.media.join(room, member.userId);
    await harness.settled();
    harness.media.away = true;
    expect(await harness.code('webrtc-kick-member', { roomID, memberID: member.userId }, owner)).toBe(10020);
    harness.media.away = false;
    expect(await harness.code('webrtc-enter-room', { roomID }, member)).toBe(10009);
    await harness.server.services.presence.reconcile();
    expect(harness.media.has(room, member.userId)).toBe(false);
  });

  it('[FN17] mutes the microphone or the camera of a member, for the owner alone', async () => {
    const [owner, member] = [await harness.guest(), await harness.guest()];
    const roomID = freshRoom();
    await harness.call('webrtc-create-room', { roomID }, owner);
    await harness.call('webrtc-enter-room', { roomID }, member);
    const microphone = { sid: 'TR_1', type: 'AUDIO', source: 'MICROPHONE', muted: false } as const;
    const camera = { sid: 'TR_2', type: 'VIDEO', source: 'CAMERA', muted: false } as const;
    const screen = { sid: 'TR_3', type: 'VIDEO', source: 'SCREEN_SHARE', muted: false } as const;
    const tracks = [{ ...microphone }, { ...camera }, { ...screen }];
    harness.media.join(harness.mediaRoom(roomID), member.userId, tracks);
    const event = { roomID, memberID: member.userId, kind: 'audio' };
    expect(await harness.code('webrtc-mute-member', { ...event, memberID: owner.userId }, member)).toBe(10008);
    await harness.call('webrtc-mute-member', event, owner);
    expect(tracks.map((track) => track.muted)).toEqual([true, false, false]);
    await harness.call('webrtc-mute-member', { ...event, kind: 'video' }, harness.serverKey);
    expect(tracks.map((track) => track.muted)).toEqual([true, true, false]);
    expect(await harness.code('webrtc-mute-member', { ...event, memberID: 'nobody' }, owner)).toBe(10010);
  });

  it('[FN18] dissolving ends the room and the media room; the answer is the room as it was', async () => {
    const [owner, member] = [await harness.guest(), await harness.guest()];
    const roomID = freshRoom();
    await harness.call('webrtc-create-room', { roomID }, owner);
    await harness.call('webrtc-enter-room', { roomID }, member);
    harness.media.join(harness.mediaRoom(roomID), member.userId);
    expect(await harness.code('webrtc-dissolve-room', { roomID }, member)).toBe(10008);
    const before = await harness.call('webrtc-dissolve-room', { roomID }, owner);
    expect(before.memberCount).toBe(2);
    expect(harness.media.rooms.has(harness.mediaRoom(roomID))).toBe(false);
    expect(await harness.code('webrtc-get-room-info', { roomID }, owner)).toBe(10003);
  });

  it('[FN19] quitting takes the user out of the media room too, and stays a quit when that cannot be reached', async () => {
    const user = await harness.guest();
    const roomID = freshRoom();
    await harness.call('webrtc-enter-room', { roomID }, user);
    harness.media.join(harness.mediaRoom(roomID), user.userId);
    await harness.settled();
    expect(await harness.call('webrtc-quit-room', { roomID }, user)).toBeNull();
    expect(harness.media.has(harness.mediaRoom(roomID), user.userId)).toBe(false);
    await harness.call('webrtc-enter-room', { roomID }, user);
    harness.media.join(harness.mediaRoom(roomID), user.userId);
    await harness.settled();
    harness.media.away = true;
    expect(await harness.code('webrtc-quit-room', { roomID }, user)).toBe(0);
    harness.media.away = false;
    expect(harness.logged.join('')).toContain('could not be taken out of the media room yet');
  });

  it('[FN22] answers 10021 while the database is away, and lives on without it', async () => {
    const stores = createMemoryStores();
    let away = false;
    const refuse = () => Promise.reject(new LianmaiError('storeUnavailable'));
    const rooms: RoomStore = {
      transact: (key, decide) => (away ? refuse() : stores.rooms.transact(key, decide)),
      read: (key) => (away ? refuse() : stores.rooms.read(key)),
      list: (sdkAppId, page) => (away ? refuse() : stores.rooms.list(sdkAppId, page)),
      due: (now, limit) => (away ? refuse() : stores.rooms.due(now, limit)),
      scan: (filter, after, limit) => (away ? refuse() : stores.rooms.scan(filter, after, limit)),
    };
    const own = await Harness.start({ stores: { ...stores, rooms } });
    try {
      const user = await own.guest();
      away = true;
      expect(await own.code('webrtc-enter-room', { roomID: 1 }, user)).toBe(10021);
      expect((await fetch(`${own.base}/healthz`)).status).toBe(200);
      away = false;
      expect(await own.code('webrtc-enter-room', { roomID: 1 }, user)).toBe(0);
    } finally {
      await own.stop();
    }
  });
});
