import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RtmpError } from './errors.ts';
import { HANDSHAKE_RANDOM_BYTES, Handshake } from './handshake.ts';

const noise = Uint8Array.from({ length: HANDSHAKE_RANDOM_BYTES }, (_, i) => i & 0xff);

function client(): Buffer {
  return Buffer.concat([Uint8Array.of(3), new Uint8Array(8), Buffer.alloc(1528, 0xab), Buffer.alloc(1536, 1)]);
}

describe('handshake', () => {
  it('[RT1] answers version, its own packet and the echo, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3_073), { maxLength: 20 }), (cuts) => {
        const sent: Uint8Array[] = [];
        const handshake = new Handshake('server', noise, (bytes) => sent.push(bytes));
        const bytes = Buffer.concat([client(), Buffer.from('rest')]);
        let from = 0;
        let rest = '';
        for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
          const piece = bytes.subarray(from, Math.max(from, cut));
          from = Math.max(from, cut);
          rest += piece.subarray(handshake.done ? 0 : handshake.read(piece, 0)).toString();
        }
        expect(handshake.done).toBe(true);
        expect(rest).toBe('rest');
        const answer = Buffer.concat(sent);
        expect(answer.length).toBe(1 + 1536 + 1536);
        expect([answer[0], answer.readUInt32BE(5)]).toEqual([3, 0]);
        expect(answer.subarray(1537).equals(client().subarray(1, 1537))).toBe(true);
      }),
      { seed: 20261121, numRuns: 100 },
    );
  });

  it('[RT1] the client echoes the server', () => {
    const sent: Uint8Array[] = [];
    const handshake = new Handshake('client', noise, (bytes) => sent.push(bytes));
    const server = Buffer.concat([Uint8Array.of(3), Buffer.alloc(1536, 5), Buffer.alloc(1536, 6)]);
    expect(handshake.read(server, 0)).toBe(server.length);
    expect(handshake.done).toBe(true);
    expect(sent[1]).toEqual(server.subarray(1, 1537));
  });

  it('[RT1] another version ends it at the first byte, unanswered', () => {
    for (const first of [0, 2, 6, 0x16, 0x47, 0x80]) {
      const sent: Uint8Array[] = [];
      const handshake = new Handshake('server', noise, (bytes) => sent.push(bytes));
      expect(() => handshake.read(Uint8Array.of(first), 0)).toThrow(RtmpError);
      expect(sent).toEqual([]);
    }
  });
});
