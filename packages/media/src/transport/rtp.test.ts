import { describe, expect, it } from 'vitest';
import { compileExtensions, NO_EXTENSIONS, writeExtensions } from './extensions.ts';
import {
  extensionOffset,
  extensionSize,
  findExtension,
  headerLength,
  isNewer,
  isRtp,
  marker,
  paddingLength,
  payloadLength,
  payloadType,
  sequence,
  ssrc,
  timestamp,
} from './rtp.ts';
import { patchVp8Descriptor } from './vp8.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
/** One CSRC, one-byte extensions 1 (2 bytes) and 3 (1 byte) with padding between, 3 bytes of payload, 2 of padding. */
const ONE_BYTE = hex('b1e01234 89abcdef f0000001 00000009 bede0002 11aabb00 00305500 010203 0002');
const TWO_BYTE = hex('90601234 89abcdef f0000001 10000002 0702aabb 00080000 01');

function extension(packet: Buffer, at: number, id: number): string | null {
  const found = findExtension(packet, at, id);
  if (found < 0) return null;
  return packet.toString('hex', extensionOffset(found), extensionOffset(found) + extensionSize(found));
}

describe('RTP headers', () => {
  it('[TP40] fields are read at any offset', () => {
    const packet = Buffer.concat([Buffer.alloc(7), ONE_BYTE]);
    const length = ONE_BYTE.length;
    expect(isRtp(packet, 7, length)).toBe(true);
    expect(marker(packet, 7)).toBe(true);
    expect(payloadType(packet, 7)).toBe(0x60);
    expect(sequence(packet, 7)).toBe(0x1234);
    expect(timestamp(packet, 7)).toBe(0x89abcdef);
    expect(ssrc(packet, 7)).toBe(0xf0000001);
    expect(headerLength(packet, 7)).toBe(28);
    expect(paddingLength(packet, 7, length)).toBe(2);
    expect(payloadLength(packet, 7, length)).toBe(3);
    expect(extension(packet, 7, 1)).toBe('aabb');
    expect(extension(packet, 7, 3)).toBe('55');
    expect(extension(packet, 7, 2)).toBeNull();
  });

  it('[TP40] the two-byte form knows empty values', () => {
    expect(extension(TWO_BYTE, 0, 7)).toBe('aabb');
    expect(extension(TWO_BYTE, 0, 8)).toBe('');
    expect(extension(TWO_BYTE, 0, 9)).toBeNull();
  });

  it('[TP41] cut packets and blocks that point outside are refused or end the search', () => {
    for (let length = 0; length < 28; length++) expect(isRtp(ONE_BYTE, 0, length)).toBe(false);
    const beyond = hex('90601234 89abcdef f0000001 bede0001 1faabbcc');
    expect(isRtp(beyond, 0, beyond.length)).toBe(true);
    expect(findExtension(beyond, 0, 1)).toBe(-1);
    const reserved = hex('90601234 89abcdef f0000001 bede0001 f0001000');
    expect(findExtension(reserved, 0, 1)).toBe(-1);
    expect(paddingLength(hex('a0601234 89abcdef f0000001 ff'), 0, 13)).toBe(1);
  });

  it('[TP40] sequence numbers are compared across the wrap', () => {
    expect(isNewer(0, 65535)).toBe(true);
    expect(isNewer(65535, 0)).toBe(false);
    expect(isNewer(7, 7)).toBe(false);
  });
});

describe('outgoing header extensions', () => {
  it('[TP42] mid, transport-cc, abs-send-time and copies are written in the one-byte form', () => {
    const compiled = compileExtensions({
      mid: { id: 4, value: '12' },
      transportCc: 3,
      absSendTime: 2,
      copy: [
        [1, 9],
        [3, 10],
        [5, 11],
      ],
    });
    const out = Buffer.alloc(100, 0xff);
    const size = writeExtensions(out, 12, compiled, ONE_BYTE, 0, 0xabcd, 0x123456);
    expect(out.toString('hex', 12, 12 + size)).toBe(
      'bede0004' + '413132' + '31abcd' + '22123456' + '91aabb' + 'a055' + '00',
    );
  });

  it('[TP42] nothing to write leaves no block, and −1 leaves transport-cc out', () => {
    const out = Buffer.alloc(100);
    expect(writeExtensions(out, 12, NO_EXTENSIONS, ONE_BYTE, 0, 5, 0)).toBe(0);
    expect(writeExtensions(out, 12, compileExtensions({ transportCc: 3, copy: [] }), ONE_BYTE, 0, -1, 0)).toBe(0);
  });

  it('[TP43] ids and mids that the one-byte form cannot hold are refused', () => {
    expect(() => compileExtensions({ copy: [[1, 15]] })).toThrow(RangeError);
    expect(() => compileExtensions({ transportCc: 0, copy: [] })).toThrow(RangeError);
    expect(() => compileExtensions({ mid: { id: 1, value: 'a'.repeat(17) }, copy: [] })).toThrow(RangeError);
  });
});

describe('VP8 descriptor', () => {
  const patched = (text: string, pictureId: number, tl0: number) => {
    const payload = hex(text);
    patchVp8Descriptor(payload, payload.length, pictureId, tl0);
    return payload.toString('hex');
  };

  it('[TP44] picture ids of 7 and 15 bits and TL0PICIDX are written in place', () => {
    expect(patched('90e0 8001 05 20aa', 0x1234, 0x77)).toBe('90e0923477' + '20aa');
    expect(patched('90e0 11 05 20aa', 0x1234, 0x77)).toBe('90e03477' + '20aa');
    expect(patched('90e0 8001 05 20aa', -1, 9)).toBe('90e08001' + '09' + '20aa');
    expect(patched('9040 05 20aa', 0x1234, 3)).toBe('904003' + '20aa');
  });

  it('[TP44] absent fields and cut descriptors are left alone', () => {
    expect(patched('10aabbcc', 1, 1)).toBe('10aabbcc');
    expect(patched('9080', 1, 1)).toBe('9080');
    expect(patched('908080', 1, 1)).toBe('908080');
    expect(patched('90', 1, 1)).toBe('90');
  });
});
