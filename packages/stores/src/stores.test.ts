import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Application, createMemoryStores, openSqliteStore, type Stores } from './index.ts';
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

  it('[RM88] keeps named values', () =>
    withStores(async ({ values }) => {
      expect(await values.value('a')).toBeNull();
      await values.setValue('a', '1');
      await values.setValue('a', '2');
      expect(await values.value('a')).toBe('2');
    }));
});

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
