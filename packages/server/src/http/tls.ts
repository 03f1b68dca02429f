import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { EXIT, ExitError } from '../cli/exit.ts';
import { errorCode } from '../config/load.ts';
import type { Config } from '../config/schema.ts';

export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Where `lianmai cert` keeps what it made. */
export function localCertificatePaths(
  dataDir: string,
): Record<'folder' | 'authority' | 'authorityKey' | 'cert' | 'key', string> {
  const folder = join(dataDir, 'tls');
  return {
    folder,
    authority: join(folder, 'authority.crt'),
    authorityKey: join(folder, 'authority.key'),
    cert: join(folder, 'server.crt'),
    key: join(folder, 'server.key'),
  };
}

/**
 * The certificate to serve with: the configured files, else the local one, else none.
 * @throws ExitError when a file is missing or is no certificate or key.
 */
export function loadTls(config: Config): TlsFiles | null {
  if (config.http.tls === 'off') return null;
  const { tlsCert, tlsKey } = config.http;
  if (tlsCert !== '') return readPair(tlsCert, tlsKey);
  const local = localCertificatePaths(config.dataDir);
  return existsSync(local.cert) && existsSync(local.key) ? readPair(local.cert, local.key) : null;
}

function readPair(certPath: string, keyPath: string): TlsFiles {
  const pair = { cert: readOne(certPath), key: readOne(keyPath) };
  try {
    createSecureContext(pair);
  } catch {
    throw new ExitError(
      EXIT.config,
      `The files ${certPath} and ${keyPath} are not a PEM certificate and its private key.`,
    );
  }
  return pair;
}

function readOne(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ExitError(EXIT.noInput, `The TLS file ${path} cannot be read (${errorCode(error)}).`);
  }
}
