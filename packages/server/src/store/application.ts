import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import type { ApiKey, Application, Stores } from '@lianmai/stores';
import type { Config } from '../config/schema.ts';
import type { KeyPair } from '../identity/server-key.ts';

/** What the first start makes and every later one finds. */
export interface Credentials {
  readonly application: Application;
  readonly api: KeyPair;
  readonly sessionSecret: string;
  /** Signs the tickets in the URLs of phones. */
  readonly streamSecret: string;
}

export interface EcKeys {
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}

/** A key pair for v1 tickets, as PKCS#8 and SPKI PEM. */
export function makeTicketKeys(curve: 'prime256v1' | 'secp256k1' = 'prime256v1'): EcKeys {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: curve,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { privateKeyPem: privateKey, publicKeyPem: publicKey };
}

/** An application as Tencent's console would hand it out. */
export function makeApplication(): Application {
  return {
    sdkAppId: randomInt(1_400_000_000, 1_500_000_000),
    accountType: String(randomInt(10_000, 100_000)),
    algorithm: 'ES256',
    ...makeTicketKeys(),
    createdAt: Date.now(),
  };
}

/** A server key: LiveKit's own form, `API…` and a secret of 32 random bytes. */
export function makeApiKey(): ApiKey {
  return {
    apiKey: `API${randomBytes(9).toString('hex')}`,
    apiSecret: randomBytes(32).toString('base64url'),
    createdAt: Date.now(),
  };
}

/** Finds, or makes on the first start, the application and the keys. Settings come before what is kept. */
export async function ensureCredentials(stores: Stores, config: Config): Promise<Credentials> {
  const application = await stores.applications.ensureApplication(makeApplication);
  const makeSecret = () => randomBytes(32).toString('base64url');
  const sessionSecret = await stores.applications.ensureSecret('session-signing', makeSecret);
  const streamSecret = await stores.applications.ensureSecret('stream-tickets', makeSecret);
  if (config.api.key !== '') {
    return { application, api: { key: config.api.key, secret: config.api.secret }, sessionSecret, streamSecret };
  }
  const { apiKey, apiSecret } = await stores.applications.ensureApiKey(makeApiKey);
  return { application, api: { key: apiKey, secret: apiSecret }, sessionSecret, streamSecret };
}
