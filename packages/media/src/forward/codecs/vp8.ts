import type { RtpPacket } from '../packet.ts';

/** Reads the payload descriptor of RFC 7741 section 4.2: where a keyframe begins, picture id and TL0PICIDX. */
export function describeVp8(bytes: Uint8Array, packet: RtpPacket): void {
  let at = packet.payloadStart;
  const end = at + packet.payloadLength;
  if (at >= end) return;
  const first = bytes[at++]!;
  if ((first & 0x80) !== 0) {
    if (at >= end) return;
    const flags = bytes[at++]!;
    if ((flags & 0x80) !== 0) {
      if (at >= end) return;
      const high = bytes[at++]!;
      if ((high & 0x80) !== 0) {
        if (at >= end) return;
        packet.pictureId = ((high & 0x7f) << 8) | bytes[at++]!;
        packet.pictureIdMask = 0x7fff;
      } else {
        packet.pictureId = high;
        packet.pictureIdMask = 0x7f;
      }
    }
    if ((flags & 0x40) !== 0) {
      if (at >= end) return;
      packet.tl0 = bytes[at++]!;
    }
    if ((flags & 0x30) !== 0) at++;
  }
  if (at >= end) return;
  // S set and partition 0: the payload header follows, whose P bit is 0 in a keyframe (section 4.3).
  if ((first & 0x17) === 0x10 && (bytes[at]! & 0x01) === 0) packet.keyframe = 1;
}
