import fc from 'fast-check';
import { AccessToken, type VideoGrant } from 'livekit-server-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, Harness } from '../testing/harness.ts';
import { FakeWechat } from '../testing/wechat.ts';
import { Sessions } from './sessions.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

const bearer = (token: string): Client => ({ authorization: `Bearer ${token}`, userId: '' });

async function sdkToken(grant: VideoGrant, identity?: string, secret?: string): Promise<Client> {
  const { api } = harness.server.credentials;
  const token = new AccessToken(api.key, secret ?? api.secret, { ttl: 60, ...(identity ? { identity } : {}) });
  token.addGrant(grant);
  return bearer(await token.toJwt());
}

describe('sessions', () => {
  const secret = 's'.repeat(40);
  const user = { userId: 'g_1', userName: '小明', kind: 'guest' } as const;

  it('[FN5] reads what it issued until it runs out', () => {
    let now = 1_000_000;
    const sessions = new Sessions(secret, 60, () => now);
    const { token, expiresAt } = sessions.issue(user);
    expect(sessions.read(token)).toEqual({ ...user, expiresAt });
    now = expiresAt - 1;
    expect(sessions.read(token)).not.toBeNull();
    now = expiresAt;
    expect(sessions.read(token)).toBeNull();
    expect(sessions.read(token, 1000)).not.toBeNull();
    now = expiresAt + 1000;
    expect(sessions.read(token, 1000)).toBeNull();
  });

  it('[FN5] refuses every token that was changed in any character, and other secrets', () => {
    const sessions = new Sessions(secret, 60);
    const { token } = sessions.issue(user);
    // Remembered now: a changed one must not be taken for it.
    expect(sessions.read(token)).not.toBeNull();
    expect(new Sessions('t'.repeat(40), 60).read(token)).toBeNull();
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'Ab0_-.='), (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        return changed === token || sessions.read(changed) === null;
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => sessions.read(text) === null && sessions.read(`lm1.${text}`) === null),
    );
  });
});

