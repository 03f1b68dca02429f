import { LianmaiError } from '@lianmai/protocol';
import type { ApiKey, Application, ApplicationStore } from '../applications.ts';
import type { Database, Row } from './database.ts';

const APPLICATIONS = 'SELECT * FROM applications ORDER BY created_at, sdk_app_id';
const API_KEYS = 'SELECT * FROM api_keys ORDER BY created_at, api_key';
const SECRET = 'SELECT secret FROM secrets WHERE name = ?';

/** Create-once by looking and writing inside one write transaction, which no other process can come between. */
export function createSqliteApplicationStore(database: Database): ApplicationStore {
  const insert = (one: Application): boolean =>
    database.run(
      'INSERT INTO applications VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      one.sdkAppId,
      one.accountType,
      one.algorithm,
      one.privateKeyPem,
      one.publicKeyPem,
      one.createdAt,
    ) === 1;
  const insertKey = (one: ApiKey): boolean =>
    database.run(
      'INSERT INTO api_keys VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      one.apiKey,
      one.apiSecret,
      one.createdAt,
    ) === 1;

  return {
    async ensureApplication(make) {
      return ensure(database, () => map(database.get(`${APPLICATIONS} LIMIT 1`), applicationOf), make, insert);
    },
    async addApplication(application) {
      return database.write(() => insert(application));
    },
    async application(sdkAppId) {
      return map(database.get('SELECT * FROM applications WHERE sdk_app_id = ?', sdkAppId), applicationOf);
    },
    async applications() {
      return database.all(APPLICATIONS).map(applicationOf);
    },
    async ensureApiKey(make) {
      return ensure(database, () => map(database.get(`${API_KEYS} LIMIT 1`), apiKeyOf), make, insertKey);
    },
    async addApiKey(key) {
      return database.write(() => insertKey(key));
    },
    async apiKeys() {
      return database.all(API_KEYS).map(apiKeyOf);
    },
    async ensureSecret(name, make) {
      const find = (): string | null => map(database.get(SECRET, name), (row) => String(row['secret']));
      return ensure(
        database,
        find,
        make,
        (secret) => database.run('INSERT INTO secrets VALUES (?, ?)', name, secret) === 1,
      );
    },
  };
}

/** `make` runs before the transaction, since making keys takes long and may throw. */
async function ensure<T>(
  database: Database,
  find: () => T | null,
  make: () => T,
  insert: (made: T) => boolean,
): Promise<T> {
  const there = find();
  if (there !== null) return there;
  const made = make();
  const kept = await database.write(() => {
    const meanwhile = find();
    if (meanwhile !== null) return meanwhile;
    return insert(made) ? made : null;
  });
  if (kept === null) throw new LianmaiError('internal', 'What was made on the first start could not be kept.');
  return kept;
}

function map<T>(row: Row | undefined, read: (row: Row) => T): T | null {
  return row === undefined ? null : read(row);
}

function applicationOf(row: Row): Application {
  return {
    sdkAppId: Number(row['sdk_app_id']),
    accountType: String(row['account_type']),
    algorithm: String(row['algorithm']),
    privateKeyPem: String(row['private_key_pem']),
    publicKeyPem: String(row['public_key_pem']),
    createdAt: Number(row['created_at']),
  };
}

function apiKeyOf(row: Row): ApiKey {
  return { apiKey: String(row['api_key']), apiSecret: String(row['api_secret']), createdAt: Number(row['created_at']) };
}
