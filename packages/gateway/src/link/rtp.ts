/** RTP headers of the link: written in one go, read without copies (RFC 3550 §5.1, RFC 8285 §4.2). */
import { RtpHeader } from 'werift';
import { EXTENSION } from './payload-types.ts';

const FIXED_BYTES = 12;
const ONE_BYTE_PROFILE = 0xbede;
const MAX_MID_BYTES = 16;

/**
 * A header that writes itself: werift encrypts with it and asks for nothing but these fields and the bytes. Extensions
 * stand at fixed places, so that a packet only fills in numbers.
 */
export class OutgoingHeader extends RtpHeader {
  #bytes: Buffer = Buffer.alloc(FIXED_BYTES);
  #absSendTimeAt = 0;
  #transportCcAt = 0;
  #audioLevelAt = 0;
  #audioLevelHead = 0;

  /** Sets what stays the same; ids of 0 leave an extension out. */
  configure(options: {
    readonly ssrc: number;
    readonly payloadType: number;
    readonly mid: string;
    readonly midId: number;
    readonly absSendTimeId: number;
    readonly transportCcId: number;
    readonly audioLevelId: number;
  }): void {
    this.ssrc = options.ssrc;
    this.payloadType = options.payloadType;
    const mid = Buffer.from(options.mid).subarray(0, MAX_MID_BYTES);
    const elements: Buffer[] = [];
    let at = FIXED_BYTES + 4;
    this.#absSendTimeAt = 0;
    this.#transportCcAt = 0;
    this.#audioLevelAt = 0;
    if (options.midId > 0 && mid.length > 0) {
      elements.push(Buffer.from([(options.midId << 4) | (mid.length - 1)]), mid);
      at += 1 + mid.length;
    }
    if (options.absSendTimeId > 0) {
      elements.push(Buffer.from([(options.absSendTimeId << 4) | 2, 0, 0, 0]));
      this.#absSendTimeAt = at + 1;
      at += 4;
    }
    if (options.transportCcId > 0) {
      elements.push(Buffer.from([(options.transportCcId << 4) | 1, 0, 0]));
      this.#transportCcAt = at + 1;
      at += 3;
    }
    if (options.audioLevelId > 0) {
      elements.push(Buffer.alloc(2));
      this.#audioLevelHead = options.audioLevelId << 4;
      this.#audioLevelAt = at;
    }
    const extensions = Buffer.concat(elements);
    const words = Math.ceil(extensions.length / 4);
    this.#bytes = Buffer.alloc(words === 0 ? FIXED_BYTES : FIXED_BYTES + 4 + words * 4);
    this.#bytes[0] = words === 0 ? 0x80 : 0x90;
    this.#bytes.writeUInt32BE(options.ssrc, 8);
    if (words > 0) {
      this.#bytes.writeUInt16BE(ONE_BYTE_PROFILE, 12);
      this.#bytes.writeUInt16BE(words, 14);
      extensions.copy(this.#bytes, 16);
    }
  }

  /**
   * @param wallMs unix milliseconds of sending, for abs-send-time (6.18 fixed point of seconds).
   * @param level the byte of RFC 6464 §3, below 0 when it is not known.
   */
  stamp(
    sequence: number,
    timestamp: number,
    marker: boolean,
    wallMs: number,
    transportSequence: number,
    level: number,
  ): void {
    this.sequenceNumber = sequence;
    this.timestamp = timestamp;
    this.marker = marker;
    const bytes = this.#bytes;
    bytes[1] = (marker ? 0x80 : 0) | this.payloadType;
    bytes.writeUInt16BE(sequence, 2);
    bytes.writeUInt32BE(timestamp >>> 0, 4);
    if (this.#absSendTimeAt > 0) {
      bytes.writeUIntBE(Math.floor(((wallMs % 64_000) / 1_000) * 262_144) & 0xff_ff_ff, this.#absSendTimeAt, 3);
    }
    if (this.#transportCcAt > 0) bytes.writeUInt16BE(transportSequence, this.#transportCcAt);
    if (this.#audioLevelAt > 0) {
      // Without a level there is padding in its place (RFC 8285 §4.2).
      bytes[this.#audioLevelAt] = level < 0 ? 0 : this.#audioLevelHead;
      bytes[this.#audioLevelAt + 1] = level < 0 ? 0 : level;
    }
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  override get serializeSize(): number {
    return this.#bytes.length;
  }

  override serialize(_size: number): Buffer<ArrayBuffer> {
    return this.#bytes as Buffer<ArrayBuffer>;
  }
}

/** Header fields of one packet that came; the same object for every packet. */
export interface IncomingHeader {
  ssrc: number;
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  payloadStart: number;
  payloadEnd: number;
  /** Where the extension elements stand; equal when there are none. */
  extensionsStart: number;
  extensionsEnd: number;
}

export function incomingHeader(): IncomingHeader {
  return {
    ssrc: 0,
    payloadType: 0,
    marker: false,
    sequence: 0,
    timestamp: 0,
    payloadStart: 0,
    payloadEnd: 0,
    extensionsStart: 0,
    extensionsEnd: 0,
  };
}

/** Reads a plain RTP packet into `header`. False when it is malformed. */
export function readHeader(packet: Buffer, header: IncomingHeader): boolean {
  const { length } = packet;
  if (length < FIXED_BYTES || packet[0]! >> 6 !== 2) return false;
  const first = packet[0]!;
  let at = FIXED_BYTES + (first & 0x0f) * 4;
  header.extensionsStart = 0;
  header.extensionsEnd = 0;
  if ((first & 0x10) !== 0) {
    if (at + 4 > length) return false;
    const bytes = packet.readUInt16BE(at + 2) * 4;
    if (packet.readUInt16BE(at) === ONE_BYTE_PROFILE) {
      header.extensionsStart = at + 4;
      header.extensionsEnd = at + 4 + bytes;
    }
    at += 4 + bytes;
  }
  let end = length;
  if ((first & 0x20) !== 0) end -= packet[length - 1]!;
  if (at > end) return false;
  header.marker = (packet[1]! & 0x80) !== 0;
  header.payloadType = packet[1]! & 0x7f;
  header.sequence = packet.readUInt16BE(2);
  header.timestamp = packet.readUInt32BE(4);
  header.ssrc = packet.readUInt32BE(8);
  header.payloadStart = at;
  header.payloadEnd = end;
  return true;
}

/** The MID of a packet, or null; read only for streams that no description named. */
export function readMid(packet: Buffer, header: IncomingHeader): string | null {
  let at = header.extensionsStart;
  while (at < header.extensionsEnd) {
    const head = packet[at]!;
    if (head === 0) {
      at += 1;
      continue;
    }
    const id = head >> 4;
    const bytes = (head & 0x0f) + 1;
    if (id === 15) return null;
    if (id === EXTENSION.mid) return packet.toString('latin1', at + 1, Math.min(at + 1 + bytes, header.extensionsEnd));
    at += 1 + bytes;
  }
  return null;
}
