import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { v2Content } from './content.ts';
import { verifyUserSig } from './index.ts';

/** Public vectors of Tencent's own signers (tls-sig-api, tls-sig-api-golang, tls-sig-api-v2 and its ports). */
const spki = (base64: string) => `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`;

const V1_A = {
  key: spki(
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmAeEcipI6pcgR+egd5GM6F35XveJagHwdlx2f4PkTdGBzLOfMyU52lDF8ZFg00EE06QyQ7nB1GsZyXVKBkRGrg==',
  ),
  ticket:
    'eJxlz11PgzAYBeB7fkXDLUZbSqPd3dyHw4HJMoiZN01DO2mmUEsHlsX-bmQmI9nt*5ycN*fkAQD8LNne8qKoj5Vl1mnpgwnwoX9zQa2VYNwybMQVym*tjGR8b6UZMCQ0hHAcUUJWVu3VfwCNqBEHNtRfi3ofbuliN4s386WrVzOS9228Cnpxl96-LfkLdfN*lzwZXXYugjzLzEfjpnE5feavMv2iQbsVBG-WCeWHI4R5UYpcarVYl-hRo0x1gelGL636PI9HBOMQRQ8oGmkrTaPq6rwRIoJCSOHfUO-H*wVAW1nJ',
};

const V1_B = {
  key: spki(
    'MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAED5Ffi4qIe4XUZ5zDGR9pC0Z6UL/gCHf0vgoLVestQxqOGJB5mcbaKULeriaevZoq0Sx8gGtfDlSf4fXwzPtGvg==',
  ),
  ticket:
    'eJxNz11vgjAYBeB7fkXTW41rKwL1bkMMGnGyidu8IaxUfdehFWpkMfvv8ysL5-Y5yck5WQghPJ*8djIhdoetSc2Plhj1EabUwe1-lrWGUqbZysjyyqzHGSGkUYFcbg2s4F6gZ6UNrnKVZlpDflObXMJYc6SC9RWj4MMfxf57lz0xb8ztcd2aKgrTJYdSh8lsU8dmcnQTFaqdGC48dRxtHp8DL5qLw-fnW*Q8BCJosXj-FfpLx7eLRf2iOUnWVTEgXuI2Jg0U97s9do7LXY6tX*sPGj5LXg__',
};

const V2_SECRET = '5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e';
const V2_FULL =
  'eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwjDB4pTsxIKCzBQlK0MTAyiAyKRWFGQWpQLFTU1NjeCiJZm5YDEzS0tDAyOYaHFmOtBM54KsUqeUwGLLqPK8UndHryCL-Lx8-1RPy7Ty1AijMk9f30hLk0x-r3CvSFulWgAPYy*9';

describe('public vectors', () => {
  it('[TK1] V1-a: P-256, pretty-printed JSON inside', () => {
    const verified = verifyUserSig(V1_A.ticket, { key: V1_A.key, sdkAppId: 1, userId: '1', now: 1_533_214_900 });
    expect(verified).toMatchObject({
      ok: true,
      version: 'v1',
      issuedAt: 1_533_214_814,
      expiresAt: 1_533_214_814 + 2_592_000,
    });
  });

  it('[TK1] V1-a is refused one second after its end, and not before', () => {
    const end = 1_533_214_814 + 2_592_000;
    const at = (now: number) => verifyUserSig(V1_A.ticket, { key: V1_A.key, sdkAppId: 1, userId: '1', now });
    expect(at(end)).toMatchObject({ ok: true });
    expect(at(end + 1)).toMatchObject({ ok: false, reason: 'expired' });
  });

  it('[TK1] V1-b: secp256k1, no appid_at_3rd, expired by the clock', () => {
    const expected = { key: V1_B.key, sdkAppId: 1_400_000_226, userId: '10001' };
    expect(verifyUserSig(V1_B.ticket, { ...expected, now: 0 })).toMatchObject({ ok: true });
    expect(verifyUserSig(V1_B.ticket, expected)).toMatchObject({ ok: false, reason: 'expired' });
  });

  it('[TK1] each vector is refused under the other key', () => {
    expect(verifyUserSig(V1_A.ticket, { key: V1_B.key, sdkAppId: 1, userId: '1', now: 0 })).toMatchObject({
      ok: false,
      reason: 'wrong-key',
    });
  });

  it('[TK2] V2: MACs of the reference implementation, secret taken as text', () => {
    const mac = (identifier: string, time: number, expire: number, userBuf: string | null) =>
      createHmac('sha256', V2_SECRET)
        .update(v2Content({ identifier, sdkAppId: 1_400_000_000, time, expire, userBuf }))
        .digest('base64');
    expect(mac('0', 1_569_910_200_000, 15_552_000_000, null)).toBe('bEj7EPKeOGh/DZ+LevCNXjSrLtgjj+lC8Ed0uirJXYU=');
    const abc = Buffer.from('abc').toString('base64');
    expect(mac('0', 1_569_910_200_000, 15_552_000_000, abc)).toBe('sWtbl2+lkv1DcoBF2Y2IWjGB44KoDgDIFxdhzwVXo2Q=');
    expect(mac('0', 1_569_910_200, 15_552_000, null)).toBe('CpjuBdQs9ZwnuGAJR8onoOeI9fweX2vIMMY94iOJWJY=');
  });

  it('[TK2] V2: a whole userSig of the reference implementation', () => {
    const expected = { secret: V2_SECRET, sdkAppId: 1_400_000_000, userId: '0', now: 1_569_910_300 };
    expect(verifyUserSig(V2_FULL, expected)).toMatchObject({ ok: true, version: 'v2', issuedAt: 1_569_910_200 });
    const otherSecret = createHash('sha256').update('x').digest('hex');
    expect(verifyUserSig(V2_FULL, { ...expected, secret: otherSecret })).toMatchObject({ reason: 'wrong-key' });
    expect(verifyUserSig(V2_FULL, { ...expected, userId: '1' })).toMatchObject({ reason: 'other-user' });
    expect(verifyUserSig(V2_FULL, { ...expected, sdkAppId: 1 })).toMatchObject({ reason: 'other-application' });
  });
});
