import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { LianmaiError } from '@lianmai/protocol';
import { openSqliteStore, type Stores } from '@lianmai/stores';
import { EXIT, ExitError } from '../cli/exit.ts';
import { errorCode } from '../config/load.ts';
import type { Config } from '../config/schema.ts';

/** Makes the data folder when absent. @throws ExitError when it cannot be made or written. */
export function prepareDataDir(dataDir: string): void {
  try {
    // Keys lie in it: for its owner's eyes only.
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ExitError(
      EXIT.dataFolder,
      `The data folder ${resolve(dataDir)} cannot be made or written (${errorCode(error)}). Choose another with --data-dir.`,
    );
  }
}

/** Where the database file is. */
export function databasePath(config: Config): string {
  if (config.databaseUrl !== '') return config.databaseUrl.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
  return join(config.dataDir, 'lianmai.db');
}

/** Opens the database. @throws ExitError with the store's own sentence. */
export async function openStores(config: Config): Promise<Stores> {
  prepareDataDir(config.dataDir);
  const path = databasePath(config);
  if (path !== ':memory:') prepareDataDir(dirname(path));
  try {
    return await openSqliteStore(path);
  } catch (error) {
    if (error instanceof LianmaiError) throw new ExitError(EXIT.store, error.message);
    throw error;
  }
}
