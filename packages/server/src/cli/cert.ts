import 'reflect-metadata';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import * as x509 from '@peculiar/x509';
import { errorCode } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { localCertificatePaths } from '../http/tls.ts';
import { prepareDataDir } from '../store/open.ts';
import { lanAddresses } from './banner.ts';
import { EXIT, ExitError } from './exit.ts';
import { print } from './output.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
/** iOS takes no server certificate of more than 825 days, whoever signed it. */
const SERVER_DAYS = 397;
const AUTHORITY_DAYS = 3650;

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly privateKey: CryptoKey;
}

/**
 * `lianmai cert`: an authority, made once, and a certificate of it for this machine's present names, made anew at each
 * call. Both are kept in the data folder, where `serve` finds them.
 */
export async function cert(config: Config, options: { name: string }): Promise<void> {
  x509.cryptoProvider.set(globalThis.crypto);
  const paths = localCertificatePaths(config.dataDir);
  prepareDataDir(config.dataDir);
  try {
    mkdirSync(paths.folder, { recursive: true, mode: 0o700 });
    const authority = await findOrMakeAuthority(paths);
    const names = namesOf(options.name);
    const { certificate, keyPem } = await issue(authority, names);
    writeFileSync(paths.cert, `${certificate.toString('pem')}\n${authority.certificate.toString('pem')}\n`);
    writeFileSync(paths.key, keyPem, { mode: 0o600 });
    print(`Certificate for ${names.join(', ')}, good until ${certificate.notAfter.toISOString().slice(0, 10)}.`);
    print(
      `Start the server again: it now serves https. On each device that joins, install and trust the authority once:`,
    );
    print(`  ${paths.authority}`);
    print(
      'Anybody who has authority.key beside it can pose as any site to those devices: keep the folder to yourself.',
    );
  } catch (error) {
    if (error instanceof ExitError) throw error;
    throw new ExitError(EXIT.dataFolder, `The certificate cannot be kept in ${paths.folder} (${errorCode(error)}).`);
  }
}

function namesOf(further: string): string[] {
  const added = further
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  for (const name of added) {
    if (isIP(name) === 0 && !/^(\*\.)?[A-Za-z0-9.-]{1,253}$/.test(name)) {
      throw new ExitError(EXIT.usage, `"${name}" is neither a host name nor an address.`);
    }
  }
  const own = /^[A-Za-z0-9.-]{1,253}$/.test(hostname()) ? [hostname(), `${hostname()}.local`] : [];
  return [...new Set(['localhost', '127.0.0.1', '::1', ...own, ...lanAddresses(), ...added])];
}

async function findOrMakeAuthority(paths: ReturnType<typeof localCertificatePaths>): Promise<Authority> {
  if (existsSync(paths.authority) && existsSync(paths.authorityKey)) {
    const certificate = new x509.X509Certificate(readFileSync(paths.authority, 'utf8'));
    const der = x509.PemConverter.decodeFirst(readFileSync(paths.authorityKey, 'utf8'));
    const privateKey = await crypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
    if (certificate.notAfter.getTime() > Date.now() + SERVER_DAYS * DAY_MS) return { certificate, privateKey };
  }
  const pair = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=Lianmai local authority (${hostname().replace(/[^A-Za-z0-9.-]/g, '')})`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + AUTHORITY_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys: pair,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(pair.publicKey),
    ],
  });
  writeFileSync(paths.authorityKey, await privatePem(pair.privateKey), { mode: 0o600 });
  writeFileSync(paths.authority, `${certificate.toString('pem')}\n`);
  return { certificate, privateKey: pair.privateKey };
}

async function issue(
  authority: Authority,
  names: readonly string[],
): Promise<{ certificate: x509.X509Certificate; keyPem: string }> {
  const pair = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=Lianmai',
    issuer: authority.certificate.subject,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + SERVER_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: pair.publicKey,
    signingKey: authority.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(pair.publicKey),
    ],
  });
  return { certificate, keyPem: await privatePem(pair.privateKey) };
}

async function privatePem(key: CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

/** 16 random bytes, positive as X.509 asks. */
function serialNumber(): string {
  const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(16)));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
