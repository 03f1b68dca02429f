/**
 * H.264 access units to RTP payloads, packetization mode 1 (RFC 6184 §6.3): parameter sets together in one STAP-A before
 * every IDR picture, NAL units that fit alone, the others in FU-A fragments; never two access units in one packet.
 */
import { withoutReordering } from '../h264/sps.ts';
import type { VideoConfig } from '../stream/types.ts';

/** Where packets go. A payload is the receiver's to keep: it is written to by nobody afterwards. */
export interface RtpTarget {
  send(payload: Uint8Array, timestamp: number, marker: boolean): void;
}

/** RFC 6184 table 1. */
const STAP_A = 24;
const FU_A = 28;

/** F and NRI of a NAL unit's first byte (§1.3). */
const IMPORTANCE = 0xe0;
const TYPE = 0x1f;

const FU_START = 0x80;
const FU_END = 0x40;

/** FU indicator and FU header (§5.8). */
const FU_BYTES = 2;

/** What goes out before an IDR picture for one pair of parameter sets; made once. */
export interface ParameterPackets {
  readonly config: VideoConfig;
  /** One STAP-A, or both units alone when they do not fit together. */
  readonly units: readonly Uint8Array[];
}

/**
 * Prepares parameter sets. The SPS is told to hold no picture back (max_num_reorder_frames = 0), since nothing here has B
 * pictures and decoders otherwise wait as long as the level allows.
 */
export function parameterPackets(config: VideoConfig, payloadBytes: number): ParameterPackets {
  const sps = withoutReordering(config.sps);
  const { pps } = config;
  const bytes = 1 + 2 + sps.length + 2 + pps.length;
  return { config, units: bytes <= payloadBytes ? [aggregate(sps, pps, bytes)] : [sps, pps] };
}

/** §5.7.1: the aggregate carries the highest NRI of its units, and F when one of them has it. */
function aggregate(sps: Uint8Array, pps: Uint8Array, bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes);
  const [a, b] = [sps[0] ?? 0, pps[0] ?? 0];
  payload[0] = ((a | b) & 0x80) | Math.max(a & 0x60, b & 0x60) | STAP_A;
  payload[1] = sps.length >> 8;
  payload[2] = sps.length;
  payload.set(sps, 3);
  const at = 3 + sps.length;
  payload[at] = pps.length >> 8;
  payload[at + 1] = pps.length;
  payload.set(pps, at + 2);
  return payload;
}

/** Stateless but for its limit; one serves any number of streams. */
export class H264Packetizer {
  readonly #payloadBytes: number;

  /** @param payloadBytes of one RTP packet, at least 3. */
  constructor(payloadBytes: number) {
    if (!(payloadBytes > FU_BYTES)) throw new RangeError('an RTP payload needs room for a fragment');
    this.#payloadBytes = payloadBytes;
  }

  /**
   * Sends one access unit; the marker stands on its last packet (§5.1). NAL units that fit go out as views of `data`.
   * Types that RTP uses for itself (0, 24–31; §5.2) and empty units are left out, as is what stands behind a length that
   * points beyond the end.
   * @param data NAL units, each behind a 4-byte length.
   * @param parameters to send before it, for IDR pictures.
   * @returns number of packets.
   */
  send(data: Uint8Array, parameters: ParameterPackets | null, timestamp: number, target: RtpTarget): number {
    const last = this.#lastUnit(data);
    if (last < 0) return 0;
    let packets = 0;
    if (parameters !== null) {
      const { units } = parameters;
      for (let i = 0; i < units.length; i++) packets += this.#unit(units[i]!, false, timestamp, target);
    }
    for (let at = 0; at <= last; ) {
      const begin = at + 4;
      const end = begin + lengthAt(data, at);
      if (isCarried(data, begin, end)) {
        packets += this.#unit(data.subarray(begin, end), at === last, timestamp, target);
      }
      at = end;
    }
    return packets;
  }

  /** Where the length of the last unit stands that will be sent; -1 when there is none. */
  #lastUnit(data: Uint8Array): number {
    let last = -1;
    for (let at = 0; at + 4 < data.length; ) {
      const begin = at + 4;
      const end = begin + lengthAt(data, at);
      if (end > data.length) break;
      if (isCarried(data, begin, end)) last = at;
      at = end;
    }
    return last;
  }

  #unit(nal: Uint8Array, marker: boolean, timestamp: number, target: RtpTarget): number {
    if (nal.length <= this.#payloadBytes) {
      target.send(nal, timestamp, marker);
      return 1;
    }
    return this.#fragments(nal, marker, timestamp, target);
  }

  /** §5.8. Fragments of one size but for a byte, so that the last is no straggler; one buffer for all of them. */
  #fragments(nal: Uint8Array, marker: boolean, timestamp: number, target: RtpTarget): number {
    const head = nal[0]!;
    const count = Math.ceil((nal.length - 1) / (this.#payloadBytes - FU_BYTES));
    const buffer = new Uint8Array(nal.length - 1 + count * FU_BYTES);
    const indicator = (head & IMPORTANCE) | FU_A;
    const type = head & TYPE;
    let from = 1;
    let at = 0;
    for (let i = 0; i < count; i++) {
      const size = Math.ceil((nal.length - from) / (count - i));
      buffer[at] = indicator;
      buffer[at + 1] = (i === 0 ? FU_START : 0) | (i === count - 1 ? FU_END : 0) | type;
      buffer.set(nal.subarray(from, from + size), at + FU_BYTES);
      target.send(buffer.subarray(at, at + FU_BYTES + size), timestamp, marker && i === count - 1);
      from += size;
      at += FU_BYTES + size;
    }
    return count;
  }
}

function lengthAt(data: Uint8Array, at: number): number {
  return data[at]! * 0x1_00_00_00 + ((data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!);
}

function isCarried(data: Uint8Array, begin: number, end: number): boolean {
  if (end <= begin) return false;
  const type = data[begin]! & TYPE;
  return type > 0 && type < STAP_A;
}
