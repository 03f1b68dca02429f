import { generateKeyPairSync } from 'node:crypto';
import { CODES, type FunctionName, type RoomInfo, type SignInfo } from '@lianmai/protocol';
import { verifyPrivateMapKey, verifyUserSig } from '@lianmai/tickets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import cloud from 'wx-server-sdk';
import { openEnvironment } from '../testing/stand-in/environments.ts';
import type { StandInService } from '../testing/stand-in/service.ts';
import { hostFunction, hostSweep } from './host.ts';

const APP = 1_400_000_001;
const { privateKey, publicKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const SETTINGS = { LIANMAI_TRTC_SDK_APP_ID: String(APP), LIANMAI_TRTC_PRIVATE_KEY: privateKey };
const ANN = 'oANN0000000000000000000000ann';
const BOB = 'oBOB0000000000000000000000bob';

let service: StandInService;
let environment: Record<string, string | undefined>;
let logged: string[];
const surroundings = {
  environment: () => environment,
  log: (record: object) => void logged.push(JSON.stringify(record)),
};

beforeEach(() => {
  const opened = openEnvironment({ seed: 1 });
  service = opened.service;
  environment = { ...SETTINGS };
  logged = [];
  vi.stubEnv('TCB_ENV', opened.env);
  vi.stubEnv('WX_CONTEXT_KEYS', 'WX_OPENID,WX_APPID');
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

interface Answer<T> {
  code: number;
  message: string;
  data: T;
  total?: number;
}

/** One call on an instance of its own, as when CloudBase starts one. */
function call<T = unknown>(name: FunctionName, openId: string | undefined, event?: unknown): Promise<Answer<T>> {
  vi.stubEnv('WX_OPENID', openId);
  const answer = hostFunction(name, cloud, surroundings)(event);
  // The next call on the instance takes the place of this one.
  vi.stubEnv('WX_OPENID', 'oSOMEBODY0000000000000000else');
  return answer as Promise<Answer<T>>;
}

function sweep(openId?: string): Promise<Answer<{ seats: number; rooms: number } | null>> {
  vi.stubEnv('WX_OPENID', openId);
  return hostSweep('webrtc-sweep', cloud, surroundings)({ Type: 'Timer' }) as ReturnType<typeof sweep>;
}

describe('who calls', () => {
  it('[CB20] is told by OPENID alone; without one every function answers 10006', async () => {
    const made = await call<RoomInfo>('webrtc-create-room', ANN, { roomID: 42, userInfo: { openId: BOB } });
    expect(made).toMatchObject({ code: 0, message: 'success', data: { creator: ANN } });
    for (const openId of [undefined, '', '12345', 'no such id!']) {
      const answer = await call('webrtc-get-room-info', openId, { roomID: 42, userID: ANN });
      expect(answer).toMatchObject({ code: 10006, data: null });
      expect(answer.message).toContain('wx.cloud.callFunction');
    }
  });

  it("[CB21] the event's userID can only repeat it; another is 10007 in every function", async () => {
    await call('webrtc-create-room', ANN, { roomID: 42 });
    expect(await call('webrtc-get-room-info', ANN, { roomID: 42, userID: ANN })).toMatchObject({ code: 0 });
    const events: [FunctionName, object][] = [
      ['webrtc-create-room', { roomID: 43 }],
      ['webrtc-enter-room', { roomID: 42 }],
      ['webrtc-quit-room', { roomID: 42 }],
      ['webrtc-get-room-info', { roomID: 42 }],
      ['webrtc-get-room-list', {}],
      ['webrtc-sig-api', { roomID: 42 }],
      ['webrtc-heartbeat', { roomID: 42 }],
      ['webrtc-kick-member', { roomID: 42, memberID: BOB }],
      ['webrtc-mute-member', { roomID: 42, memberID: BOB, kind: 'audio' }],
      ['webrtc-dissolve-room', { roomID: 42 }],
    ];
    for (const [name, event] of events) {
      expect(await call(name, BOB, { ...event, userID: ANN }), name).toMatchObject({ code: 10007, data: null });
    }
  });

  it('[CB22] webrtc-login says that it is not needed, webrtc-login-code that there is no page for it', async () => {
    const answer = await call('webrtc-login', ANN, { type: 'wechat', code: 'x' });
    expect(answer).toMatchObject({ code: 10015, message: expect.stringContaining('OPENID') });
    const code = await call('webrtc-login-code', ANN);
    expect(code).toMatchObject({ code: 10015, message: expect.stringContaining('no web page') });
  });
});

describe('rooms', () => {
  it('[CB23] answers the envelope and the codes of every host', async () => {
    expect(await call('webrtc-enter-room', ANN)).toMatchObject({ code: 10001 });
    expect(await call('webrtc-enter-room', ANN, { roomID: '042' })).toMatchObject({ code: 10002 });
    expect(await call('webrtc-get-room-info', ANN, { roomID: 42 })).toMatchObject({ code: 10003 });
    environment['LIANMAI_DEFAULT_CAPACITY'] = '2';
    expect(await call('webrtc-create-room', ANN, { roomID: 42 })).toMatchObject({ code: 0, data: { capacity: 2 } });
    expect(await call('webrtc-create-room', BOB, { roomID: '42' })).toMatchObject({ code: 10004 });
    expect(await call('webrtc-get-room-info', BOB, { roomID: 42 })).not.toHaveProperty('data.members');
    expect(await call('webrtc-kick-member', BOB, { roomID: 42, memberID: ANN })).toMatchObject({ code: 10008 });
    const entered = await call<{ roomInfo: RoomInfo; signInfo: SignInfo }>('webrtc-enter-room', BOB, { roomID: 42 });
    expect(entered.data.roomInfo.members?.map((one) => one.userID)).toEqual([ANN, BOB]);
    expect(await call('webrtc-enter-room', 'oCAT', { roomID: 42 })).toMatchObject({ code: 10005 });
    expect(await call('webrtc-get-room-list', 'oCAT')).toMatchObject({ code: 0, data: [{ roomID: '42' }], total: 1 });
    expect(await call('webrtc-heartbeat', 'oCAT', { roomID: 42 })).toMatchObject({ code: 10010 });
    expect(await call('webrtc-quit-room', ANN, { roomID: 42 })).toMatchObject({ code: 0, data: { ownerID: BOB } });
    expect(await call('webrtc-quit-room', BOB, { roomID: 42 })).toMatchObject({ code: 0, data: null });
    expect(service.database.documents('webrtcRooms')).toEqual([]);
    expect(logged).toEqual([]);
  });

  it('[CB24] tickets are signed by the key of the application, and bound to user and room', async () => {
    environment['LIANMAI_TRTC_ACCOUNT_TYPE'] = '36862';
    const { data } = await call<{ signInfo: SignInfo }>('webrtc-enter-room', ANN, { roomID: 4_294_967_294 });
    const { userSig, privateMapKey, ...rest } = data.signInfo;
    expect(rest).toMatchObject({ userID: ANN, sdkAppID: APP, accountType: '36862' });
    const expected = { key: publicKey, sdkAppId: APP, userId: ANN };
    expect(verifyUserSig(userSig, expected)).toMatchObject({ ok: true });
    const room = { roomId: 4_294_967_294 };
    expect(verifyPrivateMapKey(privateMapKey, { ...expected, room })).toMatchObject({ ok: true, privileges: 255 });
    const wrong = verifyPrivateMapKey(privateMapKey, { ...expected, room: { roomId: 1 } });
    expect(wrong).toMatchObject({ ok: false, reason: 'other-room' });
  });

  it('[CB24] or by the secret key that newer applications have', async () => {
    const secret = '5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e';
    environment = { LIANMAI_TRTC_SDK_APP_ID: String(APP), LIANMAI_TRTC_SECRET_KEY: secret };
    const { data } = await call<SignInfo>('webrtc-sig-api', ANN, { roomID: 42 });
    const expected = { secret, sdkAppId: APP, userId: ANN };
    expect(verifyUserSig(data.userSig, expected)).toMatchObject({ ok: true, version: 'v2' });
    const room = { roomId: 42 };
    expect(verifyPrivateMapKey(data.privateMapKey, { ...expected, room })).toMatchObject({ ok: true, version: 'v2' });
  });

  it('[CB25] who was removed gets no further ticket, and no seat, until he is let in again', async () => {
    await call('webrtc-create-room', ANN, { roomID: 42 });
    await call('webrtc-enter-room', BOB, { roomID: 42 });
    expect(await call('webrtc-kick-member', ANN, { roomID: 42, memberID: BOB })).toMatchObject({ code: 0 });
    expect(await call('webrtc-sig-api', BOB, { roomID: 42 })).toMatchObject({ code: 10009 });
    expect(await call('webrtc-enter-room', BOB, { roomID: 42 })).toMatchObject({ code: 10009 });
    await call('webrtc-kick-member', ANN, { roomID: 42, memberID: BOB, kick: false });
    expect(await call('webrtc-enter-room', BOB, { roomID: 42 })).toMatchObject({ code: 0 });
  });

  it("[CB26] muting is 10022: Tencent's media room is not ours", async () => {
    await call('webrtc-create-room', ANN, { roomID: 42 });
    const answer = await call('webrtc-mute-member', ANN, { roomID: 42, memberID: ANN, kind: 'audio' });
    expect(answer).toEqual({ code: 10022, message: CODES.noMediaService.message, data: null });
  });

  it('[CB27] thirty callers at once, each on an instance of its own: as many seats as the room has', async () => {
    await call('webrtc-create-room', ANN, { roomID: 42, capacity: 8 });
    const users = Array.from({ length: 30 }, (_, index) => `oUSER${index}`);
    const answers = await Promise.all(users.map((user) => call('webrtc-enter-room', user, { roomID: 42 })));
    expect(answers.map((one) => one.code).toSorted((a, b) => a - b)).toEqual([
      ...Array<number>(7).fill(0),
      ...Array<number>(23).fill(10005),
    ]);
    expect(service.database.documents('webrtcRooms')[0]?.['members']).toHaveLength(8);
    expect(service.misses).toBeGreaterThan(0);
  });

  it('[CB28] the sweep frees lapsed seats and ends empty rooms; a user cannot call it', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    await call('webrtc-create-room', ANN, { roomID: 42 });
    vi.setSystemTime(1_800_000_020_000);
    await call('webrtc-enter-room', BOB, { roomID: 42 });
    vi.setSystemTime(1_800_000_031_000);
    expect(await sweep(ANN)).toMatchObject({ code: 10016, data: null });
    expect(await sweep()).toMatchObject({ code: 0, data: { seats: 1, rooms: 0 } });
    expect(await call('webrtc-get-room-info', BOB, { roomID: 42 })).toMatchObject({ data: { ownerID: BOB } });
    await call('webrtc-heartbeat', BOB, { roomID: 42 });
    vi.setSystemTime(1_800_000_060_000);
    expect(await sweep()).toMatchObject({ data: { seats: 0, rooms: 0 } });
    vi.setSystemTime(1_800_000_062_000);
    expect(await sweep()).toMatchObject({ data: { seats: 1, rooms: 1 } });
    expect(service.database.documents('webrtcRooms')).toEqual([]);
  });
});

describe('what is not set up', () => {
  it('[CB30] a missing or unusable setting is 10023 and named; nobody takes a seat without a ticket', async () => {
    const cases: [Record<string, string | undefined>, string][] = [
      [{ LIANMAI_TRTC_PRIVATE_KEY: undefined }, 'LIANMAI_TRTC_PRIVATE_KEY is not set.'],
      [{ LIANMAI_TRTC_PRIVATE_KEY: 'HIDDEN-rubbish' }, 'LIANMAI_TRTC_PRIVATE_KEY is no readable EC private key'],
      [{ LIANMAI_TRTC_PRIVATE_KEY: publicKey }, 'LIANMAI_TRTC_PRIVATE_KEY is no readable EC private key'],
      [{ LIANMAI_TRTC_SECRET_KEY: 'HIDDEN-x' }, 'Set either LIANMAI_TRTC_PRIVATE_KEY or LIANMAI_TRTC_SECRET_KEY'],
      [
        { LIANMAI_TRTC_PRIVATE_KEY: undefined, LIANMAI_TRTC_SECRET_KEY: 'HIDDEN-x' },
        'LIANMAI_TRTC_SECRET_KEY must be the whole secret key',
      ],
      [{ LIANMAI_TRTC_SDK_APP_ID: ' ' }, 'LIANMAI_TRTC_SDK_APP_ID is not set.'],
      [{ LIANMAI_TRTC_SDK_APP_ID: 'HIDDEN-x' }, 'LIANMAI_TRTC_SDK_APP_ID must be an integer'],
      [{ LIANMAI_TRTC_ACCOUNT_TYPE: 'HIDDEN-x' }, 'LIANMAI_TRTC_ACCOUNT_TYPE must be a number.'],
      [{ LIANMAI_USERSIG_SECONDS: '1' }, 'LIANMAI_USERSIG_SECONDS must be an integer from 60'],
    ];
    for (const [change, message] of cases) {
      environment = { ...SETTINGS, ...change };
      const answer = await call('webrtc-enter-room', ANN, { roomID: 42 });
      expect(answer).toMatchObject({ code: 10023, message: expect.stringContaining(message), data: null });
    }
    expect(service.database.documents('webrtcRooms')).toEqual([]);
    expect(logged).toHaveLength(cases.length);
    expect(logged.join()).not.toMatch(/HIDDEN|BEGIN/);
  });

  it('[CB30] functions that sign nothing need no key', async () => {
    environment = { LIANMAI_TRTC_SDK_APP_ID: String(APP) };
    expect(await call('webrtc-create-room', ANN, { roomID: 42 })).toMatchObject({ code: 0 });
    expect(await call('webrtc-sig-api', ANN, { roomID: 42 })).toMatchObject({ code: 10023 });
  });

  it('[CB31] the key may come with its line breaks, as \\n, as spaces, without any, or in quotes', async () => {
    const one = privateKey.trim();
    for (const text of [
      one,
      `${one.replaceAll('\n', '\r\n')}\r\n`,
      one.replaceAll('\n', '\\n'),
      one.replaceAll('\n', ' '),
      one.replaceAll('\n', ''),
      `"${one.replaceAll('\n', '\\n')}"`,
    ]) {
      environment['LIANMAI_TRTC_PRIVATE_KEY'] = text;
      const { data } = await call<SignInfo>('webrtc-sig-api', ANN, {});
      const verified = verifyUserSig(data.userSig, { key: publicKey, sdkAppId: APP, userId: ANN });
      expect(verified).toMatchObject({ ok: true });
    }
  });

  it('[CB32] tickets for media on a server of our own are refused with a reason', async () => {
    environment['LIANMAI_PROVIDER'] = 'lianmai';
    const answer = await call('webrtc-enter-room', ANN, { roomID: 42 });
    expect(answer).toMatchObject({ code: 10023, message: expect.stringContaining('are not built') });
    environment['LIANMAI_PROVIDER'] = 'trtc';
    expect(await call('webrtc-enter-room', ANN, { roomID: 42 })).toMatchObject({ code: 0 });
  });

  it('[CB33] a missing collection is named to the caller and in the log', async () => {
    service.database.dropCollection('webrtcRooms');
    const answer = await call('webrtc-get-room-list', ANN);
    expect(answer).toMatchObject({ code: 10021, message: expect.stringContaining('no collection "webrtcRooms"') });
    expect(logged[0]).toContain('Db or Table not exist');
    expect(logged[0]).toContain('"function":"webrtc-get-room-list"');
  });

  it('[CB34] what nobody expected is 10500, without a word of its inside', async () => {
    const broken = { ...cloud, getWXContext: () => ({ OPENID: ANN }), database: () => ({}) };
    const answer = await hostFunction('webrtc-get-room-list', broken, surroundings)({});
    expect(answer).toEqual({ code: 10500, message: CODES.internal.message, data: null });
    expect(logged[0]).toContain('"reason":"internal"');
  });
});
