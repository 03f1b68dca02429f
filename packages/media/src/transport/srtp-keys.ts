import { createCipheriv } from 'node:crypto';

/** DTLS-SRTP protection profiles we speak (RFC 5764 §4.1.2, RFC 7714 §14.2). */
export const SRTP_PROFILE = { aes128CmSha1_80: 0x0001, aeadAes128Gcm: 0x0007 } as const;
export type SrtpProfile = (typeof SRTP_PROFILE)[keyof typeof SRTP_PROFILE];

/** Preferred first. */
export const SRTP_PROFILES: readonly SrtpProfile[] = [SRTP_PROFILE.aeadAes128Gcm, SRTP_PROFILE.aes128CmSha1_80];

/** Bytes of master key and salt to export from DTLS. */
export const MASTER_KEY_BYTES = 16;
export function masterSaltBytes(profile: SrtpProfile): number {
  return profile === SRTP_PROFILE.aeadAes128Gcm ? 12 : 14;
}

/** Master key and salt of one direction. */
export interface SrtpMaster {
  readonly key: Buffer;
  readonly salt: Buffer;
}

/** Session keys of one direction; `auth` is empty for GCM. */
export interface SrtpSessionKeys {
  readonly key: Buffer;
  readonly auth: Buffer;
  readonly salt: Buffer;
}

/**
 * AES-CM key derivation with a rate of zero (RFC 3711 §4.3; for GCM RFC 7714 §11: the 12-byte salt is padded at its end).
 */
export function deriveKey(master: SrtpMaster, label: number, length: number): Buffer {
  const iv = Buffer.alloc(16);
  master.salt.copy(iv, 0);
  iv[7]! ^= label;
  return createCipheriv('aes-128-ctr', master.key, iv).update(Buffer.alloc(length));
}

/** Keys for RTP (labels 0–2). */
export function rtpKeys(profile: SrtpProfile, master: SrtpMaster): SrtpSessionKeys {
  return keysFrom(profile, master, 0);
}

/** Keys for RTCP (labels 3–5). */
export function rtcpKeys(profile: SrtpProfile, master: SrtpMaster): SrtpSessionKeys {
  return keysFrom(profile, master, 3);
}

function keysFrom(profile: SrtpProfile, master: SrtpMaster, label: number): SrtpSessionKeys {
  return {
    key: deriveKey(master, label, 16),
    auth: profile === SRTP_PROFILE.aeadAes128Gcm ? Buffer.alloc(0) : deriveKey(master, label + 1, 20),
    salt: deriveKey(master, label + 2, masterSaltBytes(profile)),
  };
}
