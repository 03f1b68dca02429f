import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionData } from '@lianmai/protocol';
import { createMemoryStores } from '@lianmai/stores';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RateLimitError } from '../http/rate.ts';
import { type Client, Harness, type RawAnswer } from '../testing/harness.ts';
import { FakeWechat } from '../testing/wechat.ts';
import { LoginCodes } from './login-codes.ts';
import { Sessions } from './sessions.ts';

type Session = FunctionData<'webrtc-login'>;

const wechat = new FakeWechat('wx1234', 'the-app-secret');
const bearer = (session: Session): Client => ({ authorization: `Bearer ${session.token}`, userId: session.userID });
let harness: Harness;

beforeAll(async () => {
  const wechatBaseUrl = await wechat.start();
  harness = await Harness.start({
    config: { identity: { wechatAppId: 'wx1234', wechatSecret: 'the-app-secret', wechatBaseUrl } },
  });
});
afterAll(async () => {
  await harness.stop();
  await wechat.stop();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const codeFor = (client: Client, event: object = {}) => harness.call('webrtc-login-code', event, client);
const redeem = (code: string): Promise<RawAnswer> => harness.raw('webrtc-login', { type: 'code', code }, null);
const session = (code: string): Promise<Session> => harness.call('webrtc-login', { type: 'code', code }, null);

describe('a one-time login code', () => {
  it('[FN25] makes whoever shows it the user who asked for it, guest or WeChat user, with a session of its own', async () => {
    const event = { type: 'wechat', code: wechat.loginCode('o1YH64abcdefghijklmnopqrstuv') };
    const phones = [
      await harness.call('webrtc-login', event, null),
      await harness.call('webrtc-login', { type: 'guest', name: '小李' }, null),
    ];
    for (const phone of phones) {
      const { code, expiresIn } = await codeFor(bearer(phone));
      expect(expiresIn).toBe(60);
      expect(code).toMatch(/^[A-Za-z0-9_-]{32}$/);
      const page = await session(code);
      expect(page).toMatchObject({ userID: phone.userID, userName: phone.userName, kind: phone.kind });
      const { roomInfo } = await harness.call('webrtc-enter-room', { roomName: 'x' }, bearer(page));
      expect(roomInfo.members).toMatchObject([{ userID: phone.userID, userName: phone.userName }]);
      // The session that asked goes on.
      expect(await harness.code('webrtc-get-room-list', {}, bearer(phone))).toBe(0);
    }
    expect(phones.map(({ kind }) => kind)).toEqual(['wechat', 'guest']);
  });

  it('[FN25] ends with the session that asked for it: a chain of codes prolongs nothing', async () => {
    const secret = harness.server.credentials.sessionSecret;
    const soon = new Sessions(secret, 90).issue({ userId: 'g_soon', userName: 'Ann', kind: 'guest' });
    const first = await session((await codeFor(bearer(soon))).code);
    const second = await session((await codeFor(bearer(first))).code);
    expect([first.expiresAt, second.expiresAt]).toEqual([soon.expiresAt, soon.expiresAt]);
  });

  it('[FN26] is good once, also when many show it at the same moment', async () => {
    const ann = await harness.guest('Ann');
    const { code } = await codeFor(ann);
    const answers = await Promise.all(Array.from({ length: 12 }, () => redeem(code)));
    expect(answers.filter(({ body }) => body.code === 0).map(({ body }) => (body.data as Session).userID)).toEqual([
      ann.userId,
    ]);
    expect(answers.filter(({ body }) => body.code === 10014)).toHaveLength(11);
  });

  it('[FN26] wrong, used and too old are told in the same words', async () => {
    const ann = await harness.guest('Ann');
    const used = (await codeFor(ann)).code;
    await session(used);
    const answers: string[] = [];
    const show = async (code: string) => {
      const { status, body } = await redeem(code);
      answers.push(JSON.stringify({ status, body }));
    };
    for (const code of [used, 'x', used.slice(1), `${used}=`, "' OR 1=1 --", 'x'.repeat(128)]) await show(code);
    vi.useFakeTimers({ toFake: ['Date'] });
    const tooOld = (await codeFor(ann)).code;
    vi.setSystemTime(Date.now() + 60_000);
    await show(tooOld);
    vi.useRealTimers();
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('10014');
    expect(answers[0]).toContain('Open the page anew');
    for (const code of ['', 'x'.repeat(129), 5, null, undefined]) {
      expect(await harness.code('webrtc-login', { type: 'code', code }, null)).toBe(10001);
    }
  });

  it('[FN25] is given to who is signed in, for himself; the server key gets one for anybody', async () => {
    expect(await harness.code('webrtc-login-code', {}, null)).toBe(10006);
    const [ann, bob] = [await harness.guest('Ann'), await harness.guest('Bob')];
    expect(await harness.code('webrtc-login-code', { userID: ann.userId }, bob)).toBe(10007);
    expect(await harness.code('webrtc-login-code', {}, harness.serverKey)).toBe(10001);
    const forAnn = await codeFor(harness.serverKey, { userID: ann.userId });
    expect(await session(forAnn.code)).toMatchObject({ userID: ann.userId, userName: 'Ann', kind: 'guest' });
    const stranger = await codeFor(harness.serverKey, { userID: 'staff_7' });
    expect(await session(stranger.code)).toMatchObject({ userID: 'staff_7', userName: 'staff_7', kind: 'guest' });
  });

  it('[FN27] neither the code nor the session it becomes stands in database or log', async () => {
    const { code } = await codeFor(await harness.guest('Ann'));
    const { code: open } = await codeFor(await harness.guest('Bob'));
    const { token } = await session(code);
    await redeem(code);
    const files = readdirSync(harness.dataDir).filter((name) => name.startsWith('lianmai.db'));
    const kept = files.map((name) => readFileSync(join(harness.dataDir, name)).toString('latin1')).join('');
    expect(kept).toContain('CREATE TABLE login_codes');
    const seen = `${kept}\n${harness.logged.join('\n')}`;
    for (const secret of [code, open, token]) expect(seen.includes(secret)).toBe(false);
  });
});

describe('bounds of one-time login codes', () => {
  it('[FN28] a user has a few, the oldest goes; all together have a number, then it is 10011 with when to come again', async () => {
    const stores = createMemoryStores();
    let now = 1_000;
    const codes = new LoginCodes(stores.loginCodes, 60, { perUser: 2, total: 3 }, () => now);
    const issue = (userId: string) => codes.issue({ userId, userName: userId }, { kind: 'guest', endsAt: null });
    const [first, second] = [await issue('ann'), await issue('ann'), await issue('ann')];
    await expect(codes.redeem(first?.code ?? '')).rejects.toMatchObject({ reason: 'loginRefused' });
    expect(await codes.redeem(second?.code ?? '')).toMatchObject({ userId: 'ann' });
    await issue('bob');
    await issue('cat');
    await expect(issue('dan')).rejects.toBeInstanceOf(RateLimitError);
    await expect(issue('dan')).rejects.toMatchObject({ reason: 'tooManyRequests', retryAfterSeconds: 60 });
    now += 60_000;
    expect(await codes.sweep()).toBe(3);
    expect(await issue('dan')).toMatchObject({ expiresIn: 60 });
  });

  it('[FN28] guessing is limited as every login is, asking as every call of a user; lifetimes are those of the settings', async () => {
    // Nothing refills while the test runs, however long that takes.
    vi.spyOn(performance, 'now').mockReturnValue(1_000);
    const own = await Harness.start({
      config: {
        identity: { loginCodeSeconds: 10 },
        limits: { loginsPerAddressPerMinute: 5, perUserPerSecond: 0.25, loginCodes: 10 },
      },
    });
    try {
      const ann = await own.guest('Ann');
      expect(await own.call('webrtc-login-code', {}, ann)).toMatchObject({ expiresIn: 10 });
      expect(await own.code('webrtc-login-code', {}, ann)).toBe(10011);
      for (let guess = 0; guess < 4; guess += 1) {
        expect(await own.code('webrtc-login', { type: 'code', code: `guess-${guess}` }, null)).toBe(10014);
      }
      const { body, headers } = await own.raw('webrtc-login', { type: 'code', code: 'one more' }, null);
      expect(body.code).toBe(10011);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await own.stop();
    }
  });
});
