/**
 * Checks of a DTLS 1.2 handshake that the handshake library leaves out: possession of the certificate's key
 * (RFC 5246 §7.4.3, §7.4.8) and the Finished messages (§7.4.9). Without them a fingerprint would prove nothing.
 */
import { createHash, createHmac, type KeyObject, timingSafeEqual, verify, X509Certificate } from 'node:crypto';

const VERIFY_DATA = 12;

/** SignatureAndHashAlgorithm values that we accept: RSA and ECDSA with SHA-256. */
const RSA_PKCS1_SHA256 = 0x0401;
const ECDSA_SHA256 = 0x0403;

/** Public key of a certificate, or null when it cannot be read or is of another kind. */
export function publicKeyOf(der: Uint8Array): KeyObject | null {
  try {
    const key = new X509Certificate(der).publicKey;
    return key.asymmetricKeyType === 'ec' || key.asymmetricKeyType === 'rsa' ? key : null;
  } catch {
    return null;
  }
}

/**
 * ServerKeyExchange (RFC 8422 §5.4): the certificate's key signed both randoms and the ephemeral key.
 * @param body of the message: curve type, named curve, point, then algorithm and signature.
 */
export function verifyServerKeyExchange(
  body: Buffer,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
  key: KeyObject,
): boolean {
  if (body.length < 4) return false;
  const end = 4 + body[3]!;
  return verifySignature(body.subarray(end), [clientRandom, serverRandom, body.subarray(0, end)], key);
}

/** CertificateVerify: the certificate's key signed every handshake message before this one. */
export function verifyCertificateVerify(body: Buffer, transcript: Uint8Array, key: KeyObject): boolean {
  return verifySignature(body, [transcript], key);
}

/** `verify_data` of a Finished message (RFC 5246 §7.4.9). */
export function verifyFinished(
  body: Buffer,
  side: 'client' | 'server',
  masterSecret: Uint8Array,
  transcript: Uint8Array,
): boolean {
  const hash = createHash('sha256').update(transcript).digest();
  const seed = Buffer.concat([Buffer.from(`${side} finished`), hash]);
  const a1 = createHmac('sha256', masterSecret).update(seed).digest();
  const expected = createHmac('sha256', masterSecret).update(a1).update(seed).digest().subarray(0, VERIFY_DATA);
  return body.length === VERIFY_DATA && timingSafeEqual(body, expected);
}

function verifySignature(signed: Buffer, data: readonly Uint8Array[], key: KeyObject): boolean {
  if (signed.length < 4) return false;
  const algorithm = signed.readUInt16BE(0);
  const signature = signed.subarray(4);
  if (signature.length !== signed.readUInt16BE(2)) return false;
  const expected = key.asymmetricKeyType === 'ec' ? ECDSA_SHA256 : RSA_PKCS1_SHA256;
  if (algorithm !== expected) return false;
  try {
    return verify('sha256', Buffer.concat(data), key, signature);
  } catch {
    return false;
  }
}
