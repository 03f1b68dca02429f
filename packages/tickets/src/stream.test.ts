import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  deriveStreamKey,
  MAX_STREAM_TICKET_CHARS,
  readStreamTicket,
  type StreamTicket,
  signStreamTicket,
  verifyStreamTicket,
} from './index.ts';

const NOW = 1_700_000_000;
const SECRET = 'lianmai-published-vector-secret-0123456789';
const key = deriveStreamKey(SECRET);
const otherKey = deriveStreamKey(`${SECRET}0`);

const push: StreamTicket = {
  direction: 'push',
  sdkAppId: 1_400_000_001,
  roomId: '12345',
  userId: 'xiaoming',
  viewerId: 'xiaoming',
  privileges: 255,
  streamType: 'main',
  tracks: { video: true, audio: true },
  expiresAt: 1_800_000_000,
};
const play: StreamTicket = {
  ...push,
  direction: 'play',
  roomId: '4294967294',
  viewerId: 'xiaohong',
  privileges: 170,
  streamType: 'aux',
  tracks: { video: true, audio: false },
};

/** Made by another program (Python's hmac), from the layout in docs/tickets.md. */
const VECTORS: readonly (readonly [string, StreamTicket, string])[] = [
  ['push', push, 'ARj_U3JOAQAAMDlrSdIACHhpYW9taW5nakoyRwAgEHaQvAiZBiOezg'],
  [
    'signal',
    { ...push, direction: 'signal', privileges: 42 },
    'ARoqU3JOAQAAMDlrSdIACHhpYW9taW5nHWiWIzMK5mdr2PYKPMc_2w',
  ],
  ['play', play, 'AS2qU3JOAf____5rSdIACHhpYW9taW5nCHhpYW9ob25nFyne898hTe-EpV-eu4NGug'],
];

const userId = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/);
const uint32 = fc.integer({ min: 1, max: 0xffff_ffff });
const ticketOf = fc
  .record({
    direction: fc.constantFrom('push', 'play', 'signal'),
    sdkAppId: uint32,
    roomId: fc.integer({ min: 1, max: 4_294_967_294 }).map(String),
    userId,
    viewerId: userId,
    privileges: fc.integer({ min: 0, max: 255 }),
    streamType: fc.constantFrom('main', 'aux'),
    tracks: fc.record({ video: fc.boolean(), audio: fc.boolean() }),
    expiresAt: uint32,
  })
  .map((ticket): StreamTicket => {
    if (ticket.direction === 'play') return ticket;
    return { ...ticket, viewerId: ticket.userId, streamType: 'main', tracks: { video: true, audio: true } };
  });

function check(text: unknown, ticket: StreamTicket, now = NOW, withKey = key) {
  const { direction, sdkAppId, roomId, userId } = ticket;
  return verifyStreamTicket(withKey, text, { direction, sdkAppId, roomId, userId }, now);
}

/** Bytes with the right MAC: whatever the fields say, the key has vouched for them. */
function sealed(bytes: Uint8Array): string {
  const mac = createHmac('sha256', key).update(bytes).digest().subarray(0, 16);
  return Buffer.concat([bytes, mac]).toString('base64url');
}

