/**
 * Where the server keeps what must survive it. The whole public interface:
 *
 * ```ts
 * const stores = await openSqliteStore('data/lianmai.db');   // or ':memory:'; creates the file, migrates it
 * const rooms = createRooms({ store: stores.rooms, settings: { leaseMs: 30_000 } });   // from @lianmai/rooms
 * const application = await stores.applications.ensureApplication(() => makeApplication());
 * const key = await stores.applications.ensureApiKey(() => makeApiKey());
 * const secret = await stores.applications.ensureSecret('session-signing', () => randomText());
 * const who = await stores.identities.ensureIdentity('wechat', openid, () => ({ userId, userName, createdAt }));
 * await stores.identities.revokeToken(jti, expiresAt);
 * const code = await stores.loginCodes.takeLoginCode(hash, Date.now());
 * await stores.close();
 * ```
 *
 * Every method fails with `LianmaiError('storeUnavailable')` (and the database's own error as its cause) when the database
 * does not do its work. `createMemoryStores()` gives the same without a file, for tests.
 */
export * from './applications.ts';
export * from './identities.ts';
export * from './login-codes.ts';
export { createMemoryStores } from './memory/stores.ts';
export { openSqliteStore, type SqliteOptions } from './sqlite/open.ts';
export type { Stores } from './stores.ts';
