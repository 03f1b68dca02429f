/**
 * SRTP and SRTCP of one association (RFC 3711; AEAD: RFC 7714). Keys are per direction; rollover counters and replay
 * windows are per SSRC. State changes only after a packet proved authentic.
 *
 * Node's cipher objects and the buffers they return are the only things made per packet.
 */

import { ReplayWindow } from './replay-window.ts';
import { headerLength, isRtp, sequence, ssrc } from './rtp.ts';
import { MAX_PACKET } from './srtp-buffers.ts';
import { rtcpKeys, rtpKeys, SRTP_PROFILE, type SrtpMaster, type SrtpProfile } from './srtp-keys.ts';
import { createTransform, type SrtpTransform } from './srtp-transforms.ts';

/** Why a packet was not taken; negative, so that lengths can share the answer. */
export const SRTP_MALFORMED = -1;
export const SRTP_REPLAY = -2;
export const SRTP_FORGED = -3;

/** SSRCs that one peer may send: more cannot be told from an attack. */
const MAX_INCOMING = 512;
/** SSRCs that we send to one peer over its life; every subscription takes two. */
const MAX_OUTGOING = 65536;
const MAX_SRTCP_INDEX = 0x7fffffff;

/** Rollover counter and window of one SSRC. */
interface Stream {
  readonly window: ReplayWindow;
}

/** Sender's side: the index of the newest packet, as roc · 65536 + sequence. */
interface OutgoingStream {
  highest: number;
}

/**
 * Index of a packet from its sequence number, nearest to the highest index so far (RFC 3711 §3.3.1); negative when it
 * would lie before the first.
 */
export function estimateIndex(highest: number, seq: number): number {
  if (highest < 0) return seq;
  const last = highest % 65536;
  const roc = (highest - last) / 65536;
  if (last < 0x8000) return (seq - last > 0x8000 ? roc - 1 : roc) * 65536 + seq;
  return (last - 0x8000 > seq ? roc + 1 : roc) * 65536 + seq;
}

export class SrtpContext {
  readonly profile: SrtpProfile;
  readonly #out: { rtp: SrtpTransform; rtcp: SrtpTransform };
  readonly #in: { rtp: SrtpTransform; rtcp: SrtpTransform };
  readonly #incoming = new Map<number, Stream>();
  readonly #incomingRtcp = new Map<number, Stream>();
  readonly #outgoing = new Map<number, OutgoingStream>();
  #rtcpIndex = 0;

  constructor(profile: SrtpProfile, local: SrtpMaster, remote: SrtpMaster) {
    this.profile = profile;
    this.#out = {
      rtp: createTransform(profile, rtpKeys(profile, local)),
      rtcp: createTransform(profile, rtcpKeys(profile, local)),
    };
    this.#in = {
      rtp: createTransform(profile, rtpKeys(profile, remote)),
      rtcp: createTransform(profile, rtcpKeys(profile, remote)),
    };
  }

  /** Bytes that protection adds to RTP. */
  get overhead(): number {
    return this.profile === SRTP_PROFILE.aeadAes128Gcm ? 16 : 10;
  }

  /**
   * Decrypts one SRTP packet to `out` at `outAt`.
   * @returns bytes written, or a negative reason; nothing but `out` changes then.
   */
  unprotectRtp(packet: Buffer, out: Buffer, outAt: number, room: number): number {
    const length = packet.length;
    if (length > MAX_PACKET || !isRtp(packet, 0, length)) return SRTP_MALFORMED;
    const header = headerLength(packet, 0);
    if (length < header + this.overhead || length - this.overhead > room) return SRTP_MALFORMED;
    const id = ssrc(packet, 0);
    const key = id | 0;
    const stream = this.#incoming.get(key);
    const index = estimateIndex(stream === undefined ? -1 : stream.window.highest, sequence(packet, 0));
    if (index < 0) return SRTP_FORGED;
    if (stream !== undefined && !stream.window.isFresh(index)) return SRTP_REPLAY;
    if (stream === undefined && this.#incoming.size >= MAX_INCOMING) return SRTP_MALFORMED;
    const size = this.#in.rtp.openRtp(packet, header, id, index, out, outAt);
    if (size < 0) return SRTP_FORGED;
    if (stream !== undefined) stream.window.commit(index);
    else this.#incoming.set(key, startStream(index));
    return size;
  }

  /** Decrypts one SRTCP packet to `out` at 0. Unencrypted (E = 0) packets are not taken. */
  unprotectRtcp(packet: Buffer, out: Buffer): number {
    const transform = this.#in.rtcp;
    const length = packet.length;
    if (length > MAX_PACKET || length < 8 + transform.rtcpOverhead || packet[0]! >> 6 !== 2) return SRTP_MALFORMED;
    const word = packet.readUInt32BE(length - transform.rtcpIndexFromEnd);
    if (word < 0x80000000) return SRTP_MALFORMED;
    const index = word - 0x80000000;
    const id = packet.readUInt32BE(4);
    const key = id | 0;
    const stream = this.#incomingRtcp.get(key);
    if (stream !== undefined && !stream.window.isFresh(index)) return SRTP_REPLAY;
    if (stream === undefined && this.#incomingRtcp.size >= MAX_INCOMING) return SRTP_MALFORMED;
    const size = transform.openRtcp(packet, id, index, out);
    if (size < 0) return SRTP_FORGED;
    if (stream !== undefined) stream.window.commit(index);
    else this.#incomingRtcp.set(key, startStream(index));
    return size;
  }

  /**
   * Encrypts `payload` behind the header that stands at the start of `packet` (`header` is a view of it).
   * @returns bytes of the whole packet, 0 when it cannot be sent.
   */
  protectRtp(packet: Buffer, header: Buffer, payload: Buffer): number {
    const id = ssrc(packet, 0);
    const key = id | 0;
    let stream = this.#outgoing.get(key);
    const seq = sequence(packet, 0);
    if (stream === undefined) {
      if (this.#outgoing.size >= MAX_OUTGOING) return 0;
      stream = { highest: seq };
      this.#outgoing.set(key, stream);
    }
    const index = estimateIndex(stream.highest, seq);
    if (index < 0) return 0;
    if (index > stream.highest) stream.highest = index;
    return this.#out.rtp.sealRtp(packet, header, payload, id, index);
  }

  /** Encrypts one compound RTCP packet into `out`. @returns bytes, 0 when it cannot be sent. */
  protectRtcp(packet: Uint8Array, out: Buffer): number {
    const transform = this.#out.rtcp;
    if (packet.length < 8 || packet.length + transform.rtcpOverhead > out.length) return 0;
    // 2^31 reports take decades; a new association starts anew (RFC 3711 §9.2).
    if (this.#rtcpIndex > MAX_SRTCP_INDEX) return 0;
    const id = ((packet[4]! << 24) | (packet[5]! << 16) | (packet[6]! << 8) | packet[7]!) >>> 0;
    return transform.sealRtcp(packet, id, this.#rtcpIndex++, out);
  }
}

function startStream(index: number): Stream {
  const window = new ReplayWindow();
  window.commit(index);
  return { window };
}
