/** SCTP packets and chunks on the wire (RFC 9260 §3; RFC 3758; RFC 6525). */
import { crc32c } from './crc32c.ts';

export const CHUNK = {
  data: 0,
  init: 1,
  initAck: 2,
  sack: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  error: 9,
  cookieEcho: 10,
  cookieAck: 11,
  shutdownComplete: 14,
  reconfig: 130,
  forwardTsn: 192,
} as const;

export const DATA_FLAG = { end: 1, begin: 2, unordered: 4, immediate: 8 } as const;

export const PARAMETER = {
  stateCookie: 7,
  outgoingReset: 13,
  reconfigResponse: 16,
  supportedExtensions: 0x8008,
  forwardTsnSupported: 0xc000,
} as const;

/** Bytes of an SCTP packet: with DTLS, UDP and IPv6 around it, it passes every path that ICE does. */
export const MAX_PACKET = 1184;
export const PACKET_HEADER = 12;
export const DATA_HEADER = 16;
/** Payload of one DATA chunk that fills a packet. */
export const MAX_FRAGMENT = MAX_PACKET - PACKET_HEADER - DATA_HEADER;
/** No chunk takes less; so a packet holds no more chunks than this. */
const MIN_CHUNK = 4;

export interface Chunk {
  readonly type: number;
  readonly flags: number;
  /** Without the chunk header, without padding; a view of the packet. */
  readonly value: Buffer;
}

export interface Packet {
  readonly tag: number;
  readonly chunks: readonly Chunk[];
}

/** Reads a packet between these ports; null when it is malformed or its checksum is wrong. */
export function parsePacket(packet: Buffer, localPort: number, remotePort: number): Packet | null {
  if (packet.length < PACKET_HEADER + MIN_CHUNK) return null;
  if (packet.readUInt16BE(0) !== remotePort || packet.readUInt16BE(2) !== localPort) return null;
  if (packet.readUInt32LE(8) !== crc32c(packet, 8)) return null;
  const chunks: Chunk[] = [];
  let at = PACKET_HEADER;
  while (at + MIN_CHUNK <= packet.length) {
    const length = packet.readUInt16BE(at + 2);
    if (length < MIN_CHUNK || at + length > packet.length) return null;
    chunks.push({
      type: packet[at]!,
      flags: packet[at + 1]!,
      value: packet.subarray(at + MIN_CHUNK, at + length),
    });
    at += (length + 3) & ~3;
  }
  return { tag: packet.readUInt32BE(4), chunks };
}

/** One chunk, padded to four bytes. */
export function buildChunk(type: number, flags: number, value: Uint8Array): Buffer {
  const chunk = Buffer.alloc((4 + value.length + 3) & ~3);
  chunk[0] = type;
  chunk[1] = flags;
  chunk.writeUInt16BE(4 + value.length, 2);
  chunk.set(value, 4);
  return chunk;
}

/** A packet of chunks that {@link buildChunk} or a writer of the same form made. */
export function buildPacket(localPort: number, remotePort: number, tag: number, chunks: readonly Uint8Array[]): Buffer {
  let length = PACKET_HEADER;
  for (const chunk of chunks) length += chunk.length;
  const packet = Buffer.allocUnsafe(length);
  packet.writeUInt16BE(localPort, 0);
  packet.writeUInt16BE(remotePort, 2);
  packet.writeUInt32BE(tag, 4);
  let at = PACKET_HEADER;
  for (const chunk of chunks) {
    packet.set(chunk, at);
    at += chunk.length;
  }
  packet.writeUInt32LE(crc32c(packet, 8), 8);
  return packet;
}

export interface Parameter {
  readonly type: number;
  readonly value: Buffer;
}

/** Parameters of INIT, INIT ACK and RE-CONFIG; reading stops at the first malformed one. */
export function parseParameters(value: Buffer): Parameter[] {
  const parameters: Parameter[] = [];
  let at = 0;
  while (at + 4 <= value.length) {
    const length = value.readUInt16BE(at + 2);
    if (length < 4 || at + length > value.length) break;
    parameters.push({ type: value.readUInt16BE(at), value: value.subarray(at + 4, at + length) });
    at += (length + 3) & ~3;
  }
  return parameters;
}

export function buildParameter(type: number, value: Uint8Array): Buffer {
  const parameter = Buffer.alloc((4 + value.length + 3) & ~3);
  parameter.writeUInt16BE(type, 0);
  parameter.writeUInt16BE(4 + value.length, 2);
  parameter.set(value, 4);
  return parameter;
}

/** Distance from `b` to `a` on the circle of 32-bit numbers: positive when `a` is newer (RFC 1982). */
export function serialDistance(a: number, b: number): number {
  return (a - b) | 0;
}
