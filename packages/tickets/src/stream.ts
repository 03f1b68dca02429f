import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { StreamTicket, StreamTicketRefusal } from './stream-types.ts';
import { requireUint, requireUserId } from './validate.ts';

/**
 * Tickets in push, play and signalling URLs. Short, because URLs are: binary, then base64url without padding (RFC 4648 §5).
 *
 *     0   version (1)                     7  room id, u32 big-endian
 *     1   flags, below                   11  expiry, Unix seconds, u32
 *     2   privilege bits                 15  length of the user id (1–32), the user id,
 *     3   sdkAppID, u32 big-endian           when flagged the same for the viewer's, then the MAC
 *
 * The MAC is the first 16 bytes of HMAC-SHA256 over all bytes before it (RFC 2104 §5 on truncation).
 */
const VERSION = 1;
const MAC_BYTES = 16;
const FIXED_BYTES = 15;
const MAX_USER_BYTES = 32;

/** Longest ticket, in characters of its text. */
export const MAX_STREAM_TICKET_CHARS = Math.ceil(((FIXED_BYTES + 2 * (1 + MAX_USER_BYTES) + MAC_BYTES) * 4) / 3);
const MIN_BYTES = FIXED_BYTES + 2 + MAC_BYTES;

const DIRECTIONS = ['push', 'play', 'signal'] as const;
const DIRECTION_MASK = 3;
const AUX = 4;
const VIDEO = 8;
const AUDIO = 16;
const OTHER_VIEWER = 32;
const KNOWN_FLAGS = 63;

const UINT32 = 0xffff_ffff;
const MAX_ROOM_ID = 4_294_967_294;
const TEXT = /^[A-Za-z0-9_-]+$/;
const DECIMAL = /^[1-9][0-9]{0,9}$/;
const USER_ID = /^[A-Za-z0-9_-]{1,32}$/;

/** What a door demands of a ticket. */
export interface StreamTicketExpectation {
  readonly direction: StreamTicket['direction'];
  readonly sdkAppId: number;
  readonly roomId: string;
  /** Whose stream; for `signal` the phone itself. Absent where the ticket alone says who comes (`signal`). */
  readonly userId?: string;
}

export type StreamTicketResult =
  | { readonly ok: true; readonly ticket: StreamTicket }
  | { readonly ok: false; readonly reason: StreamTicketRefusal };

/**
 * The key of stream tickets from the secret of the configuration (its text as it stands there), by HKDF-SHA256 (RFC 5869):
 * a ticket can never be taken for anything else that is signed with the same secret.
 * @throws TypeError when the secret is shorter than 32 characters.
 */
export function deriveStreamKey(secret: string): Uint8Array {
  if (secret.length < 32) throw new TypeError('The secret of stream tickets must have at least 32 characters.');
  return new Uint8Array(hkdfSync('sha256', secret, '', 'lianmai stream ticket v1', 32));
}

/**
 * Signs a ticket: base64url, at most {@link MAX_STREAM_TICKET_CHARS} characters, nothing in it needs escaping in a URL.
 * @throws TypeError on a claim out of range, or one that has no one byte form.
 */
export function signStreamTicket(key: Uint8Array, ticket: StreamTicket): string {
  if (!DECIMAL.test(ticket.roomId)) throw new TypeError('roomId must be decimal, without leading zeros.');
  const roomId = requireUint('roomId', Number(ticket.roomId), 1, MAX_ROOM_ID);
  const user = requireUserId(ticket.userId);
  const viewer = requireUserId(ticket.viewerId);
  const { direction, tracks } = ticket;
  if (direction !== 'play' && (viewer !== user || ticket.streamType !== 'main' || !tracks.video || !tracks.audio)) {
    throw new TypeError('Only a play ticket names a viewer, a stream type and tracks.');
  }
  const directionBits = DIRECTIONS.indexOf(direction);
  if (directionBits < 0) throw new TypeError('direction must be push, play or signal.');
  const bytes = Buffer.alloc(FIXED_BYTES + 1 + user.length + (viewer === user ? 0 : 1 + viewer.length) + MAC_BYTES);
  bytes[0] = VERSION;
  bytes[1] =
    directionBits |
    (ticket.streamType === 'aux' ? AUX : 0) |
    (tracks.video ? VIDEO : 0) |
    (tracks.audio ? AUDIO : 0) |
    (viewer === user ? 0 : OTHER_VIEWER);
  bytes[2] = requireUint('privileges', ticket.privileges, 0, 255);
  bytes.writeUInt32BE(requireUint('sdkAppId', ticket.sdkAppId, 1, UINT32), 3);
  bytes.writeUInt32BE(roomId, 7);
  bytes.writeUInt32BE(requireUint('expiresAt', ticket.expiresAt, 1, UINT32), 11);
  let at = writeId(bytes, FIXED_BYTES, user);
  if (viewer !== user) at = writeId(bytes, at, viewer);
  macOf(key, bytes.subarray(0, at)).copy(bytes, at, 0, MAC_BYTES);
  return bytes.toString('base64url');
}

