import { generateKeyPairSync } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope, MAX_TICKET_CHARS } from './envelope.ts';
import {
  type PrivateMapKeyClaims,
  type Signer,
  signPrivateMapKey,
  signUserSig,
  type VerifyKeys,
  verifyPrivateMapKey,
  verifyUserSig,
} from './index.ts';
import { decodeUserBuf, encodeUserBuf } from './userbuf.ts';

const NOW = 1_700_000_000;
const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
const pem = k1.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const SIGNERS: readonly { readonly name: string; readonly signer: Signer; readonly keys: VerifyKeys }[] = [
  { name: 'v1 P-256', signer: { version: 'v1', key: p256.privateKey }, keys: { key: p256.publicKey } },
  { name: 'v1 secp256k1 from PEM', signer: { version: 'v1', key: pem }, keys: { key: pem } },
  { name: 'v2', signer: { version: 'v2', secret: 'a-secret' }, keys: { secret: 'a-secret' } },
];

const userId = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/);
const uint32 = fc.integer({ min: 1, max: 4_294_967_294 });
const room = fc.oneof(
  uint32.map((roomId) => ({ roomId })),
  fc.stringMatching(/^[A-Za-z0-9 !#$%&()+\-:;<=.>?@[\]^_{}|~,]{1,64}$/).map((strRoomId) => ({ strRoomId })),
);
const identity = fc.record({ sdkAppId: uint32, userId, room, privileges: fc.integer({ min: 0, max: 255 }) });

const claims: PrivateMapKeyClaims = {
  sdkAppId: 1_400_000_001,
  userId: 'xiaoming',
  room: { roomId: 12_345 },
  privileges: 42,
  expireSeconds: 300,
  now: NOW,
};

describe.each(SIGNERS)('$name', ({ signer, keys }) => {
  it('[TK3] what is signed verifies, and says what was signed, for any identity', () => {
    fc.assert(
      fc.property(identity, (who) => {
        const full = { ...who, expireSeconds: 300, now: NOW };
        const expected = { ...keys, sdkAppId: who.sdkAppId, userId: who.userId, now: NOW + 300 };
        const sig = signUserSig(signer, full);
        expect(sig).toMatch(/^[A-Za-z0-9*_-]+$/);
        expect(encodeURIComponent(sig).replaceAll('%2A', '*')).toBe(sig);
        expect(verifyUserSig(sig, expected)).toMatchObject({ ok: true, userId: who.userId, expiresAt: NOW + 300 });
        const key = verifyPrivateMapKey(signPrivateMapKey(signer, full), { ...expected, room: who.room });
        expect(key).toMatchObject({ ok: true, room: who.room, privileges: who.privileges });
      }),
      { numRuns: 60 },
    );
  });

  const expected = { ...keys, sdkAppId: claims.sdkAppId, userId: claims.userId, room: claims.room, now: NOW };
  const ticket = signPrivateMapKey(signer, claims);

  it('[TK4] says why not', () => {
    const check = (change: object) => verifyPrivateMapKey(ticket, { ...expected, ...change });
    expect(check({})).toMatchObject({ ok: true, privileges: 42 });
    expect(check({ now: NOW + 300 })).toMatchObject({ ok: true });
    expect(check({ now: NOW + 301 })).toMatchObject({ reason: 'expired' });
    expect(check({ userId: 'xiaohong' })).toMatchObject({ reason: 'other-user' });
    expect(check({ room: { roomId: 12_346 } })).toMatchObject({ reason: 'other-room' });
    expect(check({ room: { strRoomId: '12345' } })).toMatchObject({ reason: 'other-room' });
    expect(check({ sdkAppId: 7 })).toMatchObject({ reason: 'other-application' });
    expect(check({ requiredPrivileges: 2 })).toMatchObject({ ok: true });
    expect(check({ requiredPrivileges: 4 })).toMatchObject({ reason: 'missing-privilege' });
    const others = { key: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey, secret: 'another' };
    expect(check(others)).toMatchObject({ reason: 'wrong-key' });
    expect(check({ key: undefined, secret: undefined })).toMatchObject({ reason: 'wrong-key' });
  });

  it('[W5] the ticket is bound to its room: the number inside is the room, not 0', () => {
    const other = signPrivateMapKey(signer, { ...claims, room: { roomId: 1 } });
    expect(verifyPrivateMapKey(other, expected)).toMatchObject({ reason: 'other-room' });
    expect(verifyPrivateMapKey(ticket, { ...expected, room: { roomId: 0 } })).toMatchObject({ reason: 'other-room' });
  });

  it('[TK5] a userSig is no privateMapKey, nor the other way round', () => {
    expect(verifyUserSig(ticket, expected)).toMatchObject({ reason: 'malformed' });
    expect(verifyPrivateMapKey(signUserSig(signer, claims), expected)).toMatchObject({ reason: 'malformed' });
  });

  it('[TK6] no altered field passes', () => {
    const fields = decodeEnvelope(ticket) as Record<string, string | number>;
    const unsigned = new Set(['TLS.version']);
    for (const [name, value] of Object.entries(fields)) {
      if (unsigned.has(name)) continue;
      const altered = typeof value === 'number' ? value + 1 : flip(value);
      const result = verifyPrivateMapKey(encodeEnvelope({ ...fields, [name]: altered }), expected);
      expect(result.ok, `${name} altered`).toBe(false);
    }
  });
});

/** Changes one character in the middle of a text to another of its kind. */
function flip(text: string): string {
  const at = Math.floor(text.length / 2);
  const was = text[at] ?? '0';
  return `${text.slice(0, at)}${was === '1' ? '2' : '1'}${text.slice(at + 1)}`;
}

describe('hostile input', () => {
  const expected = { key: p256.publicKey, secret: 's', sdkAppId: 1, userId: 'u', room: { roomId: 1 }, now: NOW };
  const wrap = (json: string | Buffer) =>
    deflateSync(json).toString('base64').replaceAll('+', '*').replaceAll('/', '-').replaceAll('=', '_');
  const refused = (ticket: unknown) => {
    expect(verifyUserSig(ticket, expected)).toMatchObject({ ok: false, reason: 'malformed' });
    expect(verifyPrivateMapKey(ticket, expected)).toMatchObject({ ok: false, reason: 'malformed' });
  };

  it('[TK7] a zlib bomb stops at its cap', () => {
    const bomb = wrap(Buffer.alloc(2_000_000, 0x20));
    expect(bomb.length).toBeLessThan(MAX_TICKET_CHARS);
    refused(bomb);
  });

  it('[TK7] megabytes of base64, deep JSON, JSON that is no object, wrong types', () => {
    refused('A'.repeat(8_000_000));
    refused(wrap('['.repeat(8000)));
    for (const json of [
      'null',
      '[]',
      '1',
      '"x"',
      '{}',
      '{"TLS.identifier":1,"TLS.sig":"AA=="}',
      '{"TLS.sig":{"a":1}}',
    ]) {
      refused(wrap(json));
    }
    for (const value of [undefined, null, 1, {}, [], '', '=', '____']) refused(value);
  });

  it('[TK8] the alphabet is strict: plain base64, URL-safe base64 and white space are refused', () => {
    const key = { version: 'v1', key: p256.privateKey } as const;
    const good = signUserSig(key, { sdkAppId: 1, userId: 'u', expireSeconds: 60, now: NOW });
    expect(verifyUserSig(good, expected)).toMatchObject({ ok: true });
    refused(`${good} `);
    refused(`${good}=`);
    refused(`+${good.slice(1)}`);
    refused(`\n${good}`);
  });

  it('[TK6] line breaks in a value cannot move a line of the signed content', () => {
    const fields = decodeEnvelope(
      signUserSig({ version: 'v2', secret: 's' }, { sdkAppId: 1, userId: 'u', expireSeconds: 60, now: NOW }),
    ) as Record<string, string | number>;
    refused(encodeEnvelope({ ...fields, 'TLS.identifier': 'u\nTLS.sdkappid:1' }));
  });

  it('[TK7] random bytes and random objects never throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map(wrap),
          fc.uint8Array({ maxLength: 300 }).map((b) => wrap(Buffer.from(b))),
        ),
        (ticket) => {
          expect(verifyUserSig(ticket, expected).ok).toBe(false);
          expect(verifyPrivateMapKey(ticket, expected).ok).toBe(false);
        },
      ),
      { numRuns: 500, seed: 20_261_121 },
    );
  });

  it('[TK9] the binary part round-trips, and every wrong length is refused', () => {
    fc.assert(
      fc.property(identity, (who) => {
        const value = {
          account: who.userId,
          sdkAppId: who.sdkAppId,
          room: who.room,
          expiresAt: NOW,
          privileges: who.privileges,
          accountType: 0,
        };
        const bytes = encodeUserBuf(value);
        expect(decodeUserBuf(bytes)).toEqual(value);
        for (let end = 0; end < bytes.length; end++) expect(decodeUserBuf(bytes.subarray(0, end))).toBeNull();
        expect(decodeUserBuf(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeNull();
      }),
      { numRuns: 40 },
    );
  });
});

