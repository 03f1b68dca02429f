/** Protocol control and user control messages (§5.4, §7.1.7): bodies made and read. */
import { USER_CONTROL } from './constants.ts';
import { RtmpError } from './errors.ts';

/** How a bandwidth limit is meant (§5.4.5). */
export const BANDWIDTH_LIMIT = { hard: 0, soft: 1, dynamic: 2 } as const;

/** Body of set chunk size, acknowledgement and window acknowledgement size: one 32-bit number. */
export function uint32Body(value: number): Uint8Array {
  const body = Buffer.allocUnsafe(4);
  body.writeUInt32BE(value >>> 0);
  return body;
}

export function peerBandwidthBody(window: number, limit: number): Uint8Array {
  const body = Buffer.allocUnsafe(5);
  body.writeUInt32BE(window);
  body[4] = limit;
  return body;
}

/** Body of a user control message: event and one 32-bit number (stream id or timestamp). */
export function userControlBody(event: number, value: number): Uint8Array {
  const body = Buffer.allocUnsafe(6);
  body.writeUInt16BE(event);
  body.writeUInt32BE(value >>> 0, 2);
  return body;
}

/** The number of a control message. Throws {@link RtmpError} when it is not there. */
export function readUint32(body: Uint8Array): number {
  if (body.length < 4) throw new RtmpError('control: a message that is too short');
  return ((body[0]! << 24) | (body[1]! << 16) | (body[2]! << 8) | body[3]!) >>> 0;
}

/** The answer to a user control message: a ping's response, or null. Malformed ones are passed over. */
export function answerUserControl(body: Uint8Array): Uint8Array | null {
  if (body.length < 6) return null;
  if (((body[0]! << 8) | body[1]!) !== USER_CONTROL.pingRequest) return null;
  return userControlBody(USER_CONTROL.pingResponse, readUint32(body.subarray(2)));
}
