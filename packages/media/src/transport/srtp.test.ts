import { describe, expect, it } from 'vitest';
import { ReplayWindow } from './replay-window.ts';
import { estimateIndex, SRTP_FORGED, SRTP_MALFORMED, SRTP_REPLAY, SrtpContext } from './srtp.ts';
import { ScratchBuffer } from './srtp-buffers.ts';
import { CmTransform } from './srtp-cm.ts';
import { GcmTransform } from './srtp-gcm.ts';
import { deriveKey, masterSaltBytes, SRTP_PROFILE, type SrtpProfile } from './srtp-keys.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

describe('published vectors', () => {
  it('[TP30] AES-CM keystream of RFC 3711 B.2', () => {
    const transform = new CmTransform({
      key: hex('2B7E151628AED2A6ABF7158809CF4F3C'),
      auth: Buffer.alloc(20),
      salt: hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'),
    });
    const packet = Buffer.alloc(100);
    transform.sealRtp(packet, packet.subarray(0, 0), Buffer.alloc(48), 0, 0);
    expect(packet.subarray(0, 48)).toEqual(
      hex('E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0'),
    );
  });

  it('[TP30] key derivation of RFC 3711 B.3', () => {
    const master = { key: hex('E1F97A0D3E018BE0D64FA32C06DE4139'), salt: hex('0EC675AD498AFEEBB6960B3AABE6') };
    expect(deriveKey(master, 0, 16)).toEqual(hex('C61E7A93744F39EE10734AFE3FF7A087'));
    expect(deriveKey(master, 2, 14)).toEqual(hex('30CBBC08863D8C85D49DB34A9AE1'));
    expect(deriveKey(master, 1, 20)).toEqual(hex('CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4'));
  });

  const keys = {
    key: hex('000102030405060708090a0b0c0d0e0f'),
    auth: Buffer.alloc(0),
    salt: hex('517569642070726f2071756f'),
  };

  it('[TP30] AEAD_AES_128_GCM packet of RFC 7714 §16.1', () => {
    const plain = hex(`8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
      69736120 696e2070 61727465 73207472 6573`);
    const sealed = hex(`8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5
      0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`);
    const packet = Buffer.alloc(200);
    plain.copy(packet, 0, 0, 12);
    const transform = new GcmTransform(keys);
    const size = transform.sealRtp(packet, packet.subarray(0, 12), plain.subarray(12), 0x5501a0b2, 0xf17b);
    expect(packet.subarray(0, size)).toEqual(sealed);
    const out = Buffer.alloc(200);
    expect(transform.openRtp(sealed, 12, 0x5501a0b2, 0xf17b, out, 3)).toBe(plain.length);
    expect(out.subarray(3, 3 + plain.length)).toEqual(plain);
  });

  it('[TP30] AEAD_AES_128_GCM report of RFC 7714 §17.1', () => {
    const plain = hex(`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
      deadbeef deadbeef deadbeef deadbeef deadbeef`);
    const sealed = hex(`81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d
      c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4`);
    const transform = new GcmTransform(keys);
    const out = Buffer.alloc(200);
    const size = transform.sealRtcp(plain, 0x4d617273, 0x5d4, out);
    expect(out.subarray(0, size)).toEqual(sealed);
    expect(transform.openRtcp(sealed, 0x4d617273, 0x5d4, out)).toBe(plain.length);
    expect(out.subarray(0, plain.length)).toEqual(plain);
  });
});

/** Two contexts with each other's keys. */
function pair(profile: SrtpProfile): { a: SrtpContext; b: SrtpContext } {
  const master = (fill: number) => ({
    key: Buffer.alloc(16, fill),
    salt: Buffer.alloc(masterSaltBytes(profile), fill),
  });
  return { a: new SrtpContext(profile, master(1), master(2)), b: new SrtpContext(profile, master(2), master(1)) };
}

function sealed(from: SrtpContext, seq: number, ssrc = 7, payload = 'payload'): Buffer {
  const scratch = new ScratchBuffer(500);
  const packet = scratch.bytes;
  packet.writeUInt16BE(0x8060, 0);
  packet.writeUInt16BE(seq, 2);
  packet.writeUInt32BE(ssrc, 8);
  const size = from.protectRtp(packet, scratch.view(12), Buffer.from(payload));
  expect(size).toBeGreaterThan(0);
  return Buffer.from(packet.subarray(0, size));
}

const out = Buffer.alloc(2000);
const open = (to: SrtpContext, packet: Buffer) => to.unprotectRtp(packet, out, 0, 1500);