describe('stream tickets', () => {
  it.each(VECTORS)('[TK14] the published vector for %s is signed and verified byte by byte', (_name, ticket, text) => {
    expect(Buffer.from(key).toString('hex')).toBe('f7752ae45f83833b86faa49563c170af35859466c447ffb7bff37a69560c896f');
    expect(signStreamTicket(key, ticket)).toBe(text);
    expect(check(text, ticket)).toEqual({ ok: true, ticket });
  });

  it('[TK14] what is signed says what was signed, in text that a URL takes as it is', () => {
    fc.assert(
      fc.property(ticketOf, (ticket) => {
        const text = signStreamTicket(key, ticket);
        expect(text.length).toBeLessThanOrEqual(MAX_STREAM_TICKET_CHARS);
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(check(text, ticket, 0)).toEqual({ ok: true, ticket });
        expect(readStreamTicket(key, text)).toEqual({ ok: true, ticket });
        expect(check(text, ticket, 0, otherKey)).toEqual({ ok: false, reason: 'wrong-key' });
      }),
      { seed: 20_261_121 },
    );
  });

  it('[TK15] the longest ticket stays below 256 bytes', () => {
    const longest = { ...play, userId: 'A'.repeat(32), viewerId: 'B'.repeat(32) };
    expect(signStreamTicket(key, longest)).toHaveLength(MAX_STREAM_TICKET_CHARS);
    expect(MAX_STREAM_TICKET_CHARS).toBeLessThan(256);
  });

  it('[TK16] a refusal says why, and the last second is still good', () => {
    const text = signStreamTicket(key, push);
    expect(check(text, push, push.expiresAt)).toMatchObject({ ok: true });
    expect(check(text, push, push.expiresAt + 1)).toEqual({ ok: false, reason: 'expired' });
    expect(check(text, push, Number.NaN)).toEqual({ ok: false, reason: 'expired' });
    expect(check(text, { ...push, direction: 'signal' })).toEqual({ ok: false, reason: 'other-direction' });
    for (const change of [{ sdkAppId: 7 }, { roomId: '12346' }, { roomId: '012345' }, { userId: 'xiaohong' }]) {
      expect(check(text, { ...push, ...change })).toEqual({ ok: false, reason: 'other-stream' });
    }
    // The door of the signalling WebSocket learns room and user from the ticket.
    const signal = signStreamTicket(key, { ...push, direction: 'signal' });
    const door = { direction: 'signal', sdkAppId: push.sdkAppId, roomId: push.roomId } as const;
    expect(verifyStreamTicket(key, signal, door, NOW)).toMatchObject({ ok: true, ticket: { userId: 'xiaoming' } });
  });

  it('[TK17] no altered bit and no other length passes', () => {
    for (const ticket of [push, play]) {
      const bytes = Buffer.from(signStreamTicket(key, ticket), 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const altered = Buffer.from(bytes);
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(check(altered.toString('base64url'), ticket).ok, `bit ${bit}`).toBe(false);
      }
      for (let end = 0; end < bytes.length; end++) {
        expect(check(bytes.subarray(0, end).toString('base64url'), ticket).ok).toBe(false);
      }
      expect(check(Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url'), ticket).ok).toBe(false);
    }
  });

  it('[TK17] a ticket has one spelling', () => {
    // A user id that leaves bits of the last character unused.
    for (const userId of ['a', 'ab', 'abc']) {
      const ticket = { ...push, userId, viewerId: userId };
      const text = signStreamTicket(key, ticket);
      const bytes = Buffer.from(text, 'base64url');
      const spellings = new Set<string>([
        `${text}=`,
        `${text}==`,
        ` ${text}`,
        `${text}\n`,
        `${text}A`,
        bytes.toString('base64'),
      ]);
      for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
        spellings.add(text.slice(0, -1) + last);
      }
      spellings.delete(text);
      for (const other of spellings) expect(check(other, ticket).ok, other.slice(-4)).toBe(false);
    }
  });

  it('[TK17] authentic bytes that are not as they would be signed are refused', () => {
    const signedPart = (ticket: StreamTicket) =>
      Buffer.from(signStreamTicket(key, ticket), 'base64url').subarray(0, -16);
    const set = (ticket: StreamTicket, at: number, value: number) => {
      const bytes = Buffer.from(signedPart(ticket));
      bytes[at] = value;
      return sealed(bytes);
    };
    const malformed = { ok: false, reason: 'malformed' };
    expect(readStreamTicket(key, sealed(signedPart(push)))).toMatchObject({ ok: true });
    expect(readStreamTicket(key, set(push, 0, 2))).toEqual(malformed); // another version
    expect(readStreamTicket(key, set(push, 1, 3 | 24))).toEqual(malformed); // no such direction
    expect(readStreamTicket(key, set(push, 1, 64 | 24))).toEqual(malformed); // an unknown flag
    expect(readStreamTicket(key, set(push, 1, 8))).toEqual(malformed); // a push has both kinds of track
    expect(readStreamTicket(key, set(push, 1, 4 | 24))).toEqual(malformed); // and no stream type
    expect(readStreamTicket(key, set(push, 15, 9))).toEqual(malformed); // lengths do not add up
    expect(readStreamTicket(key, set(push, 15, 7))).toEqual(malformed);
    expect(readStreamTicket(key, set(push, 16, 0x2f))).toEqual(malformed); // no user id
    const sameViewer = Buffer.concat([signedPart({ ...play, viewerId: play.userId }), signedPart(push).subarray(15)]);
    sameViewer[1] = (sameViewer[1] ?? 0) | 32;
    expect(readStreamTicket(key, sealed(sameViewer))).toEqual(malformed);
  });

  it('[TK18] hostile text never throws and is refused, also when it is authentic', () => {
    for (const value of [undefined, null, 1, {}, [], '', '=', 'A', 'A'.repeat(8_000_000), '\u0000', '../..', push]) {
      expect(check(value, push)).toEqual({ ok: false, reason: 'malformed' });
    }
    const anything = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
      fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from([1, ...bytes]).toString('base64url')),
    );
    fc.assert(
      fc.property(anything, (text) => {
        expect(check(text, push).ok).toBe(false);
      }),
      { numRuns: 1_000, seed: 20_261_121 },
    );
    // Past the MAC: every text that is read is the one that would be signed for what it says.
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
        const text = sealed(Uint8Array.of(1, ...bytes));
        const read = readStreamTicket(key, text);
        if (read.ok) expect(signStreamTicket(key, read.ticket)).toBe(text);
      }),
      { numRuns: 1_000, seed: 20_261_121 },
    );
  });

  it('[TK19] nothing is signed that has no one byte form, and short secrets are refused', () => {
    const changes: readonly Partial<StreamTicket>[] = [
      { roomId: '0' },
      { roomId: '012345' },
      { roomId: '4294967295' },
      { userId: '小明' },
      { userId: '', viewerId: '' },
      { userId: 'a'.repeat(33) },
      { privileges: 256 },
      { privileges: -1 },
      { sdkAppId: 0 },
      { expiresAt: 1.5 },
      { viewerId: 'xiaohong' },
      { streamType: 'aux' },
      { tracks: { video: false, audio: true } },
    ];
    for (const change of changes) expect(() => signStreamTicket(key, { ...push, ...change })).toThrow(TypeError);
    expect(() => deriveStreamKey('short')).toThrow(/32/);
    expect(() => deriveStreamKey('short')).not.toThrow(/short/);
  });
});
