import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { LianmaiError } from '@lianmai/protocol';
import type { Stores } from '../stores.ts';
import { createSqliteApplicationStore } from './application-store.ts';
import { Database, storeUnavailable } from './database.ts';
import { createSqliteIdentityStore } from './identity-store.ts';
import { createSqliteLoginCodeStore } from './login-code-store.ts';
import { MIGRATIONS } from './migrations.ts';
import { createSqliteRoomStore } from './room-store.ts';
import { createSqliteValueStore } from './value-store.ts';

export interface SqliteOptions {
  /** How long a write waits for another process that holds the lock, ms. */
  readonly busyTimeoutMs?: number;
}

/** Written into the file, so that another program's database is not taken for ours. */
const APPLICATION_ID = 0x4c4d4149;

/** How often opening is tried again while another process that opens the same new file holds it, and the pause in ms. */
const OPEN_ATTEMPTS = 100;
const OPEN_PAUSE = 20;

/**
 * Opens the database, making and migrating the file (not its folder) when needed. Several processes may have it open. An
 * acknowledged write survives `kill -9` and the loss of power: write-ahead log with `synchronous=FULL`, an fsync for each commit.
 *
 * @throws LianmaiError `storeUnavailable`, with a sentence for the operator
 */
export async function openSqliteStore(path: string, options: SqliteOptions = {}): Promise<Stores> {
  const connection = await connect(path, options.busyTimeoutMs ?? 5000);
  const database = new Database(connection);
  return {
    rooms: createSqliteRoomStore(database),
    applications: createSqliteApplicationStore(database),
    identities: createSqliteIdentityStore(database),
    loginCodes: createSqliteLoginCodeStore(database),
    values: createSqliteValueStore(database),
    async close() {
      database.close();
    },
  };
}

async function connect(path: string, busyTimeoutMs: number): Promise<DatabaseSync> {
  for (let attempt = 1; ; attempt++) {
    let connection: DatabaseSync | undefined;
    try {
      // It holds private keys: for its owner's eyes only. SQLite gives the log files the same mode.
      if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
      connection = new DatabaseSync(path, { timeout: busyTimeoutMs });
      prepare(connection);
      return connection;
    } catch (error) {
      connection?.close();
      // The switch to the write-ahead log does not wait for the lock as other statements do.
      if (!isBusy(error) || attempt === OPEN_ATTEMPTS) throw openFailure(path, error);
      await delay(OPEN_PAUSE);
    }
  }
}

function prepare(connection: DatabaseSync): void {
  // Before anything is written: a file that is not ours stays as it is.
  const version = ourVersion(connection);
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  if (version === MIGRATIONS.length) return;
  connection.exec('BEGIN IMMEDIATE');
  try {
    // Asked once more inside the lock: of two processes that start at once, the second finds the work done.
    for (const migration of MIGRATIONS.slice(ourVersion(connection))) connection.exec(migration);
    connection.exec(`PRAGMA user_version = ${MIGRATIONS.length}; PRAGMA application_id = ${APPLICATION_ID}`);
    connection.exec('COMMIT');
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

/** How many migrations the file has been through: 0 for an empty one. Throws when it is not ours to write. */
function ourVersion(connection: DatabaseSync): number {
  const version = pragma(connection, 'user_version');
  const empty = version === 0 && pragma(connection, 'schema_version') === 0;
  if (!empty && pragma(connection, 'application_id') !== APPLICATION_ID) {
    throw new LianmaiError('storeUnavailable', 'it belongs to another program');
  }
  if (version <= MIGRATIONS.length) return version;
  throw new LianmaiError('storeUnavailable', 'it was written by a newer version of Lianmai; use that one');
}

function pragma(connection: DatabaseSync, name: 'user_version' | 'application_id' | 'schema_version'): number {
  return Number(connection.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** SQLITE_BUSY is 5, with an extended part in the upper bytes. */
function isBusy(error: unknown): boolean {
  return (
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === 5
  );
}

function openFailure(path: string, error: unknown): LianmaiError {
  const why = error instanceof Error ? error.message : String(error);
  return storeUnavailable(
    error instanceof LianmaiError ? error.cause : error,
    `The database ${path} cannot be used: ${why}.`,
  );
}
