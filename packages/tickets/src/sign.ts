import { createHmac, sign } from 'node:crypto';
import { v1Content, v2Content } from './content.ts';
import { encodeEnvelope } from './envelope.ts';
import { loadPrivateKey } from './keys.ts';
import type { PrivateMapKeyClaims, Signer, UserSigClaims } from './types.ts';
import { encodeUserBuf } from './userbuf.ts';
import { requireRoom, requireUint, requireUserId } from './validate.ts';

const UINT32 = 0xffff_ffff;
/** Not signed and not checked by anybody; the value that Tencent's own signers write. */
const V1_VERSION = '201512300000';

/**
 * Signs a userSig: proof that the application vouches for this user, in every room.
 * @throws TypeError on a claim out of range or an unusable key.
 */
export function signUserSig(signer: Signer, claims: UserSigClaims): string {
  return signTicket(signer, claims, null);
}

/**
 * Signs a privateMapKey: proof that this user may enter this room, with these privileges.
 * @throws TypeError as {@link signUserSig}.
 */
export function signPrivateMapKey(signer: Signer, claims: PrivateMapKeyClaims): string {
  const now = timeOf(claims);
  const userBuf = encodeUserBuf({
    account: requireUserId(claims.userId),
    sdkAppId: requireUint('sdkAppId', claims.sdkAppId, 1, UINT32),
    room: requireRoom(claims.room),
    expiresAt: requireUint('expiry', now + claims.expireSeconds, 1, UINT32),
    privileges: requireUint('privileges', claims.privileges, 0, 255),
    accountType: 0,
  }).toString('base64');
  return signTicket(signer, { ...claims, now }, userBuf);
}

function timeOf(claims: UserSigClaims): number {
  return requireUint('now', claims.now ?? Math.floor(Date.now() / 1000), 0, UINT32);
}

function signTicket(signer: Signer, claims: UserSigClaims, userBuf: string | null): string {
  const identifier = requireUserId(claims.userId);
  const sdkAppId = requireUint('sdkAppId', claims.sdkAppId, 1, UINT32);
  const expire = requireUint('expireSeconds', claims.expireSeconds, 1, UINT32);
  const time = timeOf(claims);
  if (signer.version === 'v2') {
    if (signer.secret.length === 0) throw new TypeError('The secret is empty.');
    // The secret is used as text: its hex digits are not decoded.
    const mac = createHmac('sha256', signer.secret)
      .update(v2Content({ identifier, sdkAppId, time, expire, userBuf }))
      .digest('base64');
    return encodeEnvelope({
      'TLS.ver': '2.0',
      'TLS.identifier': identifier,
      'TLS.sdkappid': sdkAppId,
      'TLS.expire': expire,
      'TLS.time': time,
      ...(userBuf === null ? {} : { 'TLS.userbuf': userBuf }),
      'TLS.sig': mac,
    });
  }
  const fields = {
    appIdAt3rd: '0',
    accountType: signer.accountType ?? '0',
    identifier,
    sdkAppId: String(sdkAppId),
    time: String(time),
    expireAfter: String(expire),
    userBuf,
  };
  const signature = sign('sha256', v1Content(fields), loadPrivateKey(signer.key)).toString('base64');
  return encodeEnvelope({
    'TLS.account_type': fields.accountType,
    'TLS.identifier': identifier,
    'TLS.appid_at_3rd': fields.appIdAt3rd,
    'TLS.sdk_appid': fields.sdkAppId,
    'TLS.expire_after': fields.expireAfter,
    'TLS.version': V1_VERSION,
    'TLS.time': fields.time,
    ...(userBuf === null ? {} : { 'TLS.userbuf': userBuf }),
    'TLS.sig': signature,
  });
}
