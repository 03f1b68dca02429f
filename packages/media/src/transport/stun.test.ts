import { describe, expect, it } from 'vitest';
import {
  addressBytes,
  bindingError,
  bindingRequest,
  bindingSuccess,
  parseStun,
  STUN_BINDING_ERROR,
  STUN_BINDING_REQUEST,
  STUN_BINDING_SUCCESS,
  verifyIntegrity,
} from './stun.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** RFC 5769 §2.1, password VOkJxbRl1RmTxUk/WvJxBt. */
const SAMPLE_REQUEST = hex(`000100582112a442b7e7a701bc34d686fa87dfae 802200105354554e207465737420636c69656e74
  002400046e0001ff 80290008932ff9b151263b36 00060009 6576746a3a683676592020 20
  00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004e57a3bcf`);
/** RFC 5769 §2.2: 192.0.2.1:32853. */
const SAMPLE_RESPONSE = hex(`0101003c2112a442b7e7a701bc34d686fa87dfae 8022000b7465737420766563746f7220
  002000080001a147e112a643 000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004c07d4c96`);
const PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt';

describe('STUN', () => {
  it('[TP50] the sample request of RFC 5769 is read and authentic', () => {
    const message = parseStun(SAMPLE_REQUEST);
    expect(message).toMatchObject({ type: STUN_BINDING_REQUEST, username: 'evtj:h6vY', role: 'controlled' });
    expect(verifyIntegrity(SAMPLE_REQUEST, message!, PASSWORD)).toBe(true);
    expect(verifyIntegrity(SAMPLE_REQUEST, message!, `${PASSWORD}x`)).toBe(false);
    const response = parseStun(SAMPLE_RESPONSE);
    expect(verifyIntegrity(SAMPLE_RESPONSE, response!, PASSWORD)).toBe(true);
  });

  it('[TP51] a changed bit before the fingerprint is found; cut messages are refused', () => {
    for (let bit = 0; bit < (SAMPLE_REQUEST.length - 8) * 8; bit++) {
      const changed = Buffer.from(SAMPLE_REQUEST);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const message = parseStun(changed);
      expect(message !== null && verifyIntegrity(changed, message, PASSWORD)).toBe(false);
    }
    for (let length = 0; length < SAMPLE_REQUEST.length; length++) {
      expect(parseStun(SAMPLE_REQUEST.subarray(0, length))).toBeNull();
    }
  });

  it('[TP52] responses carry the mapped address, integrity and fingerprint', () => {
    const request = parseStun(SAMPLE_REQUEST)!;
    const success = bindingSuccess(request, '192.0.2.1', 32853, PASSWORD);
    expect(success.includes(hex('002000080001a147e112a643'))).toBe(true);
    const read = parseStun(success)!;
    expect(read.type).toBe(STUN_BINDING_SUCCESS);
    expect(verifyIntegrity(success, read, PASSWORD)).toBe(true);
    // RFC 5769 §2.3: [2001:db8:1234:5678:11:2233:4455:6677]:32853.
    const six = bindingSuccess(request, '2001:db8:1234:5678:11:2233:4455:6677', 32853, PASSWORD);
    expect(six.includes(hex('002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9'))).toBe(true);
    const error = bindingError(request, 487, 'Role Conflict', PASSWORD);
    expect(parseStun(error)).toMatchObject({ type: STUN_BINDING_ERROR, errorCode: 487 });
  });

  it('[TP53] checks are written as a controlling agent writes them', () => {
    const data = bindingRequest({
      transactionId: Buffer.alloc(12, 1),
      username: 'a:b',
      password: 'secret',
      role: 'controlling',
      useCandidate: true,
    });
    const message = parseStun(data)!;
    expect(message).toMatchObject({ username: 'a:b', role: 'controlling', useCandidate: true, unknown: [] });
    expect(verifyIntegrity(data, message, 'secret')).toBe(true);
  });

  it('[TP52] addresses become bytes', () => {
    expect(Buffer.from(addressBytes('::1')).toString('hex')).toBe(`${'00'.repeat(15)}01`);
    expect(Buffer.from(addressBytes('fe80::1%eth0')).toString('hex')).toBe(`fe80${'00'.repeat(13)}01`);
    expect(Buffer.from(addressBytes('::ffff:10.1.2.3')).toString('hex')).toBe(`${'00'.repeat(10)}ffff0a010203`);
  });
});