describe('signing refuses what has no one byte form', () => {
  const signer: Signer = { version: 'v1', key: p256.privateKey };

  it('[TK10] user ids, rooms, privileges and lives out of range', () => {
    for (const change of [{ userId: '小明' }, { userId: '' }, { userId: 'a'.repeat(33) }, { userId: 'a b' }]) {
      expect(() => signUserSig(signer, { ...claims, ...change })).toThrow(TypeError);
    }
    for (const change of [
      { room: { roomId: 0 } },
      { room: { roomId: 4_294_967_295 } },
      { room: { roomId: 99_999_999_999 } },
      { room: { strRoomId: '房间' } },
      { privileges: 256 },
      { privileges: -1 },
      { expireSeconds: 0 },
      { expireSeconds: 4_294_967_295 },
    ]) {
      expect(() => signPrivateMapKey(signer, { ...claims, ...change })).toThrow(TypeError);
    }
  });

  it('[TK11] keys of other kinds are refused, and the message never holds the key', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    expect(() => signUserSig({ version: 'v1', key: rsa }, claims)).toThrow(/EC key/);
    const garbage = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----';
    expect(() => signUserSig({ version: 'v1', key: garbage }, claims)).toThrow(/PEM/);
    expect(() => signUserSig({ version: 'v1', key: garbage }, claims)).not.toThrow(/c2VjcmV0/);
    expect(() => signUserSig({ version: 'v2', secret: '' }, claims)).toThrow(/empty/);
  });
});