describe('who calls', () => {
  it('[FN5] answers 10006 without a session and for one that proves nothing', async () => {
    const names = ['webrtc-enter-room', 'webrtc-get-room-list', 'webrtc-sig-api', 'webrtc-dissolve-room'];
    for (const name of names) expect(await harness.code(name, { roomID: 1 }, null), name).toBe(10006);
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    const { key } = harness.server.credentials.api;
    for (const authorization of [
      'Bearer x',
      'Bearer lm1.a.b',
      'Bearer a.b.c',
      'Basic x',
      basic(`${key}:wrong`),
      basic(`${key}:`),
      basic(key),
      basic(':'),
      'Digest x',
      'Bearer',
    ]) {
      expect(await harness.code('webrtc-get-room-list', {}, { authorization, userId: '' }), authorization).toBe(10006);
    }
  });

  it('[FN6] nobody signs, enters, quits or beats for somebody else, whatever the function', async () => {
    const [ann, bob] = [await harness.guest('Ann'), await harness.guest('Bob')];
    await harness.call('webrtc-enter-room', { roomID: 77 }, ann);
    const names = [
      'webrtc-create-room',
      'webrtc-enter-room',
      'webrtc-quit-room',
      'webrtc-get-room-info',
      'webrtc-get-room-list',
      'webrtc-sig-api',
      'webrtc-login-code',
      'webrtc-heartbeat',
      'webrtc-kick-member',
      'webrtc-mute-member',
      'webrtc-dissolve-room',
      'webrtcroom-enter-room',
      'webrtcroom-quit-room',
      'webrtcroom-get-room-info',
      'webrtcroom-get-room-list',
    ];
    const userId = fc.oneof(fc.constant(ann.userId), fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), userId, async (name, userID) => {
        const event = { roomID: 77, userID, memberID: ann.userId, kind: 'audio', roomName: 'x' };
        expect(await harness.code(name, event, bob)).toBe(10007);
      }),
      { numRuns: 60 },
    );
    const after = await harness.call('webrtc-get-room-info', { roomID: 77 }, harness.serverKey);
    expect(after.members?.map((member) => member.userID)).toEqual([ann.userId]);
  });

  it('[FN7] the server key acts for any user, and must say for whom', async () => {
    const key = harness.serverKey;
    expect(await harness.code('webrtc-enter-room', { roomID: 78 }, key)).toBe(10001);
    const { roomInfo, signInfo } = await harness.call('webrtc-enter-room', { roomID: 78, userID: 'o_1' }, key);
    expect([roomInfo.ownerID, signInfo.userID]).toEqual(['o_1', 'o_1']);
    await harness.call('webrtc-enter-room', { roomID: 78, userID: 'o_2' }, key);
    expect((await harness.call('webrtc-kick-member', { roomID: 78, memberID: 'o_1' }, key)).ownerID).toBe('o_2');
    expect(await harness.call('webrtc-quit-room', { roomID: 78, userID: 'o_2' }, key)).toBeNull();
  });

  it("[FN8] takes the token of LiveKit's server SDKs as the server key", async () => {
    const event = { roomID: 79, userID: 'o_3' };
    expect(await harness.code('webrtc-enter-room', event, await sdkToken({ roomCreate: true }))).toBe(0);
    expect(await harness.code('webrtc-get-room-list', {}, await sdkToken({ roomCreate: true, roomList: true }))).toBe(
      0,
    );
    const ofRoom = await sdkToken({ roomAdmin: true, room: harness.mediaRoom('79') });
    expect(await harness.code('webrtc-get-room-info', { roomID: 79 }, ofRoom)).toBe(0);
    for (const name of ['webrtc-get-room-info', 'webrtc-dissolve-room']) {
      expect(await harness.code(name, { roomID: 78 }, ofRoom)).toBe(10016);
    }
    expect(await harness.code('webrtc-get-room-list', {}, ofRoom)).toBe(10016);
    expect(await harness.code('webrtc-enter-room', { roomName: 'x', userID: 'o_3' }, ofRoom)).toBe(10016);
  });

  it("[FN8] never takes a participant's token as the server key, nor one of another secret or without a grant", async () => {
    const user = await harness.guest();
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID: 80 }, user);
    const { body } = await harness.roomsig(signInfo, 80);
    const token = JSON.stringify(body).match(/"token":"([^"]+)"/)?.[1] ?? '';
    const all = { roomCreate: true, roomList: true, roomAdmin: true };
    for (const client of [
      bearer(token),
      await sdkToken({ ...all, roomJoin: true, room: 'r' }, 'somebody'),
      await sdkToken(all, 'somebody'),
      await sdkToken(all, undefined, 'another secret of enough length'),
      await sdkToken({}),
      await sdkToken({ roomList: true }),
      await sdkToken({ roomAdmin: true }),
      await sdkToken({ roomAdmin: true, room: '' }),
      await sdkToken({ canPublish: true }),
    ]) {
      expect(await harness.code('webrtc-get-room-list', {}, client)).toBe(10006);
    }
  });
});

describe('guests', () => {
  it('[FN9] a guest is a new user, known by his name', async () => {
    const [ann, bob] = [await harness.guest('Ann'), await harness.guest('Ann')];
    expect(ann.userId).toMatch(/^g_[A-Za-z0-9_-]+$/);
    expect(ann.userId).not.toBe(bob.userId);
    const { roomInfo } = await harness.call('webrtc-enter-room', { roomID: 90 }, ann);
    expect(roomInfo.members).toMatchObject([{ userID: ann.userId, userName: 'Ann' }]);
    expect(await harness.code('webrtc-login', { type: 'guest', name: '' }, null)).toBe(10001);
    expect(await harness.code('webrtc-login', { type: 'guest', name: 'x'.repeat(33) }, null)).toBe(10001);
    expect(await harness.code('webrtc-login', { type: 'root' }, null)).toBe(10001);
    expect(await harness.code('webrtc-login', undefined, null)).toBe(10001);
  });

  it('[FN9] who shows his old session stays the same user, under the name he gives now', async () => {
    const ann = await harness.guest('Ann');
    const again = await harness.call('webrtc-login', { type: 'guest', name: 'Anna' }, ann);
    expect(again.userID).toBe(ann.userId);
    const { roomInfo } = await harness.call('webrtc-enter-room', { roomID: 91 }, bearer(again.token));
    expect(roomInfo.members).toMatchObject([{ userName: 'Anna' }]);
    const forged = await harness.call('webrtc-login', { type: 'guest', name: 'x' }, bearer('lm1.e30.x'));
    expect(forged.userID).not.toBe(ann.userId);
  });

  it('[FN9] a session that ran out a while ago still renews', async () => {
    const { sessionSecret } = harness.server.credentials;
    const old = new Sessions(sessionSecret, 60, () => Date.now() - 3_600_000);
    const { token, userID } = old.issue({ userId: 'g_old', userName: 'Old', kind: 'guest' });
    expect(await harness.code('webrtc-get-room-list', {}, bearer(token))).toBe(10006);
    expect((await harness.call('webrtc-login', { type: 'guest', name: 'Old' }, bearer(token))).userID).toBe(userID);
    const older = new Sessions(sessionSecret, 60, () => Date.now() - 3_000_000_000);
    const gone = older.issue({ userId: 'g_older', userName: 'Old', kind: 'guest' });
    const fresh = await harness.call('webrtc-login', { type: 'guest', name: 'Old' }, bearer(gone.token));
    expect(fresh.userID).not.toBe('g_older');
  });

  it('[FN11] guest login can be switched off', async () => {
    const own = await Harness.start({ config: { identity: { guestLogin: false } } });
    try {
      expect(await own.code('webrtc-login', { type: 'guest', name: 'Ann' }, null)).toBe(10015);
      expect(await own.code('webrtc-login', { type: 'wechat', code: 'x' }, null)).toBe(10015);
    } finally {
      await own.stop();
    }
  });
});

