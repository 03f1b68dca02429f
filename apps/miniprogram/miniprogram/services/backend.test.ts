import { describe, expect, it } from 'vitest';
import { type BackendParts, createBackend } from './backend.ts';
import { memoryStore } from './core.ts';
import { FakeClock } from './testing/fakes.ts';

interface Sent {
  readonly url: string;
  readonly body: Record<string, unknown>;
  readonly token: string | undefined;
}

function partsOf(
  reply: (sent: Sent) => unknown,
  cloud: (name: string, data: object) => Promise<unknown> = async () => ({}),
): { parts: BackendParts; sent: Sent[] } {
  const sent: Sent[] = [];
  const parts: BackendParts = {
    clock: new FakeClock(),
    store: memoryStore(),
    http: async (request) => {
      const one = {
        url: request.url,
        body: JSON.parse(request.body ?? '{}'),
        token: request.headers['authorization'],
      };
      sent.push(one);
      return { status: 200, body: JSON.stringify(reply(one)), header: () => null };
    },
    wechatCredentials: async () => ({ type: 'wechat', code: 'wx-code' }),
    cloud: (env) => (name, data) => cloud(`${env}/${name}`, data),
    guestName: () => 'Guest',
  };
  return { parts, sent };
}

const session = { code: 0, message: '', data: { token: 'tok', userID: 'u1', expiresAt: 9_000_000_000 } };

describe('[MP2] a self-hosted back end', () => {
  const config = { kind: 'self-hosted', baseUrl: 'https://m', login: 'wechat' } as const;

  it('signs in with a code of wx.login, and sends the session with each call', async () => {
    const { parts, sent } = partsOf(({ url }) =>
      url.endsWith('webrtc-login') ? session : { code: 0, message: '', data: [], total: 0 },
    );
    const backend = createBackend(config, parts);
    expect(backend.asksName).toBe(false);
    await backend.listRooms(20, 0);
    expect(sent.map(({ url, body, token }) => [url, body, token])).toEqual([
      ['https://m/functions/webrtc-login', { type: 'wechat', code: 'wx-code' }, undefined],
      ['https://m/functions/webrtc-get-room-list', { skip: 0, limit: 20 }, 'Bearer tok'],
    ]);
  });

  it('signs guests in by the name they give', async () => {
    const { parts, sent } = partsOf(() => session);
    const backend = createBackend({ ...config, login: 'guest' }, parts);
    expect(backend.asksName).toBe(true);
    await backend.signIn('小李');
    expect(sent[0]?.body).toEqual({ type: 'guest', name: '小李' });
    expect(backend.currentName()).toBe('小李');
  });

  it('asks for a one-time code for the web page, by a session that outlasts a long call there', async () => {
    const { parts, sent } = partsOf(({ url }) => {
      const logins = sent.filter((one) => one.url.endsWith('webrtc-login')).length;
      // The first session is over in an hour.
      const expiresAt = logins === 1 ? 1_000_000 + 3_600_000 : 1_000_000 + 604_800_000;
      const login = { token: `tok-${logins}`, userID: 'u1', expiresAt };
      return { code: 0, message: '', data: url.endsWith('webrtc-login') ? login : { code: 'c0de', expiresIn: 60 } };
    });
    const backend = createBackend({ ...config, login: 'guest' }, parts);
    await backend.signIn('小李');
    expect(await backend.webLoginCode()).toBe('c0de');
    expect(await backend.webLoginCode()).toBe('c0de');
    expect(sent.map(({ url, token }) => [url.replace('https://m/functions/webrtc-', ''), token])).toEqual([
      ['login', undefined],
      ['login', 'Bearer tok-1'],
      ['login-code', 'Bearer tok-2'],
      ['login-code', 'Bearer tok-2'],
    ]);
  });

  it('knows the web page of a room, and needs no heartbeats', () => {
    const backend = createBackend(config, partsOf(() => session).parts);
    expect(backend.webRoomUrl('4321')).toBe('https://m/r/4321');
    expect(backend.needsHeartbeat).toBe(false);
  });
});

describe('[MP3] a back end in CloudBase', () => {
  const config = { kind: 'cloud', env: 'prod-1', sdkAppId: 1400000001, media: { kind: 'trtc' } } as const;
  const make = (cloud: (name: string, data: object) => Promise<unknown>) =>
    createBackend(config, partsOf(() => null, cloud).parts);

  it('calls functions of the environment, without a login', async () => {
    const asked: unknown[] = [];
    const backend = make(async (name, data) => {
      asked.push([name, data]);
      return { code: 0, message: '', data: [], total: 7 };
    });
    await backend.signIn('x');
    expect(await backend.listRooms(5, 10)).toEqual({ rooms: [], total: 7 });
    expect(asked).toEqual([['prod-1/webrtc-get-room-list', { skip: 10, limit: 5 }]]);
    expect([backend.needsHeartbeat, backend.webRoomUrl('1')]).toEqual([true, null]);
  });

  it('takes the answers of the original: no code beside data is a success, codes may be strings', async () => {
    expect(await make(async () => ({ data: { x: 1 }, message: 'ok' })).invoke('webrtc-sig-api', {})).toEqual({ x: 1 });
    const full = make(async () => ({ code: '10005', message: 'full' }));
    await expect(full.invoke('webrtc-enter-room', { roomID: '1' })).rejects.toMatchObject({
      reason: 'full',
      code: 10005,
    });
  });

  it('tells a function that is not there, or answers nothing, from a refusal', async () => {
    const missing = make(async () => Promise.reject(new Error('cloud.callFunction:fail -501000')));
    await expect(missing.invoke('webrtc-sig-api', {})).rejects.toMatchObject({ reason: 'network' });
    await expect(make(async () => undefined).invoke('webrtc-sig-api', {})).rejects.toMatchObject({ reason: 'server' });
    await expect(make(async () => ({ code: 'x' })).invoke('webrtc-sig-api', {})).rejects.toMatchObject({
      reason: 'server',
    });
  });
});
