import type { RtpPacket } from '../packet.ts';

const IDR = 5;
const SPS = 7;
const STAP_A = 24;
const FU_A = 28;

/**
 * Finds where a keyframe begins (RFC 6184): at its sequence parameter set, which encoders send right before the IDR
 * picture. An IDR slice alone begins one only when nothing of the same picture came before it (parameter sets out of
 * band), which the layer can tell.
 */
export function describeH264(bytes: Uint8Array, packet: RtpPacket): void {
  let at = packet.payloadStart;
  const end = at + packet.payloadLength;
  if (at >= end) return;
  const type = bytes[at]! & 0x1f;
  if (type === SPS) packet.keyframe = 1;
  else if (type === IDR) packet.keyframe = 2;
  else if (type === FU_A) {
    if (at + 1 < end && (bytes[at + 1]! & 0x9f) === (0x80 | IDR)) packet.keyframe = 2;
  } else if (type === STAP_A) {
    at += 1;
    while (at + 2 < end) {
      const size = (bytes[at]! << 8) | bytes[at + 1]!;
      const inner = bytes[at + 2]! & 0x1f;
      if (inner === SPS) {
        packet.keyframe = 1;
        return;
      }
      if (inner === IDR) packet.keyframe = 2;
      if (size === 0) return;
      at += 2 + size;
    }
  }
}
