import { LianmaiError } from '@lianmai/protocol';
import type { ApiKey, Application, ApplicationStore } from '../applications.ts';
import type { Identity, IdentityStore, ValueStore } from '../identities.ts';
import type { Stores } from '../stores.ts';
import { memoryLoginCodes } from './login-codes.ts';
import { createMemoryRoomStore } from './room-store.ts';

/** Everything in memory, gone with the process: for tests and for saying what the others must do. */
export function createMemoryStores(): Stores {
  return {
    rooms: createMemoryRoomStore(),
    applications: memoryApplications(),
    identities: memoryIdentities(),
    loginCodes: memoryLoginCodes(),
    values: memoryValues(),
    async close() {},
  };
}

function memoryApplications(): ApplicationStore {
  const applications: Application[] = [];
  const keys: ApiKey[] = [];
  const secrets = new Map<string, string>();
  const addApplication = (one: Application): boolean =>
    applications.every((other) => other.sdkAppId !== one.sdkAppId) && applications.push(one) > 0;
  const addApiKey = (one: ApiKey): boolean => keys.every((other) => other.apiKey !== one.apiKey) && keys.push(one) > 0;
  const byAge = (a: { createdAt: number }, b: { createdAt: number }): number => a.createdAt - b.createdAt;
  return {
    async ensureApplication(make) {
      const first = applications.toSorted(byAge)[0];
      if (first !== undefined) return first;
      const made = make();
      addApplication(made);
      return made;
    },
    async addApplication(application) {
      return addApplication(application);
    },
    async application(sdkAppId) {
      return applications.find((one) => one.sdkAppId === sdkAppId) ?? null;
    },
    async applications() {
      return applications.toSorted(byAge);
    },
    async ensureApiKey(make) {
      const first = keys.toSorted(byAge)[0];
      if (first !== undefined) return first;
      const made = make();
      addApiKey(made);
      return made;
    },
    async addApiKey(key) {
      return addApiKey(key);
    },
    async apiKeys() {
      return keys.toSorted(byAge);
    },
    async ensureSecret(name, make) {
      const secret = secrets.get(name) ?? make();
      secrets.set(name, secret);
      return secret;
    },
  };
}

function memoryIdentities(): IdentityStore {
  const identities: Identity[] = [];
  const revoked = new Map<string, number>();
  return {
    async ensureIdentity(kind, subject, make) {
      const there = identities.find((one) => one.kind === kind && one.subject === subject);
      if (there !== undefined) return there;
      for (let attempt = 0; attempt < 16; attempt++) {
        const made: Identity = { kind, subject, ...make() };
        if (identities.some((one) => one.userId === made.userId)) continue;
        identities.push(made);
        return made;
      }
      throw new LianmaiError('internal', 'No free user id was found.');
    },
    async renameIdentity(userId, userName) {
      const index = identities.findIndex((one) => one.userId === userId);
      const identity = identities[index];
      if (identity === undefined) return false;
      identities[index] = { ...identity, userName };
      return true;
    },
    async identity(userId) {
      return identities.find((one) => one.userId === userId) ?? null;
    },
    async revokeToken(tokenId, expiresAt) {
      revoked.set(tokenId, Math.max(expiresAt, revoked.get(tokenId) ?? 0));
    },
    async isTokenRevoked(tokenId) {
      return revoked.has(tokenId);
    },
    async purgeTokens(now) {
      const runOut = [...revoked].filter(([, expiresAt]) => expiresAt <= now);
      for (const [tokenId] of runOut) revoked.delete(tokenId);
      return runOut.length;
    },
  };
}

function memoryValues(): ValueStore {
  const values = new Map<string, string>();
  return {
    async value(name) {
      return values.get(name) ?? null;
    },
    async setValue(name, value) {
      values.set(name, value);
    },
  };
}
