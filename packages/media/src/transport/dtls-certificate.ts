import { createHash, timingSafeEqual, X509Certificate } from 'node:crypto';
import { CipherContext, HashAlgorithm, NamedCurveAlgorithm, SignatureAlgorithm } from 'werift';
import type { DtlsFingerprint } from './types.ts';

/** ECDSA P-256 certificate and key of one worker, made at its start and never stored. */
export interface DtlsCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  readonly fingerprint: DtlsFingerprint;
}

export const ECDSA_SHA256 = { hash: HashAlgorithm.sha256_4, signature: SignatureAlgorithm.ecdsa_3 } as const;

export async function createCertificate(): Promise<DtlsCertificate> {
  const { certPem, keyPem } = await CipherContext.createSelfSignedCertificateWithKey(
    ECDSA_SHA256,
    NamedCurveAlgorithm.secp256r1_23,
  );
  const der = new X509Certificate(certPem).raw;
  return { certPem, keyPem, fingerprint: { algorithm: 'sha-256', value: fingerprintOf('sha256', der) } };
}

/** Hashes that RFC 8122 knows and that are still safe. */
const HASHES: Readonly<Record<string, string>> = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' };

/**
 * Whether a certificate is one of those announced (RFC 8122 §5): at least one fingerprint of a hash we know must be
 * there, and one of them must match.
 */
export function matchesFingerprint(der: Uint8Array, announced: readonly DtlsFingerprint[]): boolean {
  return announced.some(({ algorithm, value }) => {
    const hash = HASHES[algorithm.toLowerCase()];
    if (hash === undefined) return false;
    const expected = Buffer.from(value.replaceAll(':', ''), 'hex');
    const actual = createHash(hash).update(der).digest();
    return expected.length === actual.length && timingSafeEqual(expected, actual);
  });
}

function fingerprintOf(hash: string, der: Uint8Array): string {
  const hex = createHash(hash).update(der).digest('hex').toUpperCase();
  return hex.match(/../g)?.join(':') ?? '';
}
