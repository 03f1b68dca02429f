/** One of several processes that start at the same moment on a file that is not there yet. Prints what it found or made. */
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../sqlite/open.ts';
import { ready } from './ready.ts';

const [path, name, number] = process.argv.slice(2);
if (path !== undefined && name !== undefined) {
  ready();
  const stores = await openSqliteStore(path, { busyTimeoutMs: 20_000 });
  const application = await stores.applications.ensureApplication(() => ({
    sdkAppId: Number(number),
    accountType: name,
    algorithm: 'ES256',
    privateKeyPem: `private ${name}`,
    publicKeyPem: `public ${name}`,
    createdAt: Number(number),
  }));
  const key = await stores.applications.ensureApiKey(() => ({
    apiKey: name,
    apiSecret: name,
    createdAt: Number(number),
  }));
  const secret = await stores.applications.ensureSecret('session-signing', () => name);
  const identity = await stores.identities.ensureIdentity('wechat', 'openid', () => ({
    userId: name,
    userName: name,
    createdAt: 1,
  }));
  await stores.close();
  writeSync(1, JSON.stringify({ application, key, secret, identity }));
}
