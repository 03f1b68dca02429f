import type { TicketRoom } from './types.ts';

const USER_ID = /^[A-Za-z0-9_-]{1,32}$/;
/** TRTC's alphabet of string room ids. */
const STRING_ROOM = /^[A-Za-z0-9 !#$%&()+\-:;<=.>?@[\]^_{}|~,]{1,64}$/;
const MAX_ROOM_ID = 4_294_967_294;

/** The user id, or a TypeError: other characters have no one byte form among the signers. */
export function requireUserId(userId: string): string {
  if (!USER_ID.test(userId)) throw new TypeError('userId must be 1–32 characters of A–Z a–z 0–9 _ -.');
  return userId;
}

/** An integer within bounds, or a TypeError that names it. */
export function requireUint(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new TypeError(`${name} must be an integer from ${min} to ${max}.`);
  }
  return value;
}

/** A room in either form, or a TypeError. */
export function requireRoom(room: TicketRoom): TicketRoom {
  if ('roomId' in room) {
    requireUint('roomId', room.roomId, 1, MAX_ROOM_ID);
  } else if (!STRING_ROOM.test(room.strRoomId)) {
    throw new TypeError('strRoomId must be 1–64 characters of A–Z a–z 0–9, space and !#$%&()+-:;<=.>?@[]^_{}|~,');
  }
  return room;
}
