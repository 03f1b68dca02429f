import { describe, expect, it } from 'vitest';
import { ClientError } from './failure.ts';
import { memoryStore } from './ports.ts';
import { type FakeServer, makeClient, refusal, settle } from './testing/fakes.ts';

describe('[CC2] callFunction has the shape of wx.cloud.callFunction', () => {
  it('resolves to {result: {code, message, data}}', async () => {
    const { client } = makeClient();
    const { result, errMsg } = await client.callFunction({ name: 'webrtc-get-room-info', data: { roomID: '4321' } });
    expect(result).toMatchObject({ code: 0, message: 'success', data: { roomID: '4321' } });
    expect(errMsg).toBe('cloud.callFunction:ok');
  });

  it('resolves a refusal too, with data null', async () => {
    const { client, server } = makeClient();
    server.replies.set('webrtc-get-room-info', () => refusal(10003, 'none', 404));
    const { result } = await client.callFunction({ name: 'webrtc-get-room-info', data: { roomID: '4321' } });
    expect(result).toEqual({ code: 10003, message: 'none', data: null });
  });

  it('rejects only without a usable answer', async () => {
    const { client, server } = makeClient();
    server.replies.set('webrtc-get-room-info', () => 'no-answer');
    const call = () => client.callFunction({ name: 'webrtc-get-room-info', data: { roomID: '4321' } });
    await expect(call()).rejects.toMatchObject({ reason: 'network' });
    server.replies.set('webrtc-get-room-info', () => ({ status: 502, text: '<html>Bad gateway</html>' }));
    await expect(call()).rejects.toMatchObject({ reason: 'server' });
    server.replies.set('webrtc-get-room-info', () => ({ json: [1, 2] }));
    await expect(call()).rejects.toBeInstanceOf(ClientError);
  });

  it('invoke throws the refusal as a typed failure, with the time the server asks for', async () => {
    const { client, server } = makeClient();
    server.replies.set('webrtc-get-room-info', () => ({
      status: 429,
      json: { code: 10011, message: 'slow down', data: null },
      headers: { 'retry-after': '7' },
    }));
    await expect(client.invoke('webrtc-get-room-info', { roomID: '4321' })).rejects.toMatchObject({
      reason: 'busy',
      code: 10011,
      retryAfterMs: 7_000,
    });
  });
});

describe('[CC3] the session', () => {
  it('is made at first need, once for calls at the same time, and sent as a bearer token', async () => {
    const { client, server } = makeClient();
    await Promise.all([client.listRooms(10), client.listRooms(10)]);
    expect(server.count('webrtc-login')).toBe(1);
    const list = server.calls.find(({ path }) => path.endsWith('room-list'));
    expect(list?.request.headers['authorization']).toBe('Bearer token-1');
  });

  it('outlives the page in its store', async () => {
    const store = memoryStore();
    const first = makeClient({ store });
    await first.client.listRooms(10);
    const second = makeClient({ store });
    await second.client.listRooms(10);
    expect(second.server.count('webrtc-login')).toBe(0);
  });

  it('is renewed by expiresAt, showing the old one so that the user stays the same', async () => {
    const { client, server, clock } = makeClient();
    await client.listRooms(10);
    await clock.advance(86_400_000 - 30_000);
    await client.listRooms(10);
    const logins = server.calls.filter(({ path }) => path.endsWith('webrtc-login'));
    expect(logins).toHaveLength(2);
    expect(logins[0]?.request.headers['authorization']).toBeUndefined();
    expect(logins[1]?.request.headers['authorization']).toBe('Bearer token-1');
  });

  it('signs in again when the server has forgotten it, once', async () => {
    const { client, server } = makeClient();
    server.replies.set('webrtc-get-room-info', (_body, count) =>
      count === 1 ? refusal(10006, 'who?', 401) : { json: { code: 0, message: '', data: null } },
    );
    await expect(client.invoke('webrtc-get-room-info', { roomID: '1' })).resolves.toBeNull();
    expect(server.count('webrtc-login')).toBe(2);
    server.replies.set('webrtc-get-room-info', () => refusal(10006, 'who?', 401));
    await expect(client.invoke('webrtc-get-room-info', { roomID: '1' })).rejects.toMatchObject({ reason: 'sign-in' });
  });

  it('takes a new name by signing in anew', async () => {
    const { client, server } = makeClient();
    await client.session.ensure('Alice');
    await client.session.ensure('Alice');
    await client.session.ensure('Bob');
    const names = server.calls.map(({ body }) => body['name']);
    expect(names).toEqual(['Alice', 'Bob']);
  });

  it('does not trust what stands in the store', async () => {
    const store = memoryStore();
    for (const text of ['', 'null', '{"token":1}', '[]', '{bad']) {
      store.set('lianmai.session', text);
      const { client, server } = makeClient({ store });
      await client.session.ensure();
      expect(server.count('webrtc-login')).toBe(1);
    }
  });
});

