import type { RtpPacket } from '../packet.ts';

/**
 * Finds where a keyframe begins (RFC 9628 section 4.2): a picture without inter-picture prediction, at the start of its
 * lowest spatial layer.
 */
export function describeVp9(bytes: Uint8Array, packet: RtpPacket): void {
  let at = packet.payloadStart;
  const end = at + packet.payloadLength;
  if (at >= end) return;
  const first = bytes[at++]!;
  const hasPictureId = (first & 0x80) !== 0;
  const predicted = (first & 0x40) !== 0;
  const hasLayers = (first & 0x20) !== 0;
  const beginsFrame = (first & 0x08) !== 0;
  if (predicted || !beginsFrame) return;
  if (hasPictureId) {
    if (at >= end) return;
    at += (bytes[at]! & 0x80) !== 0 ? 2 : 1;
  }
  if (hasLayers) {
    if (at >= end) return;
    if (((bytes[at]! >> 1) & 0x07) !== 0) return;
  }
  packet.keyframe = 1;
}
