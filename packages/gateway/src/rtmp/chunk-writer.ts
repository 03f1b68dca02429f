/** Chunk framing of what we send (§5.3.1): a type-0 header for every message, so that no state is kept between messages. */
import { EXTENDED_TIMESTAMP } from './constants.ts';

const TYPE_0_HEADER_BYTES = 12;
const EXTENDED_BYTES = 4;

/**
 * One whole message as chunks.
 *
 * @param chunkStream 2 … 63.
 * @param timestamp milliseconds; taken modulo 2³².
 * @param chunkBytes the chunk size the receiver was told.
 */
export function encodeMessage(
  chunkStream: number,
  type: number,
  messageStream: number,
  timestamp: number,
  body: Uint8Array,
  chunkBytes: number,
): Uint8Array {
  const time = timestamp >>> 0;
  const extended = time >= EXTENDED_TIMESTAMP;
  const length = body.length;
  const continued = length > chunkBytes ? Math.ceil(length / chunkBytes) - 1 : 0;
  const extra = extended ? EXTENDED_BYTES : 0;
  const out = Buffer.allocUnsafe(TYPE_0_HEADER_BYTES + extra + length + continued * (1 + extra));
  out[0] = chunkStream;
  out.writeUIntBE(extended ? EXTENDED_TIMESTAMP : time, 1, 3);
  out.writeUIntBE(length, 4, 3);
  out[7] = type;
  // The only little-endian number of the protocol (§5.3.1.2.1).
  out.writeUInt32LE(messageStream, 8);
  let at = TYPE_0_HEADER_BYTES;
  if (extended) at = out.writeUInt32BE(time, at);
  if (continued === 0) {
    out.set(body, at);
    return out;
  }
  for (let from = 0; from < length; from += chunkBytes) {
    if (from > 0) {
      out[at] = 0xc0 | chunkStream;
      at += 1;
      if (extended) at = out.writeUInt32BE(time, at);
    }
    const piece = body.subarray(from, from + chunkBytes);
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
