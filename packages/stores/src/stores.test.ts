import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Application, createMemoryStores, type LoginCode, openSqliteStore, type Stores } from './index.ts';
import { temporaryFolder } from './testing/folder.ts';

const folders: { remove(): void }[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

const implementations: [string, () => Promise<Stores>][] = [
  ['in memory', async () => createMemoryStores()],
  [
    'on SQLite',
    async () => {
      const folder = temporaryFolder();
      folders.push(folder);
      return openSqliteStore(join(folder.path, 'stores.db'));
    },
  ],
];

describe.each(implementations)('%s', (_name, open) => {
  const withStores = async (test: (stores: Stores) => Promise<void>): Promise<void> => {
    const stores = await open();
    try {
      await test(stores);
    } finally {
      await stores.close();
    }
  };

  it('[RM86] makes the application once, and finds it from then on', () =>
    withStores(async ({ applications }) => {
      const first = await applications.ensureApplication(() => application(2, 50));
      expect(first).toEqual(application(2, 50));
      expect(await applications.ensureApplication(() => application(1, 60))).toEqual(first);
      expect(await applications.addApplication(application(2, 70))).toBe(false);
      expect(await applications.addApplication(application(1, 60))).toBe(true);
      expect(await applications.application(1)).toEqual(application(1, 60));
      expect(await applications.application(9)).toBeNull();
      expect((await applications.applications()).map((one) => one.sdkAppId)).toEqual([2, 1]);
      expect(await applications.ensureApplication(() => application(3, 1))).toEqual(first);
    }));

  it('[RM86] agrees on one when several ask at the same moment', () =>
    withStores(async ({ applications }) => {
      const made = await Promise.all([1, 2, 3].map((id) => applications.ensureApplication(() => application(id, id))));
      expect(new Set(made.map((one) => one.sdkAppId)).size).toBe(1);
      expect(await applications.applications()).toHaveLength(1);
      const secrets = await Promise.all(['a', 'b', 'c'].map((secret) => applications.ensureSecret('s', () => secret)));
      expect(new Set(secrets).size).toBe(1);
      expect(await applications.ensureSecret('other', () => 'z')).toBe('z');
    }));

  it('[RM86] makes the server key once, and adds others', () =>
    withStores(async ({ applications }) => {
      const key = { apiKey: 'k1', apiSecret: 's1', createdAt: 5 };
      expect(await applications.ensureApiKey(() => key)).toEqual(key);
      expect(await applications.ensureApiKey(() => ({ ...key, apiKey: 'k2' }))).toEqual(key);
      expect(await applications.addApiKey({ ...key, apiSecret: 'x' })).toBe(false);
      expect(await applications.addApiKey({ ...key, apiKey: 'k2' })).toBe(true);
      expect((await applications.apiKeys()).map((one) => one.apiKey)).toEqual(['k1', 'k2']);
    }));

  it('[RM86] keeps nothing when making fails', () =>
    withStores(async ({ applications }) => {
      const fail = (): Application => {
        throw new Error('no entropy');
      };
      await expect(applications.ensureApplication(fail)).rejects.toThrow('no entropy');
      expect(await applications.applications()).toEqual([]);
    }));

  it('[RM87] one person at one door is one user, however often and at once he comes', () =>
    withStores(async ({ identities }) => {
      const come = (kind: 'guest' | 'wechat', subject: string, userId: string): Promise<string> =>
        identities
          .ensureIdentity(kind, subject, () => ({ userId, userName: userId, createdAt: 1 }))
          .then((one) => one.userId);
      const ids = await Promise.all(['u1', 'u2', 'u3'].map((userId) => come('wechat', 'openid', userId)));
      expect(new Set(ids).size).toBe(1);
      expect(await come('guest', 'openid', 'u9')).toBe('u9');
      expect(await identities.identity('u9')).toEqual({
        kind: 'guest',
        subject: 'openid',
        userId: 'u9',
        userName: 'u9',
        createdAt: 1,
      });
      expect(await identities.identity('nobody')).toBeNull();
    }));

  it('[RM87] a user id that is taken is drawn anew, not shared', () =>
    withStores(async ({ identities }) => {
      await identities.ensureIdentity('guest', 'a', () => ({ userId: 'u1', userName: 'A', createdAt: 1 }));
      const draws = ['u1', 'u1', 'u2'];
      const made = await identities.ensureIdentity('guest', 'b', () => ({
        userId: draws.shift() ?? '',
        userName: 'B',
        createdAt: 2,
      }));
      expect(made.userId).toBe('u2');
      const stuck = identities.ensureIdentity('guest', 'c', () => ({ userId: 'u1', userName: 'C', createdAt: 3 }));
      await expect(stuck).rejects.toMatchObject({ reason: 'internal' });
    }));

  it('[RM87] renames', () =>
    withStores(async ({ identities }) => {
      await identities.ensureIdentity('guest', 'a', () => ({ userId: 'u1', userName: 'A', createdAt: 1 }));
      expect(await identities.renameIdentity('u1', '连麦')).toBe(true);
      expect(await identities.renameIdentity('u2', 'B')).toBe(false);
      expect((await identities.identity('u1'))?.userName).toBe('连麦');
    }));

  it('[RM88] remembers revoked tokens until they would have run out', () =>
    withStores(async ({ identities }) => {
      await identities.revokeToken('t1', 100);
      await identities.revokeToken('t2', 200);
      await identities.revokeToken('t2', 150);
      expect(await identities.isTokenRevoked('t1')).toBe(true);
      expect(await identities.isTokenRevoked('t3')).toBe(false);
      expect(await identities.purgeTokens(199)).toBe(1);
      expect(await identities.isTokenRevoked('t1')).toBe(false);
      expect(await identities.isTokenRevoked('t2')).toBe(true);
      expect(await identities.purgeTokens(200)).toBe(1);
    }));

  it('[RM91] a login code is got once, by one of those who ask at the same moment, and not after its end', () =>
    withStores(async ({ loginCodes }) => {
      const limits = { perUser: 2, total: 10 };
      const code = loginCode('h1', 'u1', 100);
      expect(await loginCodes.keepLoginCode(code, limits, 0)).toBe(true);
      const taken = await Promise.all(Array.from({ length: 8 }, () => loginCodes.takeLoginCode('h1', 99)));
      expect(taken.filter((one) => one !== null)).toEqual([code]);
      expect(await loginCodes.takeLoginCode('h1', 0)).toBeNull();
      const endless = { ...loginCode('h2', 'u1', 100), kind: 'wechat', sessionEndsAt: null } as const;
      await loginCodes.keepLoginCode(endless, limits, 0);
      expect(await loginCodes.takeLoginCode('h2', 99)).toEqual(endless);
      await loginCodes.keepLoginCode(loginCode('h3', 'u1', 100), limits, 0);
      expect(await loginCodes.takeLoginCode('h3', 100)).toBeNull();
      expect(await loginCodes.takeLoginCode('h3', 0)).toBeNull();
    }));

  it('[RM91] login codes are bounded: for a user the oldest goes, in all one more is refused, what ran out does not count', () =>
    withStores(async ({ loginCodes }) => {
      const limits = { perUser: 2, total: 3 };
      const keep = (hash: string, userId: string, expiresAt: number, now = 0): Promise<boolean> =>
        loginCodes.keepLoginCode(loginCode(hash, userId, expiresAt), limits, now);
      for (const hash of ['a1', 'a2', 'a3', 'a4']) expect(await keep(hash, 'ann', 50)).toBe(true);
      expect(await loginCodes.takeLoginCode('a1', 0)).toBeNull();
      expect(await loginCodes.takeLoginCode('a2', 0)).toBeNull();
      expect(await keep('b1', 'bob', 60)).toBe(true);
      expect(await keep('c1', 'cat', 60)).toBe(false);
      // Who has as many as he may have replaces one of his own, whatever the others have.
      expect(await keep('a5', 'ann', 60)).toBe(true);
      expect(await keep('c1', 'cat', 60, 50)).toBe(true);
      expect(await loginCodes.takeLoginCode('a4', 0)).toBeNull();
      expect(await loginCodes.purgeLoginCodes(59)).toBe(0);
      expect(await loginCodes.purgeLoginCodes(60)).toBe(3);
      expect(await loginCodes.takeLoginCode('b1', 0)).toBeNull();
    }));

  it('[RM88] keeps named values', () =>
    withStores(async ({ values }) => {
      expect(await values.value('a')).toBeNull();
      await values.setValue('a', '1');
      await values.setValue('a', '2');
      expect(await values.value('a')).toBe('2');
    }));
});

function loginCode(hash: string, userId: string, expiresAt: number): LoginCode {
  return { hash, userId, userName: '连麦', kind: 'guest', sessionEndsAt: 9_000, expiresAt };
}

function application(sdkAppId: number, createdAt: number): Application {
  return {
    sdkAppId,
    accountType: '1',
    algorithm: 'ES256',
    privateKeyPem: 'private',
    publicKeyPem: 'public',
    createdAt,
  };
}
