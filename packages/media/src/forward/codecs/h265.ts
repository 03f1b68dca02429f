import type { RtpPacket } from '../packet.ts';

const FIRST_IRAP = 16;
const LAST_IRAP = 21;
const VPS = 32;
const SPS = 33;
const AGGREGATION = 48;
const FRAGMENTATION = 49;

function classify(type: number): number {
  if (type === VPS || type === SPS) return 1;
  return type >= FIRST_IRAP && type <= LAST_IRAP ? 2 : 0;
}

/** Finds where a keyframe begins (RFC 7798): at its parameter sets, or at an IRAP slice that nothing precedes. */
export function describeH265(bytes: Uint8Array, packet: RtpPacket): void {
  let at = packet.payloadStart;
  const end = at + packet.payloadLength;
  if (at + 2 >= end) return;
  const type = (bytes[at]! >> 1) & 0x3f;
  if (type === FRAGMENTATION) {
    const header = bytes[at + 2]!;
    if ((header & 0x80) !== 0) packet.keyframe = classify(header & 0x3f);
  } else if (type === AGGREGATION) {
    at += 2;
    while (at + 2 < end) {
      const size = (bytes[at]! << 8) | bytes[at + 1]!;
      const inner = classify((bytes[at + 2]! >> 1) & 0x3f);
      if (inner === 1) {
        packet.keyframe = 1;
        return;
      }
      if (inner === 2) packet.keyframe = 2;
      if (size === 0) return;
      at += 2 + size;
    }
  } else packet.keyframe = classify(type);
  // A VPS followed by an SPS in packets of their own: the layer takes the first and sees the second as part of it.
}