describe('[CC10] a one-time code', () => {
  const byCode = (server: FakeServer, kind: 'guest' | 'wechat', expiresAt: number) =>
    server.replies.set('webrtc-login', (body, count) => ({
      json: {
        code: 0,
        message: '',
        data:
          body['type'] === 'code'
            ? { token: 'lent', userID: 'w1', userName: '小李', kind, expiresAt }
            : { token: `guest-${count}`, userID: kind === 'guest' ? 'w1' : 'g1', expiresAt: expiresAt + 86_400_000 },
      },
    }));

  it('makes the client the user who asked for it; calls wait for it, whatever they would have been', async () => {
    const { client, server, clock } = makeClient();
    byCode(server, 'wechat', clock.now() + 100_000);
    const [session] = await Promise.all([
      client.session.redeem('c0de'),
      client.listRooms(10),
      client.session.ensure('Ann'),
    ]);
    expect(session).toMatchObject({ userID: 'w1', userName: '小李', lent: 'wechat' });
    expect(server.calls.map(({ body }) => body['type'] ?? 'list')).toEqual(['code', 'list']);
    expect(server.calls[1]?.request.headers['authorization']).toBe('Bearer lent');
    expect(client.session.current).toMatchObject({ token: 'lent', userName: '小李' });
  });

  it('a guest login that was under way does not take its place', async () => {
    const { client, server, clock } = makeClient();
    byCode(server, 'wechat', clock.now() + 100_000);
    const list = client.listRooms(10);
    await client.session.redeem('c0de');
    await list;
    expect(client.session.current?.token).toBe('lent');
    expect(server.calls.at(-1)?.request.headers['authorization']).toBe('Bearer lent');
  });

  it('outlives the page in its store; what ran out is told, and nobody becomes a guest by it until he says so', async () => {
    const store = memoryStore();
    const first = makeClient({ store });
    byCode(first.server, 'wechat', first.clock.now() + 100_000);
    await first.client.session.redeem('c0de');
    const { client, server, clock } = makeClient({ store });
    await client.session.ensure('Other');
    expect(server.count('webrtc-login')).toBe(0);
    await clock.advance(100_000);
    await expect(client.session.ensure()).rejects.toMatchObject({ reason: 'sign-in' });
    await expect(client.listRooms(10)).rejects.toMatchObject({ reason: 'sign-in' });
    client.session.signOut();
    await client.session.ensure('Ann');
    expect(client.session.current).toMatchObject({ userName: 'Ann' });
    expect(client.session.current?.lent).toBeUndefined();
  });

  it('of a guest is a session as any guest has: renewed and renamed, the user stays', async () => {
    const { client, server, clock } = makeClient();
    byCode(server, 'guest', clock.now() + 100_000);
    await client.session.redeem('c0de');
    await client.session.ensure('Li');
    expect(server.calls[1]?.body).toEqual({ type: 'guest', name: 'Li' });
    expect(server.calls[1]?.request.headers['authorization']).toBe('Bearer lent');
    expect(client.session.current).toMatchObject({ userID: 'w1', userName: 'Li', lent: 'guest' });
  });

  it('that is refused is told, and changes nothing', async () => {
    const { client, server } = makeClient();
    await client.session.ensure('Ann');
    server.replies.set('webrtc-login', () => refusal(10014, 'too old', 401));
    await expect(client.session.redeem('c0de')).rejects.toMatchObject({ reason: 'sign-in', code: 10014 });
    expect(await client.session.ensure()).toMatchObject({ userName: 'Ann', token: 'token-1' });
  });

  it('that is refused, or not answered, while a guest login is under way leaves that guest', async () => {
    for (const outcome of [refusal(10014, 'too old', 401), 'no-answer' as const]) {
      const { client, server, clock } = makeClient();
      const made = { token: 'guest', userID: 'g1', expiresAt: clock.now() + 86_400_000 };
      server.replies.set('webrtc-login', (body) =>
        body['type'] === 'code' ? outcome : { json: { code: 0, message: '', data: made } },
      );
      const outcomes: string[] = [];
      const told = (what: string) => () => void outcomes.push(what);
      client.session.ensure().then(told('guest'), told('no session'));
      client.session.redeem('c0de').then(told('redeemed'), told('refused'));
      client.listRooms(10).then(told('list'), told('no list'));
      await settle();
      expect(outcomes.sort()).toEqual(['guest', 'list', 'refused']);
      expect([client.session.current?.token, server.count('webrtc-login')]).toEqual(['guest', 2]);
    }
  });

  it('that came first and is answered last does not take the place of the newer one', async () => {
    const { client, server, clock } = makeClient();
    const data = (token: string) => ({
      token,
      userID: token,
      userName: token,
      kind: 'wechat',
      expiresAt: clock.now() + 9_000,
    });
    server.replies.set('webrtc-login', (body) =>
      body['code'] === 'bad'
        ? refusal(10014, 'too old', 401)
        : { json: { code: 0, message: '', data: data(String(body['code'])) } },
    );
    const redeemOutOfOrder = async (newer: string) => {
      let answerOlder = () => {};
      server.gates.set('webrtc-login', new Promise<void>((resolve) => (answerOlder = resolve)));
      const older = client.session.redeem('older');
      server.gates.delete('webrtc-login');
      await client.session.redeem(newer).catch(() => null);
      const list = client.listRooms(10);
      answerOlder();
      await older;
      await list;
      return [client.session.current?.token, server.calls.at(-1)?.request.headers['authorization']];
    };
    expect(await redeemOutOfOrder('newer')).toEqual(['newer', 'Bearer newer']);
    client.session.signOut();
    expect(await redeemOutOfOrder('bad')).toEqual(['older', 'Bearer older']);
  });
});

describe('[CC9] users whom the platform knows', () => {
  it('sign in with what it shows, fresh at every login', async () => {
    const codes = ['code-1', 'code-2'];
    const { client, server, clock } = makeClient({
      credentials: async () => ({ type: 'wechat', code: codes.shift() ?? 'none' }),
    });
    await client.session.ensure('Li');
    expect(server.calls[0]?.body).toEqual({ type: 'wechat', code: 'code-1' });
    await clock.advance(86_400_000);
    await client.session.ensure();
    expect(server.calls[1]?.body).toEqual({ type: 'wechat', code: 'code-2' });
  });
});
