import { findExtension, type RtpPacket } from '../packet.ts';

/**
 * Finds where a keyframe begins: by the dependency descriptor when there is one (first packet of a frame with a template
 * structure), else by the N bit of the aggregation header (AV1 RTP specification, section 4.4).
 */
export function describeAv1(bytes: Uint8Array, packet: RtpPacket, descriptorId: number): void {
  if (packet.payloadLength === 0) return;
  const at = findExtension(bytes, packet, descriptorId);
  if (at !== -1 && packet.foundLength >= 3) {
    const startOfFrame = (bytes[at]! & 0x80) !== 0;
    const structure = packet.foundLength > 3 && (bytes[at + 3]! & 0x80) !== 0;
    if (startOfFrame && structure) packet.keyframe = 1;
    return;
  }
  const header = bytes[packet.payloadStart]!;
  if ((header & 0x88) === 0x08) packet.keyframe = 1;
}