describe('WeChat', () => {
  const wechat = new FakeWechat('wx1234', 'the-app-secret');
  const openId = 'o1YH64abcdefghijklmnopqrstuv';
  let own: Harness;

  beforeAll(async () => {
    const wechatBaseUrl = await wechat.start();
    own = await Harness.start({
      config: { identity: { wechatAppId: 'wx1234', wechatSecret: 'the-app-secret', wechatBaseUrl } },
    });
  });
  afterAll(async () => {
    await own.stop();
    await wechat.stop();
  });

  it('[FN10] a login code becomes a session of the same user each time', async () => {
    const first = await own.call('webrtc-login', { type: 'wechat', code: wechat.loginCode(openId) }, null);
    const second = await own.call('webrtc-login', { type: 'wechat', code: wechat.loginCode(openId) }, null);
    const other = await own.call(
      'webrtc-login',
      { type: 'wechat', code: wechat.loginCode(`${openId.slice(1)}x`) },
      null,
    );
    expect(second.userID).toBe(first.userID);
    expect(other.userID).not.toBe(first.userID);
    expect(await own.code('webrtc-enter-room', { roomID: 1 }, bearer(first.token))).toBe(0);
  });

  it('[FN10] a used or invented code is refused, and each of its failures says what to do', async () => {
    const code = wechat.loginCode(openId);
    const login = (text: string) => own.raw('webrtc-login', { type: 'wechat', code: text }, null);
    await login(code);
    expect((await login(code)).body.code).toBe(10014);
    expect((await login('invented')).body).toMatchObject({ code: 10014, message: expect.stringContaining('wx.login') });
    for (const [errcode, expected] of [
      [40029, 10014],
      [40226, 10014],
      [45011, 10011],
      [40013, 10015],
      [40125, 10015],
      [99999, 10018],
    ] as const) {
      wechat.failNext.push(errcode);
      expect((await login(wechat.loginCode(openId))).body.code, String(errcode)).toBe(expected);
    }
  });

  it('[FN10] a busy WeChat is asked once more, then told as such', async () => {
    wechat.failNext.push(-1);
    const code = wechat.loginCode(openId);
    expect(await own.code('webrtc-login', { type: 'wechat', code }, null)).toBe(0);
    wechat.failNext.push(-1, -1);
    expect(await own.code('webrtc-login', { type: 'wechat', code: wechat.loginCode(openId) }, null)).toBe(10018);
    wechat.garbled = true;
    expect(await own.code('webrtc-login', { type: 'wechat', code: wechat.loginCode(openId) }, null)).toBe(10018);
    wechat.garbled = false;
  });

  it('[FN10] session_key, AppSecret, login codes and openids are neither answered nor logged', async () => {
    const code = wechat.loginCode(openId);
    const { body } = await own.raw('webrtc-login', { type: 'wechat', code }, null);
    wechat.garbled = true;
    await own.raw('webrtc-login', { type: 'wechat', code: 'failing-code' }, null);
    wechat.garbled = false;
    const seen = `${JSON.stringify(body)}\n${own.logged.join('\n')}`;
    for (const secret of [wechat.sessionKey, 'the-app-secret', code, 'failing-code', openId]) {
      expect(seen.includes(secret)).toBe(false);
    }
  });
});