/**
 * Checks a ticket against what the door demands. Takes hostile input in bounded time and never throws; a ticket has one
 * spelling only. Good up to and including its last second.
 */
export function verifyStreamTicket(
  key: Uint8Array,
  text: unknown,
  expected: StreamTicketExpectation,
  nowSeconds: number,
): StreamTicketResult {
  const read = readStreamTicket(key, text);
  if (!read.ok) return read;
  const { ticket } = read;
  if (ticket.direction !== expected.direction) return refused('other-direction');
  if (
    ticket.sdkAppId !== expected.sdkAppId ||
    ticket.roomId !== expected.roomId ||
    (expected.userId !== undefined && ticket.userId !== expected.userId)
  ) {
    return refused('other-stream');
  }
  // Written so that a clock that is no number refuses.
  return nowSeconds <= ticket.expiresAt ? read : refused('expired');
}

/**
 * An authentic ticket with what it says, whatever it is for and whether or not it has run out. For the signalling door,
 * whose URL names no room, and for log lines; a door lets nobody in on this alone.
 */
export function readStreamTicket(key: Uint8Array, text: unknown): StreamTicketResult {
  const bytes = bytesOf(text);
  if (bytes === null) return refused('malformed');
  const signed = bytes.subarray(0, bytes.length - MAC_BYTES);
  const mac = macOf(key, signed).subarray(0, MAC_BYTES);
  if (!timingSafeEqual(mac, bytes.subarray(signed.length))) return refused('wrong-key');
  const ticket = decode(signed);
  return ticket === null ? refused('malformed') : { ok: true, ticket };
}

function refused(reason: StreamTicketRefusal): StreamTicketResult {
  return { ok: false, reason };
}

function macOf(key: Uint8Array, bytes: Buffer): Buffer {
  return createHmac('sha256', key).update(bytes).digest();
}

function writeId(bytes: Buffer, at: number, id: string): number {
  bytes[at] = id.length;
  return at + 1 + bytes.write(id, at + 1, 'latin1');
}

/** The bytes of a text in its one spelling, with a version that is known; `null` otherwise. */
function bytesOf(text: unknown): Buffer | null {
  if (typeof text !== 'string' || text.length > MAX_STREAM_TICKET_CHARS || !TEXT.test(text)) return null;
  const bytes = Buffer.from(text, 'base64url');
  // Unused bits of the last character, and lengths that base64 cannot have, are lost on the way back.
  if (bytes.length < MIN_BYTES || bytes[0] !== VERSION || bytes.toString('base64url') !== text) return null;
  return bytes;
}

/** The fields of authentic bytes; `null` for what {@link signStreamTicket} never writes. */
function decode(bytes: Buffer): StreamTicket | null {
  const flags = bytes.readUInt8(1);
  const direction = DIRECTIONS[flags & DIRECTION_MASK];
  if (direction === undefined || flags > KNOWN_FLAGS) return null;
  const userId = readId(bytes, FIXED_BYTES);
  if (userId === null) return null;
  let end = FIXED_BYTES + 1 + userId.length;
  let viewerId = userId;
  if ((flags & OTHER_VIEWER) !== 0) {
    const other = readId(bytes, end);
    if (other === null || other === userId) return null;
    viewerId = other;
    end += 1 + other.length;
  }
  const sdkAppId = bytes.readUInt32BE(3);
  const room = bytes.readUInt32BE(7);
  const plain = (flags & (AUX | VIDEO | AUDIO | OTHER_VIEWER)) === (VIDEO | AUDIO);
  if (end !== bytes.length || sdkAppId === 0 || room === 0 || room > MAX_ROOM_ID) return null;
  if (direction !== 'play' && !plain) return null;
  return {
    direction,
    sdkAppId,
    roomId: String(room),
    userId,
    viewerId,
    privileges: bytes.readUInt8(2),
    streamType: (flags & AUX) === 0 ? 'main' : 'aux',
    tracks: { video: (flags & VIDEO) !== 0, audio: (flags & AUDIO) !== 0 },
    expiresAt: bytes.readUInt32BE(11),
  };
}

function readId(bytes: Buffer, at: number): string | null {
  if (at >= bytes.length) return null;
  const end = at + 1 + bytes.readUInt8(at);
  if (end > bytes.length) return null;
  const id = bytes.toString('latin1', at + 1, end);
  return USER_ID.test(id) ? id : null;
}
