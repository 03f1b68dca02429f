import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyInput } from './types.ts';

/** Curves that occur among Tencent's keys; the PEM says which. */
const CURVES = new Set(['prime256v1', 'secp256k1']);

/** Keys found good before: asking one for its curve costs a tenth of a P-256 signature. */
const known = new WeakSet<KeyObject>();

function requireCurve(key: KeyObject): KeyObject {
  if (known.has(key)) return key;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType !== 'ec' || curve === undefined || !CURVES.has(curve)) {
    throw new TypeError('The key must be an EC key on P-256 (prime256v1) or secp256k1.');
  }
  known.add(key);
  return key;
}

/**
 * Loads a private key for signing v1 tickets.
 * @throws TypeError when the PEM is not an EC private key on P-256 or secp256k1. The message never holds the key.
 */
export function loadPrivateKey(input: KeyInput): KeyObject {
  if (typeof input !== 'string') {
    if (input.type !== 'private') throw new TypeError('Signing needs the private key.');
    return requireCurve(input);
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(input);
  } catch {
    throw new TypeError('The private key is not a readable, unencrypted PEM.');
  }
  return requireCurve(key);
}

/**
 * Loads the key that verifies v1 tickets: a public key, or a private one (its public half is used).
 * @throws TypeError as {@link loadPrivateKey}.
 */
export function loadPublicKey(input: KeyInput): KeyObject {
  if (typeof input !== 'string' && input.type === 'public') return requireCurve(input);
  let key: KeyObject;
  try {
    key = createPublicKey(input);
  } catch {
    throw new TypeError('The public key is not a readable PEM.');
  }
  return requireCurve(key);
}
