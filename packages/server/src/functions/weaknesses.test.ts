/** Each weakness of the original demo that lies in its functions, as a test that the original would fail. */
import { PRIVILEGE } from '@lianmai/protocol';
import { verifyPrivateMapKey } from '@lianmai/tickets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, Harness } from '../testing/harness.ts';

let harness: Harness;
let ann: Client;
let bob: Client;
let nextRoom = 5000;
const freshRoom = () => String(nextRoom++);

beforeAll(async () => {
  harness = await Harness.start();
  [ann, bob] = [await harness.guest('Ann'), await harness.guest('Bob')];
});
afterAll(() => harness.stop());

describe('weaknesses of the original', () => {
  it('[W1] nobody gets tickets for somebody else', async () => {
    for (const name of ['webrtc-enter-room', 'webrtcroom-enter-room', 'webrtc-sig-api']) {
      const event = { roomID: freshRoom(), userID: ann.userId, sdkAppID: 1, accountType: '1' };
      expect(await harness.code(name, event, bob), name).toBe(10007);
    }
    const own = await harness.call('webrtc-sig-api', { sdkAppID: 1, accountType: 'x', userID: bob.userId }, bob);
    expect(own).toMatchObject({ userID: bob.userId, sdkAppID: harness.sdkAppId });
  });

  it('[W2] nobody evicts somebody else by quitting for him', async () => {
    const roomID = freshRoom();
    await harness.call('webrtc-enter-room', { roomID }, ann);
    expect(await harness.code('webrtc-quit-room', { roomID, userID: ann.userId }, bob)).toBe(10007);
    expect(await harness.code('webrtc-quit-room', { roomID }, bob)).toBe(10010);
    expect((await harness.call('webrtc-get-room-info', { roomID }, ann)).memberCount).toBe(1);
  });

  it('[W3] who is in a room is shown to its members and the server key, not to strangers or in the list', async () => {
    const roomID = freshRoom();
    await harness.call('webrtc-enter-room', { roomID }, ann);
    expect((await harness.call('webrtc-get-room-info', { roomID }, bob)).members).toBeUndefined();
    expect((await harness.call('webrtc-get-room-info', { roomID }, ann)).members).toHaveLength(1);
    expect((await harness.call('webrtc-get-room-info', { roomID }, harness.serverKey)).members).toHaveLength(1);
    const list = await harness.call('webrtc-get-room-list', { limit: 100 }, bob);
    expect(list.every((room) => room.members === undefined)).toBe(true);
  });

  it('[W4] neither keys nor tickets nor tokens come into the log', async () => {
    const roomID = freshRoom();
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID }, ann);
    const { body } = await harness.roomsig(signInfo, roomID);
    await harness.roomsig({ ...signInfo, userSig: 'not-a-ticket' }, roomID);
    await harness.code('webrtc-enter-room', { roomID }, { authorization: 'Bearer lm1.broken.token', userId: '' });
    const log = harness.logged.join('\n');
    const { application, api, sessionSecret } = harness.server.credentials;
    const privateLine = application.privateKeyPem.split('\n')[1] ?? '';
    const token = JSON.stringify(body).match(/"token":"([^"]+)"/)?.[1] ?? '';
    expect(log).toContain('/v4/openim/jsonvideoapp');
    expect(token.length).toBeGreaterThan(100);
    for (const secret of [
      privateLine,
      api.secret,
      sessionSecret,
      signInfo.userSig,
      signInfo.privateMapKey,
      token,
      ann.authorization.slice(7),
      'not-a-ticket',
      'lm1.broken.token',
    ]) {
      expect(secret.length).toBeGreaterThan(8);
      expect(log.includes(secret)).toBe(false);
    }
  });

  it('[W5] the bits of a ticket follow the room, and the ticket is bound to the room', async () => {
    const roomID = freshRoom();
    const bits = PRIVILEGE.enterRoom | PRIVILEGE.receiveVideo;
    await harness.call('webrtc-create-room', { roomID, privilegeMap: bits }, ann);
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID }, bob);
    const expected = {
      key: harness.server.credentials.application.publicKeyPem,
      sdkAppId: harness.sdkAppId,
      userId: bob.userId,
    };
    const right = verifyPrivateMapKey(signInfo.privateMapKey, { ...expected, room: { roomId: Number(roomID) } });
    expect(right).toMatchObject({ ok: true, privileges: bits });
    const wrong = verifyPrivateMapKey(signInfo.privateMapKey, { ...expected, room: { roomId: Number(roomID) + 1 } });
    expect(wrong).toMatchObject({ ok: false, reason: 'other-room' });
  });

  it('[W6] tickets live as long as configured, say so, and are renewed by calling again', async () => {
    const own = await Harness.start({ config: { tickets: { userSigSeconds: 100, privateMapKeySeconds: 60 } } });
    try {
      const user = await own.guest();
      const before = Math.floor(Date.now() / 1000);
      const first = await own.call('webrtc-sig-api', { roomID: 7 }, user);
      const after = Math.floor(Date.now() / 1000);
      expect(first.expiresAt).toBeGreaterThanOrEqual((before + 60) * 1000);
      expect(first.expiresAt).toBeLessThanOrEqual((after + 60) * 1000);
      const alone = await own.call('webrtc-sig-api', {}, user);
      expect(alone.expiresAt).toBeGreaterThanOrEqual((before + 100) * 1000);
      expect(await own.code('webrtc-sig-api', { roomID: 7 }, user)).toBe(0);
    } finally {
      await own.stop();
    }
  });

  it('[W14] no input is an answer, not a crash; a number and its text are one room', async () => {
    expect(await harness.code('webrtc-enter-room', undefined, ann)).toBe(10001);
    const roomID = freshRoom();
    await harness.call('webrtc-enter-room', { roomID: Number(roomID) }, ann);
    const joined = await harness.call('webrtc-enter-room', { roomID }, bob);
    expect(joined.roomInfo).toMatchObject({ roomID, memberCount: 2 });
  });

  it('[W16] every code is a number with one meaning, and every answer has the same shape', async () => {
    // The harness refuses any answer whose code or status is not in the table; "not found" is no success with null.
    expect(await harness.code('webrtc-get-room-info', { roomID: freshRoom() }, ann)).toBe(10003);
    expect(await harness.code('webrtc-quit-room', { roomID: freshRoom() }, ann)).toBe(10003);
    const entered = await harness.raw('webrtc-enter-room', { roomID: freshRoom() }, ann);
    expect(entered.body.code).toBe(0);
  });

  it('[W18] a list cannot be asked for without bound, and is ordered and counted', async () => {
    for (const limit of [0, -1, 101, 1.5, '10', null]) {
      expect(await harness.code('webrtc-get-room-list', { limit }, ann), String(limit)).toBe(10001);
    }
    expect(await harness.code('webrtc-get-room-list', { skip: -1 }, ann)).toBe(10001);
    const { body } = await harness.raw('webrtc-get-room-list', { limit: 1 }, ann);
    expect(body.total).toBeGreaterThan(1);
    expect(body.data).toHaveLength(1);
  });

  it('[W19] a client needs no environment of its own: everything it must know comes with the answer', async () => {
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID: freshRoom() }, ann);
    const { roomInfo } = await harness.call('webrtc-enter-room', { roomName: 'w19' }, ann);
    const fresh = await harness.call('webrtc-sig-api', { roomID: roomInfo.roomID }, ann);
    expect(fresh.sdkAppID).toBe(signInfo.sdkAppID);
    expect((await harness.roomsig(fresh, roomInfo.roomID)).body).toMatchObject({ RspHead: { ErrorCode: 0 } });
  });
});
