import { createHmac, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { v1Content, v2Content } from './content.ts';
import { compactBase64, decodeBase64, decodeEnvelope, type TicketFields } from './envelope.ts';
import { loadPublicKey } from './keys.ts';
import type {
  PrivateMapKeyExpectation,
  Refusal,
  RefusalReason,
  TicketRoom,
  UserSigExpectation,
  VerifiedPrivateMapKey,
  VerifiedUserSig,
} from './types.ts';
import { decodeUserBuf } from './userbuf.ts';

/** A ticket taken apart, not yet believed. */
interface ParsedTicket {
  readonly version: 'v1' | 'v2';
  readonly identifier: string;
  readonly sdkAppId: number;
  readonly time: number;
  readonly expire: number;
  readonly userBuf: string | null;
  readonly signature: Buffer;
  readonly content: Buffer;
}

const DIGITS = /^[0-9]{1,15}$/;
/** No control characters: a line break inside a value would make the signed lines ambiguous. */
const LINE = /^[^\p{Cc}]{0,64}$/u;

/**
 * Verifies a userSig: that the application's key signed it for this user, and that it has not expired.
 * Takes hostile input: bounded time and memory, never throws on it.
 * @throws TypeError when the expectation's own key is unusable.
 */
export function verifyUserSig(ticket: unknown, expected: UserSigExpectation): VerifiedUserSig | Refusal {
  const parsed = parseTicket(ticket);
  if (parsed === null) return refuse('malformed', 'The userSig is not a ticket of a known form.');
  if (parsed.userBuf !== null) return refuse('malformed', 'This is a privateMapKey, not a userSig.');
  return verifyParsed(parsed, expected) ?? checkExpiry(parsed, expected) ?? accept(parsed);
}

/**
 * Verifies a privateMapKey: signature, user, room, required privileges and both of its expiries.
 * Takes hostile input as {@link verifyUserSig} does.
 * @throws TypeError when the expectation's own key is unusable.
 */
export function verifyPrivateMapKey(
  ticket: unknown,
  expected: PrivateMapKeyExpectation,
): VerifiedPrivateMapKey | Refusal {
  const parsed = parseTicket(ticket);
  if (parsed === null) return refuse('malformed', 'The privateMapKey is not a ticket of a known form.');
  if (parsed.userBuf === null) return refuse('malformed', 'This is a userSig, not a privateMapKey.');
  const bytes = decodeBase64(parsed.userBuf);
  const userBuf = bytes === null ? null : decodeUserBuf(bytes);
  if (userBuf === null) return refuse('malformed', 'The binary part of the privateMapKey is malformed.');
  const refusal = verifyParsed(parsed, expected);
  if (refusal !== null) return refusal;
  if (userBuf.account !== expected.userId) return refuse('other-user', 'The privateMapKey belongs to another user.');
  if (userBuf.sdkAppId !== expected.sdkAppId) return refuse('other-application', OTHER_APPLICATION);
  if (!sameRoom(userBuf.room, expected.room)) return refuse('other-room', 'The privateMapKey belongs to another room.');
  const now = nowOf(expected);
  if (userBuf.expiresAt < now) return refuse('expired', EXPIRED);
  const expired = checkExpiry(parsed, expected);
  if (expired !== null) return expired;
  const required = expected.requiredPrivileges ?? 0;
  if ((userBuf.privileges & required) !== required) {
    return refuse('missing-privilege', 'The privateMapKey does not grant what is asked for.');
  }
  const accepted = accept(parsed);
  return {
    ...accepted,
    expiresAt: Math.min(accepted.expiresAt, userBuf.expiresAt),
    room: userBuf.room,
    privileges: userBuf.privileges & 0xff,
  };
}

const OTHER_APPLICATION = 'The ticket belongs to another application (sdkAppID).';
const EXPIRED = 'The ticket has expired. Ask for a fresh one.';

function refuse(reason: RefusalReason, message: string): Refusal {
  return { ok: false, reason, message };
}

function accept(parsed: ParsedTicket): VerifiedUserSig {
  return {
    ok: true,
    version: parsed.version,
    sdkAppId: parsed.sdkAppId,
    userId: parsed.identifier,
    issuedAt: parsed.time,
    expiresAt: parsed.time + parsed.expire,
  };
}

function nowOf(expected: UserSigExpectation): number {
  return expected.now ?? Math.floor(Date.now() / 1000);
}

function checkExpiry(parsed: ParsedTicket, expected: UserSigExpectation): Refusal | null {
  return parsed.time + parsed.expire < nowOf(expected) ? refuse('expired', EXPIRED) : null;
}

/** Application, signature and user, in this order: what is not authentic is never compared further. */
function verifyParsed(parsed: ParsedTicket, expected: UserSigExpectation): Refusal | null {
  if (parsed.sdkAppId !== expected.sdkAppId) return refuse('other-application', OTHER_APPLICATION);
  if (!isAuthentic(parsed, expected)) {
    return refuse('wrong-key', "The ticket was not signed with this application's key, or was altered.");
  }
  if (parsed.identifier !== expected.userId) return refuse('other-user', 'The ticket belongs to another user.');
  return null;
}

function isAuthentic(parsed: ParsedTicket, expected: UserSigExpectation): boolean {
  if (parsed.version === 'v2') {
    if (expected.secret === undefined) return false;
    const mac = createHmac('sha256', expected.secret).update(parsed.content).digest();
    return parsed.signature.length === mac.length && timingSafeEqual(parsed.signature, mac);
  }
  if (expected.key === undefined) return false;
  const key: KeyObject = loadPublicKey(expected.key);
  return verify('sha256', parsed.content, key, parsed.signature);
}

function sameRoom(a: TicketRoom, b: TicketRoom): boolean {
  if ('roomId' in a) return 'roomId' in b && a.roomId === b.roomId;
  return 'strRoomId' in b && a.strRoomId === b.strRoomId;
}

function parseTicket(ticket: unknown): ParsedTicket | null {
  const fields = decodeEnvelope(ticket);
  if (fields === null) return null;
  const identifier = fields['TLS.identifier'];
  const sig = fields['TLS.sig'];
  const rawUserBuf = fields['TLS.userbuf'];
  if (!isLine(identifier) || typeof sig !== 'string') return null;
  if (rawUserBuf !== undefined && typeof rawUserBuf !== 'string') return null;
  const signature = decodeBase64(compactBase64(sig));
  if (signature === null || signature.length === 0 || signature.length > 144) return null;
  const userBuf = rawUserBuf === undefined ? null : compactBase64(rawUserBuf);
  return fields['TLS.ver'] === '2.0'
    ? parseV2(fields, identifier, userBuf, signature)
    : parseV1(fields, identifier, userBuf, signature);
}

function parseV1(
  fields: TicketFields,
  identifier: string,
  userBuf: string | null,
  signature: Buffer,
): ParsedTicket | null {
  const appIdAt3rd = fields['TLS.appid_at_3rd'] ?? null;
  const accountType = fields['TLS.account_type'];
  const sdkAppId = fields['TLS.sdk_appid'];
  const time = fields['TLS.time'];
  const expireAfter = fields['TLS.expire_after'];
  if (appIdAt3rd !== null && !isLine(appIdAt3rd)) return null;
  if (!isLine(accountType) || !isDigits(sdkAppId) || !isDigits(time) || !isDigits(expireAfter)) return null;
  return {
    version: 'v1',
    identifier,
    sdkAppId: Number(sdkAppId),
    time: Number(time),
    expire: Number(expireAfter),
    userBuf,
    signature,
    content: v1Content({ appIdAt3rd, accountType, identifier, sdkAppId, time, expireAfter, userBuf }),
  };
}

function parseV2(
  fields: TicketFields,
  identifier: string,
  userBuf: string | null,
  signature: Buffer,
): ParsedTicket | null {
  const sdkAppId = fields['TLS.sdkappid'];
  const time = fields['TLS.time'];
  const expire = fields['TLS.expire'];
  if (!isCount(sdkAppId) || !isCount(time) || !isCount(expire)) return null;
  return {
    version: 'v2',
    identifier,
    sdkAppId,
    time,
    expire,
    userBuf,
    signature,
    content: v2Content({ identifier, sdkAppId, time, expire, userBuf }),
  };
}

function isLine(value: unknown): value is string {
  return typeof value === 'string' && LINE.test(value);
}

function isDigits(value: unknown): value is string {
  return typeof value === 'string' && DIGITS.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
