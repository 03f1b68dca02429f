/** Chunk framing of what we send (§5.3.1): a type-0 header for every message, so that no state is kept between messages. */
import { EXTENDED_TIMESTAMP } from './constants.ts';

const TYPE_0_HEADER_BYTES = 12;
const EXTENDED_BYTES = 4;

/** Where the body begins in {@link encodeMessage}'s bytes. */
export function bodyOffset(timestamp: number): number {
  return TYPE_0_HEADER_BYTES + (timestamp >>> 0 >= EXTENDED_TIMESTAMP ? EXTENDED_BYTES : 0);
}

/**
 * One whole message as chunks.
 *
 * @param chunkStream 2 … 63.
 * @param timestamp milliseconds; taken modulo 2³².
 * @param chunkBytes the chunk size the receiver was told.
 * @param headBytes zeros before the body, part of the message: room for flags that the caller writes at {@link bodyOffset}.
 * At most `chunkBytes`.
 */
export function encodeMessage(
  chunkStream: number,
  type: number,
  messageStream: number,
  timestamp: number,
  body: Uint8Array,
  chunkBytes: number,
  headBytes = 0,
): Uint8Array {
  const time = timestamp >>> 0;
  const extended = time >= EXTENDED_TIMESTAMP;
  const length = headBytes + body.length;
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
  if (headBytes > 0) out.fill(0, at, at + headBytes);
  at += headBytes;
  if (continued === 0) {
    out.set(body, at);
    return out;
  }
  let from = 0;
  for (let room = chunkBytes - headBytes; ; room = chunkBytes) {
    const piece = body.subarray(from, from + room);
    out.set(piece, at);
    at += piece.length;
    from += piece.length;
    if (from === body.length) return out;
    out[at] = 0xc0 | chunkStream;
    at += 1;
    if (extended) at = out.writeUInt32BE(time, at);
  }
}
