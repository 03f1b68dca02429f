import { type CompiledExtensions, writeExtensions } from './extensions.ts';
import { headerLength, marker, paddingLength, RTP_FIXED_HEADER } from './rtp.ts';
import type { PacketSlab } from './slab.ts';
import type { SrtpContext } from './srtp.ts';
import { MAX_PACKET, PAYLOAD_SCRATCH, type ScratchBuffer } from './srtp-buffers.ts';
import { COLUMN } from './types.ts';
import { patchVp8Descriptor } from './vp8.ts';

/** Header, OSN and tag must fit beside the payload. */
const ROOM_FOR_HEADER = 320;

/** abs-send-time: seconds as 6.18 fixed point, from monotonic milliseconds. */
export function absSendTime(nowMs: number): number {
  return Math.floor((nowMs * 262.144) % 0x1000000);
}

/**
 * Writes the packet of one row, encrypted, to `out`. The slot itself is never written to, since it may be history of
 * other streams.
 *
 * @param at index of the row's first value in `rows`.
 * @returns bytes to send, 0 when the row cannot be sent.
 */
export function writeRow(
  rows: Int32Array,
  at: number,
  slab: PacketSlab,
  extensions: CompiledExtensions,
  srtp: SrtpContext,
  sendTime: number,
  out: ScratchBuffer,
): number {
  const slot = rows[at + COLUMN.slot]!;
  const source = slab.bytes;
  const from = slab.offset(slot);
  const length = slab.lengths[slot]!;
  if (length < RTP_FIXED_HEADER) return 0;
  const packet = out.bytes;
  const keptMarker = rows[at + COLUMN.marker]!;
  const mark = keptMarker < 0 ? marker(source, from) : keptMarker !== 0;

  const headerIn = headerLength(source, from);
  let payload = length - headerIn - paddingLength(source, from, length);
  const asked = rows[at + COLUMN.payloadLength]!;
  if (asked >= 0 && asked < payload) payload = asked;
  const rtx = rows[at + COLUMN.rtxOriginal]!;
  const prefix = rtx >= 0 ? 2 : 0;
  if (payload < 0 || prefix + payload > MAX_PACKET - ROOM_FOR_HEADER) return 0;

  const block = writeExtensions(
    packet,
    RTP_FIXED_HEADER,
    extensions,
    source,
    from,
    rows[at + COLUMN.transportCc]!,
    sendTime,
  );
  packet[0] = 0x80 | (block > 0 ? 0x10 : 0);
  packet[1] = (mark ? 0x80 : 0) | (rows[at + COLUMN.payloadType]! & 0x7f);
  packet.writeUInt16BE(rows[at + COLUMN.sequence]! & 0xffff, 2);
  packet.writeInt32BE(rows[at + COLUMN.timestamp]!, 4);
  packet.writeInt32BE(rows[at + COLUMN.ssrc]!, 8);

  const body = PAYLOAD_SCRATCH.bytes;
  if (prefix > 0) body.writeUInt16BE(rtx & 0xffff, 0);
  source.copy(body, prefix, from + headerIn, from + headerIn + payload);
  const pictureId = rows[at + COLUMN.vp8PictureId]!;
  const tl0 = rows[at + COLUMN.vp8Tl0]!;
  if (pictureId >= 0 || tl0 >= 0) {
    // The retransmitted payload stands behind its original sequence number.
    if (prefix === 0) patchVp8Descriptor(body, payload, pictureId, tl0);
    else patchVp8Descriptor(body.subarray(prefix), payload, pictureId, tl0);
  }
  return srtp.protectRtp(packet, out.view(RTP_FIXED_HEADER + block), PAYLOAD_SCRATCH.view(prefix + payload));
}