describe.each([
  ['AES128_CM_HMAC_SHA1_80', SRTP_PROFILE.aes128CmSha1_80],
  ['AEAD_AES_128_GCM', SRTP_PROFILE.aeadAes128Gcm],
])('%s', (_name, profile) => {
  it('[TP31] carries packets one way and refuses its own', () => {
    const { a, b } = pair(profile);
    const packet = sealed(a, 1);
    expect(packet.includes('payload')).toBe(false);
    expect(open(a, packet)).toBe(SRTP_FORGED);
    expect(open(b, packet)).toBe(19);
    expect(out.toString('latin1', 12, 19)).toBe('payload');
  });

  it('[TP32] every changed bit is found, and changes nothing', () => {
    const { a, b } = pair(profile);
    const packet = sealed(a, 1);
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const forged = Buffer.from(packet);
      forged[bit >> 3]! ^= 1 << (bit & 7);
      expect(open(b, forged)).toBeLessThan(0);
    }
    expect(open(b, packet)).toBe(19);
  });

  it('[TP33] a repeated packet is refused, one out of order is taken', () => {
    const { a, b } = pair(profile);
    const packets = [10, 11, 12, 13].map((seq) => sealed(a, seq));
    expect([0, 3, 1, 3, 2, 0, 1].map((i) => open(b, packets[i]!) > 0)).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(open(b, packets[2]!)).toBe(SRTP_REPLAY);
  });

  it('[TP34] the rollover counter follows 200 000 packets with reordering at every wrap', () => {
    const { a, b } = pair(profile);
    let held: Buffer | null = null;
    const refused: number[] = [];
    // Every packet near a wrap, few between; near a wrap every fifth packet comes four later.
    for (let i = 0; i < 200_000; i += i % 65536 < 65500 && i % 65536 > 40 ? 400 : 1) {
      const packet = sealed(a, i & 0xffff);
      if (i % 5 === 0 && held === null) held = packet;
      else if (open(b, packet) < 0) refused.push(i);
      if (held !== null && i % 5 === 4) {
        if (open(b, held) < 0) refused.push(-i);
        held = null;
      }
    }
    expect(refused).toEqual([]);
    expect(open(b, sealed(a, 200_001 & 0xffff))).toBeGreaterThan(0);
  });

  it('[TP35] reports go through once; unencrypted and repeated ones are refused', () => {
    const { a, b } = pair(profile);
    const report = hex('80c90001 00000007 01020304 05060708');
    const size = a.protectRtcp(report, out);
    const packet = Buffer.from(out.subarray(0, size));
    const plain = Buffer.alloc(100);
    const clear = Buffer.from(packet);
    clear[clear.length - (profile === SRTP_PROFILE.aeadAes128Gcm ? 4 : 14)]! &= 0x7f;
    expect(b.unprotectRtcp(clear, plain)).toBe(SRTP_MALFORMED);
    expect(b.unprotectRtcp(packet, plain)).toBe(report.length);
    expect(plain.subarray(0, report.length)).toEqual(report);
    expect(b.unprotectRtcp(packet, plain)).toBe(SRTP_REPLAY);
    const next = Buffer.from(out.subarray(0, a.protectRtcp(report, out)));
    next[9]! ^= 1;
    expect(b.unprotectRtcp(next, plain)).toBe(SRTP_FORGED);
  });

  it('[TP36] short, long and mis-shaped packets are refused without an error', () => {
    const { a, b } = pair(profile);
    const packet = sealed(a, 1);
    for (let length = 0; length < packet.length; length++) expect(open(b, packet.subarray(0, length))).toBeLessThan(0);
    expect(open(b, Buffer.alloc(5000, 0x80))).toBe(SRTP_MALFORMED);
    expect(b.unprotectRtp(packet, out, 0, 5)).toBe(SRTP_MALFORMED);
    for (let length = 0; length < 40; length++) {
      expect(b.unprotectRtcp(Buffer.alloc(length, 0x80), out)).toBeLessThan(0);
    }
  });
});

describe('indices', () => {
  it('[TP34] the nearest index is taken', () => {
    expect(estimateIndex(-1, 40000)).toBe(40000);
    expect(estimateIndex(65535, 0)).toBe(65536);
    expect(estimateIndex(65536, 65535)).toBe(65535);
    expect(estimateIndex(3 * 65536 + 10, 65530)).toBe(2 * 65536 + 65530);
    expect(estimateIndex(5, 65530)).toBeLessThan(0);
  });

  it('[TP33] the window takes each index once, as far back as it reaches', () => {
    const window = new ReplayWindow();
    window.commit(5000);
    expect(window.isFresh(5000)).toBe(false);
    expect(window.isFresh(5000 - 1023)).toBe(true);
    expect(window.isFresh(5000 - 1024)).toBe(false);
    window.commit(4500);
    expect(window.isFresh(4500)).toBe(false);
    window.commit(5500);
    expect(window.isFresh(4500)).toBe(false);
    expect(window.isFresh(5499)).toBe(true);
    window.commit(90_000);
    expect(window.isFresh(89_500)).toBe(true);
    expect(window.isFresh(5500)).toBe(false);
  });
});
