import type { PacketSlab } from '../transport/slab.ts';

/** Fixed part of an RTP header (RFC 3550 section 5.1). */
const FIXED_HEADER = 12;
const ONE_BYTE_PROFILE = 0xbede;

/**
 * What is known of the packet at hand. One object is filled again for every packet, so that nothing is allocated.
 * Offsets are absolute in the slab's bytes; ssrc and timestamp are int32.
 */
export class RtpPacket {
  slot = -1;
  generation = 0;
  /** First byte of the header. */
  start = 0;
  /** Bytes of header, payload and padding. */
  length = 0;
  marker = 0;
  payloadType = 0;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  extensionStart = 0;
  extensionEnd = 0;
  twoByteExtensions = false;
  payloadStart = 0;
  /** Without padding: 0 for a padding-only packet. */
  payloadLength = 0;

  // Filled in by the layer and the codec.
  extended = 0;
  arrival = 0;
  /** 0: no; 1: a keyframe begins here; 2: it does if the packet before belongs to another frame. */
  keyframe = 0;
  /** VP8 picture id, −1 when the descriptor has none. */
  pictureId = -1;
  /** 0x7f or 0x7fff. */
  pictureIdMask = 0x7fff;
  /** VP8 TL0PICIDX, −1 when the descriptor has none. */
  tl0 = -1;

  /** Length of the extension found last by {@link findExtension}. */
  foundLength = 0;
}

/** Reads the header of the packet in a slot. False when it is not well-formed RTP. */
export function readRtp(slab: PacketSlab, slot: number, packet: RtpPacket): boolean {
  const bytes = slab.bytes;
  const start = slab.offset(slot);
  const length = slab.lengths[slot]!;
  if (length < FIXED_HEADER) return false;
  const first = bytes[start]!;
  if (first >> 6 !== 2) return false;
  const second = bytes[start + 1]!;
  const end = start + length;
  packet.slot = slot;
  packet.generation = slab.generations[slot]! | 0;
  packet.start = start;
  packet.length = length;
  packet.marker = second >> 7;
  packet.payloadType = second & 0x7f;
  packet.sequence = (bytes[start + 2]! << 8) | bytes[start + 3]!;
  packet.timestamp = readInt32(bytes, start + 4);
  packet.ssrc = readInt32(bytes, start + 8);
  let payload = start + FIXED_HEADER + (first & 0x0f) * 4;
  packet.extensionStart = 0;
  packet.extensionEnd = 0;
  if ((first & 0x10) !== 0) {
    if (payload + 4 > end) return false;
    const profile = (bytes[payload]! << 8) | bytes[payload + 1]!;
    const size = ((bytes[payload + 2]! << 8) | bytes[payload + 3]!) * 4;
    payload += 4;
    if (payload + size > end) return false;
    if (profile === ONE_BYTE_PROFILE || (profile & 0xfff0) === 0x1000) {
      packet.extensionStart = payload;
      packet.extensionEnd = payload + size;
      packet.twoByteExtensions = profile !== ONE_BYTE_PROFILE;
    }
    payload += size;
  }
  if (payload > end) return false;
  let payloadEnd = end;
  if ((first & 0x20) !== 0) {
    if (payload === end) return false;
    const padding = bytes[end - 1]!;
    if (padding === 0 || payload + padding > end) return false;
    payloadEnd = end - padding;
  }
  packet.payloadStart = payload;
  packet.payloadLength = payloadEnd - payload;
  packet.keyframe = 0;
  packet.pictureId = -1;
  packet.tl0 = -1;
  return true;
}

/**
 * Where the data of a header extension begins (RFC 8285, both forms), −1 when the packet has none with this id. Its
 * length is left in `packet.foundLength`.
 */
export function findExtension(bytes: Uint8Array, packet: RtpPacket, id: number): number {
  let at = packet.extensionStart;
  const end = packet.extensionEnd;
  if (id === 0) return -1;
  while (at < end) {
    const head = bytes[at]!;
    if (head === 0) {
      at++;
      continue;
    }
    let found: number;
    let size: number;
    if (packet.twoByteExtensions) {
      if (at + 2 > end) return -1;
      found = head;
      size = bytes[at + 1]!;
      at += 2;
    } else {
      found = head >> 4;
      // Section 4.2: id 15 ends the list.
      if (found === 15) return -1;
      size = (head & 0x0f) + 1;
      at += 1;
    }
    if (at + size > end) return -1;
    if (found === id) {
      packet.foundLength = size;
      return at;
    }
    at += size;
  }
  return -1;
}

/**
 * Turns a retransmission (RFC 4588) into the packet it repeats, in its slot: the original sequence number moves from the
 * payload to the header, SSRC and payload type become the original's. False when there is nothing inside (padding).
 */
export function unwrapRtx(slab: PacketSlab, packet: RtpPacket, ssrc: number, payloadType: number): boolean {
  if (packet.payloadLength <= 2) return false;
  const bytes = slab.bytes;
  const { start, payloadStart, slot } = packet;
  bytes[start + 2] = bytes[payloadStart]!;
  bytes[start + 3] = bytes[payloadStart + 1]!;
  bytes.copyWithin(payloadStart, payloadStart + 2, start + packet.length);
  slab.lengths[slot] = packet.length - 2;
  bytes[start + 1] = (packet.marker << 7) | payloadType;
  writeInt32(bytes, start + 8, ssrc);
  return readRtp(slab, slot, packet);
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
